"""Many worlds, on two processes: `TASKS=10000 SEED=7 python -m tests.simulation`."""

import multiprocessing
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from tests.simulation import process
from tests.simulation.scenario import Scenario
from tests.simulation.world import Result, World

TASKS_PER_WORLD: Final = 25
_SHARING_TASKS: Final = 200
# Of a process that runs worlds and nothing else.
_for_ever: Final = ExitStack()


@dataclass(slots=True)
class Totals:
    """What the worlds of a campaign were, together."""

    worlds: int = 0
    tasks: int = 0
    steps: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: list[Result] = field(default_factory=list)

    def add(self, result: Result) -> None:
        self.worlds += 1
        self.tasks += result.tasks
        self.steps += result.steps
        self.faults += result.faults
        self.outcomes += result.outcomes
        if result.violations:
            self.broken.append(result)


def scenarios(seed: str, tasks: int) -> Sequence[Scenario]:
    """The worlds of a campaign, which have so many planned tasks together.

    One task of ten is in a world whose tasks share the slots of twenty keys.
    """
    mixed, shared = tasks - tasks // 10, tasks // 10
    return [
        Scenario(
            seed=f"{seed}/{number}",
            tasks=size,
            is_operated=True,
            is_in_bulk=True,
            is_bounded=True,
        )
        for number, size in enumerate(_sizes(mixed, TASKS_PER_WORLD))
    ] + [
        Scenario(seed=f"{seed}/shared {number}", tasks=size, is_shared=True)
        for number, size in enumerate(_sizes(shared, _SHARING_TASKS))
    ]


def _sizes(tasks: int, most: int) -> Iterator[int]:
    yield from [most] * (tasks // most)
    if left := tasks % most:
        yield left


def run_here(worlds: Sequence[Scenario]) -> Iterator[Result]:
    """Runs worlds in this process, one after another."""
    with process.prepared():
        for scenario in worlds:
            yield World(scenario).run()


def run(worlds: Sequence[Scenario], *, processes: int = 2) -> Iterator[Result]:
    """Runs worlds on so many processes, in the order in which they end."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=prepare) as pool:
        yield from pool.imap_unordered(_run_one, worlds, chunksize=4)


def prepare() -> None:
    """Prepares a process that runs worlds and nothing else."""
    _for_ever.enter_context(process.prepared())


def _run_one(scenario: Scenario) -> Result:
    return World(scenario).run()
