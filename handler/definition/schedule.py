"""When a task is triggered by the clock."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo, available_timezones

from handler.clock import Seconds, to_seconds
from handler.contract import SCHEDULED_TIME

if TYPE_CHECKING:
    from handler.definition.cron import Cron

DEFAULT_TIME_ZONE: Final = "UTC"
# EventBridge Scheduler API reference, "CreateSchedule" and "FlexibleTimeWindow".
MAX_EXPRESSION_CHARACTERS: Final = 256
MAX_TIME_ZONE_CHARACTERS: Final = 50
MAX_WINDOW_MINUTES: Final = 1_440
# A schedule whose last time is before this has been over since before this version was written. A
# check against the current time has to wait for the deploy: a worker imports the definition too,
# and it must not fail on the day when the schedule is over.
EARLIEST: Final = datetime(2026, 1, 1, tzinfo=UTC)

_RATE: Final = re.compile(r"rate\(([0-9]+) (minute|hour|day)(s?)\)")
_AT: Final = re.compile(r"at\((.*)\)")
_AT_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_UNITS: Final = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_FORMS: Final = (
    'write "rate(1 day)", "cron(0 3 * * ? *)" (minute hour day-of-month month day-of-week year) or '
    '"at(2027-01-01T03:00:00)"'
)
_ONE_MICROSECOND: Final = timedelta(microseconds=1)
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a task is triggered by the clock, in EventBridge Scheduler's terms.

    Args:
        expression: `cron(0 3 * * ? *)`, `rate(1 day)`, or `at(2027-01-01T03:00:00)` for one time.
        time_zone: an IANA time zone (`Europe/Berlin`), for a cron or a time. A time that the clock
            skips in spring is left out; a time that it shows twice in autumn comes once.
        start: the first moment at which it may trigger. A rate counts from it; without it, from
            the deploy.
        end: the moment from which it no longer triggers.
        window: each time, the task is triggered at some moment within this time: in seconds or a
            `timedelta`, whole minutes, at most a day.

    Raises:
        ValueError: EventBridge Scheduler would refuse it, or it names no time at all.
        TypeError: an argument has the wrong type.
    """

    TIME: ClassVar[str] = SCHEDULED_TIME
    """In a `schedule_input`: EventBridge Scheduler puts the time of the tick in its place, in UTC
    (`2027-01-01T03:00:00Z`)."""

    expression: str
    _: KW_ONLY
    time_zone: str = DEFAULT_TIME_ZONE
    start: datetime | None = None
    end: datetime | None = None
    window: Seconds = 0

    def __post_init__(self) -> None:
        times = times_of(self.expression)
        _check_moment("start", self.start)
        _check_moment("end", self.end)
        start, end = _utc(self.start), _utc(self.end)
        if start and end and start >= end:
            raise ValueError(f"start={self.start} is not before end={self.end}.")
        _check_time_zone(self.time_zone)
        self._check_window()
        self._check_what_is_ignored(times)
        if self.next_after(EARLIEST - _ONE_MICROSECOND) is None:
            raise ValueError(f'"{self.expression}" never comes{self._why_never(times)}')

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after `moment`, in UTC; `None` after the last.

        A rate without a `start` counts from the deploy: here, from `moment`.
        """
        _check_moment("moment", moment)
        # In UTC: Python compares and subtracts two moments of one zone by the clock on its wall.
        after, start, end = moment.astimezone(UTC), _utc(self.start), _utc(self.end)
        earliest = max(after + _ONE_MICROSECOND, start or after)
        times = times_of(self.expression)
        for time in times.after(earliest, anchor=start or after, zone=self._zone()):
            return time if end is None or time < end else None
        return None

    @property
    def is_rate(self) -> bool:
        """Whether it counts intervals, and so needs a moment to count from."""
        return self.expression.startswith("rate(")

    def window_minutes(self) -> int:
        """The window in whole minutes; 0 for none."""
        return int(to_seconds(self.window, name="window") // 60)

    def _check_window(self) -> None:
        minutes = to_seconds(self.window, name="window") / 60
        if not 0 <= minutes <= MAX_WINDOW_MINUTES or minutes != int(minutes):
            raise ValueError(
                f"window={self.window!r} is not a number of whole minutes from 0 to "
                f"{MAX_WINDOW_MINUTES:,}, in seconds or as a timedelta."
            )

    def _check_what_is_ignored(self, times: "Times") -> None:
        """Refuses what EventBridge Scheduler would take and ignore."""
        if isinstance(times, Rate) and self.time_zone != DEFAULT_TIME_ZONE:
            raise ValueError(
                f'time_zone="{self.time_zone}" changes nothing about "{self.expression}": a day of '
                "a rate has 24 hours anywhere. Leave it out, or write a cron."
            )
        if isinstance(times, At) and (self.start or self.end):
            raise ValueError(f'start and end change nothing about "{self.expression}"; omit both.')

    def _zone(self) -> tzinfo:
        if self.time_zone == DEFAULT_TIME_ZONE or self.time_zone not in _time_zones():
            return UTC
        return ZoneInfo(self.time_zone)

    def _why_never(self, times: "Times") -> str:
        earliest = max(_utc(self.start) or EARLIEST, EARLIEST)
        for wall, moment in self._on_the_wall(times, earliest):
            shown = moment.astimezone(self._zone())
            return (
                f": the clock of {self.time_zone} skips {wall:%H:%M:%S} on {wall:%Y-%m-%d}, and "
                f"shows {shown:%H:%M:%S} in its place. Write a time that it shows."
            )
        before = f" and before {self.end}" if self.end else ""
        return f" from {earliest} on{before}. Correct the date or the year."

    def _on_the_wall(
        self, times: "Times", earliest: datetime
    ) -> Iterator[tuple[datetime, datetime]]:
        """The times that its zone's clock would show from `earliest` on if it skipped none."""
        zone, end = self._zone(), _utc(self.end)
        if zone is UTC:
            return
        with suppress(OverflowError):  # a time without a form in UTC
            for wall in times.after(earliest - _ONE_DAY, anchor=earliest, zone=UTC):
                moment = wall.replace(tzinfo=zone).astimezone(UTC)
                if end and moment >= end:
                    return
                if moment >= earliest:
                    yield wall, moment


