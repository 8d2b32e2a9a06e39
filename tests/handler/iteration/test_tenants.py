"""An event that names another tenant than its task's: for that tenant there is no such task."""

from collections.abc import Callable
from typing import Any

import pytest

from handler import Concurrency, Context, Continue, Done, Failed, TaskRecord, task
from handler.contract import ErrorCode
from tests.handler.simple_tasks import returning
from tests.handler.stack import Stack

Made = Callable[[Stack], TaskRecord]


@task(id="oneAtATime", concurrency=Concurrency(1))
def one_at_a_time(context: Context) -> Continue:
    return Continue(wait=60)


def pending(stack: Stack) -> TaskRecord:
    return stack.trigger(returning(Done()), tenant="acme")


def delayed(stack: Stack) -> TaskRecord:
    return stack.trigger(returning(Done()), tenant="acme", delay=60)


def in_its_delay(stack: Stack) -> TaskRecord:
    record = delayed(stack)
    stack.run(record, delay=60)
    return record


def asleep(stack: Stack) -> TaskRecord:
    record = stack.trigger(returning(Continue(wait=60)), tenant="acme")
    stack.run(record)
    return record


def paused(stack: Stack) -> TaskRecord:
    record = pending(stack)
    stack.tasks.pause(record.id)
    return record


def held(stack: Stack) -> TaskRecord:
    stack.definitions = (returning(Done()),)
    stack.tasks.pause_definition(returning(Done()).id)
    record = pending(stack)
    stack.run(record)
    return record


def queued(stack: Stack) -> TaskRecord:
    stack.run(stack.trigger(one_at_a_time, tenant="acme"))
    return stack.trigger(one_at_a_time, tenant="acme")


def over(stack: Stack) -> TaskRecord:
    record = pending(stack)
    stack.run(record)
    return record


def failed(stack: Stack) -> TaskRecord:
    record = stack.trigger(returning(Failed("No.")), tenant="acme")
    stack.run(record)
    return record


def aborted(stack: Stack) -> TaskRecord:
    record = pending(stack)
    stack.tasks.abort(record.id)
    return record


@pytest.mark.parametrize("execution", ["execution-1", "another"])
@pytest.mark.parametrize("delay", [0, 60])
@pytest.mark.parametrize(
    "made",
    [pending, delayed, in_its_delay, asleep, paused, held, queued, over, failed, aborted],
)
def test_its_event_finds_nothing_and_changes_nothing(
    stack: Stack, made: Made, delay: int, execution: str
) -> None:
    record = made(stack)
    before = stack.rows()

    answer = stack.run(record, tenant="eve", delay=delay, execution=execution, visit="visit-9")

    assert (answer["status"], answer["tenant"]) == ("error", "eve")
    assert answer["error"] == {
        "message": f'Task "{record.id}" cannot be executed because it does not exist.',
        "code": ErrorCode.TASK_NOT_FOUND,
    }
    assert stack.rows() == before


def test_its_own_event_runs_it_all_the_same(stack: Stack) -> None:
    record: Any = pending(stack)
    stack.run(record, tenant="eve")

    assert stack.run(record)["status"] == "done"
    assert stack.get(record).has_succeeded
