"""`doctor`: what is wrong with a stack."""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from cli.doctor.examination import examined
from cli.doctor.findings import Finding, State
from cli.doctor.patient import Patient
from cli.exit_status import ExitStatus
from cli.options import COMMON, Common
from cli.printable import printable
from cli.work import Work

_STYLES: Final[Mapping[State, str]] = {
    "ok": "green",
    "warning": "yellow",
    "failed": "red",
    "unknown": "yellow",
    "not here": "dim",
}
_WIDTH: Final = max(map(len, _STYLES))


def doctor(*, common: Common = COMMON) -> ExitStatus:
    """Look for what is wrong with the stack: credentials, outputs, functions, queues, idle tasks,
    slots, schedules, quotas. It changes nothing.

    It ends with 1 if something has failed. What could not be looked at is told, and is no failure.
    """
    work = Work.of(common)
    work.terminal.say(f"Looking at {work.where}.")
    found = []
    for finding in examined(Patient.of(work)):
        found.append(finding)
        _show(work, finding)
    if work.format == "json":
        work.terminal.json([dataclasses.asdict(each) for each in found])
    counted = Counter(each.state for each in found)
    said = ", ".join(f"{counted[state]} {state}" for state in _STYLES if counted[state])
    work.terminal.say(f"{said}.")
    return ExitStatus.FAILED if counted["failed"] else ExitStatus.DONE


def _show(work: Work, finding: Finding) -> None:
    match work.format:
        case "json":
            return
        case "jsonl":
            work.terminal.json(dataclasses.asdict(finding), is_compact=True)
        case "id":
            if finding.state == "failed":
                work.terminal.line(finding.check)
        case _:
            for line in _lines(finding):
                work.terminal.styled(line, _STYLES[finding.state])
    work.terminal.flush()


def _lines(finding: Finding) -> Iterator[str]:
    yield printable(f"{finding.state:<{_WIDTH}}  {finding.check}: {finding.value}")
    if finding.state in ("ok", "not here"):
        return
    indent = " " * (_WIDTH + 2)
    if finding.expected:
        yield printable(f"{indent}expected: {finding.expected}")
    if finding.next:
        yield printable(f"{indent}Next: {finding.next}")
