"""Once an hour: how many tasks are unfinished, and which of them no sweep would ever look at."""

import logging
from datetime import datetime, timedelta
from typing import Final

from handler.clock import Clock
from handler.contract import MAX_WAIT_SECONDS
from handler.lifecycle.counts import Counts
from handler.lifecycle.log_ids import about
from handler.lifecycle.trouble import NoTask, Trouble
from handler.table import Due, Store

log = logging.getLogger(__name__)

# The sweep's rate: of the sweeps of an hour, the one that comes in its first five minutes.
_FIRST_MINUTES: Final = 5
# Some three requests for each partition of the index; a count that is capped tells of so many.
MAX_COUNTED: Final = 100_000
# No task is due later: the longest wait, and days for clocks that differ.
_FARTHEST: Final = timedelta(seconds=MAX_WAIT_SECONDS, days=10)


class DueNever(Exception):
    """A record says that its task is due at no time, or too far ahead."""


class Survey:
    """Looks at the whole index of unfinished tasks, which a sweep does not."""

    def __init__(self, *, store: Store, counts: Counts, clock: Clock) -> None:
        self._store = store
        self._counts = counts
        self._clock = clock

    @property
    def is_due(self) -> bool:
        return self._clock.now().minute < _FIRST_MINUTES

    def take(self) -> dict[str, int]:
        """Counts the unfinished tasks, and has the sweep see those that nothing would.

        Returns:
            What it found, and how much of it `failed`: what was due never is reported as that.
        """
        trouble = Trouble(self._counts)
        now, found = self._clock.now(), {"unfinished": 0, "due_never": 0}
        with trouble.past("count unfinished tasks"):
            found["unfinished"] = self._store.watch.count(at_most=MAX_COUNTED)
            self._counts.surveyed(min(found["unfinished"], MAX_COUNTED))
        with trouble.past("look for tasks that are due never"):
            for due in self._store.watch.out_of_sight(now + _FARTHEST):
                found["due_never"] += 1
                self._bring_back(due, trouble, now)
        return found | {"failed": trouble.met}

    def _bring_back(self, due: Due, trouble: Trouble, now: datetime) -> None:
        """Has the next sweep look at a task, and reports it."""
        with trouble.past("know when a task is due"):
            if not due.task_id:
                raise NoTask(due)
            for task in self._store.index.tasks([due.task_id], deleted=True):
                with about(task):
                    self._store.watch.put_off(due, task.looked_at(now=now).due_on or now)
                    raise DueNever(
                        f'Task "{task.id}" was due on "{due.on:.60}", which is no date, or too far'
                        " ahead. Next: nothing, it is due now."
                    )
