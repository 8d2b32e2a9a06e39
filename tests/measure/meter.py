"""What a stack writes and reads at its table, in DynamoDB's units."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from botocore.exceptions import ClientError

from handler.contract import PARTITION_KEY, SORT_KEY, Index
from handler.testing import World
from handler.testing.aws import aws_client

Item = Mapping[str, Mapping[str, Any]]

# DynamoDB guide, "DynamoDB read and write operations": a write takes a unit per started kilobyte of
# the larger of the item before and the item after; in a transaction two. A consistent read takes a
# unit per started four kilobytes, any other half of one.
WRITE_UNIT_BYTES: Final = 1024
READ_UNIT_BYTES: Final = 4096
TRANSACTION_FACTOR: Final = 2
_READS: Final = ("get_item", "query", "batch_get_item")


@dataclass(slots=True)
class Meter:
    """What was counted so far.

    Args:
        requests: to the table, reads among them.
        write_units: of the table alone.
        index_writes: how many entries were written to each partition of each index, or removed from
            it. Each is a write unit.
    """

    requests: int = 0
    write_units: int = 0
    read_units: float = 0
    index_writes: Counter[tuple[Index, str]] = field(default_factory=Counter)

    def since(self, before: "Meter") -> "Meter":
        """What was counted after `before`."""
        return Meter(
            requests=self.requests - before.requests,
            write_units=self.write_units - before.write_units,
            read_units=self.read_units - before.read_units,
            index_writes=self.index_writes - before.index_writes,
        )

    def copy(self) -> "Meter":
        """What was counted until now."""
        return self.since(Meter())

    def wrote(self, before: Item, after: Item, *, factor: int) -> None:
        """Counts the write of an item; an item that is not there is empty."""
        size = max(size_of(before), size_of(after))
        self.write_units += factor * max(1, math.ceil(size / WRITE_UNIT_BYTES))
        # The same guide, "Using Global Secondary Indexes", on writes: an item that comes into an
        # index, or leaves it, is one write there; one whose key changes is two.
        for index in Index:
            old, new = _entry(before, index), _entry(after, index)
            if old != new:
                self.index_writes.update((index, entry[0]) for entry in (old, new) if entry)


class MeteredWorld(World):
    """A stack in this process whose table has a meter."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.meter = Meter()
        super().__init__(*arguments, **options)

    def client(self, service: str, *, worker: bool = False) -> Any:
        client = super().client(service, worker=worker)
        if service != "dynamodb":
            return client
        return MeteredClient(client, self.meter)


class MeteredClient:
    """A client of DynamoDB that counts what each call takes."""

    def __init__(self, client: Any, meter: Meter) -> None:
        self._client = client
        self.meter = meter

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.meter.requests += 1
            writes = list(_writes(operation, request))
            before = [_stored(*write) for write in writes]
            try:
                response = getattr(self._client, operation)(**request)
            except ClientError:
                self._count(operation, before, before)  # DynamoDB bills a refused write, too
                raise
            self._count(operation, before, [_stored(*write) for write in writes])
            if operation in _READS:
                self.meter.read_units += _read_units(request, response)
            return response

        return call

    def _count(self, operation: str, before: list[Item], after: list[Item]) -> None:
        factor = TRANSACTION_FACTOR if operation == "transact_write_items" else 1
        for old, new in zip(before, after, strict=True):
            self.meter.wrote(old, new, factor=factor)


def size_of(item: Item) -> int:
    """The bytes of an item (the same guide, "DynamoDB item sizes and formats"); 0 if it is empty.

    The engine stores texts, whole numbers and bytes.
    """
    return sum(len(name.encode()) + _size_of_value(value) for name, value in item.items())


def _size_of_value(value: Mapping[str, Any]) -> int:
    kind, content = next(iter(value.items()))
    if kind == "N":
        return math.ceil(len(content.lstrip("-")) / 2) + 1
    return len(content.encode()) if isinstance(content, str) else len(content)


def _entry(item: Item, index: Index) -> tuple[str, str] | None:
    if index.partition_key not in item or index.sort_key not in item:
        return None
    return item[index.partition_key]["S"], item[index.sort_key]["S"]


def _writes(operation: str, request: Mapping[str, Any]) -> Iterator[tuple[str, Item]]:
    """What a request writes, each item by its table and its key."""
    if operation in ("put_item", "update_item", "delete_item"):
        yield request["TableName"], _key(request)
    elif operation == "transact_write_items":
        for each in request["TransactItems"]:
            write = next(iter(each.values()))
            yield write["TableName"], _key(write)
    elif operation == "batch_write_item":
        for table, requests in request["RequestItems"].items():
            for each in requests:
                yield table, _key(next(iter(each.values())))


def _key(write: Mapping[str, Any]) -> Item:
    item = write.get("Key") or write["Item"]
    return {name: item[name] for name in (PARTITION_KEY, SORT_KEY)}


def _stored(table: str, key: Item) -> Item:
    """The item as it stands, past every meter; empty if there is none."""
    found = aws_client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
    return cast("Item", found.get("Item", {}))


def _read_units(request: Mapping[str, Any], response: Mapping[str, Any]) -> float:
    if "Responses" in response:  # each item of a batch is a read of its own
        return sum(
            _read_units(request["RequestItems"][table], {"Item": item})
            for table, items in response["Responses"].items()
            for item in items
        )
    items = [response["Item"]] if "Item" in response else list(response.get("Items", ()))
    units = max(1, math.ceil(sum(map(size_of, items)) / READ_UNIT_BYTES))
    return units if request.get("ConsistentRead") else units / 2
