"""The example of a loop with a cursor."""

import json
from typing import Any

import pytest
from moto import mock_aws

from docs.examples.archive_orders import archive_orders, dynamodb, s3
from handler.errors import InvalidInput
from handler.testing import ManualClock, Result, abort, run
from tests.docs.dying import Actions, survives_a_kill_at_every_call

MONTH = {"table": "orders", "bucket": "archive", "month": "2024-01", "page_size": 2}
ORDERS = ["a", "b", "c", "d", "e"]
KEYS = ("month", "orderId")


def shop() -> None:
    """Creates five orders of January, one of February, and a bucket for the archive."""
    s3().create_bucket(Bucket="archive")
    dynamodb().create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "month", "KeyType": "HASH"},
            {"AttributeName": "orderId", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in KEYS],
    )
    for month, id in [*(("2024-01", id) for id in ORDERS), ("2024-02", "z")]:
        dynamodb().put_item(TableName="orders", Item={"month": {"S": month}, "orderId": {"S": id}})


def archived() -> dict[str, list[str]]:
    """The archive's objects, with the orders in each."""
    found = s3().list_objects_v2(Bucket="archive").get("Contents", [])
    return {
        item["Key"]: ids(s3().get_object(Bucket="archive", Key=item["Key"])["Body"].read())
        for item in found
    }


def ids(content: bytes) -> list[str]:
    return [json.loads(line)["Item"]["orderId"]["S"] for line in content.splitlines()]


def slowly(**options: Any) -> Result:
    """A run that needs several iterations: each reading of the clock takes 150 seconds."""
    return run(archive_orders, MONTH, clock=ManualClock(tick=150), **options)


@pytest.mark.usefixtures("moto")
def test_every_order_of_the_month_is_archived_one_object_per_page() -> None:
    shop()

    result = slowly()

    assert result.iterations > 1
    assert result.record.output == {"orders": 5, "pages": 3}
    assert archived() == {
        "orders/2024-01/000000.json": ["a", "b"],
        "orders/2024-01/000001.json": ["c", "d"],
        "orders/2024-01/000002.json": ["e"],
    }


@pytest.mark.usefixtures("moto")
def test_progress_counts_orders() -> None:
    shop()

    progress = slowly().record.progress

    assert progress
    assert progress.done == 5


@pytest.mark.slow
def test_a_worker_killed_at_any_call_archives_each_order_once() -> None:
    def from_nothing(before: Actions, after: Actions) -> tuple[Result, object]:
        with mock_aws():
            shop()
            result = slowly(before=before, after=after)
            return result, (archived(), result.record.output)

    survives_a_kill_at_every_call(from_nothing)


@pytest.mark.usefixtures("moto")
def test_an_aborted_archive_stops_between_two_pages() -> None:
    shop()

    result = slowly(after={2: abort})

    assert result.record.status == "aborted"
    assert 0 < len(archived()) < 3


@pytest.mark.usefixtures("moto")
def test_a_month_other_than_yyyy_mm_is_refused() -> None:
    with pytest.raises(InvalidInput, match="month"):
        run(archive_orders, MONTH | {"month": "January"})


@pytest.mark.parametrize("field", ["table", "bucket"])
@pytest.mark.usefixtures("moto")
def test_a_resource_that_is_not_listed_is_refused(field: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        run(archive_orders, MONTH | {field: "background-tasks-dev-tasks"})
