"""Calls to DynamoDB, and their patience."""

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
        self.dynamo = Dynamo(client, clock=self.clock, remaining=self.remaining)

    def remaining(self) -> float:
        return self._end - self.clock.now().timestamp()

    def get(self) -> Any:
        return self.dynamo.call("get_item", TableName=TABLE, Key=KEY)


@pytest.fixture
def patience(stack: Stack) -> Patience:
    return Patience(stack.dynamodb)


@pytest.mark.parametrize("error", PASSING, ids=str)
def test_a_fault_that_passes_is_tried_again(patience: Patience, error: Exception) -> None:
    patience.client.fail(error, times=3)

    assert "Item" not in patience.get()
    assert patience.client.calls == ["get_item"] * 4


@pytest.mark.parametrize("error", [PASSING[0], PASSING[-1]], ids=str)
def test_a_fault_that_stays_ends_in_store_unavailable_while_there_is_time_to_say_so(
    patience: Patience, error: Exception
) -> None:
    patience.client.fail(error)

    with pytest.raises(StoreUnavailable, match="get_item kept failing while there was time"):
        patience.get()

    assert patience.remaining() >= 5


def test_tries_are_far_enough_apart(patience: Patience) -> None:
    patience.client.fail(PASSING[0])

    with pytest.raises(StoreUnavailable):
        patience.get()

    # A quarter of an hour of tries that back off to 20 seconds, half of that on average.
    assert 30 < len(patience.client.calls) < 300


def test_without_time_it_is_tried_once(stack: Stack) -> None:
    patience = Patience(stack.dynamodb, seconds=1)
    stack.dynamodb.fail(PASSING[0])

    with pytest.raises(StoreUnavailable):
        patience.get()

    assert len(stack.dynamodb.calls) == 1


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"]
)
def test_a_refusal_that_does_not_pass_is_a_store_error_at_once(
    patience: Patience, code: str
) -> None:
    patience.client.fail(refusal(code))

    with pytest.raises(StoreError, match=f"DynamoDB refused get_item: .*{code}"):
        patience.get()

    assert len(patience.client.calls) == 1


def test_a_condition_that_fails_hands_over_what_stands_there(patience: Patience) -> None:
    put = {
        "TableName": TABLE,
        "Item": KEY | {"a": {"S": "1"}},
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    asking = put | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    patience.dynamo.call("put_item", **put)

    with pytest.raises(ConditionFailed) as single:
        patience.dynamo.call("put_item", **asking)
    other = {"Put": {"TableName": TABLE, "Item": KEY | {"sk": {"S": "OTHER"}}}}
    with pytest.raises(ConditionFailed) as inside_transaction:
        patience.dynamo.call("transact_write_items", TransactItems=[{"Put": asking}, other])

    assert single.value.item == inside_transaction.value.item == put["Item"]


def test_a_condition_that_fails_on_nothing_hands_over_nothing(patience: Patience) -> None:
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


def test_a_transaction_that_is_refused_is_a_store_error(patience: Patience) -> None:
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


def test_keys_that_a_batch_leaves_over_are_asked_for_again(stack: Stack) -> None:
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

    assert list(patience.dynamo.batch_get(TABLE, keys)) == keys
    assert asked == [4, 2]


def test_no_keys_cost_no_request(patience: Patience) -> None:
    assert list(patience.dynamo.batch_get(TABLE, [])) == []
    assert patience.client.calls == []


@pytest.mark.parametrize(
    "call",
    [
        lambda dynamo: list(dynamo.batch_get(TABLE, [KEY])),
        lambda dynamo: dynamo.batch_write(TABLE, [{"DeleteRequest": {"Key": KEY}}]),
    ],
    ids=["get", "write"],
)
def test_a_batch_that_is_left_over_for_ever_ends_in_store_unavailable(
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
