"""How a task waits for something that may come: a verdict, and what its end depends on."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from handler.clock import Clock, Seconds
from handler.definition import Continue, Verdict
from handler.iteration.checkpoints import Checkpoints
from handler.lifecycle import checked_signal_name, checked_span
from handler.record import Signal, WaitingFor, short_repr
from handler.table import Signals


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Continue):
    """Another iteration is needed once something has come, or the wait is over.

    Args:
        waiting_for: what ends the wait early.
    """

    waiting_for: WaitingFor


def check_then(method: str, then: object) -> None:
    """Raises a `TypeError` if `then` can't be called for a verdict when the wait is over."""
    if not callable(then) or inspect.iscoroutinefunction(then):
        raise TypeError(
            f"context.{method}(then={short_repr(then)}): it takes a plain function that returns a"
            " verdict. Next: write `def` in the place of `async def`."
        )


class SignalWait:
    """`context.wait_for_signal`: looks for a signal, and else waits for it."""

    def __init__(self, checkpoints: Checkpoints, *, signals: Signals, clock: Clock) -> None:
        self._checkpoints = checkpoints
        self._signals = signals
        self._clock = clock

    def verdict(
        self,
        name: str,
        then: Callable[[Signal | None], Verdict],
        *,
        timeout: Seconds,
        heartbeat: Seconds | None,
    ) -> Verdict:
        """What `then` makes of the signal, or of its absence; or the verdict that waits."""
        check_then("wait_for_signal", then)
        checked_signal_name(name)
        seconds = checked_span("wait_for_signal", timeout=timeout)
        pulse = None if heartbeat is None else checked_span("wait_for_signal", heartbeat=heartbeat)
        if signal := self._signals.next(self._checkpoints.with_taken(), name):
            self._checkpoints.take(signal)
            return then(signal)
        now = self._clock.now()
        until = now + timedelta(seconds=seconds)
        wait = self._checkpoints.wait_for(name) or WaitingFor(signal=name, since=now, until=until)
        wait = wait.model_copy(update={"heartbeat": pulse})
        ends_on = self._end_of(wait)
        if ends_on <= now:
            self._checkpoints.end_wait()
            return then(None)
        return Waiting(wait=ends_on, counts=False, waiting_for=wait)

    def _end_of(self, wait: WaitingFor) -> datetime:
        """When a wait is over: at its end, or where a heartbeat is missed."""
        if wait.heartbeat is None or wait.signal is None:
            return wait.until
        beat = self._signals.last_beat(self._checkpoints.stored.id, wait.signal)
        alive_on = max(wait.since, beat or wait.since)
        return min(wait.until, alive_on + timedelta(seconds=wait.heartbeat))
