"""What a command ends with: the exit status of an error, of a task, of several."""

from collections.abc import Iterable
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


def of_error(error: BackgroundTaskError) -> ExitStatus:
    """The status of what the API, or the client, has raised."""
    if error.code == ErrorCode.SECURITY_NOT_AUTHORIZED:
        return ExitStatus.NOT_ALLOWED
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
        return f"{error.message}{_next_step(error)}"
    if isinstance(error, BotoCoreError | ClientError):
        return f"AWS: {error} Next: aws sts get-caller-identity, with the same credentials."
    return f"{type(error).__name__}: {error} Next: the same command with --debug, and report it."


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
        case _:
            return ""
