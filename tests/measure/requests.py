"""Clients that count what they are asked."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from handler.testing.aws import create_table
from tests.simulation.services.dynamodb import DynamoDB

Row = Mapping[str, Any]
TABLE = "tasks"


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


def table_of(rows: Iterable[Row]) -> DynamoDB:
    """A table with these rows: the simulation's, since moto looks at every row at each query."""
    dynamodb = DynamoDB()
    create_table(dynamodb, TABLE)
    for row in rows:
        dynamodb.put_item(TableName=TABLE, Item=row)
    return dynamodb
