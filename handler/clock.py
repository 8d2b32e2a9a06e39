"""The only reader of the time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

RemainingSeconds = Callable[[], float]
"""How many seconds the running invocation has left."""


class Clock(Protocol):
    """What the rest of the code knows of the time."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def to_iso(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and a `Z`: what JavaScript's `toISOString` prints, and
    sorts as text.
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
