"""A table of a hundred thousand rows in memory, and other services that have nothing to say.

moto looks at every row at each query. This stand-in knows what lists and sweeps ask, no more:
queries of indexes, reads of records, and updates that put a task off.
"""

import bisect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from handler.contract import PARTITION_KEY, SORT_KEY, Index

Row = Mapping[str, Any]
_VERY_LAST: Final = "\U0010ffff"


class Requests:
    """A client of a service, which counts what it is asked. It has an answer for each operation."""

    def __init__(self, answers: Mapping[str, Callable[..., Any]]) -> None:
        self.made: list[str] = []
        self._answers = answers

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.made.append(operation)
            return self._answers[operation](**request)

        return call


class ManyRows:
    """Rows by their keys, and what DynamoDB's client answers of them."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = {_key(row): row for row in rows}
        self._sorted: dict[tuple[str, str], list[tuple[str, str]]] = {}

    def client(self) -> Requests:
        """A client that counts."""
        return Requests(
            {
                "query": self._query,
                "batch_get_item": self._batch_get,
                "get_item": lambda **request: {},
                "update_item": self._update,
            }
        )

    def _query(self, *, ExpressionAttributeValues: Any, **request: Any) -> Any:  # noqa: N803
        values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
        condition = request["KeyConditionExpression"]
        index = Index(request["IndexName"]) if "IndexName" in request else None
        found = self._partition(index, values[":partition"])
        first, last = 0, len(found)
        if "BETWEEN" in condition:
            first = bisect.bisect_left(found, (values[":first"], ""))
            last = bisect.bisect_right(found, (values[":last"], _VERY_LAST))
        elif "<=" in condition:
            last = bisect.bisect_right(found, (values[":on"], _VERY_LAST))
        elif ">" in condition:
            first = bisect.bisect_right(found, (values[":on"], _VERY_LAST))
        within = found[first:last]
        if not request.get("ScanIndexForward", True):
            within.reverse()
        if start := request.get("ExclusiveStartKey"):
            key = (start[index.sort_key if index else SORT_KEY]["S"], start[PARTITION_KEY]["S"])
            within = within[within.index(key) + 1 :]
        if request.get("Select") == "COUNT":
            return {"Count": len(within)}
        return self._page(index, within, request.get("Limit", len(within)), values[":partition"])

    def _page(
        self, index: Index | None, keys: list[tuple[str, str]], limit: int, partition: str
    ) -> Any:
        rows = [self._entry(index, partition, *key) for key in keys[:limit]]
        last = {"LastEvaluatedKey": rows[-1]} if len(keys) > limit else {}
        return {"Items": rows, "Count": len(rows), **last}

    def _entry(self, index: Index | None, partition: str, sort: str, of: str) -> Row:
        if index is None:
            return {PARTITION_KEY: {"S": partition}, SORT_KEY: {"S": sort}}
        return {
            PARTITION_KEY: {"S": of},
            SORT_KEY: {"S": "TASK"},
            index.partition_key: {"S": partition},
            index.sort_key: {"S": sort},
        }

    def _partition(self, index: Index | None, partition: str) -> list[tuple[str, str]]:
        """The sort keys of a partition, each with the partition of the table, in order."""
        name = index.partition_key if index else PARTITION_KEY
        sort_key = index.sort_key if index else SORT_KEY
        if (name, partition) not in self._sorted:
            self._sorted[name, partition] = sorted(
                (row[sort_key]["S"], row[PARTITION_KEY]["S"])
                for row in self._rows.values()
                if row.get(name, {}).get("S") == partition and sort_key in row
            )
        return self._sorted[name, partition]

    def _batch_get(self, *, RequestItems: Any) -> Any:  # noqa: N803
        [(table, wanted)] = RequestItems.items()
        assert len(wanted["Keys"]) <= 100
        found = (self._rows.get(_key(key)) for key in wanted["Keys"])
        return {"Responses": {table: [row for row in found if row]}, "UnprocessedKeys": {}}

    def _update(self, *, Key: Row, ExpressionAttributeValues: Any, **request: Any) -> Any:  # noqa: N803
        assert request["UpdateExpression"] == "SET dueOn = :on, lookToken = :token"
        row = self._rows[_key(Key)]
        assert row["dueOn"] == ExpressionAttributeValues[":seen"]
        self._rows[_key(Key)] = {**row, "dueOn": ExpressionAttributeValues[":on"]}
        return {}


def _key(row: Row) -> tuple[str, str]:
    return row[PARTITION_KEY]["S"], row[SORT_KEY]["S"]
