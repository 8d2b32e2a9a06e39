"""What DynamoDB may do either way, when a simulation decides that it does."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from handler.testing import ManualClock
from tests.simulation.services.compared.dynamodb_programs import INDEX, TABLE, create
from tests.simulation.services.dynamodb import Decisions, DynamoDB
from tests.simulation.services.samples import (
    KEY,
    TO_ITEM,
    code,
    database,
    indexed,
    item,
    key,
    put,
    refused,
)

LISTED = {"kind": {"S": "k"}, "created": {"S": "1"}}


class TestIndexes:
    """The index: keys only, sparse, and behind the table."""

    def test_it_has_the_keys_of_the_items_that_have_its_key(self) -> None:
        model = database()
        put(model, 1, **LISTED, more={"S": "more"})
        put(model, 2, kind={"S": "k"})

        found = model.query(
            TableName=TABLE,
            IndexName=INDEX,
            KeyConditionExpression="kind = :k",
            ExpressionAttributeValues={":k": {"S": "k"}},
        )

        assert found["Items"] == [{**key(1), **LISTED}]

    def test_it_lags_item_by_item_and_shows_each_state_in_its_order(self) -> None:
        seen, lagging = [], {"1", "2"}
        model = database(lag=lambda index, key: key[1] in lagging)
        put(model, 1, **LISTED)
        put(model, 2, **LISTED)
        seen.append(indexed(model))
        lagging.remove("2")
        seen.append(indexed(model))
        model.delete_item(TableName=TABLE, Key=key(2))
        lagging.clear()
        seen.append(indexed(model))

        assert seen == [[], ["2"], ["1"]]

    def test_a_reader_may_see_a_state_that_is_over_but_none_that_never_was(self) -> None:
        one_change_a_query = itertools.cycle([False, True])
        model = database(lag=lambda *_: next(one_change_a_query))
        for kind in ("k", "K", "k"):
            put(model, 1, kind={"S": kind}, created={"S": "1"})

        seen = [(kind, indexed(model, kind)) for kind in ("k", "K", "K", "k")]

        assert seen == [("k", ["1"]), ("K", ["1"]), ("K", []), ("k", ["1"])]

    def test_it_settles_at_last(self) -> None:
        model = database(lag=lambda *_: True)
        put(model, 1, **LISTED)
        put(model, 2, **LISTED)
        model.delete_item(TableName=TABLE, Key=key(1))

        model.settle()

        assert indexed(model) == ["2"]

    def test_a_write_that_changes_no_key_of_it_writes_nothing_to_it(self) -> None:
        asked = Mock(return_value=False)
        model = database(lag=asked)
        put(model, 1, **LISTED)
        indexed(model)
        asked.reset_mock()

        put(model, 1, **LISTED, more={"S": "more"})
        indexed(model)

        asked.assert_not_called()


class TestReads:
    def test_a_read_that_asks_for_no_consistency_may_find_what_was_before(self) -> None:
        model = database(stale=lambda key: True)
        put(model, a={"N": "1"})
        put(model, a={"N": "2"})

        stale = model.get_item(**TO_ITEM)["Item"]
        batch = model.batch_get_item(RequestItems={TABLE: {"Keys": [KEY]}})

        assert stale["a"] == {"N": "1"}
        assert batch["Responses"][TABLE] == [stale]
        assert item(model)["a"] == {"N": "2"}


class TestTransactions:
    """Several writes: all or none."""

    def test_one_condition_that_fails_cancels_all_and_every_reason_is_told(self) -> None:
        model = database()
        put(model, 2, a={"N": "1"})
        missing = {"ConditionExpression": "attribute_exists(pk)"}
        absent = {
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

        response = refused(
            model,
            "transact_write_items",
            TransactItems=[
                {"Put": {"TableName": TABLE, "Item": key(1)}},
                {"Delete": {"TableName": TABLE, "Key": key(2), **absent}},
                {"ConditionCheck": {"TableName": TABLE, "Key": key(3), **missing}},
            ],
        )

        failed = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
        assert response["Error"]["Code"] == "TransactionCanceledException"
        assert response["CancellationReasons"] == [
            {"Code": "None"},
            {**failed, "Item": {**key(2), "a": {"N": "1"}}},
            failed,
        ]
        assert (item(model, 1), item(model, 2)) == (None, {**key(2), "a": {"N": "1"}})

    def test_an_item_that_another_transaction_holds_cancels_all(self) -> None:
        model = database(conflict=lambda operation, key: key[1] == "2")
        puts = [{"Put": {"TableName": TABLE, "Item": key(number)}} for number in (1, 2)]

        response = refused(model, "transact_write_items", TransactItems=puts)

        codes = [reason["Code"] for reason in response["CancellationReasons"]]
        assert codes == ["None", "TransactionConflict"]
        assert item(model, 1) is None

    @pytest.mark.parametrize(
        ("operation", "request_"),
        [
            ("put_item", {"TableName": TABLE, "Item": KEY}),
            ("delete_item", TO_ITEM),
            ("update_item", {**TO_ITEM, "UpdateExpression": "REMOVE a"}),
        ],
    )
    def test_a_write_of_an_item_that_a_transaction_holds_is_refused(
        self, operation: str, request_: dict[str, Any]
    ) -> None:
        model = database(conflict=lambda of, key: (of, key) == (operation, ("a", "1")))

        assert code(model, operation, **request_) == "TransactionConflictException"
        assert item(model) is None

    def test_two_requests_with_one_token_are_one_for_ten_minutes(self) -> None:
        clock = ManualClock()
        model = DynamoDB(Decisions(), now=clock.now)
        create(model)
        update = {
            **TO_ITEM,
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        request = {"TransactItems": [{"Update": update}], "ClientRequestToken": "token"}

        numbers = []
        for minutes in (0, 9, 2):
            clock.advance(timedelta(minutes=minutes))
            model.transact_write_items(**request)
            numbers.append(item(model)["n"]["N"])

        assert numbers == ["1", "1", "2"]

    def test_a_token_of_another_request_is_refused(self) -> None:
        model = database()
        puts = [[{"Put": {"TableName": TABLE, "Item": key(number)}}] for number in (1, 2)]
        model.transact_write_items(TransactItems=puts[0], ClientRequestToken="token")

        found = code(
            model, "transact_write_items", TransactItems=puts[1], ClientRequestToken="token"
        )

        assert found == "IdempotentParameterMismatchException"

    @pytest.mark.parametrize(
        "keys", [[], [1, 1], range(101)], ids=["none", "one item twice", "over a hundred"]
    )
    def test_it_has_1_to_100_writes_each_of_another_item(self, keys: list[int]) -> None:
        puts = [{"Put": {"TableName": TABLE, "Item": key(number)}} for number in keys]

        found = code(database(), "transact_write_items", TransactItems=puts)

        assert found == "ValidationException"

    def test_it_has_at_most_4_mib(self) -> None:
        text = {"S": "x" * 390 * 1024}
        puts = [
            {"Put": {"TableName": TABLE, "Item": {**key(number), "text": text}}}
            for number in range(11)
        ]

        found = code(database(), "transact_write_items", TransactItems=puts)

        assert found == "ValidationException"


class TestBatches:
    """Many reads, or many writes, each on its own."""

    def test_some_keys_and_writes_are_left_undone(self) -> None:
        model = database(unprocessed=lambda operation, key: key[1] == "1")
        writes = [{"PutRequest": {"Item": key(number)}} for number in (1, 2)]

        written = model.batch_write_item(RequestItems={TABLE: writes})
        model.decisions.unprocessed = lambda operation, key: key[1] == "2"
        asked = {"Keys": [key(1), key(2)], "ConsistentRead": True}
        read = model.batch_get_item(RequestItems={TABLE: asked})

        assert written["UnprocessedItems"] == {TABLE: writes[:1]}
        assert read["Responses"] == {TABLE: []}
        assert read["UnprocessedKeys"] == {TABLE: {**asked, "Keys": [key(2)]}}

    def test_one_that_does_nothing_at_all_is_refused(self) -> None:
        model = database(unprocessed=lambda *_: True)
        writes = [{"PutRequest": {"Item": KEY}}]

        codes = [
            code(model, "batch_write_item", RequestItems={TABLE: writes}),
            code(model, "batch_get_item", RequestItems={TABLE: {"Keys": [KEY]}}),
        ]

        assert codes == ["ProvisionedThroughputExceededException"] * 2

    @pytest.mark.parametrize("numbers", [[], [1, 1], range(101)], ids=["none", "twice", "many"])
    def test_one_has_a_number_of_keys_each_another(self, numbers: list[int]) -> None:
        keys = [key(number) for number in numbers]
        writes = [{"DeleteRequest": {"Key": key}} for key in keys]

        codes = [
            code(database(), "batch_write_item", RequestItems={TABLE: writes}),
            code(database(), "batch_get_item", RequestItems={TABLE: {"Keys": keys}}),
        ]

        assert codes == ["ValidationException"] * 2

    def test_the_rest_of_16_mib_is_left_unread(self) -> None:
        model = database()
        for number in range(50):
            put(model, number, text={"S": "x" * 399 * 1024})
        keys = [key(number) for number in range(50)]

        found = model.batch_get_item(RequestItems={TABLE: {"Keys": keys}})

        assert len(found["Responses"][TABLE]) == 41
        assert len(found["UnprocessedKeys"][TABLE]["Keys"]) == 9


class TestExpiry:
    """Time to live: an item stays until the simulation has it removed."""

    now = datetime(2030, 1, 1, tzinfo=UTC)

    @pytest.fixture
    def model(self) -> DynamoDB:
        """A table with an item that expired a second ago, one that expires in a second, one that
        expired six years ago, one whose date is a text, and one without a date."""
        model = database()
        model.update_time_to_live(
            TableName=TABLE,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiresAt"},
        )
        seconds = int(self.now.timestamp())
        six_years = 6 * 365 * 24 * 3600
        dates = [{"N": str(seconds + offset)} for offset in (-1, 1, -six_years)]
        for number, date in enumerate([*dates, {"S": str(seconds - 1)}]):
            put(model, number, expiresAt=date, **LISTED)
        put(model, "none", **LISTED)
        return model

    def test_what_has_expired_is_still_read(self, model: DynamoDB) -> None:
        assert item(model, 0)
        assert "0" in indexed(model)

    def test_what_has_expired_is_removed_when_it_is_said(self, model: DynamoDB) -> None:
        kept = model.expire(TABLE, self.now, lambda key: False)
        removed = model.expire(TABLE, self.now, lambda key: True)

        assert (kept, removed) == ([], [("a", "0")])
        assert item(model, 0) is None
        assert sorted(indexed(model)) == ["1", "2", "3", "none"]


def test_whoever_watches_is_told_of_every_change() -> None:
    told: list[Any] = []
    model = database(wrote=lambda *change: told.append(change))
    put(model)
    model.update_item(
        **TO_ITEM, UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": {"N": "1"}}
    )
    model.delete_item(**TO_ITEM)
    model.delete_item(**TO_ITEM)

    changed = {**KEY, "n": {"N": "1"}}
    assert told == [
        (("a", "1"), None, KEY),
        (("a", "1"), KEY, changed),
        (("a", "1"), changed, None),
    ]
