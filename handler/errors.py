"""The errors of background tasks, split by what the caller does about them.

    BackgroundTaskError
    ├── RequestError          change the request: nothing was sent
    │   ├── InvalidInput      an argument or a field is not valid; the message names it
    │   ├── UnknownDefinition no definition has that id
    │   ├── NotFound          no task has that id
    │   └── Refused           the task's status, or a limit, doesn't allow it
    │       └── StillOpen     the task is not over: wait longer
    ├── NoResult              look at the task: it is over, and has no result
    │   ├── TaskFailed        it has failed; the code and the data are its failure's
    │   └── TaskAborted       it was aborted
    ├── DefinitionError       change the file under `definitions/`: the deploy stops
    ├── DefinitionUnavailable deploy a file that can be imported: the state machine tries again
    ├── Overtaken             another invocation runs the task: the state machine asks again
    ├── SettingsError         set the environment variable that it names
    ├── DeliveryError         the event could not be sent: the task is stored as `failed`
    ├── ApiUnavailable        try again later: the API has not answered the client
    ├── StoreUnavailable      try again later: the state machine's Retry knows it by name
    └── StoreError            the table refused a request that trying again won't fix

    EngineSignal              the engine ends the iteration: nothing that handles the exceptions of
                              an author's code may catch it

Standard library only.
"""

from collections.abc import Mapping
from typing import Final

from handler.contract import ErrorCode

DEFAULT_CODE: Final = ErrorCode.TASK_ERROR.value


class BackgroundTaskError(Exception):
    """An error with a code to group by and data to look into, as Webiny's clients know them.

    Args:
        message: names the thing, the value, what is allowed and the next step.
        code: SCREAMING_SNAKE_CASE; the class's own by default.
        data: JSON-ready details.
    """

    code: str = DEFAULT_CODE

    def __init__(
        self, message: str, *, code: str | None = None, data: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.data = dict(data) if data else None

    def to_wire(self) -> dict[str, object]:
        return {"message": self.message, "code": self.code} | (
            {"data": self.data} if self.data else {}
        )


class RequestError(BackgroundTaskError):
    """The request can't be answered as it is."""


class InvalidInput(RequestError):
    """An argument or a field is not valid.

    Where an input does not validate, `data["invalidFields"]` has one entry per field. Of more than
    100 it has the first 100, and `data["more"]` counts the rest.
    """

    code = ErrorCode.VALIDATION_FAILED.value


class UnknownDefinition(RequestError):
    """No definition has that id."""

    code = ErrorCode.TASK_DEFINITION_ERROR.value


class NotFound(RequestError):
    """No task has that id."""

    code = ErrorCode.NOT_FOUND.value


class Refused(RequestError):
    """The task's status, or a limit, doesn't allow what was asked."""


class StillOpen(Refused):
    """The task is pending or running: `data` has its `id`, its `status` and its `progress`."""

    code = ErrorCode.TASK_STILL_OPEN.value


class NoResult(BackgroundTaskError):
    """The task is over, and has no result."""


class TaskFailed(NoResult):
    """The task has failed: the code and the data are those of its failure."""


class TaskAborted(NoResult):
    """The task was aborted: `data` has its `id`, and `abortedBy` who did it, if somebody did."""

    code = ErrorCode.TASK_ABORTED.value


class DefinitionError(BackgroundTaskError):
    """A file under `definitions/` can't be used as it is."""

    code = ErrorCode.TASK_DEFINITION_ERROR.value


class DefinitionUnavailable(BackgroundTaskError):
    """No definition has that id, and a file that may have it can't be imported.

    Only the worker raises it. The state machine's `Retry` knows it by its name, and asks again: the
    next deploy may have the definition.
    """

    code = ErrorCode.TASK_DEFINITION_ERROR.value


class Overtaken(BackgroundTaskError):
    """Another invocation of the same visit runs the task, and nobody may be hearing that one.

    Only the worker raises it. The state machine's `Retry` knows it by its name, and asks again: the
    other one's answer is repeated, or its iteration is taken over.
    """


class SettingsError(BackgroundTaskError):
    """An environment variable is missing or wrong."""

    code = ErrorCode.SETTINGS_ERROR.value


class DeliveryError(BackgroundTaskError):
    """EventBridge did not take the event."""

    code = ErrorCode.TRIGGER_TASK_ERROR.value


class ApiUnavailable(BackgroundTaskError):
    """The API gave no answer, or one that says nothing; `handler.client` tried as often as it may.

    What was asked may have been done, unless the message says that it was not sent.
    """

    code = ErrorCode.API_UNAVAILABLE.value


class StoreUnavailable(BackgroundTaskError):
    """DynamoDB stayed unreachable or throttled for as long as there was time to try.

    The state machine's `Retry` knows it by its name, and runs the iteration again.
    """

    code = ErrorCode.STORE_UNAVAILABLE.value


class StoreError(BackgroundTaskError):
    """DynamoDB refused a request for a lasting reason: a permission, a missing table."""

    code = ErrorCode.STORE_ERROR.value


class EngineSignal(BaseException):
    """Ends an iteration by the engine's own doing, through the author's code.

    Whatever else comes out of that code, of any class, is the author's: it fails the task.
    """
