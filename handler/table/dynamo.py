"""Calls to DynamoDB: tried again while they fail for a passing reason, their errors translated
once.
"""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as ConnectionFailed

from handler.clock import Clock, RemainingSeconds
from handler.errors import StoreError, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from handler.table.items import Item, Key

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
_CONDITION_FAILED: Final = frozenset({"ConditionalCheckFailed", "ConditionalCheckFailedException"})
# Trying again stops when so little of the invocation is left: the worker still has to say that it
# gives up.
_LAST_SECONDS: Final = 5.0
_FIRST_BACKOFF_SECONDS: Final = 0.05
_LONGEST_BACKOFF_SECONDS: Final = 20.0


class ConditionFailed(Exception):
    """A conditional write was refused; `item` is what stands there instead, `None` if nothing
    does.
    """

    def __init__(self, item: "Item | None") -> None:
        super().__init__("The condition of a write did not hold.")
        self.item = item


class Dynamo:
    """A DynamoDB client with patience: each call is tried again, with backoff and full jitter,
    while there is time.

    Args:
        client: the client; its own few retries come first.
        clock: sleeps between tries.
        remaining: how many seconds the invocation has left.
    """

    def __init__(
        self, client: "DynamoDBClient", *, clock: Clock, remaining: RemainingSeconds
    ) -> None:
        self._client = client
        self._clock = clock
        self._remaining = remaining

    def call(self, operation: str, **request: object) -> Any:
        """Calls one operation (`update_item`) and returns its answer.

        Raises:
            ConditionFailed: a condition did not hold.
            StoreUnavailable: it kept failing for as long as there was time.
            StoreError: it failed for a reason that doesn't pass.
        """
        attempts = itertools.count()
        while True:
            try:
                return getattr(self._client, operation)(**request)
            except (ClientError, ConnectionFailed, HTTPClientError) as error:
                self._raise_unless_passing(operation, error)
                self._pause(
                    next(attempts),
                    f"DynamoDB's {operation} kept failing while there was time: {error}",
                )

    def pages(self, query: Mapping[str, object]) -> Iterator[Any]:
        """Every page of a query."""
        start: Mapping[str, object] = {}
        while True:
            answer = self.call("query", **query, **start)
            yield answer
            if not (last := answer.get("LastEvaluatedKey")):
                return
            start = {"ExclusiveStartKey": last}

    def batch_get(self, table: str, keys: "Sequence[Key]") -> "Iterator[Item]":
        """At most 100 items, read consistently, in no order; keys that DynamoDB leaves over are
        asked for again.
        """
        request: dict[str, object] = (
            {table: {"Keys": list(keys), "ConsistentRead": True}} if keys else {}
        )
        for attempt in itertools.count():
            if not request:
                return
            answer = self.call("batch_get_item", RequestItems=request)
            yield from answer["Responses"].get(table, [])
            if request := answer["UnprocessedKeys"]:
                self._pause(
                    attempt, "DynamoDB kept leaving keys of a batch unread while there was time."
                )

    def batch_write(self, table: str, writes: Sequence[Mapping[str, object]]) -> None:
        """Puts and deletes at most 25 items, unconditionally; what DynamoDB leaves over is asked
        for again.
        """
        request: dict[str, object] = {table: list(writes)}
        for attempt in itertools.count():
            if not (
                request := self.call("batch_write_item", RequestItems=request)["UnprocessedItems"]
            ):
                return
            self._pause(
                attempt, "DynamoDB kept leaving items of a batch unwritten while there was time."
            )

    def _pause(self, attempt: int, despair: str) -> None:
        backoff = min(_FIRST_BACKOFF_SECONDS * 2 ** min(attempt, 16), _LONGEST_BACKOFF_SECONDS)
        if self._remaining() < _LAST_SECONDS + backoff:
            raise StoreUnavailable(despair)
        self._clock.sleep(random.uniform(0, backoff))

    def _raise_unless_passing(self, operation: str, error: Exception) -> None:
        if not isinstance(error, ClientError):
            return  # no answer came at all
        reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
        codes = {str(reason.get("Code")) for reason in reasons} or {error.response["Error"]["Code"]}
        if codes & _CONDITION_FAILED:
            raise ConditionFailed(_refused_item(error, reasons)) from error
        if not codes & _PASSING and error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
            raise StoreError(f"DynamoDB refused {operation}: {error}") from error


def _refused_item(error: ClientError, reasons: Sequence[Mapping[str, Any]]) -> "Item | None":
    found: Item | None = error.response.get("Item")  # type: ignore[assignment]
    return found or next((reason["Item"] for reason in reasons if reason.get("Item")), None)
