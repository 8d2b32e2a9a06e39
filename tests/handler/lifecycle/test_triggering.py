"""Triggering: what is checked, stored and sent."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handler import Context, Definition, Done, TaskRecord, TriggerRequest, task
from handler.contract import MAX_WAIT_SECONDS, Status
from handler.errors import DeliveryError, InvalidInput, Refused, UnknownDefinition
from handler.record.task_log import LogType
from handler.record.task_record import SYSTEM_IDENTITY, Identity
from tests.handler.simple_tasks import SizeInput
from tests.handler.stack import BusQueue, Stack, moment, refusal


class TestTrigger:
    def test_a_task_is_stored_and_its_event_is_sent(
        self, stack: Stack, definition: Definition, bus_queue: BusQueue
    ) -> None:
        record = stack.tasks.trigger("exportUsers", input={"size": 5})

        assert record == stack.get(record).to_record()
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
        assert record.created_by == SYSTEM_IDENTITY
        (event,) = bus_queue.take()
        assert event["detail"] == {
            "webinyTaskId": record.id,
            "webinyTaskDefinitionId": "exportUsers",
            "tenant": "root",
            "locale": "en-US",
            "delay": 0,
        }

    def test_each_option_of_trigger_is_on_the_record(
        self, stack: Stack, definition: Definition, bus_queue: BusQueue
    ) -> None:
        jane = Identity(id="jane", display_name="Jane", type="iam")

        record = stack.tasks.trigger(
            definition,
            input=SizeInput(size=7),
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

    @pytest.mark.parametrize("name", ["delay", "timeout", "expires_after"])
    def test_a_text_in_the_place_of_a_duration_is_shown_in_quotes(
        self, stack: Stack, definition: Definition, name: str
    ) -> None:
        options: Any = {name: "5"}
        with pytest.raises(InvalidInput, match=f'^{name} is "5"; it takes seconds'):
            stack.tasks.trigger("exportUsers", **options)

    @pytest.mark.parametrize("delay", [MAX_WAIT_SECONDS + 0.1, float("inf")])
    def test_a_delay_of_more_than_355_days_is_refused_in_webinys_words(
        self, stack: Stack, definition: Definition, delay: float
    ) -> None:
        with pytest.raises(
            Refused, match=r"^The maximum delay for a task is 355 days\.$"
        ) as refused:
            stack.tasks.trigger("exportUsers", delay=delay)

        assert refused.value.code == "MAX_DELAY_ERROR"

    def test_a_delay_of_355_days_is_accepted(self, stack: Stack, definition: Definition) -> None:
        assert stack.tasks.trigger("exportUsers", delay=MAX_WAIT_SECONDS).delay == MAX_WAIT_SECONDS

    @pytest.mark.parametrize(
        "options",
        [
            {"definition": "nothing"},
            {"input": {"size": "x"}},
            {"delay": -1},
            {"delay": MAX_WAIT_SECONDS + 1},
            {"timeout": 0},
            {"delay": 60, "expires_after": 60},
        ],
    )
    def test_a_refused_trigger_is_neither_stored_nor_sent(
        self, stack: Stack, definition: Definition, bus_queue: BusQueue, options: dict[str, Any]
    ) -> None:
        with pytest.raises((UnknownDefinition, InvalidInput, Refused)):
            stack.tasks.trigger(**{"definition": "exportUsers"} | options)

        assert stack.rows() == []
        assert bus_queue.take() == []


class TestTimeLimits:
    def test_the_moments_are_stored_and_shown(self, stack: Stack, definition: Definition) -> None:
        record = stack.tasks.trigger(
            "exportUsers", timeout=timedelta(days=1), expires_after=599.2, delay=599
        )

        assert record == stack.get(record).to_record()
        assert record.deadline == moment("2030-01-02T00:00:00Z")
        assert record.start_by == moment("2030-01-01T00:10:00Z")  # rounded up

    def test_a_task_without_limits_has_none(self, stack: Stack, definition: Definition) -> None:
        record = stack.tasks.trigger("exportUsers")

        assert (record.deadline, record.start_by) == (None, None)

    def test_those_of_the_definition_hold_where_the_trigger_gives_none(self, stack: Stack) -> None:
        @task(timeout=timedelta(hours=1), expires_after=60)
        def limited(context: Context) -> Done:
            return Done()

        stack.definitions = (limited,)

        def limits(**options: Any) -> tuple[str, str]:
            record = stack.tasks.trigger(limited, **options)
            return f"{record.deadline:%H:%M}", f"{record.start_by:%H:%M}"

        assert limits() == ("01:00", "00:01")
        assert limits(timeout=7_200) == ("02:00", "00:01")
        assert limits(expires_after=120) == ("01:00", "00:02")

    def test_each_task_of_many_has_them(self, stack: Stack, definition: Definition) -> None:
        results = stack.tasks.trigger_many(
            "exportUsers", [{"size": 1}, {"size": 2}], timeout=60, expires_after=30
        )

        records = [result.record for result in results if result.record]
        assert [record.deadline for record in records] == [moment("2030-01-01T00:01:00Z")] * 2
        assert [record.start_by for record in records] == [moment("2030-01-01T00:00:30Z")] * 2

    def test_a_child_has_its_own_and_none_of_its_parents(self, stack: Stack) -> None:
        @task(id="child")
        def child(context: Context) -> Done:
            return Done()

        @task(id="parent")
        def parent(context: Context) -> Done:
            context.trigger(child, name="none")
            context.trigger(child, name="own", timeout=60, expires_after=30)
            return Done()

        stack.definitions = (child,)
        record = stack.trigger(parent, timeout=7_200)

        stack.run(record)

        limits = {each.name: (each.deadline, each.start_by) for each in children(stack, record)}
        assert limits == {
            "none": (None, None),
            "own": (moment("2030-01-01T00:01:00Z"), moment("2030-01-01T00:00:30Z")),
        }

    @pytest.mark.parametrize("name", ["timeout", "expires_after"])
    @pytest.mark.parametrize(
        "limit", [0, -1, float("nan"), float("inf"), "5", True, 10**400, MAX_WAIT_SECONDS + 0.1]
    )
    def test_a_limit_that_is_none_is_refused_with_words(
        self, stack: Stack, definition: Definition, name: str, limit: Any
    ) -> None:
        options: Any = {name: limit}
        with pytest.raises(
            InvalidInput,
            match=f"^{name} is .*; it takes seconds or a timedelta, above 0 and at most 30,672,000",
        ) as refused:
            stack.tasks.trigger("exportUsers", **options)

        assert refused.value.code == "VALIDATION_FAILED_INVALID_FIELDS"
        assert stack.rows() == []

    @pytest.mark.parametrize("name", ["timeout", "expires_after"])
    def test_a_limit_of_355_days_is_accepted(
        self, stack: Stack, definition: Definition, name: str
    ) -> None:
        options: Any = {name: timedelta(days=355)}

        assert stack.tasks.trigger("exportUsers", **options).is_open

    @pytest.mark.parametrize(
        ("name", "wire"), [("timeout", "timeout"), ("expires_after", "expiresAfter")]
    )
    def test_a_delay_that_leaves_no_time_is_refused_with_words(
        self, stack: Stack, definition: Definition, name: str, wire: str
    ) -> None:
        options: Any = {name: 600}
        with pytest.raises(Refused) as refused:
            stack.tasks.trigger("exportUsers", delay=600, **options)

        assert refused.value.message == (
            f"A delay of 600 s, and {name} is 600 s: the task would end before it starts."
            f" Next: a shorter delay, or a longer {name}."
        )
        assert (refused.value.code, refused.value.data) == (
            "MAX_DELAY_ERROR",
            {"delay": 600, wire: 600},
        )

    def test_a_hook_may_change_them(self, stack: Stack, definition: Definition) -> None:
        seen: list[Any] = []

        @definition.on_before_trigger
        def change(request: TriggerRequest) -> TriggerRequest:
            seen.append((request.timeout, request.expires_after))
            return replace(request, timeout=None, expires_after=timedelta(minutes=1))

        record = stack.tasks.trigger("exportUsers", timeout=timedelta(hours=1))

        assert seen == [(3_600, None)]
        assert (record.deadline, record.start_by) == (None, moment("2030-01-01T00:01:00Z"))

    def test_a_key_that_finds_an_earlier_task_leaves_that_ones_limits(
        self, stack: Stack, definition: Definition
    ) -> None:
        first = stack.tasks.trigger("exportUsers", idempotency_key="one", timeout=60)
        stack.clock.advance(30)

        second = stack.tasks.trigger("exportUsers", idempotency_key="one", timeout=7_200)

        assert (second.id, second.deadline) == (first.id, first.deadline)


def children(stack: Stack, record: TaskRecord) -> list[TaskRecord]:
    return [child.to_record() for child in stack.store.index.children(record.id)]


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

    @pytest.mark.parametrize(
        "changes", [{"input": {"size": 0}}, {"delay": -1}, {"timeout": -1}, {"expires_after": "x"}]
    )
    def test_a_request_changed_by_a_hook_is_checked(
        self, stack: Stack, definition: Definition, changes: dict[str, Any]
    ) -> None:
        definition.on_before_trigger(lambda request: replace(request, **changes))

        with pytest.raises(InvalidInput):
            stack.tasks.trigger("exportUsers")

        assert stack.rows() == []

    def test_a_hook_gets_valid_requests_alone(self, stack: Stack, definition: Definition) -> None:
        seen: list[TriggerRequest] = []

        @definition.on_before_trigger
        def look(request: TriggerRequest) -> None:
            seen.append(request)

        with pytest.raises(InvalidInput):
            stack.tasks.trigger("exportUsers", input={"size": 0})
        with pytest.raises(Refused):
            stack.tasks.trigger("exportUsers", delay=MAX_WAIT_SECONDS + 1)
        with pytest.raises(InvalidInput):
            stack.tasks.trigger("exportUsers", timeout=0)
        with pytest.raises(Refused):
            stack.tasks.trigger("exportUsers", delay=60, expires_after=60)
        stack.tasks.trigger("exportUsers", parent="p1")

        assert [(request.definition_id, request.parent_id) for request in seen] == [
            ("exportUsers", "p1")
        ]


class TestIdempotency:
    def test_a_second_trigger_with_the_same_key_returns_the_same_task(
        self, stack: Stack, definition: Definition, bus_queue: BusQueue
    ) -> None:
        first = stack.tasks.trigger("exportUsers", input={"size": 1}, idempotency_key="tonight")
        stack.run(first)

        second = stack.tasks.trigger("exportUsers", input={"size": 2}, idempotency_key="tonight")

        assert second == stack.get(first).to_record()
        assert len(bus_queue.take()) == 1

    def test_one_key_of_two_tenants_and_two_definitions_is_four_tasks(
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

    def test_a_second_trigger_sends_an_event_that_was_lost(
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

    @pytest.mark.parametrize("key", ["", 5, b"order"])
    def test_what_can_be_no_key_is_refused(
        self, stack: Stack, definition: Definition, key: Any
    ) -> None:
        with pytest.raises(
            InvalidInput, match=r"idempotency_key is .*; it takes a text"
        ) as refused:
            stack.tasks.trigger("exportUsers", idempotency_key=key)

        assert refused.value.data == {"idempotencyKey": repr(key)}
        assert stack.rows() == []


class TestDelivery:
    def test_a_task_that_could_not_be_sent_is_failed_with_the_reason(
        self, stack: Stack, definition: Definition, refuse_events: Callable[..., None]
    ) -> None:
        hooks: list[TaskRecord] = []
        definition.on_error(hooks.append)
        refuse_events()

        with pytest.raises(DeliveryError, match="LimitExceededException: Too many") as refused:
            stack.tasks.trigger("exportUsers")

        assert refused.value.code == "TRIGGER_TASK_ERROR"
        record: Any = stack.get(str((refused.value.data or {})["id"]))
        assert record.status is Status.FAILED
        assert record.output["error"]["code"] == "TRIGGER_TASK_ERROR"
        assert (
            "Could not trigger task via Event Bridge! LimitExceededException"
            in record.output["error"]["message"]
        )
        assert [line.type for line in stack.lines(record)] == [LogType.ERROR]
        assert [hook.id for hook in hooks] == [record.id]

    def test_a_failed_send_whose_event_arrived_leaves_the_task_alone(
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
    def test_25_events_are_sent_in_three_requests(
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

    def test_an_invalid_input_gets_its_error_and_the_others_are_triggered(
        self, stack: Stack, definition: Definition, bus_queue: BusQueue
    ) -> None:
        outcomes = stack.tasks.trigger_many(
            definition, [{"size": 1}, {"size": 0}, SizeInput(size=3)]
        )

        assert [outcome.record is not None for outcome in outcomes] == [True, False, True]
        assert isinstance(outcomes[1].error, InvalidInput)
        assert len(bus_queue.take()) == 2

    def test_an_event_that_was_not_sent_gets_its_error_and_a_failed_task(
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

    def test_no_inputs_send_no_request(self, stack: Stack, definition: Definition) -> None:
        assert list(stack.tasks.trigger_many(definition, [])) == []
        assert stack.events.calls == []
