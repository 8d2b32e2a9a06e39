"""The errors of background tasks, split by what the caller does about them.

    BackgroundTaskError
    ├── RequestError          change the request: nothing was stored, nothing was sent
    │   ├── InvalidInput      a field doesn't validate; `data.invalidFields` names each
    │   ├── UnknownDefinition no definition has that id
    │   ├── NotFound          no task has that id
    │   └── Refused           the task's status, or a limit, doesn't allow it
    ├── DefinitionError       change the file under `definitions/`: the deploy stops
    ├── SettingsError         set the environment variable that it names
    ├── DeliveryError         the event could not be sent: the task is stored as `failed`
    ├── StoreUnavailable      try again later: the state machine's Retry knows it by name
    └── StoreError            the table refused a request that trying again won't mend

Standard library only.
"""

from collections.abc import Mapping
from typing import Final

DEFAULT_CODE: Final = "TASK_ERROR"


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
    """Some fields don't validate; `data["invalidFields"]` has one entry per field."""

    code = "VALIDATION_FAILED_INVALID_FIELDS"


class UnknownDefinition(RequestError):
    """No definition has that id."""

    code = "TASK_DEFINITION_ERROR"


class NotFound(RequestError):
    """No task has that id."""

    code = "NOT_FOUND"


class Refused(RequestError):
    """The task's status, or a limit, doesn't allow what was asked."""


class DefinitionError(BackgroundTaskError):
    """A file under `definitions/` can't be used as it is."""

    code = "TASK_DEFINITION_ERROR"


class SettingsError(BackgroundTaskError):
    """An environment variable is missing or wrong."""

    code = "SETTINGS_ERROR"


class DeliveryError(BackgroundTaskError):
    """EventBridge did not take the event."""

    code = "TRIGGER_TASK_ERROR"


class StoreUnavailable(BackgroundTaskError):
    """DynamoDB stayed unreachable or throttled for as long as there was time to try.

    Its name is on the wire: the state machine runs the iteration again when the worker ends with
    it.
    """

    code = "STORE_UNAVAILABLE"


class StoreError(BackgroundTaskError):
    """DynamoDB refused a request for a reason that doesn't pass by itself (a permission, a missing
    table).
    """

    code = "STORE_ERROR"
