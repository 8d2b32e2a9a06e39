"""A system on clients that count what they are asked."""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from handler import Definition
from handler.definition import Registry
from handler.settings import Settings
from handler.testing import ManualClock
from handler.testing.aws import CountedMetrics, create_table
from handler.wiring import Parts, System, build
from tests.simulation.services.dynamodb import DynamoDB

Row = Mapping[str, Any]
TABLE = "tasks"
NOW = datetime.fromisoformat("2030-01-01T00:07:00Z")


class Requests:
    """A client of a service, which counts what it is asked.

    Args:
        service: has a method for each operation.
    """

    def __init__(self, service: object) -> None:
        self.made: list[str] = []
        self._service = service

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.made.append(operation)
            return getattr(self._service, operation)(**request)

        return call


class TimedRequests(Requests):
    """Requests that know how long they took, in seconds of the processor."""

    def __init__(self, service: object) -> None:
        super().__init__(service)
        self.seconds = 0.0

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        ask = super().__getattr__(operation)

        def call(**request: Any) -> Any:
            before = time.thread_time()
            try:
                return ask(**request)
            finally:
                self.seconds += time.thread_time() - before

        return call


def table_of(rows: Iterable[Row]) -> DynamoDB:
    """A table with these rows: the simulation's, since moto looks at every row at each query."""
    dynamodb = DynamoDB()
    create_table(dynamodb, TABLE)
    for row in rows:
        dynamodb.put_item(TableName=TABLE, Item=row)
    return dynamodb


def system_on(clients: Mapping[str, object], *definitions: Definition) -> System:
    settings = Settings(table_name=TABLE, event_bus_name="bus", payload_bucket_name="payloads")
    parts = Parts(
        settings=settings,
        registry=Registry(definitions),
        clients=clients.get,
        clock=ManualClock(NOW),
        metrics=CountedMetrics(),
    )
    return build(parts, remaining=lambda: 900)
