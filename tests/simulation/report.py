"""What a simulation prints."""

from collections import defaultdict
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.simulation.campaign import Totals
from tests.simulation.exploring import Explored
from tests.simulation.scenario import Scenario
from tests.simulation.world import Result

_STATUSES = ("success", "failed", "aborted")
_MAX_TOLD = 5


def show(console: Console, totals: Totals) -> None:
    """Prints the tables, and each world that breaks a rule."""
    console.print(_outcomes(totals), _faults(totals))
    for result in totals.broken[:_MAX_TOLD]:
        _plain(console, f"{result.scenario.seed}: {result.violations[0]}")
    _plain(console, f"\n{summary(totals)}")


def summary(totals: Totals) -> str:
    """`10,412 tasks in 400 worlds, 9,876 faults of 42 kinds, 812,345 steps: 0 rules broken`."""
    return (
        f"{totals.tasks:,} tasks in {totals.worlds:,} worlds, {totals.faults.total():,} faults of"
        f" {len(totals.faults)} kinds, {totals.steps:,} steps: {len(totals.broken)} rules broken"
    )


def show_broken(console: Console, result: Result) -> None:
    """Prints how a rule was broken, and the test that repeats it."""
    for violation in result.violations:
        _plain(console, f"\n{violation}")
    for id, lines in result.stories.items():
        _plain(console, f"\n{id}")
        for line in lines:
            _plain(console, line[:300])
    _plain(console, f"\nIn tests/simulation/test_found.py:\n\n{code_of(result.scenario)}\n")


def code_of(scenario: Scenario) -> str:
    """The scenario as code."""
    lines = ["SCENARIO = Scenario(", f"    seed={scenario.seed!r},", f"    tasks={scenario.tasks},"]
    if scenario.only is not None:
        lines.append(f"    only={scenario.only!r},")
    if scenario.is_operated:
        lines.append("    is_operated=True,")
    if scenario.is_in_bulk:
        lines.append("    is_in_bulk=True,")
    if scenario.is_shared:
        lines.append("    is_shared=True,")
    if scenario.is_bounded:
        lines.append("    is_bounded=True,")
    if scenario.faults is not None:
        lines.append("    faults=(")
        lines += [
            f"        (Kind.{kind.name}, {actor!r}, {step}),"  # type: ignore[attr-defined]
            for kind, actor, step in scenario.faults
        ]
        lines.append("    ),")
    return "\n".join([*lines, ")"])


def show_explored(console: Console, explored: Sequence[Explored]) -> None:
    """Prints the scopes that were exhausted."""
    table = Table(
        "scope",
        "orders",
        "with a fault",
        "cut short, as the same",
        "violations",
        title="Exhausted scopes",
    )
    for each in explored:
        found = len(each.violations)
        table.add_row(
            each.name, f"{each.orders:,}", f"{each.with_fault:,}", f"{each.cut:,}", f"{found}"
        )
    console.print(table)
    for each in explored:
        for what in each.violations[:_MAX_TOLD]:
            _plain(console, f"{each.name}: {what}")
    runs = sum(each.orders + each.with_fault for each in explored)
    found = sum(len(each.violations) for each in explored)
    _plain(console, f"\n{len(explored)} scopes, {runs:,} orders: {found} violations")


def _outcomes(totals: Totals) -> Table:
    table = Table("tasks", *_STATUSES, "all", title="Outcomes")
    rows: dict[str, list[int]] = defaultdict(lambda: [0] * len(_STATUSES))
    for (definition, status), number in totals.outcomes.items():
        if status in _STATUSES:
            rows[definition][_STATUSES.index(status)] += number
    for definition, numbers in sorted(rows.items()):
        table.add_row(definition, *map(str, numbers), str(sum(numbers)))
    return table


def _faults(totals: Totals) -> Table:
    table = Table("fault", "times", title="Faults")
    for kind, times in sorted(totals.faults.items()):
        table.add_row(kind, f"{times:,}")
    return table


def _plain(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
