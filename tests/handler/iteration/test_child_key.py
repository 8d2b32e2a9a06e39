"""The key of a child that is given none."""

import subprocess
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from handler.iteration.child_key import key_of


class Page(BaseModel):
    url: str
    token: str = Field(default_factory=lambda: uuid.uuid4().hex)
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    tags: list[str] = Field(default_factory=list)


def test_what_a_model_makes_for_itself_does_not_change_the_key() -> None:
    assert key_of(Page(url="a")) == key_of(Page(url="a"))
    assert key_of({"pages": [Page(url="a")]}) == key_of({"pages": [Page(url="a")]})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Page(url="a"), Page(url="b")),
        (Page(url="a", token="t"), Page(url="a", token="u")),
        (Page(url="a", tags=["x"]), Page(url="a")),
        ({"n": 1}, {"n": 2}),
        ({"n": 1}, {"n": "1"}),
        ({"n": [1, 2]}, {"n": [2, 1]}),
        (None, {"n": None}),
    ],
)
def test_another_input_has_another_key(one: Any, other: Any) -> None:
    assert key_of(one) != key_of(other)


def test_what_code_has_added_to_a_list_that_a_model_made_changes_the_key() -> None:
    page = Page(url="a")
    page.tags.append("x")

    assert key_of(page) != key_of(Page(url="a"))


def test_the_order_of_an_inputs_fields_does_not_change_the_key() -> None:
    assert key_of({"a": 1, "b": {"c": 1, "d": 2}}) == key_of({"b": {"d": 2, "c": 1}, "a": 1})


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_the_key_is_the_same_in_every_process(seed: str) -> None:
    input = {"countries": set("abcdefgh"), "pairs": {("x", 1), ("y", 2)}}
    code = (
        "from handler.iteration.child_key import key_of;"
        "print(key_of({'pairs': {('y', 2), ('x', 1)}, 'countries': set('hgfedcba')}), end='')"
    )

    found = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout == key_of(input)


@pytest.mark.property
@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers() | st.text("ab")))
def test_equal_inputs_have_equal_keys(input: Mapping[str, object]) -> None:
    reversed_order = dict(reversed(list(input.items())))

    assert key_of(input) == key_of(reversed_order)
