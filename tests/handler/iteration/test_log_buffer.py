"""What an iteration logs."""

from collections.abc import Callable
from typing import Any

import pytest

from handler.iteration.log_buffer import Journal
from handler.record.task_record import ErrorRecord, LogType, TaskRecord
from tests.handler.stack import Stack

Make = Callable[..., Journal]


@pytest.fixture
def record(stack: Stack) -> TaskRecord:
    return stack.create()


@pytest.fixture
def journal(stack: Stack, record: TaskRecord) -> Journal:
    return Journal(record, store=stack.store, clock=stack.clock, enabled=True)


def lines(journal: Journal) -> Any:
    log = journal.take()
    assert log is not None
    return log.items


def test_lines_wait_for_the_outcome(stack: Stack, journal: Journal) -> None:
    stack.dynamodb.requests.clear()

    journal.info("One.", rows=3)
    journal.info("Two.")

    assert stack.dynamodb.calls == []
    assert [(line.message, line.type, line.data) for line in lines(journal)] == [
        ("One.", LogType.INFO, {"rows": 3}),
        ("Two.", LogType.INFO, None),
    ]


def test_lines_are_taken_once(journal: Journal) -> None:
    journal.info("One.")

    assert journal.take() is not None
    assert journal.take() is None


def test_without_lines_there_is_no_log(stack: Stack, journal: Journal) -> None:
    stack.dynamodb.requests.clear()

    journal.flush()

    assert journal.take() is None
    assert stack.dynamodb.calls == []


def test_many_lines_are_written_before_they_are_too_many(
    stack: Stack, record: TaskRecord, journal: Journal
) -> None:
    for number in range(100):
        stack.clock.advance(0.01)
        journal.info(f"Line {number}.", text="x" * 1_000)

    written = stack.messages(record)
    assert 0 < len(written) < 100
    journal.flush()
    assert stack.messages(record) == [f"Line {number}." for number in range(100)]


def test_old_lines_are_written_with_the_next_one(
    stack: Stack, record: TaskRecord, journal: Journal
) -> None:
    journal.info("One.")
    stack.clock.advance(29)
    journal.info("Two.")
    assert stack.messages(record) == []

    stack.clock.advance(1)
    journal.info("Three.")

    assert stack.messages(record) == ["One.", "Two.", "Three."]
    assert journal.take() is None


def test_a_line_after_a_write_starts_the_time_anew(
    stack: Stack, record: TaskRecord, journal: Journal
) -> None:
    journal.info("One.")
    journal.flush()
    stack.clock.advance(60)

    journal.info("Two.")

    assert stack.messages(record) == ["One."]


def test_what_is_written_later_is_appended(
    stack: Stack, record: TaskRecord, journal: Journal
) -> None:
    for message in ("One.", "Two.", "Three."):
        stack.clock.advance(0.01)
        journal.info(message)
        journal.flush()

    assert stack.messages(record) == ["One.", "Two.", "Three."]
    assert len(list(stack.store.logs(record.id))) == 1


def test_nothing_is_kept_where_logs_are_off(stack: Stack, record: TaskRecord) -> None:
    journal = Journal(record, store=stack.store, clock=stack.clock, enabled=False)

    journal.info("One.", huge="x" * 100_000)
    journal.error("Two.", ValueError("v"))
    journal.conclude("three", ErrorRecord(message="three"))
    journal.flush()

    assert journal.take() is None
    assert stack.messages(record) == []


def test_an_exception_is_logged_with_its_type_and_trace(journal: Journal) -> None:
    journal.error("It failed.", ValueError("boom"), row=3)

    (line,) = lines(journal)
    assert (line.message, line.type, line.data) == ("It failed.", LogType.ERROR, {"row": 3})
    assert (line.error.message, line.error.code) == ("boom", "ValueError")
    assert "ValueError: boom" in line.error.stack


def test_an_error_needs_no_exception(journal: Journal) -> None:
    journal.error("It failed.")
    journal.error("It failed.", {"message": "boom", "code": 5})
    journal.error("It failed.", {"detail": "d"})

    bare, coded, detailed = lines(journal)
    assert bare.error is None
    assert bare.type is LogType.ERROR
    assert (coded.error.message, coded.error.code) == ("boom", "5")
    assert (detailed.error.message, detailed.error.data) == ("It failed.", {"detail": "d"})


@pytest.mark.parametrize(
    ("message", "kept"),
    [("", "(no message)"), ("x" * 10_000, "x" * 4_000), (5, "5"), (None, "None")],
)
def test_every_line_has_a_message_of_bearable_length(
    journal: Journal, message: Any, kept: str
) -> None:
    journal.info(message)

    assert [line.message for line in lines(journal)] == [kept]


def test_data_beyond_16_kib_is_left_out_with_a_note_of_its_size(journal: Journal) -> None:
    journal.info("Read.", text="x" * 20_000)

    assert "20,011 bytes" in lines(journal)[0].data["omitted"]


def test_odd_data_does_not_fail_a_task(journal: Journal) -> None:
    circular: dict[str, object] = {}
    circular["self"] = circular

    journal.info("Read.", thing=object(), nan=float("nan"), circular=circular)
    journal.info("Read.", text="\udcff")

    assert len(lines(journal)) == 2


def test_lines_are_dated_as_they_are_logged(stack: Stack, journal: Journal) -> None:
    journal.info("One.")
    stack.clock.advance(2)
    journal.info("Two.")

    assert [line.created_on for line in lines(journal)] == [
        "2030-01-01T00:00:00.000Z",
        "2030-01-01T00:00:02.000Z",
    ]
