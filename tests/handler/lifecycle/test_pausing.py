"""Pausing a task: nothing runs it until it is resumed, or aborted."""

from contextlib import suppress
from datetime import timedelta

import pytest
from botocore.exceptions import ReadTimeoutError

from handler import Context, Continue, Done, TaskRecord, Verdict, task
from handler.contract import Status
from handler.errors import NotFound, Refused
from handler.record import Identity
from handler.testing import run
from tests.handler.lifecycle.sleeping import DAY, NEW, OLD, acting_at, killed_at, sleeper, status
from tests.handler.stack import TABLE, BusQueue, Stack

ANNE = Identity(id="anne", display_name="Anne", type="admin")


@task(max_iterations=9)
def stepper(context: Context, input: dict[str, int]) -> Verdict:
    """Takes three steps, in place."""
    step = input.get("step", 0) + 1
    return Done(output={"steps": step}) if step == 3 else Continue({"step": step})


@pytest.mark.parametrize("at", range(1, 4))
def test_a_task_that_is_paused_while_somebody_has_it_run_now_stays_paused(
    stack: Stack, asleep: TaskRecord, at: int
) -> None:
    left = acting_at(stack, at, lambda: stack.tasks.pause(asleep.id))
    with suppress(Refused):
        stack.tasks.run_now(asleep.id)
    stack.dynamodb.recover()

    after = stack.get(asleep)
    assert after.is_paused or left[0] > 0 or at == 3
    assert after.execution_name is None


def test_a_claim_whose_answer_came_when_its_task_had_left_runs_nothing(stack: Stack) -> None:
    made = stack.trigger(stepper, input={})

    def answer_late(operation: str, request: object) -> None:
        """The response of the claim is lost, and comes back when others have moved the task."""
        stack.dynamodb.afterwards = lambda *_: None
        stack.tasks.pause(made.id)
        assert "paused" in stack.run(made, execution=OLD, visit="visit-1")["message"]
        stack.tasks.resume(made.id)
        raise ReadTimeoutError(endpoint_url="https://dynamodb.example")

    stack.dynamodb.afterwards = answer_late
    late = stack.run(made, execution=OLD, visit="visit-1")

    assert "belongs to another execution" in late["message"]
    assert stack.get(made).iterations == 1
    assert stack.run(made, execution=NEW)["status"] == "continue"
    assert stack.get(made).iterations == 2


