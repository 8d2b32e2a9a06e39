"""How a worker died, by the error that Lambda reports to the state machine."""

from enum import StrEnum
from typing import Final

from handler.contract import (
    DEFINITION_UNAVAILABLE,
    KILLED_ERRORS,
    LAMBDA_SERVICE_ERRORS,
    OUT_OF_MEMORY_ERRORS,
    OVERTAKEN,
    STORE_UNAVAILABLE,
    THROTTLED_ERRORS,
    TIMEOUT_ERRORS,
)


class WorkerFailure(StrEnum):
    """Why an invocation of the worker failed: what `Crashes` are counted by."""

    OUT_OF_MEMORY = "outOfMemory"
    TIMEOUT = "timeout"
    KILLED = "killed"
    THROTTLED = "throttled"
    STORE_UNAVAILABLE = "storeUnavailable"
    DEFINITION_UNAVAILABLE = "definitionUnavailable"
    OVERTAKEN = "overtaken"
    LAMBDA_FAILED = "lambdaFailed"
    CODE = "code"

    @property
    def explanation(self) -> str:
        return _EXPLANATIONS[self]

    @property
    def error_code(self) -> str:
        """The code of a task that ended so, to group failures by: `WORKER_OUT_OF_MEMORY`."""
        return f"WORKER_{self.name}"

    @classmethod
    def of(cls, error: str, cause: str) -> "WorkerFailure":
        """The class of an error that ended `Run`.

        Lambda reports one death under several names (Lambda guide, "Troubleshoot invocation
        issues"; Step Functions guide, "Handle Lambda service exceptions"): running out of memory is
        `Runtime.OutOfMemory`, or `Runtime.ExitError` with "signal: killed"; either it or running
        out of time can be `Lambda.Unknown`.
        """
        if error in TIMEOUT_ERRORS or "Task timed out" in cause:
            return cls.TIMEOUT
        if error in OUT_OF_MEMORY_ERRORS or "signal: killed" in cause or "OutOfMemory" in cause:
            return cls.OUT_OF_MEMORY
        if error in KILLED_ERRORS:
            return cls.KILLED
        if error in THROTTLED_ERRORS:
            return cls.THROTTLED
        if error == DEFINITION_UNAVAILABLE:
            return cls.DEFINITION_UNAVAILABLE
        if error == OVERTAKEN:
            return cls.OVERTAKEN
        if error in LAMBDA_SERVICE_ERRORS and "not authorized" not in cause:
            return cls.LAMBDA_FAILED
        return cls.STORE_UNAVAILABLE if error == STORE_UNAVAILABLE else cls.CODE

    @property
    def is_the_tasks_doing(self) -> bool:
        """Whether it counts as a crash of the task."""
        return self not in (WorkerFailure.STORE_UNAVAILABLE, WorkerFailure.OVERTAKEN)

    @property
    def is_before_the_claim(self) -> bool:
        """Whether the worker had not claimed the iteration when it failed."""
        return self in (WorkerFailure.THROTTLED, WorkerFailure.DEFINITION_UNAVAILABLE)


_EXPLANATIONS: Final = {
    WorkerFailure.OUT_OF_MEMORY: (
        "the worker ran out of memory; give it more (the stack's config: workerMemoryMb, or that of"
        " its own under workers), or the task a larger worker"
    ),
    WorkerFailure.TIMEOUT: (
        "the worker ran out of time; return Continue in time (context.is_close_to_timeout())"
    ),
    WorkerFailure.KILLED: "the worker's process died",
    WorkerFailure.THROTTLED: "Lambda had no capacity left for the worker",
    WorkerFailure.STORE_UNAVAILABLE: "the table could not be reached",
    WorkerFailure.DEFINITION_UNAVAILABLE: (
        "a file that may have its definition can't be imported; correct it and deploy again"
    ),
    WorkerFailure.OVERTAKEN: "another invocation of the same visit ran the task",
    WorkerFailure.LAMBDA_FAILED: (
        "Lambda did not say what became of the worker, which may have run on"
    ),
    WorkerFailure.CODE: "the worker's code could not be run",
}
