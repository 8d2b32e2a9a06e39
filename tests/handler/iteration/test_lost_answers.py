"""Writes that DynamoDB carries out, and whose answer is lost on the way: tried again, they change
nothing more.
"""

from typing import Any

import pytest

from handler import Aborted, Context, Continue, Definition, Done, Failed, TaskRecord, Verdict, task
from handler.contract import Status
from tests.handler.stack import BusQueue, Stack, refusal


def lose_the_next_answer(stack: Stack, *operations: str) -> list[str]:
    """The next write, or the next of some operations, is carried out and answered with a failure;
    returns which it was.
    """
    lost: list[str] = []
    writes = operations or ("put_item", "update_item", "transact_write_items")

    def lose(operation: str, request: dict[str, Any]) -> None:
        if not lost and operation in writes:
            lost.append(operation)
            raise refusal("InternalServerError", status=500, operation=operation)

    stack.dynamodb.afterwards = lose
    return lost


def returning(verdict: Verdict, **options: Any) -> tuple[Definition, list[str]]:
    """A task that returns a verdict, and the hooks of it that ran."""
    hooks: list[str] = []

    @task(id="someTask", **options)
    def some_task(context: Context) -> Verdict:
        return verdict

    for name in ("on_done", "on_error", "on_abort", "on_max_iterations"):
        getattr(some_task, name)(lambda record, name=name: hooks.append(name))
    return some_task, hooks


VERDICTS = [
    (Done(output={"rows": 3}), "done", Status.SUCCESS, ["on_done"]),
    (Continue(wait=30), "continue", Status.RUNNING, []),
    (Failed("On purpose."), "error", Status.FAILED, ["on_error"]),
    (Aborted(), "aborted", Status.ABORTED, ["on_abort"]),
]


@pytest.mark.parametrize(("verdict", "answer", "status", "hooks"), VERDICTS)
def test_an_outcome_is_stored_told_and_followed_by_its_hook_once(
    stack: Stack, verdict: Verdict, answer: str, status: Status, hooks: list[str]
) -> None:
    definition, ran = returning(verdict)
    record = stack.trigger(definition)
    lost = lose_the_next_answer(stack, "transact_write_items")

    answered = stack.run(record)

    assert lost == ["transact_write_items"]
    assert answered["status"] == answer
    assert stack.get(record).status is status
    assert ran == hooks
    assert len(stack.lines(record)) == 1


def test_a_claim_counts_its_iteration_once(stack: Stack) -> None:
    definition, _ = returning(Done())
    record = stack.trigger(definition)
    lost = lose_the_next_answer(stack)

    answered = stack.run(record)

    assert lost == ["update_item"]
    assert answered["status"] == "done"
    assert stack.get(record).iterations == 1


def test_a_delay_is_waited_for(stack: Stack) -> None:
    definition, _ = returning(Done())
    record = stack.trigger(definition, delay=60)
    lose_the_next_answer(stack)

    answered = stack.run(record, delay=60)

    assert (answered["status"], answered["wait"]) == ("continue", 60)
    assert stack.get(record).status is Status.PENDING


def test_a_task_that_ran_too_often_is_told_so(stack: Stack) -> None:
    definition, ran = returning(Continue(), max_iterations=1)
    record = stack.trigger(definition)
    stack.run(record, visit="visit-1")
    lost = lose_the_next_answer(stack, "transact_write_items")

    answered = stack.run(record, visit="visit-2")

    assert lost
    assert answered["error"]["code"] == "MAX_ITERATIONS"
    assert ran == ["on_max_iterations"]


def test_a_checkpoint_that_changes_nothing_is_no_trouble(stack: Stack) -> None:
    @task(id="someTask")
    def some_task(context: Context) -> Done:
        context.save_output({"rows": 3})
        context.save_output({"rows": 3})
        return Done()

    record = stack.trigger(some_task)
    answered = stack.run(record)

    assert answered["status"] == "done"
    assert stack.get(record).output == {"rows": 3}


def test_a_task_is_triggered_once(stack: Stack, bus_queue: BusQueue) -> None:
    definition, _ = returning(Done())
    stack.definitions = (definition,)
    lost = lose_the_next_answer(stack)

    record = stack.trigger(definition)

    assert lost == ["put_item"]
    assert [event["detail"]["webinyTaskId"] for event in bus_queue.take()] == [record.id]


class TestAbort:
    @pytest.fixture
    def family(self, stack: Stack) -> tuple[TaskRecord, TaskRecord]:
        parent = stack.create()
        return parent, stack.create(parent_id=parent.id)

    def abort(self, stack: Stack, record: TaskRecord) -> TaskRecord:
        lose_the_next_answer(stack)
        return stack.tasks.abort(record.id, "Enough.")

    def test_it_is_answered_as_done(
        self, stack: Stack, family: tuple[TaskRecord, TaskRecord]
    ) -> None:
        assert self.abort(stack, family[0]).status is Status.ABORTED
        assert stack.messages(family[0]) == ["Enough."]

    def test_the_children_are_aborted_too(
        self, stack: Stack, family: tuple[TaskRecord, TaskRecord]
    ) -> None:
        self.abort(stack, family[0])

        assert stack.get(family[1]).status is Status.ABORTED
