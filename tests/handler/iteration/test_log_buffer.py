"""What an iteration logs: lines wait for its outcome, or are written early."""

from typing import Any

import pytest

from handler.iteration.log_buffer import LogBuffer, TaskLogger
from handler.record.failures import TaskFailure
from handler.record.stored_task import StoredTask
from handler.record.task_log import LogType
from tests.handler.record.odd_values import ODD
from tests.handler.stack import Stack


@pytest.fixture
def claimed(stack: Stack) -> StoredTask:
    return stack.claim(stack.create())


def buffer_of(
    stack: Stack, task: StoredTask, *, enabled: bool = True, claimed_here: bool = True
) -> LogBuffer:
    return LogBuffer(
        task,
        logs=stack.store.logs,
        clock=stack.clock,
        enabled=enabled,
        claimed=claimed_here,
    )


@pytest.fixture
def buffer(stack: Stack, claimed: StoredTask) -> LogBuffer:
    buffer = buffer_of(stack, claimed)
    stack.dynamodb.requests.clear()
    return buffer


@pytest.fixture
def task_log(buffer: LogBuffer) -> TaskLogger:
    return TaskLogger(buffer)


def taken(buffer: LogBuffer) -> Any:
    """The lines that are not written yet."""
    log = buffer.take()
    assert log is not None
    return log.lines


def flush(stack: Stack, buffer: LogBuffer) -> None:
    """Writes the lines that are not written yet, if there are any."""
    if log := buffer.take():
        stack.store.logs.append(log)


def test_lines_wait_for_the_outcome(stack: Stack, buffer: LogBuffer, task_log: TaskLogger) -> None:
    task_log.info("One.", rows=3)
    task_log.info("Two.")

    assert stack.dynamodb.calls == []
    assert [(line.message, line.type, line.data) for line in taken(buffer)] == [
        ("One.", LogType.INFO, {"rows": 3}),
        ("Two.", LogType.INFO, None),
    ]


def test_lines_are_taken_once(buffer: LogBuffer, task_log: TaskLogger) -> None:
    task_log.info("One.")

    first, second = buffer.take(), buffer.take()

    assert first is not None
    assert second is None


def test_taken_lines_are_a_numbered_part_of_the_iterations_log(
    claimed: StoredTask, buffer: LogBuffer, task_log: TaskLogger
) -> None:
    task_log.info("One.")
    first = buffer.take()
    task_log.info("Two.")
    second = buffer.take()

    assert first
    assert second
    assert (first.task, first.iteration, first.part) == (claimed.id, 1, "000001")
    assert second.part == "000002"


def test_lines_of_a_visit_without_a_claim_stand_beside_the_iterations_own_parts(
    stack: Stack, claimed: StoredTask
) -> None:
    own, beside = buffer_of(stack, claimed), buffer_of(stack, claimed, claimed_here=False)
    for buffer, message in ((own, "Own."), (beside, "Beside.")):
        TaskLogger(buffer).info(message)
        flush(stack, buffer)

    messages = stack.messages(claimed)

    assert sorted(messages) == ["Beside.", "Own."]


def test_an_iteration_without_lines_has_no_log(stack: Stack, buffer: LogBuffer) -> None:
    log = buffer.take()

    assert log is None
    assert stack.dynamodb.calls == []


def test_100_kib_of_lines_are_written_in_part_before_the_outcome(
    stack: Stack, claimed: StoredTask, buffer: LogBuffer, task_log: TaskLogger
) -> None:
    for number in range(100):
        stack.clock.advance(0.01)
        task_log.info(f"Line {number}.", text="x" * 1_000)

    written = stack.messages(claimed)
    flush(stack, buffer)

    assert 0 < len(written) < 100
    assert stack.messages(claimed) == [f"Line {number}." for number in range(100)]


def test_lines_of_30_seconds_ago_are_written_with_the_next_line(
    stack: Stack, claimed: StoredTask, buffer: LogBuffer, task_log: TaskLogger
) -> None:
    task_log.info("One.")
    stack.clock.advance(29)
    task_log.info("Two.")
    before = stack.messages(claimed)

    stack.clock.advance(1)
    task_log.info("Three.")

    assert before == []
    assert stack.messages(claimed) == ["One.", "Two.", "Three."]
    assert buffer.take() is None


def test_the_first_line_after_a_write_waits_again(
    stack: Stack, claimed: StoredTask, task_log: TaskLogger
) -> None:
    task_log.info("One.")
    stack.clock.advance(30)
    task_log.info("Two.")
    stack.clock.advance(60)

    task_log.info("Three.")

    assert stack.messages(claimed) == ["One.", "Two."]


def test_the_line_of_the_outcome_waits_for_it_however_old_the_log_is(
    stack: Stack, buffer: LogBuffer, task_log: TaskLogger
) -> None:
    task_log.info("One.")
    stack.clock.advance(60)

    buffer.conclude("Task done.", data={"text": "x" * 100_000})

    assert stack.dynamodb.calls == []
    assert [line.message for line in taken(buffer)] == ["One.", "Task done."]