class TestATaskThatWaits:
    def test_it_leaves_its_execution_which_is_stopped(
        self, stack: Stack, asleep: TaskRecord
    ) -> None:
        after = stack.tasks.pause(asleep.id, by=ANNE)

        assert (after.status, after.execution_name) == (Status.RUNNING, None)
        assert after.paused_on == stack.clock.now()
        assert status() == "ABORTED"

    @pytest.mark.parametrize("execution", [OLD, NEW])
    def test_no_execution_runs_it(self, stack: Stack, asleep: TaskRecord, execution: str) -> None:
        stack.tasks.pause(asleep.id)

        answer = stack.run(asleep, execution=execution, visit="visit-2")

        assert answer["status"] == "done"
        assert stack.get(asleep).iterations == 1

    def test_the_end_of_its_execution_ends_nothing(self, stack: Stack, asleep: TaskRecord) -> None:
        stack.tasks.pause(asleep.id)

        stack.system.reconciliation.execution_ended(OLD)

        assert stack.get(asleep).status is Status.RUNNING

    def test_no_sweep_sends_it_or_looks_at_it(self, stack: Stack, asleep: TaskRecord) -> None:
        stack.tasks.pause(asleep.id)
        queue = BusQueue()

        for _ in range(3):
            stack.clock.advance(10 * DAY)
            found = stack.system.reconciliation.sweep()
            assert (found["sent"], found["ended"], found["left"]) == (0, 0, 0)

        assert queue.take() == []
        assert stack.get(asleep).is_open

    def test_a_pause_of_years_is_put_off_by_the_sweep(
        self, stack: Stack, asleep: TaskRecord
    ) -> None:
        stack.tasks.pause(asleep.id)
        stack.clock.advance(360 * DAY)

        stack.system.reconciliation.sweep()

        due_on = stack.get(asleep).due_on
        assert due_on is not None
        assert due_on > stack.clock.now() + timedelta(days=300)

    def test_it_goes_on_when_the_rest_of_its_wait_has_passed(
        self, stack: Stack, asleep: TaskRecord
    ) -> None:
        stack.tasks.pause(asleep.id)
        stack.clock.advance(600)
        queue = BusQueue()

        after = stack.tasks.resume(asleep.id, by=ANNE)

        [event] = queue.take()
        assert event["detail"]["delay"] == DAY - 660
        assert after.paused_on is None
        deferred = stack.run(asleep, execution=NEW, delay=DAY - 660)
        assert (deferred["status"], deferred["wait"]) == ("continue", DAY - 660)
        assert stack.run(asleep, execution=NEW, visit="visit-2")["status"] == "done"

    def test_it_goes_on_at_once_when_its_wait_has_passed_meanwhile(
        self, stack: Stack, asleep: TaskRecord
    ) -> None:
        stack.tasks.pause(asleep.id)
        stack.clock.advance(DAY)
        queue = BusQueue()

        stack.tasks.resume(asleep.id)

        [event] = queue.take()
        assert event["detail"]["delay"] == 0
        assert stack.run(asleep, execution=NEW)["status"] == "done"

    def test_both_are_in_its_log_with_who_did_it(self, stack: Stack, asleep: TaskRecord) -> None:
        stack.tasks.pause(asleep.id, by=ANNE)
        stack.tasks.resume(asleep.id, by=ANNE)

        said = {
            line.message: line.created_by or log.created_by
            for log in stack.store.logs.read(asleep.id)
            for line in log.lines
        }
        assert said["The task was paused."] == said["The task was resumed."] == ANNE

    def test_one_whose_time_is_over_fails_all_the_same(self, stack: Stack) -> None:
        record = stack.trigger(sleeper, timeout=600)
        stack.run(record)
        stack.tasks.pause(record.id)
        stack.clock.advance(1_200)

        found = stack.system.reconciliation.sweep()

        after = stack.get(record)
        assert (found["ended"], after.status, after.paused_on) == (1, Status.FAILED, None)
        assert after.failure.code == "TASK_TIMEOUT"

    def test_one_that_is_resumed_when_its_time_is_over_fails_at_its_claim(
        self, stack: Stack
    ) -> None:
        record = stack.trigger(sleeper, timeout=600)
        stack.run(record)
        stack.tasks.pause(record.id)
        stack.clock.advance(1_200)
        stack.tasks.resume(record.id)

        stack.run(record, execution=NEW)

        assert stack.get(record).failure.code == "TASK_TIMEOUT"


