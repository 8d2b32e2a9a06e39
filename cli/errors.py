"""Errors that the command line prints in one line, without a traceback.

It knows nothing of the engine: what is wrong with the command itself needs none of it.
"""

from cli.exit_status import ExitStatus


class CliError(Exception):
    """Something that the person at the terminal can fix; the message says how.

    Args:
        status: the exit status; the class's own by default.
    """

    status = ExitStatus.FAILED

    def __init__(self, message: str, *, status: ExitStatus | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = type(self).status if status is None else status


class UsageError(CliError):
    """The command can't be carried out as it was given: nothing was sent."""

    status = ExitStatus.USAGE


class NoStack(CliError):
    """There is no stack to talk to, or its outputs are not known."""

    status = ExitStatus.UNREACHABLE


def refuse_empty(value: str | None, flag: str) -> None:
    """Raises `UsageError` for a value that is given, and has nothing but spaces in it."""
    if value is not None and not value.strip():
        raise UsageError(f"{flag} is empty. Next: give it a value, or leave it out.")
