"""The log rows of the tasks: append, read."""

from datetime import UTC, datetime, timedelta

import pytest

from handler.contract import Status
from handler.record.stored_task import StoredTask
from handler.record.task_log import LogLine, TaskLog
from handler.table.conditions import ANY_OWNER
from handler.table.keys import task_key
from handler.table.store import Store
from tests.handler.stack import TABLE, Stack

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DATE = int((NOW + timedelta(days=90)).timestamp())


@pytest.fixture
def store(stack: Stack) -> Store:
    return stack.store


def log_of(
    task: StoredTask, *messages: str, iteration: int = 1, at: datetime = NOW, part: int = 1
) -> TaskLog:
    current = task.model_copy(update={"iterations": iteration})
    return TaskLog.of(current, [LogLine.at(at, message) for message in messages], part=part)


def test_logs_are_read_one_per_iteration(stack: Stack, store: Store) -> None:
    task = stack.create(id="t1")
    for second, (iteration, message) in enumerate([(10, "d"), (1, "a"), (2, "b"), (2, "c")]):
        at = NOW + timedelta(seconds=second)
        store.logs.append(log_of(task, message, iteration=iteration, at=at))

    logs = [(log.iteration, [line.message for line in log.lines]) for log in store.logs.read("t1")]

    assert logs == [(1, ["a"]), (2, ["b", "c"]), (10, ["d"])]


@pytest.mark.parametrize(
    ("newest_first", "after_iteration", "iterations"),
    [
        (False, None, [1, 2, 3]),
        (True, None, [3, 2, 1]),
        (False, 0, [1, 2, 3]),
        (False, 1, [2, 3]),
        (True, 3, [2, 1]),
        (False, 3, []),
        (True, 1, []),
    ],
)
def test_logs_are_read_behind_an_iteration_in_either_direction(
    stack: Stack,
    store: Store,
    newest_first: bool,
    after_iteration: int | None,
    iterations: list[int],
) -> None:
    task = stack.create(id="t1")
    for iteration in (1, 2, 3):
        store.logs.append(log_of(task, "m", iteration=iteration))

    found = store.logs.read("t1", newest_first=newest_first, after_iteration=after_iteration)

    assert [log.iteration for log in found] == iterations


def test_the_lines_of_an_iteration_are_in_their_order_when_the_newest_come_first(
    stack: Stack, store: Store
) -> None:
    task = stack.create(id="t1")
    store.logs.append(log_of(task, "a", part=1))
    store.logs.append(log_of(task, "b", at=NOW + timedelta(seconds=1), part=2))

    [log] = store.logs.read("t1", newest_first=True)

    assert [line.message for line in log.lines] == ["a", "b"]


def test_a_task_has_no_lines_of_a_task_whose_id_starts_with_its_own(
    stack: Stack, store: Store
) -> None:
    store.logs.append(log_of(stack.create(id="t1"), "of t1"))
    store.logs.append(log_of(stack.create(id="t10"), "of t10"))

    messages = stack.messages("t1")

    assert messages == ["of t1"]


def ended(stack: Stack, *, expires_at: int | None = None) -> StoredTask:
    """A task that is over; its record has that date."""
    open_task = stack.create(id="t1")
    after = open_task.aborted(now=stack.clock.now()).expires(expires_at)
    stack.store.save(after, before=open_task, guard=ANY_OWNER)
    return after


@pytest.mark.parametrize("expires_at", [None, DATE])
def test_a_line_that_is_appended_to_a_finished_task_expires_with_it(
    stack: Stack, expires_at: int | None
) -> None:
    task = ended(stack, expires_at=expires_at)

    stack.store.logs.append(log_of(task, "m"))

    [row] = [row for row in stack.rows() if row["sk"]["S"] != "TASK"]
    assert row.get("expiresAt") == ({"N": str(expires_at)} if expires_at else None)


@pytest.mark.parametrize("number", [1, 2])
def test_a_line_has_the_date_that_its_record_gets_while_it_is_appended(
    stack: Stack, number: int
) -> None:
    task = ended(stack)

    def date(operation: str, request: dict[str, object]) -> None:
        if stack.dynamodb.calls.count("transact_write_items") == number:
            stack.dynamodb.recover()
            stack.dynamodb.update_item(
                TableName=TABLE,
                Key=task_key(task.id),
                UpdateExpression="SET expiresAt = :date",
                ExpressionAttributeValues={":date": {"N": str(DATE)}},
            )

    stack.dynamodb.requests.clear()
    stack.dynamodb.interference = date
    stack.store.logs.append(log_of(task, "m"))

    assert [row.get("expiresAt") for row in stack.rows()] == [{"N": str(DATE)}] * 2


def test_a_line_of_a_task_whose_key_is_used_again_meanwhile_is_dropped(stack: Stack) -> None:
    task = ended(stack)

    def use_again(operation: str, request: dict[str, object]) -> None:
        if stack.dynamodb.calls.count("transact_write_items") == 2:
            stack.dynamodb.recover()
            stack.store.delete(task)
            stack.create(id=task.id)

    stack.dynamodb.requests.clear()
    stack.dynamodb.interference = use_again
    stack.store.logs.append(log_of(task, "m"))

    assert stack.messages(task.id) == []


def test_a_line_of_an_open_task_has_no_date(stack: Stack) -> None:
    stack.store.logs.append(log_of(stack.create(id="t1"), "m"))

    assert not any("expiresAt" in row for row in stack.rows())


def test_a_line_of_a_task_that_is_gone_is_dropped(stack: Stack) -> None:
    task = stack.create(id="t1", status=Status.SUCCESS)
    stack.store.delete(task)

    stack.store.logs.append(log_of(task, "m"))

    assert stack.rows() == []


@pytest.mark.parametrize("is_over", [False, True])
def test_a_row_that_is_there_is_not_written_over(stack: Stack, is_over: bool) -> None:
    task = stack.create(id="t1")
    stack.store.logs.append(log_of(task, "stored with an outcome whose response was lost"))
    if is_over:
        stack.store.save(task.aborted(now=NOW), before=task, guard=ANY_OWNER)

    stack.store.logs.append(log_of(task, "This outcome was discarded."))

    assert stack.messages("t1") == ["stored with an outcome whose response was lost"]
