"""A key that is used again: no write that was made for the task before touches the later one."""

import base64
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from handler.contract import MAX_RECORD_PAYLOAD_BYTES, Status
from handler.record import LogLine, StoredTask, TaskLog
from handler.table.conditions import ANY_OWNER, NO_OWNER, Guard, as_read, owned_by, paused_as
from handler.table.dynamo import ConditionFailed
from handler.table.keys import task_key
from handler.table.store import RecordMoved
from handler.testing.aws import aws_client
from tests.handler.stack import BUCKET, TABLE, Stack

BIG = base64.b64encode(random.Random(1).randbytes(MAX_RECORD_PAYLOAD_BYTES)).decode()
LATER: dict[str, dict[str, Any]] = {
    "pending": {},
    "claimed": {"execution_name": "execution-1", "iterations": 1, "claims_since_outcome": 1},
    "over": {"status": Status.SUCCESS},
    "with a hook": {"status": Status.SUCCESS, "pending_hook": "on_done"},
    "deleted": {"status": Status.SUCCESS, "deletion_pending": True},
}
GUARDS: Sequence[Callable[[StoredTask], Guard]] = (
    lambda _: ANY_OWNER,
    lambda _: NO_OWNER,
    owned_by,
    as_read,
    paused_as,
)


def objects() -> list[str]:
    found = aws_client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return sorted(each["Key"] for each in found)


def create(stack: Stack, **fields: Any) -> StoredTask:
    """A record, which may be marked as deleted."""
    fields = {"id": "t1", "definition_id": "someTask", "name": "Some task", "input": {}} | fields
    task = StoredTask.new(now=stack.clock.now(), **fields)
    assert stack.store.create(task)
    return task


def log_of(stack: Stack, task: StoredTask) -> TaskLog:
    return TaskLog.of(task, [LogLine.at(stack.clock.now(), "A line.")])


def used_again(stack: Stack, earlier: dict[str, Any], later: dict[str, Any]) -> StoredTask:
    """A task that is gone, as somebody has read it; another has its id, rows and a payload."""
    before = create(stack, **earlier)
    stack.dynamodb.delete_item(TableName=TABLE, Key=task_key("t1"))
    stack.clock.advance(1)
    after = create(stack, input={"text": BIG}, **later)
    stack.create(id="c1", parent_id="t1")
    stack.store.logs.append(log_of(stack, after))
    return before


@pytest.mark.parametrize("later", LATER.values(), ids=LATER)
@pytest.mark.parametrize("guard", GUARDS, ids=["any", "none", "owner", "as read", "paused"])
def test_no_outcome_is_written_to_it(
    stack: Stack, later: dict[str, Any], guard: Callable[[StoredTask], Guard]
) -> None:
    before = used_again(stack, LATER["claimed"], later)
    rows = stack.rows()

    with pytest.raises(RecordMoved):
        stack.store.save(
            before.aborted(now=stack.clock.now()),
            before=before,
            guard=guard(before),
            log=log_of(stack, before),
        )

    assert stack.rows() == rows


@pytest.mark.parametrize("later", LATER.values(), ids=LATER)
@pytest.mark.parametrize("earlier", ["over", "with a hook", "deleted"])
def test_no_follow_up_of_it_is_added_cleared_or_named(
    stack: Stack, later: dict[str, Any], earlier: str
) -> None:
    before = used_again(stack, LATER[earlier], later)
    rows, store = stack.rows(), stack.store

    assert not store.add_follow_up(before.deleted(now=stack.clock.now()), before=before)
    assert not store.add_follow_up(before.asked_for_expiry(now=stack.clock.now()), before=before)
    store.clear_follow_up(before.hook_ran(), before=before)
    store.clear_follow_up(before.dated(), before=before)
    with pytest.raises(RecordMoved):
        store.name_retry(before.retried_as("t2"), before=before, log=None)

    assert stack.rows() == rows


@pytest.mark.parametrize("later", LATER.values(), ids=LATER)
@pytest.mark.parametrize("earlier", ["over", "deleted"])
def test_a_slow_deletion_removes_nothing_of_it(
    stack: Stack, later: dict[str, Any], earlier: str
) -> None:
    before = used_again(stack, LATER[earlier], later)
    rows, kept = stack.rows(), objects()

    stack.store.delete(before)

    assert (stack.rows(), objects()) == (rows, kept)
    assert len(kept) == 1


@pytest.mark.parametrize("later", LATER.values(), ids=LATER)
def test_a_slow_dating_leaves_it_without_a_date_and_without_rows_of_another(
    stack: Stack, later: dict[str, Any]
) -> None:
    before = create(stack, status=Status.SUCCESS, expires_at=2_000_000_000)
    stack.store.logs.append(log_of(stack, before))
    stack.create(id="c0", parent_id="t1")

    def replace() -> None:
        stack.dynamodb.recover()
        stack.store.delete(before)
        stack.clock.advance(1)
        create(stack, **later)

    def before_the_batch(sent: str, request: dict[str, Any]) -> None:
        if sent == "batch_write_item":
            replace()

    stack.dynamodb.interference = before_the_batch

    stack.store.date_rows(before)

    assert [row["sk"]["S"] for row in stack.rows() if row["pk"]["S"] == "TASK#t1"] == ["TASK"]


def test_a_payload_that_is_written_before_its_record_outlives_the_deletion_that_it_waited_for(
    stack: Stack,
) -> None:
    before = create(stack, status=Status.SUCCESS)
    stack.clock.advance(1)

    def delete(sent: str, request: dict[str, Any]) -> None:
        if sent == "put_item":
            stack.dynamodb.recover()
            stack.store.delete(before)

    stack.dynamodb.interference = delete

    later = create(stack, input={"text": BIG})

    assert stack.store.get(later.id).input == {"text": BIG}


def test_a_deletion_in_many_batches_stops_where_the_key_is_used_again(stack: Stack) -> None:
    before = create(stack, status=Status.SUCCESS, deletion_pending=True)
    for number in range(60):
        line = before.model_copy(update={"iterations": number, "deletion_pending": False})
        stack.store.logs._dynamo.put_many(
            [stack.store.logs.put(log_of(stack, line), expires_at=None)["Item"]]  # type: ignore[list-item]
        )
    batches = iter(range(3))

    def replace(sent: str, request: dict[str, Any]) -> None:
        if sent == "transact_write_items" and next(batches) == 1:
            stack.dynamodb.recover()
            stack.store.delete(before)
            stack.clock.advance(1)
            stack.store.logs.append(log_of(stack, create(stack)))

    stack.dynamodb.interference = replace

    stack.store.delete(before)

    assert {row["sk"]["S"].partition("#")[0] for row in stack.rows()} == {"TASK", "LOG"}


def test_a_condition_that_does_not_hold_keeps_every_item(stack: Stack) -> None:
    task = create(stack, status=Status.SUCCESS)
    stack.store.logs.append(log_of(stack, task))
    other = task.model_copy(update={"created_text": "2029-01-01T00:00:00.000Z"})

    with pytest.raises(ConditionFailed):
        stack.store._dynamo.delete_many(
            stack.store._rows(task), only_if=stack.store._is_still(other)
        )

    assert len(stack.rows()) == 2
