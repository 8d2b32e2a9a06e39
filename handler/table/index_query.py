"""Which tasks to read, and how: one partition of an index, or the children of a task."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from handler.contract import PARTITION_KEY, SORT_KEY, Index
from handler.record import StoredTask, is_key
from handler.table import items, keys
from handler.table.dynamo import Dynamo
from handler.table.reading import WITHOUT_LONG_PAYLOADS, child_task

if TYPE_CHECKING:
    from handler.table.keys import Item

Cursor = Mapping[str, str]
"""Where a page of an index starts: the key of the entry before it."""

# A sort key has at most so many bytes (DynamoDB guide, "Constraints").
_MAX_KEY_BYTES: Final = 1_024

Span = tuple[str, str]
"""The first and the last of what a query is sorted by, both included."""

ANY_TIME: Final = ("", keys.LAST)  # before and after every ISO date


@dataclass(frozen=True, slots=True)
class IndexQuery:
    """One partition of an index; or the children of a task, or those of a tag, as created.

    Args:
        index: the index; `None` for rows that name tasks.
        partition: the partition of the index, or of the tag; or the parent's id.
        span: of what is sorted by: moments as ISO 8601, or names.
        rows: what the rows that name tasks begin with.
    """

    index: Index | None
    partition: str
    span: Span = ANY_TIME
    rows: str = keys.CHILD_ROWS

    def request(self, table: str) -> dict[str, object]:
        """The query, as DynamoDB takes it."""
        name, value = self._partition
        first, last = self._range
        values = {":partition": value, ":first": first, ":last": last}
        return {
            "TableName": table,
            "KeyConditionExpression": (
                f"{name} = :partition AND {self._sort_key} BETWEEN :first AND :last"
            ),
            "ExpressionAttributeValues": items.encoded(values),
        } | ({"IndexName": self.index.value} if self.index else {"ConsistentRead": True})

    def accepts_cursor(self, cursor: Mapping[str, str]) -> bool:
        """Whether a cursor is of this query."""
        name, value = self._partition
        if cursor.get(name) != value or cursor.keys() != self._cursor_names:
            return False
        # The table refuses a start outside of the range, and what can't be a key.
        first, last = self._range
        return first <= cursor[self._sort_key] <= last and all(
            is_key(text, _MAX_KEY_BYTES) for text in cursor.values()
        )

    def cursor_behind(self, row: "Item") -> dict[str, str]:
        """The cursor of the page that goes on behind a row of the index."""
        return keys.texts({name: row[name] for name in self._cursor_names})

    def cursor_at(self, place: str, id: str) -> dict[str, str]:
        """The cursor of the page that goes on behind a task, which an index has at that place."""
        name, value = self._partition
        return {**keys.texts(keys.task_key(id)), name: value, self._sort_key: place}

    @property
    def _cursor_names(self) -> set[str]:
        names = {PARTITION_KEY, SORT_KEY}
        return names | {self._partition[0], self._sort_key} if self.index else names

    def place(self, cursor: Mapping[str, str]) -> str:
        """What the entry of a cursor is sorted by."""
        return cursor[self._sort_key]

    @property
    def _sort_key(self) -> str:
        return self.index.sort_key if self.index else SORT_KEY

    @property
    def _range(self) -> tuple[str, str]:
        """The first and the last sort key."""
        first, last = self.span
        if self.index is Index.BY_NAME:
            return first, last
        # A child's row goes on behind the moment: the end has to be above all of that moment's.
        last = f"{last}{keys.LAST}"
        if self.index:
            return first or " ", last  # an empty string is not a key
        return f"{self.rows}{first}", f"{self.rows}{last}"

    @property
    def _partition(self) -> tuple[str, str]:
        if self.index is None:
            is_of_parent = self.rows == keys.CHILD_ROWS
            partition = keys.task_partition(self.partition) if is_of_parent else self.partition
            return PARTITION_KEY, partition
        return self.index.partition_key, self.partition


class Page(NamedTuple):
    """The ids of some of the tasks of a query.

    Args:
        cursors: the cursor of the page that goes on behind each, by its id.
        cursor: where the next page starts; `None` on the last.
    """

    cursors: Mapping[str, Cursor]
    cursor: Cursor | None

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self.cursors)


class TaskIndex:
    """Reads many tasks at a time.

    Args:
        read: makes a task of an item that was read without its long payloads.
        is_gone: whether a task is as good as gone.
    """

    def __init__(
        self,
        dynamo: Dynamo,
        *,
        read: "Callable[[Item], StoredTask]",
        is_gone: Callable[[StoredTask], bool],
    ) -> None:
        self._dynamo = dynamo
        self._read = read
        self._is_gone = is_gone

    def tasks(self, ids: Iterable[str], *, deleted: bool = False) -> list[StoredTask]:
        """Reads tasks by id, consistently, in that order; tasks that are gone are left out.

        Args:
            deleted: whether those are read, too, of which the rest is still to be removed.
        """
        unique = list(dict.fromkeys(ids))  # a batch takes each key once
        wanted = [keys.task_key(id) for id in unique]
        read = map(self._read, self._dynamo.get_many(wanted, **WITHOUT_LONG_PAYLOADS))
        by_id = {task.id: task for task in read}
        found = (by_id.get(id) for id in unique)
        return [task for task in found if task and (deleted or not self._is_gone(task))]

    def page(
        self,
        query: IndexQuery,
        *,
        newest_first: bool = True,
        limit: int,
        cursor: Mapping[str, str] | None = None,
    ) -> Page:
        """The ids of at most `limit` tasks of a query, from behind `cursor` on."""
        request = self._request(query) | {"ScanIndexForward": not newest_first, "Limit": limit}
        start = {"ExclusiveStartKey": items.encoded(cursor)} if cursor else {}
        response = self._dynamo.call("query", **request, **start)
        return Page(
            cursors={keys.task_id(row): query.cursor_behind(row) for row in response["Items"]},
            cursor=keys.texts(response.get("LastEvaluatedKey", {})) or None,
        )

    def all_rows(self, query: IndexQuery) -> "list[Item] | None":
        """The keys of every task of a query, in one request; `None`: that has not all of them."""
        response = self._dynamo.call("query", **self._request(query))
        return None if response.get("LastEvaluatedKey") else response["Items"]

    def count(self, query: IndexQuery, *, at_most: int) -> int:
        """How many tasks a query has. It reads their keys, and stops behind `at_most` of them."""
        count = 0
        for response in self._dynamo.pages(self._request(query) | {"Select": "COUNT"}):
            count += int(response["Count"])
            if count > at_most:
                break
        return count

    def children(self, parent_id: str, *, deleted: bool = False) -> Iterator[StoredTask]:
        """Every child of a task, read consistently, oldest first.

        One whose record is gone is there as failed, with the reason.

        Args:
            deleted: as of `tasks`.
        """
        for response in self._dynamo.pages(self._request(IndexQuery(None, parent_id))):
            rows = {keys.task_id(row): row for row in response["Items"]}
            found = {task.id: task for task in self.tasks(rows, deleted=deleted)}
            yield from (found.get(id) or child_task(row) for id, row in rows.items())

    def child_ids(self, parent_id: str) -> set[str]:
        """The ids of a task's children, read consistently, without their records."""
        pages = self._dynamo.pages(self._request(IndexQuery(None, parent_id)))
        return {keys.task_id(row) for response in pages for row in response["Items"]}

    def _request(self, query: IndexQuery) -> dict[str, object]:
        return query.request(self._dynamo.table)
