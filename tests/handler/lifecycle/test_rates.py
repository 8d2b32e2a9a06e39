"""A rate: so many start in a time, and the others later, each at the moment reserved for it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws
from pydantic import BaseModel

from handler import Concurrency, Context, Definition, Done, Rate, Refused, TaskRecord, task
from handler.contract import EXPIRY_ATTRIBUTE
from handler.table.rates import RateOf
from tests.handler.stack import BusQueue, Stack

SECOND = timedelta(seconds=1)


class Input(BaseModel):
    host: str = "a"


def rated(rate: Rate, **more: Any) -> Definition:
    @task(id="rated", rate=rate, **more)
    def run(context: Context, input: Input) -> Done:
        return Done()

    return run


def starts(stack: Stack, made: list[TaskRecord]) -> list[float]:
    """When each starts, in seconds after the first trigger."""
    first = made[0].created_on
    moments = [each.starts_on or each.created_on for each in map(stack.get, made)]
    return [(moment - first).total_seconds() for moment in moments]


class TestStarts:
    def test_each_has_a_moment_of_its_own(self, stack: Stack) -> None:
        queue, definition = BusQueue(), rated(Rate(10, per=60))

        made = [stack.trigger(definition) for _ in range(4)]

        assert starts(stack, made) == [0, 6, 12, 18]
        delays = [event["detail"]["delay"] for event in queue.take()]
        assert delays == [0, 6, 12, 18]

    def test_a_burst_may_start_at_once_after_a_while(self, stack: Stack) -> None:
        definition = rated(Rate(1, per=10, burst=3))

        made = [stack.trigger(definition) for _ in range(5)]
        stack.clock.advance(100)
        later = [stack.trigger(definition) for _ in range(4)]

        assert starts(stack, made) == [0, 0, 0, 10, 20]
        assert starts(stack, later) == [0, 0, 0, 10]

    def test_each_key_has_a_rate_of_its_own(self, stack: Stack) -> None:
        definition = rated(Rate(1, per=10, key="host"))

        made = [stack.trigger(definition, input={"host": each}) for each in "aab"]

        assert starts(stack, made) == [0, 10, 0]

    def test_a_delay_passes_too(self, stack: Stack) -> None:
        definition = rated(Rate(1, per=10))

        made = [stack.trigger(definition, delay=delay) for delay in (0, 3, 60)]

        assert [each.seconds_late(made[0].created_on) for each in map(stack.get, made)] == [
            0,
            -10,
            -60,
        ]

    def test_it_does_not_start_before_its_moment_whoever_asks(self, stack: Stack) -> None:
        definition = rated(Rate(1, per=10))
        _, second = [stack.trigger(definition) for _ in range(2)]

        answer = stack.run(second)

        assert (answer["status"], answer["wait"]) == ("continue", 10)
        assert stack.get(second).iterations == 0
        stack.clock.advance(10)
        assert stack.run(second, visit="visit-2")["status"] == "done"

    def test_starts_that_are_less_than_a_second_apart_stay_so(self, stack: Stack) -> None:
        definition = rated(Rate(10, per=1))
        made = [stack.trigger(definition) for _ in range(15)]

        for number, each in enumerate(made):
            wait = stack.get(each).delay_left(stack.clock.now())
            if wait:
                answer = stack.run(each, execution=f"execution-{number}", delay=wait)
                stack.clock.advance(answer.get("wait", 0))
            stack.run(each, execution=f"execution-{number}", visit="visit-2")

        moments = [stack.get(each).started_on for each in made]
        first = moments[0]
        assert first is not None
        assert [(each - first).total_seconds() for each in moments if each] == [
            pytest.approx(number / 10) for number in range(15)
        ]

    def test_an_event_by_hand_has_a_moment_too(self, stack: Stack) -> None:
        first = stack.trigger(rated(Rate(1, per=10)))

        answer = stack.run(first, webinyTaskId="by-hand", byHand=True, execution="execution-2")

        assert (answer["status"], answer["wait"]) == ("continue", 10)
        stack.clock.advance(10)
        by_hand = stack.get("by-hand")
        assert stack.run(by_hand, execution="execution-2", visit="v-2")["status"] == "done"

    def test_run_now_does_not_wait_for_it(self, stack: Stack) -> None:
        definition = rated(Rate(1, per=10))
        _, second = [stack.trigger(definition) for _ in range(2)]

        stack.tasks.run_now(second.id)

        assert stack.run(second)["status"] == "done"

    def test_a_key_reserves_once(self, stack: Stack) -> None:
        definition = rated(Rate(1, per=10))

        for _ in range(3):
            stack.trigger(definition, idempotency_key="k")
        other = stack.trigger(definition)

        assert starts(stack, [stack.get(other)]) == [10]

    def test_a_free_moment_costs_no_request_more(self, stack: Stack) -> None:
        definition = rated(Rate(1, per=10))
        stack.trigger(definition)

        first = [*stack.dynamodb.calls]
        stack.dynamodb.requests.clear()
        stack.trigger(definition)

        assert first == ["transact_write_items"]
        # One that is refused, one that reserves the moment, one that stores the task.
        assert stack.dynamodb.calls == ["transact_write_items", "update_item", "put_item"]

    def test_a_rate_and_slots_are_taken_in_one_request(self, stack: Stack) -> None:
        queue = BusQueue()
        definition = rated(Rate(1, per=10, burst=2), concurrency=Concurrency(1))

        first = stack.trigger(definition)
        assert stack.dynamodb.calls == ["transact_write_items"]
        second, third = (stack.trigger(definition) for _ in range(2))

        assert stack.get(second).queued_on is not None  # its moment is now, and the slot is taken
        assert (stack.get(third).queued_on, stack.get(third).slot) == (None, None)
        queue.take()
        stack.run(first)
        assert [event["detail"]["webinyTaskId"] for event in queue.take()] == [second.id]
        stack.clock.advance(10)
        assert "queues" in stack.run(third, execution="execution-3")["message"]
        stack.run(second, execution="execution-2")
        assert stack.run(third, execution="execution-4")["status"] == "done"

    def test_a_moment_that_is_too_far_ahead_is_refused(self, stack: Stack) -> None:
        definition = rated(Rate(1, per=timedelta(days=200)))
        for _ in range(2):
            stack.trigger(definition)

        with pytest.raises(Refused, match="the longest wait is 30,672,000 s"):
            stack.trigger(definition)

    def test_what_is_kept_goes_when_nobody_uses_it(self, stack: Stack) -> None:
        definition = rated(Rate(1, per=timedelta(days=2)))
        made = [stack.trigger(definition) for _ in range(3)]

        [row] = [row for row in stack.rows() if row["pk"]["S"].startswith("RATE#")]

        last = stack.get(made[2]).starts_on
        assert last is not None
        assert int(row[EXPIRY_ATTRIBUTE]["N"]) > last.timestamp()


class TestAnyRequests:
    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(st.integers(0, 5_000), min_size=1, max_size=40),
        st.integers(1, 3_000),
        st.integers(1, 5),
    )
    def test_no_more_than_the_burst_start_early(
        self, gaps: list[int], apart: int, burst: int
    ) -> None:
        with mock_aws():
            stack = Stack()
            rate, moments = RateOf("r", apart, burst), list[datetime]()
            for gap in gaps:
                stack.clock.advance(timedelta(milliseconds=gap))
                now = stack.clock.now()
                moments.append(stack.store.rates.reserve(rate, at=now))
                assert moments[-1] >= now

        assert moments == sorted(moments)
        for first in range(len(moments)):
            for last in range(first, len(moments)):
                between = (moments[last] - moments[first]) / timedelta(milliseconds=1)
                assert last - first + 1 <= burst + between / apart
