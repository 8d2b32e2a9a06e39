"""`signal`: hands a task something."""

from typing import Annotated, Final

from cyclopts import Parameter

from cli import json_input
from cli.bulk import Verb, each_of
from cli.errors import UsageError, refuse_empty
from cli.exit_status import ExitStatus
from cli.options import COMMON, Common
from cli.work import Work
from handler.client import Client
from handler.record import TaskRecord

_SIGNAL: Final = Verb("signal", "has the signal")
_HEARTBEAT: Final = Verb("signal", "has heard of it")


def signal(
    id: Annotated[str, Parameter(help="The task's id.")],
    name: Annotated[str, Parameter(help="The signal's name.")],
    /,
    *,
    data: Annotated[
        str | None,
        Parameter(
            name=["--data", "--input", "-i"],
            help="A JSON object, @file.json, or - for the standard input.",
            allow_leading_hyphen=True,
        ),
    ] = None,
    key: Annotated[str | None, Parameter(help="The same name and key is the same signal.")] = None,
    heartbeat: Annotated[
        bool, Parameter(help="Only say that whoever is to send it is still at it.")
    ] = False,
    common: Common = COMMON,
) -> ExitStatus:
    """Hand a task something that it waits for, or is going to wait for."""
    if heartbeat and (data is not None or key is not None):
        raise UsageError("--heartbeat goes without --data and --key.")
    refuse_empty(id, "The id")
    work = Work.of(common)
    given = json_input.read_object(data, "--data", stdin=work.terminal.stdin)

    def say(client: Client, task_id: str) -> TaskRecord:
        if heartbeat:
            return client.heartbeat(task_id, name)
        return client.signal(task_id, name, given, key)

    return each_of(work, _HEARTBEAT if heartbeat else _SIGNAL, [id], say)
