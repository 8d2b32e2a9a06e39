"""Trigger, abort, get, list, delete."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel, Field

from handler import Context, Continue, Definition, Done, TaskRecord, TriggerRequest, Verdict, task
from handler.contract import MAX_WAIT_SECONDS, Status
from handler.errors import DeliveryError, InvalidInput, NotFound, Refused, UnknownDefinition
from handler.events import WorkerEvent
from handler.lifecycle.service import BY_HAND
from handler.record.task_record import SYSTEM, Identity, LogType
from handler.testing.aws import aws_client
from tests.handler.stack import STATE_MACHINE, BusQueue, Stack, refusal


class Input(BaseModel):
    size: int = Field(default=1, ge=1)


def exporting() -> Definition:
    """A definition of its own for each test: hooks are set on it."""

    @task(id="exportUsers", title="Export users")
    def export_users(context: Context, input: Input) -> Verdict:
        return Done()

    return export_users


@pytest.fixture
def definition(stack: Stack) -> Definition:
    definition = exporting()
    stack.definitions = (definition,)
    return definition


@pytest.fixture
def refuse_events(stack: Stack) -> Callable[..., None]:
    """Has EventBridge refuse the events of some tasks, by their inputs' size."""

    def refuse(*sizes: int) -> None:
        class PickyBus:
            def put_events(self, *, Entries: list[dict[str, str]]) -> Any:  # noqa: N803  boto3's own word
                results = [result(json.loads(entry["Detail"])["webinyTaskId"]) for entry in Entries]
                return {"FailedEntryCount": 0, "Entries": results}

        def result(id: str) -> dict[str, str]:
            if sizes and stack.get(id).input.get("size", 1) not in sizes:
                return {"EventId": "e"}
            return {"ErrorCode": "InternalFailure", "ErrorMessage": "Try again."}

        stack.events._client = PickyBus()

    return refuse


