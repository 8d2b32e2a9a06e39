"""What the API's answers mean: tasks and logs as values, errors as exceptions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from handler.contract import ErrorCode
from handler.errors import (
    ApiUnavailable,
    BackgroundTaskError,
    DeliveryError,
    InvalidInput,
    NotFound,
    Refused,
    RequestError,
    SettingsError,
    StoreError,
    StoreUnavailable,
    UnknownDefinition,
)
from handler.record import (
    Json,
    LimitState,
    Pause,
    TaskLog,
    TaskRecord,
    TaskSettings,
    cut,
    short_repr,
)

MAX_SHOWN_CHARACTERS: Final = 200
_ENUM: Final = "WebinyBackgroundTaskDefinitionEnum"

# Which exception has a code, inside of the stack and here. The codes of authors are not among them:
# a hook has refused the request.
_KINDS: Final[Mapping[object, type[BackgroundTaskError]]] = {
    ErrorCode.VALIDATION_FAILED: InvalidInput,
    ErrorCode.INPUT_TOO_LARGE: InvalidInput,
    ErrorCode.TASK_DEFINITION_ERROR: UnknownDefinition,
    ErrorCode.NOT_FOUND: NotFound,
    ErrorCode.TRIGGER_TASK_ERROR: DeliveryError,
    ErrorCode.SETTINGS_ERROR: SettingsError,
    ErrorCode.STORE_UNAVAILABLE: StoreUnavailable,
    ErrorCode.STORE_ERROR: StoreError,
    ErrorCode.INTERNAL_ERROR: BackgroundTaskError,
    ErrorCode.TASK_ERROR: BackgroundTaskError,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionSummary:
    """A definition, as the API shows it. Private ones are not shown.

    Args:
        id: what a trigger names.
        title: for people.
        description: its docstring, or what `@task` says.
        fields: what its input takes, as Webiny describes fields; `None`: it doesn't say.
    """

    id: str
    title: str
    description: str | None = None
    fields: object = None


def error_of(error: object) -> BackgroundTaskError:
    """The exception of an envelope's `error`."""
    if not isinstance(error, Mapping):
        return ApiUnavailable(f"The API's error is {short_repr(error)}, which says nothing.")
    code, data = error.get("code"), error.get("data")
    kind = _KINDS.get(code, Refused) if isinstance(code, str) else BackgroundTaskError
    message = str(error.get("message") or "The API says no more than that it failed.")
    if kind is UnknownDefinition and isinstance(data, Mapping):
        message = _with_names(message, data)
    return kind(
        message,
        code=code if isinstance(code, str) else None,
        data=data if isinstance(data, Mapping) else None,
    )


def _with_names(message: str, data: Mapping[str, object]) -> str:
    """The message with the name that was asked for, and those that there are."""
    id, known = data.get("id"), data.get("known")
    if not isinstance(id, str) or f'"{id}"' in message or not isinstance(known, list):
        return message
    names = cut(", ".join(map(str, known)) or "none", MAX_SHOWN_CHARACTERS)
    return f'{message} There is no "{cut(id, MAX_SHOWN_CHARACTERS)}", but: {names}.'


def error_of_request(errors: object) -> BackgroundTaskError | None:
    """The exception of GraphQL's `errors`, which stand outside of an envelope, if there are any."""
    if not isinstance(errors, list) or not errors:
        return None
    found = [error for error in errors if isinstance(error, Mapping)]
    message = "; ".join(str(error.get("message")) for error in found) or short_repr(errors)
    extensions = found[0].get("extensions") if found else None
    if isinstance(extensions, Mapping) and isinstance(extensions.get("code"), str):
        return error_of({"message": message, "code": extensions["code"]})
    if _ENUM in message:
        return UnknownDefinition(f"The API knows no such definition: {message}")
    return RequestError(f"GraphQL errors: {message}")


def data_of(answer: Mapping[str, Any]) -> Json:
    """The `data` of GraphQL's answer. Raises what its `errors` say."""
    if error := error_of_request(answer.get("errors")):
        raise error
    data = answer.get("data")
    if not isinstance(data, dict):
        raise odd("has no data", answer)
    return data


def envelope_of(answer: Mapping[str, Any], operation: str) -> Mapping[str, Any]:
    """The envelope of an operation. Raises what its `error` says."""
    tasks = data_of(answer).get("backgroundTasks")
    envelope = tasks.get(operation) if isinstance(tasks, Mapping) else None
    if not isinstance(envelope, Mapping):
        raise odd(f"has no {operation}", answer)
    if envelope.get("error") is not None:
        raise error_of(envelope["error"])
    if envelope.get("data") is None:
        raise odd(f"has neither data nor an error of {operation}", answer)
    return envelope


def record_of(fields: object, *, tenant: str) -> TaskRecord:
    """A task that the API shows."""
    try:
        return TaskRecord.model_validate({"tenant": tenant, **_object(fields)})
    except ValidationError as error:
        raise odd("has a task that can't be read", fields) from error


def pause_of(fields: object, *, tenant: str) -> Pause:
    """A pause that the API shows. Where it is not of every tenant, it is of the caller's."""
    shown = _object(fields)
    own = {"tenant": None if shown.get("everyTenant") else tenant}
    try:
        return Pause.model_validate({**shown, **own})
    except ValidationError as error:
        raise odd("has a pause that can't be read", fields) from error


def definition_of(fields: object) -> DefinitionSummary:
    """A definition that the API shows."""
    shown = _object(fields)
    id, title, description = shown.get("id"), shown.get("title"), shown.get("description")
    if not isinstance(id, str):
        raise odd("has a definition that can't be read", fields)
    return DefinitionSummary(
        id=id,
        title=title if isinstance(title, str) else id,
        description=description if isinstance(description, str) else None,
        fields=shown.get("fields"),
    )


def settings_of(fields: object) -> TaskSettings:
    """The settings that the API shows."""
    try:
        return TaskSettings.model_validate(_object(fields))
    except ValidationError as error:
        raise odd("has settings that can't be read", fields) from error


def limit_of(fields: object) -> LimitState:
    """A limit that the API shows."""
    try:
        return LimitState.model_validate(_object(fields))
    except ValidationError as error:
        raise odd("has a limit that can't be read", fields) from error


def log_of(fields: object, *, task_id: str) -> TaskLog:
    """The log of an iteration that the API shows."""
    shown = _object(fields)
    own = {"task": task_id, "part": "", "executionName": shown.get("executionName") or ""}
    try:
        return TaskLog.model_validate({**shown, **own, "items": shown.get("items") or ()})
    except ValidationError as error:
        raise odd("has a log that can't be read", fields) from error


def odd(what: str, answer: object) -> ApiUnavailable:
    """The error of an answer that says nothing."""
    shown = cut(repr(answer), MAX_SHOWN_CHARACTERS)
    return ApiUnavailable(
        f"The API's answer {what}: {shown}. Next: check that the URL is its own, and that the"
        " client and the stack are of one version."
    )


def _object(fields: object) -> Mapping[str, Any]:
    if isinstance(fields, Mapping):
        return fields
    raise odd("has something else than an object", fields)
