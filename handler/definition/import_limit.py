"""How long the import of a file may take, and that it can't end the process.

A file that waits, or loops, while it is imported would take the whole Lambda with it. A timer's
signal stops it: an exception in the file's own code, wherever that is. Code that catches even that
gets another one in the line that goes on. The timer is not the file's: what would stop it raises.

What a library does in C, without a look at Python's signals, can't be stopped from here. Nor can a
file that kills the process: `os.abort`, a crash in C, a signal that it sends to itself.
"""

import functools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, Never, TypeVar

_T = TypeVar("_T")

# All files together may take so many times as long as one. A file gets a part of what is left, so
# that some slow ones leave time for all the others.
_FILES: Final = 2
_LEAST_SECONDS: Final = 0.05
# How long a file may take to clean up. If it goes on instead, it is interrupted again.
_GRACE_SECONDS: Final = 1.0
# The functions that set the timer, or what it calls, and their first argument then; `None`: any.
_TIMER_SETTERS: Final = {
    "alarm": None,
    "setitimer": signal.ITIMER_REAL,
    "signal": signal.SIGALRM,
}
_set_timer: Final = signal.setitimer
_set_handler: Final = signal.signal


class ImportTooLong(Exception):
    """An import was stopped, or not begun. The text says after how long."""


class _Stop(BaseException):
    """Raised in the file that is imported. No `except Exception` of its own catches it."""


class ImportLimit:
    """Imports files, each in a limited time.

    Only the main thread can be interrupted: in another one, there is no limit.

    Args:
        file_seconds: for one file; all together may take twice as long. 0: no limit.
    """

    def __init__(self, file_seconds: float) -> None:
        self._file_seconds = file_seconds
        self._left = file_seconds * _FILES

    def load(self, load: Callable[[], _T]) -> _T:
        """What `load` returns.

        Raises:
            ImportTooLong: its time was up, whatever it has made of that.
        """
        with _no_exit():
            is_main = threading.current_thread() is threading.main_thread()
            if not self._file_seconds or not is_main:
                return load()
            return self._within(min(self._file_seconds, self._left / _FILES), load)

    def _within(self, seconds: float, load: Callable[[], _T]) -> _T:
        total = f"all files together may take {self._file_seconds * _FILES:g} s"
        if seconds < _LEAST_SECONDS:
            raise ImportTooLong(f"the others have left no time for it ({total})")
        alarm = _Alarm(seconds)
        with _own_timer():
            try:
                alarm.set()
                return load()
            finally:
                alarm.is_armed = False  # before any call: the next signal may be here already
                alarm.clear()
                self._left -= alarm.spent
                if alarm.has_rung:
                    took = f"its import took longer than {round(seconds, 1):g} s"
                    raise ImportTooLong(f"{took} ({total})")


class _Alarm:
    """A timer whose signals interrupt the main thread. It gives back what it found."""

    def __init__(self, seconds: float) -> None:
        self.is_armed = True
        self.has_rung = False
        self.spent = seconds
        self._modules = set(sys.modules)
        self._tracing = sys.gettrace()
        self._handler = signal.getsignal(signal.SIGALRM)
        self._timer = signal.getitimer(signal.ITIMER_REAL)

    def set(self) -> None:
        _set_handler(signal.SIGALRM, self._ring)
        _set_timer(signal.ITIMER_REAL, self.spent, _GRACE_SECONDS)

    def clear(self) -> None:
        sys.settrace(self._tracing)
        left, _ = _set_timer(signal.ITIMER_REAL, 0)
        _set_handler(signal.SIGALRM, self._handler or signal.SIG_DFL)
        if self.has_rung:
            _forget_halves(self._modules)
        else:
            self.spent -= left
        rest, interval = self._timer
        if rest:
            _set_timer(signal.ITIMER_REAL, max(rest - self.spent, _LEAST_SECONDS), interval)

    def _ring(self, _number: int, frame: FrameType | None) -> None:
        if not self.is_armed:
            return
        if self.has_rung:  # the file has caught it: whatever line comes next raises, too
            _trace(frame)
        self.has_rung = True
        raise _Stop


def _trace(frame: FrameType | None) -> None:
    """Has the next line of the files that are being imported raise: outside of what caught it."""
    while frame is not None and frame.f_code is not ImportLimit._within.__code__:
        if not frame.f_code.co_filename.startswith("<frozen "):  # Python's own work is not cut off
            frame.f_trace = _stop_at_a_line
        frame = frame.f_back
    sys.settrace(_stop_at_a_line)


def _stop_at_a_line(_frame: FrameType, event: str, _argument: object) -> None:
    # An exception here ends the tracing (Python library reference, `sys.settrace`).
    if event == "line":
        raise _Stop


def _forget_halves(known: set[str]) -> None:
    """Forgets the modules whose import was cut off: the next import would take them as they are."""
    for name in set(sys.modules) - known:
        if getattr(getattr(sys.modules[name], "__spec__", None), "_initializing", False):
            del sys.modules[name]


@contextmanager
def _no_exit() -> Iterator[None]:
    """`os._exit` raises, as `sys.exit` does; not in a process that the file has forked."""
    exit, process = os._exit, os.getpid()

    def refuse(status: int) -> Never:
        if os.getpid() != process:
            exit(status)
        raise SystemExit(f"it calls os._exit({status})")

    os._exit = refuse
    try:
        yield
    finally:
        os._exit = exit


@contextmanager
def _own_timer() -> Iterator[None]:
    """What sets the timer raises in the file: its import would have no limit."""
    found = {name: getattr(signal, name) for name in _TIMER_SETTERS}
    for name, function in found.items():
        setattr(signal, name, _refusing(function, _TIMER_SETTERS[name]))
    try:
        yield
    finally:
        for name, function in found.items():
            setattr(signal, name, function)


def _refusing(function: Callable[..., Any], first: int | None) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        if first is None or first in (*given[:1], *named.values()):
            raise RuntimeError(f"it sets the timer of its own import (signal.{function.__name__})")
        return function(*given, **named)

    return call
