"""Rows by their partitions, each partition in the order of its sort keys."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.services.dynamodb.values import Item

Place = tuple[Any, ...]
"""Where a row stands in its partition: its sort key, and what tells rows of the same one apart."""


@dataclass(frozen=True, slots=True)
class Range:
    """Sort keys between two; `None` is no bound."""

    low: Any = None
    high: Any = None
    has_low: bool = True
    has_high: bool = True

    def has(self, sort: Any) -> bool:
        """Whether a sort key is in it."""
        if self.low is not None and (sort < self.low or (sort == self.low and not self.has_low)):
            return False
        if self.high is None:
            return True
        return bool(sort < self.high or (sort == self.high and self.has_high))


@dataclass(frozen=True, slots=True)
class Row:
    """An item, and how many bytes it has."""

    item: Item
    size: int


@dataclass(slots=True)
class Partition:
    """The rows of a partition."""

    order: list[Place] = field(default_factory=list)
    rows: dict[Place, Row] = field(default_factory=dict)

    def places(self, wanted: Range, *, behind: Place | None, is_forward: bool) -> Iterator[Place]:
        """The places of a range, from behind one of them on."""
        first = self._first(wanted)
        last = self._last(wanted)
        if behind is not None and is_forward:
            first = max(first, bisect_right(self.order, behind))
        elif behind is not None:
            last = min(last, bisect_left(self.order, behind))
        positions = _between(first, last)
        return (self.order[position] for position in (positions if is_forward else positions[::-1]))

    def _first(self, wanted: Range) -> int:
        if wanted.low is None:
            return 0
        find = bisect_left if wanted.has_low else bisect_right
        return find(self.order, wanted.low, key=_sort_key)

    def _last(self, wanted: Range) -> int:
        if wanted.high is None:
            return len(self.order)
        find = bisect_right if wanted.has_high else bisect_left
        return find(self.order, wanted.high, key=_sort_key)


class Rows:
    """The rows of a table or an index."""

    def __init__(self) -> None:
        self._partitions: dict[Any, Partition] = {}

    def partition(self, partition: Any) -> Partition:
        """A partition, which may be empty."""
        return self._partitions.get(partition) or Partition()

    def get(self, partition: Any, place: Place) -> Row | None:
        found = self._partitions.get(partition)
        return found.rows.get(place) if found else None

    def put(self, partition: Any, place: Place, row: Row) -> None:
        found = self._partitions.get(partition)
        if found is None:
            found = self._partitions[partition] = Partition()
        if place not in found.rows:
            insort(found.order, place)
        found.rows[place] = row

    def remove(self, partition: Any, place: Place) -> None:
        """Removes a row, which may be gone."""
        found = self._partitions.get(partition)
        if found is None or found.rows.pop(place, None) is None:
            return
        del found.order[bisect_left(found.order, place)]
        if not found.order:
            del self._partitions[partition]

    def __iter__(self) -> Iterator[Row]:
        """Every row, by partitions in the order of their first row."""
        for partition in list(self._partitions.values()):
            for place in list(partition.order):
                yield partition.rows[place]


def _sort_key(place: Place) -> Any:
    return place[0]


def _between(first: int, last: int) -> range:
    return range(first, max(first, last))
