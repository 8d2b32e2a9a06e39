"""What the bus is told of tasks, where the stack's config says so: a start, each wait, the end."""

import json
import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handler import Context, Continue, DeliveryError, Done, Failed, Refused, Verdict, task
from handler.contract import STATUS_DETAIL_TYPE, Status
from handler.record import TaskFailure
from handler.table import ANY_OWNER, STACK
from handler.testing.aws import aws_client
from tests.handler.lifecycle.sleeping import killed_at
from tests.handler.recovering import Recovering
from tests.handler.simple_tasks import bare, returning
from tests.handler.stack import BUCKET, STATE_MACHINE, BusQueue, RefusingBus, Stack, refusal

KIB = 1024


@task(in_place=False)
def walking(context: Context) -> Verdict:
    """Waits once, for a minute."""
    waits = context.task.iterations == 1
    return Continue(wait=60) if waits else Done(output={"secret": "x" * 6_000})


@pytest.fixture
def told(stack: Stack) -> BusQueue:
    """What the bus is told of tasks, by a stack whose config says so."""
    stack.settings = replace(stack.settings, status_events=True)
    return BusQueue(STATUS_DETAIL_TYPE)


def details(told: BusQueue) -> list[dict[str, Any]]:
    return [event["detail"] for event in told.take()]


def statuses(told: BusQueue) -> list[tuple[str, str]]:
    return [(detail["status"], detail["taskStatus"]) for detail in details(told)]


class TestWhatIsTold:
    def test_a_task_that_waits_once_is_told_of_three_times(
        self, stack: Stack, told: BusQueue
    ) -> None:
        record = stack.trigger(walking, name="A walk")
        stack.run(record, visit="visit-1")
        stack.clock.advance(60)
        stack.run(record, visit="visit-2")

        first, second, third = told.take()
        after = stack.get(record)
        common = {
            "webinyTaskId": record.id,
            "webinyTaskDefinitionId": "walking",
            "tenant": "root",
            "name": "A walk",
            "createdOn": first["detail"]["createdOn"],
            "startedOn": first["detail"]["startedOn"],
        }
        assert first["source"] == "webiny-api-tasks"
        assert first["detail-type"] == "WebinyBackgroundTaskStatusChange"
        assert first["detail"] == common | {
            "status": "started",
            "taskStatus": "running",
            "iteration": 1,
        }
        assert second["detail"] == common | {
            "status": "waiting",
            "taskStatus": "running",
            "iteration": 1,
            "waitSeconds": 60,
            "waitingUntil": second["detail"]["waitingUntil"],
        }
        assert third["detail"] == common | {
            "status": "ended",
            "taskStatus": "success",
            "iteration": 2,
            "finishedOn": third["detail"]["finishedOn"],
        }
        assert not after.end_event_pending
        assert stack.unfinished() == []

    def test_a_delay_is_told_of_as_a_wait_before_the_start(
        self, stack: Stack, told: BusQueue
    ) -> None:
        record = stack.trigger(returning(Done()), delay=30)
        stack.run(record, delay=30)
        stack.clock.advance(30)
        stack.run(record, visit="visit-2")

        assert statuses(told) == [
            ("waiting", "pending"),
            ("started", "running"),
            ("ended", "success"),
        ]

    def test_an_abort_is_told_of_before_its_execution_is_stopped_whose_end_is_reported(
        self, stack: Stack, told: BusQueue
    ) -> None:
        stack.settings = replace(stack.settings, state_machine_arn=STATE_MACHINE)
        record = stack.trigger(walking)
        stack.run(record)
        left: list[bool] = []
        stack.stepfunctions.interference = lambda *_: left.append(
            stack.get(record).end_event_pending
        )

        stack.tasks.abort(record.id)

        assert left == [False]
        assert statuses(told)[-1:] == [("ended", "aborted")]

    def test_a_failure_is_told_of_with_its_code_and_its_message_cut(
        self, stack: Stack, told: BusQueue
    ) -> None:
        failing = returning(Failed("y" * 5_000, code="TOO_BAD", data={"secret": 1}))
        stack.run(stack.trigger(failing))

        error = details(told)[-1]["error"]
        assert error.keys() == {"code", "message"}
        assert error["code"] == "TOO_BAD"
        assert len(error["message"]) == 1_000

    def test_an_abort_and_a_trigger_that_could_not_be_sent_are_told_of(
        self, stack: Stack, told: BusQueue
    ) -> None:
        record = stack.trigger(returning(Done()))
        stack.tasks.abort(record.id)
        stack.events.fail(refusal("InternalException", status=500), times=5)
        with pytest.raises(DeliveryError):
            stack.trigger(returning(Done()))

        assert statuses(told) == [("ended", "aborted"), ("ended", "failed")]

    def test_a_child_and_a_retry_say_whose_they_are(self, stack: Stack, told: BusQueue) -> None:
        parent = stack.trigger(bare(lambda _: Done()))
        failed = stack.trigger(returning(Failed("No.")), parent=parent)
        stack.run(failed)
        details(told)
        retry = stack.tasks.retry(failed.id)
        stack.run(retry, execution="execution-2")

        ended = details(told)[-1]
        assert (ended["parentId"], ended["retryOf"]) == (parent.id, failed.id)

    def test_no_input_and_no_output_is_told(self, stack: Stack, told: BusQueue) -> None:
        record = stack.trigger(walking)
        stack.run(record, visit="visit-1")
        stack.clock.advance(60)
        stack.run(record, visit="visit-2")

        assert "secret" not in json.dumps(details(told))

    def test_an_event_with_the_longest_of_everything_is_billed_as_one(
        self, stack: Stack, told: BusQueue
    ) -> None:
        odd = "\U0001f409"
        record = stack.create(
            id="i" * 512,
            definition_id="d" * 512,
            name=odd * 2_000,
            tenant=odd * 64,
            parent_id="p" * 512,
            retry_of="r" * 512,
        )
        failure = TaskFailure(message=odd * 9_000, code=odd * 256)
        stack.system.tasks._ending.end_failed(record, failure, guard=ANY_OWNER)

        [(_, request)] = stack.events.requests
        size = sum(len(each["Detail"].encode()) for each in request["Entries"])
        assert size < 64 * KIB
        assert details(told)[0]["error"]["message"].startswith(odd)


