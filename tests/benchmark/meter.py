"""What a contestant does at its store: how often, with how many bytes, with how much work."""

import functools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Meter:
    """Counts the requests of one contestant, from any of its threads.

    Its seconds are those of the processor that threads have used inside of the store.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Begins a new round."""
        with self._lock:
            self.requests = self.bytes_written = self.invocations = 0
            self.store_seconds = 0.0

    def request(self, *, written: int = 0) -> None:
        """Counts a request, and the bytes that it asked the store to keep."""
        with self._lock:
            self.requests += 1
            self.bytes_written += written

    @contextmanager
    def inside(self) -> Iterator[None]:
        """The time of a thread inside of the store."""
        before = time.thread_time()
        try:
            yield
        finally:
            with self._lock:
                self.store_seconds += time.thread_time() - before

    def watch(self, owner: type, method: str, *, written: Callable[..., int]) -> None:
        """Takes every call of a method for a request of so many bytes, from now on."""
        called = getattr(owner, method)

        @functools.wraps(called)
        def request(*args: Any, **options: Any) -> Any:
            self.request(written=written(**options))
            with self.inside():
                return called(*args, **options)

        setattr(owner, method, request)

    def watch_invocations(self, owner: type, method: str) -> None:
        """Takes every call of a method for an invocation of a Lambda, from now on."""
        called = getattr(owner, method)

        @functools.wraps(called)
        def invocation(*args: Any, **options: Any) -> Any:
            self.invocations += 1
            return called(*args, **options)

        setattr(owner, method, invocation)