class TestTheIterationInHand:
    def test_it_goes_on_to_its_end_and_the_next_one_waits(self, stack: Stack) -> None:
        @task()
        def pauses(context: Context, input: dict[str, int]) -> Verdict:
            if not input:
                stack.tasks.pause(context.task.id)
                context.save_progress(1, 2)
                return Continue({"step": 1}, wait=30)
            return Done(output=dict(input))

        record = stack.trigger(pauses)

        answer = stack.run(record)

        after = stack.get(record)
        assert answer["status"] == "done"
        assert "is paused" in answer["message"]
        assert (after.input, after.execution_name) == ({"step": 1}, None)
        assert after.progress is not None
        assert after.claims_since_outcome == 0
        stack.clock.advance(30)
        stack.tasks.resume(record.id)
        assert stack.run(record, execution=NEW)["output"] == {"step": 1}

    def test_one_in_place_does_not_go_on(self, stack: Stack) -> None:
        steps: list[int] = []

        @task()
        def pauses(context: Context, input: dict[str, int]) -> Verdict:
            steps.append(input.get("step", 0))
            if len(steps) == 2:
                stack.tasks.pause(context.task.id)
            return Done() if len(steps) == 5 else Continue({"step": len(steps)})

        record = stack.trigger(pauses)

        answer = stack.run(record)

        assert (answer["status"], steps) == ("done", [0, 1])
        assert stack.get(record).input == {"step": 2}
        stack.tasks.resume(record.id)
        assert stack.run(record, execution=NEW)["status"] == "done"
        assert steps == [0, 1, 2, 3, 4]

    def test_one_that_ends_the_task_ends_it(self, stack: Stack) -> None:
        @task()
        def pauses(context: Context) -> Done:
            stack.tasks.pause(context.task.id)
            return Done(output={"ended": True})

        record = stack.trigger(pauses)

        answer = stack.run(record)

        after = stack.get(record)
        assert (answer["status"], after.status) == ("done", Status.SUCCESS)
        assert after.paused_on is None
        with pytest.raises(Refused, match="is success; only a pending or a running task"):
            stack.tasks.resume(record.id)

    def test_one_that_was_paused_and_resumed_again_loses_nothing(self, stack: Stack) -> None:
        @task()
        def both(context: Context, input: dict[str, int]) -> Verdict:
            if input:
                return Done(output=dict(input))
            stack.tasks.pause(context.task.id)
            stack.tasks.resume(context.task.id)
            return Continue({"step": 1}, wait=30)

        record = stack.trigger(both)

        assert stack.run(record)["status"] == "continue"
        assert stack.get(record).execution_name == OLD
        assert stack.run(record, visit="visit-2")["output"] == {"step": 1}

    def test_the_retry_of_a_dead_workers_visit_gives_the_task_up(self, stack: Stack) -> None:
        record = stack.trigger(sleeper)
        stack.claim(record, execution=OLD, visit="visit-1")
        stack.tasks.pause(record.id)

        answer = stack.run(record, execution=OLD, visit="visit-1")

        assert (answer["status"], stack.get(record).execution_name) == ("done", None)
        stack.tasks.resume(record.id)
        stack.run(record, execution=NEW)
        assert stack.get(record).iterations == 2

    def test_an_iteration_of_no_pause_makes_no_request_more(self, stack: Stack) -> None:
        record = stack.trigger(stepper)
        stack.dynamodb.requests.clear()

        stack.run(record)

        # The claim, two in place, the end; no hook.
        assert len(stack.dynamodb.calls) == 4


class TestATaskInItsDelay:
    def test_its_event_starts_nothing(self, stack: Stack) -> None:
        record = stack.trigger(sleeper, delay=DAY)
        stack.tasks.pause(record.id)

        answer = stack.run(record, delay=DAY)

        assert answer["status"] == "done"
        assert stack.get(record).status is Status.PENDING

    def test_it_waits_for_the_rest_of_its_delay_when_it_is_resumed(self, stack: Stack) -> None:
        record = stack.trigger(sleeper, delay=DAY)
        stack.run(record, delay=DAY)
        stack.tasks.pause(record.id)
        stack.clock.advance(3_600)
        queue = BusQueue()

        stack.tasks.resume(record.id)

        [event] = queue.take()
        assert event["detail"]["delay"] == DAY - 3_600

    def test_it_can_not_run_now(self, stack: Stack) -> None:
        record = stack.trigger(sleeper, delay=DAY)
        stack.tasks.pause(record.id)

        with pytest.raises(Refused, match="is paused; only one"):
            stack.tasks.run_now(record.id)


