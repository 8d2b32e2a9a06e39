"""What the caller hears of an error, and what the API's log keeps of it."""

import logging
from typing import Any, Final

from graphql import GraphQLError

from handler.contract import ErrorCode
from handler.definition import is_veto, vetoed_by
from handler.errors import BackgroundTaskError, DeliveryError, RequestError
from handler.record import Json, TaskFailure, without_arns

log = logging.getLogger(__name__)

_SENTENCES: Final = {
    ErrorCode.STORE_UNAVAILABLE: "The table of the tasks is out of reach. Try again in a minute.",
    ErrorCode.TRIGGER_TASK_ERROR: (
        "Could not trigger task via Event Bridge! The task is stored as failed."
    ),
}
_SENTENCE: Final = "The request could not be carried out."
_TOO_DEEP: Final = "The request is nested too deeply. Next: send it with fewer levels."


def told(error: BaseException, *, request_id: str, definition: object = None) -> TaskFailure:
    """What the caller is told of an error.

    What the request itself is to blame for, and a hook's veto, is told in its own words, but for
    the ARNs among them. Of anything else the caller gets a code, and the id by which the log has
    the whole: the words may name a role, a table, or what a bug was working on.
    """
    failure = TaskFailure.from_exception(error)
    if isinstance(error, RecursionError):
        return TaskFailure(message=_TOO_DEEP, code=ErrorCode.REQUEST_TOO_LARGE)
    if _is_for_the_caller(error):
        if is_veto(error):
            _report_veto(failure, definition or vetoed_by(error))
        return _without_arns(failure)
    code = error.code if isinstance(error, BackgroundTaskError) else ErrorCode.INTERNAL_ERROR
    # Its text, and not the exception: logging would run the code of an author's class once more.
    details = {"action": "api_failed", "request_id": request_id, "code": code}
    log.error("The API failed: %s\n%s", failure.message, failure.stack, extra=details)
    sentence = _SENTENCES.get(code, _SENTENCE)  # type: ignore[call-overload]
    return TaskFailure(
        message=f'{sentence} Next: look for the id "{request_id}" in the log of the API.',
        code=code,
        data=_task_of(error),
    )


def told_by_graphql(error: GraphQLError, *, request_id: str) -> Json:
    """An error outside of the envelope, as GraphQL's `errors` have it."""
    answer = dict(error.formatted)
    cause = _cause(error)
    if cause is None:
        return answer
    # Without a path no field was resolved: the document or a variable is to blame.
    if error.path is None and not isinstance(cause, RecursionError):
        if isinstance(cause, BackgroundTaskError):
            answer["extensions"] = {"code": cause.code}
        return answer
    failure = told(cause, request_id=request_id)
    answer["message"] = failure.message
    return answer | {"extensions": {"code": failure.code}}


def _is_for_the_caller(error: BaseException) -> bool:
    if isinstance(error, BackgroundTaskError):
        return isinstance(error, RequestError) or (
            type(error) is BackgroundTaskError and is_veto(error)
        )
    is_of_aws = type(error).__module__.startswith("botocore.")
    return is_veto(error) and not is_of_aws


def _without_arns(failure: TaskFailure) -> TaskFailure:
    """An author's words may quote what AWS said to the hook, or to the input's model."""
    code = without_arns(failure.code) if failure.code else None
    told = {"message": without_arns(failure.message), "code": code, "data": _told_data(failure)}
    return failure.model_copy(update=told)


def _told_data(failure: TaskFailure) -> Json | None:
    """Without the reasons why files can't be imported: those are a bug's own text."""
    data = {name: value for name, value in (failure.data or {}).items() if name != "notImported"}
    shown: Json = _cleaned(data)
    return shown or None


def _cleaned(value: Any) -> Any:
    """JSON without ARNs, in names and in values."""
    if isinstance(value, str):
        return without_arns(value)
    if isinstance(value, dict):
        return {without_arns(name): _cleaned(inner) for name, inner in value.items()}
    return [_cleaned(inner) for inner in value] if isinstance(value, list) else value


def _task_of(error: BaseException) -> Json | None:
    """The id of the task that a trigger has stored, and could not send."""
    if isinstance(error, DeliveryError) and error.data:
        return {"id": error.data["id"]}
    return None


def _cause(error: GraphQLError) -> Exception | None:
    """The exception that GraphQL has wrapped, if any."""
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def _report_veto(failure: TaskFailure, definition: object) -> None:
    extra = {"action": "trigger_vetoed", "definition_id": definition, "code": failure.code}
    reason = " ".join(failure.message.split())
    log.warning('on_before_trigger of "%s" vetoed a trigger: %s', definition, reason, extra=extra)
