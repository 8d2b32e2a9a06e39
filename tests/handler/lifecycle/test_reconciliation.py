"""The recovery: it ends a task that nothing runs, or sends its event again."""

import json
import logging
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handler import Concurrency, Context, Continue, task
from handler.aws.executions import STOPPED
from handler.contract import SCHEDULED_TIME, ErrorCode, Status, WireKey
from handler.lifecycle.reconciliation import MAX_HOOK_ATTEMPTS, MAX_RESENDS
from handler.record.failures import TaskFailure
from handler.record.stored_task import StoredTask
from handler.recovery import RecoveryFailed
from handler.table.conditions import ANY_OWNER, Guard
from handler.testing import Killed
from handler.testing.aws import aws_client
from tests.handler.recovering import PATIENCE, Recovering, arn
from tests.handler.stack import TABLE, refusal


class StepFunctionsSays:
    """Step Functions, which describes each execution so."""

    def __init__(self, **described: object) -> None:
        self._described = described

    def describe_execution(self, **_: object) -> dict[str, object]:
        return self._described


class TestAnExecutionThatEnds:
    @pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT"])
    def test_a_failed_execution_fails_its_task_with_the_error_and_the_cause(
        self, recovering: Recovering, status: str
    ) -> None:
        record = recovering.running()
        recovering.end(
            "execution-1", status, error="Runtime.ExitError", cause="It exited with status 7."
        )

        recovering.report("execution-1")

        error = recovering.error(record)
        assert recovering.stack.get(record).status is Status.FAILED
        assert error["code"] == "WORKER_KILLED"
        assert "Runtime.ExitError" in error["message"]
        assert "It exited with status 7." in error["message"]
        assert error["data"] == {
            "execution": "execution-1",
            "status": status,
            "error": "Runtime.ExitError",
            "cause": "It exited with status 7.",
            "crash": "killed",
        }
        assert recovering.stack.messages(record) == [error["message"]]
        assert recovering.ran == [("on_error", "failed")]
        assert recovering.stack.get(record).pending_hook is None

    def test_a_stopped_execution_aborts_its_task_and_the_log_has_the_cause(
        self, recovering: Recovering
    ) -> None:
        record = recovering.running()
        recovering.end("execution-1", "ABORTED", cause="Stopped by Ada.")

        recovering.report("execution-1")

        assert recovering.stack.get(record).status is Status.ABORTED
        assert recovering.stack.messages(record) == ["The execution was stopped. Stopped by Ada."]
        assert recovering.ran == [("on_abort", "aborted")]

    def test_an_execution_stopped_before_its_worker_ran_aborts_its_task(
        self, recovering: Recovering
    ) -> None:
        record = recovering.pending()
        recovering.start("execution-1", record)
        recovering.end("execution-1", "ABORTED")

        recovering.report("execution-1")

        assert recovering.stack.get(record).status is Status.ABORTED

    def test_a_stopped_execution_aborts_the_children_of_its_task(
        self, recovering: Recovering
    ) -> None:
        parent = recovering.running()
        child = recovering.pending(parent_id=parent.id)
        recovering.end("execution-1", "ABORTED")

        recovering.report("execution-1")

        assert recovering.stack.get(child).status is Status.ABORTED

    def test_a_second_event_of_the_same_execution_changes_nothing(
        self, recovering: Recovering
    ) -> None:
        record = recovering.running()
        recovering.end("execution-1", "FAILED", error="Lambda.Unknown", cause="?")

        recovering.report("execution-1")
        after = recovering.stack.get(record)
        recovering.stack.clock.advance(1)
        recovering.report("execution-1")

        assert recovering.stack.get(record) == after
        assert len(recovering.stack.messages(record)) == 1
        assert len(recovering.ran) == 1

    def test_a_task_that_ended_by_itself_keeps_its_error(self, recovering: Recovering) -> None:
        record = recovering.running()
        ended = record.failed(
            now=recovering.stack.clock.now(), failure=TaskFailure(message="Its own error.")
        )
        recovering.stack.store.save(ended, before=record, guard=Guard())
        recovering.end("execution-1", "FAILED", error="TASK_ERROR")

        recovering.report("execution-1")

        assert recovering.error(record) == {"message": "Its own error."}

    def test_a_hook_that_the_worker_did_not_run_runs(self, recovering: Recovering) -> None:
        record = recovering.running()
        error = TaskFailure(message="Its own error.")
        ended = record.failed(now=recovering.stack.clock.now(), failure=error).due("on_error")
        recovering.stack.store.save(ended, before=record, guard=Guard())
        recovering.end("execution-1", "FAILED", error="TASK_ERROR")

        recovering.report("execution-1")

        assert recovering.ran == [("on_error", "failed")]
        assert recovering.stack.get(record).pending_hook is None

    def test_one_whose_event_names_another_tenant_has_no_task(self, recovering: Recovering) -> None:
        record = recovering.pending(tenant="acme")
        recovering.start("execution-1", event=recovering.event_of(record, tenant="eve"))
        recovering.end("execution-1", "ABORTED")

        recovering.report("execution-1")

        assert recovering.stack.get(record) == record

    def test_a_task_of_another_execution_is_left_alone(self, recovering: Recovering) -> None:
        record = recovering.running("execution-1")
        recovering.start("execution-2", record)
        recovering.end("execution-2", "FAILED", error="Lambda.Unknown")

        recovering.report("execution-2")

        assert recovering.stack.get(record).status is Status.RUNNING

    def test_a_task_handed_over_to_a_new_execution_is_left_alone(
        self, recovering: Recovering
    ) -> None:
        record = recovering.running()
        now = recovering.stack.clock.now()
        released = record.continued(now=now, input={}, wait=0).released(now=now)
        recovering.stack.store.save(released, before=record, guard=Guard())
        recovering.end("execution-1", "FAILED", error="Lambda.Unknown")

        recovering.report("execution-1")

        assert recovering.stack.get(record).status is Status.RUNNING

    @pytest.mark.parametrize(
        ("seconds", "status"),
        [(1, Status.FAILED), (0, Status.RUNNING), (-60, Status.RUNNING)],
    )
    def test_one_whose_new_execution_found_no_worker_has_its_error(
        self, recovering: Recovering, seconds: int, status: Status
    ) -> None:
        record = recovering.running()
        now = recovering.stack.clock.now()
        released = record.continued(now=now, input={}, wait=0).released(now=now)
        recovering.stack.store.save(released, before=record, guard=Guard())
        says = StepFunctionsSays(
            status="FAILED",
            error="Lambda.ResourceNotFoundException",
            input=json.dumps({"detail": {WireKey.TASK_ID.value: record.id}}),
            startDate=now + timedelta(seconds=seconds),
        )
        recovering.stack.stepfunctions.stands_for(says)

        recovering.stack.system.reconciliation.execution_ended("another")

        assert recovering.stack.get(record).status is status
        if status is Status.FAILED:
            assert recovering.error(record)["code"] == "WORKER_CODE"

    def test_a_task_that_was_deleted_is_not_made_again(self, recovering: Recovering) -> None:
        record = recovering.running()
        recovering.end("execution-1", "FAILED", error="Lambda.Unknown")
        aws_client("dynamodb").delete_item(
            TableName=TABLE, Key={"pk": {"S": f"TASK#{record.id}"}, "sk": {"S": "TASK"}}
        )

        recovering.report("execution-1")

        assert recovering.stack.store.find(record.id) is None

    @pytest.mark.parametrize(
        "event",
        ["no event", [], {}, {"detail": []}, {"detail": {"webinyTaskId": 7}}, {"detail": {}}],
    )
    def test_an_execution_without_a_tasks_event_is_ignored(
        self, recovering: Recovering, event: object
    ) -> None:
        recovering.start("execution-1", event=event)
        recovering.end("execution-1", "FAILED", error="VALIDATION_FAILED_INVALID_FIELDS")

        recovering.report("execution-1")

        assert recovering.stack.rows() == []

    def test_an_event_sent_by_hand_whose_worker_never_ran_gets_its_record_and_the_reason(
        self, recovering: Recovering
    ) -> None:
        event = {
            "id": "by-hand-1",
            "detail": {"webinyTaskDefinitionId": "someTask", "name": "By hand"},
        }
        recovering.start("execution-1", event=event)
        recovering.end("execution-1", "FAILED", error="Lambda.Unknown", cause="?")

        recovering.report("execution-1")

        record = recovering.stack.get("by-hand-1")
        assert (record.name, record.status) == ("By hand", Status.FAILED)
        assert recovering.error(record)["code"] == "WORKER_KILLED"

    @pytest.mark.parametrize(
        ("status", "error", "cause"),
        [
            ("ABORTED", STOPPED, "It was aborted."),
            ("FAILED", "TASK_NOT_FOUND", '{"message": "Gone.", "code": "TASK_NOT_FOUND"}'),
            ("FAILED", "ON_PURPOSE", '{"message": "Failed.", "code": "ON_PURPOSE"}'),
        ],
    )
    def test_an_event_sent_by_hand_whose_task_was_deleted_is_not_made_again(
        self, recovering: Recovering, status: str, error: str, cause: str
    ) -> None:
        event = {"id": "by-hand-1", "detail": {"webinyTaskDefinitionId": "someTask"}}
        recovering.start("execution-1", event=event)
        recovering.end("execution-1", status, error=error, cause=cause)

        recovering.report("execution-1")

        assert recovering.stack.rows() == []
        assert recovering.ran == []

    def test_a_worker_that_ends_the_task_first_wins(self, recovering: Recovering) -> None:
        record = recovering.running()
        recovering.end("execution-1", "ABORTED")
        done = record.succeeded(now=recovering.stack.clock.now(), output={"rows": 3})
        dynamodb = recovering.stack.dynamodb

        def finish_first(operation: str, request: dict[str, Any]) -> None:
            if operation == "transact_write_items":
                dynamodb.recover()
                recovering.stack.store.save(done, before=record, guard=Guard())

        dynamodb.interference = finish_first
        recovering.report("execution-1")

        assert recovering.stack.get(record).status is Status.SUCCESS
        assert recovering.ran == []

    def test_a_task_without_database_logs_gets_no_log(self, recovering: Recovering) -> None:
        @task(id="quiet", database_logs=False)
        def quiet(context: Context) -> Continue:
            return Continue()

        recovering.stack.definitions = (quiet,)
        record = recovering.running(definition_id="quiet")
        recovering.end("execution-1", "ABORTED")

        recovering.report("execution-1")

        assert recovering.stack.get(record).status is Status.ABORTED
        assert recovering.stack.lines(record) == []

    def test_a_task_without_a_definition_is_ended(self, recovering: Recovering) -> None:
        record = recovering.running(definition_id="noSuchTask")
        recovering.end("execution-1", "FAILED", error="Lambda.Unknown")

        recovering.report("execution-1")

        assert recovering.stack.get(record).status is Status.FAILED

    def test_an_output_that_was_saved_stays_beside_the_error(self, recovering: Recovering) -> None:
        record = recovering.running()
        saved = record.checkpointed(now=recovering.stack.clock.now(), output={"rows": 3})
        recovering.stack.store.save(saved, before=record, guard=Guard())
        recovering.end("execution-1", "FAILED", error="Lambda.Unknown")

        recovering.report("execution-1")

        assert (recovering.stack.get(record).output or {})["rows"] == 3


