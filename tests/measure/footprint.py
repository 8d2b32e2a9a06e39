"""What tasks take of a stack: requests, write units, visits. Measured on the code itself.

Every other number of ours in docs/cost.md and docs/limits.md is made from these.
"""

import functools
import inspect
from dataclasses import dataclass, replace
from typing import Final, cast

from handler import Context, Continue, Definition, Done, task
from handler.contract import IN_PLACE_SHARE, MARGIN_SHARE, WORKER_TIMEOUT_SECONDS, Index
from handler.lifecycle import Closing
from handler.settings import Settings
from handler.testing import ManualClock
from handler.testing.aws import aws_client
from handler.testing.world import STATE_MACHINE
from infra.arguments import BackgroundTasksArgs
from infra.documents.dashboard import TRANSITIONS_OF_A_VISIT
from tests.measure.meter import Meter, MeteredWorld, size_of

# TransformEvent before the first visit, and Done, Error or Aborted after the last one.
TRANSITIONS_OF_AN_EXECUTION: Final = 2
TRANSITIONS_OF_A_WAIT: Final = 1
DEFAULTS: Final = BackgroundTasksArgs()
RETENTION_DAYS: Final = cast("int", DEFAULTS.task_retention_days)
_FEW, _MANY = 2, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Iteration:
    """What one iteration more takes.

    Args:
        requests: to the table.
        write_units: of these requests.
        dating_units: write units at the end of the task, to date what this iteration has logged.
        visits: of `Run`: 1, or the part of a visit that an iteration in place is.
        stored_bytes: what stays in the table of it.
        lines: that it logs.
    """

    requests: float
    write_units: float
    visits: float
    dating_units: float = 0
    stored_bytes: float = 0
    lines: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What a task takes that ends in its first iteration."""

    trigger: Meter
    run: Meter  # claim, commit, end
    dating: Meter  # what the recovery does for it afterwards
    stored_bytes: int  # its record and its log row, without the entries of the indexes

    @property
    def write_units(self) -> int:
        return self.trigger.write_units + self.run.write_units + self.dating.write_units

    def index_writes(self, index: Index) -> int:
        """Entries that it writes, from its trigger to its end, to the partition of an index that
        has most of them, or removes from it.
        """
        writes = self.trigger.index_writes + self.run.index_writes + self.dating.index_writes
        counts = (count for (of, _), count in writes.items() if of is index)
        return max(counts, default=1)  # of the code of an error: once, and this task has none


# How long iterations go on in place in one visit.
IN_PLACE_SECONDS: Final = WORKER_TIMEOUT_SECONDS * (1 - IN_PLACE_SHARE)


def of_a_visit(*, logs: bool) -> Iteration:
    """An iteration that has a visit of its own."""
    return _one_more(logs=logs, in_place=False)


def of_one_in_place(*, logs: bool) -> Iteration:
    """An iteration that goes on in the visit of the one before."""
    return _one_more(logs=logs, in_place=True)


def in_place(seconds: float, *, logs: bool) -> Iteration:
    """An iteration of so many seconds in place, with its part of what a visit begins with."""
    visits = seconds / IN_PLACE_SECONDS
    own, first = of_one_in_place(logs=logs), of_a_visit(logs=logs)
    return replace(
        own,
        requests=own.requests + visits * (first.requests - own.requests),
        write_units=own.write_units + visits * (first.write_units - own.write_units),
        visits=visits,
    )


def _one_more(*, logs: bool, in_place: bool) -> Iteration:
    """What a task takes more that has one iteration more."""
    few, many = _run(_FEW, logs, in_place), _run(_MANY, logs, in_place)
    more = _MANY - _FEW
    return Iteration(
        requests=(many.run.requests - few.run.requests) / more,
        write_units=(many.run.write_units - few.run.write_units) / more,
        dating_units=(many.dating.write_units - few.dating.write_units) / more,
        visits=0 if in_place else 1,
        stored_bytes=(many.stored_bytes - few.stored_bytes) / more,
        lines=int(logs),
    )


def of_a_loop(seconds: float) -> Iteration:
    """An item of so many seconds in `context.each`, which is less than an iteration."""
    parameters = inspect.signature(Context.each).parameters
    save_every = parameters["save_every"].default
    margin = WORKER_TIMEOUT_SECONDS * MARGIN_SHARE
    visits, saves = seconds / (WORKER_TIMEOUT_SECONDS - margin), seconds / save_every
    own = of_a_visit(logs=False)
    return Iteration(
        requests=saves + visits * own.requests,
        write_units=saves + visits * own.write_units,
        dating_units=visits * own.dating_units,
        visits=visits,
        stored_bytes=visits * own.stored_bytes,
    )


@functools.cache
def of_a_task(*, is_told_of: bool = False) -> Whole:
    """A task that ends in its first iteration.

    Args:
        is_told_of: whether the bus is told of its start and its end.
    """
    return _run(1, logs=False, in_place=True, is_told_of=is_told_of)


@functools.cache
def of_a_tagged_trigger(tags: int) -> Meter:
    """What the trigger of a task takes that has so many tags."""

    @task(tags={f"tag{number}": "value" for number in range(tags)})
    def tagged(context: Context) -> Done:
        return Done()

    with MeteredWorld.of(tagged) as world:
        world.start(tagged)
        return world.meter.copy()


@functools.cache
def of_a_childs_trigger() -> Meter:
    """What the trigger of a child takes: its record, and its row with its parent."""

    @task()
    def child(context: Context) -> Done:
        return Done()

    @task()
    def parent(context: Context) -> Done:
        before = world.meter.copy()
        context.trigger(child)
        triggers.append(world.meter.since(before))
        return Done()

    triggers: list[Meter] = []
    with MeteredWorld.of(parent, child) as world:
        world.start(parent)
        world.finish()
    return triggers[0]


def transitions(visits: float, *, executions: float = 0, waits: float = 0) -> float:
    """The state transitions of so many visits of `Run`."""
    return (
        visits * TRANSITIONS_OF_A_VISIT
        + executions * TRANSITIONS_OF_AN_EXECUTION
        + waits * TRANSITIONS_OF_A_WAIT
    )


@functools.cache
def _run(iterations: int, logs: bool, in_place: bool, is_told_of: bool = False) -> Whole:
    """A task of so many iterations, with the retention that a stack has."""
    definition = _counting(iterations, logs=logs, in_place=in_place)
    settings = Settings(
        table_name="tasks",
        event_bus_name="bus",
        payload_bucket_name="payloads",
        state_machine_arn=STATE_MACHINE,
        retention_days=RETENTION_DAYS,
        status_events=is_told_of,
    )
    # Time passes, as it does: what is written at two moments has two dates.
    clock = ManualClock(tick=0.001)
    with MeteredWorld.of(definition, settings=settings, clock=clock) as world:
        world.start(definition, {"count": 1})
        triggered = world.meter.copy()
        world.finish()
        ran = world.meter.copy()
        record = world.store.get(world.task_id)
        Closing(store=world.store, clock=world.clock).date(record)
        rows = aws_client("dynamodb").scan(TableName=settings.table_name)["Items"]
        return Whole(
            trigger=triggered,
            run=ran.since(triggered),
            dating=world.meter.since(ran),
            stored_bytes=sum(map(size_of, rows)),
        )


def _counting(iterations: int, *, logs: bool, in_place: bool) -> Definition:
    @task(id="counting", max_iterations=iterations, in_place=in_place)
    def counting(context: Context, input: dict[str, int]) -> Continue | Done:
        if logs:
            context.log.info("A page was written.", page=input["count"])
        return Done() if input["count"] == iterations else Continue({"count": input["count"] + 1})

    return counting
