"""Any value as JSON."""

import functools
import json
import math
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from handler.record.jsonable import json_object, size_of, to_json, to_json_bytes
from handler.record.texts import to_text


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int


@dataclass
class Inside:
    value: object


class Aliased(BaseModel):
    page_size: int = Field(alias="pageSize")


class Unknown:
    def __str__(self) -> str:
        return "unknown thing"


@pytest.mark.parametrize(
    ("value", "json_value"),
    [
        (datetime(2030, 1, 1, tzinfo=UTC), "2030-01-01T00:00:00Z"),
        (date(2030, 1, 1), "2030-01-01"),
        (timedelta(minutes=2), "PT2M"),
        (Decimal("1.10"), "1.10"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("/tmp/x"), "/tmp/x"),
        (Colour.RED, "red"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (b"\xff\xfe", "__4="),
        ((1, 2), [1, 2]),
        ({3}, [3]),
        (frozenset({3}), [3]),
        (Point(1), {"x": 1}),
        (Aliased(pageSize=5), {"pageSize": 5}),
        (OrderedDict(a=1), {"a": 1}),
        ({1: "one"}, {"1": "one"}),
        (Unknown(), "unknown thing"),
        (10**30, 10**30),
        ("ünï 😀", "ünï 😀"),
        (None, None),
    ],
)
def test_a_value_of_any_kind_becomes_json(value: object, json_value: object) -> None:
    result = to_json({"value": value})

    assert result == {"value": json_value}
    json.dumps(result, allow_nan=False)


def test_a_model_is_written_by_its_aliases() -> None:
    model = Aliased(pageSize=5)

    result = to_json(model)

    assert result == {"pageSize": 5}


def test_a_mapping_that_contains_itself_is_refused() -> None:
    circular: dict[str, object] = {}
    circular["self"] = circular

    with pytest.raises(ValueError, match=r"[Cc]ircular"):
        to_json(circular)


def test_text_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        to_json({"text": "\udcff"})


class Files(BaseModel):
    sizes: dict[str, int] = {}
    path: PurePosixPath | None = None
    more: Any = None


# What a text may be, and what that may be inside of.
FORMS: list[Callable[[str], object]] = [
    lambda text: text,
    lambda text: {text: 1},
    lambda text: {PurePosixPath(text): 1},
    lambda text: frozenset({text}),
    lambda text: Enum("Odd", {"ONE": text}).ONE,  # type: ignore[attr-defined]
    lambda text: Files(path=PurePosixPath(text)),
    lambda text: Files(sizes={text: 1}),
    lambda text: np.array([text], dtype=object),
]
CONTAINERS: list[Callable[[object], object]] = [
    lambda inner: [inner],
    lambda inner: (inner, 1),
    lambda inner: {"value": inner},
    lambda inner: deque([inner]),
    lambda inner: iter([inner]),
    lambda inner: Files(more=inner),
    Inside,
]


@pytest.mark.property
@given(
    st.text(st.characters(codec=None)),
    st.sampled_from(FORMS),
    st.lists(st.sampled_from(CONTAINERS), max_size=3),
)
def test_text_that_is_not_unicode_is_escaped_wherever_it_stands(
    text: str, form: Callable[[str], object], around: list[Callable[[object], object]]
) -> None:
    def value(text: str) -> dict[str, object]:
        return {"value": functools.reduce(lambda inner, wrap: wrap(inner), around, form(text))}

    found = to_json(value(text), escapes=True)

    assert found == to_json(value(to_text(text)))


def test_the_keys_of_a_model_that_are_not_unicode_are_escaped() -> None:
    files = Files(sizes={"\udce9a": 1, "\udceab": 2})

    found = to_json(files, escapes=True)

    assert found["sizes"] == {"\\udce9a": 1, "\\udceab": 2}


def test_the_result_shares_nothing_with_the_value() -> None:
    value: dict[str, object] = {"list": [1]}

    result = to_json(value)
    value["list"] = [2]

    assert result == {"list": [1]}


def test_json_bytes_are_compact_and_utf_8() -> None:
    content = to_json_bytes({"a": [1, "é"]})

    assert content == '{"a":[1,"é"]}'.encode()


@pytest.mark.parametrize(
    ("value", "size"), [({"a": 1}, 7), ({"a": "é"}, 10), ({"a": "😀"}, 12), ([], 2)]
)
def test_a_size_is_counted_in_bytes_of_compact_json(value: object, size: int) -> None:
    counted = size_of(value)

    assert counted == size


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ("[1]", {}),
        ("null", {}),
        ("", {}),
        ("{", {}),
        ("[" * 100_000, {}),
    ],
    ids=["object", "array", "null", "empty", "not json", "too deep"],
)
def test_text_that_is_not_a_json_object_becomes_an_empty_one(
    text: str, value: dict[str, object]
) -> None:
    found = json_object(text)

    assert found == value


class Measured(BaseModel):
    mean: float = math.nan
    raw: bytes = b"\xff"
    names: set[str] = {"b", "a"}
    inner: "Measured | None" = None


@pytest.mark.parametrize(
    "value", [Measured(inner=Measured()), {"m": Measured()}, {"m": [Measured()]}]
)
def test_nan_bytes_and_sets_of_a_model_are_kept_as_text_and_in_order(value: Any) -> None:
    text = to_json_bytes(value).decode()

    assert '"mean":"NaN","raw":"_w==","names":["a","b"]' in text


def test_numbers_of_numpy_are_numbers() -> None:
    value = {"i": np.int64(5), "f": np.float32(0.5), "b": np.bool_(True), "a": np.array([[1], [2]])}

    assert to_json(value) == {"i": 5, "f": 0.5, "b": True, "a": [[1], [2]]}


def test_what_numpy_alone_knows_is_text() -> None:
    assert to_json({"day": np.datetime64("2030-01-01")}) == {"day": "2030-01-01"}


def test_a_value_that_is_nested_too_deeply_is_a_value_error() -> None:
    deep: dict[str, object] = {}
    for _ in range(10_000):
        deep = {"deep": deep}

    with pytest.raises(ValueError, match="nested too deeply"):
        to_json(deep)
