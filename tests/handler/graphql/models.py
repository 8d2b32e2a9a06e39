"""Models of inputs of every kind, generated, each with JSON that they take."""

import enum
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import make_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, RootModel, TypeAdapter, create_model
from typing_extensions import TypedDict

Value = TypeVar("Value")


class Kind(NamedTuple):
    """A type, and the JSON that GraphQL has for its values."""

    annotation: Any
    values: st.SearchStrategy[Any]


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class OddTexts(enum.Enum):
    DASH = "a-b"
    TRUE = "true"
    RESERVED = "__x"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2**40


class Node(BaseModel):
    name: str
    next: "Node | None" = None
    children: list["Node"] = []


class Empty(BaseModel):
    pass


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    a: int


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]


class Box(BaseModel, Generic[Value]):
    value: Value


class Numbers(RootModel[list[int]]):
    pass


class Texts(RootModel[str]):
    pass


# Halves of surrogate pairs can't be stored.
TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_FLOATS: Final = st.floats(-1e6, 1e6)
_JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
_NODES: Final = st.recursive(
    st.fixed_dictionaries({"name": TEXTS}, optional={"next": st.none()}),
    lambda inner: st.fixed_dictionaries(
        {"name": TEXTS}, optional={"next": inner, "children": st.lists(inner, max_size=2)}
    ),
    max_leaves=4,
)
_MOMENTS: Final = st.datetimes(timezones=st.sampled_from([None, UTC])).map(
    lambda moment: moment.isoformat()
)
_PETS: Final = st.sampled_from([{"kind": "cat", "lives": 3}, {"kind": "cat"}, {"kind": "dog"}])
_FIXED: Final[Sequence[Kind]] = [
    Kind(str, TEXTS),
    Kind(bool, st.booleans()),
    Kind(int, st.integers(-(2**60), 2**60)),
    Kind(Annotated[int, Field(ge=-5, le=5)], st.integers(-5, 5)),
    Kind(float, _FLOATS | st.integers(-9, 9)),
    Kind(Decimal, st.decimals(-100, 100, places=3).map(str) | st.integers(-9, 9)),
    Kind(Annotated[str, Field(max_length=3)], st.text("ab", max_size=5)),
    Kind(bytes, st.text("ab", max_size=3)),
    Kind(datetime, _MOMENTS),
    Kind(date, st.dates().map(str)),
    Kind(timedelta, st.sampled_from(["PT1H", "P3DT0.5S", "-PT5M"])),
    Kind(UUID, st.uuids().map(str)),
    Kind(Color, st.sampled_from(["red", "blue"])),
    Kind(OddTexts, st.sampled_from(["a-b", "true", "__x"])),
    Kind(Level, st.sampled_from([1, 2**40])),
    Kind(Literal["fast", "slow"], st.sampled_from(["fast", "slow"])),
    Kind(Literal["null", "x"], st.sampled_from(["null", "x"])),
    Kind(Literal["only"], st.just("only")),
    Kind(Literal[1, "a", True], st.sampled_from([1, "a", True])),
    Kind(Any, _JSON),
    Kind(dict[str, int], st.dictionaries(TEXTS, st.integers(-9, 9), max_size=2)),
    Kind(int | str, st.integers(-9, 9) | TEXTS),
    Kind(tuple[int, str], st.tuples(st.integers(-9, 9), TEXTS).map(list)),
    Kind(set[str], st.lists(TEXTS, max_size=3, unique=True)),
    Kind(Node, _NODES),
    Kind(Empty, st.just({})),
    Kind(Open, st.dictionaries(TEXTS, st.integers(-9, 9), max_size=2).map(lambda d: {**d, "a": 1})),
    Kind(Cat | Dog, _PETS),
    Kind(Annotated[Cat | Dog, Field(discriminator="kind")], _PETS),
    Kind(Numbers, st.lists(st.integers(-9, 9), max_size=3)),
    Kind(Texts, TEXTS),
    Kind(Box[int], st.fixed_dictionaries({"value": st.integers(-9, 9)})),
    Kind(Box[Color], st.fixed_dictionaries({"value": st.just("red")})),
]
_NAMES: Final = ["a", "b", "input", "type", "class_", "value_1", "x" * 30]
_ALIASES: Final = ["camelCase", "B", "on", "true", "a-b", "__typename", "größe", "1a", "", "a.b"]
_HOWS: Final = ["required", "none", "value", "made"]


