"""What the recovery meets, and goes past: one bad thing keeps no other from being looked after."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from handler.contract import Index
from handler.lifecycle.counts import Counts
from handler.table import Due

log = logging.getLogger(__name__)


class NoTask(Exception):
    """The index of unfinished tasks has a row that is of none."""

    def __init__(self, due: Due) -> None:
        super().__init__(
            f"{due.key} is in the index of unfinished tasks, and is no task's record."
            f" Next: remove its {Index.UNFINISHED.partition_key}, or delete it."
        )


class Trouble:
    """Counts what could not be dealt with."""

    def __init__(self, counts: Counts) -> None:
        self.met = 0
        self._counts = counts

    @contextmanager
    def past(self, what: str, definition_id: object = None, **said: object) -> Iterator[None]:
        """Goes past whatever is raised in the block, once it is logged and counted.

        Args:
            what: what the recovery could not do then.
            said: what the line in the log has besides.
        """
        try:
            yield
        except Exception:
            details = {"action": "recovery_failed", "step": what, **said}
            log.exception("The recovery could not %s.", what, extra=details)
            self.met += 1
            self._counts.recovery_failed(definition_id)
