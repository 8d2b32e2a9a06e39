"""Threads that a test's code starts: they belong to the same world as the test."""

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from handler.runtime import inherited

_lock: Final = threading.Lock()


class _Patch:
    """Has threads inherit the world of their starter, for as long as anybody needs that."""

    def __init__(self) -> None:
        self._users = 0
        self._original: Any = None

    def enter(self) -> None:
        with _lock:
            self._users += 1
            if self._users == 1:
                self._original = threading.Thread.start
                threading.Thread.start = _inheriting(self._original)  # type: ignore[method-assign]

    def leave(self) -> None:
        with _lock:
            self._users -= 1
            if self._users == 0:
                threading.Thread.start = self._original  # type: ignore[method-assign]


_patch: Final = _Patch()


@contextmanager
def threads_inherit_the_world() -> Iterator[None]:
    """Threads that are started inside, by any thread, belong to the world of their starter.

    So `handler.tasks` is right in them, even if several worlds run at a time, a thread each. Of the
    starter's context they get nothing else, as in Lambda.
    """
    _patch.enter()
    try:
        yield
    finally:
        _patch.leave()


def _inheriting(start: Any) -> Any:
    @functools.wraps(start)
    def start_inheriting(thread: threading.Thread) -> None:
        thread.run = inherited(thread.run)  # type: ignore[method-assign]
        start(thread)

    return start_inheriting
