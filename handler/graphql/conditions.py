"""What a `where` says, condition by condition: Webiny's names are a field and how it compares."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from handler.errors import InvalidInput
from handler.record import short_repr

# A filter's DateTime is exact to the millisecond, as the records are.
_TICK: Final = timedelta(milliseconds=1)

_Test = Callable[[str, str], bool]
_TEXT_TESTS: Final[Mapping[str, _Test]] = {
    "contains": lambda text, part: part in text,
    "not_contains": lambda text, part: part not in text,
    "startsWith": lambda text, part: text.startswith(part),
    "not_startsWith": lambda text, part: not text.startswith(part),
}
_NUMBER_TESTS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "": lambda number, wanted: number == wanted,
    "not": lambda number, wanted: number != wanted,
    "lt": lambda number, wanted: number < wanted,
    "lte": lambda number, wanted: number <= wanted,
    "gt": lambda number, wanted: number > wanted,
    "gte": lambda number, wanted: number >= wanted,
}


class Conditions:
    """The conditions of a `where`. `null` is as good as nothing, in a list as well.

    Args:
        where: what a query has given.
    """

    def __init__(self, where: Mapping[str, Any]) -> None:
        self._given = {name: value for name, value in where.items() if value is not None}
        for name, value in self._given.items():
            if isinstance(value, list):
                self._given[name] = [each for each in value if each is not None]

    def refuse(self, field: str, compares: Collection[str], instead: str) -> None:
        """Refuses that a field compares so: nothing answers it.

        Args:
            compares: such as `startsWith`; empty for equality.
            instead: what to do, behind "Next: ".

        Raises:
            InvalidInput: such a condition is given.
        """
        for name in (f"{field}_{compare}" if compare else field for compare in compares):
            if name in self._given:
                value = self._given[name]
                raise InvalidInput(
                    f"The filter {name} is {_shown(value)}; nothing answers it. Next: {instead}.",
                    data={"filter": name},
                )

    def check_pairs(self, *fields: str) -> None:
        """Raises `InvalidInput` where a range of one of the fields has not two ends."""
        for field in fields:
            self._pair(f"{field}_between")
            self._pair(f"{field}_not_between")

    def get(self, name: str) -> Any:
        """What is given by a name; `None` for nothing."""
        return self._given.get(name)

    def any_of(self, field: str) -> list[str] | None:
        """The values of which a field must have one. `None`: it may have any."""
        one, many = self.get(field), self.get(f"{field}_in")
        if one is None:
            return many  # type: ignore[no-any-return]
        return [one] if many is None or one in many else []

    def none_of(self, field: str) -> list[str]:
        """The values of which a field must have none."""
        one = self.get(f"{field}_not")
        return [*([] if one is None else [one]), *(self.get(f"{field}_not_in") or ())]

    def one_moment(self, field: str) -> datetime | None:
        """The moment that a field must have.

        Raises:
            InvalidInput: it may have several: they are no range.
        """
        moments: set[Any] = set(self.any_of(field) or ())
        if len(moments) > 1:
            raise InvalidInput(
                f"The filter {field}_in has {len(moments)} moments; it takes one."
                f" Next: ask for a time: {field}_gte and {field}_lte.",
                data={"filter": f"{field}_in"},
            )
        return next(iter(moments), None)

    def time(self, field: str) -> tuple[datetime | None, datetime | None]:
        """The first and the last moment that a field may have, both included."""
        exact = self.one_moment(field)
        between = self._between(f"{field}_between") or (None, None)
        first = (exact, between[0], self.get(f"{field}_gte"), _moved(self.get(f"{field}_gt"), 1))
        last = (exact, between[1], self.get(f"{field}_lte"), _moved(self.get(f"{field}_lt"), -1))
        return max(filter(None, first), default=None), min(filter(None, last), default=None)

    def other_times(self, field: str) -> tuple[tuple[datetime, datetime], ...]:
        """The times in which a field may not have its moment."""
        moments: list[Any] = self.none_of(field)
        times = [(moment, moment) for moment in moments]
        if between := self._between(f"{field}_not_between"):
            times.append(between)
        return tuple(times)

    def has_text(self, field: str, text: str) -> bool:
        """Whether a text has all that is asked of a field."""
        wanted = self.any_of(field)
        return (
            (wanted is None or text in wanted)
            and text not in self.none_of(field)
            and all(
                test(text, part)
                for compare, test in _TEXT_TESTS.items()
                if (part := self.get(f"{field}_{compare}")) is not None
            )
        )

    def has_number(self, field: str, number: int) -> bool:
        """Whether a number has all that is asked of a field. What is no number has no relation."""
        for compare, test in _NUMBER_TESTS.items():
            wanted = self.get(f"{field}_{compare}" if compare else field)
            if wanted is not None and not (_is_number(wanted) and test(number, wanted)):
                return False
        many, others = self.get(f"{field}_in"), self.get(f"{field}_not_in") or ()
        if number in others or (many is not None and number not in many):
            return False
        between = self._pair(f"{field}_between")
        beside = self._pair(f"{field}_not_between")
        return (between is None or _lies_in(number, between)) and not (
            beside is not None and _lies_in(number, beside)
        )

    def has_moment(self, field: str, moment: datetime) -> bool:
        """Whether a moment has all that is asked of a field."""
        first, last = self.time(field)
        return (
            (first is None or moment >= first)
            and (last is None or moment <= last)
            and not any(start <= moment <= end for start, end in self.other_times(field))
        )

    def _between(self, name: str) -> tuple[datetime, datetime] | None:
        pair = self._pair(name)
        return None if pair is None else (pair[0], pair[1])

    def _pair(self, name: str) -> Sequence[Any] | None:
        pair: Sequence[Any] | None = self.get(name)
        if pair is not None and len(pair) != 2:
            raise InvalidInput(
                f"The filter {name} has {len(pair)} values; it takes two: the first and the last."
                " Next: leave out neither.",
                data={"filter": name},
            )
        return pair


def _shown(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else short_repr(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _lies_in(number: int, pair: Sequence[Any]) -> bool:
    return all(map(_is_number, pair)) and pair[0] <= number <= pair[1]


def _moved(moment: datetime | None, ticks: int) -> datetime | None:
    """The moment so many milliseconds behind another one, as the records are dated."""
    if moment is None:
        return None
    # Tasks are dated in milliseconds: the next one behind 1.5 ms is 2 ms, the one before is 1 ms.
    exact = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    is_between = ticks < 0 and exact != moment
    try:
        return exact if is_between else exact + ticks * _TICK
    except OverflowError:  # the first or the last moment there is: nothing is before or behind it
        return moment
