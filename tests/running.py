"""The whole system on a local AWS, as tests use it: triggers, events, executions, records."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from local.access import Client
from local.deployed import Deployed
from local.user import User
from local.watch import Execution, Finder

Found = TypeVar("Found")

_PATIENCE_SECONDS = 30
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Ended:
    """An execution that is over."""

    arn: str
    status: str
    states: list[str]
    error: str | None
    cause: str | None
    output: Any


class Running(User):
    """A running system. A wait of more than 30 seconds fails the test."""

    def __init__(self, deployed: Deployed) -> None:
        super().__init__(deployed)
        self.deployed = deployed
        self.states = self.client("stepfunctions")
        self._finder = Finder(self.states, deployed.state_machine_arn)

    def client(self, service: str) -> Client:
        """A boto3 client of the account's administrator."""
        return self.deployed.access.client(service)

    @property
    def table(self) -> str:
        return str(self.deployed.outputs["tableName"])

    def start(self, event: object) -> str:
        """Starts an execution without the bus, with any event, and returns its ARN."""
        machine = self.deployed.state_machine_arn
        return str(
            self.states.start_execution(stateMachineArn=machine, input=json.dumps(event))[
                "executionArn"
            ]
        )

    def execution(self, task_id: str) -> str:
        """Waits for the execution of a task, or of an event, and returns its ARN."""
        return self.until(lambda: self._finder.find(task_id))

    def run(self, task_id: str) -> Ended:
        """Waits for the end of the execution of a task, or of an event."""
        return self.ended(self.execution(task_id))

    def ended(self, arn: str, *, patience_seconds: float = _PATIENCE_SECONDS) -> Ended:
        """Waits for the end of an execution."""
        execution = Execution("", arn, self.states)
        self.until(
            lambda: execution.poll() is not None and not execution.is_running,
            patience_seconds=patience_seconds,
        )
        description = self.states.describe_execution(executionArn=arn)
        return Ended(
            arn=arn,
            status=description["status"],
            states=execution.states,
            error=description.get("error"),
            cause=description.get("cause"),
            output=json.loads(description["output"]) if "output" in description else None,
        )

    def until(
        self, condition: Callable[[], Found | None], *, patience_seconds: float = _PATIENCE_SECONDS
    ) -> Found:
        """Waits until `condition` returns a true value, and returns it."""
        deadline = time.monotonic() + patience_seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, (
                f"the condition is still false after {patience_seconds} seconds"
            )
            time.sleep(_POLL_SECONDS)
        return found
