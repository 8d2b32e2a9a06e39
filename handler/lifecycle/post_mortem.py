"""Why an execution ended before its task did, as the record says it."""

from pydantic import ValidationError

from handler.aws import GONE, STOPPED, SUCCEEDED, Execution, WorkerFailure
from handler.contract import ErrorCode
from handler.events import event_of_text
from handler.record import Json, TaskFailure, json_object, without_arns

_MAX_MESSAGE_CHARACTERS = 2_000


def explain(execution: Execution) -> tuple[TaskFailure, WorkerFailure | None]:
    """Why the execution ended, and how its worker died if it did."""
    if execution.status in (SUCCEEDED, GONE) or not execution.error:
        over = f'The execution "{execution.name}" is over ({execution.status})'
        message = f"{over}, but the task is not."
        return _failure(message, ErrorCode.EXECUTION_ENDED, execution), None
    if answered := _answered(execution.cause):
        return answered, None
    if execution.error.startswith("States.") and execution.error != "States.Timeout":
        message = f"The execution failed with {execution.error}. {execution.cause}"
        return _failure(message, execution.error, execution), None
    died = WorkerFailure.of(execution.error, execution.cause)
    message = f"The execution failed with {execution.error}: {died.explanation}. {execution.cause}"
    return _failure(message, died.error_code, execution, crash=died.value), died


def event_of(execution: Execution) -> Json:
    """The event that started an execution; empty where its input is not an event."""
    return event_of_text(execution.input)


def had_record(execution: Execution) -> bool:
    """Whether its task surely had a record, which was deleted if it is not there.

    It was stopped for its task; or the worker answered, which stores an event by hand first, unless
    the table refuses it.
    """
    answered = _answered(execution.cause)
    is_stored = answered is not None and answered.code != ErrorCode.STORE_ERROR
    return is_stored or execution.error == STOPPED


def _answered(cause: str) -> TaskFailure | None:
    """The error that the worker answered but could not store: the cause of `Error` is its JSON."""
    try:
        return TaskFailure.model_validate(json_object(cause))
    except ValidationError:
        return None


def _failure(message: str, code: str, execution: Execution, **more: str) -> TaskFailure:
    details = {
        "execution": execution.name,
        "status": execution.status,
        "error": execution.error,
        "cause": without_arns(execution.cause),
        **more,
    }
    known: Json = {name: value for name, value in details.items() if value}
    text = without_arns(message)[:_MAX_MESSAGE_CHARACTERS]
    return TaskFailure(message=text, code=code, data=known)