def test_lines_that_are_written_later_are_appended_to_the_iterations_log(
    stack: Stack, claimed: StoredTask, buffer: LogBuffer, task_log: TaskLogger
) -> None:
    for message in ("One.", "Two.", "Three."):
        stack.clock.advance(0.01)
        task_log.info(message)
        flush(stack, buffer)

    assert stack.messages(claimed) == ["One.", "Two.", "Three."]
    assert len(list(stack.store.logs.read(claimed.id))) == 1


def test_a_task_without_database_logs_keeps_no_lines(stack: Stack, claimed: StoredTask) -> None:
    buffer = buffer_of(stack, claimed, enabled=False)
    task_log = TaskLogger(buffer)

    task_log.info("One.", huge="x" * 100_000)
    task_log.error("Two.", ValueError("v"))
    buffer.conclude("three", failure=TaskFailure(message="three"))

    assert buffer.take() is None
    assert stack.messages(claimed) == []


def test_an_exception_is_logged_with_its_type_and_trace(
    buffer: LogBuffer, task_log: TaskLogger
) -> None:
    task_log.error("It failed.", ValueError("boom"), row=3)

    (line,) = taken(buffer)
    assert (line.message, line.type, line.data) == ("It failed.", LogType.ERROR, {"row": 3})
    assert (line.error.message, line.error.code) == ("boom", "ValueError")
    assert "ValueError: boom" in line.error.stack


@pytest.mark.parametrize(
    ("error", "message", "code", "given"),
    [
        ({"message": "boom", "code": 5}, "boom", "5", {"message": "boom", "code": 5}),
        ({"detail": "d"}, "It failed.", None, {"detail": "d"}),
        ({"message": "boom", "code": "C", "data": {"k": [1]}}, "boom", "C", None),
        ({"message": "boom", "data": [1]}, "boom", None, {"message": "boom", "data": [1]}),
        ("boom", "boom", None, None),
        (TaskFailure(message="boom", code="C"), "boom", "C", None),
    ],
)
def test_an_error_may_be_a_mapping_a_text_or_a_failure(
    buffer: LogBuffer, task_log: TaskLogger, error: Any, message: str, code: str | None, given: Any
) -> None:
    task_log.error("It failed.", error)

    (line,) = taken(buffer)
    assert line.type is LogType.ERROR
    assert (line.error.message, line.error.code, line.error.given) == (message, code, given)
    if isinstance(error, dict):
        assert line.error.to_line() == error


def test_an_error_line_without_an_error_is_of_type_error(
    buffer: LogBuffer, task_log: TaskLogger
) -> None:
    task_log.error("It failed.")

    (line,) = taken(buffer)
    assert (line.type, line.error) == (LogType.ERROR, None)


@pytest.mark.parametrize(
    ("message", "kept"),
    [("", "(no message)"), (5, "5"), (None, "None")],
    ids=["empty", "number", "none"],
)
def test_every_line_has_a_message(
    buffer: LogBuffer, task_log: TaskLogger, message: Any, kept: str
) -> None:
    task_log.info(message)

    assert [line.message for line in taken(buffer)] == [kept]


def test_a_message_of_10_000_characters_is_cut_to_4_000_and_says_so(
    buffer: LogBuffer, task_log: TaskLogger
) -> None:
    task_log.info("x" * 10_000)

    (line,) = taken(buffer)
    assert 3_990 <= len(line.message) <= 4_000
    assert line.message.endswith("characters more)")


def test_data_of_more_than_16_kib_is_replaced_by_a_note_of_its_size(
    buffer: LogBuffer, task_log: TaskLogger
) -> None:
    task_log.info("Read.", text="x" * 20_000)

    assert "20,011 bytes" in taken(buffer)[0].data["omitted"]


def test_the_data_of_an_error_of_more_than_16_kib_is_replaced_by_a_note(
    buffer: LogBuffer, task_log: TaskLogger
) -> None:
    task_log.error("It failed.", {"message": "boom", "text": "x" * 20_000})

    (line,) = taken(buffer)
    assert line.error.message == "boom"
    assert set(line.error.given) == {"omitted"}


def test_a_log_call_never_raises_whatever_it_is_given(
    stack: Stack, claimed: StoredTask, buffer: LogBuffer, task_log: TaskLogger
) -> None:
    for value in ODD:
        task_log.info("Read.", value=value)
        task_log.info(value)
        task_log.error("It failed.", value, value=value)
        task_log.error("It failed.", {"message": value, "code": value, "more": value})
        task_log.error(value, TaskFailure(message="boom"))
    flush(stack, buffer)

    assert len(stack.lines(claimed)) == 5 * len(ODD)


def test_each_line_has_the_moment_at_which_it_was_logged(
    stack: Stack, buffer: LogBuffer, task_log: TaskLogger
) -> None:
    start = stack.clock.now()

    task_log.info("One.")
    stack.clock.advance(2)
    task_log.info("Two.")

    moments = [(line.created_on - start).total_seconds() for line in taken(buffer)]
    assert moments == [0, 2]


def test_data_may_be_called_as_the_arguments_are(buffer: LogBuffer, task_log: TaskLogger) -> None:
    task_log.info("Read.", message="hello", self=1)
    task_log.error("Failed.", message="hello")

    assert [line.data for line in taken(buffer)] == [
        {"message": "hello", "self": 1},
        {"message": "hello"},
    ]
