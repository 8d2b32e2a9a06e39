"""Many tasks at once: a key for the whole call, and what happens when it is cut short."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from handler import Concurrency, Context, Definition, Done, TriggerResult, task
from handler.contract import Status
from handler.errors import DeliveryError, InvalidInput, StoreUnavailable
from handler.lifecycle import TriggerOptions, trigger_in_time
from tests.handler.simple_tasks import SizeInput
from tests.handler.stack import BusQueue, Stack


def ids(results: Any) -> list[str | None]:
    return [result.record.id if result.record else None for result in results]


def sizes(count: int) -> list[dict[str, int]]:
    return [{"size": size} for size in range(1, count + 1)]


class TestKeys:
    def test_the_same_call_again_is_of_the_same_tasks(
        self, stack: Stack, definition: Definition
    ) -> None:
        first = stack.tasks.trigger_many("exportUsers", sizes(3), idempotency_key="night")
        again = stack.tasks.trigger_many("exportUsers", sizes(3), idempotency_key="night")
        other = stack.tasks.trigger_many("exportUsers", sizes(3), idempotency_key="day")

        assert ids(first) == ids(again)
        assert len(set(ids(first) + ids(other))) == 6

    def test_one_key_is_another_for_one_task_and_for_many(
        self, stack: Stack, definition: Definition
    ) -> None:
        one = stack.tasks.trigger("exportUsers", idempotency_key="night")
        (many,) = stack.tasks.trigger_many("exportUsers", [{}], idempotency_key="night")

        assert ids([many]) != [one.id]

    def test_an_input_that_is_mended_is_triggered_and_the_others_are_not_again(
        self, stack: Stack, definition: Definition
    ) -> None:
        inputs = [{"size": 1}, {"size": 0}, {"size": 3}]
        first = stack.tasks.trigger_many("exportUsers", inputs, idempotency_key="night")
        inputs[1] = {"size": 2}

        again = stack.tasks.trigger_many("exportUsers", inputs, idempotency_key="night")

        assert isinstance(first[1].error, InvalidInput)
        assert [result.error for result in again] == [None] * 3
        assert ids(again)[::2] == ids(first)[::2]
        assert stack.tasks.count() == 3

    def test_what_is_there_is_looked_for_a_hundred_at_a_time(
        self, stack: Stack, definition: Definition
    ) -> None:
        stack.tasks.trigger_many("exportUsers", sizes(150), idempotency_key="night")
        stack.dynamodb.requests.clear()

        stack.tasks.trigger_many("exportUsers", sizes(250), idempotency_key="night")

        calls = stack.dynamodb.calls
        assert calls.count("batch_get_item") == 3
        assert len(calls) == 3 + 100  # those that were missing

    def test_the_tasks_of_a_definition_that_was_renamed_are_found(
        self, stack: Stack, definition: Definition
    ) -> None:
        first = stack.tasks.trigger_many("exportUsers", sizes(2), idempotency_key="night")

        @task(id="exportPeople", aliases=("exportUsers",))
        def renamed(context: Context, input: SizeInput) -> Done:
            return Done()

        stack.definitions = (renamed,)

        again = stack.tasks.trigger_many("exportPeople", sizes(2), idempotency_key="night")

        assert ids(again) == ids(first)

    def test_a_task_that_was_not_sent_then_has_its_error_again(
        self, stack: Stack, definition: Definition, refuse_events: Callable[..., None]
    ) -> None:
        refuse_events(2)
        stack.tasks.trigger_many("exportUsers", sizes(3), idempotency_key="night")

        again = stack.tasks.trigger_many("exportUsers", sizes(3), idempotency_key="night")

        assert [type(result.error) for result in again] == [type(None), DeliveryError, type(None)]
        assert again[1].record
        assert again[1].record.status is Status.FAILED

    @pytest.mark.parametrize("key", ["", 5])
    def test_a_key_that_is_none_is_refused_before_anything_is_stored(
        self, stack: Stack, definition: Definition, key: Any
    ) -> None:
        with pytest.raises(InvalidInput, match="idempotency_key is"):
            stack.tasks.trigger_many("exportUsers", sizes(3), idempotency_key=key)

        assert stack.rows() == []


class TestInputs:
    def test_they_may_have_a_name(self, stack: Stack, definition: Definition) -> None:
        results = stack.tasks.trigger_many("exportUsers", sizes(2), name="Tonight")

        assert [result.record.name for result in results if result.record] == ["Tonight"] * 2

    @pytest.mark.parametrize("odd", [5, "text", [1], True, 0, ""])
    def test_one_that_is_no_object_has_its_error_and_the_others_are_triggered(
        self, stack: Stack, definition: Definition, odd: Any
    ) -> None:
        results = stack.tasks.trigger_many("exportUsers", [{"size": 1}, odd, {"size": 3}])

        assert [result.record is not None for result in results] == [True, False, True]
        assert isinstance(results[1].error, InvalidInput)
        assert "it takes an object" in results[1].error.message

    def test_what_is_kept_of_those_that_are_wrong_is_no_more_than_what_is_told(
        self, stack: Stack, definition: Definition
    ) -> None:
        (result,) = stack.tasks.trigger_many("exportUsers", [{"size": 0}])

        error = result.error
        assert isinstance(error, InvalidInput)
        assert (error.__cause__, error.__context__, error.__traceback__) == (None, None, None)

    def test_each_of_them_queues_for_a_slot_by_itself(
        self, stack: Stack, bus_queue: BusQueue
    ) -> None:
        @task(id="exportUsers", concurrency=Concurrency(1))
        def limited(context: Context, input: SizeInput) -> Done:
            return Done()

        stack.definitions = (limited,)

        results = stack.tasks.trigger_many("exportUsers", sizes(3))

        queued = [stack.get(result.record).is_queued for result in results if result.record]
        assert queued == [False, True, True]
        assert len(bus_queue.take()) == 1


class TestCutShort:
    def test_at_most_ten_are_stored_and_not_sent_yet(
        self, stack: Stack, definition: Definition
    ) -> None:
        sent: list[int] = []
        stack.events.interference = lambda *_: sent.append(stack.tasks.count())

        stack.tasks.trigger_many("exportUsers", sizes(25))

        assert sent == [10, 20, 25]

    def test_those_before_an_outage_are_sent_and_those_after_it_are_not_tried(
        self, stack: Stack, definition: Definition, bus_queue: BusQueue
    ) -> None:
        stack.remaining_seconds = 1
        writes = iter(range(100))

        def fails_from_the_fourth(operation: str, request: Any) -> None:
            if operation != "get_item" and next(writes) >= 3:
                raise EndpointConnectionError(endpoint_url="https://dynamodb")

        stack.dynamodb.interference = fails_from_the_fourth

        results = stack.tasks.trigger_many("exportUsers", sizes(25))

        assert [result.record is not None for result in results] == [True] * 3 + [False] * 22
        assert {type(result.error) for result in results[3:]} == {StoreUnavailable}
        assert len({id(result.error) for result in results[3:]}) == 1
        assert len(bus_queue.take()) == 3

    def test_those_that_are_left_when_it_is_late_are_not_tried(
        self, stack: Stack, definition: Definition, bus_queue: BusQueue
    ) -> None:
        def triggered(looks: int) -> list[TriggerResult]:
            left = iter([False] * looks)
            return list(
                trigger_in_time(
                    stack.tasks,
                    "exportUsers",
                    sizes(25),
                    TriggerOptions(),
                    idempotency_key="night",
                    is_late=lambda: next(left, True),
                )
            )

        results = triggered(looks=12)
        stack.dynamodb.requests.clear()
        again = triggered(looks=100)

        assert [result.record is not None for result in results] == [True] * 12 + [False] * 13
        (code,) = {result.error.code for result in results if result.error}
        assert code == "NOT_TRIED"
        assert ids(again)[:12] == ids(results)[:12]
        assert None not in ids(again)
        assert len(set(ids(again))) == 25

    def test_inputs_that_raise_while_they_are_made_leave_nothing(
        self, stack: Stack, definition: Definition
    ) -> None:
        def made() -> Iterator[dict[str, int]]:
            yield {"size": 1}
            raise RuntimeError("No more rows.")

        with pytest.raises(RuntimeError):
            stack.tasks.trigger_many("exportUsers", made())

        assert stack.rows() == []
