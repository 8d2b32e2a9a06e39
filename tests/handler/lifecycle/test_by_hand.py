"""Events that were sent by hand: each makes the record of its own task."""

from dataclasses import replace
from typing import Any

import pytest

from handler import Context, Definition, Done, TriggerRequest, task
from handler.contract import MAX_WAIT_SECONDS, Status
from handler.errors import Refused
from handler.events import WorkerEvent, payload_by_hand
from handler.record import EVENT_IDENTITY
from tests.handler.simple_tasks import count_up
from tests.handler.stack import BusQueue, Stack, event_file, moment


@task(id="oneRun", max_iterations=1)
def one_run(context: Context) -> Done:
    return Done()


class TestAccept:
    def accept(self, stack: Stack, **changes: Any) -> None:
        detail: dict[str, Any] = {
            "webinyTaskDefinitionId": "exportUsers",
            "tenant": "acme",
            "locale": "de-DE",
        }
        detail |= {
            {"definition": "webinyTaskDefinitionId"}.get(name, name): value
            for name, value in changes.items()
        }
        payload = payload_by_hand({"id": "event-1", "detail": detail})
        stack.system.by_hand.accept(WorkerEvent.from_lambda({"payload": payload}))

    def test_the_record_has_the_name_input_tenant_and_locale_of_the_event(
        self, stack: Stack, definition: Definition
    ) -> None:
        self.accept(stack, name="By hand", input={"size": 2})

        record = stack.get("event-1")
        assert (record.name, record.input, record.tenant, record.locale) == (
            "By hand",
            {"size": 2},
            "acme",
            "de-DE",
        )
        assert record.created_by == EVENT_IDENTITY

    def test_an_event_may_limit_the_time_of_its_task(
        self, stack: Stack, definition: Definition
    ) -> None:
        self.accept(stack, timeout=3_600, expiresAfter=59.5)

        record = stack.get("event-1")
        assert record.deadline == moment("2030-01-01T01:00:00Z")
        assert record.start_by == moment("2030-01-01T00:01:00Z")

    def test_an_event_without_limits_has_those_of_the_definition(self, stack: Stack) -> None:
        @task(id="exportUsers", timeout=60)
        def limited(context: Context) -> Done:
            return Done()

        stack.definitions = (limited,)

        self.accept(stack, timeout=None)

        assert stack.get("event-1").deadline == moment("2030-01-01T00:01:00Z")

    @pytest.mark.parametrize(
        "limits", [{"timeout": -5}, {"expiresAfter": 0}, {"timeout": 60, "delay": 60}], ids=str
    )
    def test_an_event_whose_limits_are_none_becomes_a_failed_task_with_the_reason(
        self, stack: Stack, definition: Definition, limits: dict[str, Any]
    ) -> None:
        with pytest.raises(Refused) as refused:
            self.accept(stack, **limits)

        record = stack.get("event-1")
        error: Any = (record.output or {})["error"]
        assert (record.status, error["message"]) == (Status.FAILED, refused.value.message)
        assert "timeout" in error["message"] or "expires_after" in error["message"]
        assert (record.deadline, record.start_by) == (None, None)

    def test_the_same_event_twice_makes_one_record(
        self, stack: Stack, definition: Definition, bus_queue: BusQueue
    ) -> None:
        self.accept(stack, name="First")
        self.accept(stack, name="Second")

        assert stack.get("event-1").name == "First"
        assert bus_queue.take() == []

    def test_on_before_trigger_may_change_an_event_sent_by_hand(
        self, stack: Stack, definition: Definition
    ) -> None:
        definition.on_before_trigger(
            lambda request: replace(request, name=f"changed for {request.created_by.type}")
        )

        self.accept(stack)

        assert stack.get("event-1").name == "changed for event"

    def test_an_event_that_was_accepted_before_is_not_checked_again(
        self, stack: Stack, definition: Definition
    ) -> None:
        self.accept(stack)
        before = stack.get("event-1")
        stack.definitions = ()

        self.accept(stack)

        assert stack.get("event-1") == before

    def test_on_before_trigger_runs_once_for_one_event(
        self, stack: Stack, definition: Definition
    ) -> None:
        asked: list[str] = []

        @definition.on_before_trigger
        def only_one_at_a_time(request: TriggerRequest) -> None:
            asked.append(request.name)
            if stack.tasks.count():
                raise Refused("One is enough.")

        self.accept(stack)
        self.accept(stack)

        assert len(asked) == 1


