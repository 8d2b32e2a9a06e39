"""Waking a task that waits: its next iteration runs at once, in another execution."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from handler import Context, Continue, Done, TaskRecord, Verdict, task
from handler.contract import Status
from handler.errors import NotFound, Refused
from handler.record import Identity, StoredTask
from handler.testing.aws import aws_client
from tests.handler.lifecycle.sleeping import DAY, NEW, OLD, killed_at, sleeper, status
from tests.handler.stack import STATE_MACHINE, BusQueue, RefusingBus, Stack, refusal

ANNE = Identity(id="anne", display_name="Anne", type="admin")


class StoppedLate:
    """Step Functions, where somebody who was late has stopped every execution."""

    def describe_execution(self, **_: object) -> dict[str, str]:
        return {"status": "ABORTED", "error": "Woken", "cause": "somebody was late"}

    def stop_execution(self, **_: object) -> None:
        """One that is over is stopped already."""


class TestATaskThatWaits:
    def test_it_runs_in_another_execution_and_the_old_one_is_stopped(
        self, stack: Stack, asleep: TaskRecord
    ) -> None:
        queue = BusQueue()

        after = stack.tasks.run_now(asleep.id, by=ANNE)

        [event] = queue.take()
        assert (event["detail"]["webinyTaskId"], event["detail"]["delay"]) == (asleep.id, 0)
        assert (after.status, after.execution_name) == (Status.RUNNING, None)
        assert status() == "ABORTED"
        assert stack.run(asleep, execution=NEW)["status"] == "done"

    def test_its_log_says_who_did_it(self, stack: Stack, asleep: TaskRecord) -> None:
        stack.tasks.run_now(asleep.id, by=ANNE)

        log = list(stack.store.logs.read(asleep.id))[-1]
        line = log.lines[-1]
        assert line.message == "Its wait was ended: it runs now."
        assert (line.created_by or log.created_by) == ANNE

    def test_the_old_execution_never_claims_it_again(
        self, stack: Stack, asleep: TaskRecord
    ) -> None:
        stack.tasks.run_now(asleep.id)

        answer = stack.run(asleep, execution=OLD, visit="visit-2")

        assert answer["status"] == "done"
        assert "belongs to another execution" in answer["message"]
        assert stack.get(asleep).iterations == 1

    def test_the_report_of_the_old_executions_end_ends_nothing(
        self, stack: Stack, asleep: TaskRecord
    ) -> None:
        stack.tasks.run_now(asleep.id)

        stack.system.reconciliation.execution_ended(OLD)

        assert stack.get(asleep).status is Status.RUNNING

    def test_an_answer_of_the_old_execution_that_was_lost_is_not_taken_for_a_new_visit(
        self, stack: Stack, asleep: TaskRecord
    ) -> None:
        stack.tasks.run_now(asleep.id)

        answer = stack.run(asleep, execution=OLD, visit="visit-1")

        assert answer["status"] == "done"
        assert stack.run(asleep, execution=NEW, visit="visit-9")["status"] == "done"
        assert stack.get(asleep).has_succeeded

    def test_to_say_it_twice_is_as_good_as_once(self, stack: Stack, asleep: TaskRecord) -> None:
        queue = BusQueue()
        stack.tasks.run_now(asleep.id)

        again = stack.tasks.run_now(asleep.id)

        assert again.is_open
        assert len(queue.take()) == 1
        assert stack.messages(asleep).count("Its wait was ended: it runs now.") == 1

    def test_it_is_found_by_the_sweep_although_its_event_was_refused(
        self, stack: Stack, asleep: TaskRecord
    ) -> None:
        stack.events.stands_for(RefusingBus())
        stack.tasks.run_now(asleep.id)
        stack.events.stands_for(aws_client("events"))
        queue = BusQueue()

        stack.clock.advance(600)
        found = stack.system.reconciliation.sweep()

        assert found["sent"] == 1
        assert [event["detail"]["webinyTaskId"] for event in queue.take()] == [asleep.id]

    def test_an_execution_that_may_not_be_stopped_ends_by_itself(
        self, stack: Stack, asleep: TaskRecord
    ) -> None:
        stack.stepfunctions.fail(refusal("AccessDeniedException"), only="stop_execution")

        stack.tasks.run_now(asleep.id)

        stack.run(asleep, execution=NEW)
        assert stack.run(asleep, execution=OLD, visit="visit-2")["status"] == "done"
        assert stack.get(asleep).iterations == 2


@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize("after", [False, True])
def test_whoever_is_killed_while_waking_leaves_nothing_that_never_runs(
    stack: Stack, asleep: TaskRecord, number: int, after: bool
) -> None:
    with killed_at(stack, number, after=after):
        stack.tasks.run_now(asleep.id)

    stack.clock.advance(600)
    stack.system.reconciliation.sweep()
    woken = not stack.get(asleep).execution_name

    answer = stack.run(asleep, execution=NEW if woken else OLD, visit="visit-2")
    assert answer["status"] == "done"
    assert stack.get(asleep).has_succeeded
    assert status() == ("ABORTED" if woken else "RUNNING")


def test_a_write_whose_answer_was_lost_wakes_it_once(stack: Stack, asleep: TaskRecord) -> None:
    stack.dynamodb.afterwards = Once(refusal("InternalServerError", status=500))
    queue = BusQueue()

    stack.tasks.run_now(asleep.id)

    assert len(queue.take()) == 1
    assert stack.messages(asleep).count("Its wait was ended: it runs now.") == 1


class Once:
    """Loses the answer of the first write that there is."""

    def __init__(self, error: Exception) -> None:
        self._errors = [error]

    def __call__(self, operation: str, request: object) -> None:
        if operation == "transact_write_items" and self._errors:
            raise self._errors.pop()


class TestATaskInItsDelay:
    @pytest.fixture
    def delayed(self, stack: Stack) -> TaskRecord:
        return stack.trigger(sleeper, delay=DAY)

    def test_one_whose_event_is_on_its_way_waits_no_longer(
        self, stack: Stack, delayed: TaskRecord
    ) -> None:
        stack.tasks.run_now(delayed.id)

        first = stack.run(delayed, execution=OLD, delay=DAY)

        assert (first["status"], first.get("wait"), first["delay"]) == ("continue", None, -1)
        assert stack.run(delayed, execution=OLD, visit="visit-2")["status"] == "continue"
        assert stack.get(delayed).iterations == 1

    def test_one_whose_execution_waits_is_taken_from_it(
        self, stack: Stack, delayed: TaskRecord
    ) -> None:
        stack.run(delayed, execution=OLD, delay=DAY)

        after = stack.tasks.run_now(delayed.id)

        assert (after.status, after.execution_name) == (Status.PENDING, None)
        stack.run(delayed, execution=NEW)
        assert stack.get(delayed).execution_name == NEW

    def test_a_late_event_of_the_old_execution_delays_it_no_more(
        self, stack: Stack, delayed: TaskRecord
    ) -> None:
        stack.run(delayed, execution=OLD, delay=DAY)
        stack.tasks.run_now(delayed.id)

        late = stack.run(delayed, execution=OLD, delay=DAY, visit="visit-2")

        assert late["status"] == "done"
        assert stack.get(delayed).execution_name is None

    def test_the_report_of_the_old_executions_end_ends_nothing(
        self, stack: Stack, asleep: TaskRecord
    ) -> None:
        record = stack.trigger(sleeper, delay=DAY)
        aws_client("stepfunctions").start_execution(
            stateMachineArn=STATE_MACHINE, name=NEW, input=json.dumps(_event_of(record))
        )
        stack.run(record, execution=NEW, delay=DAY)
        stack.tasks.run_now(record.id)
        assert status(NEW) == "ABORTED"

        stack.system.reconciliation.execution_ended(NEW)

        assert stack.get(record).status is Status.PENDING


def _event_of(record: TaskRecord) -> dict[str, object]:
    detail = {"webinyTaskId": record.id, "webinyTaskDefinitionId": record.definition_id}
    return {"id": "event-1", "detail-type": "WebinyBackgroundTask", "detail": detail}


class TestEveryOther:
    @pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED, Status.ABORTED])
    def test_one_that_is_over_is_refused(self, stack: Stack, status: Status) -> None:
        record = stack.create(status=status)

        with pytest.raises(Refused, match=f"is {status}; only a pending or a running") as refused:
            stack.tasks.run_now(record.id)

        assert refused.value.code == "TASK_RUN_NOW_ERROR"
        assert refused.value.data == {"id": record.id, "status": status}
        assert stack.get(record) == record

    @pytest.mark.parametrize("id", ["nothing", "", "x" * 5_000, "\ud800"])
    def test_one_that_does_not_exist_is_not_found(self, stack: Stack, id: str) -> None:
        with pytest.raises(NotFound):
            stack.tasks.run_now(id)

    @pytest.mark.parametrize(
        "of",
        [
            lambda stack: stack.trigger(sleeper),
            lambda stack: stack.claim(stack.trigger(sleeper)),
        ],
        ids=["pending", "running"],
    )
    def test_one_that_does_not_wait_is_left_alone(
        self, stack: Stack, of: Callable[[Stack], StoredTask]
    ) -> None:
        before = stack.get(of(stack))
        queue = BusQueue()

        after = stack.tasks.run_now(before.id)

        assert after == before.to_record()
        assert stack.get(before) == before
        assert queue.take() == []

    def test_one_that_is_about_to_wake_by_itself_is_left_alone(
        self, stack: Stack, asleep: TaskRecord
    ) -> None:
        stack.clock.advance(DAY)

        stack.tasks.run_now(asleep.id)

        assert stack.get(asleep).execution_name == OLD


def test_one_that_is_aborted_meanwhile_stays_aborted(stack: Stack, asleep: TaskRecord) -> None:
    def abort(operation: str, request: object) -> None:
        if operation == "transact_write_items":
            stack.dynamodb.recover()
            stack.tasks.abort(asleep.id)

    stack.dynamodb.interference = abort

    with pytest.raises(Refused, match="is aborted"):
        stack.tasks.run_now(asleep.id)

    assert stack.get(asleep).was_aborted


def test_one_that_wakes_by_itself_meanwhile_runs_once(stack: Stack, asleep: TaskRecord) -> None:
    def claim(operation: str, request: object) -> None:
        if operation == "transact_write_items":
            stack.dynamodb.recover()
            stack.claim(asleep, execution=OLD, visit="visit-2")

    stack.dynamodb.interference = claim

    after = stack.tasks.run_now(asleep.id)

    assert (after.execution_name, after.iterations) == (OLD, 2)
    assert status() == "RUNNING"


def test_an_execution_that_has_the_task_although_it_was_stopped_for_another_loses_it(
    stack: Stack, asleep: TaskRecord
) -> None:
    stack.stepfunctions.stands_for(StoppedLate())
    queue = BusQueue()

    stack.clock.advance(DAY + 600)
    stack.system.reconciliation.sweep()

    assert len(queue.take()) == 1
    assert stack.run(asleep, execution=NEW)["status"] == "done"


def test_a_month_of_waiting_is_ended_too(stack: Stack) -> None:
    @task()
    def long_sleeper(context: Context) -> Verdict:
        return Done() if context.task.iterations > 1 else Continue(wait=timedelta(days=30))

    record = stack.trigger(long_sleeper)
    stack.run(record)

    stack.tasks.run_now(record.id)

    stack.clock.advance(600)
    assert stack.system.reconciliation.sweep()["sent"] == 1
    assert stack.run(record, execution=NEW)["status"] == "done"
