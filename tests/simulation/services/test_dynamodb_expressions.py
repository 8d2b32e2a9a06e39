"""What DynamoDB refuses of expressions, and what they mean where moto says otherwise."""

from typing import Any

import pytest

from tests.simulation.services.compared.dynamodb_programs import TABLE
from tests.simulation.services.samples import KEY, TO_ITEM, code, database, item, put, refused

NUMBER = {":n": {"N": "1"}}


@pytest.mark.parametrize(
    "condition",
    [
        "name = :n",  # a reserved word
        "((a = :n))",
        "a = :n b",
        "a = ",
        "a == :n",
        "a = :n AND",
        "",
        "a IN ()",
        "nothing(a)",
        "attribute_exists(:n)",
        "begins_with(a, :n)",
        f"a IN ({', '.join([':n'] * 101)})",
        "a = :n" + " OR a = :n" * 500,  # over 4 KB
        "a ? :n",
        "#undefined = :n",
        "a = :undefined",
    ],
)
def test_a_condition_that_can_not_be_read_is_refused(condition: str) -> None:
    request: dict[str, Any] = {"ConditionExpression": condition}
    if ":n" in condition:
        request["ExpressionAttributeValues"] = NUMBER

    assert code(database(), "delete_item", **TO_ITEM, **request) == "ValidationException"


@pytest.mark.parametrize(
    "update",
    [
        "SET a = :n SET b = :n",
        "SET a = :n, a = :n",
        "SET m = :n, m.x = :n",
        "SET l[0] = :n, l.x = :n",
        "SET pk = :n",
        "SET a = missing",
        "SET missing.x = :n",
        "SET a = b + :n",
        "ADD s :n",
        "DELETE a :n",
        "SET a",
        "DROP a",
        "SET a = twice(:n)",
        "SET a = list_append(:n, :n)",
    ],
)
def test_an_update_that_can_not_be_done_is_refused_and_changes_nothing(update: str) -> None:
    model = database()
    put(model, s={"S": "text"}, m={"M": {}}, b={"S": "text"})
    before = item(model)

    values = {"ExpressionAttributeValues": NUMBER} if ":n" in update else {}
    refusal = code(model, "update_item", **TO_ITEM, UpdateExpression=update, **values)

    assert refusal == "ValidationException"
    assert item(model) == before


@pytest.mark.parametrize(
    "more",
    [
        {"ExpressionAttributeValues": {**NUMBER, ":unused": {"N": "1"}}},
        {"ExpressionAttributeValues": NUMBER, "ExpressionAttributeNames": {"#unused": "a"}},
        {"ExpressionAttributeValues": NUMBER, "ExpressionAttributeNames": {}},
    ],
)
@pytest.mark.parametrize("is_in_transaction", [False, True])
def test_names_and_values_that_no_expression_uses_are_refused(
    more: Any, is_in_transaction: bool
) -> None:
    request = {**TO_ITEM, "ConditionExpression": "a = :n", **more}

    if is_in_transaction:
        found = code(database(), "transact_write_items", TransactItems=[{"Delete": request}])
    else:
        found = code(database(), "delete_item", **request)

    assert found == "ValidationException"


def test_values_without_an_expression_are_refused() -> None:
    request = {"Item": KEY, "TableName": TABLE, "ExpressionAttributeValues": NUMBER}

    assert code(database(), "put_item", **request) == "ValidationException"


def test_a_parameter_that_the_model_does_not_have_is_no_error_of_aws() -> None:
    with pytest.raises(NotImplementedError, match="does not know Expected"):
        database().delete_item(**TO_ITEM, Expected={})


@pytest.mark.parametrize("condition", ["a = b", "a < b", "a BETWEEN b AND b", "a IN (b)"])
def test_what_is_missing_equals_nothing(condition: str) -> None:
    found = code(database(), "delete_item", **TO_ITEM, ConditionExpression=condition)

    assert found == "ConditionalCheckFailedException"


@pytest.mark.parametrize("condition", ["a < :text", "a >= :text", "a BETWEEN :text AND :text"])
def test_values_of_two_types_have_no_order(condition: str) -> None:
    model = database()
    put(model, a={"N": "1"})
    values = {":text": {"S": "1"}}

    found = code(
        model,
        "delete_item",
        **TO_ITEM,
        ConditionExpression=condition,
        ExpressionAttributeValues=values,
    )

    assert found == "ConditionalCheckFailedException"


