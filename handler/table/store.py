"""The records of the tasks: create, claim, save, read, delete."""

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from handler.clock import Clock
from handler.contract import PARTITION_KEY, Index, Status
from handler.errors import NotFound
from handler.record import StoredTask, TaskLog
from handler.table import items, keys
from handler.table.conditions import CLAIM_CONDITION, CLAIM_UPDATE, ClaimRequest, Guard
from handler.table.dynamo import ConditionFailed, Dynamo
from handler.table.index_query import TaskIndex
from handler.table.logs import Logs
from handler.table.payloads import PayloadBucket, offloaded, payload_keys
from handler.table.reading import status_of, stored_task
from handler.table.sweep_position import SweepPosition

if TYPE_CHECKING:
    from handler.table.keys import Item

_WRITE_TOKEN: Final = "writeToken"  # noqa: S105  an attribute's name
_STATUS: Final = "taskStatus"


class RecordMoved(Exception):
    """A write did not happen: the record had moved on.

    Attributes:
        task: what the record has become; `None` if it is gone.
    """

    def __init__(self, task: StoredTask | None) -> None:
        super().__init__("The record has moved on.")
        self.task = task


class Store:
    """The table of tasks. `logs` has their logs, `index` reads many at a time,
    `sweep_position` is where a sweep was cut off.

    **Every write is recognised.** A write whose response is lost on the way is sent again, and then
    its condition fails: the record has moved on, by this very write. So each write of a record puts
    a token of its own on it. A refused write that finds its token there has been carried out.

    Args:
        dynamo: the table.
        bucket: keeps the payloads that a record has no room for.
        retention_days: how long finished tasks and their logs are kept; 0 is for ever.

    Raises (every method):
        StoreUnavailable: the table stayed unreachable or throttled for as long as there was time.
        StoreError: the table refused the request for another reason.
    """

    def __init__(
        self, dynamo: Dynamo, *, clock: Clock, bucket: PayloadBucket, retention_days: int = 0
    ) -> None:
        self._dynamo = dynamo
        self._clock = clock
        self._bucket = bucket
        self._retention_days = retention_days
        self.logs = Logs(dynamo, expiry=self._expiry)
        self.sweep_position = SweepPosition(dynamo)
        self.index = TaskIndex(dynamo, read=self._one_of_many)

    def create(self, task: StoredTask, *, log: TaskLog | None = None) -> bool:
        """Creates the record and its parent's child row.

        Returns:
            False, and nothing is changed, if there is a record of that id.
        """
        token = _new_token()
        item, payloads = self._item(task, token)
        self._bucket.put_all(payloads)
        put = self._request(Item=item, ConditionExpression=f"attribute_not_exists({PARTITION_KEY})")
        others = [self.logs.put(log, expires=task.is_over)] if log else []
        if task.parent_id:
            others.append(self._request(Item=keys.child_key(task)))
        try:
            self._write("Put", put, others, token)
        except RecordMoved:
            return False
        return True

    def get(self, id: str) -> StoredTask:
        """Reads a record, consistently. Raises `NotFound`."""
        if (task := self.find(id)) is None:
            raise NotFound(f'Task "{id}" was not found!', data={"id": id})
        return task

    def find(self, id: str) -> StoredTask | None:
        """Reads a record, consistently."""
        response = self._dynamo.call("get_item", **self._consistent(id))
        return self._task(response["Item"]) if "Item" in response else None

    def status(self, id: str) -> Status | None:
        """Reads a task's status alone, consistently; `None` if there is no such task."""
        request = self._consistent(id)
        response = self._dynamo.call("get_item", **request, ProjectionExpression=_STATUS)
        return status_of(response["Item"]) if "Item" in response else None

    def claim(self, claim: ClaimRequest) -> StoredTask:
        """Starts an iteration: one request that checks, counts, and returns the record as it is.

        Raises:
            RecordMoved: `CLAIM_CONDITION` does not hold; nothing was changed.
        """
        token = _new_token()
        item = self._conditional(
            "update_item",
            token,
            **self._request(Key=keys.task_key(claim.task_id)),
            UpdateExpression=CLAIM_UPDATE,
            ConditionExpression=CLAIM_CONDITION,
            ExpressionAttributeValues=claim.values(self._clock.now(), token),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return self._task(item)

    def save(
        self, after: StoredTask, *, before: StoredTask, guard: Guard, log: TaskLog | None = None
    ) -> None:
        """Writes what `after` changed, with `log`, in one transaction, if `guard` holds.

        Raises:
            RecordMoved: it does not hold; nothing was written.
        """
        token = _new_token()
        (old, _), (new, payloads) = self._item(before), self._item(after, token)
        changed, removed = items.changes(old, new)
        self._bucket.put_all({key: payloads[key] for key in payload_keys(changed)})
        update = self._update(after.id, changed, removed, *guard.condition())
        others = [self.logs.put(log, expires=after.is_over)] if log else []
        self._write("Update", update, others, token)
        superseded = payload_keys(old) - payload_keys(new)
        self._bucket.discard(superseded, retention_days=self._retention_days)
        if after.is_over and self._retention_days:
            self._bucket.discard(payload_keys(new), retention_days=self._retention_days)

    def clear_follow_up(self, after: StoredTask, *, before: StoredTask) -> None:
        """Clears a follow-up of a finished task. A no-op if it was cleared already."""
        changed, removed = items.changes(self._item(before)[0], self._item(after)[0])
        if not after.has_follow_ups:
            # Two who clear one follow-up each may both have seen the other's.
            removed.add(Index.UNFINISHED.partition_key)
        still_due = f"attribute_exists({Index.UNFINISHED.partition_key}) AND {_STATUS} = :status"
        values = items.encoded({":status": before.status})
        try:
            update = self._update(after.id, changed, removed, still_due, values)
            self._dynamo.call("update_item", **update)
        except ConditionFailed:
            return

    def delete(self, task: StoredTask) -> None:
        """Deletes a finished task: its rows and its payloads, then its record. It may be gone."""
        for key in payload_keys(self._item(task)[0]):
            self._bucket.delete(key)
        partition = keys.task_partition(task.id)
        for rows in (keys.CHILD_ROWS, keys.LOG_ROWS):
            self._dynamo.delete_many(list(self._dynamo.rows(partition, rows, rows + keys.LAST)))
        self._dynamo.call("delete_item", **self._request(Key=keys.task_key(task.id)))

    def _item(self, task: StoredTask, token: str | None = None) -> "tuple[Item, dict[str, bytes]]":
        """The record's item, and the payloads that it has no room for, by their keys."""
        expires_at = self._expiry() if task.is_over else None
        item = items.task_item(task, expires_at=expires_at)
        return offloaded(item | items.encoded({_WRITE_TOKEN: token}), task.id)

    def _task(self, item: "Item", *, is_one_of_many: bool = False) -> StoredTask:
        loaded, lost = self._bucket.loaded(item, is_one_of_many=is_one_of_many)
        task = stored_task(loaded)
        return task.model_copy(update={"unreadable": (*task.unreadable, *lost)}) if lost else task

    def _one_of_many(self, item: "Item") -> StoredTask:
        return self._task(item, is_one_of_many=True)

    def _expiry(self) -> int | None:
        """When what ends now expires: seconds since 1970, as DynamoDB's time to live takes it."""
        if not self._retention_days:
            return None
        return int((self._clock.now() + timedelta(days=self._retention_days)).timestamp())

    def _request(self, **request: object) -> dict[str, object]:
        return {"TableName": self._dynamo.table, **request}

    def _consistent(self, id: str) -> dict[str, object]:
        return self._request(Key=keys.task_key(id), ConsistentRead=True)

    def _update(
        self, id: str, changed: "Item", removed: set[str], condition: str, values: "Item"
    ) -> dict[str, object]:
        sets = ", ".join(f"#{name} = :{name}" for name in sorted(changed))
        removes = ", ".join(f"#{name}" for name in sorted(removed))
        clauses = (("SET", sets), ("REMOVE", removes))
        return self._request(
            Key=keys.task_key(id),
            UpdateExpression=" ".join(f"{verb} {what}" for verb, what in clauses if what),
            ConditionExpression=condition,
            ExpressionAttributeNames={f"#{name}": name for name in {*changed, *removed}},
            ExpressionAttributeValues={f":{name}": changed[name] for name in changed} | values,
        )

    def _write(
        self, kind: str, request: dict[str, object], others: list[dict[str, object]], token: str
    ) -> None:
        """One conditional write, or a transaction of it and of other puts. Raises `RecordMoved`."""
        request = request | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if others:
            writes = [{kind: request}, *({"Put": put} for put in others)]
            self._conditional("transact_write_items", token, TransactItems=writes)
        else:
            operation = "put_item" if kind == "Put" else "update_item"
            self._conditional(operation, token, **request)

    def _conditional(self, operation: str, token: str, **request: object) -> "Item":
        """Carries out a conditional write that puts `token` on the record. Raises `RecordMoved`.

        Returns:
            The record's item, where the response has it.
        """
        try:
            response = self._dynamo.call(operation, **request)
        except ConditionFailed as failed:
            if failed.item and failed.item.get(_WRITE_TOKEN) == {"S": token}:
                return failed.item
            raise RecordMoved(self._task(failed.item) if failed.item else None) from failed
        item: Item = response.get("Attributes", {})
        return item


def _new_token() -> str:
    return os.urandom(6).hex()