class TestLostEvents:
    def test_a_task_that_nothing_claimed_is_sent_again_after_a_while(
        self, recovering: Recovering
    ) -> None:
        record = recovering.pending()
        recovering.sweep()
        assert recovering.bus_queue.take() == []

        recovering.wait()
        found = recovering.sweep()

        [event] = recovering.bus_queue.take()
        assert event["detail"]["webinyTaskId"] == record.id
        assert found["sent"] == 1
        assert recovering.stack.get(record).resends == 1

    def test_an_event_is_sent_four_times_and_then_its_task_fails_with_the_reason(
        self, recovering: Recovering
    ) -> None:
        record = recovering.pending()
        for delivery in range(MAX_RESENDS):
            recovering.wait(4**delivery)
            recovering.sweep()
        assert len(recovering.bus_queue.take()) == MAX_RESENDS
        assert recovering.stack.get(record).status is Status.PENDING

        recovering.wait(4**MAX_RESENDS)
        recovering.sweep()

        error = recovering.error(record)
        assert recovering.stack.get(record).status is Status.FAILED
        assert error["code"] == ErrorCode.NEVER_CLAIMED
        assert error["message"] == "Its event was sent 4 times, and nothing ever claimed it."
        assert recovering.stack.messages(record) == [error["message"]]
        assert recovering.ran == [("on_error", "failed")]
        assert recovering.bus_queue.take() == []

    def test_each_resend_waits_longer_than_the_last(self, recovering: Recovering) -> None:
        recovering.pending()
        recovering.wait()
        recovering.sweep()
        recovering.wait(3)
        recovering.sweep()
        assert len(recovering.bus_queue.take()) == 1

        recovering.wait()
        recovering.sweep()

        assert len(recovering.bus_queue.take()) == 1

    def test_the_resends_take_longer_than_the_two_hours_that_the_state_machine_retries(
        self,
    ) -> None:
        # About two hours: infra/documents/state_machine_definition.py, RETRIERS.
        patience = sum((PATIENCE * 4**delivery for delivery in range(MAX_RESENDS + 1)), timedelta())
        assert patience > timedelta(hours=2)

    def test_the_lost_event_of_a_handed_over_task_is_sent_again(
        self, recovering: Recovering
    ) -> None:
        record = recovering.running()
        now = recovering.stack.clock.now()
        released = record.continued(now=now, input={}, wait=600).released(now=now)
        recovering.stack.store.save(released, before=record, guard=Guard())

        recovering.wait()
        recovering.sweep()

        [event] = recovering.bus_queue.take()
        assert event["detail"]["delay"] == 480

    def test_an_event_that_arrives_during_the_sweep_is_not_sent_again(
        self, recovering: Recovering
    ) -> None:
        record = recovering.pending()
        recovering.wait()
        dynamodb = recovering.stack.dynamodb

        def arrive_first(operation: str, request: dict[str, Any]) -> None:
            if operation == "update_item":
                dynamodb.recover()
                recovering.stack.run(record)

        dynamodb.interference = arrive_first
        found = recovering.sweep()

        assert found["sent"] == 0
        assert recovering.bus_queue.take() == []
        assert recovering.stack.get(record).status is Status.SUCCESS

    def test_a_bus_that_fails_is_tried_at_the_next_sweep(self, recovering: Recovering) -> None:
        record = recovering.pending()
        recovering.wait()
        recovering.stack.events.fail(refusal("InternalException", status=500))
        recovering.sweep()
        recovering.stack.events.recover()

        recovering.wait(4)
        recovering.sweep()

        assert len(recovering.bus_queue.take()) == 1
        assert recovering.stack.get(record).status is Status.PENDING


