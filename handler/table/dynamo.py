"""Calls to DynamoDB: they retry while there is time, and translate its errors."""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as ConnectionFailed

from handler.clock import Clock, RemainingSeconds
from handler.contract import PARTITION_KEY, SORT_KEY
from handler.errors import StoreError, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from handler.table.keys import Item, Key

Element = TypeVar("Element")

# BatchGetItem takes 100 keys, BatchWriteItem 25 (DynamoDB API reference).
_BATCH_GET: Final = 100
_BATCH_WRITE: Final = 25

# The codes that the DynamoDB developer guide ("Error handling with DynamoDB") calls worth trying
# again.
_PASSING: Final = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
# Its messages: "Item size has exceeded the maximum allowed size", "Item size to update has ...".
_ITEM_SIZE: Final = "item size"
_CONDITION_FAILED: Final = frozenset({"ConditionalCheckFailed", "ConditionalCheckFailedException"})
# Stop retrying this long before the timeout, to leave time to report it.
_LAST_SECONDS: Final = 5.0
_FIRST_BACKOFF_SECONDS: Final = 0.05
_MAX_BACKOFF_SECONDS: Final = 20.0


class ItemTooLarge(StoreError):
    """An item has no room for what a write would add to it."""


class ConditionFailed(Exception):
    """A conditional write was refused; `item` is what stands there, `None` if nothing does.

    Attributes:
        items: of a transaction, what stands where a condition did not hold, by the places of its
            writes, counted from 0. `item` is that of the first.
    """

    def __init__(self, items: "Mapping[int, Item | None]") -> None:
        super().__init__("The condition of a write did not hold.")
        self.items = items
        self.item = next(filter(None, items.values()), None)


