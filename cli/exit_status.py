"""The exit statuses of the command line. A script may rely on them: docs/command-line.md."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """How a command has ended."""

    DONE = 0
    FAILED = 1  # the task has failed, the request was refused, the doctor has found something
    USAGE = 2  # the command, as it was given
    NOT_FOUND = 3  # no such task, no such definition
    UNREACHABLE = 4  # no stack, no credentials, no answer
    NOT_ALLOWED = 5
    ABORTED = 6  # the task that was waited for
    STILL_OPEN = 7  # the time is over, and the task is not
    INTERRUPTED = 130  # Ctrl-C: 128 + SIGINT
    PIPE_CLOSED = 141  # whoever read the output has gone: 128 + SIGPIPE
    TERMINATED = 143  # 128 + SIGTERM
