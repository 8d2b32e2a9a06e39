"""Which tasks a query is about: one partition of an index, or the children of a task."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from handler.contract import INDEX_SORT_KEY, PARTITION_KEY, SORT_KEY, Index
from handler.record.task_record import TaskRecord
from handler.table import items

ANY_TIME: Final = ("", "~")  # before and after every ISO date


@dataclass(frozen=True, slots=True)
class Selection:
    """One partition of an index, or the children of a task, by the time of creation.

    Args:
        index: the index; `None` for the children of a task.
        partition: the partition of the index, or the parent's id.
        created: the first and the last moment of creation, ISO 8601, both included.
    """

    index: Index | None
    partition: str
    created: tuple[str, str] = ANY_TIME

    def query(self, table: str) -> dict[str, object]:
        if self.index is None:
            partition_key, sort_key = PARTITION_KEY, SORT_KEY
            partition, first, last = (
                f"TASK#{self.partition}",
                *(f"{items.CHILD_ROWS}{moment}" for moment in self.created),
            )
        else:
            partition_key, sort_key = self.index.partition_key, INDEX_SORT_KEY
            partition, first, last = self.partition, self.created[0] or " ", self.created[1]
        # A child's row goes on behind the moment: the last one has to be above all of that
        # moment's.
        values = {":partition": partition, ":first": first, ":last": f"{last}~"}
        return {
            "TableName": table,
            "KeyConditionExpression": (
                f"{partition_key} = :partition AND {sort_key} BETWEEN :first AND :last"
            ),
            "ExpressionAttributeValues": items.encoded(values),
        } | ({"IndexName": self.index.value} if self.index else {"ConsistentRead": True})

    def has(self, position: Mapping[str, str]) -> bool:
        """Whether a position is one of this selection."""
        key, value = (
            (PARTITION_KEY, f"TASK#{self.partition}")
            if self.index is None
            else (self.index.partition_key, self.partition)
        )
        names = {PARTITION_KEY, SORT_KEY} | ({key, INDEX_SORT_KEY} if self.index else set())
        return position.get(key) == value and position.keys() == names

    def position(self, record: TaskRecord) -> dict[str, str]:
        """Where `record` stands in it: what a query that goes on behind it starts with."""
        if self.index is None:
            return items.texts(items.child_key(record))
        return items.texts(items.task_key(record.id)) | {
            self.index.partition_key: self.partition,
            INDEX_SORT_KEY: record.created_on,
        }
