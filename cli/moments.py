"""Durations and moments, as people write them: `90`, `2h`, `1h30m`, `2030-01-31`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from cli.errors import UsageError

_UNITS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)([wdhms])")
_WHOLE: Final = re.compile(r"(?:\d{1,9}(?:\.\d{1,6})?[wdhms])+")
_NUMBER: Final = re.compile(r"\d{1,9}(?:\.\d{1,6})?")


def duration(text: str, flag: str) -> timedelta:
    """How long `90`, `90s`, `10m`, `1h30m`, `7d` or `2w` is. A number alone is seconds.

    Raises:
        UsageError: it is none of these, or too long for a date.
    """
    seconds = _seconds(text.strip().lower())
    try:
        if seconds is not None:
            return timedelta(seconds=seconds)
    except OverflowError:
        pass
    raise UsageError(f'{flag} is "{text}"; it takes a duration, such as 90s, 10m, 2h, 1h30m or 7d.')


def optional_duration(text: str | None, flag: str) -> timedelta | None:
    """As `duration`; `None` where the flag is not said."""
    return None if text is None else duration(text, flag)


def moment(text: str, flag: str, *, now: datetime) -> datetime:
    """The moment that is `2h` ago, or a date in ISO 8601; one without a zone is in UTC.

    Raises:
        UsageError: it is neither.
    """
    try:
        if (seconds := _seconds(text.strip().lower())) is not None:
            return now - timedelta(seconds=seconds)
        found = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f'{flag} is "{text}"; it takes how long ago, such as 30m, 2h or 7d, or a date, such as'
            " 2030-01-31 or 2030-01-31T08:00:00+01:00."
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def short(length: timedelta) -> str:
    """A duration in one or two units: `45s`, `2m 5s`, `3h`, `12d`. Less than 0 is 0."""
    left = max(0, round(length.total_seconds()))
    said = []
    for unit, seconds in _UNITS.items():
        if unit == "w":
            continue
        number, left = divmod(left, seconds)
        if number:
            said.append(f"{number}{unit}")
        elif said:
            break
    return " ".join(said[:2]) or "0s"


def _seconds(text: str) -> float | None:
    if _NUMBER.fullmatch(text):
        return float(text)
    if not _WHOLE.fullmatch(text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