class Times(Protocol):
    """The times of an expression."""

    def after(self, earliest: datetime, *, anchor: datetime, zone: tzinfo) -> Iterator[datetime]:
        """The times from `earliest` on, in their order and in UTC.

        Args:
            earliest: a moment in UTC.
            anchor: what a rate counts from, in UTC.
            zone: what a time on the wall is in.
        """
        ...


class Rate(NamedTuple):
    """`rate(5 minutes)`."""

    interval: timedelta

    def after(self, earliest: datetime, *, anchor: datetime, zone: tzinfo) -> Iterator[datetime]:  # noqa: ARG002
        passed = -(-(earliest - anchor) // self.interval)  # rounded up
        with suppress(OverflowError):  # after the year 9999
            time = anchor + max(passed, 0) * self.interval
            while True:
                yield time
                time += self.interval


class At(NamedTuple):
    """`at(2027-01-01T03:00:00)`."""

    time: datetime  # on the wall, without a zone

    def after(self, earliest: datetime, *, anchor: datetime, zone: tzinfo) -> Iterator[datetime]:  # noqa: ARG002
        yield from (time for time in _in_utc(iter([self.time]), zone) if time >= earliest)


class CronTimes(NamedTuple):
    """`cron(0 3 * * ? *)`."""

    cron: "Cron"

    def after(self, earliest: datetime, *, anchor: datetime, zone: tzinfo) -> Iterator[datetime]:  # noqa: ARG002
        # Two days sooner: zones differ from UTC, and change what they differ by, by less than one.
        local = max(earliest.replace(tzinfo=None), self.cron.FIRST) - 2 * _ONE_DAY
        yield from (time for time in _in_utc(self.cron.times(local), zone) if time >= earliest)


def times_of(expression: str) -> Times:
    """Reads an expression.

    Raises:
        ValueError: it is not valid.
        TypeError: it is not text.
    """
    if not isinstance(expression, str):
        raise TypeError(f"{expression!r:.60} is not text; {_FORMS}.")
    shown = f'"{expression.strip():.80}"'
    if expression.strip() not in (expression, ""):
        raise ValueError(f"{shown} has a blank or a line break before it or after it. Remove it.")
    if len(expression) > MAX_EXPRESSION_CHARACTERS:
        raise ValueError(
            f"{shown} has {len(expression)} characters; the limit is {MAX_EXPRESSION_CHARACTERS}."
        )
    try:
        return _read(expression)
    except ValueError as error:
        raise ValueError(f"{shown} {error}.") from error


def _read(expression: str) -> Times:
    if expression.startswith("cron("):
        from handler.definition.cron import Cron  # noqa: PLC0415  few tasks have one

        return CronTimes(Cron.parse(expression))
    if at := _AT.fullmatch(expression):
        return At(_at_time(at[1]))
    if rate := _RATE.fullmatch(expression):
        return Rate(_interval(int(rate[1]), rate[2], plural=rate[3]))
    raise ValueError(f"is not a schedule; {_FORMS}")


def _interval(value: int, unit: str, *, plural: str) -> timedelta:
    if value == 0:
        raise ValueError("has the value 0; a rate is 1 or more")
    if (value == 1) == bool(plural):
        raise ValueError(f'is not valid: write "rate({value} {unit}{"" if value == 1 else "s"})"')
    try:
        return value * _UNITS[unit]
    except OverflowError:
        raise ValueError("is longer than time itself") from None


def _at_time(text: str) -> datetime:
    try:
        if _AT_TIME.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"has no such time: {error}") from error
    raise ValueError("is not a time; write at(yyyy-mm-ddThh:mm:ss), without a zone")


def _in_utc(times: Iterator[datetime], zone: tzinfo) -> Iterator[datetime]:
    """Times on the wall as moments. One that the clock skips is left out."""
    for time in times:
        with suppress(OverflowError):  # it has no form in UTC
            moment = time.replace(tzinfo=zone).astimezone(UTC)
            if moment.astimezone(zone).replace(tzinfo=None) == time:
                yield moment


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None


def _check_moment(name: str, moment: datetime | None) -> None:
    if moment is None:
        return
    if not isinstance(moment, datetime):
        raise TypeError(f"{name}={moment!r:.60} is not a datetime.")
    if moment.utcoffset() is None:
        raise ValueError(
            f"{name}={moment} has no time zone. Give it one: "
            'datetime(2027, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")).'
        )
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(
            f"{name}={moment} is outside of the years 1 to 9999 in UTC. Correct the year."
        ) from None


def _check_time_zone(name: str) -> None:
    if not isinstance(name, str):
        raise TypeError(f"time_zone={name!r:.60} is not text; write the zone's IANA name.")
    if name == DEFAULT_TIME_ZONE:
        return
    known = _time_zones()
    # Where there is no database of time zones, as in some containers, the deploy has to check it.
    if len(name) > MAX_TIME_ZONE_CHARACTERS or (known and name not in known):
        raise ValueError(
            f'time_zone="{name:.60}" is not an IANA time zone; write one such as "Europe/Berlin".'
        )


@cache
def _time_zones() -> frozenset[str]:
    """The time zones that this machine knows; empty where it has no database of them."""
    return frozenset(available_timezones())
