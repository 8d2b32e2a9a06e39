"""The time: who reads it, how durations are given, and how moments are written."""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

RemainingSeconds = Callable[[], float]
"""How many seconds the running invocation has left."""

# An iteration writes nine of them, and `isoformat` takes twice as long: it asks for the zone.
_ISO: Final = "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ"

Seconds = float | timedelta
"""A duration: a number of seconds, or a `timedelta`."""


class Clock(Protocol):
    """What the rest of the code knows of the time."""

    def now(self) -> datetime:
        """The current time in UTC, to the millisecond."""
        ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return to_milliseconds(datetime.now(UTC))

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def to_milliseconds(moment: datetime) -> datetime:
    """`moment` as the table keeps it: a record in memory equals the one that is read back."""
    beyond = moment.microsecond % 1000
    return moment - timedelta(microseconds=beyond) if beyond else moment


def to_iso(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and a `Z`, as JavaScript's. It sorts as text."""
    at = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    day = at.year, at.month, at.day
    return _ISO % (*day, at.hour, at.minute, at.second, at.microsecond // 1000)


def to_seconds(duration: Seconds, *, name: str) -> float:
    """The seconds of `duration`.

    Args:
        name: the argument's name, for the error.

    Raises:
        TypeError: it is neither a number nor a `timedelta`.
        ValueError: it is NaN.
    """
    if isinstance(duration, timedelta):
        return duration.total_seconds()
    if isinstance(duration, bool) or not isinstance(duration, int | float):
        kind = type(duration).__name__
        raise TypeError(f"{name}={duration!r:.60} is a {kind}. Give seconds or a timedelta.")
    if math.isnan(duration):
        raise ValueError(f"{name}=nan is not a duration. Give a number of seconds.")
    return float(duration)
