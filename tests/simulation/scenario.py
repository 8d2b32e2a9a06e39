"""What a world is made from: everything in it follows from this."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from handler.contract import MAX_EXECUTION_VISITS
from tests.simulation.faults import Place
from tests.simulation.many import Hold, Said, holds, said
from tests.simulation.plan import Planned, plan, shared
from tests.simulation.state_machine import MAX_HISTORY_EVENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A world.

    Args:
        seed: decides on the tasks, the faults and the times.
        tasks: how many are planned.
        only: the numbers of those that are triggered; `None`: all.
        faults: the places where a fault may come; `None`: wherever the dice say so.
        is_operated: whether its operators do all that they may: retries, time limits, tasks that
            clean up, settings that change, and a bus that is told. What is older has none of it.
        is_in_bulk: whether they also say verbs of many tasks at once, and pause definitions and
            all.
        is_bounded: whether some tasks need slots.
        is_shared: whether there are only tasks that share slots.
    """

    seed: str
    tasks: int
    only: tuple[int, ...] | None = None
    faults: tuple[Place, ...] | None = None
    is_operated: bool = False
    is_in_bulk: bool = False
    is_bounded: bool = False
    is_shared: bool = False

    @property
    def planned(self) -> Sequence[Planned]:
        return [task for task in self._all if self.only is None or task.number in self.only]

    @property
    def _all(self) -> Sequence[Planned]:
        if self.is_shared:
            return shared(self.seed, self.tasks)
        return plan(self.seed, self.tasks, is_operated=self.is_operated, is_bounded=self.is_bounded)

    @property
    def intensity(self) -> float:
        """How often faults come, against the usual odds: each world has its own."""
        return self._dice("intensity").choice([0.0, 0.3, 1.0, 1.0, 1.0, 2.5])

    @property
    def retention_days(self) -> int:
        return self._dice("retention").choice([0, 1, 1])

    @property
    def retention_changes(self) -> Sequence[tuple[float, int]]:
        """When somebody changes the retention, in seconds, and to how many days."""
        dice = self._dice("settings")
        if not self.is_operated or dice.random() < 0.5:
            return ()
        moments = sorted(dice.uniform(0, 2_000) for _ in range(dice.randint(1, 3)))
        return [(moment, dice.choice([0, 1])) for moment in moments]

    @property
    def said_of_many(self) -> Sequence[Said]:
        """The verbs that are said of many tasks at once."""
        return said(self.seed, self._all) if self.is_in_bulk else ()

    @property
    def holds(self) -> Sequence[Hold]:
        """The definitions that are paused; or all."""
        return holds(self.seed, self._all) if self.is_in_bulk else ()

    @property
    def is_told(self) -> bool:
        """Whether the bus is told what becomes of tasks."""
        return self.is_operated and self._dice("told").random() < 0.5

    @property
    def max_execution_visits(self) -> int:
        """After how many visits of `Run` a task moves on: few, so that tasks do."""
        visits: int = self._dice("moves on").choice([2, 3, MAX_EXECUTION_VISITS])
        return visits

    @property
    def max_history_events(self) -> int:
        return MAX_HISTORY_EVENTS

    @property
    def bad_deploy(self) -> tuple[float, float]:
        """From when to when a file can't be imported, in seconds."""
        dice = self._dice("deploy")
        start = dice.uniform(0, 1_500)
        return (start, start + dice.uniform(60, 1_500)) if dice.random() < 0.3 else (0.0, 0.0)

    def _dice(self, what: str) -> random.Random:
        return random.Random(f"{self.seed}/{what}")
