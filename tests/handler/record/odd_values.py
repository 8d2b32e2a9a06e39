"""Values as an author's code may hold them: every kind that stores, shows or raises badly."""

import dataclasses
import enum
import math
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr, model_serializer


class Colour(enum.Enum):
    RED = "red"
    ODD = math.nan


class Model(BaseModel):
    value: Any = None


class Refusing(BaseModel):
    """A model that can't be serialised."""

    value: Any = None

    @model_serializer
    def refuse(self) -> dict[str, object]:
        raise KeyboardInterrupt


@dataclasses.dataclass
class Point:
    x: object = math.inf


class Raising:
    """Whatever is asked of it raises."""

    def __init__(self, error: BaseException) -> None:
        object.__setattr__(self, "error", error)

    def __getattribute__(self, name: str) -> object:
        raise object.__getattribute__(self, "error")

    def _raise(self, *_: object) -> Any:
        raise object.__getattribute__(self, "error")

    __str__ = __repr__ = __len__ = __bool__ = __iter__ = __hash__ = __eq__ = _raise


class RaisingMapping(Mapping[str, object]):
    def __getitem__(self, key: str) -> object:
        raise SystemExit(3)

    def __iter__(self) -> Iterator[str]:
        yield "key"

    def __len__(self) -> int:
        return 1


class Text(str):
    """A text whose own text is another."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\ud800"

    def encode(self, *_: object, **__: object) -> bytes:
        raise MemoryError


class Number(int):
    def __str__(self) -> str:
        raise RecursionError

    __repr__ = __str__


def circular() -> Any:
    inner: list[Any] = []
    inner.append({"self": inner})
    return inner


def deep(levels: int) -> Any:
    value: Any = "end"
    for level in range(levels):
        value = {"a": value} if level % 2 else [value]
    return value


ODD: list[Any] = [
    *(None, True, 0, -1, 10**400, -(10**5_000), 1.5, 1e-400, math.nan, math.inf, -math.inf),
    *("", "text", "\ud800", "\udcff\x00", "ünï 😀", "x" * 100_000, Text("t"), Number(3)),
    *(b"", b"\xff\xfe", bytearray(b"ab"), memoryview(b"ab"), Decimal("NaN"), Decimal("1.10")),
    *(
        datetime(2030, 1, 1, tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
        date.max,
        time(1),
        timedelta.max,
    ),
    *(UUID(int=1), PurePosixPath("/x"), Colour.RED, Colour.ODD, SecretStr("hidden"), object()),
    *(Model(value=math.nan), Refusing(), Point(), Point, OrderedDict(a=1), deque([1]), {1, "a"}),
    *({1: "one", "1": "text", "1 (2)": "more", None: 0, (1, 2): 3, "\ud800": 4}, {"a": {}}.keys()),
    *(circular(), deep(2_000), iter([1, 2]), (x for x in [1]), lambda: 1, int, NotImplemented),
    *(Raising(ValueError()), Raising(KeyboardInterrupt()), Raising(SystemExit(0))),
    *(RaisingMapping(), ValueError("an exception"), list(range(200_000))),
]

# As `parametrize` takes them: it must not look into them.
ODD_PARAMETERS = [pytest.param(value, id=type(value).__name__) for value in ODD]


def _odd(number: int) -> Any:
    return ODD[number]


def odd_values() -> st.SearchStrategy[Any]:
    """Odd values, alone and inside of each other."""
    leaves = st.one_of(
        st.integers(0, len(ODD) - 1).map(_odd),
        st.text(st.characters(codec=None)),  # lone surrogates, too
        st.integers(),
        st.floats(),
        st.binary(max_size=50),
    )
    keys = st.one_of(st.text(max_size=5), st.integers(0, 3), st.none(), st.sampled_from([1.5, "1"]))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(keys, inner, max_size=4),
            st.builds(Model, value=inner),
            st.builds(Point, inner),
        ),
        max_leaves=12,
    )
