"""A run of the command line: what it is given, what it ends with, and its errors, a line each."""

import difflib
import errno
import io
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn, TextIO

from cyclopts import CycloptsError, UnusedCliTokensError

from cli.app import COMMAND, COMMANDS, app
from cli.errors import CliError, UsageError
from cli.exit_status import ExitStatus
from cli.printable import printable, printable_lines
from cli.surroundings import SURROUNDINGS, Surroundings
from local.terminal import take_any_text

# What a write to a file or a device fails with: there is no room, or it has a fault.
_OF_THE_OUTPUT: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
_CLOSED: Final = (
    "The standard output is closed: nothing was done. Next: >/dev/null, to have nothing of it."
)


class _Terminated(BaseException):
    """SIGTERM: the terminal is left as it was found."""


class _Asked:
    """What the process was asked to end with, by a signal."""

    to_end: ExitStatus | None = None


def main() -> int:
    """Runs the command of this process's arguments, and returns its exit status."""
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is to be ignored
        signal.signal(signal.SIGINT, _interrupt)
    # A stream that the caller has closed is `None` (Python's library reference, "sys.stdin").
    if sys.stdout is None:
        _tell(sys.stderr or io.StringIO(), _CLOSED)
        return ExitStatus.USAGE
    around = Surroundings(
        stdin=sys.stdin or io.StringIO(),
        stdout=sys.stdout,
        stderr=sys.stderr or io.StringIO(),
        environ=os.environ,
        folder=Path.cwd(),
    )
    status = run(sys.argv[1:], around)
    try:
        sys.stdout.flush()
    except OSError:
        # What is left in the buffer is written at the end of the process, and would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def run(arguments: Sequence[str], around: Surroundings) -> ExitStatus:
    """Runs one command. Its errors are a line each; `--debug` shows their tracebacks."""
    token = SURROUNDINGS.set(around)
    for stream in (around.stdout, around.stderr):
        take_any_text(stream)
    try:
        status = _run(arguments)
        around.stdout.flush()
    except (BrokenPipeError, SystemExit):  # what prints help would end the process, of that alone
        return ExitStatus.PIPE_CLOSED
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except _Terminated:
        return ExitStatus.TERMINATED
    except Exception as error:  # whatever it is, a person gets a line and not a traceback
        if _Asked.to_end:  # pydantic makes an error of its own of what a signal raises in it
            return _Asked.to_end
        status = _status_of(error)
        with suppress(OSError):
            around.stdout.flush()
        if "--debug" in arguments:
            _show_traceback(around.stderr, error)
        _tell(around.stderr, _words(error))
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
    if isinstance(error, OSError) and error.errno in _OF_THE_OUTPUT:
        why = os.strerror(error.errno)
        return f"The output can't be written: {why}. Next: write it to another place."
    from cli.outcomes import words_of  # noqa: PLC0415

    return words_of(error)


def _tell(stream: TextIO, words: str) -> None:
    stream.write(f"{COMMAND}: {printable(words)}\n")


def _show_traceback(stream: TextIO, error: Exception) -> None:
    for line in printable_lines("".join(traceback.format_exception(error)).rstrip()):
        stream.write(f"{line}\n")


def _one_line(error: CycloptsError) -> str:
    if isinstance(error, UnusedCliTokensError):
        given = " ".join(f'"{each}"' for each in error.unused_tokens or ())
        return f"What is {given} to be? It takes no more than its flags and what stands before."
    text = " ".join(str(error).split())
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    _Asked.to_end = ExitStatus.INTERRUPTED
    raise KeyboardInterrupt


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    _Asked.to_end = ExitStatus.TERMINATED
    raise _Terminated
