"""What a contestant does at its store: how often, how long, how many bytes."""

import functools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Meter:
    """Counts the requests of one contestant, from any of its threads.

    Its seconds are those in which at least one thread was inside the store. Where threads overlap,
    what remains for the contestant itself is therefore never too much. Its processor seconds are
    those of every thread while it was inside.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self.reset()

    def reset(self) -> None:
        """Begins a new round, even while a thread of the last one is still inside the store."""
        with self._lock:
            self.requests = self.bytes_written = self.invocations = 0
            self.store_seconds = self.store_cpu_seconds = 0.0
            self._entered_at = time.perf_counter()

    def request(self, *, written: int = 0) -> None:
        """Counts a request, and the bytes that it asked the store to keep."""
        with self._lock:
            self.requests += 1
            self.bytes_written += written

    @contextmanager
    def inside(self) -> Iterator[None]:
        """The time inside of the store."""
        cpu_before = time.thread_time()
        with self._lock:
            if self._inside == 0:
                self._entered_at = time.perf_counter()
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self.store_cpu_seconds += time.thread_time() - cpu_before
                self._inside -= 1
                if self._inside == 0:
                    self.store_seconds += time.perf_counter() - self._entered_at

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
