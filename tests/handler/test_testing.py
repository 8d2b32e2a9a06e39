"""The test kit for authors of tasks."""

import asyncio
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest
from moto import mock_aws
from pydantic import BaseModel

from handler import Context, Continue, Done, Failed, TaskRecord, Verdict, task, tasks
from handler.errors import InvalidInput
from handler.testing import ManualClock, World, abort, deliver_again, kill, run


class Input(BaseModel):
    total: int


@task(id="countUp")
def count_up(context: Context, input: Input) -> Verdict:
    """Counts its own iterations, and waits a minute after each."""
    context.log.info("Counting.")
    return (
        Continue(wait=60)
        if context.task.iterations < input.total
        else Done(output={"total": input.total})
    )


def test_a_run_returns_the_record_its_answers_calls_and_logs() -> None:
    result = run(count_up, {"total": 3})

    assert result.record.status == "success"
    assert result.record.output == {"total": 3}
    assert result.iterations == 3
    assert result.waits == (60, 60)
    assert [answer["status"] for answer in result.answers] == ["continue", "continue", "done"]
    assert result.calls[:2] == ("update_item", "transact_write_items")
    assert [log.iteration for log in result.logs] == [1, 2, 3]
    assert result.messages == ["Counting.", "Task continuing."] * 2 + ["Counting.", "Task done."]
    assert result.children == ()


def test_a_model_may_be_the_input() -> None:
    assert run(count_up, Input(total=1)).record.output == {"total": 1}


def test_an_input_that_does_not_validate_is_refused() -> None:
    with pytest.raises(InvalidInput, match="total"):
        run(count_up, {"total": "many"})


def test_waits_pass_on_the_clock_alone() -> None:
    clock = ManualClock()
    start = clock.now()

    run(count_up, {"total": 3}, clock=clock)

    assert (clock.now() - start).total_seconds() == 120


def test_a_task_that_never_ends_is_an_assertion_error() -> None:
    @task(max_iterations=10**9, database_logs=False)
    def endless(context: Context) -> Verdict:
        return Continue()

    with World.of(endless, max_steps=10) as world:
        world.start(endless)
        with pytest.raises(AssertionError, match="Tasks still run after 10 iterations"):
            world.finish()


def test_a_worker_killed_at_every_call_is_an_assertion_error() -> None:
    with pytest.raises(AssertionError, match="was killed 4 times in a row"):
        run(count_up, {"total": 1}, before=dict.fromkeys(range(1, 100), kill))


@pytest.mark.parametrize(
    ("action", "status", "answers"), [(abort, "aborted", 1), (deliver_again, "success", 2)]
)
def test_an_abort_or_a_second_delivery_may_happen_at_any_call(
    action: Callable[[World], None], status: str, answers: int
) -> None:
    result = run(count_up, {"total": 1}, before={2: action})

    assert result.record.status == status
    assert len(result.answers) == answers


def test_a_function_of_ones_own_may_be_called_at_any_call() -> None:
    seen: list[TaskRecord] = []

    run(
        count_up, {"total": 1}, after={1: lambda world: seen.append(world.store.get(world.task_id))}
    )

    assert [record.status for record in seen] == ["running"]


def test_the_clock_counts_down_900_remaining_seconds() -> None:
    seen: list[float] = []

    @task()
    def timed(context: Context) -> Verdict:
        seen.append(context.remaining_seconds())
        clock.advance(100)
        seen.append(context.remaining_seconds())
        return Continue() if context.task.iterations == 1 else Done()

    clock = ManualClock()
    run(timed, clock=clock)

    assert seen == [900, 800, 800, 700]


def test_remaining_seconds_may_be_set() -> None:
    left = iter([500, 100])

    @task()
    def timed(context: Context) -> Verdict:
        return (
            Continue()
            if context.is_close_to_timeout()
            else Done(output={"left": context.remaining_seconds()})
        )

    assert run(timed, remaining_seconds=lambda: next(left)).record.output == {"left": 100}


def test_two_tasks_may_be_started_in_one_world() -> None:
    with World.of(count_up) as world:
        first, second = (world.start(count_up, {"total": total}).id for total in (1, 2))
        world.finish()

        assert [world.result(id).iterations for id in (first, second)] == [1, 2]
        assert world.result().record.id == second


def test_a_failure_is_a_result_and_not_an_exception() -> None:
    @task()
    def failing(context: Context) -> Verdict:
        return Failed("boom")

    assert run(failing).record.output == {"error": {"message": "boom"}}


@task()
def child(context: Context) -> Verdict:
    return Done()


@task()
def threaded(context: Context) -> Verdict:
    """Triggers children from threads of a pool, of its own and of `asyncio`."""

    async def from_threads() -> list[str]:
        loop = asyncio.get_running_loop()
        by_thread = await asyncio.to_thread(trigger)
        return [by_thread, await loop.run_in_executor(None, trigger)]

    def trigger(*_: object) -> str:
        return tasks.trigger("child", parent=context.task).id

    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(trigger()))
    thread.start()
    thread.join()
    with ThreadPoolExecutor(3) as pool:
        found += pool.map(trigger, range(3))
    return Done(output={"ids": found + asyncio.run(from_threads())})


def test_tasks_can_be_triggered_in_threads_of_a_task() -> None:
    result = run(threaded, children=[child])

    assert len({each.id for each in result.children}) == 6
    assert all(each.has_succeeded for each in result.children)
    assert {each.id for each in result.children} == set(str_list(result.record.output))


def str_list(output: object) -> list[str]:
    assert isinstance(output, dict)
    return [str(id) for id in output["ids"]]


def count_tasks() -> int:
    """How many tasks there are, for the thread that calls it."""
    return tasks.count()


def test_worlds_in_two_threads_at_a_time_keep_their_tasks_apart() -> None:
    both = threading.Barrier(2, timeout=60)

    def one_world(number: int) -> tuple[int, int]:
        with World.of(threaded, child) as world:
            both.wait()
            for _ in range(number):
                world.start(threaded)
            with ThreadPoolExecutor(1) as pool:
                counted = pool.submit(count_tasks).result()
            both.wait()
            return counted, world.tasks.count()

    with mock_aws(), ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(one_world, (1, 3)))

    assert counts == [(1, 1), (3, 3)]


def test_a_pool_that_is_older_than_a_world_uses_the_world_that_runs() -> None:
    with ThreadPoolExecutor(1) as pool:
        with World.of(child) as world:
            world.start(child)
            first = pool.submit(count_tasks).result()
        with World.of(child):
            second = pool.submit(count_tasks).result()

    assert (first, second) == (1, 0)


def test_threads_get_nothing_else_of_their_starters_context() -> None:
    variable = ContextVar("variable", default="of the thread")

    with World.of(child), ThreadPoolExecutor(1) as pool:
        variable.set("of the test")

        assert pool.submit(variable.get).result() == "of the thread"


def test_ctrl_c_stops_the_test_and_an_interrupt_of_the_task_fails_the_task() -> None:
    @task()
    def interrupted(context: Context) -> Verdict:
        try:
            signal.raise_signal(signal.SIGINT)
        except Exception as error:
            raise AssertionError from error
        return Done()

    @task()
    def interrupting(context: Context) -> Verdict:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(interrupted)

    assert run(interrupting).record.has_failed
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