class TestTrigger:
    def test_a_task_is_stored_and_its_event_is_sent(
        self, stack: Stack, definition: Definition, bus_queue: BusQueue
    ) -> None:
        record = stack.tasks.trigger("exportUsers", input={"size": 5})

        assert record == stack.get(record)
        assert (record.status, record.definition_id, record.input) == (
            Status.PENDING,
            "exportUsers",
            {"size": 5},
        )
        assert (record.name, record.tenant, record.locale, record.delay) == (
            "Export users",
            "root",
            "en-US",
            0,
        )
        assert record.created_by == SYSTEM
        (event,) = bus_queue.take()
        assert event["detail"] == {
            "webinyTaskId": record.id,
            "webinyTaskDefinitionId": "exportUsers",
            "tenant": "root",
            "locale": "en-US",
            "delay": 0,
        }

    def test_everything_can_be_said(
        self, stack: Stack, definition: Definition, bus_queue: BusQueue
    ) -> None:
        jane = Identity(id="jane", display_name="Jane", type="iam")

        record = stack.tasks.trigger(
            definition,
            input=Input(size=7),
            name="Tonight's export",
            delay=59.2,
            parent="p1",
            tenant="acme",
            locale="de-DE",
            created_by=jane,
        )

        assert (record.input, record.name, record.delay, record.parent_id) == (
            {"size": 7},
            "Tonight's export",
            60,
            "p1",
        )
        assert (record.tenant, record.locale, record.created_by) == ("acme", "de-DE", jane)
        assert bus_queue.take()[0]["detail"]["delay"] == 60

    def test_an_unknown_definition_is_refused_in_webinys_words(
        self, stack: Stack, definition: Definition
    ) -> None:
        with pytest.raises(UnknownDefinition, match="Task definition was not found!") as refused:
            stack.tasks.trigger("nothing")

        assert refused.value.code == "TASK_DEFINITION_ERROR"
        assert (refused.value.data or {})["id"] == "nothing"

    def test_an_invalid_input_is_refused_and_names_each_field(
        self, stack: Stack, definition: Definition
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            stack.tasks.trigger("exportUsers", input={"size": 0})

        assert set((refused.value.data or {})["invalidFields"]) == {"size"}  # type: ignore[call-overload]

    @pytest.mark.parametrize("delay", [-1, float("nan"), "5", None, True])
    def test_a_delay_that_is_none_is_refused(
        self, stack: Stack, definition: Definition, delay: Any
    ) -> None:
        with pytest.raises(InvalidInput, match="delay is"):
            stack.tasks.trigger("exportUsers", delay=delay)

    @pytest.mark.parametrize("delay", [MAX_WAIT_SECONDS + 0.1, float("inf")])
    def test_a_delay_of_more_than_355_days_is_refused_in_webinys_words(
        self, stack: Stack, definition: Definition, delay: float
    ) -> None:
        with pytest.raises(
            Refused, match=r"^The maximum delay for a task is 355 days\.$"
        ) as refused:
            stack.tasks.trigger("exportUsers", delay=delay)

        assert refused.value.code == "MAX_DELAY_ERROR"

    def test_355_days_are_allowed(self, stack: Stack, definition: Definition) -> None:
        assert stack.tasks.trigger("exportUsers", delay=MAX_WAIT_SECONDS).delay == MAX_WAIT_SECONDS

    @pytest.mark.parametrize(
        "options",
        [
            {"definition": "nothing"},
            {"input": {"size": "x"}},
            {"delay": -1},
            {"delay": MAX_WAIT_SECONDS + 1},
        ],
    )
    def test_what_is_refused_is_neither_stored_nor_sent(
        self, stack: Stack, definition: Definition, bus_queue: BusQueue, options: dict[str, Any]
    ) -> None:
        with pytest.raises((UnknownDefinition, InvalidInput, Refused)):
            stack.tasks.trigger(**{"definition": "exportUsers"} | options)

        assert stack.rows() == []
        assert bus_queue.take() == []


class TestBeforeTrigger:
    def test_a_hook_may_veto_by_raising(
        self, stack: Stack, definition: Definition, bus_queue: BusQueue
    ) -> None:
        @definition.on_before_trigger
        def veto(request: TriggerRequest) -> TriggerRequest:
            raise PermissionError("Not at night.")

        with pytest.raises(PermissionError, match=r"Not at night\."):
            stack.tasks.trigger("exportUsers")

        assert stack.rows() == []
        assert bus_queue.take() == []

    def test_a_hook_may_change_the_request(self, stack: Stack, definition: Definition) -> None:
        definition.on_before_trigger(
            lambda request: replace(request, input={"size": 9}, name="changed", delay=5)
        )

        record = stack.tasks.trigger("exportUsers", input={"size": 1})

        assert (record.input, record.name, record.delay) == ({"size": 9}, "changed", 5)

    @pytest.mark.parametrize("changes", [{"input": {"size": 0}}, {"delay": -1}])
    def test_what_a_hook_makes_of_it_is_checked_too(
        self, stack: Stack, definition: Definition, changes: dict[str, Any]
    ) -> None:
        definition.on_before_trigger(lambda request: replace(request, **changes))

        with pytest.raises(InvalidInput):
            stack.tasks.trigger("exportUsers")

        assert stack.rows() == []

    def test_a_hook_sees_a_request_that_is_valid(
        self, stack: Stack, definition: Definition
    ) -> None:
        seen: list[TriggerRequest] = []

        @definition.on_before_trigger
        def look(request: TriggerRequest) -> None:
            seen.append(request)

        with pytest.raises(InvalidInput):
            stack.tasks.trigger("exportUsers", input={"size": 0})
        with pytest.raises(Refused):
            stack.tasks.trigger("exportUsers", delay=MAX_WAIT_SECONDS + 1)
        stack.tasks.trigger("exportUsers", parent="p1")

        assert [(request.definition_id, request.parent_id) for request in seen] == [
            ("exportUsers", "p1")
        ]


class TestIdempotency:
    def test_the_same_key_is_the_same_task(
        self, stack: Stack, definition: Definition, bus_queue: BusQueue
    ) -> None:
        first = stack.tasks.trigger("exportUsers", input={"size": 1}, idempotency_key="tonight")
        stack.run(first)

        second = stack.tasks.trigger("exportUsers", input={"size": 2}, idempotency_key="tonight")

        assert second == stack.get(first)
        assert len(bus_queue.take()) == 1

    def test_another_tenant_or_definition_has_keys_of_its_own(
        self, stack: Stack, definition: Definition
    ) -> None:
        @task()
        def other(context: Context) -> Done:
            return Done()

        stack.definitions = (definition, other)

        ids = {
            stack.tasks.trigger(name, tenant=tenant, idempotency_key="k").id
            for name in ("exportUsers", "other")
            for tenant in ("root", "acme")
        }

        assert len(ids) == 4

    def test_a_task_whose_event_was_lost_is_sent_again(
        self, stack: Stack, definition: Definition, bus_queue: BusQueue
    ) -> None:
        class Died(BaseException):
            pass

        def die(operation: str, request: dict[str, Any]) -> None:
            raise Died

        stack.events.interference = die
        with pytest.raises(Died):
            stack.tasks.trigger("exportUsers", idempotency_key="k")
        stack.events.recover()

        record = stack.tasks.trigger("exportUsers", idempotency_key="k")

        assert [event["detail"]["webinyTaskId"] for event in bus_queue.take()] == [record.id]
        assert record.status is Status.PENDING

    def test_an_empty_key_is_a_key(self, stack: Stack, definition: Definition) -> None:
        ids = {stack.tasks.trigger("exportUsers", idempotency_key="").id for _ in range(2)}

        assert len(ids) == 1


class TestDelivery:
    def test_a_task_that_could_not_be_sent_is_failed_with_the_reason(
        self, stack: Stack, definition: Definition, refuse_events: Callable[..., None]
    ) -> None:
        hooks: list[TaskRecord] = []
        definition.on_error(hooks.append)
        refuse_events()

        with pytest.raises(DeliveryError, match="InternalFailure: Try again") as refused:
            stack.tasks.trigger("exportUsers")

        assert refused.value.code == "TRIGGER_TASK_ERROR"
        record: Any = stack.get(str((refused.value.data or {})["id"]))
        assert record.status is Status.FAILED
        assert record.output["error"]["code"] == "TRIGGER_TASK_ERROR"
        assert (
            "Could not trigger task via Event Bridge! InternalFailure"
            in record.output["error"]["message"]
        )
        assert [line.type for line in stack.lines(record)] == [LogType.ERROR]
        assert [hook.id for hook in hooks] == [record.id]

    def test_an_event_that_arrived_although_it_seemed_not_to_leaves_the_task_alone(
        self, stack: Stack, definition: Definition
    ) -> None:
        def arrive_and_fail(operation: str, request: dict[str, Any]) -> None:
            task_id = json.loads(request["Entries"][0]["Detail"])["webinyTaskId"]
            stack.run(stack.get(task_id))
            raise refusal("InternalFailure")

        stack.events.interference = arrive_and_fail
        try:
            id = stack.tasks.trigger("exportUsers").id
        except DeliveryError as error:
            id = str((error.data or {})["id"])

        assert stack.get(id).status is Status.SUCCESS


class TestTriggerMany:
    def test_thousands_go_ten_at_a_time(
        self, stack: Stack, definition: Definition, bus_queue: BusQueue
    ) -> None:
        outcomes = stack.tasks.trigger_many(
            "exportUsers", ({"size": size} for size in range(1, 26)), parent="p1"
        )

        records = [outcome.record for outcome in outcomes if outcome.record]
        assert [record.input["size"] for record in records] == list(range(1, 26))
        assert {record.parent_id for record in records} == {"p1"}
        assert len(stack.events.calls) == 3
        assert len(bus_queue.take()) == 25

    def test_each_that_does_not_validate_is_told_and_the_others_are_triggered(
        self, stack: Stack, definition: Definition, bus_queue: BusQueue
    ) -> None:
        outcomes = stack.tasks.trigger_many(definition, [{"size": 1}, {"size": 0}, Input(size=3)])

        assert [outcome.record is not None for outcome in outcomes] == [True, False, True]
        assert isinstance(outcomes[1].error, InvalidInput)
        assert len(bus_queue.take()) == 2

    def test_each_that_could_not_be_sent_is_told_and_stored_as_failed(
        self, stack: Stack, definition: Definition, refuse_events: Callable[..., None]
    ) -> None:
        refuse_events(2)

        outcomes = stack.tasks.trigger_many(definition, [{"size": size} for size in (1, 2, 3)])

        assert [type(outcome.error) for outcome in outcomes] == [
            type(None),
            DeliveryError,
            type(None),
        ]
        assert all(outcome.record for outcome in outcomes)
        statuses = [stack.get(outcome.record).status for outcome in outcomes if outcome.record]
        assert statuses == [Status.PENDING, Status.FAILED, Status.PENDING]

    def test_nothing_costs_nothing(self, stack: Stack, definition: Definition) -> None:
        assert list(stack.tasks.trigger_many(definition, [])) == []
        assert stack.events.calls == []


class TestAbort:
    def test_a_pending_task_is_aborted_with_a_date_a_line_and_its_hook(
        self, stack: Stack, definition: Definition
    ) -> None:
        hooks: list[TaskRecord] = []
        definition.on_abort(hooks.append)
        record = stack.tasks.trigger("exportUsers")
        stack.clock.advance(5)

        after = stack.tasks.abort(record.id, "Not needed any more.")

        stored = stack.get(record)
        assert (stored.status, stored.finished_on) == (Status.ABORTED, "2030-01-01T00:00:05.000Z")
        assert (after.status, after.finished_on) == (stored.status, stored.finished_on)
        assert stack.messages(record) == ["Not needed any more."]
        assert [hook.status for hook in hooks] == [Status.ABORTED]

    def test_without_a_message_the_line_is_webinys(
        self, stack: Stack, definition: Definition
    ) -> None:
        record = stack.tasks.trigger("exportUsers")
        stack.tasks.abort(record.id)

        assert stack.messages(record) == ["Task aborted."]

    def test_a_task_that_does_not_exist_is_not_found(self, stack: Stack) -> None:
        with pytest.raises(NotFound, match='Task "nothing" was not found!') as refused:
            stack.tasks.abort("nothing")

        assert refused.value.code == "NOT_FOUND"

    @pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED, Status.ABORTED])
    def test_a_task_that_is_over_is_refused_in_webinys_words(
        self, stack: Stack, status: Status
    ) -> None:
        record = stack.create(status=status)

        with pytest.raises(
            Refused, match="Cannot abort a task that is not pending or running!"
        ) as refused:
            stack.tasks.abort(record.id)

        assert refused.value.code == "TASK_ABORT_ERROR"
        assert refused.value.data == {"id": record.id, "status": status}
        assert stack.get(record) == record

    def test_a_task_whose_definition_is_gone_can_be_aborted(self, stack: Stack) -> None:
        record = stack.create(definition_id="gone")

        stack.tasks.abort(record.id)

        assert stack.get(record).status is Status.ABORTED

    def test_a_hook_that_raises_does_not_undo_it(
        self, stack: Stack, definition: Definition
    ) -> None:
        @definition.on_abort
        def fail(record: TaskRecord) -> None:
            raise ValueError("of the hook")

        record = stack.tasks.trigger("exportUsers")

        stack.tasks.abort(record.id)

        assert stack.get(record).status is Status.ABORTED
        assert any("on_abort" in message for message in stack.messages(record))

    def test_children_and_their_children_are_aborted_too(self, stack: Stack) -> None:
        parent = stack.create()
        child = stack.create(parent_id=parent.id)
        ended = stack.create(parent_id=parent.id, status=Status.SUCCESS)
        grandchild = stack.create(parent_id=child.id)
        stranger = stack.create(parent_id="another")

        stack.tasks.abort(parent.id)

        statuses = [stack.get(record).status for record in (child, ended, grandchild, stranger)]
        assert statuses == [Status.ABORTED, Status.SUCCESS, Status.ABORTED, Status.PENDING]
        assert stack.messages(child) == [f'Its parent task "{parent.id}" was aborted.']

    def test_a_task_that_ends_in_the_same_moment_is_refused(
        self, stack: Stack, definition: Definition
    ) -> None:
        record = stack.tasks.trigger("exportUsers")

        def end_first(operation: str, request: dict[str, Any]) -> None:
            if operation == "transact_write_items":
                stack.dynamodb.recover()
                stack.run(record)

        stack.dynamodb.interference = end_first

        with pytest.raises(Refused):
            stack.tasks.abort(record.id)

        assert stack.get(record).status is Status.SUCCESS

    def test_an_iteration_that_starts_in_the_same_moment_is_aborted(
        self, stack: Stack, definition: Definition
    ) -> None:
        @task(id="exportUsers")
        def continuing(context: Context) -> Verdict:
            return Continue()

        record = stack.trigger(continuing)

        def start_first(operation: str, request: dict[str, Any]) -> None:
            if operation == "transact_write_items":
                stack.dynamodb.recover()
                stack.run(record)

        stack.dynamodb.interference = start_first

        stack.tasks.abort(record.id)

        assert stack.get(record).status is Status.ABORTED


