"""Fills a table with tasks that look as if they had run: many, and at once."""

import itertools
import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Final

from handler.clock import SystemClock
from handler.contract import Status
from handler.record.failures import TaskFailure
from handler.record.stored_task import StoredTask
from handler.record.task_record import Identity, Progress
from handler.record.task_settings import TaskSettings
from handler.table import (
    Dynamo,
    KnownSettings,
    PayloadBucket,
    SettingsTable,
    Store,
    items,
    keys,
)
from tests.running import Running

_A_REQUEST: Final = 25  # DynamoDB's most, of a BatchWriteItem
_THREADS: Final = 4
_SECONDS: Final = 60.0  # that a request may take, with what is tried again
# The recovery leaves them alone: none of them is due while a test runs.
_DUE: Final = timedelta(days=300)
_ANN: Final = Identity(
    id="arn:aws:sts::111122223333:assumed-role/Support/ann", display_name="ann", type="iam"
)
_CODES: Final = ("NO_ADDRESS", "TIMEOUT", "RATE_LIMITED", "ValueError")
_WORDS: Final = ("Orders of the day", "Invoices", "Newsletter", "Search index", "Thumbnails")
_DEFINITIONS: Final = ("importOrders", "shipOrder", "packBoxes", "talkALot", "takeAnything")
_SHARES: Final = (
    (Status.SUCCESS, 70),
    (Status.FAILED, 14),
    (Status.ABORTED, 6),
    (Status.RUNNING, 6),
    (Status.PENDING, 4),
)


def some_tasks(count: int, *, seed: int = 1, minutes: float = 1) -> Iterator[StoredTask]:
    """Tasks of all states, each some time before the one before it.

    Args:
        seed: the same one makes the same tasks, but for their moments.
        minutes: between two of them.
    """
    dice = random.Random(seed)
    statuses, weights = [each for each, _ in _SHARES], [share for _, share in _SHARES]
    now = SystemClock().now()
    for number in range(count):
        created = now - timedelta(minutes=minutes * number, seconds=5)
        [status] = dice.choices(statuses, weights)
        yield _task(number, created, status, dice)


def a_task(**changes: Any) -> StoredTask:
    """One task: what is not said is that of a task that has just succeeded."""
    [task] = some_tasks(1)
    return task.model_copy(update=changes)


def seed(running: Running, tasks: Iterable[StoredTask]) -> int:
    """Writes tasks into the table of a stack; returns how many."""
    client, table = running.client("dynamodb"), running.table
    rows = (row for task in tasks for row in _rows(task))

    def write(batch: list[Any]) -> None:
        left: Any = {table: [{"PutRequest": {"Item": item}} for item in batch]}
        while left:
            left = client.batch_write_item(RequestItems=left).get("UnprocessedItems")

    with ThreadPoolExecutor(_THREADS) as pool:
        batches = list(_batches(rows))
        for _ in pool.map(write, batches):
            pass
    return sum(item["sk"]["S"] == "TASK" for batch in batches for item in batch)


def create(running: Running, task: StoredTask) -> str:
    """Writes one task, as the system does: what is long of it stands in the bucket.

    An input of more than the API takes can be made by code alone, and by this.
    """
    clock = SystemClock()
    dynamo = Dynamo(
        running.client("dynamodb"), table=running.table, clock=clock, remaining=lambda: _SECONDS
    )
    settings = SettingsTable(
        dynamo, clock=clock, deployed=TaskSettings(retention_days=14), known=KnownSettings()
    )
    name = str(running.deployed.outputs["payloadBucketName"])
    bucket = PayloadBucket(running.client("s3"), name=name)
    assert Store(dynamo, clock=clock, bucket=bucket, settings=settings).create(task)
    return task.id


def _task(number: int, created: datetime, status: Status, dice: random.Random) -> StoredTask:
    task = StoredTask.new(
        now=created,
        definition_id=_DEFINITIONS[number % len(_DEFINITIONS)],
        name=f"{dice.choice(_WORDS)} {number + 1:,}",
        input={"source": f"s3://orders/{number}.csv", "count": dice.randint(10, 900)},
        created_by=_ANN,
        tags={"team": dice.choice(("shop", "blog"))},
    )
    changes: dict[str, Any] = {"status": status, "due_on": created + _DUE}
    if status is not Status.PENDING:
        changes |= {
            "started_on": created + timedelta(seconds=1),
            "iterations": dice.randint(1, 5),
            "attempts": 1,
            "execution_name": f"seeded-{number}",
        }
    total = dice.randint(100, 9_000)
    if status is Status.RUNNING:
        done = dice.randint(1, total)
        rate = dice.uniform(1, 40)
        changes["progress"] = Progress(
            done=done, total=total, rate=rate, remaining_seconds=(total - done) / rate
        )
    if not status.is_open:
        changes |= {
            "due_on": None,
            "finished_on": created + timedelta(seconds=dice.uniform(2, 900)),
        }
    if status is Status.SUCCESS:
        changes |= {
            "output": {"rows": total},
            "progress": Progress(done=total, total=total),
        }
    if status is Status.FAILED:
        code = dice.choice(_CODES)
        failure = TaskFailure(message=f"Row {number} could not be read: {code}.", code=code)
        changes |= {"output": {"error": failure.to_wire()}, "error_code": code}
    return task.model_copy(update=changes)


def _rows(task: StoredTask) -> Iterator[dict[str, Any]]:
    payloads = items.encoded({"input": task.input, "output": task.output})
    yield {**items.task_item(task), **payloads}
    for key in keys.tag_keys(task):
        yield dict(key)


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(rows)
    while batch := list(itertools.islice(left, _A_REQUEST)):
        yield batch