class Dynamo:
    """The table, and a client that retries with backoff and full jitter while there is time.

    Args:
        client: the client; its own few retries come first.
        patience: for how long one request is tried again, at most. Who does many things in one
            invocation must not spend all its time on one.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        *,
        table: str,
        clock: Clock,
        remaining: RemainingSeconds,
        patience: timedelta | None = None,
    ) -> None:
        self.table = table
        self._client = client
        self._clock = clock
        self._remaining = remaining
        self._patience = patience

    @contextmanager
    def hurried(self, patience: timedelta) -> Iterator[None]:
        """In the block no request is tried again for longer than that."""
        own = self._patience
        self._patience = patience if own is None else min(own, patience)
        try:
            yield
        finally:
            self._patience = own

    def call(self, operation: str, **request: object) -> Any:
        """Calls one operation (`update_item`) and returns its response.

        Raises:
            ConditionFailed: a condition did not hold.
            StoreUnavailable: it kept failing for as long as there was time.
            StoreError: it failed for a reason that doesn't pass.
        """
        pauses = self._pauses()
        while True:
            try:
                return getattr(self._client, operation)(**request)
            except (ClientError, ConnectionFailed, HTTPClientError) as error:
                self._raise_unless_passing(operation, error)
                pauses(f"DynamoDB's {operation} kept failing while there was time: {error}")

    def item(self, key: "Key", **more: object) -> "Item | None":
        """One item, read consistently; `None` if there is none.

        Args:
            more: a projection.
        """
        request = {"TableName": self.table, "Key": key, "ConsistentRead": True, **more}
        found: Item | None = self.call("get_item", **request).get("Item")
        return found

    def pages(self, query: Mapping[str, object]) -> Iterator[Any]:
        """Every page of a query."""
        start: Mapping[str, object] = {}
        while True:
            response = self.call("query", **query, **start)
            yield response
            if not (last := response.get("LastEvaluatedKey")):
                return
            start = {"ExclusiveStartKey": last}

    def rows(
        self,
        partition: str,
        first: str,
        last: str,
        *,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> "Iterator[Item]":
        """The rows of a partition between two sort keys, both included, read consistently.

        Args:
            limit: how many at most, in one request.
        """
        query: dict[str, object] = {
            "TableName": self.table,
            "KeyConditionExpression": (
                f"{PARTITION_KEY} = :partition AND {SORT_KEY} BETWEEN :first AND :last"
            ),
            "ExpressionAttributeValues": {
                ":partition": {"S": partition},
                ":first": {"S": first},
                ":last": {"S": last},
            },
            "ScanIndexForward": not newest_first,
            "ConsistentRead": True,
        }
        if limit is not None:
            yield from self.call("query", **query, Limit=limit)["Items"]
            return
        for response in self.pages(query):
            yield from response["Items"]

    def get_many(self, keys: "Sequence[Key]", **more: object) -> "Iterator[Item]":
        """Items, read consistently, in no order. Keys without an item are passed over.

        Args:
            more: a projection.
        """
        for some in chunks(keys, _BATCH_GET):
            wanted = {"Keys": some, "ConsistentRead": True, **more}
            request: dict[str, object] = {self.table: wanted}
            pauses = self._pauses()
            while request:
                response = self.call("batch_get_item", RequestItems=request)
                yield from response["Responses"].get(self.table, [])
                if request := response["UnprocessedKeys"]:
                    pauses("DynamoDB kept leaving keys of a batch unread.")

    def put_many(self, items: "Iterable[Item]") -> None:
        """Puts items, each in place of the one with its key."""
        self._write_many([{"PutRequest": {"Item": item}} for item in items])

    def delete_many(
        self, items: "Iterable[Item]", *, only_if: Mapping[str, object] | None = None
    ) -> None:
        """Deletes items, which may be gone already.

        Args:
            only_if: the condition on another item, and its key, for anything to be deleted; a
                deletion then takes twice the write units.

        Raises:
            ConditionFailed: it did not hold; some items may have been deleted before.
        """
        if only_if is None:
            self._write_many([{"DeleteRequest": {"Key": _key_of(item)}} for item in items])
            return
        deletes = [{"Delete": {"TableName": self.table, "Key": _key_of(item)}} for item in items]
        for some in chunks(deletes, _BATCH_WRITE):
            self.call("transact_write_items", TransactItems=[{"ConditionCheck": only_if}, *some])

    def _write_many(self, writes: Sequence[object]) -> None:
        for some in chunks(writes, _BATCH_WRITE):
            request: dict[str, object] = {self.table: some}
            pauses = self._pauses()
            while request:
                response = self.call("batch_write_item", RequestItems=request)
                if request := response["UnprocessedItems"]:
                    pauses("DynamoDB kept leaving items of a batch unwritten.")

    def _pauses(self) -> Callable[[str], None]:
        """The pauses between the tries of one request, each longer than the last.

        The last one raises `StoreUnavailable`, with the message that it is given.
        """
        backoffs = (_FIRST_BACKOFF_SECONDS * 2**attempt for attempt in itertools.count())
        ends_at = self._clock.now() + self._patience if self._patience else None

        def pause(message: str) -> None:
            backoff = min(next(backoffs), _MAX_BACKOFF_SECONDS)
            is_late = self._remaining() < _LAST_SECONDS + backoff
            if is_late or (ends_at and self._clock.now() > ends_at):
                raise StoreUnavailable(message)
            self._clock.sleep(random.uniform(0, backoff))

        return pause

    def _raise_unless_passing(self, operation: str, error: Exception) -> None:
        if not isinstance(error, ClientError):
            return  # no response came at all
        reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
        codes = {str(reason.get("Code")) for reason in reasons} or {error.response["Error"]["Code"]}
        if codes & _CONDITION_FAILED:
            raise ConditionFailed(_refused_items(error, reasons)) from error
        if not codes & _PASSING and error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
            kind = ItemTooLarge if _ITEM_SIZE in str([error, reasons]).lower() else StoreError
            raise kind(f"DynamoDB refused {operation}: {error}") from error


def _refused_items(
    error: ClientError, reasons: Sequence[Mapping[str, Any]]
) -> "dict[int, Item | None]":
    if not reasons:
        found: Item | None = error.response.get("Item")  # type: ignore[assignment]
        return {0: found}
    return {
        place: reason.get("Item")
        for place, reason in enumerate(reasons)
        if reason.get("Code") in _CONDITION_FAILED
    }


def chunks(elements: Sequence[Element], size: int) -> Iterator[Sequence[Element]]:
    """Elements, so many at a time."""
    return (elements[start : start + size] for start in range(0, len(elements), size))


def _key_of(item: "Item") -> "Key":
    return {name: item[name] for name in (PARTITION_KEY, SORT_KEY)}
