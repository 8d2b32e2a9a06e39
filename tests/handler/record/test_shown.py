"""Any value as JSON for people to read."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from pydantic import BaseModel, Field, SecretStr

from handler.record.shown import MAX_LEVELS, MAX_VALUES, to_shown_json
from tests.handler.record.odd_values import (
    ODD_PARAMETERS,
    Colour,
    Model,
    Point,
    Raising,
    RaisingMapping,
    circular,
    deep,
    odd_values,
)


class Aliased(BaseModel):
    page_size: int = Field(alias="pageSize")


def is_strict_json(value: object) -> bool:
    """Whether it is JSON that can be stored, sent and read by any parser."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    text.encode()
    return bool(json.loads(text) == value)


@pytest.mark.parametrize("value", ODD_PARAMETERS)
def test_a_value_of_any_kind_becomes_strict_json(value: Any) -> None:
    assert is_strict_json(to_shown_json(value))
    assert is_strict_json(to_shown_json({"value": value, "list": [value]}))


@pytest.mark.property
@given(odd_values())
def test_values_of_any_kind_inside_of_each_other_become_strict_json(value: Any) -> None:
    assert is_strict_json(to_shown_json({"value": value}))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (datetime(2030, 1, 1, tzinfo=UTC), "2030-01-01T00:00:00Z"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        (10**30, 10**30),
        (b"text", "text"),
        (b"\xff", "\\xff"),
        ((1, 2), [1, 2]),
        ({3}, [3]),
        (Colour.RED, "red"),
        (Aliased(pageSize=5), {"pageSize": 5}),
        (Model(value=math.nan), {"value": "NaN"}),
        (Point(1), {"x": 1}),
        (SecretStr("hidden"), "**********"),
        ("\udcff", "\\udcff"),
        ({1: "one", "1": "text", None: 0}, {"1": "one", "1 (2)": "text", "None": 0}),
        (Raising(SystemExit(0)), "(Raising can't be shown)"),
        (RaisingMapping(), "(RaisingMapping can't be shown)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_shown_as_people_read_it(value: object, shown: object) -> None:
    assert to_shown_json({"value": value}) == {"value": shown}


def test_a_value_that_contains_itself_has_a_note_in_its_place() -> None:
    shown = to_shown_json({"name": "it", "list": circular()})

    assert shown == {"name": "it", "list": [{"self": "(contains itself)"}]}


def test_the_same_value_twice_is_shown_twice() -> None:
    value = {"a": 1}

    assert to_shown_json({"list": [value, value]}) == {"list": [value, value]}


def test_what_is_deeper_than_32_levels_has_a_note_in_its_place() -> None:
    shown: Any = to_shown_json({"deep": deep(2_000)})

    for _ in range(MAX_LEVELS):
        shown = next(iter(shown.values())) if isinstance(shown, dict) else shown[0]
    assert shown == "(deeper than 32 levels)"


def test_data_of_31_levels_is_shown_whole() -> None:
    value = {"deep": deep(31)}

    assert to_shown_json(value) == value


def test_what_has_more_than_100_000_values_is_left_out() -> None:
    shown = to_shown_json({"list": list(range(MAX_VALUES))})

    assert shown == {"omitted": "more than 100,000 values"}


def test_what_is_not_a_mapping_is_the_value_of_one() -> None:
    assert to_shown_json([1]) == {"value": [1]}


def test_a_generator_is_not_used_up() -> None:
    rows = iter([1, 2])

    to_shown_json({"rows": rows})

    assert list(rows) == [1, 2]
