"""Ctrl-C, and SIGTERM, which ends a command as Ctrl-C does."""

import signal
from types import FrameType
from typing import NoReturn


class _Asked:
    to_end = False


def take_signals() -> None:
    """From now on, SIGINT and SIGTERM raise KeyboardInterrupt, and are remembered.

    Python may lose the exception: in a callback of a weak reference, or a `__del__`, it prints it
    and goes on (library reference, "sys.unraisablehook"). Whoever waits for long looks at
    `is_asked_to_end` besides.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def is_asked_to_end() -> bool:
    return _Asked.to_end


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    _Asked.to_end = True
    raise KeyboardInterrupt
