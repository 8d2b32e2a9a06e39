"""The entries of one partition of an index, or of some: in one order, with where each stands."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

from handler.table.index_query import Cursor, IndexQuery, TaskIndex


class Entry(NamedTuple):
    """A task, as an index or a parent knows it.

    Args:
        partition: the number of the query that has found it.
        cursor: where that query goes on behind it.
        place: what it is sorted by.
    """

    id: str
    partition: int
    cursor: Cursor
    place: str


class Entries:
    """What several queries find, as if it were one: each goes on where the page has ended.

    `cursors` are where each query goes on behind what was passed by: `None` where it starts anew,
    and no cursors at all where nothing is left.

    Args:
        entries: in the order of the queries.
        has_all: whether nothing is behind them.
        starts: where the queries have started.
    """

    def __init__(
        self, entries: Sequence[Entry], *, has_all: bool, starts: Sequence[Cursor | None]
    ) -> None:
        self._entries = entries
        self._has_all = has_all
        self._starts, self._passed = list(starts), list(starts)
        self._last: Entry | None = None

    @classmethod
    def of(
        cls,
        index: TaskIndex,
        queries: Sequence[IndexQuery],
        starts: Sequence[Cursor | None],
        *,
        newest_first: bool,
        limit: int,
    ) -> Self:
        """The first `limit` entries behind `starts`, a request for each query."""
        entries: list[Entry] = []
        has_all = True
        for number, (query, start) in enumerate(zip(queries, starts, strict=True)):
            page = index.page(query, newest_first=newest_first, limit=limit, cursor=start)
            has_all = has_all and page.cursor is None
            entries += [
                Entry(id, number, cursor, query.place(cursor))
                for id, cursor in page.cursors.items()
            ]
        if len(queries) > 1:
            entries.sort(key=lambda entry: entry.place, reverse=newest_first)
        return cls(entries[:limit], has_all=has_all and len(entries) <= limit, starts=starts)

    def split(self, sizes: Sequence[int]) -> Iterator[Sequence[Entry]]:
        """The entries, so many at a time."""
        start = 0
        for size in sizes:
            if some := self._entries[start : start + size]:
                yield some
            start += size

    def pass_by(self, entry: Entry, *, is_told: bool) -> None:
        """The page has dealt with an entry, and with all before it.

        Args:
            is_told: whether a cursor may tell of it.
        """
        self._last = entry
        if is_told:
            self._passed[entry.partition] = entry.cursor

    @property
    def is_stuck(self) -> bool:
        """Whether more is behind them, and no cursor may tell where."""
        return self._passed == self._starts and not self._is_at_the_end

    @property
    def cursors(self) -> Sequence[Cursor | None]:
        if self._is_at_the_end or self._passed == self._starts:
            return ()
        return self._passed

    @property
    def _is_at_the_end(self) -> bool:
        return self._has_all and (not self._entries or self._last is self._entries[-1])