class TestStoppingExecutions:
    @pytest.fixture
    def waiting(self, stack: Stack) -> TaskRecord:
        """A task whose execution waits."""
        machine = json.dumps(
            {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1000, "End": True}}}
        )
        role = "arn:aws:iam::123456789012:role/tasks"
        states = aws_client("stepfunctions")
        states.create_state_machine(name="tasks", definition=machine, roleArn=role)
        states.start_execution(stateMachineArn=STATE_MACHINE, name="execution-1")
        stack.settings = replace(stack.settings, state_machine_arn=STATE_MACHINE)

        @task()
        def waiting(context: Context) -> Verdict:
            return Continue(wait=1000)

        record = stack.trigger(waiting)
        stack.run(record)
        return stack.get(record)

    def status(self) -> Any:
        arn = f"{STATE_MACHINE.replace(':stateMachine:', ':execution:')}:execution-1"
        return aws_client("stepfunctions").describe_execution(executionArn=arn)["status"]

    def test_an_execution_that_waits_is_stopped(self, stack: Stack, waiting: TaskRecord) -> None:
        stack.tasks.abort(waiting.id)

        assert self.status() == "ABORTED"
        assert stack.get(waiting).status is Status.ABORTED

    def test_an_execution_that_runs_ends_by_itself(self, stack: Stack, waiting: TaskRecord) -> None:
        stack.clock.advance(1000)
        seen: list[str] = []

        @task(id="waiting")
        def aborted_while_it_runs(context: Context) -> Verdict:
            stack.tasks.abort(context.task.id)
            seen.append(self.status())
            return Done()

        stack.definitions = (aborted_while_it_runs,)

        assert stack.run(waiting, visit="visit-2")["status"] == "aborted"
        assert seen == ["RUNNING"]

    def test_an_execution_that_is_gone_is_no_trouble(
        self, stack: Stack, waiting: TaskRecord
    ) -> None:
        stack.stepfunctions.fail(refusal("ExecutionDoesNotExist"), only="stop_execution")

        stack.tasks.abort(waiting.id)

        assert stack.get(waiting).status is Status.ABORTED


