"""Payloads that no record names: of tasks that are gone, or of writes that were cut off."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from handler.clock import Clock
from handler.contract import PARTITION_KEY, SORT_KEY
from handler.record import PAYLOADS
from handler.table import keys
from handler.table.dynamo import Dynamo
from handler.table.payloads import PAGE, Object, PayloadBucket, places_of
from handler.table.reading import only
from handler.table.sweep_position import SweepPosition

# A payload is written before the record that names it, by an invocation of at most 15 minutes.
_GRACE: Final = timedelta(days=1)
# So it need not be read consistently, either.
_KEPT: Final = "keptObject"
_FIRST: Final = "firstInputKey"
_PLACES: Final = only((*PAYLOADS, _KEPT, _FIRST, PARTITION_KEY, SORT_KEY)) | {
    "ConsistentRead": False
}


class Orphans:
    """Finds and deletes them, a page of the bucket at a time.

    An object is deleted if it is older than a day and its task's record does not name it. The
    record of a task that is gone names nothing.
    """

    def __init__(self, dynamo: Dynamo, *, bucket: PayloadBucket, clock: Clock) -> None:
        self._dynamo = dynamo
        self._bucket = bucket
        self._clock = clock
        self._position = SweepPosition(dynamo, of="PAYLOADS")

    def collect(self) -> int:
        """Looks at the next page. Returns how many objects it deleted."""
        if not self._bucket.exists:
            return 0
        start = self._position.read() or {}
        page = self._bucket.page(start.get("behind", ""))
        # First of all: whatever this page does to the sweep, the next one goes on behind it.
        if len(page) == PAGE:
            self._position.keep({"behind": page[-1].key})
        elif start:
            self._position.clear()
        now = self._clock.now()
        orphans = self._unnamed([each for each in page if now - each.written_on >= _GRACE])
        self._bucket.delete(orphans)
        return len(orphans)

    def _unnamed(self, objects: Sequence[Object]) -> list[str]:
        ids = dict.fromkeys(each.task_id for each in objects)
        found = self._dynamo.get_many([keys.task_key(id) for id in ids], **_PLACES)
        named: set[str] = set()
        for item in found:
            kept = (str(item.get(name, {}).get("S")) for name in (_KEPT, _FIRST))
            named |= {*places_of(item).values(), *kept}
        return [each.key for each in objects if each.key not in named]
