"""A worker whose invocations are shorter: what supposes fifteen minutes follows its own time."""

from dataclasses import replace

import pytest
from pydantic import BaseModel

from handler import Context, Continue, Definition, Done, Verdict, task
from handler.settings import Settings
from handler.testing import ManualClock, World
from handler.testing.world import Result, _new_settings

MINUTE = 60


def of_a_worker(seconds: int, definition: Definition, *, clock: ManualClock) -> Result:
    """What becomes of a task on a worker whose invocations may take so long."""
    with World.of(definition, settings=_with(seconds), clock=clock) as world:
        world.start(definition)
        world.finish()
        return world.result()


def _with(seconds: int) -> Settings:
    return replace(_new_settings(), worker_seconds=seconds)


@pytest.mark.parametrize(("seconds", "margin"), [(900, 180), (300, 60), (60, 12)])
def test_a_task_is_close_to_the_timeout_in_the_last_fifth_of_its_workers_time(
    seconds: int, margin: int
) -> None:
    clock, seen = ManualClock(), list[bool]()

    @task()
    def asking(context: Context) -> Done:
        clock.advance(seconds - margin)
        seen.append(context.is_close_to_timeout())
        clock.advance(0.5)
        seen.append(context.is_close_to_timeout())
        return Done()

    of_a_worker(seconds, asking, clock=clock)

    assert seen == [False, True]


def test_a_task_that_works_until_time_is_short_goes_on_in_the_next_invocation() -> None:
    class Counted(BaseModel):
        steps: int = 0

    clock = ManualClock()

    @task()
    def working(context: Context, input: Counted) -> Verdict:
        while input.steps < 12:
            input.steps += 1
            clock.advance(10)
            if context.is_close_to_timeout():
                return Continue(input)
        return Done(output={"steps": input.steps})

    result = of_a_worker(MINUTE, working, clock=clock)

    assert result.record.output == {"steps": 12}
    assert result.iterations == 3


def test_a_loop_ends_its_iterations_by_the_time_of_its_worker() -> None:
    class Walk(BaseModel):
        cursor: int = 0

    clock = ManualClock()

    @task()
    def walking(context: Context, input: Walk) -> Done:
        for _ in context.each(((row + 1, row) for row in range(input.cursor, 20)), input):
            clock.advance(10)
        return Done(output={"cursor": input.cursor})

    result = of_a_worker(MINUTE, walking, clock=clock)

    assert (result.record.output, result.iterations) == ({"cursor": 20}, 5)


def test_a_margin_of_the_tasks_own_is_taken_as_it_is() -> None:
    clock, seen = ManualClock(), list[bool]()

    @task()
    def asking(context: Context) -> Done:
        seen.append(context.is_close_to_timeout(margin=61))
        return Done()

    of_a_worker(MINUTE, asking, clock=clock)

    assert seen == [True]


def test_iterations_go_on_in_place_while_two_thirds_of_its_time_are_left() -> None:
    clock = ManualClock()

    @task()
    def counting(context: Context) -> Verdict:
        clock.advance(8)
        return Continue() if context.task.iterations < 6 else Done()

    result = of_a_worker(MINUTE, counting, clock=clock)

    # 60, 52 and 44 seconds are enough to begin an iteration in place; 36 are not.
    assert [answer["status"] for answer in result.answers] == ["continue", "done"]
