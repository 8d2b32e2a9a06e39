"""The records of the tasks: create, claim, save, read, delete."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from handler.clock import Clock
from handler.contract import EXPIRY_ATTRIBUTE, PARTITION_KEY, Index, Status
from handler.errors import NotFound
from handler.record import Json, StoredTask, TaskLog
from handler.table import items, keys
from handler.table.children import Children
from handler.table.conditions import (
    IS_OPEN,
    OPEN_VALUES,
    ClaimRequest,
    Guard,
    is_finished,
    still,
    takes_retry,
)
from handler.table.debounces import Debounces
from handler.table.dynamo import ConditionFailed, Dynamo, ItemTooLarge
from handler.table.index_query import IndexQuery, TaskIndex
from handler.table.limit_list import LimitList
from handler.table.limits import Limits
from handler.table.logs import Logs
from handler.table.maximums import Maximums
from handler.table.orphans import Orphans
from handler.table.payloads import PayloadBucket, owner_of
from handler.table.rates import Rates
from handler.table.reading import WITHOUT_LONG_PAYLOADS, status_of
from handler.table.relief import Relief
from handler.table.settings_table import SettingsTable
from handler.table.signals import Signals
from handler.table.stored_payloads import StoredPayloads
from handler.table.watch import Watch

if TYPE_CHECKING:
    from handler.table.keys import Item, Key

_STATUS: Final = "taskStatus"
# The place of a record in the index of the sweep.
_PLACE: Final = frozenset({Index.UNFINISHED.partition_key, Index.UNFINISHED.sort_key})
# A hundred years: no date can be told of all the days that a setting may have.
_MAX_RETENTION_DAYS: Final = 36_500


class Standing(Enum):
    """How an iteration stands that is running."""

    RUNNING = auto()
    PAUSED = auto()  # it runs; the next one does not
    OVER = auto()  # the task was aborted, or is gone
    OVERTAKEN = auto()  # another invocation runs the task, or has ended it


class RecordMoved(Exception):
    """A write did not happen: the record had moved on.

    Attributes:
        task: what the record has become; `None` if it is gone.
    """

    def __init__(self, task: StoredTask | None) -> None:
        super().__init__("The record has moved on.")
        self.task = task


class NotAdmitted(Exception):
    """A write did not happen: what was to be written beside the record was refused.

    Attributes:
        items: what stands where it was refused.
    """

    def __init__(self, refused: "Sequence[tuple[dict[str, object], Item | None]]") -> None:
        super().__init__("What was to be written beside the record was refused.")
        self._writes = [write for write, _ in refused]
        self.items = [item for _, item in refused]

    def has(self, writes: Sequence[dict[str, object]]) -> bool:
        """Whether one of these was refused."""
        return any(write is refused for write in writes for refused in self._writes)


class Store:
    """The table of tasks. `logs` has their logs, `signals` what was handed to them, `children`
    which of theirs are open; `index` reads many at a time, `watch` knows which are due, `orphans`
    are the payloads that no record names, `settings` change while it is in use; `limits` say how
    many run at a time, `maximums` what operators have set of them, `limit_list` shows them; `rates`
    say how many start, `debounces` which task a burst of triggers runs.

    **Every write is recognised.** A write whose response is lost on the way is sent again, and then
    its condition fails: the record has moved on, by this very write. So each write of a record puts
    a token of its own on it. A refused write that finds its token there has been carried out.

    **A long payload is read by whoever asks for it**, and a task that is claimed has its input;
    see `TaskRecord`.

    **What is gone is gone for everybody.** A task that was deleted, or whose days of retention have
    passed, is not read any more, whatever is still to be removed of it.

    Args:
        dynamo: the table.
        bucket: keeps the payloads that a record has no room for.
        settings: say how long finished tasks and their logs are kept, a hundred years at most; 0 is
            for ever.
        code_version: of the code that runs here, for the records that it makes and claims.

    Raises (every method):
        StoreUnavailable: the table stayed unreachable or throttled for as long as there was time.
        StoreError: the table refused the request for another reason.
    """

    def __init__(
        self,
        dynamo: Dynamo,
        *,
        clock: Clock,
        bucket: PayloadBucket,
        settings: SettingsTable,
        code_version: str = "",
    ) -> None:
        self.code_version = code_version
        self._dynamo = dynamo
        self._clock = clock
        self._bucket = bucket
        self.settings = settings
        self._payloads = StoredPayloads(dynamo, bucket=bucket, clock=clock)
        self._relief = Relief(dynamo, bucket=bucket, clock=clock)
        self.logs = Logs(dynamo)
        self.children = Children(dynamo)
        self.signals = Signals(dynamo, clock=clock)
        self.watch = Watch(dynamo)
        self.limits = Limits(dynamo, clock=clock)
        self.limit_list = LimitList(dynamo, limits=self.limits)
        self.maximums = Maximums(dynamo, clock=clock)
        self.rates = Rates(dynamo)
        self.debounces = Debounces(dynamo)
        # Is told of each task that has left its slot, or its place in a queue, by a write of its
        # record: as it was before.
        self.when_left: Callable[[StoredTask], None] = _nothing
        self.index = TaskIndex(dynamo, read=self._payloads.task, is_gone=self._is_gone)
        self.orphans = Orphans(dynamo, bucket=bucket, clock=clock)

    def hurried(self, patience: timedelta) -> AbstractContextManager[None]:
        """In the block no request to the table is tried again for longer than that."""
        return self._dynamo.hurried(patience)

    def create(
        self,
        task: StoredTask,
        *,
        log: TaskLog | None = None,
        also: Sequence[dict[str, object]] = (),
    ) -> bool:
        """Creates the record, its parent's child row, and the rows of its tags.

        Args:
            also: what is written in the same transaction.

        Returns:
            False, and nothing is changed, if there is a record of that id.

        Raises:
            NotAdmitted: a condition of `also` does not hold; nothing was written.
        """
        token = keys.new_token()
        payloads = self._payloads.changes(task)
        task = self._payloads.with_placed_first_input(task, payloads)
        item = items.task_item(task) | payloads.changed | items.encoded({keys.WRITE_TOKEN: token})
        put = self._request(Item=item, ConditionExpression=f"attribute_not_exists({PARTITION_KEY})")
        others = self._lines(log, task)
        others += [{"Put": self._request(Item=key)} for key in keys.tag_keys(task)]
        if task.parent_id:
            others += [{"Put": self._request(Item=row)} for row in self.children.put(task)]
        try:
            self._write("Put", put, others, token, also)
        except RecordMoved as moved:
            self._payloads.refused(payloads, moved.task)
            return False
        except NotAdmitted:
            self._payloads.refused(payloads, None)
            raise
        return True

    def get(self, id: str) -> StoredTask:
        """Reads a record, consistently. Raises `NotFound`."""
        if (task := self.find(id)) is None:
            raise NotFound(f'Task "{id}" was not found!', data={"id": id})
        return task

    def find(self, id: str, *, consistent: bool = True) -> StoredTask | None:
        """Reads a record, consistently.

        Args:
            consistent: without it, the record may be that of a moment ago, for half the cost.
        """
        key = keys.task_key(id)
        item = self._dynamo.item(key, **WITHOUT_LONG_PAYLOADS, ConsistentRead=consistent)
        task = self._payloads.task(item) if item else None
        return None if task is None or self._is_gone(task) else task

    def find_gone(self, id: str) -> StoredTask | None:
        """Reads what is still to be removed of a task that is gone."""
        tasks = self.index.tasks([id], deleted=True)
        return next((task for task in tasks if self._is_gone(task)), None)

    def exists(self, id: str) -> bool:
        """Whether there is a record of that id, of a task that was deleted as well."""
        found = self._dynamo.item(keys.task_key(id), ProjectionExpression=PARTITION_KEY)
        return found is not None

    def standing(self, task: StoredTask) -> Standing:
        """How a running iteration stands, which `task` is the record of."""
        names = f"{_STATUS}, executionName, iterations, createdOn, pausedOn"
        item = self._dynamo.item(keys.task_key(task.id), ProjectionExpression=names)
        if item is None or status_of(item) is Status.ABORTED:
            return Standing.OVER
        if not status_of(item).is_open:
            return Standing.OVERTAKEN
        mine = items.encoded(
            {
                "executionName": task.execution_name,
                "iterations": task.iterations,
                "createdOn": task.created_text or None,
            }
        )
        if not mine.items() <= item.items():
            return Standing.OVERTAKEN
        return Standing.PAUSED if "pausedOn" in item else Standing.RUNNING

    def claim(self, claim: ClaimRequest) -> StoredTask:
        """Starts an iteration: one request that checks, counts, and returns the record as it is.

        Raises:
            RecordMoved: its condition does not hold; nothing was changed.
        """
        token = keys.new_token()
        item = self._conditional(
            "update_item",
            token,
            **self._request(Key=keys.task_key(claim.task_id)),
            UpdateExpression=claim.update(),
            ConditionExpression=claim.condition(),
            ExpressionAttributeValues=claim.values(self._clock.now(), token),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        task = self._payloads.task_with_input(item)
        if task.execution_name != claim.execution_name:
            raise RecordMoved(task)  # its response was lost, and the task has left the execution
        return task

    def save(
        self,
        after: StoredTask,
        *,
        before: StoredTask,
        guard: Guard,
        log: TaskLog | None = None,
        also: Sequence[dict[str, object]] = (),
    ) -> StoredTask:
        """Writes what `after` changed, with `log`, in one transaction, if `guard` holds.

        Args:
            also: what else is written in it.

        Returns:
            `after`, as it is stored.

        Raises:
            RecordMoved: it does not hold; nothing was written.
            NotAdmitted: it does, and a condition of `also` does not; nothing was written.
        """
        token = keys.new_token()
        payloads = self._payloads.changes(after, before)
        after = self._payloads.with_first_input(after, before, payloads)
        changed, removed = items.changes(before, after)
        changed |= payloads.changed | items.encoded({keys.WRITE_TOKEN: token})
        removed |= payloads.removed
        if after.is_over and after.limit_id and not after.slot:
            removed |= {"slot", "queuedOn"}  # also one that it has got since it was read
        update = self._update(before, changed, removed, *guard.condition())
        others = self._lines(log, after)
        write = partial(self._write, "Update", update, others, token, also)
        try:
            if after.is_open:
                write()
            else:
                self._with_room(after.id, write)
        except RecordMoved as moved:
            self._payloads.refused(payloads, moved.task)
            raise
        except NotAdmitted:
            self._payloads.refused(payloads, before)
            raise
        stored = self._payloads.written(payloads, after, before)
        if (before.slot or before.queued_on) and not (after.slot or after.queued_on):
            self.when_left(before)
        return stored

    def call(self, id: str) -> StoredTask | None:
        """Counts that something has come which an open task may wait for.

        Returns:
            The task, as it then stands; `None` if it is over, or gone.
        """
        try:
            response = self._dynamo.call(
                "update_item",
                **self._request(Key=keys.task_key(id)),
                UpdateExpression="ADD calls :one",
                ConditionExpression=IS_OPEN,
                ExpressionAttributeValues=OPEN_VALUES | items.encoded({":one": 1}),
                ReturnValues="ALL_NEW",
            )
        except ConditionFailed:
            return None
        return self._payloads.task(response["Attributes"])

    def expiring(self, task: StoredTask) -> StoredTask:
        """A task that ends now, with when it expires. A child expires after its parent has.

        A child is always asked: its parent may have got a date under other settings than today's.
        """
        expires_at = None if task.parent_id else self.expiry(task.tenant)
        expiring = task.expires(expires_at)
        is_asked = task.parent_id or expires_at
        return expiring.asked_for_expiry(now=self._clock.now()) if is_asked else expiring

    def expiry(self, tenant: str) -> int | None:
        """When what ends now expires: seconds since 1970, as DynamoDB's time to live takes it."""
        days = self.settings.of(tenant).retention_days
        if not days:
            return None
        kept = timedelta(days=min(days, _MAX_RETENTION_DAYS))
        return int((self._clock.now() + kept).timestamp())

    def input_of(self, task: StoredTask, *, first: bool = False) -> Json:
        """The input of a task: as it now is, or what it was triggered with.

        Raises:
            PayloadLost: it is not there any more; or it could not be kept when another took its
                place.
        """
        return self._payloads.input_of(task, first=first)

    def saved_output_of(self, task: StoredTask) -> Json | None:
        """What a task has saved as its output, without the error that it ended with.

        Raises:
            PayloadLost: it is not there any more.
        """
        return self._payloads.saved_output_of(task)

    def has_children(self, task: StoredTask) -> bool:
        """Whether rows of a task's partition name children of it, also of those that are gone."""
        return bool(self.index.page(IndexQuery(None, task.id), limit=1).ids)

    def name_retry(self, after: StoredTask, *, before: StoredTask, log: TaskLog | None) -> None:
        """Names the retry of a finished task on its record, with `log`, in one transaction.

        The line has the date that its record has when it is written, as in `Logs.append`.

        Raises:
            RecordMoved: it is gone or deleted, has the name already, or has got another date;
                nothing was written.
        """
        token = keys.new_token()
        changed, removed = items.changes(before, after)
        changed |= items.encoded({keys.WRITE_TOKEN: token})
        update = self._update(before, changed, removed, *takes_retry(before))
        others = self._lines(log, before)
        self._with_room(after.id, partial(self._write, "Update", update, others, token))

    def add_follow_up(self, after: StoredTask, *, before: StoredTask) -> bool:
        """Adds a follow-up to a finished task. Returns whether it is still there to have one."""
        is_over = f"attribute_exists({PARTITION_KEY}) AND NOT {IS_OPEN}"
        # Its last one may be cleared, and its place in the index, since `before` was read.
        return self._change_follow_ups(after, before, is_over, OPEN_VALUES, surely=_PLACE)

    def clear_follow_up(self, after: StoredTask, *, before: StoredTask) -> None:
        """Clears a follow-up of a finished task. A no-op if it was cleared, or added, meanwhile."""
        still_due = f"attribute_exists({Index.UNFINISHED.partition_key}) AND {_STATUS} = :status"
        values: Json = {":status": before.status}
        if before.expiry_pending and not after.expiry_pending:
            still_due += " AND expiryPending = :asked"
            values[":asked"] = before.expiry_pending
        self._change_follow_ups(after, before, still_due, items.encoded(values))

    def date_rows(self, task: StoredTask) -> None:
        """Gives each row of a task the date of its record. Run twice, it is the same.

        A row that somebody else has removed meanwhile must not come back.
        """
        date = items.expiry(task.expires_at)
        if task.parent_id:
            self.date_child(task)
        rows = [row for row in self._rows(task) if date.keys() - row.keys()]
        self._dynamo.put_many([row | date for row in rows])
        now = self.find(task.id)
        if now is None or now.created_text != task.created_text:
            self._dynamo.delete_many(rows)

    def date_child(self, task: StoredTask) -> None:
        """Gives the rows that its parent has of a task, if they are there, the task's own date."""
        for key in _rows_at_parent(task):
            with suppress(ConditionFailed):
                self._dynamo.call(
                    "update_item",
                    **self._request(Key=key),
                    UpdateExpression=f"SET {EXPIRY_ATTRIBUTE} = :at",
                    ConditionExpression=f"attribute_exists({PARTITION_KEY})",
                    ExpressionAttributeValues=items.encoded({":at": task.expires_at}),
                )

    def is_named_by_its_parent(self, task: StoredTask) -> bool:
        """Whether there is a row that names a task to its parent."""
        return (
            self._dynamo.item(keys.child_key(task), ProjectionExpression=PARTITION_KEY) is not None
        )

    def forget_child(self, task: StoredTask) -> None:
        """Removes the rows that a parent which is gone has of a task."""
        for key in _rows_at_parent(task):
            self._dynamo.call("delete_item", **self._request(Key=key))

    def empty(self, task: StoredTask) -> None:
        """Removes all of a finished task but its record: its rows and its payloads.

        Nothing is removed of a task that was made since with the same key.
        """
        with suppress(ConditionFailed):
            self._dynamo.delete_many(self._rows(task), only_if=self._is_still(task))
        self._bucket.delete_all(owner_of(task))

    def delete(self, task: StoredTask) -> None:
        """Removes a finished task: its rows and its payloads, then its record. It may be gone."""
        self.empty(task)
        with suppress(ConditionFailed):
            self._dynamo.call("delete_item", **self._is_still(task))

    def _is_still(self, task: StoredTask) -> dict[str, object]:
        """The key of a finished task's record, and the condition that it is still that task's."""
        condition, values = is_finished(task)
        return self._request(
            Key=keys.task_key(task.id),
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
        )

    def _rows(self, task: StoredTask) -> "list[Item]":
        """Those of its partition, and of its tags, which are nothing but keys and a date."""
        partition = keys.task_partition(task.id)
        rows = list(self._dynamo.rows(partition, keys.FIRST_ROW, keys.LAST_ROW))
        return rows + keys.tag_keys(task)

    def _is_gone(self, task: StoredTask) -> bool:
        now = self._clock.now().timestamp()
        has_expired = task.expires_at is not None and task.expires_at < now
        return task.is_over and (task.deletion_pending or has_expired)

    def _change_follow_ups(
        self,
        after: StoredTask,
        before: StoredTask,
        condition: str,
        values: "Item",
        *,
        surely: Collection[str] = (),
    ) -> bool:
        """Changes what a finished task has left to do. Returns whether `condition` held.

        Args:
            surely: the attributes that are written even if they are the same.
        """
        changed, removed = items.changes(before, after, surely=surely)
        if not after.has_follow_ups:
            # Two who clear one follow-up each may both have seen the other's. But one that somebody
            # has added meanwhile stays where the sweep finds it.
            last = f"{condition} AND {items.has_no_other_follow_up(items.task_item(before))}"
            if self._update_if(last, values, before, changed, removed | _PLACE):
                return True
        return self._update_if(condition, values, before, changed, removed - _PLACE)

    def _update_if(
        self,
        condition: str,
        values: "Item",
        before: StoredTask,
        changed: "Item",
        removed: set[str],
    ) -> bool:
        """Updates the record of a finished task. Returns whether the condition held."""
        if not changed and not removed:
            return True
        update = self._update(before, changed, removed, condition, values)
        try:
            self._with_room(before.id, partial(self._dynamo.call, "update_item", **update))
        except ConditionFailed:
            return False
        return True

    def _with_room(self, id: str, write: Callable[[], object]) -> None:
        """Makes a write to a finished task, in a record that may be at DynamoDB's limit."""
        try:
            write()
        except ItemTooLarge:
            self._relief.make_room(id)
            write()

    def _lines(self, log: TaskLog | None, task: StoredTask) -> list[dict[str, object]]:
        """The write of a task's lines, for a transaction."""
        return [{"Put": self.logs.put(log, expires_at=task.expires_at)}] if log else []

    def _request(self, **request: object) -> dict[str, object]:
        return {"TableName": self._dynamo.table, **request}

    def _update(
        self,
        before: StoredTask,
        changed: "Item",
        removed: set[str],
        condition: str,
        values: "Item",
    ) -> dict[str, object]:
        """The update of a record, under a condition, while it is that of the task `before`."""
        condition, values = still(before, condition, values)
        update = items.update(changed, removed, values)
        return self._request(Key=keys.task_key(before.id), ConditionExpression=condition, **update)

    def _write(
        self,
        kind: str,
        request: dict[str, object],
        others: list[dict[str, object]],
        token: str,
        also: Sequence[dict[str, object]] = (),
    ) -> None:
        """One conditional write, or a transaction of it and of others.

        Raises:
            RecordMoved: its condition does not hold.
            NotAdmitted: it does, and that of one of `also` does not.
        """
        request = request | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if others or also:
            writes = [{kind: request}, *others, *also]
            self._conditional("transact_write_items", token, TransactItems=writes)
        else:
            operation = "put_item" if kind == "Put" else "update_item"
            self._conditional(operation, token, **request)

    def _conditional(self, operation: str, token: str, **request: Any) -> "Item":
        """Carries out a conditional write that puts `token` on the record. Raises as `_write`.

        Returns:
            The record's item, where the response has it.
        """
        try:
            response = self._dynamo.call(operation, **request)
        except ConditionFailed as failed:
            moved = failed.items.get(0)
            if moved and _has_written(token, moved):
                return moved
            if 0 not in failed.items:
                writes = request["TransactItems"]
                found = [(writes[place], item) for place, item in failed.items.items()]
                raise NotAdmitted(found) from failed
            raise RecordMoved(self._payloads.task(moved) if moved else None) from failed
        item: Item = response.get("Attributes", {})
        return item


def _nothing(_: StoredTask) -> None:
    """Nobody is to be told."""


def _rows_at_parent(child: StoredTask) -> "list[Key]":
    """The keys of what a parent's partition may have of a child that is over."""
    named = keys.child_key(child)
    return [named] if child.has_succeeded else [named, keys.failed_child_key(child)]


def _has_written(token: str, item: "Item") -> bool:
    """Whether the write with this token was the last one, or claimed the iteration in hand."""
    marks = [keys.WRITE_TOKEN]
    if status_of(item).is_open and "claimsSinceOutcome" in item:
        marks.append(keys.CLAIM_TOKEN)
    return {"S": token} in [item.get(mark) for mark in marks]
