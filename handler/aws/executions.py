"""Step Functions: look at executions, and stop them."""

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

log = logging.getLogger(__name__)

RUNNING: Final = "RUNNING"
PENDING_REDRIVE: Final = "PENDING_REDRIVE"
SUCCEEDED: Final = "SUCCEEDED"
ABORTED: Final = "ABORTED"
TIMED_OUT: Final = "TIMED_OUT"
GONE: Final = "GONE"
# The error of an execution that was stopped because its task is over; or because the task was
# woken, and another execution runs it.
STOPPED: Final = "Aborted"
WOKEN: Final = "Woken"
_DOES_NOT_EXIST: Final = "ExecutionDoesNotExist"
_THROTTLED: Final = "ThrottlingException"
# GetExecutionHistory gives 1,000 events at a time (API reference). A failed attempt at `Run` writes
# three, so that one page has more attempts than `Retry` makes.
_MAX_EVENTS: Final = 1_000


class Execution(NamedTuple):
    """How an execution stands.

    Args:
        name: its name, unique within the state machine.
        status: RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED or PENDING_REDRIVE; GONE when Step
            Functions has forgotten it, 90 days after its end (Step Functions quotas, "Execution
            history retention time").
        error: the error's name, when it failed.
        cause: what happened, when it failed.
        input: what it was started with: the event.
        started_on: when it was started; `None` where that is not known.
    """

    name: str
    status: str
    error: str = ""
    cause: str = ""
    input: str = ""
    started_on: datetime | None = None

    @property
    def is_alive(self) -> bool:
        """Whether it runs, or is about to once more (API reference, DescribeExecution)."""
        return self.status in (RUNNING, PENDING_REDRIVE)

    @property
    def was_stopped_for_another(self) -> bool:
        """Whether its task was woken, for another execution to run it."""
        return self.status == ABORTED and self.error == WOKEN


class ExecutionsThrottled(Exception):
    """Step Functions takes no more such requests for the time being: ask again later."""


class Executions:
    """The executions of the stack's state machine.

    Args:
        state_machine_arn: the stack's state machine; empty where it is not known (outside of the
            Lambdas): executions are then not stopped, and their history is empty.
    """

    def __init__(self, client: "SFNClient", *, state_machine_arn: str) -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn

    def stop(self, name: str, *, cause: str, error: str = STOPPED) -> None:
        """Stops an execution, best effort: one that runs on ends when its task is over."""
        if not self._state_machine_arn:
            return
        try:
            self._client.stop_execution(executionArn=self._arn(name), error=error, cause=cause)
        except (ClientError, BotoCoreError) as error:
            log.warning(
                "An execution could not be stopped.",
                extra={"action": "stop_failed", "execution": name, "why": str(error)},
            )

    def describe(self, name: str) -> Execution:
        """How an execution stands.

        Raises:
            ExecutionsThrottled: too many have been asked for.
            ClientError: it may not be looked at, or Step Functions fails.
        """
        try:
            found = self._client.describe_execution(executionArn=self._arn(name))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == _DOES_NOT_EXIST:
                return Execution(name=name, status=GONE)
            if code == _THROTTLED:
                raise ExecutionsThrottled(str(error)) from error
            raise
        return Execution(
            name=name,
            status=found["status"],
            error=found.get("error", ""),
            cause=found.get("cause", ""),
            input=found.get("input", ""),
            started_on=found.get("startDate"),
        )

    def failures(self, name: str) -> list[tuple[str, str]]:
        """The error and cause of each failed attempt of the current visit, the last one first."""
        if not self._state_machine_arn:
            return []
        try:
            history = self._client.get_execution_history(
                executionArn=self._arn(name), reverseOrder=True, maxResults=_MAX_EVENTS
            )
        except (ClientError, BotoCoreError):
            return []  # best effort: not knowing the cause must not fail the task
        failed: list[tuple[str, str]] = []
        for event in history["events"]:
            if event["type"] == "TaskStateEntered":
                break
            if failure := event.get("taskFailedEventDetails"):
                failed.append((failure.get("error", ""), failure.get("cause", "")))
            elif timed_out := event.get("taskTimedOutEventDetails"):
                failed.append(
                    (timed_out.get("error", "States.Timeout"), timed_out.get("cause", ""))
                )
        return failed

    def _arn(self, name: str) -> str:
        return f"{self._state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{name}"
