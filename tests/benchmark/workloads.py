"""What every contestant is given to do."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """Whether it is one task of many steps, or many tasks."""

    STEPS = "steps"
    TASKS = "tasks"


@dataclass(frozen=True, slots=True)
class Workload:
    """One table of the report.

    Args:
        writes: whether a step writes an item; else it does nothing.
        rounds: how often it is measured; the report has the round in the middle.
    """

    title: str
    kind: Kind
    count: int
    writes: bool
    rounds: int


WORKLOADS: Final = (
    Workload("200 steps that do nothing", Kind.STEPS, 200, writes=False, rounds=3),
    Workload("200 steps that write one small item", Kind.STEPS, 200, writes=True, rounds=3),
    Workload("1,000 tasks at once", Kind.TASKS, 1_000, writes=False, rounds=1),
)
