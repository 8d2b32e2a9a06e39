"""Threads that go on in the context of a request: its account, its region and its role."""

import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress


def in_this_context(call: Callable[[], object]) -> Callable[[], None]:
    """`call`, for another thread. What it raises is nobody's: its request is answered."""
    context = contextvars.copy_context()

    def run() -> None:
        with suppress(Exception):
            context.run(call)

    return run


def in_thread(call: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=in_this_context(call), daemon=True)
    thread.start()
    return thread
