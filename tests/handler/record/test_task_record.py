"""The task record, and the moves that a status may make."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from handler.contract import AnswerStatus, Status
from handler.record.task_record import ErrorRecord, LogLine, LogType, TaskLog, TaskRecord, new_id

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
LATER_ISO = "2030-01-01T00:05:00.000Z"


def new(**fields: Any) -> TaskRecord:
    return TaskRecord.new(
        now=NOW, definition_id="someTask", name="Some task", input={"a": 1}, **fields
    )


def running(**fields: Any) -> TaskRecord:
    return new(
        **{"status": Status.RUNNING, "iterations": 1, "claims": 1, "visit": "visit-1", **fields}
    )


def line(message: str, created_on: str = LATER_ISO) -> LogLine:
    return LogLine(message=message, created_on=created_on)


MOVES: dict[str, Callable[[TaskRecord], TaskRecord]] = {
    "continued": lambda record: record.continued(now=LATER, input={}, wait=0),
    "succeeded": lambda record: record.succeeded(now=LATER, output=None),
    "failed": lambda record: record.failed(now=LATER, error=ErrorRecord(message="boom")),
    "aborted": lambda record: record.aborted(now=LATER),
}


def test_a_new_task_is_pending_and_belongs_to_nobody() -> None:
    record = new()

    assert (record.status, record.iterations, record.execution_name) == (Status.PENDING, 0, None)
    assert record.created_on == record.saved_on == "2030-01-01T00:00:00.000Z"
    assert (record.started_on, record.finished_on, record.output) == (None, None, None)
    assert (record.tenant, record.locale) == ("root", "en-US")


def test_a_record_is_frozen() -> None:
    with pytest.raises(ValidationError):
        new().status = Status.SUCCESS  # type: ignore[misc]


def test_ids_are_24_hex_digits_and_sort_by_time() -> None:
    ids = [new_id(NOW + timedelta(seconds=second)) for second in range(5)]

    assert ids == sorted(ids)
    assert all(len(id) == 24 and int(id, 16) for id in ids)
    assert new_id(NOW) != new_id(NOW)


@pytest.mark.parametrize("closed", [Status.SUCCESS, Status.FAILED, Status.ABORTED])
@pytest.mark.parametrize("move", MOVES)
def test_a_status_only_moves_forward(closed: Status, move: str) -> None:
    record = running(status=closed)

    with pytest.raises(ValueError, match=f"is {closed}; it can't .* A status only moves forward"):
        MOVES[move](record)


@pytest.mark.parametrize("move", MOVES)
def test_each_outcome_remembers_the_visit_that_it_answers_and_ends_the_claim(move: str) -> None:
    after = MOVES[move](running())

    assert after.answer is not None
    assert after.answered_visit == "visit-1"
    assert after.claims == 0
    assert after.saved_on == LATER_ISO


def test_a_task_that_continues_keeps_its_status() -> None:
    after = running(spent=1).continued(now=LATER, input={"b": 2}, wait=0)

    assert (after.status, after.input, after.waiting_until, after.spent) == (
        Status.RUNNING,
        {"b": 2},
        None,
        1,
    )
    assert after.answer is AnswerStatus.CONTINUE


def test_a_wait_is_a_date_on_the_record() -> None:
    after = running().continued(now=LATER, input={}, wait=30)

    assert after.waiting_until == "2030-01-01T00:05:30.000Z"
    assert after.delay_left(LATER) == 30
    assert after.delay_left(LATER + timedelta(seconds=29.5)) == 1
    assert after.delay_left(LATER + timedelta(seconds=31)) == 0


def test_a_free_iteration_is_not_spent() -> None:
    assert running(spent=3).continued(now=LATER, input={}, wait=0, free=True).spent == 2


def test_attempts_start_anew_unless_it_is_a_retry() -> None:
    record = running(attempts=2)

    assert record.continued(now=LATER, input={}, wait=0).attempts == 0
    assert record.continued(now=LATER, input={}, wait=0, attempts=2).attempts == 2


def test_success_keeps_an_output_that_was_saved() -> None:
    record = running(output={"saved": 1})

    assert record.succeeded(now=LATER, output=None).output == {"saved": 1}
    assert record.succeeded(now=LATER, output={}).output == {}
    assert record.succeeded(now=LATER, output={"own": 2}).output == {"own": 2}
    assert record.succeeded(now=LATER, output=None).finished_on == LATER_ISO


def test_a_failure_stands_beside_an_output_that_was_saved() -> None:
    error = ErrorRecord(message="boom", code="C", data={"d": 1}, stack="Traceback")

    after = running(output={"saved": 1}).failed(now=LATER, error=error, hook="on_error")

    assert after.output == {"saved": 1, "error": {"message": "boom", "code": "C", "data": {"d": 1}}}
    assert (after.status, after.finished_on, after.hook) == (Status.FAILED, LATER_ISO, "on_error")


def test_an_abort_is_an_end_with_a_date() -> None:
    after = new().aborted(now=LATER)

    assert (after.status, after.finished_on) == (Status.ABORTED, LATER_ISO)


def test_a_deferred_task_belongs_to_its_execution_and_stays_pending() -> None:
    after = new(delay=60).deferred(now=NOW, until=LATER, execution_name="execution-1")

    assert (after.status, after.execution_name, after.waiting_until) == (
        Status.PENDING,
        "execution-1",
        LATER_ISO,
    )


@pytest.mark.parametrize(("passed", "left"), [(0, 60), (0.5, 60), (59.5, 1), (60, 0), (100, 0)])
def test_a_pending_task_has_its_delay_left(passed: float, left: int) -> None:
    assert new(delay=60).delay_left(NOW + timedelta(seconds=passed)) == left


def test_a_running_task_has_no_delay_left() -> None:
    assert running(delay=60).delay_left(NOW) == 0


def test_names_are_camel_case_on_the_wire() -> None:
    dumped = new(parent_id="p").model_dump(by_alias=True)

    assert {
        "definitionId",
        "taskStatus",
        "parentId",
        "createdOn",
        "createdBy",
        "executionName",
    } <= set(dumped)
    assert "status" not in dumped


def test_a_log_is_of_its_iteration_and_execution() -> None:
    log = running(execution_name="execution-1").log([line("one"), line("two")])

    assert (log.iteration, log.execution_name, log.created_on) == (1, "execution-1", LATER_ISO)
    assert [item.message for item in log.items] == ["one", "two"]
    assert log.items[0].type is LogType.INFO
    assert log.id == f"{log.task}-1"


def test_parts_of_a_log_are_joined_by_their_time() -> None:
    record = running()
    late = record.log([line("three", "2030-01-01T00:03:00.000Z")])
    early = record.log(
        [line("one", "2030-01-01T00:01:00.000Z"), line("two", "2030-01-01T00:02:00.000Z")]
    )

    joined = TaskLog.joined([late, early])

    assert [item.message for item in joined.items] == ["one", "two", "three"]
    assert joined.created_on == "2030-01-01T00:01:00.000Z"
    assert late.part != early.part
