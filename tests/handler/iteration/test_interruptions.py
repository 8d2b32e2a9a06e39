"""Whole runs of tasks of every kind, interrupted at every call of the store in turn."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import pytest

from handler.contract import Status
from handler.errors import Refused
from handler.record.task_record import Json, TaskRecord
from handler.testing import Result, World, deliver_again, kill
from handler.testing.world import Action
from tests.handler.samples import SAMPLES


@cache
def undisturbed(name: str) -> Result:
    """What becomes of a task that nothing interrupts."""
    return SAMPLES[name]().run()


@cache
def undisturbed_effects(name: str) -> list[object]:
    """What a task does to the world when nothing interrupts it."""
    sample = SAMPLES[name]()
    sample.run()
    return list(sample.effects)


def at_every_call() -> list[tuple[str, int]]:
    """Each sample with each call of its store in an undisturbed run."""
    return [(name, call) for name in SAMPLES for call in range(1, len(undisturbed(name).calls) + 1)]


def told(record: TaskRecord) -> Json:
    """What of a record must not depend on interruptions: who ran it how often, and when, may."""
    return record.model_dump(
        include={"status", "input", "output", "hook", "waiting_until", "answer", "claims"}
    )


AT_EVERY_CALL = pytest.mark.parametrize(("name", "call"), at_every_call())


@AT_EVERY_CALL
def test_a_worker_that_is_killed_before_a_call_changes_nothing_of_the_outcome(
    name: str, call: int
) -> None:
    assert_the_outcome_is_the_same(name, before={call: kill})


# What the table holds after a call, it holds before the next one: only the last is another case.
@pytest.mark.parametrize("name", SAMPLES)
def test_a_worker_that_is_killed_after_the_last_call_changes_nothing_either(name: str) -> None:
    assert_the_outcome_is_the_same(name, after={len(undisturbed(name).calls): kill})


def assert_the_outcome_is_the_same(name: str, **interruptions: dict[int, Action]) -> None:
    sample = SAMPLES[name]()

    result = sample.run(**interruptions)

    assert told(result.record) == told(undisturbed(name).record)
    assert Counter(str(told(child)) for child in result.children) == Counter(
        str(told(child)) for child in undisturbed(name).children
    )
    assert 1 <= len(sample.hooks) <= 2


@AT_EVERY_CALL
def test_an_event_that_is_delivered_twice_runs_nothing_twice(name: str, call: int) -> None:
    sample = SAMPLES[name]()

    result = sample.run(before={call: deliver_again})

    assert told(result.record) == told(undisturbed(name).record)
    assert sample.effects == undisturbed_effects(name)
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
        assert not any(child.status.is_open for child in result.children)
        assert [record.status for record in sample.hooks] == [Status.ABORTED]
    else:
        assert told(result.record) == told(undisturbed(name).record)
    assert result.answers[-1]["status"] in ("aborted", "done")
    assert result.record.hook is None


def abort_if_open(aborted: list[TaskRecord]) -> Callable[[World], None]:
    def action(world: World) -> None:
        with suppress(Refused):
            aborted.append(world.tasks.abort(world.task_id))

    return action


@pytest.mark.parametrize("name", SAMPLES)
def test_an_interruption_takes_place_at_the_calls_of_an_undisturbed_run(name: str) -> None:
    calls = undisturbed(name).calls

    assert len(calls) > 6
    assert undisturbed(name).record.status is Status.SUCCESS