class TestLostExecutions:
    @pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
    def test_a_sweep_ends_the_task_of_an_execution_whose_event_was_lost(
        self, recovering: Recovering, status: str
    ) -> None:
        record = recovering.running()
        recovering.end("execution-1", status, error="Lambda.Unknown", cause="?")
        recovering.wait()

        found = recovering.sweep()

        assert not recovering.stack.get(record).status.is_open
        assert found["ended"] == 1
        assert len(recovering.ran) == 1

    def test_an_open_task_whose_execution_succeeded_is_failed(self, recovering: Recovering) -> None:
        record = recovering.running()
        recovering.end("execution-1", "SUCCEEDED")
        recovering.wait()

        recovering.sweep()

        assert recovering.error(record)["code"] == ErrorCode.EXECUTION_ENDED
        assert "is over (SUCCEEDED), but the task is not" in recovering.error(record)["message"]

    def test_an_open_task_whose_execution_is_gone_is_failed(self, recovering: Recovering) -> None:
        record, forgotten = recovering.running(), recovering.claimed_by("forgotten")
        recovering.wait()

        recovering.sweep()

        assert recovering.error(forgotten)["code"] == ErrorCode.EXECUTION_ENDED
        assert recovering.stack.get(record).status is Status.RUNNING

    def test_a_task_whose_execution_runs_or_waits_is_left_alone(
        self, recovering: Recovering
    ) -> None:
        running = recovering.running("execution-1")
        waiting = recovering.running("execution-2")
        now = recovering.stack.clock.now()
        waits = waiting.continued(now=now, input={}, wait=10**7)
        recovering.stack.store.save(waits, before=waiting, guard=Guard())
        recovering.wait(1_000)

        found = recovering.sweep()

        assert set(found.values()) == {0}
        assert recovering.stack.get(running).to_record() == running.to_record()
        assert recovering.stack.get(waiting).to_record() == waits.to_record()

    def test_a_task_that_has_just_moved_is_left_alone(self, recovering: Recovering) -> None:
        record = recovering.running()
        recovering.end("execution-1", "ABORTED")
        recovering.stack.clock.advance(PATIENCE.total_seconds() - 1)

        recovering.sweep()

        assert recovering.stack.get(record).status is Status.RUNNING

    def test_a_task_that_sleeps_is_not_asked_for(self, recovering: Recovering) -> None:
        record = recovering.running()
        asleep = record.continued(now=recovering.stack.clock.now(), input={}, wait=10**6)
        recovering.stack.store.save(asleep, before=record, guard=Guard())
        recovering.end("execution-1", "ABORTED")
        recovering.wait(1_000)

        recovering.sweep()

        assert recovering.stack.stepfunctions.calls == []
        assert recovering.stack.get(record).status is Status.RUNNING

    def test_a_task_that_should_have_woken_is_ended_if_its_execution_was_stopped(
        self, recovering: Recovering
    ) -> None:
        record = recovering.running()
        asleep = record.continued(now=recovering.stack.clock.now(), input={}, wait=10**6)
        recovering.stack.store.save(asleep, before=record, guard=Guard())
        recovering.end("execution-1", "ABORTED")
        recovering.stack.clock.advance(10**6 + PATIENCE.total_seconds())

        recovering.sweep()

        assert recovering.stack.get(record).status is Status.ABORTED

    def test_a_task_that_sleeps_is_ended_by_the_sweep_if_the_report_of_its_stop_was_in_vain(
        self, recovering: Recovering
    ) -> None:
        asleep = self.asleep(recovering)
        recovering.end("execution-1", "ABORTED")
        self.reported_in_vain(recovering, asleep)
        recovering.wait()

        recovering.sweep()

        assert recovering.stack.get(asleep).status is Status.ABORTED

    def test_it_is_asked_for_at_each_sweep_until_step_functions_answers(
        self, recovering: Recovering
    ) -> None:
        asleep = self.asleep(recovering)
        recovering.end("execution-1", "ABORTED")
        self.reported_in_vain(recovering, asleep)
        recovering.stack.stepfunctions.fail(refusal("InternalServerError"))
        for _ in range(2):
            recovering.wait()
            with pytest.raises(RecoveryFailed):
                recovering.sweep()
        recovering.stack.stepfunctions.recover()

        recovering.sweep()

        assert recovering.stack.get(asleep).status is Status.ABORTED

    def test_it_is_asked_for_once_if_its_execution_waits_after_all(
        self, recovering: Recovering
    ) -> None:
        asleep = self.asleep(recovering)
        recovering.end("execution-1", "RUNNING")  # somebody has redriven it
        self.reported_in_vain(recovering, asleep)
        recovering.stack.stepfunctions.requests.clear()
        for _ in range(3):
            recovering.wait()
            recovering.sweep()

        assert len(recovering.stack.stepfunctions.calls) == 1
        assert recovering.stack.get(asleep).due_on == asleep.waiting_until

    def asleep(self, recovering: Recovering) -> StoredTask:
        record = recovering.running()
        asleep = record.continued(now=recovering.stack.clock.now(), input={}, wait=10**6)
        recovering.stack.store.save(asleep, before=record, guard=Guard())
        return asleep

    def reported_in_vain(self, recovering: Recovering, record: StoredTask) -> None:
        """Step Functions is out of reach when its report comes."""
        recovering.stack.stepfunctions.fail(refusal("InternalServerError"))
        with pytest.raises(ClientError):
            recovering.report("execution-1", record)
        recovering.stack.stepfunctions.recover()


