"""Which children of a task are open, and which have failed: rows of its partition."""

from typing import TYPE_CHECKING

from handler.contract import PARTITION_KEY
from handler.record import StoredTask
from handler.table import keys
from handler.table.conditions import still
from handler.table.dynamo import ConditionFailed, Dynamo

if TYPE_CHECKING:
    from handler.table.keys import Item


class Children:
    """Keeps who is open, so that the end of the last one is known without a look at the others.

    **No row is shared.** Each child has a row of its own among the open ones, from its creation to
    its end: ten thousand that end at once write to ten thousand rows.
    """

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo

    def put(self, child: StoredTask) -> "list[Item]":
        """The rows of a new child: the one that names it, and its place among the open ones."""
        rows = [keys.child_row(child)]
        return [*rows, keys.open_child_key(child)] if child.is_open else rows

    def close(self, child: StoredTask) -> None:
        """Takes a child that is over from the open ones. It may be gone from them already."""
        self._dynamo.call(
            "delete_item", TableName=self._dynamo.table, Key=keys.open_child_key(child)
        )

    def are_open(self, like: StoredTask) -> bool:
        """Whether a child of the same parent and definition is open, read consistently."""
        key = keys.open_child_key(like)
        rows = keys.open_child_rows(like.definition_id)
        last = f"{rows}{keys.LAST}"
        return bool([*self._dynamo.rows(key[PARTITION_KEY]["S"], rows, last, limit=1)])

    def are_any_open(self, parent_id: str) -> bool:
        """Whether any child of a parent is open, of whatever definition, read consistently."""
        rows = keys.OPEN_CHILD_ROWS
        last = f"{rows}{keys.LAST}"
        return bool([*self._dynamo.rows(keys.task_partition(parent_id), rows, last, limit=1)])

    def add_failed(self, child: StoredTask) -> bool:
        """Counts a child that has not succeeded, while its parent is to be told. Twice is once.

        Once somebody has told it, the row has the date of the child: whoever comes late must not
        put it anew, without one.

        Returns:
            Whether it was still to be told.
        """
        condition, values = still(child, "attribute_exists(parentPending)", {})
        is_to_be_told = {
            "TableName": self._dynamo.table,
            "Key": keys.task_key(child.id),
            "ConditionExpression": condition,
        }
        if values:
            is_to_be_told["ExpressionAttributeValues"] = values
        put = {"TableName": self._dynamo.table, "Item": keys.failed_child_key(child)}
        try:
            self._dynamo.call(
                "transact_write_items",
                TransactItems=[{"ConditionCheck": is_to_be_told}, {"Put": put}],
            )
        except ConditionFailed:
            return False
        return True

    def failed(self, parent_id: str, *, at_most: int) -> int:
        """How many have not succeeded. It counts no more than it is asked to."""
        partition, rows = keys.task_partition(parent_id), keys.FAILED_CHILD_ROWS
        found = self._dynamo.rows(partition, rows, f"{rows}{keys.LAST}", limit=at_most)
        return len([*found])
