"""How many slots operators have set for limits, in the place of what their definitions say."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from handler.clock import Clock
from handler.contract import CREATED_ON, PARTITION_KEY, Index
from handler.record import Identity
from handler.table import items, keys
from handler.table.dynamo import ConditionFailed, Dynamo
from handler.table.limits import MAXIMUM, Limit

if TYPE_CHECKING:
    from handler.table.keys import Item

CHANGED_ON: Final = "changedOn"
CHANGED_BY: Final = "changedBy"
_ATTRIBUTES: Final = (MAXIMUM, CHANGED_ON, CHANGED_BY)


class Maximums:
    """Sets how many slots a limit has, and takes that away: attributes of the limit's item.

    A number is set in the place of whatever stands there: of two operators the last one has it. A
    write whose response was lost is recognised by its token, and is not made once more over what
    somebody else has set since.
    """

    def __init__(self, dynamo: Dynamo, *, clock: Clock) -> None:
        self._dynamo = dynamo
        self._clock = clock

    def set(self, limit: Limit, maximum: int, *, by: Identity) -> "Item | None":
        """Sets how many slots a limit has. Its item is made, if nobody has used it yet.

        Returns:
            The item, as it was before; `None`: there was none.
        """
        fresh = items.encoded(
            {
                MAXIMUM: maximum,
                CHANGED_ON: self._clock.now(),
                CHANGED_BY: by,
                "definitionId": limit.definition_id,
                "limitKey": limit.shown,
                "limit": limit.slots,
                "tenant": limit.tenant,
                Index.BY_DEFINITION.partition_key: keys.limits_partition(limit.definition_id),
            }
        )
        created = {":now": items.encoded({"": self._clock.now()})[""]}
        token = keys.new_token()
        while True:
            before = self._dynamo.item(keys.limit_key(limit.id))
            if self._is_written(limit.id, before, token, fresh, created=created):
                return before

    def remove(self, limit_id: str) -> "Item | None":
        """Takes away what was set: the limit has as many slots as its definition says.

        Returns:
            The item, as it was before, if anything was set.
        """
        token, first = keys.new_token(), None
        while True:
            before = self._dynamo.item(keys.limit_key(limit_id))
            if before is None or not any(name in before for name in _ATTRIBUTES):
                return first
            first = first or before
            if self._is_written(limit_id, before, token, {}, removed=_ATTRIBUTES):
                return first

    def _is_written(
        self,
        limit_id: str,
        before: "Item | None",
        token: str,
        changed: "Item",
        *,
        removed: tuple[str, ...] = (),
        created: "Item | None" = None,
    ) -> bool:
        """Writes attributes, if nobody has set anything since `before` was read."""
        condition, values = items.unchanged_since(before)
        if created is None:  # what is not there is not made
            condition += f" AND attribute_exists({PARTITION_KEY})"
        update = items.update(
            {**changed, **items.token_attributes(token, before)},
            removed,
            {**values, **(created or {})},
        )
        if created is not None:
            update["UpdateExpression"] = (
                f"{update['UpdateExpression']}, {CREATED_ON} = if_not_exists({CREATED_ON}, :now)"
            )
        try:
            self._dynamo.call(
                "update_item",
                TableName=self._dynamo.table,
                Key=keys.limit_key(limit_id),
                ConditionExpression=condition,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **update,
            )
        except ConditionFailed as failed:
            return items.has_token(token, failed.item)
        return True


def changed_of(item: "Item | None") -> tuple[datetime | None, Identity | None]:
    """When somebody has set how many slots a limit has, and who; what can't be read is `None`."""
    known = item or {}
    said: Item = {name: known[name] for name in (CHANGED_ON, CHANGED_BY) if name in known}
    try:
        found = items.decoded(said)
        on = datetime.fromisoformat(str(found[CHANGED_ON]))
        return (on if on.tzinfo else None), Identity.model_validate(found[CHANGED_BY])
    except (ValueError, TypeError, KeyError):  # nobody has; or has written something else
        return None, None
