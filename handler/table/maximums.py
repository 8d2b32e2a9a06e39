"""How many slots operators have set for limits, in the place of what their definitions say."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from handler.clock import Clock
from handler.contract import CREATED_ON, Index
from handler.record import Identity
from handler.table import items, keys
from handler.table.compare_and_set import CompareAndSet
from handler.table.dynamo import Dynamo
from handler.table.limits import MAXIMUM, Limit

if TYPE_CHECKING:
    from handler.table.keys import Item

CHANGED_ON: Final = "changedOn"
CHANGED_BY: Final = "changedBy"
_ATTRIBUTES: Final = (MAXIMUM, CHANGED_ON, CHANGED_BY)


class Maximums:
    """Sets how many slots a limit has, and takes that away: attributes of the limit's item.

    A number is set in the place of whatever stands there: of two operators the last one has it.
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
        created = items.encoded({CREATED_ON: self._clock.now()})
        key = keys.limit_key(limit.id)
        change = CompareAndSet(self._dynamo, key)
        while True:
            before = self._dynamo.item(key)
            if change.is_written(before, fresh, if_absent=created):
                return before

    def remove(self, limit_id: str) -> "Item | None":
        """Takes away what was set: the limit has as many slots as its definition says.

        Returns:
            The item, as it was before, if anything was set.
        """
        key, first = keys.limit_key(limit_id), None
        change = CompareAndSet(self._dynamo, key)
        while True:
            before = self._dynamo.item(key)
            if before is None or not any(name in before for name in _ATTRIBUTES):
                return first
            first = first or before
            if change.is_written(before, {}, _ATTRIBUTES, makes_it=False):
                return first


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
