"""`python -m cli`, which is installed as `background-tasks`: the operators' command line."""

import difflib
import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from cyclopts import CycloptsError

from cli.app import COMMAND, COMMANDS, app
from cli.errors import CliError, UsageError
from cli.exit_status import ExitStatus
from cli.printable import printable
from cli.surroundings import SURROUNDINGS, Surroundings
from local.terminal import take_any_text


class _Terminated(BaseException):
    """SIGTERM: the terminal is left as it was found."""


def main() -> int:
    """Runs the command of this process's arguments, and returns its exit status."""
    signal.signal(signal.SIGTERM, _terminate)
    # A stream that the caller has closed is `None` (Python's library reference, "sys.stdin").
    around = Surroundings(
        stdin=sys.stdin or io.StringIO(),
        stdout=sys.stdout or io.StringIO(),
        stderr=sys.stderr or io.StringIO(),
        environ=os.environ,
        folder=Path.cwd(),
    )
    status = run(sys.argv[1:], around)
    if status is ExitStatus.PIPE_CLOSED and sys.stdout:
        # What is left in the buffer is written at the end of the process, and would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def run(arguments: Sequence[str], around: Surroundings) -> ExitStatus:
    """Runs one command. Its errors are a line each, unless `--debug` is among the arguments."""
    token = SURROUNDINGS.set(around)
    for stream in (around.stdout, around.stderr):
        take_any_text(stream)
    try:
        status = _run(arguments)
        around.stdout.flush()
    except BrokenPipeError:
        return ExitStatus.PIPE_CLOSED
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except _Terminated:
        return ExitStatus.TERMINATED
    except Exception as error:  # whatever it is, a person gets a line and not a traceback
        if "--debug" in arguments:
            raise
        status = _status_of(error)
        with suppress(BrokenPipeError):
            around.stdout.flush()
        around.stderr.write(f"{COMMAND}: {printable(_words(error))}\n")
    finally:
        SURROUNDINGS.reset(token)
    return status


def _run(arguments: Sequence[str]) -> ExitStatus:
    _check_name(arguments)
    try:
        result = app(arguments[0] if arguments else "")(list(arguments))
    except CycloptsError as error:
        said = " ".join([COMMAND, *(error.command_chain or ())])
        raise UsageError(f"{_one_line(error)} Next: {said} --help") from error
    return result if isinstance(result, ExitStatus) else ExitStatus.DONE


def _check_name(arguments: Sequence[str]) -> None:
    """Refuses a command that isn't there. cyclopts would import all of them to say so."""
    names = [name for name, *_ in COMMANDS]
    if not arguments or arguments[0].startswith("-") or arguments[0] in names:
        return
    alike = difflib.get_close_matches(arguments[0], names, n=1)
    meant = f' Did you mean "{alike[0]}"?' if alike else ""
    raise UsageError(f'There is no command "{arguments[0]}".{meant} Next: {COMMAND} --help')


def _status_of(error: Exception) -> ExitStatus:
    if isinstance(error, CliError):
        return error.status
    from cli.outcomes import of_exception  # noqa: PLC0415  a usage error waits for no engine

    return of_exception(error)


def _words(error: Exception) -> str:
    if isinstance(error, CliError):
        return error.message
    from cli.outcomes import words_of  # noqa: PLC0415

    return words_of(error)


def _one_line(error: CycloptsError) -> str:
    text = " ".join(str(error).split())
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Terminated


if __name__ == "__main__":
    sys.exit(main())
