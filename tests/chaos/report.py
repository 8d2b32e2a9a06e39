"""What a campaign prints at its end."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.chaos.audit import Finding, Verdict
from tests.chaos.campaign import Result

_STATUSES = ("success", "failed", "aborted", "running", "pending", "none")


def show(console: Console, result: Result, findings: Sequence[Finding]) -> None:
    """Prints the tables, whatever is wrong, and the summary as the last line."""
    console.print(_tasks(result), _faults(result))
    for finding in findings:
        console.print(str(finding), style="red", markup=False, highlight=False, soft_wrap=True)
    offending = {finding.task_id for finding in findings}
    for task in result.tasks:
        if task.id in offending:
            console.print(f"\n{task.in_words()}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"\n{summary(result, findings)}", markup=False, highlight=False, soft_wrap=True)


def summary(result: Result, findings: Sequence[Finding]) -> str:
    """`312 tasks, 845 faults, 40 sweeps, 98 s: 0 lost, 0 stuck, 0 double effects`."""
    counts = [f"{_count(verdict, findings)} {verdict}" for verdict in Verdict]
    left = f", {result.undelivered} undelivered events left" if result.undelivered else ""
    run = (
        f"{len(result.tasks)} tasks, {len(result.faults)} faults, {result.sweeps} sweeps,"
        f" {result.seconds:.0f} s"
    )
    return f"{run}: {', '.join(counts)}{left}"


def is_good(result: Result, findings: Sequence[Finding]) -> bool:
    return not findings and not result.undelivered


def _count(verdict: Verdict, findings: Sequence[Finding]) -> int:
    """How many tasks a verdict was found on."""
    return len({finding.task_id for finding in findings if finding.verdict is verdict})


def _tasks(result: Result) -> Table:
    table = Table("tasks", *_STATUSES[:3], "open", "all", title="Outcomes")
    found = Counter((result.kinds[task.id], str(task.status or "none")) for task in result.tasks)
    for kind in sorted({kind for kind, _ in found}):
        numbers = [found[kind, status] for status in _STATUSES]
        table.add_row(kind, *map(str, numbers[:3]), str(sum(numbers[3:])), str(sum(numbers)))
    return table


def _faults(result: Result) -> Table:
    table = Table("fault", "times", title="Faults")
    for kind, times in sorted(Counter(result.faults).items()):
        table.add_row(kind, str(times))
    return table