class TestThroughTheWorker:
    def test_an_event_sent_by_hand_makes_its_own_task(self, stack: Stack) -> None:
        stack.definitions = (count_up,)

        answer = stack.invoke(event_file("worker_by_hand"))

        record = stack.get("2c5d0c6e-91f5-4a3c-9f0a-5f0d6f6b8a11")
        assert answer["status"] == "done"
        assert (record.name, record.input, record.output) == (
            "Count to three",
            {"total": 3},
            {"total": 3},
        )
        assert record.created_by.type == "event"

    def test_the_same_event_in_a_second_execution_changes_nothing(self, stack: Stack) -> None:
        stack.definitions = (count_up,)
        event = event_file("worker_by_hand")
        stack.invoke(event)
        before = stack.get("2c5d0c6e-91f5-4a3c-9f0a-5f0d6f6b8a11")
        other = event | {
            "payload": event["payload"] | {"executionName": "execution-2", "visit": "visit-2"}
        }

        answer = stack.invoke(other)

        assert answer["status"] == "done"
        assert "this one changed nothing" in answer["message"]
        assert stack.get(before.id) == before

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"webinyTaskDefinitionId": "nothing"}, "TASK_DEFINITION_ERROR"),
            ({"input": {"total": "many"}}, "VALIDATION_FAILED_INVALID_FIELDS"),
        ],
    )
    def test_an_event_that_cannot_be_run_is_stored_as_failed_with_the_reason(
        self, stack: Stack, changes: dict[str, Any], code: str
    ) -> None:
        stack.definitions = (count_up,)
        event = event_file("worker_by_hand")

        answer = stack.invoke({"payload": event["payload"] | changes})

        record: Any = stack.get(event["payload"]["webinyTaskId"])
        assert (answer["status"], answer["error"]["code"]) == ("error", code)
        assert record.status is Status.FAILED
        assert record.output["error"] == answer["error"]
        assert stack.messages(record) == [answer["error"]["message"]]

    def test_a_delay_is_waited_for(self, stack: Stack) -> None:
        stack.definitions = (count_up,)
        event = event_file("worker_by_hand")

        answer = stack.invoke({"payload": event["payload"] | {"delay": 59.5}})

        record = stack.get(event["payload"]["webinyTaskId"])
        assert (answer["status"], answer["wait"], answer["delay"]) == ("continue", 60, -1)
        assert (record.status, record.delay, record.iterations) == (Status.PENDING, 60, 0)

    @pytest.mark.parametrize("delay", [MAX_WAIT_SECONDS + 1, 1e300])
    def test_a_delay_of_more_than_355_days_is_kept_as_failed(
        self, stack: Stack, delay: float
    ) -> None:
        event = event_file("worker_by_hand")
        stack.definitions = (one_run,)

        answer = stack.invoke(
            {
                "payload": (
                    event["payload"]
                    | {"delay": delay, "webinyTaskDefinitionId": "oneRun", "input": {}}
                )
            }
        )

        assert answer["error"]["code"] == "MAX_DELAY_ERROR"
        assert stack.get(event["payload"]["webinyTaskId"]).status is Status.FAILED

    def test_a_veto_with_any_exception_is_kept_as_failed(self, stack: Stack) -> None:
        @task(id="vetoed")
        def vetoed(context: Context, input: dict[str, object]) -> Done:
            return Done()

        @vetoed.on_before_trigger
        def veto(request: TriggerRequest) -> None:
            raise KeyError("closed")

        stack.definitions = (vetoed,)
        event = event_file("worker_by_hand")

        answer = stack.invoke({"payload": event["payload"] | {"webinyTaskDefinitionId": "vetoed"}})

        assert answer["error"]["code"] == "KeyError"
        assert stack.get(event["payload"]["webinyTaskId"]).status is Status.FAILED

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("delay", "5"),
            ("input", [1]),
            ("input", "x"),
            ("name", 5),
            ("tenant", ""),
            ("locale", 7),
        ],
    )
    def test_a_malformed_event_is_kept_as_failed_with_each_field_named(
        self, stack: Stack, key: str, value: object
    ) -> None:
        event = event_file("worker_by_hand")

        answer = stack.invoke({"payload": event["payload"] | {key: value}})

        record = stack.get(event["payload"]["webinyTaskId"])
        assert answer["error"]["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
        assert (record.status, record.tenant) == (Status.FAILED, "root")
        assert key in str(record.output)