class TestWhatAnEndLeaves:
    def ended(self, recovering: Recovering, *, hook: str | None = None) -> StoredTask:
        record = recovering.running()
        ended = record.succeeded(now=recovering.stack.clock.now(), output=None).due(hook)
        recovering.stack.store.save(ended, before=record, guard=Guard())
        return recovering.stack.get(record)

    def test_a_pending_hook_runs_once(self, recovering: Recovering) -> None:
        record = self.ended(recovering, hook="on_done")
        recovering.wait()

        found = recovering.sweep()

        assert recovering.ran == [("on_done", "success")]
        assert recovering.stack.get(record).pending_hook is None
        assert found["closed"] == 1
        assert recovering.sweep()["closed"] == 0

    def test_a_hook_that_never_ends_is_given_up_after_three_attempts(
        self, recovering: Recovering
    ) -> None:
        record = self.ended(recovering, hook="on_done")

        recovering.hook_error = Killed()
        for _ in range(MAX_HOOK_ATTEMPTS):
            recovering.wait()
            with pytest.raises(Killed):
                recovering.sweep()

        recovering.wait()
        recovering.sweep()

        assert recovering.stack.get(record).pending_hook is None
        assert recovering.stack.messages(record) == [
            "The on_done hook was started 3 times and never ended; it is given up."
        ]

    def test_a_hook_that_may_be_running_right_now_is_left_alone(
        self, recovering: Recovering
    ) -> None:
        self.ended(recovering, hook="on_done")

        recovering.sweep()

        assert recovering.ran == []


