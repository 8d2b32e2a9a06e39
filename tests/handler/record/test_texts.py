"""Texts as they can be stored."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.record.texts import (
    class_name,
    cut,
    cut_bytes,
    cut_front,
    is_key,
    to_text,
    without_arns,
)
from tests.handler.record.odd_values import ODD_PARAMETERS, Raising


@pytest.mark.parametrize("value", ODD_PARAMETERS)
def test_a_value_of_any_kind_becomes_text_that_can_be_stored(value: Any) -> None:
    text = to_text(value)

    assert type(text) is str
    assert text.encode().decode() == text


@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt(), SystemExit(0)])
def test_a_value_whose_text_raises_is_named_by_its_class(error: BaseException) -> None:
    text = to_text(Raising(error))

    assert text == "(Raising can't be shown)"


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::123456789012:role/tasks-dev-worker",
        "arn:aws-us-gov:sts::123456789012:assumed-role/tasks/worker",
        "arn:aws:s3:::tasks-payloads/tasks/t1/*",
    ],
)
@pytest.mark.parametrize("around", ["User: {} is not authorized", '"{}", on it', "{}"])
def test_a_text_of_aws_is_shown_without_its_arns(arn: str, around: str) -> None:
    text = without_arns(around.format(arn))

    assert text == around.format("(an ARN)")


def test_a_text_that_fits_is_not_changed() -> None:
    text = cut("x" * 100, 100)

    assert text == "x" * 100


def test_a_text_that_is_cut_says_how_much_is_missing() -> None:
    text = cut("x" * 12_345, 100)

    kept = text.count("x")
    assert text == "x" * kept + f"… ({12_345 - kept:,} characters more)"
    assert 95 <= len(text) <= 100


def test_a_text_that_is_cut_at_its_front_ends_as_it_did() -> None:
    text = cut_front("x" * 12_345 + "end", 100)

    assert text.startswith("(12,")
    assert " characters before) …" in text
    assert text.endswith("xend")
    assert len(text) <= 100


@pytest.mark.property
@given(st.text(max_size=3_000), st.integers(10, 2_000))
def test_no_text_is_longer_than_its_limit(text: str, limit: int) -> None:
    for shown in (cut(text, limit), cut_front(text, limit)):
        assert len(shown) <= limit
        assert (shown == text) == (len(text) <= limit)


@pytest.mark.property
@given(st.text(max_size=500), st.integers(10, 600))
def test_no_text_has_more_bytes_than_its_limit(text: str, limit: int) -> None:
    shown = cut_bytes(text, limit)

    assert len(shown.encode()) <= limit
    assert (shown == text) == (len(text.encode()) <= limit)
    assert text.startswith(shown.removesuffix("…"))


@pytest.mark.parametrize(
    ("text", "can_be"),
    [
        ("a", True),
        ("é" * 50, True),
        ("é" * 51, False),
        ("", False),
        ("\ud800", False),
        (None, False),
        (5, False),
        ("x" * 10**6, False),
    ],
)
def test_a_key_is_unicode_text_of_1_to_so_many_bytes(text: object, can_be: bool) -> None:
    assert is_key(text, 100) is can_be


def test_the_name_of_a_class_is_read_without_its_metaclass() -> None:
    class Meta(type):
        @property
        def __name__(cls) -> str:  # type: ignore[override]
            raise SystemExit(0)

    class Odd(metaclass=Meta):
        pass

    assert class_name(Odd()) == "Odd"