class TestRequests:
    def counted(self, stack: Stack) -> list[int]:
        """The requests to table and bus of a task's trigger, and of its two iterations."""
        counts = []

        def count() -> None:
            counts.append(len(stack.dynamodb.requests) + len(stack.events.requests))
            stack.dynamodb.requests.clear()
            stack.events.requests.clear()

        record = stack.trigger(walking)
        count()
        stack.run(record, visit="visit-1")
        count()
        stack.clock.advance(60)
        for scope in ("root", STACK):  # else they are read
            stack.known_settings.unchanged(scope, at=stack.clock.now())
        stack.run(record, visit="visit-2")
        count()
        return counts

    def test_where_the_config_is_off_nothing_is_told_and_no_request_made(
        self, stack: Stack
    ) -> None:
        queue = BusQueue(STATUS_DETAIL_TYPE)

        assert self.counted(stack) == [2, 2, 2]
        assert queue.take() == []

    def test_where_it_is_on_a_start_and_a_wait_cost_one_each_and_an_end_two(
        self, stack: Stack, told: BusQueue
    ) -> None:
        assert self.counted(stack) == [2, 2 + 2, 2 + 2]

    def test_an_iteration_that_goes_on_in_place_costs_none(
        self, stack: Stack, told: BusQueue
    ) -> None:
        going = bare(
            lambda context: Done() if context.task.iterations == 9 else Continue(), in_place=True
        )
        record = stack.trigger(going)
        stack.events.requests.clear()

        stack.run(record)

        assert len(stack.events.requests) == 2
        assert statuses(told) == [("started", "running"), ("ended", "success")]


