"""A clock that a test sets."""

from datetime import UTC, datetime, timedelta

from handler.clock import Seconds, to_milliseconds, to_seconds


class ManualClock:
    """Stands still until it is moved; sleeping moves it.

    Args:
        start: where it starts.
        tick: how much time passes each time it is read: what makes a loop come close to its timeout
            without waiting for it.
    """

    def __init__(
        self, start: datetime = datetime(2030, 1, 1, tzinfo=UTC), *, tick: Seconds = 0
    ) -> None:
        self._now = start
        self._tick = timedelta(seconds=to_seconds(tick, name="tick"))

    def now(self) -> datetime:
        self._now += self._tick
        return to_milliseconds(self._now)

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, duration: Seconds) -> None:
        """Lets time pass."""
        self._now += timedelta(seconds=to_seconds(duration, name="duration"))

    def move_to(self, moment: datetime) -> None:
        """Moves to `moment`, but never back."""
        self._now = max(self._now, moment)
