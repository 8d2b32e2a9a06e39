"""The values of an IAM condition, as people write them in YAML."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Json, TypeAdapter, ValidationError

from infra.iam_statement import IamStatement

STATEMENTS = TypeAdapter(Json[tuple[IamStatement, ...]])
SCALARS = (
    st.text() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
WRONG = st.none() | st.dictionaries(st.text(), SCALARS) | st.lists(st.lists(SCALARS), min_size=1)


def condition(value: Any, *, key: str = "x", operator: str = "StringEquals") -> Any:
    """The values that IAM gets for a condition, read from JSON as the config is."""
    statement = {
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": ["arn:aws:s3:::b/*"],
        "Condition": {operator: {key: value}},
    }
    (read,) = STATEMENTS.validate_python(json.dumps([statement]))
    known: Any = read.to_iam()["Condition"]
    return known[operator][key]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("true", "true"),
        (True, "true"),
        (False, "false"),
        (123456789012, "123456789012"),
        (1.23456789012e11, "123456789012"),
        (1e25, "1" + "0" * 25),
        (10**400, "1" + "0" * 400),
        (0.00001, "0.00001"),
        (-2.5, "-2.5"),
        (0, "0"),
        ([True, 8080, "a"], ["true", "8080", "a"]),
    ],
)
def test_a_boolean_or_a_number_is_the_text_that_iam_takes(value: object, text: object) -> None:
    assert condition(value) == text


@pytest.mark.property
@given(SCALARS)
def test_every_scalar_is_one_text_that_means_the_same(value: object) -> None:
    text = condition(value)

    assert isinstance(text, str)
    if isinstance(value, str):
        assert text == value
    elif isinstance(value, bool):
        assert json.loads(text) is value
    else:
        assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text)
        assert Decimal(text) == Decimal(str(value))


@pytest.mark.property
@given(st.lists(SCALARS, min_size=1))
def test_every_list_of_scalars_is_a_list_of_texts(values: list[object]) -> None:
    assert condition(values) == [condition(value) for value in values]


@pytest.mark.property
@given(WRONG | WRONG.map(lambda value: [value]))
def test_any_other_value_is_refused_with_its_key(value: object) -> None:
    with pytest.raises(ValidationError, match=r'"x" has the value .*; it takes a text, a boolean'):
        condition(value)


@pytest.mark.parametrize("value", [[], [None], {"a": 1}, None])
def test_null_and_what_is_nested_or_empty_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match='"x" has the value'):
        condition(value)


@pytest.mark.parametrize("text", ["1e400", "-1e400", "NaN"])
def test_what_json_has_no_number_for_is_refused(text: str) -> None:
    statement = (
        '[{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",'
        f' "Condition": {{"NumericEquals": {{"x": {text}}}}}}}]'
    )
    with pytest.raises(ValidationError):
        STATEMENTS.validate_python(statement)


@pytest.mark.parametrize("key", ["aws:SourceAccount", "aws:PrincipalAccount", "s3:ResourceAccount"])
@pytest.mark.parametrize("value", [12345678901, [123456789012, 1402431571]])
def test_an_accounts_id_that_lost_its_leading_zero_is_refused(key: str, value: object) -> None:
    # YAML reads 012345678901 as a number, and 012345670123 as an octal one.
    with pytest.raises(ValidationError, match="Put the id in quotes"):
        condition(value, key=key)


def test_an_accounts_id_may_be_a_number_of_twelve_digits_or_a_text() -> None:
    assert condition(123456789012, key="aws:SourceAccount") == "123456789012"
    assert condition("012345678901", key="aws:SourceAccount") == "012345678901"


def test_a_number_of_another_key_may_have_any_length() -> None:
    assert condition(3600, key="aws:MultiFactorAuthAge", operator="NumericLessThan") == "3600"