class TestDelivery:
    def test_nothing_is_told_before_it_is_stored(self, stack: Stack, told: BusQueue) -> None:
        seen: list[tuple[str, Status]] = []

        def look(_: str, request: Any) -> None:
            for entry in request["Entries"]:
                if entry["DetailType"] == STATUS_DETAIL_TYPE:
                    detail = json.loads(entry["Detail"])
                    stored = stack.get(detail["webinyTaskId"])
                    assert bool(stored.waiting_until) is (detail["status"] == "waiting")
                    seen.append((detail["taskStatus"], stored.status))

        stack.events.interference = look
        record = stack.trigger(walking)
        stack.run(record, visit="visit-1")
        stack.clock.advance(60)
        stack.run(record, visit="visit-2")

        assert len(seen) == 3
        assert all(told == stored for told, stored in seen)

    @pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
    @pytest.mark.parametrize("number", range(1, 6))
    def test_an_end_is_told_whatever_call_its_worker_is_killed_at(
        self, stack: Stack, told: BusQueue, recovering: Recovering, number: int, *, after: bool
    ) -> None:
        record = stack.trigger(returning(Done()))
        with killed_at(stack, number, after=after):
            stack.run(record)
        stack.run(record)
        stack.clock.advance(600)
        recovering.sweep()

        assert stack.get(record).has_succeeded
        assert ("ended", "success") in statuses(told)
        assert stack.unfinished() == []

    def test_a_bus_that_refuses_harms_no_task_and_is_told_by_the_next_sweep(
        self, stack: Stack, told: BusQueue, recovering: Recovering
    ) -> None:
        ran: list[str] = []
        done = returning(Done())
        done.on_done(lambda record: ran.append(record.id))
        record = stack.trigger(done)
        real = aws_client("events")
        stack.events.stands_for(RefusingBus())
        now = stack.clock.now()
        assert stack.run(record)["status"] == "done"
        assert ran == [record.id]
        assert stack.clock.now() == now  # nobody waits for it
        assert stack.get(record).end_event_pending

        stack.events.stands_for(real)
        stack.clock.advance(600)
        recovering.sweep()

        assert statuses(told) == [("ended", "success")]
        assert stack.unfinished() == []

    def test_after_a_day_of_refusals_it_is_given_up(
        self, stack: Stack, told: BusQueue, recovering: Recovering
    ) -> None:
        record = stack.trigger(returning(Done()))
        stack.events.stands_for(RefusingBus())
        stack.run(record)
        stack.clock.advance(timedelta(hours=23).total_seconds())
        recovering.sweep()
        assert stack.unfinished() != []

        stack.clock.advance(timedelta(hours=2).total_seconds())
        recovering.sweep()

        assert stack.unfinished() == []

    def test_what_is_left_to_tell_is_dropped_where_the_config_is_off_again(
        self, stack: Stack, told: BusQueue, recovering: Recovering
    ) -> None:
        real = aws_client("events")
        record = stack.trigger(returning(Done()))
        stack.events.stands_for(RefusingBus())
        stack.run(record)
        stack.events.stands_for(real)
        stack.settings = replace(stack.settings, status_events=False)
        stack.clock.advance(600)
        recovering.sweep()

        assert stack.unfinished() == []
        assert details(told) == []

    def test_an_error_that_is_gone_with_its_payload_keeps_nobody_from_hearing_of_the_end(
        self, stack: Stack, told: BusQueue, recovering: Recovering
    ) -> None:
        real = aws_client("events")

        def long(context: Context) -> Verdict:
            context.save_output({"text": secrets.token_hex(400_000)})
            return Failed("No.", code="NO")

        record = stack.trigger(bare(long))
        stack.events.stands_for(RefusingBus())
        stack.run(record)
        bucket = aws_client("s3")
        for each in bucket.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            bucket.delete_object(Bucket=BUCKET, Key=each["Key"])
        stack.events.stands_for(real)
        stack.clock.advance(600)
        recovering.sweep()

        [ended] = details(told)
        assert (ended["taskStatus"], "error" in ended) == ("failed", False)

    def test_a_task_that_is_refused_is_not_told_of_again(
        self, stack: Stack, told: BusQueue
    ) -> None:
        record = stack.trigger(returning(Done()))
        stack.run(record)
        stack.run(record, execution="execution-2")
        with pytest.raises(Refused):
            stack.tasks.abort(record.id)

        assert statuses(told) == [("started", "running"), ("ended", "success")]
