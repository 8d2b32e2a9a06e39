"""`send`: an event by hand, on the bus. It triggers a task without the API."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from cyclopts import Parameter

from cli import json_input, moments
from cli.aws_clients import AwsClients
from cli.errors import CliError, refuse_empty
from cli.exit_status import ExitStatus
from cli.options import (
    COMMON,
    INPUT,
    Common,
    Delay,
    ExpiresAfter,
    Name,
    Tags,
    Timeout,
    tags_of,
)
from cli.work import Work
from handler.contract import DETAIL_TYPE, WireKey

_SOURCE: Final = "by-hand"


def send(
    definition: Annotated[str, Parameter(help="What is to run.")],
    /,
    *,
    input: Annotated[str | None, INPUT] = None,
    name: Name = None,
    delay: Delay = None,
    timeout: Timeout = None,
    expires_after: ExpiresAfter = None,
    tag: Tags = (),
    locale: Annotated[str | None, Parameter(help="en-US.")] = None,
    common: Common = COMMON,
) -> ExitStatus:
    """Send an event that triggers a task, without the API, and print the id that it will have.

    The caller needs events:PutEvents on the bus. What is wrong with the event, the task says: it
    fails.
    """
    detail = {
        WireKey.DEFINITION_ID: definition,
        WireKey.NAME: name,
        WireKey.DELAY: _seconds(delay, "--delay"),
        WireKey.TIMEOUT: _seconds(timeout, "--timeout"),
        WireKey.EXPIRES_AFTER: _seconds(expires_after, "--expires-after"),
        WireKey.LOCALE: locale,
        WireKey.TAGS: tags_of(tag),
    }
    refuse_empty(definition, "The definition")
    work = Work.of(common)
    given = json_input.read_object(input, "--input", stdin=work.terminal.stdin)
    detail |= {WireKey.INPUT: given, WireKey.TENANT: work.tenant}
    said = {str(key): value for key, value in detail.items() if value is not None}
    id = _sent(work, said)
    if work.format in ("json", "jsonl"):
        work.terminal.json({"id": id, "detail": said}, is_compact=work.format == "jsonl")
    else:
        work.terminal.line(id)
        work.terminal.say(f"Sent on {work.where}. Next: background-tasks watch {id}")
    return ExitStatus.DONE


def _seconds(text: str | None, flag: str) -> float | int | None:
    length = moments.optional_duration(text, flag)
    if length is None:
        return None
    seconds = length.total_seconds()
    return int(seconds) if seconds.is_integer() else seconds


def _sent(work: Work, detail: Mapping[str, Any]) -> str:
    """The id of the event, which the task gets.

    Raises:
        CliError: the bus has not taken it, whatever the status of its answer.
    """
    bus = work.target.output("eventBusName")
    entry = {
        "EventBusName": bus,
        "Source": _SOURCE,
        "DetailType": DETAIL_TYPE,
        "Detail": json.dumps(detail),
    }
    [answer] = AwsClients(work.target).client("events").put_events(Entries=[entry])["Entries"]
    if "EventId" not in answer:
        raise CliError(
            f"The bus {bus} has not taken the event: {answer.get('ErrorCode')}:"
            f" {answer.get('ErrorMessage')}. Next: correct it, or try again."
        )
    return str(answer["EventId"])
