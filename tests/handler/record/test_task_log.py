"""A task's log: lines, parts, and how parts are joined."""

from datetime import UTC, datetime, timedelta
from typing import Any

from handler.record.failures import TaskFailure
from handler.record.stored_task import StoredTask
from handler.record.task_log import LogLine, LogType, TaskLog

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def running(**fields: Any) -> StoredTask:
    fields = {"iterations": 1} | fields
    return StoredTask.new(now=NOW, definition_id="someTask", name="n", input={}, **fields)


def line(message: str, *, minute: int = 5) -> LogLine:
    return LogLine.at(NOW + timedelta(minutes=minute), message)


def test_a_log_is_of_its_tasks_iteration_and_execution() -> None:
    task = running(execution_name="execution-1")

    log = TaskLog.of(task, [line("one"), line("two", minute=6)])

    assert (log.task, log.iteration, log.execution_name) == (task.id, 1, "execution-1")
    assert log.created_on == NOW + timedelta(minutes=5)
    assert log.created_by == task.created_by
    assert [each.message for each in log.lines] == ["one", "two"]
    assert log.id == f"{task.id}-1"


def test_a_line_without_an_error_is_of_type_info() -> None:
    logged = LogLine.at(NOW, "one")

    assert (logged.message, logged.created_on, logged.type) == ("one", NOW, LogType.INFO)
    assert logged.error is None


def test_a_line_with_an_error_is_of_type_error() -> None:
    failure = TaskFailure(message="boom")

    logged = LogLine.at(NOW, "one", failure)

    assert (logged.type, logged.error) == (LogType.ERROR, failure)


def test_lines_are_called_items_on_the_wire() -> None:
    log = TaskLog.of(running(), [line("one")])

    dumped = log.model_dump(by_alias=True, mode="json")

    assert "lines" not in dumped
    assert [item["message"] for item in dumped["items"]] == ["one"]
    assert dumped["items"][0]["createdOn"] == "2030-01-01T00:05:00.000Z"
    assert TaskLog.model_validate(dumped) == log


def test_numbered_parts_of_an_iteration_sort_by_their_number() -> None:
    parts = [TaskLog.of(running(), [line("m")], part=number).part for number in (1, 2, 10, 100)]

    assert parts == sorted(parts)


def test_a_part_without_a_number_has_a_name_of_its_own_behind_the_numbered_ones() -> None:
    first = TaskLog.of(running(), [line("m")])
    second = TaskLog.of(running(), [line("m")])

    assert first.part != second.part
    assert min(first.part, second.part) > TaskLog.of(running(), [line("m")], part=999_999).part


def test_parts_are_joined_with_their_lines_in_the_order_of_time() -> None:
    task = running()
    late = TaskLog.of(task, [line("two", minute=2), line("four", minute=4)])
    early = TaskLog.of(task, [line("one", minute=1), line("three", minute=3)])

    joined = TaskLog.joined([late, early])

    assert [each.message for each in joined.lines] == ["one", "two", "three", "four"]
    assert joined.created_on == NOW + timedelta(minutes=1)