class TestDelete:
    @pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED, Status.ABORTED])
    def test_a_task_that_is_over_is_deleted_with_its_logs(
        self, stack: Stack, status: Status
    ) -> None:
        record = stack.create(status=status)
        stack.create(parent_id=record.id, id="c1")

        stack.tasks.delete(record.id)

        with pytest.raises(NotFound):
            stack.tasks.get(record.id)
        assert {row["pk"]["S"] for row in stack.rows()} == {"TASK#c1"}

    @pytest.mark.parametrize("status", [Status.PENDING, Status.RUNNING])
    def test_an_open_task_is_refused_with_what_to_do(self, stack: Stack, status: Status) -> None:
        record = stack.create(status=status)

        with pytest.raises(Refused, match=f"is {status}; .* Abort it first") as refused:
            stack.tasks.delete(record.id)

        assert refused.value.code == "TASK_DELETE_ERROR"
        assert stack.get(record) == record

    def test_a_task_that_does_not_exist_is_not_found(self, stack: Stack) -> None:
        with pytest.raises(NotFound):
            stack.tasks.delete("nothing")

    def test_two_that_delete_at_once_are_told(self, stack: Stack) -> None:
        record = stack.create(status=Status.SUCCESS)

        def delete_first(operation: str, request: dict[str, Any]) -> None:
            if operation == "delete_item":
                stack.dynamodb.recover()
                stack.tasks.delete(record.id)

        stack.dynamodb.interference = delete_first

        with pytest.raises(NotFound):
            stack.tasks.delete(record.id)


