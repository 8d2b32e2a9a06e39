"""The log rows of the tasks: append, read, let expire."""

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from handler.record import StoredTask, TaskLog
from handler.table import items
from handler.table.dynamo import Dynamo
from handler.table.keys import LAST, LOG_ROWS, iteration_text, task_partition
from handler.table.reading import task_log

if TYPE_CHECKING:
    from handler.table.keys import Item

Expiry = Callable[[], int | None]
"""When what ends now expires, in seconds since 1970; `None`: never."""


class Logs:
    """The logs of the tasks.

    Args:
        expiry: says when the log of a task that ends now expires.
    """

    def __init__(self, dynamo: Dynamo, *, expiry: Expiry) -> None:
        self._dynamo = dynamo
        self._expiry = expiry

    def append(self, log: TaskLog, *, expires: bool = False) -> None:
        """Adds lines to a task's log, whatever its status.

        Args:
            expires: the task is over: the lines expire with it.
        """
        self._dynamo.call("put_item", **self.put(log, expires=expires))

    def put(self, log: TaskLog, *, expires: bool) -> dict[str, object]:
        """The put of `append`, for a transaction."""
        expires_at = self._expiry() if expires else None
        return {
            "TableName": self._dynamo.table,
            "Item": items.log_item(log, expires_at=expires_at),
        }

    def read(
        self, task_id: str, *, newest_first: bool = False, after_iteration: int | None = None
    ) -> Iterator[TaskLog]:
        """A task's logs, one per iteration, by iteration.

        Args:
            after_iteration: leaves out this iteration, and those before it in the same direction.
        """
        # Rows are LOG#<iteration, ten digits>#...
        edge = "" if after_iteration is None else iteration_text(after_iteration)
        first = "" if newest_first or not edge else f"{edge}{LAST}"
        last = edge if newest_first and edge else LAST
        rows = self._rows(task_id, first, last, newest_first=newest_first)
        logs = map(task_log, rows)
        for _, parts in itertools.groupby(logs, key=lambda part: part.iteration):
            yield TaskLog.joined(parts)

    def expire(self, task: StoredTask) -> None:
        """Dates the rows of a finished task for expiry. Run twice, it changes nothing more."""
        date = items.expiry(self._expiry())
        if date:
            rows = self._rows(task.id)
            self._dynamo.put_many([row | date for row in rows if date.keys() - row.keys()])

    def _rows(
        self, task_id: str, first: str = "", last: str = LAST, *, newest_first: bool = False
    ) -> "Iterator[Item]":
        partition = task_partition(task_id)
        first, last = f"{LOG_ROWS}{first}", f"{LOG_ROWS}{last}"
        return self._dynamo.rows(partition, first, last, newest_first=newest_first)
