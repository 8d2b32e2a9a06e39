"""What a command ends with: the exit status of an error, of a task, of several."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)

from cli.exit_status import ExitStatus
from handler.contract import ErrorCode, Status
from handler.errors import (
    ApiUnavailable,
    BackgroundTaskError,
    InvalidInput,
    NotFound,
    SettingsError,
    StoreUnavailable,
    UnknownDefinition,
)

# What services call a refusal for lack of a permission.
DENIED: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
)


# A value that is out of its range, as the API calls it.
_OUT_OF_RANGE: Final = frozenset(
    {ErrorCode.INVALID_SETTINGS.value, ErrorCode.MAX_DELAY_ERROR.value}
)
# What the API calls a flag, in its words to programs.
_FLAGS: Final = (
    (re.compile(r"tenant=None from code, .* of a client"), "with --every-tenant"),
    (
        re.compile(r'tenant="(.*)" from code; .* through the API'),
        r"with --tenant \1, and without --every-tenant",
    ),
    (re.compile(r"\beveryTenant(: true)?\b"), "--every-tenant"),
    (re.compile(r"\bretention_?[dD]ays\b"), "--retention-days"),
)
# GraphQL's own words of a value: "Variable '$sort' got invalid value 'a' at 'sort[0]'; Value ..."
_VARIABLE: Final = re.compile(
    r"^GraphQL errors: Variable '\$(\w+)' got invalid value (.*?)(?: at '([^']+)')?; (.*)$",
    re.DOTALL,
)
_ENUM: Final = re.compile(r"does not exist in '\w+' enum")


def of_error(error: BackgroundTaskError) -> ExitStatus:
    """The status of what the API, or the client, has raised."""
    if error.code == ErrorCode.SECURITY_NOT_AUTHORIZED:
        return ExitStatus.NOT_ALLOWED
    if error.code in _OUT_OF_RANGE or _VARIABLE.match(error.message):
        return ExitStatus.USAGE
    match error:
        case NotFound() | UnknownDefinition():
            return ExitStatus.NOT_FOUND
        case ApiUnavailable() | StoreUnavailable() | SettingsError():
            return ExitStatus.UNREACHABLE
        case InvalidInput():
            return ExitStatus.USAGE
        case _:
            return ExitStatus.FAILED


def of_task(status: Status) -> ExitStatus:
    """The status of a task that somebody has waited for."""
    match status:
        case Status.SUCCESS:
            return ExitStatus.DONE
        case Status.FAILED:
            return ExitStatus.FAILED
        case Status.ABORTED:
            return ExitStatus.ABORTED
        case _:
            return ExitStatus.STILL_OPEN


def worst(statuses: Iterable[ExitStatus]) -> ExitStatus:
    """The one status of several: the same for all that are not done, or else `FAILED`."""
    bad = {status for status in statuses if status is not ExitStatus.DONE}
    if len(bad) > 1:
        return ExitStatus.FAILED
    return bad.pop() if bad else ExitStatus.DONE


def of_exception(error: Exception) -> ExitStatus:
    """The status of whatever a command has raised."""
    if isinstance(error, BackgroundTaskError):
        return of_error(error)
    if isinstance(error, NoCredentialsError | PartialCredentialsError | ConnectionError):
        return ExitStatus.UNREACHABLE
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code")
        return ExitStatus.NOT_ALLOWED if code in DENIED else ExitStatus.FAILED
    if isinstance(error, BotoCoreError):
        return ExitStatus.UNREACHABLE
    return ExitStatus.FAILED


def words_of(error: Exception) -> str:
    """What a person reads of it, in one line."""
    if isinstance(error, BackgroundTaskError):
        return f"{_in_flags(_with_reasons(error))}{_next_step(error)}"
    if isinstance(error, BotoCoreError | ClientError):
        return f"AWS: {error} Next: aws sts get-caller-identity, with the same credentials."
    return f"{type(error).__name__}: {error} Next: the same command with --debug, and report it."


def _with_reasons(error: BackgroundTaskError) -> str:
    """The message, with those reasons of its data that it doesn't have."""
    reasons = [each for each in _reasons(error.data or {}) if each not in error.message]
    return " ".join([_without_graphql(error.message), *reasons])


def _without_graphql(message: str) -> str:
    """What is wrong with a value that its type refuses, before anything else has seen it."""
    if (found := _VARIABLE.match(message)) is None:
        return message
    variable, value, place, why = found.groups()
    name = (place or variable).rpartition(".")[2].partition("[")[0]
    why = _ENUM.sub("is none that there is", why).replace("the enum value ", "")
    return f"{name} is {value}; {why}"


def _reasons(data: Mapping[str, object]) -> Iterator[str]:
    """What is wrong with each value: `issues` of settings, `invalidFields` of an input."""
    issues, fields = data.get("issues"), data.get("invalidFields")
    for issue in issues if isinstance(issues, list) else ():
        if isinstance(issue, Mapping) and issue.get("message"):
            yield str(issue["message"])
    for name, problem in fields.items() if isinstance(fields, Mapping) else ():
        why = problem.get("message") if isinstance(problem, Mapping) else problem
        yield f"{name}: {why}"


def _in_flags(message: str) -> str:
    for pattern, flag in _FLAGS:
        message = pattern.sub(flag, message)
    return message


def _next_step(error: BackgroundTaskError) -> str:
    if "Next: " in error.message:
        return ""
    match error:
        case UnknownDefinition():
            return " Next: background-tasks definitions"
        case NotFound():
            return " Next: background-tasks list, or another --tenant or --stack."
        case ApiUnavailable() | StoreUnavailable():
            return " Next: try again, or background-tasks doctor"
        case _ if _VARIABLE.match(error.message):
            return " Next: the same command with --help."
        case _ if error.code == ErrorCode.INVALID_SETTINGS:
            return " Next: background-tasks settings --help"
        case _:
            return ""
