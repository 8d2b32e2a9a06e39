"""A clock that a test sets."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """Stands still until it is moved; sleeping moves it.

    Args: start: where it starts. tick: how many seconds pass each time it is read: what makes a
        loop come close to its timeout without waiting for it.
    """

    def __init__(
        self, start: datetime = datetime(2030, 1, 1, tzinfo=UTC), *, tick: float = 0.0
    ) -> None:
        self._now = start
        self._tick = timedelta(seconds=tick)

    def now(self) -> datetime:
        self._now += self._tick
        return self._now

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        self._now += timedelta(seconds=seconds)

    def move_to(self, moment: datetime) -> None:
        """Moves to `moment`, but never back."""
        self._now = max(self._now, moment)
