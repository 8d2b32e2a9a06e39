"""`python -m local logs`: what the Lambdas of the local AWS log, as it comes."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

from handler.process_log import DEFINITION_ID, ITERATION, OWN_FIELDS, TASK_ID
from local.access import Client
from local.deployed import Deployed
from local.errors import LocalError

FUNCTIONS = ("worker", "api", "recovery")
_WORKER = "worker"
# What the console's link to the log of a worker of another size ends in, behind its name.
_LINK = "WorkerLog"
_POLL_SECONDS = 0.3
# A line may be stored a little later than one that is younger.
_OVERLAP_MILLISECONDS = 5_000
# Written by Lambda itself, around each invocation.
_PLATFORM = ("START RequestId:", "END RequestId:", "REPORT RequestId:")
# The control characters of Unicode (its category Cc), but a tab and a newline.
_CONTROLS = {*range(32), *range(127, 160)} - {ord("\t"), ord("\n")}
_ESCAPED = {number: f"\\x{number:02x}" for number in _CONTROLS}
_SHOWN = frozenset(
    {
        *OWN_FIELDS,
        *("timestamp", "level", "message", "service", "logger", "location", "stream"),
        *("exception", "exception_name", "stack", "error"),
    }
)


@dataclass(frozen=True)
class Line:
    """A line of the log."""

    function: str
    at: datetime  # in UTC
    text: str  # as it is in CloudWatch

    @property
    def fields(self) -> dict[str, Any]:
        """What the line says; empty if it is not a JSON object."""
        try:
            found = json.loads(self.text)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def is_for_people(self) -> bool:
        """Whether the line is neither Lambda's own nor a metric."""
        return not self.text.startswith(_PLATFORM) and "_aws" not in self.fields

    def is_of(self, task_id: str) -> bool:
        """Whether the line is about the task, given by its id or the end of its id."""
        return bool(task_id) and str(self.fields.get(TASK_ID, "")).endswith(task_id)

    def __str__(self) -> str:
        """Time, level, function, task with iteration, message, other fields; a trace below it.

        Control characters are escaped: what a task prints must not steer the terminal.
        """
        fields = self.fields
        clock = self.at.astimezone().strftime("%H:%M:%S.%f")[:-3]
        head = f"{clock}  {fields.get('level', '')!s:<8} {self.function:<8} {_task(fields):<24}"
        more = {key: value for key, value in fields.items() if key not in _SHOWN}
        text = [str(fields.get("message", "" if fields else self.text)), *map(_pair, more.items())]
        shown = "\n    ".join([f"{head}  {' '.join(text)}", *_trace(fields)])
        return shown.translate(_ESCAPED)


@dataclass
class Logs:
    """The log groups of a deployed project."""

    deployed: Deployed
    functions: Sequence[str] = FUNCTIONS
    since: float = 0  # seconds since 1970
    _seen: set[str] = field(default_factory=set)
    _from: dict[str, int] = field(default_factory=dict)

    def new(self) -> list[Line]:
        """The lines that have come since the last call, the oldest first."""
        lines = [line for function in self._named() for line in self._new_of(function)]
        return sorted(lines, key=lambda line: line.at)

    def follow(self) -> Iterator[Line]:
        """Each line as it comes, without an end."""
        while True:
            yield from self.new()
            time.sleep(_POLL_SECONDS)

    def _named(self) -> Iterator[str]:
        """The functions, and beside the worker those of other sizes: `worker-large`."""
        for function in self.functions:
            yield function
            if function == _WORKER:
                links: Mapping[str, str] = self.deployed.outputs.get("console") or {}
                others = (name.removesuffix(_LINK) for name in links if name.endswith(_LINK))
                yield from (f"{function}-{name}" for name in others)

    def _group(self, function: str) -> str:
        kind, _, size = function.partition("-")
        name = self.deployed.output(f"{kind}FunctionName")
        return f"/aws/lambda/{name}-{size}" if size else f"/aws/lambda/{name}"

    def _new_of(self, function: str) -> Iterator[Line]:
        client: Client = self.deployed.access.client("logs")
        group = self._group(function)
        start = self._from.get(function, int(self.since * 1000))
        while True:
            page = _events(client, group, start)
            new = [event for event in page if event["eventId"] not in self._seen]
            if not new:
                return
            self._seen.update(event["eventId"] for event in new)
            for event in new:
                at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                yield Line(function, at, event["message"])
            start = new[-1]["timestamp"]
            self._from[function] = start - _OVERLAP_MILLISECONDS


def _events(client: Client, group: str, start: int) -> list[dict[str, Any]]:
    try:
        events: list[dict[str, Any]] = client.filter_log_events(
            logGroupName=group, startTime=start
        )["events"]
    except (EndpointConnectionError, ConnectionClosedError) as error:
        raise LocalError(
            "The local AWS does not answer. Is it still up? Start it: python -m local up"
        ) from error
    return events


def _task(fields: dict[str, Any]) -> str:
    if TASK_ID not in fields:
        return ""
    iteration = f" #{fields[ITERATION]}" if ITERATION in fields else ""
    return f"{fields.get(DEFINITION_ID, '')} …{str(fields[TASK_ID])[-8:]}{iteration}".strip()


def _pair(item: tuple[str, Any]) -> str:
    key, value = item
    return f"{key}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"


def _trace(fields: dict[str, Any]) -> list[str]:
    """The lines of an exception, of a stack, of a failure in the task's own log."""
    error = fields.get("error")
    failure = error if isinstance(error, dict) else {"message": error} if error else {}
    texts = [fields.get("exception"), fields.get("stack"), failure.get("stack")]
    if failure and not failure.get("stack"):
        texts.append(failure.get("message"))
    return [line for text in texts if text for line in str(text).splitlines()]
