"""The guard of IAM statements in a config: what names nothing, and the values of conditions."""

import functools
import json
import re
from decimal import Decimal
from typing import Any

import botocore.session
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


def read(**changes: Any) -> IamStatement:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    (statement_read,) = STATEMENTS.validate_python(json.dumps([statement | changes]))
    return statement_read


def matches(pattern: str, text: str) -> bool:
    """As IAM matches: "*" is any characters, "?" is any one."""
    wildcards = {"*": ".*", "?": "."}
    parts = (wildcards.get(each, re.escape(each)) for each in pattern)
    return bool(re.fullmatch("".join(parts), text, re.DOTALL))


def is_taken(**changes: Any) -> bool:
    try:
        read(**changes)
    except ValidationError:
        return False
    return True


# Every operation of every service, as botocore knows them: an action has the operation's name.
@functools.cache
def actions_by_service() -> dict[str, list[str]]:
    session = botocore.session.get_session()
    services = ("s3", "iam", "dynamodb", "lambda", "sqs", "ec2", "sts", "ssm", "athena")
    return {each: list(session.get_service_model(each).operation_names) for each in services}


WILDCARDS = st.text(alphabet="*?", min_size=1, max_size=12)
PATTERNS = st.text(alphabet="*?eaGetPuRol", min_size=1, max_size=12)


@pytest.mark.parametrize(
    "action",
    [
        *("*", "*:*", "s3:*", "s3:**", "iam:?*", "iam:*?", "s3:???*", "iam:*e*", "s3:??????"),
        *("s3:*?*", "?3:GetObject", "*:GetObject", "s*:GetObject", "s3:?et*", "s3:", "s3", ""),
    ],
)
def test_an_action_that_names_none_is_refused(action: str) -> None:
    with pytest.raises(ValidationError, match="name the actions that the tasks need"):
        read(Action=action)


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:Get*", "s3:*Object", "s3:Get?bject*"])
def test_an_action_that_is_named_may_have_wildcards(action: str) -> None:
    assert read(Action=action).action == [action]


@pytest.mark.property
@given(WILDCARDS)
def test_wildcards_alone_are_no_action(pattern: str) -> None:
    assert not is_taken(Action=f"iam:{pattern}")


@pytest.mark.property
@given(PATTERNS, st.sampled_from(["s3", "iam", "dynamodb", "lambda", "sqs", "ec2"]))
def test_no_pattern_that_is_taken_matches_every_action_of_a_service(
    pattern: str, service: str
) -> None:
    names = actions_by_service()[service]

    assert not is_taken(Action=f"{service}:{pattern}") or not all(
        matches(pattern, name) for name in names
    )


def test_every_action_of_aws_may_be_named() -> None:
    refused = [
        f"{service}:{name}"
        for service, names in actions_by_service().items()
        for name in names
        if not is_taken(Action=f"{service}:{name}")
    ]

    assert refused == []


@pytest.mark.parametrize("unknown", ["NotAction", "NotResource", "Principal", "NotPrincipal"])
def test_nothing_is_granted_by_what_is_left_out(unknown: str) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        read(**{unknown: "s3:GetObject"})


@pytest.mark.parametrize(
    "resource",
    [
        *("**", "?*", "?", "a*", "arn:*", "arn:aws:*", "arn:aws:*:*", "arn:*:*:*:*:*"),
        *("arn:aws:*:*:*:x", "arn:aws:s?::: x", "arn:aws:s3:*", "arn:aws:s3:::"),
        *("ARN:aws:s3:::b", "my-bucket", ""),
    ],
)
@pytest.mark.parametrize("sid", [{}, {"Sid": "Because"}])
def test_a_resource_that_is_no_arn_is_refused(resource: str, sid: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="is not an ARN: it has six parts"):
        read(Resource=resource, **sid)


@pytest.mark.parametrize(
    "resource",
    [
        *("*", "arn:aws:s3:::*", "arn:aws:s3:::**", "arn:aws:s3:::?*", "arn:aws:s3:::*/*"),
        *("arn:*:sqs:*:*:*", "arn:aws:sns:*:*:*:*"),
        ["arn:aws:s3:::b/*", "arn:aws:s3:::*"],
    ],
)
def test_every_resource_of_a_service_needs_a_reason(resource: Any) -> None:
    with pytest.raises(ValidationError, match="is every resource; name ARNs, or add a Sid"):
        read(Resource=resource)

    assert is_taken(Resource=resource, Sid="TheActionTakesNoArn")
    assert is_taken(Resource=resource, Effect="Deny")


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:s3:::b",
        "arn:aws:s3:::b-*/tasks/*",
        "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:q",
        "arn:aws:dynamodb:*:*:table/customers-*",
        "arn:aws:logs:eu-central-1:123456789012:log-group:/a/b:log-stream:*",
        "arn:aws:s3:::home/${aws:PrincipalTag/team}/*",
        "arn:*:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:lambda:eu-central-1:123456789012:function:f:$LATEST",
    ],
)
def test_a_resource_that_is_named_needs_no_reason(resource: str) -> None:
    assert is_taken(Resource=resource)


# Two resources of each service that have no character in common but an ARN's own.
OF_NOTHING_ALIKE = st.sampled_from(["s3", "sqs", "dynamodb"]).map(
    lambda service: [f"arn:aws:{service}:r:1:{rest}" for rest in ("aaaa/bbbb", "cc:dd/ee:ff")]
)


@pytest.mark.property
@given(st.text(alphabet="*?:/aebcsqr31n-", min_size=1, max_size=20), OF_NOTHING_ALIKE)
def test_no_resource_that_needs_no_reason_matches_resources_with_nothing_in_common(
    pattern: str, resources: list[str]
) -> None:
    for resource in (pattern, f"arn:aws:s3:{pattern}", f"arn:aws:s3:::{pattern}"):
        assert not is_taken(Resource=resource) or not all(
            matches(resource, each) for each in resources
        )
