"""The model of DynamoDB answers as moto does, whatever is asked of both."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from moto import mock_aws

from handler.testing.aws import aws_client
from tests.simulation.services.compared import dynamodb_programs
from tests.simulation.services.compared.differences import are_same
from tests.simulation.services.compared.dynamodb_programs import INDEX, Call, programs
from tests.simulation.services.compared.outcomes import outcome, plain
from tests.simulation.services.dynamodb import DynamoDB

pytestmark = pytest.mark.slow

MANY = settings(
    max_examples=10 * settings().max_examples,
    suppress_health_check=list(HealthCheck),
)
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    with mock_aws():
        yield aws_client("dynamodb")


@pytest.mark.property
@MANY
@given(program=programs)
def test_a_program_of_requests_has_the_same_outcomes_and_leaves_the_same_table(
    moto: Any, program: list[Call]
) -> None:
    table, model = f"table-{next(_numbers)}", DynamoDB()
    for client in (moto, model):
        dynamodb_programs.create(client, table)

    for call in program:
        operation, request = call[0], dynamodb_programs.named(call, table)
        expected = outcome(moto, operation, request)
        found = outcome(model, operation, request)
        assert are_same(operation, call[1], found, expected), (call, found, expected)

    assert _left(model, table) == sorted(map(plain, moto.scan(TableName=table)["Items"]), key=repr)
    for partition in ("k", "K"):
        query = _whole_partition(table, partition)
        assert outcome(model, "query", query) == outcome(moto, "query", query)
    moto.delete_table(TableName=table)


def _left(model: DynamoDB, table: str) -> list[Any]:
    return sorted((plain(item) for _, item in model.items(table)), key=repr)


def _whole_partition(table: str, partition: str) -> dict[str, Any]:
    return {
        "TableName": table,
        "IndexName": INDEX,
        "KeyConditionExpression": "kind = :kind",
        "ExpressionAttributeValues": {":kind": {"S": partition}},
    }
