"""`watch`: a task, live until it is over."""

from typing import Annotated

from cyclopts import Parameter

from cli import moments, outcomes, shown, watching
from cli.errors import refuse_empty
from cli.exit_status import ExitStatus
from cli.options import COMMON, Common
from cli.work import Work
from handler.record import TaskRecord


def watch(
    id: Annotated[str, Parameter(help="The task's id.")],
    /,
    *,
    timeout: Annotated[
        str | None, Parameter(help="Until 10m or 2h have passed; else until it is over.")
    ] = None,
    common: Common = COMMON,
) -> ExitStatus:
    """Show a task live until it is over.

    It ends with 0 if the task has succeeded, 1 if it has failed, 6 if it was aborted, and 7 if it
    is still open after the timeout.
    """
    longest = moments.optional_duration(timeout, "--timeout")
    refuse_empty(id, "The id")
    work = Work.of(common)
    record = watching.until_over(work, work.client.get(id), timeout=longest)
    return told(work, record)


def told(work: Work, record: TaskRecord) -> ExitStatus:
    """Writes how a task has ended, and returns the exit status of it."""
    match work.format:
        case "json" | "jsonl" as format:
            shown_as = shown.as_json(record, payloads=True)
            work.terminal.json(shown_as, is_compact=format == "jsonl")
        case "id":
            work.terminal.line(record.id)
        case _:
            work.terminal.line(shown.ending(record))
    return outcomes.of_task(record.status)
