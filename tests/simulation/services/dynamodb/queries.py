"""Queries: one partition of a table or an index, a page at a time. "Query", API reference."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.simulation.services.dynamodb.indexes import Index
from tests.simulation.services.dynamodb.keys import KeySchema
from tests.simulation.services.dynamodb.refusals import invalid
from tests.simulation.services.dynamodb.requests import Expressions, Request, check_known
from tests.simulation.services.dynamodb.rows import Place, Range
from tests.simulation.services.dynamodb.table import Table
from tests.simulation.services.dynamodb.values import Item, Value

_KNOWN: Final = frozenset(
    {
        "TableName",
        "IndexName",
        "KeyConditionExpression",
        "FilterExpression",
        "ProjectionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ConsistentRead",
        "ExclusiveStartKey",
        "Limit",
        "ScanIndexForward",
        "Select",
    }
)
_PAGE_BYTES: Final = 1024 * 1024


@dataclass(slots=True)
class Page:
    """The rows that a query has read, before its filter; and whether it stopped early."""

    items: list[Item]
    is_cut: bool


def query(table: Table, request: Request) -> dict[str, object]:
    """A page of a query.

    It ends behind `Limit` rows, even if there are no more ("Paginating table query results in
    DynamoDB": a last key does not mean that there is more), or before 1 MB is exceeded. The filter
    comes afterwards.
    """
    check_known(request, _KNOWN)
    index = _index(table, request)
    schema = index.schema if index else table.schema
    expressions = Expressions(request)
    key_condition, filter = expressions.key_condition(), expressions.condition("FilterExpression")
    projection = expressions.projection()
    expressions.finish()
    if index and projection and not projection.roots <= index.names:
        raise invalid("An index that projects keys has no other attributes")
    _check_select(request)
    partition, wanted = key_condition.range(schema, expressions.values)
    page = _page(table, index, request, partition, wanted)
    items = page.items
    if filter:
        items = [item for item in items if filter.holds(item, expressions.values)]
    response: dict[str, object] = {"Count": len(items), "ScannedCount": len(page.items)}
    if request.get("Select") != "COUNT":
        response["Items"] = [projection.of(item) if projection else dict(item) for item in items]
    if page.is_cut:
        last = page.items[-1]
        response["LastEvaluatedKey"] = {**schema.item_of(last), **table.schema.item_of(last)}
    return response


def _index(table: Table, request: Request) -> Index | None:
    if (name := request.get("IndexName")) is None:
        return None
    if name not in table.indexes:
        raise invalid(f"The table does not have the specified index: {name}")
    if request.get("ConsistentRead"):
        raise invalid("Consistent reads are not supported on global secondary indexes")
    return table.indexes[name]


def _check_select(request: Request) -> None:
    select = request.get("Select")
    if select == "COUNT" and "ProjectionExpression" in request:
        raise invalid("Cannot specify the ProjectionExpression when choosing to get only the Count")
    if select not in (None, "COUNT"):
        raise NotImplementedError(f"The model of DynamoDB does not know Select={select}.")


def _page(
    table: Table, index: Index | None, request: Request, partition: Any, wanted: Range
) -> Page:
    found = (index or table).rows().partition(partition)
    limit = request.get("Limit")
    if limit is not None and limit < 1:
        raise invalid("Limit must be greater than or equal to 1")
    behind = None
    if start := request.get("ExclusiveStartKey"):
        behind = _start(table.schema, index, start, partition, wanted)
    items: list[Item] = []
    size = 0
    for place in found.places(
        wanted, behind=behind, is_forward=request.get("ScanIndexForward", True)
    ):
        row = found.rows[place]
        size += row.size
        if items and size > _PAGE_BYTES:
            return Page(items, is_cut=True)
        items.append(row.item)
        if len(items) == limit:
            return Page(items, is_cut=True)
    return Page(items, is_cut=False)


def _start(
    table: KeySchema,
    index: Index | None,
    start: Mapping[str, Value],
    partition: Any,
    wanted: Range,
) -> Place:
    """Where a page starts. Raises `ValidationException` for a key that is none of the query's."""
    schema = index.schema if index else table
    if start.keys() != {*schema.names, *table.names}:
        raise invalid("The provided starting key is invalid")
    start_partition, sort = schema.key({name: start[name] for name in schema.names})
    key = table.key({name: start[name] for name in table.names})
    if start_partition != partition:
        raise invalid("The provided starting key is outside query boundaries")
    if schema.sort and not wanted.has(sort):
        raise invalid("The provided starting key does not match the range key predicate")
    return (sort, *key) if index else (sort,)
