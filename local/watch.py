"""Follows running executions state by state, reading only the new events of their history."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from handler.contract import AnswerStatus, State, WireKey

_ENTERED = "StateEntered"
_RUNNING = "RUNNING"
_MAX_NOTE = 100


class Executions(Protocol):
    """The part of the Step Functions client that is used here."""

    def list_executions(self, **request: Any) -> Any:
        """Newest first."""

    def describe_execution(self, **request: Any) -> Any:
        """Status and input of an execution."""

    def get_execution_history(self, **request: Any) -> Any:
        """A page of events, newest first if `reverseOrder` is set."""


class Finder:
    """Finds the execution of a task among those of a state machine."""

    def __init__(self, client: Executions, state_machine_arn: str) -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn
        # By execution: the ids in the event that started it. They never change.
        self._ids: dict[str, frozenset[str]] = {}

    def find(self, task_id: str) -> str | None:
        """The ARN of the newest execution for the id of a task or of an event, or None."""
        page = self._client.list_executions(stateMachineArn=self._state_machine_arn)
        for execution in page["executions"]:
            if task_id in self._ids_of(execution["executionArn"]):
                return str(execution["executionArn"])
        return None

    def _ids_of(self, arn: str) -> frozenset[str]:
        if arn not in self._ids:
            self._ids[arn] = _ids_in(
                json.loads(self._client.describe_execution(executionArn=arn)["input"])
            )
        return self._ids[arn]


def _ids_in(event: Any) -> frozenset[str]:
    if not isinstance(event, dict):
        return frozenset()
    detail = event.get("detail")
    ids = [event.get("id"), detail.get(WireKey.TASK_ID) if isinstance(detail, dict) else None]
    return frozenset(found for found in ids if isinstance(found, str))


@dataclass(frozen=True)
class Step:
    """One entry of a state."""

    task: str
    state: str
    seconds: float  # since the execution started
    note: str = ""

    def __str__(self) -> str:
        return f"{self.seconds:7.2f} s  {self.task:<12} {self.state:<15} {self.note}".rstrip()


@dataclass
class Execution:
    """An execution that is being followed."""

    task: str
    arn: str
    client: Executions
    status: str = _RUNNING
    steps: list[Step] = field(default_factory=list)
    _seen: int = 0
    _started: datetime | None = None

    @property
    def is_running(self) -> bool:
        """Whether the execution was running at the last poll."""
        return self.status == _RUNNING

    @property
    def states(self) -> list[str]:
        """The names of the states entered so far."""
        return [step.state for step in self.steps]

    def poll(self) -> list[Step]:
        """Reads the states entered since the last poll."""
        # Status before history: an execution that ends between the two is polled once more.
        self.status = self.client.describe_execution(executionArn=self.arn)["status"]
        steps = [
            self._step(event) for event in self._new_events() if event["type"].endswith(_ENTERED)
        ]
        self.steps += steps
        return steps

    def _new_events(self) -> list[dict[str, Any]]:
        """New events, oldest first. Read backwards, so a poll costs only what is new."""
        new: list[dict[str, Any]] = []
        request: dict[str, Any] = {
            "executionArn": self.arn,
            "reverseOrder": True,
            "maxResults": 100,
        }
        while True:
            page = self.client.get_execution_history(**request)
            new += [event for event in page["events"] if event["id"] > self._seen]
            if "nextToken" not in page or page["events"][-1]["id"] <= self._seen:
                break
            request["nextToken"] = page["nextToken"]
        self._seen = new[0]["id"] if new else self._seen
        return new[::-1]

    def _step(self, event: dict[str, Any]) -> Step:
        self._started = self._started or event["timestamp"]
        details = event["stateEnteredEventDetails"]
        seconds = (event["timestamp"] - self._started).total_seconds()
        return Step(
            self.task,
            details["name"],
            seconds,
            _note(details["name"], json.loads(details["input"])),
        )


def _note(state: str, entered_with: Any) -> str:
    """A short text about a state, from the data that it was entered with."""
    if not isinstance(entered_with, dict):
        return ""
    match state:
        case State.CHECK_STATUS:
            return _shortened(_answer(entered_with))
        case State.WAIT:
            return f"{entered_with.get(WireKey.WAIT)} s"
        case State.ERROR | State.UNKNOWN_ERROR | State.UNKNOWN_STATUS:
            return _shortened(json.dumps(entered_with.get(WireKey.ERROR, entered_with)))
        case _:
            return ""


def _answer(answer: dict[str, Any]) -> str:
    if answer.get(WireKey.STATUS) == AnswerStatus.DONE and answer.get(WireKey.MESSAGE):
        return f"{AnswerStatus.DONE}: {answer[WireKey.MESSAGE]}"
    return str(answer.get(WireKey.STATUS))


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_NOTE else text[: _MAX_NOTE - 1] + "…"


def follow(executions: Sequence[Execution], pause: Callable[[], None]) -> Iterator[list[Step]]:
    """Yields the new steps at each poll, maybe none, until every execution is over."""
    while True:
        running = [execution for execution in executions if execution.is_running]
        if not running:
            return
        yield [step for execution in running for step in execution.poll()]
        pause()
