"""`settings`: what holds for the tasks of a tenant, and changes while the stack runs."""

from typing import Annotated

from cyclopts import Parameter

from cli.exit_status import ExitStatus
from cli.options import COMMON, Common
from cli.work import Work


def settings(
    *,
    retention_days: Annotated[
        int | None,
        Parameter(help="For how many days a task is kept from its end; 0 is for ever."),
    ] = None,
    common: Common = COMMON,
) -> ExitStatus:
    """See what holds for the tasks of a tenant; with a flag, change it without a deploy."""
    work = Work.of(common)
    if retention_days is None:
        found = work.client.settings()
    else:
        found = work.client.update_settings(retention_days=retention_days)
        work.terminal.say(f"Changed on {work.where}.")
    fields = found.model_dump(mode="json", by_alias=True)
    if work.format in ("json", "jsonl"):
        work.terminal.json(fields, is_compact=work.format == "jsonl")
    else:
        for name, value in fields.items():
            work.terminal.line(f"{name}  {value}")
    return ExitStatus.DONE
