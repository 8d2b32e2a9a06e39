"""`logs`: what a task has logged."""

from typing import Annotated

from cyclopts import Parameter

from cli import following, moments, outcomes
from cli.errors import UsageError, refuse_empty
from cli.exit_status import ExitStatus
from cli.options import COMMON, Common
from cli.work import Work


def logs(
    id: Annotated[str, Parameter(help="The task's id.")],
    /,
    *,
    follow: Annotated[
        bool, Parameter(name=["--follow", "-f"], help="Go on until the task is over.")
    ] = False,
    tail: Annotated[
        int | None, Parameter(name=["--tail", "-n", "--limit"], help="The last lines alone.")
    ] = None,
    iteration: Annotated[int | None, Parameter(help="Of one iteration alone.")] = None,
    errors: Annotated[bool, Parameter(help="Errors alone.")] = False,
    since: Annotated[str | None, Parameter(help="Since 10m or 2h ago, or a date.")] = None,
    common: Common = COMMON,
) -> ExitStatus:
    """Show the log of a task: a line has its time in UTC, its iteration (#3) and its type.

    With --follow it goes on until the task is over, and ends as `watch` does. JSON is an object a
    line.
    """
    if tail is not None and tail < 1:
        raise UsageError(f"--tail is {tail}; it takes 1 or more.")
    if common.format == "id":
        raise UsageError("Lines of a log have no ids. Next: --output table, json or jsonl.")
    refuse_empty(id, "The id")
    work = Work.of(common)
    moment = None if since is None else moments.moment(since, "--since", now=work.now())
    wanted = following.Wanted(iteration, errors, moment)
    record = work.client.get(id)
    if follow:
        lines = following.lines_until_over(work, record, wanted, tail=tail)
    else:
        lines = following.lines_now(work, id, wanted, tail=tail)
    has_some = False
    for line in lines:
        has_some = True
        following.write(work.terminal, work.format, line)
        if follow:
            work.terminal.flush()
    if not has_some:
        work.terminal.say(
            f"Task {id} has logged nothing{' like that' if record.iterations else ''}."
        )
    return outcomes.of_task(work.client.get(id).status) if follow else ExitStatus.DONE
