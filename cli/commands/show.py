"""`show`: a task, with all that is known of it."""

import json
from typing import Annotated

from cyclopts import Parameter

from cli import shown
from cli.exit_status import ExitStatus
from cli.options import COMMON, Common
from cli.printable import printable_json
from cli.terminal import Terminal
from cli.work import Work
from handler.record import PAYLOADS, TaskRecord


def show(
    *ids: Annotated[str, Parameter(help="The ids of tasks.", required=True)],
    common: Common = COMMON,
) -> ExitStatus:
    """Show tasks with all that is known of them: their input and their output, too."""
    work = Work.of(common)
    records = [work.client.get(id) for id in ids]
    match work.format:
        case "json":
            found = [shown.as_json(record, payloads=True) for record in records]
            work.terminal.json(found[0] if len(found) == 1 else found)
        case "jsonl":
            work.terminal.json_lines(shown.as_json(each, payloads=True) for each in records)
        case "id":
            for record in records:
                work.terminal.line(record.id)
        case _:
            for number, record in enumerate(records):
                if number:
                    work.terminal.line()
                _show(work.terminal, record)
    return ExitStatus.DONE


def _show(terminal: Terminal, record: TaskRecord) -> None:
    known = list(shown.details(record))
    width = max(len(word) for word, _ in known)
    for word, value in known:
        terminal.line(f"{word:<{width}}  {value}")
    for name in PAYLOADS:
        if payload := getattr(record, name):
            terminal.line(f"{name}:")
            text = json.dumps(payload, ensure_ascii=False, indent=2)
            for line in printable_json(text).splitlines():
                terminal.line(f"  {line}")
