"""The AWS that a test runs on: moto's DynamoDB behind a client that can be interrupted, and a bus
that keeps its events.
"""

import functools
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import boto3

from handler.contract import INDEX_SORT_KEY, PARTITION_KEY, SORT_KEY, Index
from handler.record.task_record import Json

Interruption = Callable[[], None]


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
    attributes = [
        PARTITION_KEY,
        SORT_KEY,
        INDEX_SORT_KEY,
        *(index.partition_key for index in Index),
    ]
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_keys(PARTITION_KEY, SORT_KEY),
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": "S"} for attribute in attributes
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index.value,
                "KeySchema": _keys(index.partition_key, INDEX_SORT_KEY),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for index in Index
        ],
    )


class InterruptibleClient:
    """A client that counts its calls, and does what a test wants done right before or right after
    one of them.

    Args:
        client: the real one.
        before: call number (from 1) -> what happens before it reaches the table.
        after: call number -> what happens once it has taken effect, before the caller hears of it.
    """

    def __init__(
        self, client: Any, *, before: Mapping[int, Interruption], after: Mapping[int, Interruption]
    ) -> None:
        self.calls: list[str] = []
        self.seconds = 0.0  # that the table itself took
        self._client = client
        self._before = before
        self._after = after

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: object) -> Any:
            self.calls.append(operation)
            number = len(self.calls)
            self._before.get(number, _nothing)()
            started = time.perf_counter()
            answer = getattr(self._client, operation)(**request)
            self.seconds += time.perf_counter() - started
            self._after.get(number, _nothing)()
            return answer

        return call


class EventsClient:
    """Takes events as EventBridge does, and keeps their details for the state machine that a test
    stands in for.
    """

    def __init__(self) -> None:
        self.details: list[Json] = []

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, object]:  # noqa: N803  boto3's own word
        self.details += [json.loads(entry["Detail"]) for entry in Entries]
        return {
            "FailedEntryCount": 0,
            "Entries": [{"EventId": str(number)} for number, _ in enumerate(Entries)],
        }


def _keys(partition_key: str, sort_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition_key, "KeyType": "HASH"},
        {"AttributeName": sort_key, "KeyType": "RANGE"},
    ]


def _nothing() -> None:
    return
