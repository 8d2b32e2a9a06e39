"""What is stored of an input reads back as it was, or is refused."""

import base64
import ipaddress
import json
import math
import re
import uuid
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar
from unittest.mock import ANY
from zoneinfo import ZoneInfo

import numpy as np
import pydantic.dataclasses
import pytest
import typing_extensions
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    AnyUrl,
    Base64Bytes,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    FutureDate,
    FutureDatetime,
    InstanceOf,
    Json,
    PlainSerializer,
    computed_field,
    create_model,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import core_schema

from handler.definition.input_codec import InputCodec
from handler.definition.read_back import first_change
from handler.errors import InvalidInput
from handler.record import Json as JsonObject


class Colour(Enum):
    RED = "red"
    THIRD = 3


class Size(IntEnum):
    SMALL = 1


class Kind(StrEnum):
    OPEN = "open"


class Point(NamedTuple):
    x: int
    y: float


class Options(typing_extensions.TypedDict, total=False):
    depth: Annotated[int, Field(alias="Depth")]
    raw: bytes


@dataclass
class Range:
    first: int
    data: bytes = b"\xff"
    names: set[str] = field(default_factory=set)


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: float = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    barks: bytes = b""


class Nested(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    first_number: float = 0
    raw_bytes: bytes = Field(default=b"", exclude=True)
    inner: "Nested | None" = None


DATETIMES = st.datetimes() | st.datetimes(timezones=st.just(UTC))
# Types that an input may have, each with values of it.
TYPES: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "int": (int, st.integers()),
    "float": (float, st.floats()),
    "text": (str, st.text(st.characters(codec="utf-8"))),
    "bytes": (bytes, st.binary()),
    "bool": (bool, st.booleans()),
    "decimal": (Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    "date": (date, st.dates()),
    "time": (time, st.times()),
    "datetime": (datetime, DATETIMES),
    "timedelta": (timedelta, st.timedeltas(timedelta(days=-9_999), timedelta(days=9_999))),
    "uuid": (uuid.UUID, st.uuids()),
    "enum": (Colour, st.sampled_from(Colour)),
    "int enum": (Size, st.sampled_from(Size)),
    "text enum": (Kind, st.sampled_from(Kind)),
    "literal": (Literal["a", 1, True], st.sampled_from(["a", 1])),
    "list": (list[float], st.lists(st.floats())),
    "set": (set[str], st.sets(st.text(st.characters(codec="utf-8")))),
    "frozenset": (frozenset[bytes], st.frozensets(st.binary())),
    "pair": (tuple[int, bytes], st.tuples(st.integers(), st.binary())),
    "tuple": (tuple[date, ...], st.lists(st.dates()).map(tuple)),
    "mapping": (dict[int, bytes], st.dictionaries(st.integers(), st.binary())),
    "mapping of dates": (dict[date, float], st.dictionaries(st.dates(), st.floats())),
    "deque": (deque[int], st.lists(st.integers()).map(deque)),
    "optional": (float | None, st.none() | st.floats()),
    "text or number": (str | int, st.integers() | st.text(st.characters(codec="utf-8"))),
    "path": (PurePosixPath, st.sampled_from([PurePosixPath("/a/b"), PurePosixPath(".")])),
    "address": (ipaddress.IPv4Address, st.ip_addresses(v=4)),
    "url": (AnyUrl, st.sampled_from([AnyUrl("https://ä.example/x?y=1"), AnyUrl("s3://b/k")])),
    "pattern": (re.Pattern[str], st.just(re.compile("a+"))),
    "byte size": (ByteSize, st.integers(0, 2**60).map(ByteSize)),
    "base64": (Base64Bytes, st.binary()),
    "json": (Json[list[float]], st.lists(st.floats(allow_nan=False, allow_infinity=False))),
    "fraction": (Fraction, st.fractions()),
    "complex": (complex, st.complex_numbers(allow_nan=False, allow_infinity=False)),
    "zone": (ZoneInfo, st.sampled_from([ZoneInfo("UTC")])),
    "named tuple": (Point, st.builds(Point, st.integers(), st.floats())),
    "typed dict": (
        Options,
        st.fixed_dictionaries({}, optional={"depth": st.integers(), "raw": st.binary()}),
    ),
    "dataclass": (
        Range,
        st.builds(Range, st.integers(), st.binary(), st.sets(st.text(max_size=3))),
    ),
    "model": (Nested, st.builds(Nested)),
    "one of two": (
        Annotated[Cat | Dog, Field(discriminator="kind")],
        st.builds(Cat, lives=st.floats()) | st.builds(Dog, barks=st.binary()),
    ),
}

# Ways to name a field, and to keep it out of what a model shows.
ALIASES: dict[str, Callable[[str], dict[str, Any]]] = {
    "plain": lambda name: {},
    "alias": lambda name: {"alias": to_camel(name) + "X"},
    "read by": lambda name: {"validation_alias": name.upper()},
    "written by": lambda name: {"serialization_alias": name.upper()},
    "both": lambda name: {"validation_alias": name.upper(), "serialization_alias": f"{name}_out"},
    "choices": lambda name: {
        "validation_alias": AliasChoices(name.upper(), AliasPath(name + "2", 0))
    },
    "path": lambda name: {"validation_alias": AliasPath(name.upper(), "value")},
    "excluded": lambda name: {"exclude": True},
}
# Words that pydantic's own schemas have as keys are among them.
NAMES = [
    *("number", "type", "default", "config", "metadata", "function", "fields", "choices"),
    *("expected", "serialization", "definitions", "ref", "extra", "items_schema", "name"),
]
CONFIGS = [
    {},
    {"strict": True},
    {"extra": "forbid"},
    {"frozen": True},
    {"ser_json_inf_nan": "null"},
]


@dataclass(frozen=True)
class Made:
    """A model of any of the types, the kind of each field, and what makes instances of it."""

    model: type[BaseModel]
    kinds: dict[str, str]
    instance: Callable[[], Any]


@st.composite
def models(draw: st.DrawFn) -> Made:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    kinds = {name: draw(st.sampled_from(sorted(TYPES))) for name in names}
    fields: dict[str, Any] = {}
    values: dict[str, st.SearchStrategy[Any]] = {}
    for name, kind in kinds.items():
        type_, values[name] = TYPES[kind]
        options = ALIASES[draw(st.sampled_from(sorted(ALIASES)))](name)
        fields[name] = (type_, Field(**options))
    config = ConfigDict(**draw(st.sampled_from(CONFIGS)))  # type: ignore[typeddict-item]
    model = create_model("Input", __config__=config, **fields)
    return Made(
        model, kinds, lambda: model.model_construct(**{n: draw(v) for n, v in values.items()})
    )


def codec_of(annotation: Any) -> InputCodec:
    return InputCodec(annotation, 'The input of task "export"')


def stored(text: bytes) -> JsonObject:
    """The text as the record keeps it: JSON, and strict."""
    value: JsonObject = json.loads(text, parse_constant=pytest.fail)
    return value


@pytest.mark.property
@given(models())
def test_a_model_reads_back_as_it_was_in_every_iteration(made: Made) -> None:
    codec, input = codec_of(made.model), made.instance()

    first = codec.encode(input)
    read = codec.decode(stored(first))
    second = codec.encode(read)

    assert first_change(input, read) is None
    assert stored(second) == stored(first)


@pytest.mark.property
@given(models(), st.data())
def test_what_is_merged_over_an_input_changes_its_own_fields_alone(
    made: Made, data: st.DataObject
) -> None:
    codec, before, news = codec_of(made.model), made.instance(), made.instance()
    name = data.draw(st.sampled_from(sorted(made.kinds)))
    given_as = made.model.model_fields[name].alias if data.draw(st.booleans()) else name
    value = as_given(made.kinds[name], getattr(news, name))

    after = codec.decode(
        stored(codec.encode_over(stored(codec.encode(before)), {given_as or name: value}))
    )

    assert first_change(getattr(news, name), getattr(after, name)) is None
    for other in made.kinds.keys() - {name}:
        assert first_change(getattr(before, other), getattr(after, other)) is None


def as_given(kind: str, value: Any) -> Any:
    """A value as an author hands it over: some types take the text that they decode."""
    if kind == "json":
        return json.dumps(value)
    return base64.b64encode(value) if kind == "base64" else value


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | DATETIMES
    | st.decimals()
    | st.uuids()
    | st.timedeltas()
    | st.sampled_from(
        [Colour.RED, Size.SMALL, Kind.OPEN, np.int64(5), np.float32(0.1), np.bool_(1)]
    )
    | st.builds(Cat, lives=st.floats())
    | st.builds(object),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.booleans() | st.none(), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.property
@given(st.dictionaries(st.text(), ANYTHING, max_size=4))
def test_any_mapping_reads_back_as_it_was_or_is_refused(input: dict[str, object]) -> None:
    codec = codec_of(dict[str, object])

    try:
        text = codec.encode(input)
    except InvalidInput:
        return

    assert first_change(input, codec.decode(stored(text))) is None


@pydantic.dataclasses.dataclass(config=ConfigDict(ser_json_inf_nan="null"))
class Measured:
    mean: float = Field(validation_alias="meanIn", serialization_alias="meanOut")


class MeasuredDict(typing_extensions.TypedDict):
    __pydantic_config__ = ConfigDict(ser_json_inf_nan="null")  # type: ignore[misc]
    mean: Annotated[float, Field(validation_alias="meanIn", serialization_alias="meanOut")]


class Measures(BaseModel):
    one: Measured
    two: MeasuredDict


def round_trip(model: type[BaseModel], given: Any) -> Any:
    codec = codec_of(model)
    return codec.decode(stored(codec.encode(given)))


class Masked(BaseModel):
    token: Annotated[str, PlainSerializer(lambda _: "***")]


class Rounded(BaseModel):
    price: Annotated[float, PlainSerializer(lambda price: round(price, 1))]


class Prefixed(BaseModel):
    key: Annotated[str, AfterValidator(lambda key: "s3://" + key)]


class Loose(BaseModel):
    value: Any = None
    held: InstanceOf[Counter[str]] | None = None
    shape: Cat | None = None


def _positive(number: int) -> int:
    if number <= 0:
        raise ValueError("it is not positive")
    return number


T = TypeVar("T")


class Box(BaseModel, Generic[T]):
    content: T


class Lion(Cat):
    roar: str = "loud"


class Secretive:
    """An object of an author's own, which JSON has no form for."""


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("model", "given", "place"),
        [
            (Masked, {"token": "s3cr3t"}, "token"),
            (Rounded, {"price": 1.25}, "price"),
            (Prefixed, {"key": "a"}, "key"),
            (Loose, {"value": datetime(2030, 1, 1, tzinfo=UTC)}, "value"),
            (Loose, {"value": {"at": [b"x"]}}, "value.at.0"),
            (Loose, {"value": (1, 2)}, "value"),
            (Loose, {"value": {1: "a"}}, "value"),
            (Loose, {"value": Decimal("1.5")}, "value"),
            (Loose, {"value": Cat()}, "value"),
            (Loose, {"shape": Lion()}, "shape"),
            (Loose, Loose(shape=Lion()), "shape"),
        ],
    )
    def test_a_value_that_would_read_back_as_another_one_is_refused_with_its_place(
        self, model: type[BaseModel], given: Any, place: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            round_trip(model, given)

        assert f"would not stay as it is: {place} is" in refused.value.message
        assert refused.value.data is not None
        assert refused.value.data["invalidFields"] == {place: ANY}

    def test_a_price_that_loses_nothing_by_being_written_is_taken(self) -> None:
        read = round_trip(Rounded, {"price": 1.5})

        assert read == Rounded(price=1.5)

    @pytest.mark.parametrize(
        "value",
        [Secretive(), lambda: 1, iter([1]), "\ud800", 10**5_000],
        ids=["object", "function", "iterator", "half a character", "5,001 digits"],
    )
    def test_what_json_has_no_form_for_is_refused(self, value: object) -> None:
        with pytest.raises(InvalidInput, match='The input of task "export"'):
            codec_of(Loose).encode({"value": value})

    def test_what_is_nested_too_deeply_is_refused(self) -> None:
        deep: dict[str, object] = {}
        for _ in range(5_000):
            deep = {"deep": deep}

        with pytest.raises(InvalidInput, match="export"):
            codec_of(dict[str, object]).encode(deep)

    def test_a_misspelt_name_is_refused_by_a_model_that_forbids_others(self) -> None:
        class Strict(BaseModel):
            model_config = ConfigDict(extra="forbid")
            size: int = 1

        with pytest.raises(InvalidInput, match='did you mean "size"'):
            codec_of(Strict).encode_over({}, {"sise": 2})


class TestWhatIsKept:
    def test_a_default_that_is_made_is_made_once(self) -> None:
        class Pay(BaseModel):
            token: str = Field(default_factory=lambda: uuid.uuid4().hex)
            inner: list["Pay"] = []

        codec = codec_of(Pay)
        text = stored(codec.encode({"inner": [{}]}))

        assert codec.decode(text) == codec.decode(text)
        assert set(text) == {"token", "inner"}

    def test_a_default_is_stored_as_it_is_in_this_process(self) -> None:
        made_at_import = uuid.uuid4()

        class Pay(BaseModel):
            token: uuid.UUID = made_at_import

        text = stored(codec_of(Pay).encode({}))

        assert text == {"token": str(made_at_import)}

    def test_a_list_that_code_has_added_to_in_place_is_stored(self) -> None:
        class Rows(BaseModel):
            seen: list[int] = []

        rows = Rows()
        rows.seen.append(5)

        assert round_trip(Rows, rows) == Rows(seen=[5])
        assert round_trip(Rows, {"seen": rows.seen}) == Rows(seen=[5])

    def test_a_default_that_its_own_type_does_not_take_is_read_back(self) -> None:
        class Sloppy(BaseModel):
            name: str = None  # type: ignore[assignment]

        assert round_trip(Sloppy, Sloppy()) == Sloppy()
        assert round_trip(Sloppy, {}) == Sloppy()

    @pytest.mark.parametrize("given", [{}, {"limit": 5}, {"pages": 0}])
    def test_a_default_that_its_own_validator_refuses_is_read_back(
        self, given: dict[str, object]
    ) -> None:
        class Unlimited(BaseModel):
            limit: Annotated[int, AfterValidator(_positive)] = 0
            pages: int = Field(default=0, ge=1)
            name: str = Field(default="", min_length=1)

        if "pages" in given:  # what is given is validated, the same value as well
            with pytest.raises(InvalidInput, match="pages"):
                codec_of(Unlimited).encode(given)
            return
        value = Unlimited(**given)
        assert round_trip(Unlimited, given) == round_trip(Unlimited, value) == value
        stored_first = stored(codec_of(Unlimited).encode(given))
        merged = stored(codec_of(Unlimited).encode_over(stored_first, {"name": "n"}))
        assert codec_of(Unlimited).decode(merged).name == "n"  # type: ignore[union-attr]

    def test_a_computed_field_is_computed_again(self) -> None:
        class Square(BaseModel):
            model_config = ConfigDict(extra="forbid")
            width: int

            @computed_field  # type: ignore[prop-decorator]
            @property
            def area(self) -> int:
                return self.width**2

        read = round_trip(Square, Square(width=3))

        assert read.area == 9

    @pytest.mark.parametrize(
        ("type_", "text", "moment"),
        [
            (FutureDatetime, "2001-01-01T00:00:00Z", datetime(2001, 1, 1, tzinfo=UTC)),
            (FutureDate, "2001-01-01", date(2001, 1, 1)),
        ],
    )
    def test_a_moment_that_was_in_the_future_at_the_trigger_reads_back_when_it_has_passed(
        self, type_: Any, text: str, moment: date
    ) -> None:
        reminder = create_model("Reminder", at=(type_, ...))
        codec = codec_of(reminder)

        read = codec.decode({"at": text})

        assert read == reminder.model_construct(at=moment)
        with pytest.raises(InvalidInput, match=r"at: .* should be in the future"):
            codec.encode({"at": text})

    def test_a_field_that_a_dump_leaves_out_for_its_value_is_stored(self) -> None:
        class Counted(BaseModel):
            count: int = Field(default=1, exclude_if=lambda count: count == 0)

        assert round_trip(Counted, Counted(count=0)) == Counted(count=0)

    def test_dataclasses_and_typed_dicts_have_one_name_per_field_and_forms_that_lose_nothing(
        self,
    ) -> None:
        given = {"one": {"meanIn": math.nan}, "two": {"meanIn": math.nan}}

        text = stored(codec_of(Measures).encode(given))
        read = codec_of(Measures).decode(text)

        assert text == {"one": {"meanIn": "NaN"}, "two": {"meanIn": "NaN"}}
        assert isinstance(read, Measures)
        assert math.isnan(read.one.mean)
        assert math.isnan(read.two["mean"])

    def test_a_frozen_field_is_merged_over(self) -> None:
        class Frozen(BaseModel):
            model_config = ConfigDict(frozen=True)
            first: int = Field(default=1, frozen=True)
            second: int = 2

        merged = codec_of(Frozen).encode_over({"first": 5, "second": 6}, {"first": 7})

        assert stored(merged) == {"first": 7, "second": 6}

    def test_a_model_that_validates_all_by_itself_is_merged_over_as_a_whole(self) -> None:
        class Own(BaseModel):
            first: int = 1
            second: int = 2

            @classmethod
            def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
                return core_schema.no_info_plain_validator_function(
                    lambda given: given if isinstance(given, cls) else cls.model_construct(**given),
                    serialization=core_schema.plain_serializer_function_ser_schema(vars),
                )

        merged = codec_of(Own).encode_over({"first": 5, "second": 6}, {"first": 7})

        assert stored(merged) == {"first": 7, "second": 6}

    def test_moments_and_durations_are_stored_to_the_microsecond_whatever_a_model_shows(
        self,
    ) -> None:
        class Shown(BaseModel):
            model_config = ConfigDict(ser_json_temporal="milliseconds", ser_json_timedelta="float")
            at: datetime
            wait: timedelta

        shown = Shown(
            at=datetime(2030, 1, 1, 0, 0, 0, 1, tzinfo=UTC), wait=timedelta(microseconds=1)
        )

        assert stored(codec_of(Shown).encode(shown)) == {
            "at": "2030-01-01T00:00:00.000001Z",
            "wait": "PT0.000001S",
        }

    def test_a_set_is_written_in_one_order_in_every_process(self) -> None:
        class Named(BaseModel):
            names: set[str]
            more: frozenset[str]

        letters = "qwertyuiop"
        text = stored(codec_of(Named).encode({"names": set(letters), "more": frozenset(letters)}))

        assert text == {"names": sorted(letters), "more": sorted(letters)}

    def test_a_set_with_a_form_of_its_own_keeps_it(self) -> None:
        class Joined(BaseModel):
            names: Annotated[
                set[str],
                BeforeValidator(lambda names: names.split() if isinstance(names, str) else names),
                PlainSerializer(lambda names: " ".join(sorted(names))),
            ]

        assert stored(codec_of(Joined).encode({"names": ["b", "a"]})) == {"names": "a b"}

    def test_a_default_that_looks_like_a_schema_stays_as_it_is(self) -> None:
        class Shown(BaseModel):
            column: dict[str, object] = {"type": "date", "now_op": "past", "default": None}

        assert codec_of(Shown).decode({}) == Shown()

    def test_a_text_that_was_assigned_for_a_moment_is_stored_as_the_moment(self) -> None:
        class Since(BaseModel):
            since: datetime
            names: set[str] = set()

        input = Since(since=datetime(2030, 1, 1, tzinfo=UTC))
        input.since = "2031-01-01T00:00:00Z"  # type: ignore[assignment]
        input.names = ["b", "a"]  # type: ignore[assignment]

        assert round_trip(Since, input) == Since(
            since=datetime(2031, 1, 1, tzinfo=UTC), names={"a", "b"}
        )

    def test_numbers_of_numpy_are_stored_as_numbers(self) -> None:
        given = {"n": np.int64(5), "m": np.float32(0.5), "b": np.bool_(True), "a": np.array([1])}

        text = stored(codec_of(dict[str, object]).encode(given))

        assert text == {"n": 5, "m": 0.5, "b": True, "a": [1]}

    def test_a_validator_sees_what_is_handed_over_and_what_is_read_back(self) -> None:
        class Listed(BaseModel):
            names: list[str]

            @field_validator("names", mode="before")
            @classmethod
            def split(cls, value: Any) -> Any:
                return value.split(",") if isinstance(value, str) else value

        assert round_trip(Listed, {"names": "a,b"}) == Listed(names=["a", "b"])

    def test_a_strict_model_takes_the_text_of_a_moment_from_json(self) -> None:
        class Strict(BaseModel):
            model_config = ConfigDict(strict=True)
            since: date
            mean: float = 0.0

        codec = codec_of(Strict)
        merged = codec.encode_over({"since": "2030-01-01", "mean": "NaN"}, {"since": "2031-01-01"})
        read = codec.decode(stored(merged))

        assert isinstance(read, Strict)
        assert read.since == date(2031, 1, 1)
        assert math.isnan(read.mean)

    def test_a_model_of_a_subclass_is_taken_if_nothing_of_it_is_lost(self) -> None:
        assert round_trip(Cat, Lion(lives=3)) == Cat(lives=3)
        with pytest.raises(InvalidInput, match=r'task "export" is a Lion; a Cat has no roar\.'):
            codec_of(Cat).encode(Lion(roar="soft"))

    @pytest.mark.parametrize("other", [Dog(), Dog(barks=b"wow"), Nested(firstNumber=1)])
    def test_a_model_of_another_class_is_refused_with_both_classes(self, other: BaseModel) -> None:
        name = type(other).__name__

        with pytest.raises(InvalidInput, match=rf"is a {name}; it takes a Cat, or a mapping\."):
            codec_of(Cat).encode(other)

    def test_the_same_class_imported_again_is_the_same(self) -> None:
        again = create_model("Cat", lives=(float, 9), __module__=Cat.__module__)

        assert round_trip(Cat, again(lives=3)) == Cat(lives=3)

    def test_a_generic_model_without_its_parameter_is_the_same(self) -> None:
        assert round_trip(Box[int], Box(content=3)) == Box[int](content=3)

    @pytest.mark.parametrize(
        "moment",
        [
            datetime(2026, 10, 25, 2, 15, tzinfo=ZoneInfo("Europe/Berlin")),
            datetime(2026, 10, 25, 2, 15, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
            datetime(2026, 3, 29, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")),
            datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Berlin")),
        ],
        ids=str,
    )
    def test_a_moment_of_any_zone_reads_back_as_that_moment(self, moment: datetime) -> None:
        class Due(BaseModel):
            at: datetime

        read = codec_of(Due).decode(stored(codec_of(Due).encode(Due(at=moment))))

        assert read.at.astimezone(UTC) == moment.astimezone(UTC)  # type: ignore[union-attr]

    def test_a_model_for_a_task_of_any_input_is_stored_as_its_own_json(self) -> None:
        codec = codec_of(dict[str, object])

        assert stored(codec.encode(Nested(firstNumber=math.nan))) == {
            "firstNumber": "NaN",
            "rawBytes": "",
            "inner": None,
        }

    def test_an_input_is_stored_by_the_names_that_it_is_given_by(self) -> None:
        class Named(BaseModel):
            one: int = Field(validation_alias="oneIn", serialization_alias="oneOut")
            two: int = Field(validation_alias=AliasPath("pair", 1), default=0)

        codec = codec_of(Named)
        first = stored(codec.encode({"oneIn": 1, "pair": [0, 2]}))
        second = stored(codec.encode_over(first, {"one": 5, "pair": [0, 7]}))

        assert first == {"oneIn": 1, "two": 2}
        assert second == {"oneIn": 5, "two": 7}


class Upload(BaseModel):
    model_config = ConfigDict(extra="allow")
    data: bytes
    note: str = "none"


class TestWhatIsMerged:
    def test_values_that_the_model_has_no_field_for_are_kept_and_added(self) -> None:
        merged = codec_of(Upload).encode_over({"data": "_w==", "old": 1}, {"new": 2})

        assert stored(merged) == {"data": "_w==", "note": "none", "old": 1, "new": 2}

    def test_what_a_hook_has_left_alone_is_not_validated_again(self) -> None:
        changed = {"data": "_w==", "note": "changed"}

        merged = codec_of(Upload).encode_changed({"data": "_w==", "note": "x"}, changed)

        assert stored(merged) == {"data": "_w==", "note": "changed"}

    def test_what_a_hook_has_taken_out_is_gone_and_the_rest_stays(self) -> None:
        merged = codec_of(Upload).encode_changed({"data": "_w==", "note": "x"}, {"data": "_w=="})

        assert stored(merged) == {"data": "_w==", "note": "none"}

    def test_a_hook_may_put_in_what_is_not_json(self) -> None:
        merged = codec_of(Upload).encode_changed({"data": "_w==", "note": "x"}, {"data": b"\xfe"})

        assert codec_of(Upload).decode(stored(merged)) == Upload(data=b"\xfe")
