"""A debounce: a burst of triggers runs one task, with the input of the last one."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from handler import (
    Concurrency,
    Context,
    Debounce,
    Definition,
    Done,
    InvalidInput,
    Refused,
    TaskRecord,
    task,
)
from tests.handler.stack import BusQueue, Stack

SECOND = timedelta(seconds=1)


class Input(BaseModel):
    text: str = ""


@task(id="indexed")
def indexed(context: Context, input: Input) -> Done:
    return Done(output={"text": input.text})


def trigger(stack: Stack, text: str = "", *, of: Definition = indexed, **more: Any) -> TaskRecord:
    debounce = more.pop("debounce", Debounce("k", delay=10))
    more |= more.pop("limits", {})
    return stack.trigger(of, input={"text": text}, debounce=debounce, **more)


def start_in(stack: Stack, made: TaskRecord) -> float:
    """When it starts, in seconds from now."""
    return -stack.get(made).seconds_late(stack.clock.now())


class TestABurst:
    def test_it_runs_once_with_the_last_input_when_it_is_quiet(self, stack: Stack) -> None:
        queue = BusQueue()
        first = trigger(stack, "one")
        stack.clock.advance(4)
        second = trigger(stack, "two")
        stack.clock.advance(4)
        third = trigger(stack, "three")

        assert first.id == second.id == third.id
        assert third.input == {"text": "three"}
        assert start_in(stack, first) == 10
        [event] = queue.take()
        assert event["detail"]["delay"] == 10

    def test_its_execution_waits_for_what_is_left(self, stack: Stack) -> None:
        made = trigger(stack, "one")
        assert stack.run(made, delay=10)["wait"] == 10
        stack.clock.advance(9)
        trigger(stack, "two")
        stack.clock.advance(1)

        answer = stack.run(made, delay=-1, visit="visit-2")

        assert (answer["status"], answer["wait"]) == ("continue", 9)
        stack.clock.advance(9)
        assert stack.run(made, delay=-1, visit="visit-3")["output"] == {"text": "two"}

    def test_the_next_one_after_its_start_is_another(self, stack: Stack) -> None:
        made = trigger(stack, "one")
        stack.clock.advance(10)

        other = trigger(stack, "two")

        assert other.id != made.id
        assert stack.run(made)["output"] == {"text": "one"}
        assert start_in(stack, other) == 10

    def test_it_starts_after_the_longest_time_whoever_pushes_it_back(self, stack: Stack) -> None:
        debounce = Debounce("k", delay=10, max_delay=25)
        made = trigger(stack, debounce=debounce)
        for _ in range(3):
            stack.clock.advance(8)
            assert trigger(stack, debounce=debounce).id == made.id

        assert start_in(stack, made) == 1
        stack.clock.advance(1)
        assert trigger(stack, debounce=debounce).id != made.id

    @pytest.mark.parametrize(
        "other",
        [
            {"debounce": Debounce("another", delay=10)},
            {"tenant": "another"},
        ],
    )
    def test_another_key_or_tenant_is_another_burst(
        self, stack: Stack, other: dict[str, Any]
    ) -> None:
        assert trigger(stack, **other).id != trigger(stack).id

    def test_an_idempotency_key_wins(self, stack: Stack) -> None:
        made = trigger(stack, "one", idempotency_key="i")
        stack.clock.advance(4)

        again = trigger(stack, "two", idempotency_key="i")

        assert again.id == made.id
        assert (again.input, start_in(stack, made)) == ({"text": "one"}, 6)

    def test_one_that_was_aborted_is_not_pushed_back(self, stack: Stack) -> None:
        made = trigger(stack)
        stack.tasks.abort(made.id)

        assert trigger(stack).id != made.id

    def test_it_is_retried_from_its_start_with_the_last_input(self, stack: Stack) -> None:
        made = trigger(stack, "one")
        trigger(stack, "two")
        stack.tasks.abort(made.id)

        assert stack.tasks.retry(made.id, from_start=True).input == {"text": "two"}

    def test_a_long_input_takes_the_place_of_a_long_one(self, stack: Stack) -> None:
        made = trigger(stack, "a" * 500_000)
        trigger(stack, "b" * 500_000)
        stack.clock.advance(10)

        assert stack.run(made)["status"] == "done"
        assert stack.tasks.get(made.id).output == {"text": "b" * 500_000}
        assert len(stack.client("s3").list_objects_v2(Bucket="payloads").get("Contents", [])) <= 2

    def test_it_gets_its_slot_at_its_start(self, stack: Stack) -> None:
        @task(id="indexed", concurrency=Concurrency(1))
        def bound(context: Context, input: Input) -> Done:
            return Done()

        made = trigger(stack, of=bound)

        assert stack.get(made).slot is None
        stack.clock.advance(10)
        assert stack.run(made)["status"] == "done"

    def test_a_delay_beside_it_is_refused(self, stack: Stack) -> None:
        with pytest.raises(InvalidInput, match="leave out one of them"):
            trigger(stack, delay=3)

    @pytest.mark.parametrize("limit", ["timeout", "expires_after"])
    def test_one_that_is_not_shorter_than_a_limit_is_refused(
        self, stack: Stack, limit: str
    ) -> None:
        with pytest.raises(Refused, match=f"A debounce of 10 s, and {limit} is 10 s"):
            trigger(stack, limits={limit: 10})

    def test_one_that_queues_for_a_slot_gets_the_last_input_and_keeps_its_place(
        self, stack: Stack
    ) -> None:
        @task(id="indexed", concurrency=Concurrency(1))
        def bound(context: Context, input: Input) -> Done:
            return Done(output={"text": input.text})

        other = stack.trigger(bound, input={"text": "other"})
        made = trigger(stack, "one", of=bound)
        stack.clock.advance(10)
        assert "queues" in stack.run(made, execution="execution-2")["message"]
        queued_on = stack.get(made).queued_on

        assert trigger(stack, "two", of=bound).id == made.id

        assert stack.get(made).queued_on == queued_on
        stack.run(other)
        assert stack.run(made, execution="execution-3")["output"] == {"text": "two"}

    def test_it_shares_slots_by_its_last_input(self, stack: Stack) -> None:
        @task(id="indexed", concurrency=Concurrency(1, key="text"))
        def bound(context: Context, input: Input) -> Done:
            return Done()

        stack.trigger(bound, input={"text": "two"})
        made = trigger(stack, "one", of=bound)
        trigger(stack, "two", of=bound)
        stack.clock.advance(10)

        assert "queues" in stack.run(made, execution="execution-2")["message"]
        assert stack.get(made).concurrency_key == "two"

    def test_what_is_none_is_refused(self, stack: Stack) -> None:
        with pytest.raises(InvalidInput, match="it takes a Debounce"):
            trigger(stack, debounce="k")


class TestOthersAtOnce:
    def test_of_two_at_once_one_makes_the_task(self, stack: Stack) -> None:
        others: list[TaskRecord] = []

        def be_faster(operation: str, _: object) -> None:
            if operation == "transact_write_items" and not others:
                others.append(stack.create())  # it is no recursion
                others[0] = trigger(stack, "other")

        stack.dynamodb.interference = be_faster
        made = trigger(stack, "mine")

        assert made.id == others[0].id
        assert stack.get(made).input == {"text": "mine"}

    def test_one_that_starts_in_the_same_moment_has_its_own_input(self, stack: Stack) -> None:
        made = trigger(stack, "one")
        stack.clock.advance(9.999)
        ran: list[Any] = []

        def start(operation: str, _: object) -> None:
            if operation == "update_item" and not ran:
                ran.append(None)
                stack.clock.advance(0.001)
                ran[0] = stack.run(made)

        stack.dynamodb.interference = start
        other = trigger(stack, "two")

        assert ran[0]["output"] == {"text": "one"}
        assert other.id != made.id
        assert stack.get(other).input == {"text": "two"}
