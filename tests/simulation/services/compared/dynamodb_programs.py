"""Any sequence of requests to a table of DynamoDB."""

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

from tests.simulation.services.compared.expressions import BY_NAME, Writing

TABLE: Final = "table"
INDEX: Final = "byKind"
Call = tuple[str, dict[str, Any]]
"""An operation and its request, without the table's name where one is enough."""

_SORTS: Final = ("1", "10", "2", "x#1", "x#2", "é")
_keys: Final = st.builds(
    lambda partition, sort: {"pk": {"S": partition}, "sk": {"S": sort}},
    st.sampled_from(["a", "b"]),
    st.sampled_from(_SORTS),
)
_attributes: Final = st.fixed_dictionaries({}, optional=BY_NAME)
_whole_items: Final = st.fixed_dictionaries(BY_NAME)
_items: Final = st.builds(lambda key, attributes: {**attributes, **key}, _keys, _attributes)
_directions: Final = st.booleans()


def create(client: Any, name: str = TABLE) -> None:
    """Creates the table of a program, with one index."""
    key = [("pk", "HASH"), ("sk", "RANGE")]
    index_key = [("kind", "HASH"), ("created", "RANGE")]
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_schema(key),
        AttributeDefinitions=[
            {"AttributeName": each, "AttributeType": "S"} for each, _ in (*key, *index_key)
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": INDEX,
                "KeySchema": _schema(index_key),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )


@st.composite
def _puts(draw: st.DrawFn) -> dict[str, Any]:
    return {"Item": draw(_items), **_conditional(draw)}


@st.composite
def _deletes(draw: st.DrawFn) -> dict[str, Any]:
    return {"Key": draw(_keys), **_conditional(draw)}


@st.composite
def _updates(draw: st.DrawFn) -> dict[str, Any]:
    writing = Writing(draw)
    request = {"Key": draw(_keys), "UpdateExpression": writing.update()}
    if draw(st.booleans()):
        request["ConditionExpression"] = writing.condition()
        request |= _asking(draw)
    return request | writing.request()


@st.composite
def _checks(draw: st.DrawFn) -> dict[str, Any]:
    writing = Writing(draw)
    request = {"Key": draw(_keys), "ConditionExpression": writing.condition(), **_asking(draw)}
    return request | writing.request()


@st.composite
def _reads(draw: st.DrawFn) -> dict[str, Any]:
    return {"Key": draw(_keys), "ConsistentRead": True, **_projected(draw)}


@st.composite
def _queries(draw: st.DrawFn) -> dict[str, Any]:
    writing = Writing(draw)
    is_of_index = draw(st.booleans())
    partition, sort = ("kind", "created") if is_of_index else ("pk", "sk")
    partitions = ["k", "K"] if is_of_index else ["a", "b"]
    values = st.sampled_from([{"S": each} for each in partitions])
    text = f"{writing.name(partition)} = {writing.value(values)}"
    request: dict[str, Any] = {"ScanIndexForward": draw(_directions)}
    request |= {"IndexName": INDEX} if is_of_index else {"ConsistentRead": True}
    if draw(st.booleans()):
        text += f" AND {_range(writing, sort)}"
    if draw(st.booleans()):
        request["Limit"] = draw(st.integers(1, 3))
    if draw(st.sampled_from([False, False, True])):
        request["Select"] = "COUNT"
    elif not is_of_index and draw(st.booleans()):
        request["ProjectionExpression"] = writing.projection()
    if not is_of_index and draw(st.sampled_from([False, False, True])):
        request["FilterExpression"] = writing.condition(2)
    return request | {"KeyConditionExpression": text} | writing.request()


@st.composite
def _transactions(draw: st.DrawFn) -> dict[str, Any]:
    kinds = {
        "Put": _puts(),
        "Update": _updates(),
        "Delete": _deletes(),
        "ConditionCheck": _checks(),
    }
    writes = []
    for kind in draw(st.lists(st.sampled_from(sorted(kinds)), min_size=1, max_size=3)):
        request = draw(kinds[kind])
        request.pop("ReturnValues", None)
        writes.append({kind: request})
    return {"TransactItems": writes}


@st.composite
def _batch_reads(draw: st.DrawFn) -> dict[str, Any]:
    keys = draw(st.lists(_keys, min_size=1, max_size=4, unique_by=repr))
    request = {"Keys": keys, "ConsistentRead": True}
    if draw(st.booleans()):  # moto's batches project whole attributes only
        request |= {"ProjectionExpression": "#n, s", "ExpressionAttributeNames": {"#n": "n"}}
    return {"RequestItems": {TABLE: request}}


@st.composite
def _batch_writes(draw: st.DrawFn) -> dict[str, Any]:
    puts = st.builds(lambda item: {"PutRequest": {"Item": item}}, _items)
    deletes = st.builds(lambda key: {"DeleteRequest": {"Key": key}}, _keys)
    # moto takes two writes of one item.
    writes = draw(st.lists(st.one_of(puts, deletes), min_size=1, max_size=4, unique_by=_key_text))
    return {"RequestItems": {TABLE: writes}}


def _key_text(write: Mapping[str, Any]) -> str:
    [request] = write.values()
    key = request.get("Key") or request["Item"]
    return repr((key["pk"], key["sk"]))


