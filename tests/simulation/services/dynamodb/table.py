"""A table: its items, its indexes, and what it removes by itself."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from tests.simulation.services.dynamodb.decisions import Decisions, Key
from tests.simulation.services.dynamodb.indexes import Index
from tests.simulation.services.dynamodb.keys import KeySchema
from tests.simulation.services.dynamodb.rows import Row, Rows
from tests.simulation.services.dynamodb.values import Item, size_of

_FIVE_YEARS_SECONDS: Final = 5 * 365 * 24 * 60 * 60


class Table:
    """A table of items that never change: each write puts another in the place of one.

    Args:
        indexes: the keys of its indexes.
    """

    def __init__(
        self, name: str, schema: KeySchema, indexes: list[KeySchema], decisions: Decisions
    ) -> None:
        self.name = name
        self.schema = schema
        self.indexes = {
            each.index: Index(each, table=schema, decisions=decisions) for each in indexes
        }
        self.expiry_attribute = ""
        self._decisions = decisions
        self._index_names = frozenset(name for each in indexes for name in each.names)
        self._rows = Rows()
        # What an item was before its last write.
        self._before: dict[Key, Item | None] = {}

    def get(self, key: Key) -> Item | None:
        """An item, as the last write has left it."""
        partition, sort = key
        row = self._rows.get(partition, (sort,))
        return row.item if row else None

    def get_eventually(self, key: Key) -> Item | None:
        """An item, or what it was before its last write, if `Decisions.stale` says so."""
        if key in self._before and self._decisions.stale(key):
            return self._before[key]
        return self.get(key)

    def rows(self) -> Rows:
        """The rows, as the last writes have left them."""
        return self._rows

    def check(self, before: Item | None, after: Item) -> int:
        """The size of an item that a write would leave.

        Raises:
            ValidationException: something in it can't be the key of an index.
        """
        if not self._has_same_index_keys(before, after):
            for index in self.indexes.values():
                index.check(after)
        return size_of(after)

    def write(self, key: Key, after: Item | None, size: int = 0) -> None:
        """Puts an item in the place of one, or removes it."""
        partition, sort = key
        before = self.get(key)
        if after is None:
            self._rows.remove(partition, (sort,))
        else:
            self._rows.put(partition, (sort,), Row(after, size))
        self._before[key] = before
        if not self._has_same_index_keys(before, after):
            self._write_indexes(key, before, after)
        self._decisions.wrote(key, before, after)

    def expire(self, now: datetime, chosen: Callable[[Key], bool]) -> list[Key]:
        """Removes items whose time to live is over, those that are `chosen`. Returns their keys.

        DynamoDB removes them within days, and not those that have expired for more than five
        years; till then every read and write finds them ("Using time to live (TTL) in DynamoDB").
        """
        moment = now.timestamp()
        due = [key for key, item in self.items() if self._is_due(item, moment) and chosen(key)]
        for key in due:
            self.write(key, None)
        return due

    def items(self) -> Iterator[tuple[Key, Item]]:
        """Every item by its key, as the last writes have left them."""
        for row in self._rows:
            yield self.schema.key_of(row.item), row.item

    def _is_due(self, item: Item, moment: float) -> bool:
        date = item.get(self.expiry_attribute, {}).get("N")
        return date is not None and moment - _FIVE_YEARS_SECONDS < float(date) < moment

    def _has_same_index_keys(self, before: Item | None, after: Item | None) -> bool:
        if before is None or after is None:
            return before is after
        return all(before.get(name) == after.get(name) for name in self._index_names)

    def _write_indexes(self, key: Key, before: Item | None, after: Item | None) -> None:
        for index in self.indexes.values():
            entry = index.entry_of(after)
            if entry != index.entry_of(before):
                index.write(key, entry)
