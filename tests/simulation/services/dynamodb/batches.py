"""Batches: many reads or many writes, each on its own.

The API reference of BatchGetItem and BatchWriteItem.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.simulation.services.dynamodb import writes
from tests.simulation.services.dynamodb.decisions import Decisions
from tests.simulation.services.dynamodb.refusals import invalid
from tests.simulation.services.dynamodb.requests import Expressions, Request, check_known
from tests.simulation.services.dynamodb.table import Table
from tests.simulation.services.dynamodb.values import Item, check_size, size_of
from tests.simulation.services.dynamodb.writes import Write
from tests.simulation.services.errors import Refused

_MAX_KEYS: Final = 100
_MAX_WRITES: Final = 25
_MAX_BYTES: Final = 16 * 1024 * 1024
_READ: Final = "batch_get_item"
_WRITE: Final = "batch_write_item"
_KNOWN: Final = frozenset(
    {"Keys", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"}
)


def get(tables: Mapping[str, Table], request: Request, decisions: Decisions) -> dict[str, object]:
    """Reads items, in no order that a caller may rely on: here by their keys.

    What `Decisions.unprocessed` leaves out, and what comes after 16 MB, is unprocessed. If nothing
    was read at all, the whole request is refused.
    """
    asked: Mapping[str, Request] = request["RequestItems"]
    if not 1 <= sum(len(each["Keys"]) for each in asked.values()) <= _MAX_KEYS:
        raise invalid(f"A batch has 1 to {_MAX_KEYS} keys")
    responses: dict[str, list[Item]] = {}
    left: dict[str, object] = {}
    count, budget = 0, _MAX_BYTES
    for name, each in asked.items():
        items, unread, budget = _read(tables[name], each, decisions, budget)
        responses[name] = items
        count += len(each["Keys"]) - len(unread)
        if unread:
            left[name] = {**each, "Keys": unread}
    if not count:
        raise _nothing_done()
    return {"Responses": responses, "UnprocessedKeys": left}


def write(tables: Mapping[str, Table], request: Request, decisions: Decisions) -> dict[str, object]:
    """Puts and deletes items; `Decisions.unprocessed` leaves some out.

    If nothing was written at all, the whole request is refused.
    """
    asked: Mapping[str, Sequence[Request]] = request["RequestItems"]
    if not 1 <= sum(map(len, asked.values())) <= _MAX_WRITES:
        raise invalid(f"A batch has 1 to {_MAX_WRITES} writes")
    prepared = [
        (name, each, _write(tables[name], each))
        for name, writes in asked.items()
        for each in writes
    ]
    _check_different([(name, write.key) for name, _, write in prepared])
    left: dict[str, list[Request]] = {}
    count = 0
    for name, each, write in prepared:
        if decisions.unprocessed(_WRITE, write.key):
            left.setdefault(name, []).append(each)
        else:
            write.carry_out(write.change())
            count += 1
    if not count:
        raise _nothing_done()
    return {"UnprocessedItems": left}


def _read(
    table: Table, request: Request, decisions: Decisions, budget: int
) -> tuple[list[Item], list[Mapping[str, Any]], int]:
    check_known(request, _KNOWN)
    expressions = Expressions(request)
    projection = expressions.projection()
    expressions.finish()
    keys = {table.schema.key(key): key for key in request["Keys"]}
    if len(keys) < len(request["Keys"]):
        raise invalid("Provided list of item keys contains duplicates")
    read = table.get if request.get("ConsistentRead") else table.get_eventually
    items: list[Item] = []
    left: list[Mapping[str, Any]] = []
    for key in sorted(keys):
        if budget <= 0 or decisions.unprocessed(_READ, key):
            left.append(keys[key])
        elif item := read(key):
            budget -= size_of(item)
            if budget < 0:
                left.append(keys[key])
            else:
                items.append(projection.of(item) if projection else dict(item))
    return items, left, budget


def _write(table: Table, request: Mapping[str, Request]) -> Write:
    [(kind, inner)] = request.items()
    if kind == "PutRequest":
        check_known(inner, frozenset({"Item"}))
        write = writes.put(table, inner)
        # Too large an item refuses the batch before anything of it is written.
        check_size(table.check(None, write.leaves(None) or {}), "Item size")
        return write
    check_known(inner, frozenset({"Key"}))
    return writes.delete(table, inner)


def _check_different(keys: Sequence[object]) -> None:
    if len(set(keys)) < len(keys):
        raise invalid("Provided list of item keys contains duplicates")


def _nothing_done() -> Refused:
    return Refused(
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded.",
    )
