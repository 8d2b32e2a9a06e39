"""The meter counts what DynamoDB bills."""

from collections import Counter
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from handler.contract import Index
from handler.testing.aws import aws_client, create_table
from tests.measure.meter import Meter, MeteredClient, size_of

KEY = {"pk": {"S": "TASK#1"}, "sk": {"S": "TASK"}}
OTHER = {"pk": {"S": "TASK#1"}, "sk": {"S": "LOG#1"}}
NAMES = {"TableName": "tasks"}


@pytest.fixture
def client() -> Iterator[MeteredClient]:
    with mock_aws():
        create_table(aws_client("dynamodb"), "tasks")
        yield MeteredClient(aws_client("dynamodb"), Meter())


def of_bytes(size: int) -> dict[str, dict[str, str]]:
    """An item of so many bytes."""
    return KEY | {"text": {"S": "x" * (size - size_of(KEY) - len("text"))}}


@pytest.mark.parametrize(("size", "units"), [(100, 1), (1024, 1), (1025, 2), (4096, 4)])
def test_a_write_takes_a_unit_per_started_kilobyte(
    client: MeteredClient, size: int, units: int
) -> None:
    client.put_item(**NAMES, Item=of_bytes(size))

    assert (client.meter.requests, client.meter.write_units) == (1, units)


def test_the_larger_of_the_item_before_and_after_counts(client: MeteredClient) -> None:
    client.put_item(**NAMES, Item=of_bytes(3000))
    client.put_item(**NAMES, Item=of_bytes(100))
    client.delete_item(**NAMES, Key=KEY)

    assert client.meter.write_units == 3 + 3 + 1


def test_a_transaction_takes_two_units_for_each_item(client: MeteredClient) -> None:
    items = [of_bytes(100), OTHER]
    client.transact_write_items(TransactItems=[{"Put": {**NAMES, "Item": each}} for each in items])

    assert (client.meter.requests, client.meter.write_units) == (1, 4)


def test_a_batch_takes_what_its_items_take(client: MeteredClient) -> None:
    requests = [{"PutRequest": {"Item": of_bytes(2000)}}, {"DeleteRequest": {"Key": OTHER}}]
    client.batch_write_item(RequestItems={"tasks": requests})

    assert (client.meter.requests, client.meter.write_units) == (1, 3)


def test_a_refused_write_is_billed(client: MeteredClient) -> None:
    with pytest.raises(ClientError):
        client.update_item(
            **NAMES,
            Key=KEY,
            UpdateExpression="SET a = :one",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    assert client.meter.write_units == 1


def test_an_entry_that_moves_in_an_index_is_two_writes_and_one_that_stays_is_none(
    client: MeteredClient,
) -> None:
    key = Index.BY_STATUS.partition_key
    created = {Index.BY_STATUS.sort_key: {"S": "2030-01-01"}}

    client.put_item(**NAMES, Item=KEY | created | {key: {"S": "root#open"}})
    client.put_item(**NAMES, Item=KEY | created | {key: {"S": "root#open"}, "a": {"S": "b"}})
    client.put_item(**NAMES, Item=KEY | created | {key: {"S": "root#success"}})
    client.delete_item(**NAMES, Key=KEY)

    assert client.meter.index_writes == Counter(
        {(Index.BY_STATUS, "root#open"): 2, (Index.BY_STATUS, "root#success"): 2}
    )


def test_a_consistent_read_takes_a_unit_per_started_four_kilobytes_and_another_half(
    client: MeteredClient,
) -> None:
    aws_client("dynamodb").put_item(**NAMES, Item=of_bytes(4097))

    client.get_item(**NAMES, Key=KEY, ConsistentRead=True)
    client.get_item(**NAMES, Key=KEY)
    client.batch_get_item(RequestItems={"tasks": {"Keys": [KEY]}})
    client.get_item(**NAMES, Key=OTHER)

    assert client.meter.read_units == 2 + 1 + 1 + 0.5
    assert client.meter.requests == 4


def test_what_was_counted_since_is_counted_alone(client: MeteredClient) -> None:
    client.put_item(**NAMES, Item=of_bytes(100))
    before = client.meter.copy()
    client.put_item(**NAMES, Item=of_bytes(2000))

    assert client.meter.since(before) == Meter(requests=1, write_units=2)


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({}, 0),
        ({"name": {"S": "é"}}, 4 + 2),
        ({"n": {"N": "1234"}}, 1 + 2 + 1),
        ({"n": {"N": "-123"}}, 1 + 2 + 1),
        ({"b": {"B": b"1234"}}, 1 + 4),
    ],
)
def test_an_item_has_the_bytes_of_its_names_and_values(
    item: dict[str, dict[str, str | bytes]], size: int
) -> None:
    assert size_of(item) == size
