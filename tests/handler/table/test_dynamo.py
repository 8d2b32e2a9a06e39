"""Calls to DynamoDB: which errors are tried again, and for how long."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from handler.errors import StoreError, StoreUnavailable
from handler.table.dynamo import ConditionFailed, Dynamo
from handler.testing import ManualClock
from tests.handler.stack import TABLE, Stack, refusal

KEY: Any = {"pk": {"S": "TASK#t1"}, "sk": {"S": "TASK"}}
PASSING: list[Any] = [
    refusal("ProvisionedThroughputExceededException"),
    refusal("ThrottlingException"),
    refusal("RequestLimitExceeded"),
    refusal("TransactionConflictException"),
    refusal("TransactionInProgressException"),
    refusal("InternalServerError", status=500),
    refusal("SomethingNew", status=503),
    *(
        kind(endpoint_url="https://dynamodb")
        for kind in (EndpointConnectionError, ConnectTimeoutError, ReadTimeoutError)
    ),
]


class Patience:
    """A Dynamo whose invocation ends after a number of seconds of the clock."""

    def __init__(self, client: Any, seconds: float = 900) -> None:
        self.clock = ManualClock()
        self.client = client
        self._end = self.clock.now().timestamp() + seconds
        self.dynamo = Dynamo(client, table=TABLE, clock=self.clock, remaining=self.remaining)

    def remaining(self) -> float:
        return self._end - self.clock.now().timestamp()

    def get(self) -> Any:
        return self.dynamo.call("get_item", TableName=TABLE, Key=KEY)


@pytest.fixture
def patience(stack: Stack) -> Patience:
    return Patience(stack.dynamodb)


@pytest.mark.parametrize("error", PASSING, ids=str)
def test_an_error_that_passes_is_tried_again(patience: Patience, error: Exception) -> None:
    patience.client.fail(error, times=3)

    response = patience.get()

    assert "Item" not in response
    assert patience.client.calls == ["get_item"] * 4


@pytest.mark.parametrize("error", [PASSING[0], PASSING[-1]], ids=str)
def test_an_error_that_stays_ends_in_store_unavailable_five_seconds_before_the_timeout(
    patience: Patience, error: Exception
) -> None:
    patience.client.fail(error)

    with pytest.raises(StoreUnavailable, match="get_item kept failing while there was time"):
        patience.get()

    assert patience.remaining() >= 5


def test_an_invocation_of_900_seconds_makes_30_to_300_attempts(patience: Patience) -> None:
    patience.client.fail(PASSING[0])

    with pytest.raises(StoreUnavailable):
        patience.get()

    # The waits grow to 20 seconds, and are half of that on average.
    assert 30 < len(patience.client.calls) < 300


def test_an_invocation_with_one_second_left_makes_one_attempt(stack: Stack) -> None:
    patience = Patience(stack.dynamodb, seconds=1)
    stack.dynamodb.fail(PASSING[0])

    with pytest.raises(StoreUnavailable):
        patience.get()

    assert len(stack.dynamodb.calls) == 1


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"]
)
def test_an_error_that_does_not_pass_is_a_store_error_at_once(
    patience: Patience, code: str
) -> None:
    patience.client.fail(refusal(code))

    with pytest.raises(StoreError, match=f"DynamoDB refused get_item: .*{code}"):
        patience.get()

    assert len(patience.client.calls) == 1


def test_a_failed_condition_brings_the_item_alone_and_in_a_transaction(patience: Patience) -> None:
    put = {
        "TableName": TABLE,
        "Item": KEY | {"a": {"S": "1"}},
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    asking = put | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    other = {"Put": {"TableName": TABLE, "Item": KEY | {"sk": {"S": "OTHER"}}}}
    patience.dynamo.call("put_item", **put)

    with pytest.raises(ConditionFailed) as single:
        patience.dynamo.call("put_item", **asking)
    with pytest.raises(ConditionFailed) as inside_transaction:
        patience.dynamo.call("transact_write_items", TransactItems=[{"Put": asking}, other])

    assert single.value.item == inside_transaction.value.item == put["Item"]


def test_a_failed_condition_on_no_item_brings_none(patience: Patience) -> None:
    with pytest.raises(ConditionFailed) as failed:
        patience.dynamo.call(
            "delete_item", TableName=TABLE, Key=KEY, ConditionExpression="attribute_exists(pk)"
        )

    assert failed.value.item is None


def test_a_transaction_in_conflict_is_tried_again(patience: Patience) -> None:
    conflict = refusal("TransactionCanceledException")
    conflict.response["CancellationReasons"] = [{"Code": "None"}, {"Code": "TransactionConflict"}]
    patience.client.fail(conflict, times=2)

    patience.get()

    assert len(patience.client.calls) == 3


def test_a_transaction_that_is_not_valid_is_a_store_error(patience: Patience) -> None:
    refused = refusal("TransactionCanceledException")
    refused.response["CancellationReasons"] = [{"Code": "ValidationError", "Message": "Item size"}]
    patience.client.fail(refused)

    with pytest.raises(StoreError):
        patience.get()


def test_every_page_of_a_query_is_read(stack: Stack, patience: Patience) -> None:
    for number in range(5):
        stack.create(id=f"t{number}")
    query = {
        "TableName": TABLE,
        "IndexName": "byTenant",
        "KeyConditionExpression": "byTenantKey = :tenant",
        "ExpressionAttributeValues": {":tenant": {"S": "root"}},
        "Limit": 2,
    }

    pages = list(patience.dynamo.pages(query))

    assert [len(page["Items"]) for page in pages] == [2, 2, 1]


def row(sort_key: str) -> Any:
    return {"pk": {"S": "p"}, "sk": {"S": sort_key}}


@pytest.mark.parametrize(("newest_first", "order"), [(False, 1), (True, -1)])
def test_rows_are_read_consistently_between_two_sort_keys_both_included(
    patience: Patience, newest_first: bool, order: int
) -> None:
    patience.dynamo.put_many([row(sort_key) for sort_key in "abcd"])
    patience.client.requests.clear()

    rows = list(patience.dynamo.rows("p", "b", "c", newest_first=newest_first))

    assert rows == [row("b"), row("c")][::order]
    assert patience.client.requests[0][1]["ConsistentRead"] is True


def test_101_items_are_read_in_two_batches(patience: Patience) -> None:
    rows = [row(f"{number:03}") for number in range(101)]
    patience.dynamo.put_many(rows)
    patience.client.requests.clear()

    found = list(patience.dynamo.get_many(rows))

    assert patience.client.calls == ["batch_get_item"] * 2
    assert sorted(item["sk"]["S"] for item in found) == [item["sk"]["S"] for item in rows]


def test_26_items_are_written_and_deleted_in_two_batches_each(
    stack: Stack, patience: Patience
) -> None:
    rows = [row(f"{number:02}") | {"a": {"S": "b"}} for number in range(26)]

    patience.dynamo.put_many(rows)
    written = stack.rows()
    patience.dynamo.delete_many(rows)

    assert len(written) == 26
    assert stack.rows() == []
    assert patience.client.calls == ["batch_write_item"] * 4


def test_a_put_replaces_the_item_of_its_key(stack: Stack, patience: Patience) -> None:
    patience.dynamo.put_many([row("a")])

    patience.dynamo.put_many([row("a") | {"b": {"S": "new"}}])

    assert stack.rows() == [row("a") | {"b": {"S": "new"}}]


def test_keys_that_a_batch_left_unread_are_asked_for_again() -> None:
    keys: list[Any] = [KEY | {"pk": {"S": f"TASK#{number}"}} for number in range(4)]
    asked: list[int] = []

    class HalfClient:
        def batch_get_item(self, *, RequestItems: Any) -> Any:  # noqa: N803  boto3's own word
            wanted = RequestItems[TABLE]["Keys"]
            asked.append(len(wanted))
            done, left = wanted[:2], wanted[2:]
            request = {TABLE: RequestItems[TABLE] | {"Keys": left}} if left else {}
            return {"Responses": {TABLE: done}, "UnprocessedKeys": request}

    patience = Patience(HalfClient())

    found = list(patience.dynamo.get_many(keys))

    assert found == keys
    assert asked == [4, 2]


def test_items_that_a_batch_left_unwritten_are_sent_again() -> None:
    sent: list[int] = []

    class HalfClient:
        def batch_write_item(self, *, RequestItems: Any) -> Any:  # noqa: N803
            writes = RequestItems[TABLE]
            sent.append(len(writes))
            return {"UnprocessedItems": {TABLE: writes[2:]} if writes[2:] else {}}

    patience = Patience(HalfClient())

    patience.dynamo.put_many([row(sort_key) for sort_key in "abcd"])

    assert sent == [4, 2]


def test_an_empty_batch_makes_no_request(patience: Patience) -> None:
    found = list(patience.dynamo.get_many([]))
    patience.dynamo.put_many([])
    patience.dynamo.delete_many([])

    assert found == []
    assert patience.client.calls == []


@pytest.mark.parametrize(
    "call",
    [
        lambda dynamo: list(dynamo.get_many([KEY])),
        lambda dynamo: dynamo.put_many([KEY]),
        lambda dynamo: dynamo.delete_many([KEY]),
    ],
    ids=["get", "put", "delete"],
)
def test_a_batch_that_is_never_carried_out_ends_in_store_unavailable(
    call: Callable[[Dynamo], object],
) -> None:
    class StuckClient:
        def batch_get_item(self, *, RequestItems: Any) -> Any:  # noqa: N803
            return {"Responses": {}, "UnprocessedKeys": RequestItems}

        def batch_write_item(self, *, RequestItems: Any) -> Any:  # noqa: N803
            return {"UnprocessedItems": RequestItems}

    patience = Patience(StuckClient())

    with pytest.raises(StoreUnavailable):
        call(patience.dynamo)

    assert patience.remaining() >= 5
