"""Whole runs of tasks of every kind, interrupted at every call of the store in turn."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import pytest

from handler.contract import Status
from handler.errors import Refused
from handler.record.model import Json
from handler.record.stored_task import StoredTask
from handler.record.task_record import TaskRecord
from handler.testing import Result, World, deliver_again, kill
from handler.testing.world import Action
from tests.handler.samples import SAMPLES, Sample
from tests.modelled import modelled

# Exhaustive: each of many calls in turn.
pytestmark = pytest.mark.slow


@cache
def undisturbed(name: str) -> Result:
    """What becomes of a task that nothing interrupts."""
    with modelled("dynamodb", "s3"):  # asked when the tests are collected
        return SAMPLES[name]().run()


@cache
def undisturbed_sample(name: str) -> Sample:
    """A task after a run that nothing interrupted."""
    sample = SAMPLES[name]()
    sample.run()
    return sample


def at_every_call() -> list[tuple[str, int]]:
    """Each sample with each call of its store in an undisturbed run."""
    return [(name, call) for name in SAMPLES for call in range(1, len(undisturbed(name).calls) + 1)]


def outcome(task: StoredTask) -> Json:
    """The part of a record that no interruption may change."""
    return task.model_dump(
        include={
            "status",
            "input",
            "output",
            "pending_hook",
            "children_abort_pending",
            "waiting_until",
            "last_answer",
            "claims_since_outcome",
        }
    )


def outcomes(sample: Sample) -> tuple[Json, Counter[str]]:
    """The outcome of a task, and the outcomes of its children without their order."""
    task, *children = sample.stored
    return outcome(task), Counter(str(outcome(child)) for child in children)


AT_EVERY_CALL = pytest.mark.parametrize(("name", "call"), at_every_call())


@AT_EVERY_CALL
def test_a_worker_killed_before_a_call_changes_nothing_of_the_outcome(name: str, call: int) -> None:
    assert_the_outcome_is_the_same(name, before={call: kill})


# After a call the table is as it is before the next one: only the last call is another case.
@pytest.mark.parametrize("name", SAMPLES)
def test_a_worker_killed_after_the_last_call_changes_nothing_of_the_outcome(name: str) -> None:
    assert_the_outcome_is_the_same(name, after={len(undisturbed(name).calls): kill})


def assert_the_outcome_is_the_same(name: str, **interruptions: dict[int, Action]) -> None:
    sample = SAMPLES[name]()

    sample.run(**interruptions)

    assert outcomes(sample) == outcomes(undisturbed_sample(name))
    assert 1 <= len(sample.hooks) <= 2


@AT_EVERY_CALL
def test_an_event_delivered_twice_runs_each_step_once(name: str, call: int) -> None:
    sample = SAMPLES[name]()

    result = sample.run(before={call: deliver_again})

    assert outcomes(sample) == outcomes(undisturbed_sample(name))
    assert sample.effects == undisturbed_sample(name).effects
    assert len(sample.hooks) == 1
    assert {answer["status"] for answer in result.answers} <= {"continue", "done"}


@AT_EVERY_CALL
def test_an_abort_is_never_overwritten(name: str, call: int) -> None:
    sample = SAMPLES[name]()
    aborted: list[TaskRecord] = []

    result = sample.run(before={call: abort_if_open(aborted)})

    if aborted:
        assert result.record.status is Status.ABORTED
        assert result.record.output == aborted[0].output
        assert result.record.finished_on == aborted[0].finished_on
        assert all(child.is_over for child in result.children)
        assert [record.status for record in sample.hooks] == [Status.ABORTED]
    else:
        assert outcomes(sample) == outcomes(undisturbed_sample(name))
    assert result.answers[-1]["status"] in ("aborted", "done")
    assert sample.stored[0].pending_hook is None


def abort_if_open(aborted: list[TaskRecord]) -> Callable[[World], None]:
    def action(world: World) -> None:
        with suppress(Refused):
            aborted.append(world.tasks.abort(world.task_id))

    return action


@pytest.mark.parametrize("name", SAMPLES)
def test_an_undisturbed_run_makes_more_than_four_calls_and_succeeds(name: str) -> None:
    calls = undisturbed(name).calls

    assert len(calls) > 4
    assert undisturbed(name).record.status is Status.SUCCESS
