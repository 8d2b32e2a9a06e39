"""A task outlives its execution: it moves on to a new one before a limit of Step Functions."""

from collections import Counter
from datetime import timedelta

import pytest
from pydantic import BaseModel

from handler import Context, Continue, Definition, Done, Verdict, task
from handler.contract import (
    DAY_SECONDS,
    MAX_EXECUTION_SECONDS,
    MAX_EXECUTION_VISITS,
    MAX_WAIT_SECONDS,
    WORKER_TIMEOUT_SECONDS,
    Status,
)
from handler.testing import World, kill
from handler.testing.world import Action
from infra.documents.state_machine_definition import RETRIERS

CEILING = 3
STEPS = 8


class CountInput(BaseModel):
    count: int = 0
    wait: int = 0


def counting() -> tuple[Definition, list[str]]:
    """A task that takes eight iterations, and the execution that each was part of."""
    seen: list[str] = []

    @task(id="countUp", in_place=False)
    def count_up(context: Context, input: CountInput) -> Verdict:
        seen.append(str(context.task.execution_name))
        count = input.count + 1
        return (
            Done(output={"count": count})
            if count == STEPS
            else Continue({"count": count}, wait=input.wait)
        )

    return count_up, seen


def test_a_task_goes_on_in_a_new_execution_and_keeps_its_id_its_count_and_its_logs() -> None:
    definition, seen = counting()
    with World.of(definition, max_execution_visits=CEILING) as world:
        id = world.start(definition).id
        world.finish()
        result = world.result()

    assert (result.record.id, result.record.status, result.record.iterations) == (
        id,
        Status.SUCCESS,
        STEPS,
    )
    assert result.record.output == {"count": STEPS}
    assert list(Counter(seen).values()) == [3, 3, 2]
    assert [log.iteration for log in result.logs] == list(range(1, STEPS + 1))
    assert len({log.execution_name for log in result.logs}) == 3


def test_the_execution_that_hands_a_task_over_is_answered_with_done() -> None:
    definition, _ = counting()
    with World.of(definition, max_execution_visits=CEILING) as world:
        world.start(definition)
        world.finish()
        answers = world.result().answers

    moved = [answer for answer in answers if answer["status"] == "done"][:-1]
    assert len(moved) == 2
    assert all("has moved on to a new execution" in str(answer["message"]) for answer in moved)


def test_the_log_says_that_the_task_moved_on() -> None:
    definition, _ = counting()
    with World.of(definition, max_execution_visits=CEILING) as world:
        world.start(definition)
        world.finish()
        messages = world.result().messages

    assert messages.count("The task moves on to a new execution.") == 2


def test_a_task_that_is_done_at_the_ceiling_does_not_move_on() -> None:
    definition, _ = counting()
    with World.of(definition, max_execution_visits=STEPS) as world:
        world.start(definition)
        world.finish()
        assert [answer["status"] for answer in world.result().answers] == ["continue"] * (
            STEPS - 1
        ) + ["done"]


def test_the_wait_before_the_move_is_waited_by_the_next_execution() -> None:
    definition, _ = counting()
    with World.of(definition, max_execution_visits=CEILING) as world:
        started_at = world.clock.now()
        world.start(definition, CountInput(wait=100))
        world.finish()
        result = world.result()
        waited = world.clock.now() - started_at

    assert result.record.iterations == STEPS
    assert timedelta(seconds=100 * (STEPS - 1)) <= waited < timedelta(seconds=100 * STEPS)


CALLS = 16


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(1, CALLS + 1))
@pytest.mark.slow
def test_a_worker_killed_at_any_call_changes_nothing_of_the_outcome(
    moment: str, number: int
) -> None:
    deaths: list[int] = []

    def die(world: World) -> None:
        deaths.append(number)
        kill(world)

    actions: dict[int, Action] = {number: die}
    definition, _ = counting()
    with World.of(definition, max_execution_visits=CEILING, **{moment: actions}) as world:
        world.start(definition)
        world.finish()
        result = world.result()
        counted = world.store.get(result.record.id).counted_iterations

    assert deaths == [number]
    assert (result.record.status, result.record.output) == (Status.SUCCESS, {"count": STEPS})
    assert counted <= STEPS + 1


def test_the_kills_reach_every_call_of_the_run() -> None:
    definition, _ = counting()
    with World.of(definition, max_execution_visits=CEILING) as world:
        world.start(definition)
        world.finish()
        assert len(world.result().calls) == CALLS


def test_a_wait_that_would_outlast_the_year_begins_in_a_new_execution() -> None:
    days = 200

    @task(id="waitsLong")
    def waits_long(context: Context, input: CountInput) -> Verdict:
        if input.count == 3:
            return Done()
        return Continue({"count": input.count + 1}, wait=timedelta(days=days))

    with World.of(waits_long) as world:
        world.start(waits_long)
        started_at = world.clock.now()
        world.finish()
        result = world.result()
        executions = [log.execution_name for log in result.logs]

    assert world.clock.now() - started_at >= timedelta(days=3 * days)
    assert result.record.status is Status.SUCCESS
    # Two waits of 200 days don't fit a year: each execution waits once.
    assert len(set(executions)) == 3


def test_the_iterations_of_an_execution_leave_thousands_of_events_for_attempts_that_fail() -> None:
    # 25,000 events an execution, nine an iteration, three a failed attempt: handler/contract.py.
    budget = 25_000 - MAX_EXECUTION_VISITS * 9
    worst_visit = sum(retrier.attempts for retrier in RETRIERS) * 3

    assert budget >= 7_000 - 10  # the start, the event's transformation and the end
    # Five visits of `Run` may each use up every attempt that the state machine makes.
    assert budget >= 5 * worst_visit


def test_an_execution_ends_before_its_year_whatever_its_last_iteration_does() -> None:
    year = 365 * DAY_SECONDS  # Step Functions quotas, "Maximum execution time"
    hours_of_retries = sum(retrier.attempts * retrier.longest_wait_seconds for retrier in RETRIERS)

    assert MAX_EXECUTION_SECONDS + hours_of_retries + WORKER_TIMEOUT_SECONDS < year
    assert MAX_WAIT_SECONDS < MAX_EXECUTION_SECONDS
