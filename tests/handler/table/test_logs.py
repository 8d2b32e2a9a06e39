"""The log rows of the tasks: append, read, let expire."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handler.record.stored_task import StoredTask
from handler.record.task_log import LogLine, TaskLog
from handler.table.store import Store
from tests.handler.stack import Stack

NOW = datetime(2030, 1, 1, tzinfo=UTC)
EXPIRY = {"N": str(int((NOW + timedelta(days=90)).timestamp()))}


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


def test_logs_of_a_finished_task_expire_after_the_days_of_retention(stack: Stack) -> None:
    stack.settings = replace(stack.settings, retention_days=90)
    task = stack.create(id="t1")
    for part in range(30):  # more than one batch
        stack.store.logs.append(log_of(task, "m", part=part))

    stack.store.logs.expire(task)

    rows = [row for row in stack.rows() if row["sk"]["S"].startswith("LOG#")]
    assert [row.get("expiresAt") for row in rows] == [EXPIRY] * 30
    assert len(stack.messages("t1")) == 30


def test_a_second_expire_writes_nothing(stack: Stack) -> None:
    stack.settings = replace(stack.settings, retention_days=90)
    task = stack.create(id="t1")
    stack.store.logs.append(log_of(task, "m"))
    stack.store.logs.expire(task)
    stack.clock.advance(timedelta(days=1))
    rows = stack.rows()
    stack.dynamodb.requests.clear()

    stack.store.logs.expire(task)

    assert stack.rows() == rows
    assert stack.dynamodb.calls == ["query"]


def test_a_line_that_is_appended_to_a_finished_task_expires(stack: Stack) -> None:
    stack.settings = replace(stack.settings, retention_days=90)
    task = stack.create(id="t1")

    stack.store.logs.append(log_of(task, "m"), expires=True)

    assert [row["expiresAt"] for row in stack.rows() if row["sk"]["S"] != "TASK"] == [EXPIRY]


def test_without_days_of_retention_no_log_expires(stack: Stack, store: Store) -> None:
    task = stack.create(id="t1")
    store.logs.append(log_of(task, "m"), expires=True)
    stack.dynamodb.requests.clear()

    store.logs.expire(task)

    assert stack.dynamodb.calls == []
    assert not any("expiresAt" in row for row in stack.rows())
