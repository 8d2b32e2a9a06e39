"""A task, as its author, its hooks and the API see it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from handler.contract import Status
from handler.record.failures import TaskFailure
from handler.record.task_record import Progress, TaskRecord
from handler.table.conditions import ANY_OWNER
from handler.testing import ManualClock
from tests.handler.stack import Stack

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def record(**fields: Any) -> TaskRecord:
    return TaskRecord.model_validate(
        {"id": "t1", "definition_id": "someTask", "name": "n", "created_on": NOW} | fields
    )


def test_a_field_of_a_record_cannot_be_set() -> None:
    pending = record()

    with pytest.raises(ValidationError):
        pending.status = Status.SUCCESS  # type: ignore[misc]


@pytest.mark.parametrize(
    ("status", "answers"),
    [
        (Status.PENDING, {"is_open"}),
        (Status.RUNNING, {"is_open"}),
        (Status.SUCCESS, {"is_over", "has_succeeded"}),
        (Status.FAILED, {"is_over", "has_failed"}),
        (Status.ABORTED, {"is_over", "was_aborted"}),
    ],
)
def test_a_status_answers_whether_a_task_is_open_over_or_how_it_ended(
    status: Status, answers: set[str]
) -> None:
    task = record(status=status)

    questions = ("is_open", "is_over", "has_succeeded", "has_failed", "was_aborted")
    yes = {question for question in questions if getattr(task, question)}

    assert yes == answers


def test_names_are_camel_case_on_the_wire() -> None:
    task = record(parent_id="p")

    dumped = task.model_dump(by_alias=True)

    assert "status" not in dumped
    assert {
        "definitionId",
        "taskStatus",
        "parentId",
        "createdOn",
        "createdBy",
        "executionName",
    } <= set(dumped)


def test_moments_are_iso_text_with_milliseconds_on_the_wire() -> None:
    task = record(finished_on=NOW + timedelta(milliseconds=7))

    dumped = task.model_dump(by_alias=True, mode="json")

    assert dumped["createdOn"] == "2030-01-01T00:00:00.000Z"
    assert dumped["finishedOn"] == "2030-01-01T00:00:00.007Z"


def test_a_progress_has_a_number_done_alone_if_nothing_else_is_known() -> None:
    progress = Progress(done=3)

    assert progress.model_dump(exclude_none=True) == {"done": 3}


def test_every_moment_of_a_record_comes_back_from_the_table_to_the_millisecond(
    stack: Stack,
) -> None:
    stack.clock = ManualClock(datetime(2030, 1, 1, 0, 0, 0, 123_456, tzinfo=UTC))
    created = stack.create()
    stack.clock.advance(1.001)
    claimed = stack.claim(created)
    waiting = claimed.continued(now=stack.clock.now(), input={}, wait=60)
    stack.store.save(waiting, before=claimed, guard=ANY_OWNER)
    stack.clock.advance(1.001)
    failed = waiting.failed(now=stack.clock.now(), failure=TaskFailure(message="boom"))

    on_the_way = stack.get(created).to_record()
    stack.store.save(failed, before=waiting, guard=ANY_OWNER)
    at_the_end = stack.get(created).to_record()

    def moment(second: int, millisecond: int) -> datetime:
        return datetime(2030, 1, 1, 0, 0, second, millisecond * 1000, tzinfo=UTC)

    assert on_the_way.created_on == moment(0, 123)
    assert on_the_way.started_on == on_the_way.saved_on == moment(1, 124)
    assert on_the_way.waiting_until == moment(1, 124) + timedelta(seconds=60)
    assert at_the_end.finished_on == at_the_end.saved_on == moment(2, 125)
    assert at_the_end == failed.to_record()
    for task in (on_the_way, at_the_end):
        moments = (task.created_on, task.started_on, task.saved_on)
        assert all(isinstance(value, datetime) and value.tzinfo for value in moments)
