"""A Step Functions client that knows the history of one execution."""

from typing import Any

THROTTLED = ("Lambda.TooManyRequestsException", "Rate Exceeded.")
UNREACHABLE = ("StoreUnavailable", "DynamoDB kept failing.")
KILLED = ("Runtime.ExitError", "Error: Runtime exited with error: exit status 7")
OUT_OF_TIME = ("Sandbox.Timedout", "Error: Task timed out after 900.00 seconds")


class History:
    """The history of `execution-1`, from the first entry of `Run` on."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.enter()

    def enter(self) -> None:
        self._add("TaskStateEntered", stateEnteredEventDetails={"name": "Run"})

    def fail(self, *failures: tuple[str, str]) -> None:
        for error, cause in failures:
            self._add("TaskScheduled", taskScheduledEventDetails={})
            self._add("TaskFailed", taskFailedEventDetails={"error": error, "cause": cause})

    def time_out(self) -> None:
        self._add("TaskTimedOut", taskTimedOutEventDetails={"error": "States.Timeout"})

    def _add(self, kind: str, **details: object) -> None:
        self.events.append({"id": len(self.events) + 1, "type": kind, **details})

    def get_execution_history(
        self,
        *,
        executionArn: str,  # noqa: N803
        reverseOrder: bool,  # noqa: N803
        maxResults: int,  # noqa: N803
    ) -> Any:
        if self.error:
            raise self.error
        assert executionArn.endswith(":execution-1")
        assert reverseOrder
        return {"events": self.events[::-1][:maxResults]}
