"""Ctrl-C while a task runs in a test: it stops the test, and is no exception of the task."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from handler.errors import EngineSignal


class Interrupted(EngineSignal, KeyboardInterrupt):
    """The person who runs the tests has pressed Ctrl-C."""


@contextmanager
def ctrl_c_stops_the_test() -> Iterator[None]:
    """Tells a `KeyboardInterrupt` of the keyboard from one that the task raises.

    The task's own fails the task, as in Lambda, where there is no keyboard. It changes nothing
    outside of the main thread, which alone gets signals, nor where the program handles Ctrl-C in
    its own way.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupt(_: int, __: FrameType | None) -> NoReturn:
    raise Interrupted
