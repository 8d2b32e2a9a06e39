"""The limits of DynamoDB: "Constraints in Amazon DynamoDB", and the API reference."""

from typing import Any

import pytest

from tests.simulation.services.compared.dynamodb_programs import INDEX, TABLE
from tests.simulation.services.samples import KEY, TO_ITEM, code, database, item, key, put, refused

KIB = 1024
# The names and the values of the key: pk, a, sk, 1.
KEY_BYTES = 6


@pytest.mark.parametrize(("size", "fits"), [(400 * KIB, True), (400 * KIB + 1, False)])
@pytest.mark.parametrize("way", ["put", "update", "transaction"])
def test_an_item_has_at_most_400_kib_with_its_names(size: int, fits: bool, way: str) -> None:
    model = database()
    text = {"S": "x" * (size - KEY_BYTES - len("text"))}
    update: dict[str, Any] = {
        **TO_ITEM,
        "UpdateExpression": "SET #t = :text",
        "ExpressionAttributeNames": {"#t": "text"},
        "ExpressionAttributeValues": {":text": text},
    }
    writes: dict[str, tuple[str, dict[str, Any]]] = {
        "put": ("put_item", {"TableName": TABLE, "Item": {**KEY, "text": text}}),
        "update": ("update_item", update),
        "transaction": ("transact_write_items", {"TransactItems": [{"Update": update}]}),
    }
    operation, request = writes[way]

    if fits:
        getattr(model, operation)(**request)
        return
    response = refused(model, operation, **request)

    told = str(response.get("CancellationReasons", response["Error"]["Message"]))
    assert "item size" in told.lower()
    assert item(model) is None


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "é"}, 2),
        ({"B": b"abc"}, 3),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"N": "12345"}, 4),
        ({"N": "-1200"}, 2),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"S": "c"}]}, 3 + 2 + 3),
        ({"M": {"name": {"S": "ab"}}}, 3 + 1 + 4 + 2),
        ({"SS": ["a", "bc"]}, 3),
        ({"NS": ["1", "22"]}, 4),
        ({"BS": [b"a"]}, 1),
    ],
    ids=str,
)
def test_a_value_counts_as_the_guide_says(value: dict[str, Any], size: int) -> None:
    room = 400 * KIB - KEY_BYTES - len("text") - len("v") - size

    for more, fits in ((0, True), (1, False)):
        request = {
            "TableName": TABLE,
            "Item": {**KEY, "v": value, "text": {"S": "x" * (room + more)}},
        }
        if fits:
            database().put_item(**request)
        else:
            assert code(database(), "put_item", **request) == "ValidationException"


@pytest.mark.parametrize(
    "wrong",
    [
        {"pk": {"S": ""}},
        {"sk": {"S": ""}},
        {"pk": {"S": "é" * 1_025}},
        {"sk": {"S": "é" * 513}},
        {"pk": {"N": "1"}},
        {"kind": {"S": ""}},
        {"created": {"S": "x" * 1_025}},
        {"kind": {"S": "x" * 2_049}},
        {"kind": {"N": "1"}},
    ],
    ids=lambda wrong: f"{next(iter(wrong))}-{len(str(wrong))}",
)
def test_what_can_be_no_key_of_the_table_or_an_index_is_refused(wrong: dict[str, Any]) -> None:
    good = {**KEY, "kind": {"S": "x" * 2_048}, "created": {"S": "x" * 1_024}}
    database().put_item(TableName=TABLE, Item=good)

    assert code(database(), "put_item", TableName=TABLE, Item={**good, **wrong}) == (
        "ValidationException"
    )


def test_an_update_can_not_make_a_key_of_an_index_empty() -> None:
    request = {
        **TO_ITEM,
        "UpdateExpression": "SET kind = :empty",
        "ExpressionAttributeValues": {":empty": {"S": ""}},
    }

    assert code(database(), "update_item", **request) == "ValidationException"


@pytest.mark.parametrize(
    "given",
    [{"pk": {"S": "a"}}, {**KEY, "more": {"S": "a"}}, {"pk": {"S": "a"}, "sk": {"N": "1"}}],
    ids=str,
)
def test_a_key_has_the_attributes_of_the_tables_key_and_no_others(given: dict[str, Any]) -> None:
    found = code(database(), "get_item", TableName=TABLE, Key=given)

    assert found == "ValidationException"


def test_a_table_that_is_not_there_is_not_found() -> None:
    found = code(database(), "get_item", TableName="nowhere", Key=KEY)

    assert found == "ResourceNotFoundException"


def test_a_page_has_at_most_1_mib() -> None:
    model = database()
    for number in range(4):
        put(model, number, text={"S": "x" * 300 * KIB})
    query: dict[str, Any] = {
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :a",
        "ExpressionAttributeValues": {":a": {"S": "a"}},
    }

    first = model.query(**query)
    second = model.query(**query, ExclusiveStartKey=first["LastEvaluatedKey"])

    assert (first["Count"], second["Count"]) == (3, 1)
    assert "LastEvaluatedKey" not in second


def test_a_page_of_as_many_rows_as_there_are_has_a_last_key_and_the_next_is_empty() -> None:
    model = database()
    put(model)
    query: dict[str, Any] = {
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :a",
        "ExpressionAttributeValues": {":a": {"S": "a"}},
        "Limit": 1,
    }

    first = model.query(**query)
    second = model.query(**query, ExclusiveStartKey=first["LastEvaluatedKey"])

    assert first["LastEvaluatedKey"] == KEY
    assert (second["Items"], "LastEvaluatedKey" in second) == ([], False)


@pytest.mark.parametrize(
    "more",
    [
        {"ExclusiveStartKey": key(1, "b")},
        {"ExclusiveStartKey": key(9)},
        {"ExclusiveStartKey": {"pk": {"S": "a"}}},
        {"Limit": 0},
        {"IndexName": "nothing"},
        {"IndexName": INDEX, "ConsistentRead": True},
    ],
    ids=str,
)
def test_a_query_that_starts_where_it_can_not_is_refused(more: dict[str, Any]) -> None:
    query: dict[str, Any] = {
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :a AND sk < :five",
        "ExpressionAttributeValues": {":a": {"S": "a"}, ":five": {"S": "5"}},
    }

    assert code(database(), "query", **query, **more) == "ValidationException"


@pytest.mark.parametrize(
    "condition",
    [
        "sk = :a",
        "pk > :a",
        "pk = :a OR sk = :a",
        "pk = :a AND other = :a",
        "pk = :a AND sk <> :a",
        "pk = :a AND sk > :a AND sk < :a",
        "pk = :a AND sk BETWEEN :b AND :a",
        "pk = :n",
        "((pk = :a))",
    ],
)
def test_a_key_condition_that_names_no_range_of_one_partition_is_refused(condition: str) -> None:
    values = {":a": {"S": "a"}, ":b": {"S": "b"}, ":n": {"N": "1"}}
    used = {name: value for name, value in values.items() if name in condition}

    found = code(
        database(),
        "query",
        TableName=TABLE,
        KeyConditionExpression=condition,
        ExpressionAttributeValues=used,
    )

    assert found == "ValidationException"
