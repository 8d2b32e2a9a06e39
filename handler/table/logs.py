"""The log rows of the tasks: append, read."""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from handler.contract import EXPIRY_ATTRIBUTE, PARTITION_KEY
from handler.record import TaskLog
from handler.table import items
from handler.table.conditions import IS_OPEN, OPEN_VALUES
from handler.table.dynamo import ConditionFailed, Dynamo
from handler.table.keys import DELETION, LAST, LOG_ROWS, iteration_text, task_key, task_partition
from handler.table.reading import task_log

if TYPE_CHECKING:
    from handler.table.keys import Item


_IS_NEW: Final = f"attribute_not_exists({PARTITION_KEY})"
_HAS_NO_DATE: Final = f"attribute_not_exists({EXPIRY_ATTRIBUTE})"
# Of a task that is being removed, whoever removes its rows has seen them all.
_STAYS_CLOSED: Final = (
    f"attribute_exists({PARTITION_KEY}) AND NOT {IS_OPEN} AND attribute_not_exists({DELETION})"
)


class Logs:
    """The logs of the tasks."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo

    def append(self, log: TaskLog) -> None:
        """Adds lines to a task's log.

        The lines of a task that is over expire with it. Those of one that is gone are dropped:
        nothing would ever remove them.
        """
        try:
            self._put_if(IS_OPEN, log, values=OPEN_VALUES)
        except ConditionFailed as failed:
            self._append_to_closed(failed.item, log)

    def _append_to_closed(self, item: "Item | None", log: TaskLog) -> None:
        """Adds lines to a task that was over when somebody has seen it as `item`.

        They have the date that its record has when they are written: a record is dated before its
        rows are, and once.
        """
        while item is not None and _takes_lines(item):
            expiry = item.get(EXPIRY_ATTRIBUTE)
            has_date = f"{EXPIRY_ATTRIBUTE} = :expiry" if expiry else _HAS_NO_DATE
            try:
                self._put_if(
                    f"{_STAYS_CLOSED} AND {has_date}",
                    log,
                    values=OPEN_VALUES | ({":expiry": expiry} if expiry else {}),
                    expires_at=int(expiry["N"]) if expiry else None,
                )
            except ConditionFailed as failed:
                item = failed.item
            else:
                return

    def put(self, log: TaskLog, *, expires_at: int | None) -> dict[str, object]:
        """The put of a part of a log, for a transaction with its task's record."""
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
        first, last = f"{LOG_ROWS}{first}", f"{LOG_ROWS}{last}"
        rows = self._dynamo.rows(task_partition(task_id), first, last, newest_first=newest_first)
        logs = map(task_log, rows)
        for _, parts in itertools.groupby(logs, key=lambda part: part.iteration):
            yield TaskLog.joined(parts)

    def _put_if(
        self,
        condition: str,
        log: TaskLog,
        *,
        values: "Item | None" = None,
        expires_at: int | None = None,
    ) -> None:
        check = {
            "TableName": self._dynamo.table,
            "Key": task_key(log.task),
            "ConditionExpression": condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        } | ({"ExpressionAttributeValues": values} if values else {})
        # A row that is there already was written with an outcome whose response was lost, or by
        # this very request: it is never written over.
        put = self.put(log, expires_at=expires_at) | {"ConditionExpression": _IS_NEW}
        self._dynamo.call(
            "transact_write_items", TransactItems=[{"ConditionCheck": check}, {"Put": put}]
        )


def _takes_lines(item: "Item") -> bool:
    """Whether a task that was over still is, and is not being removed."""
    return item["taskStatus"] not in OPEN_VALUES.values() and DELETION not in item
