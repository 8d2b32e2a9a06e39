"""What was handed to tasks: rows of their partitions, in the order in which they came."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from handler.clock import Clock, to_iso
from handler.contract import PARTITION_KEY, SORT_KEY, Index
from handler.record import Signal, SignalUrl, StoredTask
from handler.table import items, keys
from handler.table.conditions import IS_OPEN, OPEN_VALUES, running, still
from handler.table.dynamo import ConditionFailed, Dynamo

if TYPE_CHECKING:
    from handler.table.keys import Item

_IS_NEW: Final = f"attribute_not_exists({PARTITION_KEY})"
_TOKEN: Final = "token"  # noqa: S105  its name


class Moved(Exception):
    """The record has moved, or another signal has come first: nothing was written."""


class Signals:
    """The signals of the tasks.

    **None is missed.** The row of a signal, and the count of what the task was called for, are one
    transaction. An iteration that is about to wait asks for the count that it began with: what
    comes between its look and its commit refuses the commit, and it looks again.

    **None is doubled.** Each has the number that the record gives it, a token of its writer, and
    where it has a key, a row that takes the key.
    """

    def __init__(self, dynamo: Dynamo, *, clock: Clock) -> None:
        self._dynamo = dynamo
        self._clock = clock

    def known(self, task_id: str, name: str, key: str) -> Signal | None:
        """The signal that has taken a key; `None` if none has."""
        found = self._dynamo.item(keys.signal_key_key(task_id, name, key))
        return _signal(found) if found else None

    def add(self, task: StoredTask, signal: Signal, *, log: "dict[str, object] | None") -> Signal:
        """Hands a signal to an open task, as it was read.

        Args:
            log: the put of a line for the task's log.

        Returns:
            The signal, with its number; of a key that is taken, the one that has taken it.

        Raises:
            Moved: read the task again.
        """
        number = self._last_number(task.id, signal.name) + 1
        token = keys.new_token()
        row = signal.model_copy(update={"number": number})
        item = _item(row) | {_TOKEN: {"S": token}}
        writes: list[dict[str, object]] = [
            {"Update": self._call(task)},
            {"Put": self._put(keys.signal_key(task.id, row.name, number) | item)},
        ]
        if row.key is not None:
            taken = keys.signal_key_key(task.id, row.name, row.key)
            writes.append({"Put": self._put(taken | item)})
        if log:
            writes.append({"Put": log})
        try:
            self._dynamo.call("transact_write_items", TransactItems=writes)
        except ConditionFailed as failed:
            return self._found(task, row, token, failed)
        return row

    def next(self, task: StoredTask, name: str) -> Signal | None:
        """The first signal of a name that a task has not got yet, read consistently."""
        after = (task.taken or {}).get(name, 0)
        first = keys.signal_key(task.id, name, after + 1)
        rows = f"{keys.SIGNAL_ROWS}{name}#"
        found = self._dynamo.rows(
            first[PARTITION_KEY]["S"], first[SORT_KEY]["S"], f"{rows}{keys.LAST}", limit=1
        )
        return next(map(_signal, found), None)

    def beat(self, task: StoredTask, name: str) -> None:
        """Whoever an open task waits for is still at it. Raises `Moved` if it is not open."""
        item = keys.pulse_key(task.id, name) | {"on": {"S": to_iso(self._clock.now())}}
        condition, values = still(task, IS_OPEN, OPEN_VALUES)
        check = {
            "TableName": self._dynamo.table,
            "Key": keys.task_key(task.id),
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        put = {"TableName": self._dynamo.table, "Item": item}
        try:
            self._dynamo.call(
                "transact_write_items", TransactItems=[{"ConditionCheck": check}, {"Put": put}]
            )
        except ConditionFailed as failed:
            raise Moved from failed

    def last_beat(self, task_id: str, name: str) -> datetime | None:
        """When it last was; `None` if never, or where a person has written something else."""
        found = self._dynamo.item(keys.pulse_key(task_id, name)) or {}
        try:
            beat = datetime.fromisoformat(found["on"]["S"])
        except (KeyError, ValueError):
            return None
        return beat if beat.tzinfo else None

    def add_url(self, task: StoredTask, digest: str, url: SignalUrl) -> None:
        """Keeps what a URL sends, for the iteration of `task` that runs.

        The condition is on the record, so that nothing is kept for a task that is gone: nobody
        would find it to remove it.

        Raises:
            Moved: the iteration is one of the past.
        """
        condition, values = still(task, *running(task).condition())
        is_running = {
            "TableName": self._dynamo.table,
            "Key": keys.task_key(task.id),
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        item = items.encoded(url.model_dump(by_alias=True, mode="json"))
        # Without a condition, since no other has this digest: it may be sent again.
        put = {
            "TableName": self._dynamo.table,
            "Item": keys.signal_url_key(task.id, digest) | item,
        }
        writes = [{"ConditionCheck": is_running}, {"Put": put}]
        try:
            self._dynamo.call("transact_write_items", TransactItems=writes)
        except ConditionFailed as failed:
            raise Moved from failed

    def url(self, task_id: str, digest: str) -> SignalUrl | None:
        """What a URL sends; `None` if there is none of that digest, or a person has changed it."""
        found = self._dynamo.item(keys.signal_url_key(task_id, digest))
        try:
            return SignalUrl.model_validate(items.decoded(found)) if found else None
        except (ValueError, TypeError, KeyError):
            return None

    def _found(self, task: StoredTask, row: Signal, token: str, failed: ConditionFailed) -> Signal:
        """What there is in place of a signal that was refused: it may have been this very one."""
        if row.key is not None and (known := self.known(task.id, row.name, row.key)):
            return known
        there = self._dynamo.item(keys.signal_key(task.id, row.name, row.number))
        if there and there.get(_TOKEN) == {"S": token}:
            return _signal(there)
        raise Moved from failed

    def _last_number(self, task_id: str, name: str) -> int:
        rows = f"{keys.SIGNAL_ROWS}{name}#"
        partition = keys.task_partition(task_id)
        last = self._dynamo.rows(partition, rows, f"{rows}{keys.LAST}", newest_first=True, limit=1)
        return next((_signal(row).number for row in last), 0)

    def _call(self, task: StoredTask) -> dict[str, object]:
        """Counts what has come for an open task, and has the sweep look at it soon."""
        condition, values = still(task, IS_OPEN, OPEN_VALUES)
        more = items.encoded({":now": to_iso(self._clock.now()), ":one": 1})
        return {
            "TableName": self._dynamo.table,
            "Key": keys.task_key(task.id),
            "UpdateExpression": f"SET {Index.UNFINISHED.sort_key} = :now ADD calls :one",
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values | more,
        }

    def _put(self, item: "Item") -> dict[str, object]:
        return {
            "TableName": self._dynamo.table,
            "Item": item,
            "ConditionExpression": _IS_NEW,
        }


def _item(signal: Signal) -> "Item":
    return items.encoded(signal.model_dump(by_alias=True, mode="json", exclude_none=True))


def _signal(row: "Item") -> Signal:
    """The signal of a row. What a person has written in its place is a signal without data."""
    _, name, number = row[SORT_KEY]["S"].split("#", 2)
    try:
        return Signal.model_validate(items.decoded(row))
    except (ValueError, TypeError, KeyError):
        return Signal(name=name, number=int(number), created_on=datetime.fromtimestamp(0, UTC))
