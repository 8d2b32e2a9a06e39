"""Who takes part, and in what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.benchmark.workloads import Kind
from tests.benchmark.world import takes_in_place

_CONTESTANTS: Final = "tests.benchmark.contestants"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of the report.

    Args:
        store: where it stores, in this run.
        options: what its module makes itself ready with.
        is_rival: whether its packages are those of the rivals' environment.
    """

    name: str
    store: str
    module: str
    kinds: frozenset[Kind] = frozenset(Kind)
    options: Mapping[str, Any] = field(default_factory=dict)
    is_rival: bool = False

    @property
    def command(self) -> tuple[str, ...]:
        """How Python runs it."""
        return ("-m", f"{_CONTESTANTS}.{self.module}")


_STEPS: Final = frozenset({Kind.STEPS})
_TASKS: Final = frozenset({Kind.TASKS})

BARE: Final = Entry(name="bare loop", store="none", module="bare")
ITERATIONS: Final = Entry(name="ours, an iteration a step", store="moto", module="iterations")
NOT_IN_PLACE: Final = Entry(
    name="ours, an iteration a step, `in_place=False`",
    store="moto",
    module="iterations",
    kinds=_STEPS,
    options={"in_place": False},
)
EACH: Final = Entry(name="ours, `context.each`", store="moto", module="each", kinds=_STEPS)
EACH_SAVED: Final = Entry(
    name="ours, `context.each`, `save_every=0`",
    store="moto",
    module="each",
    kinds=_STEPS,
    options={"save_every": 0},
)
RIVALS: Final = (
    Entry(
        name="AWS durable execution SDK",
        store="its test runner",
        module="aws_durable",
        is_rival=True,
    ),
    Entry(name="DBOS", store="SQLite", module="dbos_sqlite", is_rival=True),
    Entry(name="huey", store="SQLite", module="huey_sqlite", kinds=_TASKS, is_rival=True),
)


def lineup(kind: Kind) -> Sequence[Entry]:
    """Who takes part in a workload of this kind, the bare loop first."""
    ours = [ITERATIONS, *([NOT_IN_PLACE] if takes_in_place() else []), EACH, EACH_SAVED]
    return [entry for entry in (BARE, *ours, *RIVALS) if kind in entry.kinds]
