"""The AWS that a test runs on: moto's, behind clients that a test can watch and interrupt."""

import functools
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import boto3

from handler.aws import WOKEN
from handler.contract import DETAIL_TYPE, INDEX_KEYS, PARTITION_KEY, SORT_KEY, Index
from handler.record import Json

Interruption = Callable[[], None]
_one_at_a_time: Final = threading.RLock()


@functools.cache
def aws_client(service: str) -> Any:
    """A client that needs no configuration; inside moto, no request leaves the process."""
    make: Callable[..., Any] = boto3.client
    return make(
        service,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106
    )


def create_table(client: Any, name: str) -> None:
    """Creates the stack's table."""
    names = [PARTITION_KEY, SORT_KEY, *INDEX_KEYS]
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_keys(PARTITION_KEY, SORT_KEY),
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index.value,
                "KeySchema": _keys(index.partition_key, index.sort_key),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for index in Index
        ],
    )


class CountedMetrics:
    """Keeps what is counted and measured, in order: the values, and their definition."""

    def __init__(self) -> None:
        self.counted: list[tuple[dict[str, float], str]] = []
        self.measured: list[tuple[dict[str, float], str]] = []

    def count(self, values: Mapping[str, float], *, definition: str | None = None) -> None:
        self.counted.append((dict(values), definition or ""))

    def measure(self, values: Mapping[str, float], *, definition: str | None = None) -> None:
        self.measured.append((dict(values), definition or ""))

    def take(self) -> list[tuple[str, str]]:
        """What was counted since the last look: the first metric of each, and its definition."""
        counted, self.counted = self.counted, []
        return [(next(iter(values)), definition) for values, definition in counted]


class InterruptibleClient:
    """A client that counts its calls, and lets a test act right before or after any of them.

    Args:
        before: call number (from 1) -> what happens before it reaches the table.
        after: the same, once the call has taken effect and before the caller hears of it.
    """

    def __init__(
        self,
        client: Any,
        *,
        before: Mapping[int, Interruption],
        after: Mapping[int, Interruption],
    ) -> None:
        self.calls: list[str] = []
        self._client = client
        self._before = before
        self._after = after

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: object) -> Any:
            with _one_at_a_time:
                self.calls.append(operation)
                number = len(self.calls)
            self._before.get(number, _nothing)()
            with _one_at_a_time:
                response = getattr(self._client, operation)(**request)
            self._after.get(number, _nothing)()
            return response

        return call


class SerialClient:
    """A client for any number of threads: moto loses writes that come at the same time.

    Args:
        check: called before each call; it may raise.
    """

    def __init__(self, client: Any, *, check: Callable[[], None]) -> None:
        self._client = client
        self._check = check

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: object) -> Any:
            self._check()
            with _one_at_a_time:
                return getattr(self._client, operation)(**request)

        return call


class EventsClient:
    """Takes events as EventBridge does, for the state machine that the kit stands in for."""

    def __init__(self) -> None:
        self.details: list[Json] = []

    def put_events(self, *, Entries: list[dict[str, str]]) -> Json:  # noqa: N803  boto3's own word
        starting = [entry for entry in Entries if entry["DetailType"] == DETAIL_TYPE]
        self.details += [json.loads(entry["Detail"]) for entry in starting]
        entries = [{"EventId": str(number)} for number, _ in enumerate(Entries)]
        return {"FailedEntryCount": 0, "Entries": entries}


class StatesClient:
    """Knows how the attempts of the current visit of `Run` have failed, as Step Functions does."""

    def __init__(self) -> None:
        self.failures: list[tuple[str, str]] = []
        self.left: set[str] = set()  # the executions whose task goes on in another one

    def get_execution_history(self, **_: object) -> Json:
        """The failed attempts, the last one first."""
        details = [{"error": error, "cause": cause} for error, cause in reversed(self.failures)]
        kind = "taskFailedEventDetails"
        return {"events": [{"type": "TaskFailed", kind: each} for each in details]}

    def stop_execution(self, *, executionArn: str, error: str = "", **_: object) -> Json:  # noqa: N803
        """Nothing runs between two steps of the kit: a stopped execution ends at its next visit.

        One whose task was woken has no next visit.
        """
        if error == WOKEN:
            self.left.add(executionArn.rpartition(":")[2])
        return {}


def _keys(partition_key: str, sort_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition_key, "KeyType": "HASH"},
        {"AttributeName": sort_key, "KeyType": "RANGE"},
    ]


def _nothing() -> None:
    return
