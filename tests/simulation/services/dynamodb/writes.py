"""One write of one item: what must hold, and what it leaves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.simulation.services.dynamodb.conditions import Condition
from tests.simulation.services.dynamodb.decisions import Key
from tests.simulation.services.dynamodb.operands import Values
from tests.simulation.services.dynamodb.paths import Tree, projected
from tests.simulation.services.dynamodb.refusals import invalid
from tests.simulation.services.dynamodb.requests import Expressions, Request, check_known
from tests.simulation.services.dynamodb.table import Table
from tests.simulation.services.dynamodb.values import (
    Item,
    check_size,
    checked,
    checked_item,
    size_of,
)
from tests.simulation.services.errors import Refused

_COMMON: Final = frozenset(
    {
        "TableName",
        "ConditionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ReturnValues",
        "ReturnValuesOnConditionCheckFailure",
    }
)
_WITH_EXPRESSIONS: Final = frozenset(
    {"ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"}
)
_ALL_OLD: Final = "ALL_OLD"
_PUT_SIZE: Final = "Item size"
_UPDATE_SIZE: Final = "Item size to update"


@dataclass(frozen=True, slots=True)
class Change:
    """What a write does to an item."""

    before: Item | None
    after: Item | None
    size: int


@dataclass(frozen=True, slots=True)
class Write:
    """A write, read and checked; nothing has happened yet.

    Args:
        leaves: the item that it leaves in the place of one. Raises `ValidationException`.
        size_name: what the error calls the size of an item that is too large.
        tree: the paths that it updates.
    """

    table: Table
    key: Key
    request: Request
    condition: Condition | None
    values: Values
    leaves: Callable[[Item | None], Item | None]
    size_name: str = _PUT_SIZE
    tree: Tree | None = None

    def change(self) -> Change:
        """What it would do now.

        Raises:
            ConditionalCheckFailedException: its condition does not hold.
            ValidationException: it can't be done to the item, or makes it too large.
        """
        before = self.table.get(self.key)
        if self.condition and not self.condition.holds(before or {}, self.values):
            raise self._failed(before)
        after = self.leaves(before)
        if after is None or after is before:
            return Change(before, after, size_of(after) if after else 0)
        size = self.table.check(before, after)
        check_size(size, self.size_name)
        return Change(before, after, size)

    def _failed(self, before: Item | None) -> Refused:
        code, message = "ConditionalCheckFailedException", "The conditional request failed"
        asked = self.request.get("ReturnValuesOnConditionCheckFailure") == _ALL_OLD
        return Refused(code, message, more={"Item": dict(before)} if asked and before else None)

    def carry_out(self, change: Change) -> None:
        """Has the change happen."""
        if change.after is not None or change.before is not None:
            self.table.write(self.key, change.after, change.size)

    def returned(self, change: Change) -> Item | None:
        """What `ReturnValues` asks for; `None` for nothing."""
        before, after = change.before, change.after
        match self.request.get("ReturnValues", "NONE"):
            case "ALL_OLD":
                return before
            case "ALL_NEW":
                return after
            case "UPDATED_OLD":
                return projected(before or {}, self.tree or {})
            case "UPDATED_NEW":
                return projected(after or {}, self.tree or {})
        return None


def put(table: Table, request: Request) -> Write:
    """Puts an item in the place of the one with its key."""
    check_known(request, _COMMON | {"Item"})
    _check_returned(request, ("NONE", _ALL_OLD))
    condition, values = _condition(request)
    item = checked_item(request["Item"])
    return Write(table, table.schema.key_of(item), request, condition, values, lambda _: item)


def delete(table: Table, request: Request) -> Write:
    """Deletes an item, which may not be there."""
    check_known(request, _COMMON | {"Key"})
    _check_returned(request, ("NONE", _ALL_OLD))
    condition, values = _condition(request)
    key = table.schema.key(request["Key"])
    return Write(table, key, request, condition, values, lambda _: None)


def condition_check(table: Table, request: Request) -> Write:
    """Changes nothing, and demands a condition."""
    check_known(request, (_COMMON - {"ReturnValues"}) | {"Key"})
    if "ConditionExpression" not in request:
        raise invalid("The ConditionExpression of a ConditionCheck is required")
    condition, values = _condition(request)
    key = table.schema.key(request["Key"])
    return Write(table, key, request, condition, values, lambda before: before)


def update(table: Table, request: Request) -> Write:
    """Updates an item, or makes it."""
    check_known(request, _COMMON | {"Key", "UpdateExpression"})
    returned = ("NONE", _ALL_OLD, "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
    _check_returned(request, returned)
    expressions = Expressions(request)
    condition, read = expressions.condition(), expressions.update()
    expressions.finish()
    values = expressions.values
    key_item = {name: checked(value) for name, value in request["Key"].items()}
    key = table.schema.key(key_item)
    if read is None:
        return Write(table, key, request, condition, values, lambda item: item or key_item)
    if fixed := sorted(read.roots & set(table.schema.names)):
        raise invalid(
            "One or more parameter values were invalid: Cannot update attribute "
            f"{fixed[0]}. This attribute is part of the key"
        )

    def leaves(item: Item | None) -> Item:
        return read.applied(item or key_item, values)

    return Write(table, key, request, condition, values, leaves, _UPDATE_SIZE, read.tree)


KINDS: Final[Mapping[str, Callable[[Table, Request], Write]]] = {
    "Put": put,
    "Update": update,
    "Delete": delete,
    "ConditionCheck": condition_check,
}
"""The writes that a transaction may have."""


def _condition(request: Request) -> tuple[Condition | None, Values]:
    if not _WITH_EXPRESSIONS & request.keys():
        return None, {}
    expressions = Expressions(request)
    condition = expressions.condition()
    expressions.finish()
    return condition, expressions.values


def _check_returned(request: Request, allowed: tuple[str, ...]) -> None:
    if request.get("ReturnValues", "NONE") not in allowed:
        raise invalid(f"ReturnValues can only be one of {', '.join(allowed)}")
    if request.get("ReturnValuesOnConditionCheckFailure", "NONE") not in ("NONE", _ALL_OLD):
        raise invalid("ReturnValuesOnConditionCheckFailure can only be ALL_OLD or NONE")