class TestByHand:
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
        stack.tasks.accept(WorkerEvent.from_event({"id": "event-1"}, detail))

    def test_the_record_says_who_it_is_of(self, stack: Stack, definition: Definition) -> None:
        self.accept(stack, name="By hand", input={"size": 2})

        record = stack.get("event-1")
        assert (record.name, record.input, record.tenant, record.locale) == (
            "By hand",
            {"size": 2},
            "acme",
            "de-DE",
        )
        assert record.created_by == BY_HAND

    def test_twice_is_once(self, stack: Stack, definition: Definition, bus_queue: BusQueue) -> None:
        self.accept(stack, name="First")
        self.accept(stack, name="Second")

        assert stack.get("event-1").name == "First"
        assert bus_queue.take() == []

    def test_a_hook_may_change_it_as_it_may_any_other(
        self, stack: Stack, definition: Definition
    ) -> None:
        definition.on_before_trigger(
            lambda request: replace(request, name=f"changed for {request.created_by.type}")
        )

        self.accept(stack)

        assert stack.get("event-1").name == "changed for event"

    def test_what_would_be_refused_by_now_changes_no_task_that_was_taken_before(
        self, stack: Stack, definition: Definition
    ) -> None:
        self.accept(stack)
        before = stack.get("event-1")
        stack.definitions = ()

        self.accept(stack)

        assert stack.get("event-1") == before

    def test_a_hook_that_vetoes_is_asked_once(self, stack: Stack, definition: Definition) -> None:
        asked: list[str] = []

        @definition.on_before_trigger
        def only_one_at_a_time(request: TriggerRequest) -> None:
            asked.append(request.name)
            if stack.tasks.count():
                raise Refused("One is enough.")

        self.accept(stack)
        self.accept(stack)

        assert len(asked) == 1


class TestDefinitions:
    def test_private_ones_are_told_on_request_and_can_be_triggered_from_code(
        self, stack: Stack
    ) -> None:
        @task(private=True)
        def secret(context: Context) -> Done:
            return Done()

        public = exporting()
        stack.definitions = (public, secret)

        assert stack.tasks.definitions() == (public,)
        assert stack.tasks.definitions(private=True) == (public, secret)
        assert stack.tasks.trigger("secret").status is Status.PENDING
