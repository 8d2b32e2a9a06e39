"""`Retry(on_out_of_memory=...)`: a task that runs out of memory goes on at another worker."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from handler import Context, Continue, Definition, Done, Retry, Verdict, task
from handler.contract import Status
from handler.record import StoredTask
from handler.testing import ManualClock, World, abort, kill, run, run_out_of_memory
from handler.testing.world import Action, OutOfMemory, Result


class Counting(BaseModel):
    done: int = 0


def counting(retry: Retry | None, *, steps: int = 2, **options: Any) -> Definition:
    """A task of two steps, which saves the first before it ends it."""

    @task(id="counting", retry=retry, in_place=False, **options)
    def body(context: Context, input: Counting) -> Verdict:
        if input.done == 0:
            context.save_input(Counting(done=1))
            return Continue()
        done = input.done + 1
        return Done(output={"done": done}) if done == steps else Continue(Counting(done=done))

    return body


TO_LARGE = Retry(on_out_of_memory="large")
MOVED = 'The task moves on to the worker "large".'


def of_world(definition: Definition, **options: Any) -> tuple[Result, StoredTask]:
    with World.of(definition, **options) as world:
        world.start(definition)
        world.finish()
        return world.result(), world.store.get(world.task_id)


def error_code(result: Result) -> str:
    error: Any = (result.record.output or {})["error"]
    return str(error["code"])


def test_a_task_that_runs_out_of_memory_moves_on_to_the_other_worker() -> None:
    result, stored = of_world(counting(TO_LARGE), before={3: run_out_of_memory})

    assert (result.record.status, result.record.output) == (Status.SUCCESS, {"done": 2})
    assert stored.worker == "large"
    assert MOVED in result.messages
    assert str(result.answers[0]["message"]).endswith("has moved on to a new execution.")


def test_it_goes_on_from_its_last_checkpoint() -> None:
    result, _ = of_world(counting(TO_LARGE), after={2: run_out_of_memory})

    assert result.record.output == {"done": 2}
    assert "It runs again from its last checkpoint." in " ".join(result.messages)


def events_of(definition: Definition, **options: Any) -> list[dict[str, Any]]:
    """The details of all events that are sent of a task."""
    sent: list[dict[str, Any]] = []
    with World.of(definition, **options) as world:
        events = world.client("events")
        put = events.put_events

        def put_events(**request: Any) -> Any:
            sent.extend(json.loads(entry["Detail"]) for entry in request["Entries"])
            return put(**request)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(events, "put_events", put_events)
            world.start(definition)
            world.finish()
    return sent


def test_the_event_of_its_next_execution_names_the_worker_and_no_earlier_one_does() -> None:
    sent = events_of(counting(TO_LARGE), before={3: run_out_of_memory})

    assert [each.get("worker") for each in sent] == [None, "large"]


def test_so_does_each_event_from_then_on() -> None:
    definition = counting(TO_LARGE, steps=4)

    sent = events_of(definition, before={3: run_out_of_memory}, max_execution_visits=1)

    assert [each.get("worker") for each in sent] == [None, *["large"] * 3]


def test_a_crash_of_another_kind_leaves_it_where_it_is() -> None:
    result, stored = of_world(counting(TO_LARGE), before={3: kill})

    assert (result.record.status, stored.worker) == (Status.SUCCESS, None)


def test_without_the_option_it_stays_and_runs_again() -> None:
    result, stored = of_world(counting(Retry()), before={3: run_out_of_memory})

    assert (result.record.status, stored.worker) == (Status.SUCCESS, None)
    assert all(answer["status"] != "done" for answer in result.answers[:-1])


def test_it_moves_even_if_no_crash_may_be_repeated() -> None:
    definition = counting(TO_LARGE, crash_retries=0)

    result, stored = of_world(definition, before={3: run_out_of_memory})

    assert (result.record.status, stored.worker) == (Status.SUCCESS, "large")


@pytest.mark.parametrize(("crash_retries", "deaths"), [(0, 1), (1, 2), (2, 3)])
def test_on_the_other_worker_it_may_crash_as_often_as_on_the_first(
    crash_retries: int, deaths: int
) -> None:
    seen: list[int] = []

    @task(retry=TO_LARGE, crash_retries=crash_retries)
    def hungry(context: Context) -> Verdict:
        seen.append(context.task.iterations)
        raise OutOfMemory

    result = run(hungry)

    assert result.record.status == Status.FAILED
    assert error_code(result) == "WORKER_OUT_OF_MEMORY"
    assert len(seen) == 1 + deaths
    assert result.messages.count(MOVED) == 1


def test_the_crash_counts_as_an_attempt_and_the_move_does_not() -> None:
    attempts: list[int] = []

    @task(retry=Retry(max_attempts=3, on_out_of_memory="large", jitter=False))
    def failing(context: Context) -> Verdict:
        attempts.append(context.task.iterations)
        if len(attempts) == 1:
            raise OutOfMemory
        raise ValueError("It fails on each worker.")

    result = run(failing)

    assert result.record.status == Status.FAILED
    assert len(attempts) == 3
    assert any("Attempt 2 of 3 failed" in message for message in result.messages)


def test_neither_the_crash_nor_the_move_counts_toward_its_iterations() -> None:
    result, stored = of_world(counting(TO_LARGE, max_iterations=1), before={3: run_out_of_memory})

    assert result.record.status == Status.SUCCESS
    assert (stored.iterations, stored.counted_iterations) == (3, 1)


def test_a_task_whose_time_is_over_fails_instead() -> None:
    clock = ManualClock()

    @task(retry=TO_LARGE, timeout=600)
    def slow(context: Context) -> Verdict:
        clock.advance(601)
        raise OutOfMemory

    result = run(slow, clock=clock)

    assert error_code(result) == "TASK_TIMEOUT"
    assert MOVED not in result.messages


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", range(3, 8))
def test_it_moves_and_ends_well_wherever_the_move_is_cut_off(when: str, call: int) -> None:
    actions: dict[str, dict[int, Action]] = {"before": {2: run_out_of_memory}, "after": {}}
    actions[when] = {**actions[when], call: kill}

    result, stored = of_world(counting(TO_LARGE), **actions)

    assert (result.record.status, result.record.output) == (Status.SUCCESS, {"done": 2})
    assert stored.worker == "large"
    assert result.messages.count(MOVED) == 1


@pytest.mark.parametrize("call", range(3, 8))
def test_an_abort_while_it_moves_is_the_last_word(call: int) -> None:
    result, _ = of_world(counting(TO_LARGE), before={2: run_out_of_memory}, after={call: abort})

    assert result.record.status in (Status.ABORTED, Status.SUCCESS)
    assert result.record.was_aborted == ("Task aborted." in " ".join(result.messages))
