"""`trigger`: a task."""

from datetime import timedelta
from typing import Annotated, Any

from cyclopts import Parameter

from cli import json_input, outcomes, watching
from cli.commands.watch import told
from cli.errors import UsageError, refuse_empty
from cli.exit_status import ExitStatus
from cli.moments import duration, optional_duration
from cli.options import (
    COMMON,
    INPUT,
    Common,
    Delay,
    ExpiresAfter,
    Name,
    Tags,
    Timeout,
    WaitTimeout,
    tags_of,
)
from cli.shown import as_json, ending
from cli.work import Work
from handler import Debounce
from handler.record import TaskRecord


def trigger(
    definition: Annotated[str, Parameter(help="What is to run: `definitions` lists them.")],
    /,
    *,
    input: Annotated[str | None, INPUT] = None,
    name: Name = None,
    delay: Delay = None,
    timeout: Timeout = None,
    expires_after: ExpiresAfter = None,
    priority: Annotated[
        str | None, Parameter(help="Its head start in the queue for a slot: 30s, 5m.")
    ] = None,
    tag: Tags = (),
    key: Annotated[
        str | None, Parameter(help="An idempotency key: the same key is the same task.")
    ] = None,
    debounce: Annotated[
        str | None, Parameter(help="A key: a burst of triggers runs one task.")
    ] = None,
    debounce_delay: Annotated[
        str | None, Parameter(help="How long a burst has to be quiet.")
    ] = None,
    debounce_max: Annotated[
        str | None, Parameter(help="How long after the first of a burst it starts at the latest.")
    ] = None,
    wait: Annotated[
        bool, Parameter(name=["--wait", "--watch", "-w"], help="Show it until it is over.")
    ] = False,
    wait_timeout: WaitTimeout = None,
    common: Common = COMMON,
) -> ExitStatus:
    """Trigger a task, and print its id.

    With --wait it shows the task, too, and ends as `watch` does.
    """
    options: dict[str, Any] = {
        "name": name,
        "delay": optional_duration(delay, "--delay"),
        "timeout": optional_duration(timeout, "--timeout"),
        "expires_after": optional_duration(expires_after, "--expires-after"),
        "priority": optional_duration(priority, "--priority"),
        "debounce": _debounce(debounce, debounce_delay, debounce_max),
        "idempotency_key": key,
        "tags": tags_of(tag),
    }
    longest = optional_duration(wait_timeout, "--wait-timeout")
    refuse_empty(definition, "The definition")
    work = Work.of(common)
    given = json_input.read_object(input, "--input", stdin=work.terminal.stdin)
    said = {name: value for name, value in options.items() if value is not None}
    record = work.client.trigger(definition, given, **said)
    if wait:
        return _waited(work, record, longest)
    if work.format in ("json", "jsonl"):
        work.terminal.json(as_json(record), is_compact=work.format == "jsonl")
    else:
        work.terminal.line(record.id)
        work.terminal.say(f"Triggered on {work.where}. Next: background-tasks watch {record.id}")
    return ExitStatus.DONE


def _waited(work: Work, record: TaskRecord, longest: timedelta | None) -> ExitStatus:
    """Shows the task until it is over. The output has its id alone, or the task as JSON."""
    work.terminal.say(f"Triggered {record.id} on {work.where}.")
    is_json = work.format in ("json", "jsonl")
    if not is_json:
        work.terminal.line(record.id)  # at once: whoever is interrupted has it
        work.terminal.flush()
    try:
        ended = watching.until_over(work, record, timeout=longest)
    except KeyboardInterrupt:
        work.terminal.say(f"The task goes on. Next: background-tasks watch {record.id}")
        raise
    if is_json:
        return told(work, ended)
    work.terminal.say(ending(ended))
    return outcomes.of_task(ended.status)


def _debounce(key: str | None, delay: str | None, longest: str | None) -> Debounce | None:
    if key is None:
        if delay is not None or longest is not None:
            raise UsageError("--debounce-delay and --debounce-max need a --debounce KEY.")
        return None
    if delay is None:
        raise UsageError("--debounce needs a --debounce-delay, such as 30s.")
    return Debounce(
        key,
        delay=duration(delay, "--debounce-delay"),
        max_delay=optional_duration(longest, "--debounce-max"),
    )
