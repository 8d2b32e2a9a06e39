"""Which unfinished tasks are due: the index that the sweep looks at, and nobody else."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from handler.clock import to_iso
from handler.contract import PARTITION_KEY, SORT_KEY, Index
from handler.table import items, keys
from handler.table.dynamo import ConditionFailed, Dynamo, ItemTooLarge

if TYPE_CHECKING:
    from handler.table.keys import Item, Key

_PARTITION: Final = Index.UNFINISHED.partition_key
_DUE_ON: Final = Index.UNFINISHED.sort_key
_PAGE: Final = 100

Start = tuple[int, Mapping[str, str]]
"""Where a page begins: the number of a partition, and the key that it goes on behind."""


class Due(NamedTuple):
    """An entry of the index: a task that is due, as far as the index knows.

    The index may lag behind: the task may be over by now, gone, or due at another time.

    Args:
        row: the entry: the key of a row, and the keys of the index.
    """

    row: "Item"

    @property
    def key(self) -> "Key":
        return {name: self.row[name] for name in (PARTITION_KEY, SORT_KEY)}

    @property
    def task_id(self) -> str:
        """The id of its task; empty where it stands for no task's record."""
        id = keys.task_id(self.row)
        return id if self.key == keys.task_key(id) else ""

    @property
    def limit_id(self) -> str:
        """The id of its limit; empty where it stands for none."""
        id = self.key[PARTITION_KEY]["S"].removeprefix(keys.limit_partition(""))
        return id if self.key == keys.limit_key(id) else ""

    @property
    def on(self) -> str:
        """When it is due: ISO 8601, unless a person has written something else."""
        return self.row[_DUE_ON]["S"]


class Watch:
    """Finds the tasks that are due, of any tenant, and puts off what was looked at.

    What is not due is not read: a task that sleeps for a month costs nothing until it wakes.
    """

    def __init__(self, dynamo: Dynamo) -> None:
        self._dynamo = dynamo

    def due_by(self, until: datetime) -> Iterator[Due]:
        """What is due then, or was before: the first pages of all partitions, then the next ones.

        Within such a round, what has been due for longest comes first.
        """
        starts: dict[str, Mapping[str, object]] = {each: {} for each in keys.WATCHED_PARTITIONS}
        while starts:
            found: list[Due] = []
            for partition, start in list(starts.items()):
                page = self._query(partition, "<=", until, Limit=_PAGE, **start)
                found += map(Due, page["Items"])
                if last := page.get("LastEvaluatedKey"):
                    starts[partition] = {"ExclusiveStartKey": last}
                else:
                    del starts[partition]
            yield from sorted(found, key=lambda due: due.on)

    def page(self, until: datetime, start: "Start | None") -> "tuple[list[Due], Start | None]":
        """Some of what is due by then, one partition after the other.

        Args:
            start: where to go on, as the call before said; `None`: at the beginning.

        Returns:
            A page, and where to go on; `None` behind the last.
        """
        number, last = start or (0, {})
        behind = {"ExclusiveStartKey": items.encoded(last)} if last else {}
        partition = keys.WATCHED_PARTITIONS[number]
        found = self._query(partition, "<=", until, Limit=_PAGE, **behind)
        due = [Due(row) for row in found["Items"]]
        if further := found.get("LastEvaluatedKey"):
            return due, (number, keys.texts(further))  # type: ignore[arg-type]
        is_last = number + 1 == len(keys.WATCHED_PARTITIONS)
        return due, None if is_last else (number + 1, {})

    def out_of_sight(self, beyond: datetime) -> Iterator[Due]:
        """Entries so far ahead that no task of ours is due then, and what is no date: 400 at most.

        A person has written them. No sweep would ever look at their tasks.
        """
        for partition in keys.WATCHED_PARTITIONS:
            page = self._query(partition, ">", beyond, Limit=_PAGE)
            yield from map(Due, page["Items"])

    def put_off(self, due: Due, until: datetime) -> bool:
        """Has a task, or a limit, be due then, unless somebody has moved it meanwhile.

        Returns:
            Whether it is to be looked at. If not, whoever has moved it knows better when it is due.
            A record that has no room left even for this stays where it is, and is looked at.
        """
        on, token = to_iso(until), {"S": keys.new_token()}
        try:
            self._dynamo.call(
                "update_item",
                TableName=self._dynamo.table,
                Key=due.key,
                UpdateExpression=f"SET {_DUE_ON} = :on, {keys.LOOK_TOKEN} = :token",
                ConditionExpression=f"{_DUE_ON} = :seen",
                ExpressionAttributeValues={
                    ":on": {"S": on},
                    ":seen": due.row[_DUE_ON],
                    ":token": token,
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ItemTooLarge:
            return True
        except ConditionFailed as failed:
            # It may be this very request, sent again because its response was lost.
            return bool(failed.item and failed.item.get(keys.LOOK_TOKEN) == token)
        return True

    def count(self, *, at_most: int) -> int:
        """How many tasks are unfinished. It reads their keys, and stops behind `at_most` of them.

        A response has 1 MB of keys (DynamoDB guide, "Paginating table query results"): some 10,000.
        """
        count = 0
        for partition in keys.WATCHED_PARTITIONS:
            query = self._request(partition) | {
                "Select": "COUNT",
                "FilterExpression": f"{SORT_KEY} = :record",  # and not a limit
                "ExpressionAttributeValues": items.encoded(
                    {":partition": partition, ":record": keys.TASK_ROW}
                ),
            }
            for response in self._dynamo.pages(query):
                count += int(response["Count"])
                if count > at_most:
                    return count
        return count

    def _query(
        self, partition: str, comparison: str, moment: datetime, **more: object
    ) -> dict[str, list["Item"]]:
        request = self._request(partition, f" AND {_DUE_ON} {comparison} :on", to_iso(moment))
        found: dict[str, list[Item]] = self._dynamo.call("query", **request, **more)
        return found

    def _request(
        self, partition: str, and_due: str = "", on: str | None = None
    ) -> dict[str, object]:
        return {
            "TableName": self._dynamo.table,
            "IndexName": Index.UNFINISHED.value,
            "KeyConditionExpression": f"{_PARTITION} = :partition{and_due}",
            "ExpressionAttributeValues": items.encoded({":partition": partition, ":on": on}),
        }
