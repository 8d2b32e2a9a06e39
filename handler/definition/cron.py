"""EventBridge Scheduler's cron expressions: which are valid, and the times that they name.

`cron(minute hour day-of-month month day-of-week year)` (EventBridge Scheduler guide, "Schedule
types in EventBridge Scheduler", and EventBridge guide, "Cron expressions reference").
"""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import ClassVar, Final

MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
ANY: Final = "?"
_CRON: Final = re.compile(r"cron\((.*)\)", re.DOTALL)
_SATURDAY, _SUNDAY = 6, 7  # as `date.isoweekday` has them

IsDay = Callable[[date], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One of the six fields: its values, and the names that some of them have.

    Args:
        name: for messages.
        first, last: the least and the greatest value.
        names: of the values, from `first` on.
        special: what the field takes besides values, for messages.
    """

    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()
    special: str = "* , - /"

    @property
    def allowed(self) -> str:
        named = f", {self.names[0]} to {self.names[-1]}" if self.names else ""
        return f"{self.first} to {self.last}{named}, and {self.special}"

    def values(self, text: str) -> frozenset[int]:
        """The values that `text` names: `*`, `7`, `1-5`, `*/15`, `0/15`, `8-18/2`, and lists.

        Raises:
            ValueError: it names none, or one that the field doesn't have.
        """
        return frozenset(value for item in text.split(",") for value in self._item(item))

    def value(self, text: str) -> int:
        """One value, by its number or its name."""
        if text in self.names:
            return self.first + self.names.index(text)
        if text.upper() in self.names:
            raise self.wrong(text, f"write {text.upper()}")
        if not re.fullmatch(r"[0-9]{1,4}", text):
            raise self.wrong(text)
        if not self.first <= int(text) <= self.last:
            raise self.wrong(text)
        return int(text)

    def wrong(self, text: str, advice: str = "") -> ValueError:
        what = f'{self.name} "{text}"' if text else f"an empty {self.name}"
        more = f"; {advice}" if advice else ""
        return ValueError(f"has {what}; {self.name} takes {self.allowed}{more}")

    def _item(self, item: str) -> range:
        values, slash, step = item.partition("/")
        if not slash:
            return self._range(item, item)
        if not re.fullmatch(r"[0-9]{1,3}", step) or not 1 <= int(step) <= self.last - self.first:
            raise self.wrong(item, f"a step is 1 to {self.last - self.first}")
        named = self._range(values, item)
        is_start = values != "*" and "-" not in values
        return range(named.start, self.last + 1 if is_start else named.stop, int(step))

    def _range(self, text: str, item: str) -> range:
        if text == "*":
            return range(self.first, self.last + 1)
        if not text:
            raise self.wrong(item)
        first, dash, last = text.partition("-")
        start = self.value(first)
        stop = self.value(last) if dash else start
        if stop < start:
            both = f"{self.first}-{last},{first}-{self.last}"
            raise self.wrong(item, f"a range goes up: {both} for what passes over the end")
        return range(start, stop + 1)


MINUTE: Final = Field(name="minute", first=0, last=59)
HOUR: Final = Field(name="hour", first=0, last=23)
DAY: Final = Field(name="day-of-month", first=1, last=31, special="* , - / ? L LW 15W")
MONTH: Final = Field(name="month", first=1, last=12, names=MONTHS)
WEEKDAY: Final = Field(
    name="day-of-week", first=1, last=7, names=WEEKDAYS, special="* , - / ? L 6L MON#1"
)
YEAR: Final = Field(name="year", first=1970, last=2199)
FIELDS: Final = (MINUTE, HOUR, DAY, MONTH, WEEKDAY, YEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """The times of a cron expression, by the clock on the wall: without a time zone."""

    # No cron names a time before it.
    FIRST: ClassVar[datetime] = datetime(YEAR.first, 1, 1)  # noqa: DTZ001  by the clock on the wall

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    years: tuple[int, ...]
    is_day: IsDay

    @classmethod
    def parse(cls, expression: str) -> "Cron":
        """Reads `cron(0 3 * * ? *)`.

        Raises:
            ValueError: it is not valid; the message names the field, the value and what is allowed.
        """
        fields = _fields(expression)
        minutes, hours, days, months, weekdays, years = fields
        if (days == ANY) == (weekdays == ANY):
            raise _not_one_any(fields)
        return cls(
            minutes=tuple(sorted(MINUTE.values(minutes))),
            hours=tuple(sorted(HOUR.values(hours))),
            months=MONTH.values(months),
            years=tuple(sorted(YEAR.values(years))),
            is_day=_is_weekday(weekdays) if days == ANY else _is_day_of_month(days),
        )

    def times(self, start: datetime) -> Iterator[datetime]:
        """All times from `start` on, in their order. `start` and the times have no time zone."""
        for day in self._days(start.date()):
            for hour in self.hours:
                for minute in self.minutes:
                    moment = datetime.combine(day, time(hour, minute))
                    if moment >= start:
                        yield moment

    def _days(self, start: date) -> Iterator[date]:
        for year in self.years:
            for month in sorted(self.months):
                if (year, month) < (start.year, start.month):
                    continue
                for number in range(1, _days_in(year, month) + 1):
                    day = date(year, month, number)
                    if day >= start and self.is_day(day):
                        yield day


def _fields(expression: str) -> list[str]:
    names = " ".join(field.name for field in FIELDS)
    inside = _CRON.fullmatch(expression)
    if inside is None:
        raise ValueError(f"has no bracket at its end; write cron({names})")
    fields = inside[1].split(" ")
    if any(len(field.split()) != 1 for field in fields):
        raise ValueError("takes one blank between two fields, and no other blank or line break")
    if len(fields) == len(FIELDS) - 1:
        raise ValueError("has five fields; add the sixth, the year: *")
    if len(fields) != len(FIELDS):
        raise ValueError(f"has {len(fields)} fields; a cron takes six: cron({names})")
    return fields


def _not_one_any(fields: list[str]) -> ValueError:
    """The error where both days are named, or neither is, with what to write."""
    days, weekdays = fields[2], fields[4]
    named = ("*", ANY) if days == ANY else (days, ANY)
    if days == "*" and weekdays != "*":
        named = (ANY, weekdays)
    better = " ".join([*fields[:2], named[0], fields[3], named[1], fields[5]])
    which = "neither" if days == ANY else "both"
    return ValueError(
        f'names {which} of day-of-month "{days}" and day-of-week "{weekdays}"; one of the two is '
        f'"?": write "cron({better})"'
    )


def _is_day_of_month(text: str) -> IsDay:
    if text == "L":
        return lambda day: day.day == _days_in(day.year, day.month)
    if text == "LW":
        return lambda day: day == _nearest_weekday(day, _days_in(day.year, day.month))
    if text.endswith("W"):
        number = DAY.value(text[:-1])
        return lambda day: (
            number <= _days_in(day.year, day.month) and day == _nearest_weekday(day, number)
        )
    if "L" in text or "W" in text:
        raise DAY.wrong(text, "L and W stand alone")
    numbers = DAY.values(text)
    return lambda day: day.day in numbers


def _is_weekday(text: str) -> IsDay:
    if text == "L":
        return lambda day: _weekday(day) == WEEKDAY.last
    if text.endswith("L"):
        last = WEEKDAY.value(text[:-1])
        return lambda day: _weekday(day) == last and day.day + 7 > _days_in(day.year, day.month)
    if "#" in text:
        name, _, nth = text.partition("#")
        if nth not in ("1", "2", "3", "4", "5"):
            raise WEEKDAY.wrong(text, "# is followed by 1 to 5, and stands alone")
        wanted = WEEKDAY.value(name)
        return lambda day: _weekday(day) == wanted and (day.day + 6) // 7 == int(nth)
    weekdays = WEEKDAY.values(text)
    return lambda day: _weekday(day) in weekdays


def _weekday(day: date) -> int:
    """1 is Sunday, 7 is Saturday."""
    return day.isoweekday() % 7 + 1


def _nearest_weekday(day: date, number: int) -> date:
    """The weekday closest to day `number` of the month of `day`, in the same month."""
    wanted = day.replace(day=number)
    if wanted.isoweekday() == _SATURDAY:
        return wanted.replace(day=number - 1 if number > 1 else number + 2)
    if wanted.isoweekday() == _SUNDAY:
        is_last = number == _days_in(day.year, day.month)
        return wanted.replace(day=number - 2 if is_last else number + 1)
    return wanted


def _days_in(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]
