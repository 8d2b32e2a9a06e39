"""The test kit for authors of tasks."""

from collections.abc import Callable

import pytest
from pydantic import BaseModel

from handler import Context, Continue, Done, Failed, TaskRecord, Verdict, task
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

    assert seen == [900, 800, 900, 800]


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