class TestAbortsThatWereCutOff:
    def test_an_aborted_task_whose_execution_still_waits_has_it_stopped(
        self, recovering: Recovering
    ) -> None:
        # The process that aborted it died right after its write.
        task = recovering.running()
        aborted = task.aborted(now=recovering.stack.clock.now())
        recovering.stack.store.save(aborted, before=task, guard=ANY_OWNER)
        recovering.wait()

        recovering.sweep()

        stopped = [
            request["executionArn"]
            for operation, request in recovering.stack.stepfunctions.requests
            if operation == "stop_execution"
        ]
        assert stopped == [arn("execution-1")]
        assert not recovering.stack.get(task).has_follow_ups


class Described:
    """Step Functions, which describes a failed execution of an input."""

    def __init__(self, input: str) -> None:
        self._input = input

    def describe_execution(self, **_: Any) -> Any:
        return {"status": "FAILED", "error": "States.Runtime", "cause": "{", "input": self._input}


class TestRedrives:
    """A person has redriven an execution: it runs, whatever was told of it before."""

    @pytest.mark.parametrize("status", ["RUNNING", "PENDING_REDRIVE"])
    @pytest.mark.parametrize("told_by", ["report", "sweep"])
    def test_the_task_of_an_execution_that_runs_is_left_alone(
        self, recovering: Recovering, status: str, told_by: str
    ) -> None:
        record = recovering.running()
        recovering.end("execution-1", status)
        recovering.wait(3)

        if told_by == "report":
            recovering.report("execution-1")
        else:
            recovering.sweep()

        assert recovering.stack.get(record).status is Status.RUNNING
        assert recovering.ran == []


