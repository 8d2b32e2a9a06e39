"""Global secondary indexes: keys only, sparse, and behind the table.

"Using Global Secondary Indexes in DynamoDB", Attribute projections and Data synchronization.
"""

from collections import deque

from tests.simulation.services.dynamodb.decisions import Decisions, Key, never
from tests.simulation.services.dynamodb.keys import KeySchema
from tests.simulation.services.dynamodb.rows import Row, Rows
from tests.simulation.services.dynamodb.values import Item, size_of


class Index:
    """An index that projects keys.

    A change of an item reaches it when `Decisions.lag` lets it, each item's changes in their order.
    All readers see one state: what one has seen, the next does not miss.

    Args:
        schema: the index's own key.
        table: the table's key, which an entry has besides.
    """

    def __init__(self, schema: KeySchema, *, table: KeySchema, decisions: Decisions) -> None:
        self.schema = schema
        self.names = frozenset({*schema.names, *table.names})
        self._decisions = decisions
        self._rows = Rows()
        self._entries: dict[Key, Item] = {}
        self._pending: dict[Key, deque[Item | None]] = {}

    def entry_of(self, item: Item | None) -> Item | None:
        """What the index has of an item; `None` for an item without the index's key."""
        if item is None or not all(name in item for name in self.schema.names):
            return None
        return {name: item[name] for name in item if name in self.names}

    def check(self, item: Item) -> None:
        """Raises `ValidationException` for an item with something that can't be its key."""
        for name in self.schema.names:
            if name in item:
                self.schema.part_of(item, name)

    def write(self, key: Key, entry: Item | None) -> None:
        """Has the index change an entry, at once or some time."""
        if self._decisions.lag is never and key not in self._pending:
            self._apply(key, entry)
        else:
            self._pending.setdefault(key, deque()).append(entry)

    def rows(self) -> Rows:
        """What a query sees now."""
        self._catch_up()
        return self._rows

    def settle(self) -> None:
        """Has every change reach the index."""
        for key, entries in self._pending.items():
            self._apply(key, entries[-1])
        self._pending.clear()

    def _catch_up(self) -> None:
        for key, entries in list(self._pending.items()):
            while entries and not self._decisions.lag(self.schema.index, key):
                self._apply(key, entries.popleft())
            if not entries:
                del self._pending[key]

    def _apply(self, key: Key, entry: Item | None) -> None:
        if old := self._entries.pop(key, None):
            partition, sort = self.schema.key_of(old)
            self._rows.remove(partition, (sort, *key))
        if entry is not None:
            partition, sort = self.schema.key_of(entry)
            self._entries[key] = entry
            # AWS leaves the order of entries of one sort key open.
            self._rows.put(partition, (sort, *key), Row(entry, size_of(entry)))
