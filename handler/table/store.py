"""DynamoDB: create, claim, save, read. The only module that knows the table."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from handler.clock import Clock, RemainingSeconds
from handler.contract import PARTITION_KEY, SORT_KEY, EnvVar, Index, Status
from handler.errors import NotFound, StoreError
from handler.record.task_record import TaskLog, TaskRecord
from handler.table import items
from handler.table.conditions import CLAIM, CLAIMABLE, Claim, Guard
from handler.table.dynamo import ConditionFailed, Dynamo
from handler.table.index_query import Selection
from handler.table.payloads import Blobs

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from handler.table.items import Item

# BatchGetItem takes 100 keys, BatchWriteItem 25 (API reference).
_BATCH_GET: Final = 100
_BATCH_WRITE: Final = 25


class Superseded(Exception):
    """A write did not happen, because the record had moved on; `record` is what it has become,
    `None` if it is gone.
    """

    def __init__(self, record: TaskRecord | None) -> None:
        super().__init__("The record has moved on.")
        self.record = record


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The ids of some of the tasks that were asked for."""

    ids: tuple[str, ...]
    cursor: Mapping[str, str] | None  # where the next page starts; None on the last


class Store:
    """The table of tasks and their logs.

    Args:
        client: a DynamoDB client.
        table_name: the stack's table.
        clock: tells the time, and sleeps between tries.
        remaining: how many seconds the invocation has left.
        blobs: where payloads are kept that a record has no room for; without it, they are refused.
        retention_days: how long finished tasks and their logs are kept; 0 is for ever.

    Raises (every method):
        StoreUnavailable: the table stayed unreachable or throttled for as long as there was time.
        StoreError: the table refused the request for another reason.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        *,
        table_name: str,
        clock: Clock,
        remaining: RemainingSeconds,
        blobs: Blobs | None = None,
        retention_days: int = 0,
    ) -> None:
        self._blobs = blobs
        self._dynamo = Dynamo(client, clock=clock, remaining=remaining)
        self._table = table_name
        self._clock = clock
        self._retention_days = retention_days

    def create(self, record: TaskRecord, *, log: TaskLog | None = None) -> bool:
        """Writes a new record, and its parent's note of it; returns whether there was none of that
        id: one that is stays.
        """
        item, blobs = self._item(record)
        self._upload(blobs)
        put: dict[str, object] = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": f"attribute_not_exists({PARTITION_KEY})",
        }
        others: list[dict[str, object]] = []
        if record.parent_id:
            others.append({"TableName": self._table, "Item": items.child_key(record)})
        if log:
            others.append(self._log_put(log, closes=not record.status.is_open))
        try:
            self._write("Put", put, others)
        except Superseded:
            return False
        return True

    def get(self, id: str) -> TaskRecord:
        """Reads a record, consistently. Raises `NotFound`."""
        if (record := self.find(id)) is None:
            raise NotFound(f'Task "{id}" was not found!', data={"id": id})
        return record

    def find(self, id: str) -> TaskRecord | None:
        answer = self._dynamo.call(
            "get_item", TableName=self._table, Key=items.task_key(id), ConsistentRead=True
        )
        return self._record(answer["Item"]) if "Item" in answer else None

    def status(self, id: str) -> Status | None:
        """Reads a task's status alone, consistently; `None` if there is no such task."""
        answer = self._dynamo.call(
            "get_item",
            TableName=self._table,
            Key=items.task_key(id),
            ConsistentRead=True,
            ProjectionExpression="taskStatus",
        )
        return Status(answer["Item"]["taskStatus"]["S"]) if "Item" in answer else None

    def claim(self, claim: Claim) -> TaskRecord:
        """Starts an iteration: one request that checks, counts, and returns the record as it now
        is.

        It refuses when the task is closed, belongs to another execution, has run `max_iterations`
        times, or has already answered this visit of `Run`.

        Raises:
            Superseded: it was refused; the record says why.
        """
        try:
            answer = self._dynamo.call(
                "update_item",
                TableName=self._table,
                Key=items.task_key(claim.task_id),
                UpdateExpression=CLAIM,
                ConditionExpression=CLAIMABLE,
                ExpressionAttributeValues=claim.values(self._clock.now()),
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ConditionFailed as failed:
            record = self._record(failed.item) if failed.item else None
            if (
                record
                and record.invocation == claim.invocation
                and record.status.is_open
                and record.claims
            ):
                return record  # this very request had been carried out, and its answer lost
            raise Superseded(record) from failed
        return self._record(answer["Attributes"])

    def save(
        self, after: TaskRecord, *, before: TaskRecord, guard: Guard, log: TaskLog | None = None
    ) -> None:
        """Writes what `after` changed, with `log`, in one transaction, if `guard` holds.

        Raises:
            Superseded: it doesn't hold; nothing was written.
        """
        (old, _), (new, blobs) = self._item(before), self._item(after)
        changed, removed = items.changes(old, new)
        if not changed and not removed:
            changed = {
                "savedOn": new["savedOn"]
            }  # DynamoDB takes no update of nothing; the guard is checked all the same
        condition, values = guard.condition()
        self._upload({key: blobs[key] for key in items.blob_keys(changed)})
        others = [self._log_put(log, closes=not after.status.is_open)] if log else []
        self._write("Update", self._update(after.id, changed, removed, condition, values), others)
        self._discard(items.blob_keys(old) - items.blob_keys(new))
        if not after.status.is_open and self._retention_days:
            self._discard(items.blob_keys(new))

    def settle(self, after: TaskRecord, *, before: TaskRecord) -> None:
        """Notes on a closed task that something its end left to be done is done; whoever comes
        second changes nothing.
        """
        changed, removed = items.changes(self._item(before)[0], self._item(after)[0])
        due = f"attribute_exists({Index.OPEN.partition_key}) AND taskStatus = :guard_status"
        update = self._update(
            after.id, changed, removed, due, items.encoded({":guard_status": before.status})
        )
        try:
            self._write("Update", update, [])
        except Superseded:
            return

    def append(self, log: TaskLog, *, closes: bool = False) -> None:
        """Adds lines to a task's log, whatever its status; `closes` where the task is over, so that
        they expire with it.
        """
        self._dynamo.call("put_item", **self._log_put(log, closes=closes))

    def records(self, ids: Sequence[str]) -> list[TaskRecord]:
        """Reads many records, in the order of `ids`; those that are gone are left out."""
        found: dict[str, TaskRecord] = {}
        unique = list(dict.fromkeys(ids))  # a batch takes each key once
        for start in range(0, len(unique), _BATCH_GET):
            keys = [items.task_key(id) for id in unique[start : start + _BATCH_GET]]
            found |= {
                record.id: record
                for record in map(self._record, self._dynamo.batch_get(self._table, keys))
            }
        return [found[id] for id in unique if id in found]

    def page(
        self,
        selection: Selection,
        *,
        newest_first: bool = True,
        limit: int,
        cursor: Mapping[str, str] | None = None,
    ) -> Page:
        """The ids of at most `limit` tasks of a selection, from behind `cursor` on."""
        start = {"ExclusiveStartKey": items.encoded(cursor)} if cursor else {}
        query = (
            selection.query(self._table)
            | {"ScanIndexForward": not newest_first, "Limit": limit}
            | start
        )
        answer = self._dynamo.call("query", **query)
        return Page(
            ids=tuple(map(items.task_id, answer["Items"])),
            cursor=items.texts(answer.get("LastEvaluatedKey", {})) or None,
        )

    def count(self, selection: Selection) -> int:
        """How many tasks a selection has; it reads all their keys."""
        return sum(
            int(answer["Count"])
            for answer in self._dynamo.pages(selection.query(self._table) | {"Select": "COUNT"})
        )

    def select(self, selection: Selection) -> Iterator[TaskRecord]:
        """Every record of a selection, oldest first."""
        for answer in self._dynamo.pages(selection.query(self._table)):
            yield from self.records([items.task_id(item) for item in answer["Items"]])

    def open_tasks(self) -> Iterator[TaskRecord]:
        """Every task, of any tenant, that is open or whose hook is still due; oldest first."""
        return self.select(Selection(Index.OPEN, items.OPEN))

    def children(self, parent_id: str) -> list[TaskRecord]:
        """Every child of a task, read consistently, oldest first."""
        return list(self.select(Selection(None, parent_id)))

    def logs(
        self, task_id: str, *, newest_first: bool = False, beyond: int | None = None
    ) -> Iterator[TaskLog]:
        """A task's logs, one per iteration, by iteration; from behind the iteration `beyond` on, in
        the same direction.
        """
        # Rows are LOG#<iteration, ten digits>#...; "~" sorts behind every digit.
        first = "" if beyond is None or newest_first else f"{beyond:010d}~"
        last = "~" if beyond is None or not newest_first else f"{beyond:010d}"
        rows = self._rows(
            task_id,
            f"{items.LOG_ROWS}{first}",
            f"{items.LOG_ROWS}{last}",
            newest_first=newest_first,
        )
        for _, same in itertools.groupby(
            map(items.task_log, rows), key=lambda part: part.iteration
        ):
            yield TaskLog.joined(same)

    def expire_logs(self, record: TaskRecord) -> None:
        """Lets the logs of a closed task expire with it. A log is never changed, so that writing it
        again is safe.
        """
        expires_at = self._expiry()
        rows = self._rows(record.id, items.LOG_ROWS, f"{items.LOG_ROWS}~") if expires_at else []
        puts = [
            {"PutRequest": {"Item": row | items.expiry(expires_at)}}
            for row in rows
            if items.expiry(expires_at).keys() - row.keys()
        ]
        for start in range(0, len(puts), _BATCH_WRITE):
            self._dynamo.batch_write(self._table, puts[start : start + _BATCH_WRITE])
        self.settle(record.closed(), before=record)

    def delete(self, record: TaskRecord) -> None:
        """Deletes a closed task: its logs, what it knew of its children and its payloads in S3,
        then its record.

        Raises:
            Superseded: the record is gone already.
        """
        rows = [
            *self._rows(record.id, items.CHILD_ROWS, f"{items.CHILD_ROWS}~"),
            *self._rows(record.id, items.LOG_ROWS, f"{items.LOG_ROWS}~"),
        ]
        for key in items.blob_keys(self._item(record)[0]):
            self._bucket().delete(key)
        deletes = [
            {"DeleteRequest": {"Key": {key: row[key] for key in (PARTITION_KEY, SORT_KEY)}}}
            for row in rows
        ]
        for start in range(0, len(deletes), _BATCH_WRITE):
            self._dynamo.batch_write(self._table, deletes[start : start + _BATCH_WRITE])
        try:
            self._dynamo.call(
                "delete_item",
                TableName=self._table,
                Key=items.task_key(record.id),
                ConditionExpression=f"attribute_exists({PARTITION_KEY})",
            )
        except ConditionFailed as failed:
            raise Superseded(None) from failed

    def _rows(
        self, task_id: str, first: str, last: str, *, newest_first: bool = False
    ) -> "Iterator[Item]":
        """The rows of a task's partition between two range keys, read consistently."""
        query: dict[str, object] = {
            "TableName": self._table,
            "KeyConditionExpression": (
                f"{PARTITION_KEY} = :task AND {SORT_KEY} BETWEEN :first AND :last"
            ),
            "ExpressionAttributeValues": {
                ":task": items.task_key(task_id)[PARTITION_KEY],
                ":first": {"S": first},
                ":last": {"S": last},
            },
            "ScanIndexForward": not newest_first,
            "ConsistentRead": True,
        }
        for answer in self._dynamo.pages(query):
            yield from answer["Items"]

    def _item(self, record: TaskRecord) -> "tuple[Item, dict[str, bytes]]":
        """The record's item, and the payloads that it has no room for, by where they are kept."""
        item = items.task_item(record, expires_at=None if record.status.is_open else self._expiry())
        return items.offload(item, record.id)

    def _record(self, item: "Item") -> TaskRecord:
        return items.task_record(items.onload(item, self._read_blob))

    def _read_blob(self, key: str) -> bytes:
        return self._bucket().get(key)

    def _upload(self, blobs: Mapping[str, bytes]) -> None:
        for key, content in blobs.items():
            self._bucket().put(key, content)

    def _discard(self, keys: set[str]) -> None:
        """Lets payloads go: after the days of retention, for somebody may still be reading them; at
        once if there are none.
        """
        for key in keys:
            if self._retention_days:
                self._bucket().expire(key)
            else:
                self._bucket().delete(key)

    def _bucket(self) -> Blobs:
        if self._blobs is None:
            raise StoreError(
                "An input or output is larger than a record has room for, and there is no bucket"
                f" for it: set {EnvVar.PAYLOAD_BUCKET_NAME} to the stack's output"
                " payloadBucketName."
            )
        return self._blobs

    def _expiry(self) -> int | None:
        """When what ends now expires: seconds since 1970, as DynamoDB's time to live takes it."""
        if not self._retention_days:
            return None
        return int((self._clock.now() + timedelta(days=self._retention_days)).timestamp())

    def _log_put(self, log: TaskLog, *, closes: bool) -> dict[str, object]:
        return {
            "TableName": self._table,
            "Item": items.log_item(log, expires_at=self._expiry() if closes else None),
        }

    def _update(
        self, id: str, changed: "Item", removed: set[str], condition: str, values: "Item"
    ) -> dict[str, object]:
        sets = [f"#{name} = :{name}" for name in sorted(changed)]
        removes = [f"#{name}" for name in sorted(removed)]
        clauses = (["SET " + ", ".join(sets)] if sets else []) + (
            ["REMOVE " + ", ".join(removes)] if removes else []
        )
        return {
            "TableName": self._table,
            "Key": items.task_key(id),
            "UpdateExpression": " ".join(clauses),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {f"#{name}": name for name in {*changed, *removed}},
            "ExpressionAttributeValues": (
                {f":{name}": value for name, value in changed.items()} | values
            ),
        }

    def _write(
        self, kind: str, request: dict[str, object], others: list[dict[str, object]]
    ) -> None:
        """One conditional write, or a transaction of it and of other puts."""
        request = request | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        try:
            if others:
                self._dynamo.call(
                    "transact_write_items",
                    TransactItems=[{kind: request}, *({"Put": put} for put in others)],
                )
            else:
                self._dynamo.call("put_item" if kind == "Put" else "update_item", **request)
        except ConditionFailed as failed:
            raise Superseded(self._record(failed.item) if failed.item else None) from failed