def test_positions_that_are_removed_from_a_list_are_those_before_the_update() -> None:
    model = database()
    put(model, l={"L": [{"N": str(number)} for number in range(4)]})

    model.update_item(**TO_ITEM, UpdateExpression="REMOVE l[0], l[2]")

    assert item(model)["l"] == {"L": [{"N": "1"}, {"N": "3"}]}


def test_the_operands_of_an_update_are_those_before_it() -> None:
    model = database()
    put(model, a={"N": "1"}, b={"N": "2"})

    model.update_item(**TO_ITEM, UpdateExpression="SET a = b, b = a")

    assert item(model) == {**KEY, "a": {"N": "2"}, "b": {"N": "1"}}


def test_a_condition_is_looked_at_before_what_the_update_does_to_the_item() -> None:
    model = database()
    put(model, s={"S": "text"})

    found = refused(
        model,
        "update_item",
        **TO_ITEM,
        UpdateExpression="ADD s :n",
        ConditionExpression="attribute_not_exists(pk)",
        ExpressionAttributeValues=NUMBER,
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )

    assert found["Error"]["Code"] == "ConditionalCheckFailedException"
    assert found["Item"] == {**KEY, "s": {"S": "text"}}
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize(
    ("values", "attributes"),
    [
        ("UPDATED_OLD", {"a": {"N": "1"}, "m": {"M": {"x": {"N": "2"}}}}),
        ("UPDATED_NEW", {"a": {"N": "1"}, "m": {"M": {"x": {"N": "1"}}}, "fresh": {"N": "1"}}),
    ],
)
def test_an_update_returns_what_it_has_updated_and_no_more(values: str, attributes: Any) -> None:
    model = database()
    put(model, a={"N": "1"}, m={"M": {"x": {"N": "2"}, "y": {"N": "3"}}}, other={"N": "4"})

    response = model.update_item(
        **TO_ITEM,
        UpdateExpression="SET a = :n, m.x = :n, fresh = :n",
        ExpressionAttributeValues=NUMBER,
        ReturnValues=values,
    )

    assert response["Attributes"] == attributes


def test_numbers_that_are_equal_are_one_number() -> None:
    model = database()
    put(model, n={"N": "1e2"}, ns={"NS": ["3", "020", "1.50"]})

    model.update_item(
        **TO_ITEM,
        UpdateExpression="ADD n :n",
        ConditionExpression="n = :hundred AND contains(ns, :twenty)",
        ExpressionAttributeValues={
            ":n": {"N": "-0.5"},
            ":hundred": {"N": "100.0"},
            ":twenty": {"N": "20"},
        },
    )

    assert item(model)["n"] == {"N": "99.5"}
    assert item(model)["ns"] == {"NS": ["1.5", "3", "20"]}


@pytest.mark.parametrize("text", ["", "one", "NaN", "1e126", "1e-131", "1" * 39])
def test_what_is_no_number_is_refused(text: str) -> None:
    request = {"TableName": TABLE, "Item": {**KEY, "n": {"N": text}}}

    assert code(database(), "put_item", **request) == "ValidationException"


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"S": "a", "N": "1"},
        {"SS": []},
        {"SS": ["a", "a"]},
        {"NS": ["1", "1.0"]},
        {"NULL": False},
    ],
    ids=str,
)
def test_what_is_no_value_is_refused(value: dict[str, Any]) -> None:
    request = {"TableName": TABLE, "Item": {**KEY, "v": value}}

    assert code(database(), "put_item", **request) == "ValidationException"


def test_what_somebody_holds_of_an_item_never_changes() -> None:
    model = database()
    given: dict[str, Any] = {**KEY, "l": {"L": [{"N": "1"}]}}
    model.put_item(TableName=TABLE, Item=given)
    given["l"]["L"].append({"N": "2"})
    held = item(model)

    model.update_item(**TO_ITEM, UpdateExpression="SET l[1] = :n", ExpressionAttributeValues=NUMBER)

    assert held["l"] == {"L": [{"N": "1"}]}
    assert item(model)["l"] == {"L": [{"N": "1"}, {"N": "1"}]}