class TestEveryOther:
    @pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED, Status.ABORTED])
    @pytest.mark.parametrize("verb", ["pause", "resume"])
    def test_one_that_is_over_is_refused(self, stack: Stack, status: Status, verb: str) -> None:
        record = stack.create(status=status)

        with pytest.raises(Refused, match=f"is {status}; only a pending or a running") as refused:
            getattr(stack.tasks, verb)(record.id)

        assert refused.value.code == f"TASK_{verb.upper()}_ERROR"
        assert stack.get(record) == record

    @pytest.mark.parametrize("verb", ["pause", "resume"])
    def test_one_that_does_not_exist_is_not_found(self, stack: Stack, verb: str) -> None:
        with pytest.raises(NotFound):
            getattr(stack.tasks, verb)("nothing")

    @pytest.mark.parametrize("verb", ["pause", "resume"])
    def test_to_say_it_twice_is_as_good_as_once(
        self, stack: Stack, asleep: TaskRecord, verb: str
    ) -> None:
        queue = BusQueue()
        stack.tasks.pause(asleep.id)
        getattr(stack.tasks, verb)(asleep.id)
        before = stack.get(asleep)

        getattr(stack.tasks, verb)(asleep.id)

        assert stack.get(asleep) == before
        assert len(queue.take()) == (verb == "resume")

    def test_an_abort_ends_a_paused_one(self, stack: Stack, asleep: TaskRecord) -> None:
        stack.tasks.pause(asleep.id)

        after = stack.tasks.abort(asleep.id)

        assert (after.status, after.paused_on) == (Status.ABORTED, None)

    def test_a_pause_and_an_abort_at_once_end_it(self, stack: Stack, asleep: TaskRecord) -> None:
        def abort(operation: str, request: object) -> None:
            if operation == "transact_write_items":
                stack.dynamodb.recover()
                stack.tasks.abort(asleep.id)

        stack.dynamodb.interference = abort

        with pytest.raises(Refused, match="is aborted"):
            stack.tasks.pause(asleep.id)

        assert stack.get(asleep).was_aborted

    @pytest.mark.parametrize("text", ["yesterday", "2030-01-01T00:00:00Z", ""])
    def test_whatever_a_person_has_written_is_a_pause_that_can_be_resumed(
        self, stack: Stack, asleep: TaskRecord, text: str
    ) -> None:
        stack.tasks.pause(asleep.id)
        stack.dynamodb.update_item(
            TableName=TABLE,
            Key={"pk": {"S": f"TASK#{asleep.id}"}, "sk": {"S": "TASK"}},
            UpdateExpression="SET pausedOn = :odd",
            ExpressionAttributeValues={":odd": {"S": text}},
        )
        assert stack.run(asleep, execution=NEW)["status"] == "done"

        stack.tasks.resume(asleep.id)

        stack.clock.advance(DAY)
        assert stack.run(asleep, execution=NEW, visit="visit-2")["status"] == "done"
        assert stack.get(asleep).has_succeeded


@pytest.mark.parametrize("verb", ["pause", "resume"])
@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("after", [False, True])
def test_whoever_is_killed_at_a_call_leaves_a_task_that_can_be_resumed(
    stack: Stack, asleep: TaskRecord, verb: str, number: int, after: bool
) -> None:
    if verb == "resume":
        stack.tasks.pause(asleep.id)
    with killed_at(stack, number, after=after):
        getattr(stack.tasks, verb)(asleep.id)

    if stack.get(asleep).is_paused:
        stack.tasks.resume(asleep.id)
    stack.clock.advance(DAY)
    stack.system.reconciliation.sweep()

    owner = stack.get(asleep).execution_name or NEW
    assert stack.run(asleep, execution=owner, visit="visit-2")["status"] == "done"
    assert stack.get(asleep).has_succeeded


def test_in_the_test_kit_a_paused_task_goes_on_when_it_is_resumed() -> None:
    @task()
    def pauses(context: Context, input: dict[str, int]) -> Verdict:
        from handler import tasks

        if not input:
            tasks.pause(context.task.id)
            tasks.resume(context.task.id)
            return Continue({"step": 1})
        return Done()

    assert run(pauses).record.has_succeeded


def test_children_of_a_paused_parent_go_on_and_are_joined_when_it_is_resumed(stack: Stack) -> None:
    @task()
    def child(context: Context) -> Done:
        return Done()

    @task()
    def parent(context: Context) -> Verdict:
        if not context.children():
            context.trigger("child")
        return context.wait_for_children(lambda children: Done(output={"n": len(children)}))

    stack.definitions = (child, parent)
    record = stack.tasks.trigger(parent)
    stack.run(record)
    stack.tasks.pause(record.id)
    [one] = stack.store.index.children(record.id)
    stack.run(one, execution="execution-of-the-child")

    stack.clock.advance(DAY)
    stack.tasks.resume(record.id)

    assert stack.run(record, execution=NEW, visit="visit-2")["output"] == {"n": 1}
