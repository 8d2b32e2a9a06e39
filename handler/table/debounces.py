"""Which task a burst of triggers runs, while that still waits for its start."""

from typing import Any, NamedTuple

from handler.contract import PARTITION_KEY
from handler.record import StoredTask
from handler.table import items, keys
from handler.table.dynamo import Dynamo

_TASK_ID = "taskId"
_CREATED = "taskCreatedOn"


class Debounced(NamedTuple):
    """The task that a debounce's key stands for; empty where it stands for none.

    Args:
        created_text: when it was created, as its record has it.
    """

    task_id: str = ""
    created_text: str = ""


class Debounces:
    """An item for each key of a debounce. It is written with the record of its task."""

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo

    def find(self, id: str) -> Debounced:
        """The task that a key stands for, read consistently."""
        item = self._dynamo.item(keys.debounce_key(id)) or {}
        return Debounced(item.get(_TASK_ID, {}).get("S", ""), item.get(_CREATED, {}).get("S", ""))

    def put(self, id: str, task: StoredTask, *, seen: Debounced, expires_at: int) -> dict[str, Any]:
        """The write, for a transaction, that has a key stand for a task.

        Args:
            seen: what it stood for: refused if somebody else was faster.
            expires_at: when nobody needs it any more, in seconds since 1970.
        """
        fields = {_TASK_ID: task.id, _CREATED: task.created_text}
        condition, values = f"attribute_not_exists({PARTITION_KEY})", {}
        if seen.task_id:
            condition = f"{_TASK_ID} = :seen AND {_CREATED} = :created"
            values = {":seen": seen.task_id, ":created": seen.created_text}
        put: dict[str, Any] = {
            "TableName": self._dynamo.table,
            "Item": keys.debounce_key(id) | items.encoded(fields) | items.expiry(expires_at),
            "ConditionExpression": condition,
        }
        if values:
            put["ExpressionAttributeValues"] = items.encoded(values)
        return {"Put": put}