class TestDeadLetters:
    def test_an_event_is_sent_again_and_leaves_the_queue(self, recovering: Recovering) -> None:
        record = recovering.pending()
        recovering.send_to_dlq(recovering.event_of(record))

        found = recovering.sweep()

        [event] = recovering.bus_queue.take()
        assert event["detail"]["webinyTaskId"] == record.id
        assert found["undelivered"] == 1
        assert recovering.letters() == 0

    def test_an_event_that_names_another_tenant_names_no_task(self, recovering: Recovering) -> None:
        record = recovering.pending(tenant="acme")
        recovering.send_to_dlq(recovering.event_of(record, tenant="eve"))

        recovering.sweep()

        assert recovering.bus_queue.take() == []
        assert recovering.letters() == 0
        assert recovering.stack.get(record) == record

    def test_a_fourth_dead_letter_fails_its_task_with_eventbridges_reason(
        self, recovering: Recovering
    ) -> None:
        record = recovering.pending()
        for delivery in range(MAX_RESENDS + 1):
            recovering.send_to_dlq(
                recovering.event_of(record),
                ERROR_CODE="NO_PERMISSIONS",
                ERROR_MESSAGE="It may not.",
            )
            recovering.sweep()
            recovering.wait(4 ** (delivery + 1))

        error = recovering.error(record)
        assert error["code"] == ErrorCode.UNDELIVERED
        assert (
            error["message"]
            == "Its event was sent 4 times, and EventBridge could not deliver it: NO_PERMISSIONS:"
            " It may not."
        )
        assert len(recovering.bus_queue.take()) == MAX_RESENDS
        assert recovering.letters() == 0
        assert recovering.ran == [("on_error", "failed")]

    def test_a_dead_letter_right_after_a_resend_stays_in_the_queue(
        self, recovering: Recovering
    ) -> None:
        record = recovering.pending()
        for _ in range(MAX_RESENDS + 1):
            recovering.send_to_dlq(recovering.event_of(record))
            recovering.sweep()

        assert recovering.stack.get(record).status is Status.PENDING
        assert len(recovering.bus_queue.take()) == 1
        assert recovering.letters() == MAX_RESENDS

    def test_an_event_sent_by_hand_gets_its_record_and_is_sent_again(
        self, recovering: Recovering
    ) -> None:
        detail = {
            "webinyTaskDefinitionId": "someTask",
            "name": "By hand",
            "tenant": "acme",
            "delay": 60,
        }
        recovering.send_to_dlq({"id": "by-hand-1", "detail": detail})

        recovering.sweep()

        record = recovering.stack.get("by-hand-1")
        assert (record.name, record.tenant, record.delay, record.status) == (
            "By hand",
            "acme",
            60,
            Status.PENDING,
        )
        [event] = recovering.bus_queue.take()
        assert event["detail"]["webinyTaskId"] == "by-hand-1"
        assert recovering.letters() == 0

    def test_a_tick_of_a_schedule_is_sent_again_once_however_many_letters_it_has(
        self, recovering: Recovering
    ) -> None:
        tick = {
            "id": f"someTask-{SCHEDULED_TIME}",
            "detail": {"webinyTaskDefinitionId": "someTask"},
        }
        for _ in range(3):  # EventBridge Scheduler delivers at least once
            recovering.send_to_dlq(tick, SCHEDULE_ARN="arn", SCHEDULED_TIME="2027-01-01T03:00:00Z")

        recovering.sweep()

        [event] = recovering.bus_queue.take()
        assert event["detail"]["webinyTaskId"] == "someTask-2027-01-01T03:00:00Z"
        [task] = recovering.stack.unfinished()
        assert (task.id, task.name) == ("someTask-2027-01-01T03:00:00Z", "Some task")

    @pytest.mark.parametrize(
        "detail",
        [
            {"webinyTaskDefinitionId": "noSuchTask"},
            {"webinyTaskDefinitionId": "someTask", "input": {"x": 1}},
        ],
    )
    def test_an_event_sent_by_hand_that_cannot_be_run_is_kept_as_failed(
        self, recovering: Recovering, detail: dict[str, object]
    ) -> None:
        recovering.send_to_dlq({"id": "by-hand-1", "detail": detail})

        recovering.sweep()

        assert recovering.stack.get("by-hand-1").status is Status.FAILED
        assert recovering.bus_queue.take() == []
        assert recovering.letters() == 0

    def test_the_event_of_a_task_that_runs_by_now_is_dropped(self, recovering: Recovering) -> None:
        record = recovering.running()
        recovering.send_to_dlq(recovering.event_of(record))

        recovering.sweep()

        assert recovering.bus_queue.take() == []
        assert recovering.letters() == 0
        assert recovering.stack.get(record) == record

    @pytest.mark.parametrize(
        "rubbish",
        [
            "no json",
            "[]",
            {"detail": "text"},
            {"id": "x" * 3_000, "detail": {}},
            {"id": 7, "detail": {"webinyTaskDefinitionId": "someTask"}},
            {
                "id": "e1",
                "detail": {"webinyTaskId": "nobody", "webinyTaskDefinitionId": "someTask"},
            },
        ],
    )
    def test_a_dead_letter_without_a_task_is_dropped_and_logged(
        self, recovering: Recovering, rubbish: object, caplog: pytest.LogCaptureFixture
    ) -> None:
        recovering.send_to_dlq(rubbish)

        with caplog.at_level(logging.WARNING):
            recovering.sweep()

        assert recovering.letters() == 0
        assert recovering.stack.rows() == []
        assert "A dead letter names no task" in caplog.text

    @pytest.mark.parametrize("is_refused", [False, True], ids=["dropped", "failed"])
    def test_the_log_has_nothing_of_what_was_sent_with_a_letter(
        self, recovering: Recovering, is_refused: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        detail = {"webinyTaskId": "nobody", "input": {"password": "hunter2"}}
        recovering.send_to_dlq({"id": "event-7", "source": "acme", "detail": detail})
        if is_refused:
            recovering.stack.dynamodb.fail(refusal("AccessDenied"), times=1)

        with caplog.at_level(logging.WARNING), suppress(RecoveryFailed):
            recovering.sweep()

        events = [str(getattr(record, "event", "")) for record in caplog.records]
        assert any("event-7" in event for event in events)
        assert "hunter2" not in str(events) + caplog.text

    @pytest.mark.parametrize(
        "odd",
        ["9" * 5_000, "[" * 90_000 + "]" * 90_000, '{"a":' * 30_000 + "1" + "}" * 30_000],
        ids=["digits", "lists", "objects"],
    )
    @pytest.mark.parametrize("told_by", ["letter", "report"])
    def test_an_event_that_python_reads_in_part_alone_leaves_a_failed_task(
        self, recovering: Recovering, odd: str, told_by: str
    ) -> None:
        detail = f'{{"webinyTaskDefinitionId":"someTask","input":{{"a":{odd}}}}}'
        text = f'{{"id":"odd","detail":{detail}}}'
        if told_by == "letter":
            recovering.send_to_dlq(text)
            for number in range(3):
                good = {"id": f"good-{number}", "detail": {"webinyTaskDefinitionId": "someTask"}}
                recovering.send_to_dlq(good)
            recovering.sweep()
        else:
            backend: Any = recovering.stack.stepfunctions
            backend.stands_for(Described(text))
            recovering.report("execution-1")

        record = recovering.stack.get("odd")
        assert (record.status, record.definition_id) == (Status.FAILED, "someTask")
        assert "nested too deeply, or has a number of too many digits" in str(record.output)
        if told_by == "letter":
            assert all(recovering.stack.store.exists(f"good-{number}") for number in range(3))

    def test_an_event_sent_by_hand_without_a_definition_is_kept_as_failed(
        self, recovering: Recovering
    ) -> None:
        recovering.send_to_dlq({"id": "e1", "detail": {}})

        recovering.sweep()

        record = recovering.stack.get("e1")
        assert (record.status, record.definition_id) == (Status.FAILED, "unknown")
        assert "webinyTaskDefinitionId" in str(record.output)

    def test_one_sweep_takes_35_dead_letters(self, recovering: Recovering) -> None:
        record = recovering.running()
        for _ in range(35):
            recovering.send_to_dlq(recovering.event_of(record))

        assert recovering.sweep()["undelivered"] == 35
        assert recovering.letters() == 0


class TestTheCostOfASweep:
    def test_a_sweep_without_open_tasks_queries_the_partitions_of_its_index(
        self, recovering: Recovering
    ) -> None:
        recovering.stack.run(recovering.pending())
        recovering.wait(3)
        recovering.stack.dynamodb.requests.clear()

        recovering.sweep()

        assert recovering.stack.dynamodb.calls == [*["query"] * 4, "get_item"]
        queries = [request for name, request in recovering.stack.dynamodb.requests[:4]]
        assert {request["IndexName"] for request in queries} == {"unfinished"}
        assert recovering.stack.stepfunctions.calls == []

    def test_a_sweep_reads_tasks_alone_that_are_due(self, recovering: Recovering) -> None:
        for _ in range(5):
            recovering.stack.run(recovering.pending())
        due = recovering.running()
        recovering.wait()
        recovering.pending()
        recovering.stack.dynamodb.requests.clear()

        recovering.sweep()

        [(_, request)] = [
            one for one in recovering.stack.dynamodb.requests if one[0] == "batch_get_item"
        ]
        assert [key["pk"]["S"] for key in request["RequestItems"][TABLE]["Keys"]] == [
            f"TASK#{due.id}"
        ]


def test_a_dead_letter_of_a_task_that_queues_is_not_sent_again(recovering: Recovering) -> None:
    @task(id="limited", concurrency=Concurrency(1))
    def limited(context: Context) -> Continue:
        return Continue()

    recovering.stack.trigger(limited)
    recovering.bus_queue.take()
    recovering.send_to_dlq({"id": "by-hand", "detail": {WireKey.DEFINITION_ID.value: "limited"}})

    recovering.sweep()

    queued = recovering.stack.get("by-hand")
    assert queued.queued_on is not None
    assert queued.resends == 0
    sent = [event["detail"]["webinyTaskId"] for event in recovering.bus_queue.take()]
    assert "by-hand" not in sent
