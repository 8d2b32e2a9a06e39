"""`show`: a task, with all that is known of it."""

import json
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from cli import outcomes, shown
from cli.bulk import tell_error
from cli.errors import refuse_empty
from cli.exit_status import ExitStatus
from cli.options import COMMON, Common
from cli.printable import printable_json
from cli.terminal import Terminal
from cli.work import Work
from handler.errors import ApiUnavailable, BackgroundTaskError, StoreUnavailable
from handler.record import PAYLOADS, TaskRecord


def show(
    *ids: Annotated[str, Parameter(help="The ids of tasks.", required=True)],
    common: Common = COMMON,
) -> ExitStatus:
    """Show tasks with all that is known of them: their input and their output, too."""
    for each in ids:
        refuse_empty(each, "An id")
    work = Work.of(common)
    records, statuses = _read(work, ids)
    match work.format:
        case "json":
            found = [shown.as_json(record, payloads=True) for record in records]
            if len(ids) > 1:
                work.terminal.json(found)
            elif found:
                work.terminal.json(found[0])
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
    return outcomes.worst(statuses)


def _read(work: Work, ids: Sequence[str]) -> tuple[list[TaskRecord], list[ExitStatus]]:
    """The tasks that there are, with a line for each that can't be shown, and its exit status."""
    records, statuses = [], []
    for id in ids:
        try:
            records.append(work.client.get(id))
        except (ApiUnavailable, StoreUnavailable):
            raise
        except BackgroundTaskError as error:
            tell_error(work, id, error)
            statuses.append(outcomes.of_error(error))
    return records, statuses


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
