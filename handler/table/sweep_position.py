"""Where a sweep was cut off: a row of the table, which is there while it is not at its end."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from handler.contract import PARTITION_KEY, SORT_KEY
from handler.record import json_object
from handler.table.dynamo import Dynamo

if TYPE_CHECKING:
    from handler.table.keys import Key

_CURSOR: Final = "cursor"


class SweepPosition:
    """The cursor of the page that the next sweep starts with.

    Args:
        of: what is swept.
    """

    def __init__(self, dynamo: Dynamo, *, of: str) -> None:
        self._dynamo = dynamo
        self._table = {"TableName": dynamo.table}
        self._key: Key = {PARTITION_KEY: {"S": "SWEEP"}, SORT_KEY: {"S": of}}

    def read(self) -> Mapping[str, str] | None:
        """The cursor; `None` if the last sweep came to its end."""
        item = self._dynamo.item(self._key) or {}
        cursor = json_object(item.get(_CURSOR, {}).get("S", ""))
        return {name: str(value) for name, value in cursor.items()} or None

    def keep(self, cursor: Mapping[str, str]) -> None:
        """Has the next sweep start there if this one is cut off."""
        item = {**self._key, _CURSOR: {"S": json.dumps(dict(cursor))}}
        self._dynamo.call("put_item", **self._table, Item=item)

    def clear(self) -> None:
        """This sweep has come to its end."""
        self._dynamo.call("delete_item", **self._table, Key=self._key)