class _Part(NamedTuple):
    """A field of a model: `how` it gets a value when it is left out."""

    name: str
    alias: str | None
    kind: Kind
    how: str
    default: Any
    description: str | None

    @property
    def on_the_wire(self) -> str:
        return self.name if self.alias is None else self.alias

    @property
    def annotation(self) -> Any:
        return self.kind.annotation | None if self.default is None else self.kind.annotation


def kinds() -> st.SearchStrategy[Kind]:
    """Types of every kind: those above, lists and optional ones of them, and models of them."""
    return st.recursive(
        st.sampled_from(_FIXED),
        lambda inner: inner.map(_list) | inner.map(_optional) | models(inner),
        max_leaves=4,
    )


def _list(kind: Kind) -> Kind:
    return Kind(list[kind.annotation], st.lists(kind.values, max_size=2))  # type: ignore[name-defined]


def _optional(kind: Kind) -> Kind:
    return Kind(kind.annotation | None, st.none() | kind.values)


@st.composite
def _parts(draw: st.DrawFn, inner: st.SearchStrategy[Kind]) -> list[_Part]:
    names = draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4, unique=True))
    aliases: list[str] = draw(st.lists(st.sampled_from(_ALIASES), max_size=2, unique=True))
    parts = []
    for name in names:
        kind, how = draw(inner), draw(st.sampled_from(_HOWS))
        default: Any = ... if how == "required" else None
        if how == "value":
            with suppress(ValueError):
                default = TypeAdapter(kind.annotation).validate_python(draw(kind.values))
        has_alias = draw(st.booleans())
        alias = aliases.pop() if aliases and has_alias else None
        parts.append(_Part(name, alias, kind, how, default, draw(st.none() | TEXTS)))
    return parts


@st.composite
def models(draw: st.DrawFn, inner: st.SearchStrategy[Kind]) -> Kind:
    """Models, dataclasses and TypedDicts of other kinds."""
    parts = draw(_parts(inner))
    form = draw(st.sampled_from([_model, _model, _closed_model, _dataclass, _typed_dict]))
    made, parts = form(draw(st.sampled_from(["Input", "Address", "Color", "Sub_a"])), parts)
    made.__module__ = draw(st.sampled_from(["one", "other.part"]))
    required = {each.on_the_wire: each.kind.values for each in parts if each.default is ...}
    others = {each.on_the_wire: each.kind.values for each in parts if each.default is not ...}
    return Kind(made, st.fixed_dictionaries(required, optional=others))


def root_models() -> st.SearchStrategy[Kind]:
    """What a task may have as its input."""
    return models(kinds()).filter(_is_model)


def _is_model(kind: Kind) -> bool:
    return isinstance(kind.annotation, type) and issubclass(kind.annotation, BaseModel)


def _model(
    name: str, parts: list[_Part], config: ConfigDict | None = None
) -> tuple[Any, list[_Part]]:
    fields: dict[str, Any] = {}
    for each in parts:
        how: dict[str, Any] = {"default": each.default}
        if each.how == "made":
            how = {"default_factory": lambda: None}
        info = Field(**how, alias=each.alias, description=each.description)
        fields[each.name] = (each.annotation, info)
    return create_model(name, __config__=config, **fields), parts


def _closed_model(name: str, parts: list[_Part]) -> tuple[Any, list[_Part]]:
    return _model(name, parts, ConfigDict(extra="forbid"))


def _dataclass(name: str, parts: list[_Part]) -> tuple[Any, list[_Part]]:
    own = [each._replace(alias=None) for each in parts if each.default is ...]
    own += [each._replace(alias=None, default=None) for each in parts if each.default is not ...]
    fields = [
        (each.name, each.annotation) if each.default is ... else (each.name, each.annotation, None)
        for each in own
    ]
    return make_dataclass(name, fields), own


def _typed_dict(name: str, parts: list[_Part]) -> tuple[Any, list[_Part]]:
    own = [each._replace(alias=None, default=...) for each in parts]
    return TypedDict(name, {each.name: each.annotation for each in own}), own  # type: ignore[operator]
