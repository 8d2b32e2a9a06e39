"""Which values an author can tell apart, and which not."""

import math
from collections import Counter, deque
from decimal import Decimal

import numpy as np
import pytest

from handler.definition.read_back import first_change


class Thing:
    """An object that compares by its identity."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __repr__(self) -> str:
        return f"Thing({self.size})"


def _kind(value: object) -> str:
    """The name of a test's value: not its `repr`, in which a set has another order each time."""
    return type(value).__name__


class Awkward(list[int]):
    """It can't be compared."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (math.nan, math.nan),
        (Decimal("NaN"), Decimal("NaN")),
        ({math.nan, 1.0}, {float("nan"), 1.0}),
        ({"a": 1, "b": [math.nan]}, {"b": [math.nan], "a": 1}),
        (deque([math.nan]), deque([math.nan])),
        (Counter("a"), {"a": 1}),
        (Thing(1), Thing(1)),
        (Awkward([1]), Awkward([1])),
        (np.int64(5), 5),
        (1, 1.0),
    ],
    ids=_kind,
)
def test_what_no_author_can_tell_apart_is_the_same(before: object, after: object) -> None:
    assert first_change(before, after) is None


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        (True, 1, ()),
        ((1, 2), [1, 2], ()),
        ({"a": [1, "2"]}, {"a": [1, 2]}, ("a", 1)),
        ({"a": 1}, {"b": 1}, ()),
        (Thing(1), Thing(2), ()),
        (deque([1]), deque([2]), (0,)),
        (b"ab", b"ac", ()),
        ("1", 1, ()),
    ],
    ids=_kind,
)
def test_what_an_author_can_tell_apart_is_a_change_with_its_place(
    before: object, after: object, path: tuple[object, ...]
) -> None:
    change = first_change(before, after)

    assert change is not None
    assert change.path == path