def _range(writing: Writing, sort: str) -> str:
    bounds = st.sampled_from([{"S": each} for each in ("0", "1", "2", "x#", "é")])
    name, kind = writing.name(sort), writing.choose("=", "<", "<=", ">", ">=", "begins", "between")
    if kind == "begins":
        return f"begins_with({name}, {writing.value(bounds)})"
    if kind == "between":
        low, high = writing.choose(("0", "2"), ("x#", "x#~"), ("1", "1"))
        low, high = (writing.value(st.just({"S": bound})) for bound in (low, high))
        return f"{name} BETWEEN {low} AND {high}"
    return f"{name} {kind} {writing.value(bounds)}"


def _conditional(draw: st.DrawFn) -> dict[str, Any]:
    """Often a condition, and what a write is to return."""
    request = draw(st.sampled_from([{}, {}, {"ReturnValues": "ALL_OLD"}]))
    if not draw(st.booleans()):
        return dict(request)
    writing = Writing(draw)
    condition = {"ConditionExpression": writing.condition()}
    return {**request, **condition, **_asking(draw), **writing.request()}


def _asking(draw: st.DrawFn) -> dict[str, Any]:
    asking = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    return asking if draw(st.booleans()) else {}


def _projected(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.booleans()):
        return {}
    writing = Writing(draw)
    projection = {"ProjectionExpression": writing.projection()}
    return projection | {
        name: value for name, value in writing.request().items() if name.endswith("Names")
    }


@st.composite
def _returning(draw: st.DrawFn) -> dict[str, Any]:
    # moto leaves out of `UPDATED_OLD` and `UPDATED_NEW` what an update has left as it was.
    kinds = st.sampled_from(["ALL_OLD", "ALL_NEW", "NONE"])
    return {**draw(_updates()), "ReturnValues": draw(kinds)}


OPERATIONS: Final[Mapping[str, st.SearchStrategy[dict[str, Any]]]] = {
    "put_item": _puts(),
    "update_item": _returning(),
    "delete_item": _deletes(),
    "get_item": _reads(),
    "query": _queries(),
    "transact_write_items": _transactions(),
    "batch_get_item": _batch_reads(),
    "batch_write_item": _batch_writes(),
}


@st.composite
def _any_requests(draw: st.DrawFn) -> list[Call]:
    """A few items, then any requests."""
    first = [("put_item", {"Item": item}) for item in draw(st.lists(_items, max_size=4))]
    names = st.lists(st.sampled_from(sorted(OPERATIONS)), min_size=1, max_size=8)
    return first + [(name, draw(OPERATIONS[name])) for name in draw(names)]


@st.composite
def _of_one_item(draw: st.DrawFn) -> list[Call]:
    """An item with every attribute; conditions of it, and updates of it."""
    key = draw(_keys)
    item = {**draw(_whole_items), **key}
    calls: list[Call] = [("put_item", {"Item": item})]
    for kind in draw(st.lists(st.sampled_from(["condition", "update"]), min_size=4, max_size=12)):
        if kind == "update":
            calls.append(("update_item", {**draw(_returning()), "Key": key}))
            continue
        writing = Writing(draw)
        condition = {"ConditionExpression": writing.condition()}
        calls.append(("put_item", {"Item": item, **condition, **writing.request()}))
    return calls


@st.composite
def _page_queries(draw: st.DrawFn) -> dict[str, Any]:
    writing, number = Writing(draw), draw(st.integers(0, 5))
    row = {"pk": {"S": "a"}, "sk": {"S": _SORTS[number]}}
    request: dict[str, Any] = {"ScanIndexForward": draw(st.booleans())}
    if draw(st.booleans()):
        request["IndexName"], partition, sort = INDEX, "kind", "created"
        row |= {"kind": {"S": "k"}, "created": {"S": str(number)}}
    else:
        partition, sort = "pk", "sk"
    text = f"{partition} = {writing.value(st.just(row[partition]))}"
    if draw(st.booleans()):
        sign = writing.choose("<", "<=", ">", ">=", "=")
        text += f" AND {sort} {sign} {writing.value(st.just(row[sort]))}"
    elif draw(st.booleans()):
        request["ExclusiveStartKey"] = row
    if draw(st.booleans()):
        request["Limit"] = draw(st.integers(1, 6))
    return request | {"KeyConditionExpression": text} | writing.request()


@st.composite
def _of_one_partition(draw: st.DrawFn) -> list[Call]:
    """A partition of six rows, each with a place of its own in the index; queries of both."""
    calls: list[Call] = []
    for number, sort in enumerate(_SORTS):
        row = {"pk": {"S": "a"}, "sk": {"S": sort}, "created": {"S": str(number)}}
        calls.append(("put_item", {"Item": {**row, "kind": {"S": "k"}}}))
    queries = draw(st.lists(_page_queries(), min_size=3, max_size=8))
    return calls + [("query", query) for query in queries]


programs: Final = st.one_of(_any_requests(), _of_one_item(), _of_one_partition())


def named(call: Call, table: str) -> dict[str, Any]:
    """The request of a call, with the table's name where it goes."""
    operation, request = call
    if "RequestItems" in request:
        return {"RequestItems": {table: request["RequestItems"][TABLE]}}
    if operation != "transact_write_items":
        return {"TableName": table, **request}
    writes = [
        {kind: {"TableName": table, **inner}}
        for write in request["TransactItems"]
        for kind, inner in write.items()
    ]
    return {"TransactItems": writes}


def _schema(key: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in key]
