"""The types of an input: each kind of field that a model may have, as GraphQL has it."""

import enum
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

import pytest
from graphql import (
    GraphQLBoolean,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
    Undefined,
    print_type,
    validate_schema,
)
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    RootModel,
    WithJsonSchema,
    create_model,
)
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from handler import Context, Definition, Done, task
from handler.graphql.schema import Schemas
from handler.graphql.shown_defaults import shown_default


class Color(enum.Enum):
    """A colour."""

    RED = "red"
    BLUE = "blue"


class Odd(enum.Enum):
    DASH = "a-b"
    TRUE = "true"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Address(BaseModel):
    """Where somebody lives."""

    street: str = Field(description="With its number.", alias="streetName")
    zip: str | None = None


class Node(BaseModel):
    name: str
    next: "Node | None" = None
    children: list["Node"] = []


class First(BaseModel):
    second: "Second"


class Second(BaseModel):
    first: First


class Empty(BaseModel):
    pass


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    a: int


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    a: bool


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class OddName(BaseModel):
    a: int = Field(alias="a-b")


class Reserved(BaseModel):
    a: int = Field(alias="__a")


Value = TypeVar("Value")


class Box(BaseModel, Generic[Value]):
    value: Value


class Ids(RootModel[list[str]]):
    pass


@dataclass
class Point:
    x: float
    y: float = 0.5


class Options(TypedDict, total=False):
    deep: bool


class Pair(NamedTuple):
    a: int
    b: str


def defined(
    input: Any, *, id: str = "reindex", default: Any = inspect.Parameter.empty
) -> Definition:
    """A task with an input of a type."""

    def function(context: Context, input: Any) -> Done:
        return Done()

    function.__annotations__["input"] = input
    if default is not inspect.Parameter.empty:
        function.__defaults__ = (default,)
    return task(id=id)(function)


def model(kind: Any, default: Any = ..., **more: Any) -> type[BaseModel]:
    """A model with one field, `f`, and another so that it is no empty one."""
    return create_model("Input", f=(kind, Field(default, **more)))


def types_of(*definitions: Definition) -> dict[str, str]:
    """What the schema of some definitions has beside the common types: each as it is printed."""
    schemas = Schemas(definitions)
    whole = schemas.whole
    assert validate_schema(whole) == []
    return {
        name: print_type(kind)
        for name, kind in whole.type_map.items()
        if name not in schemas.common.type_map
    }


def field_of(kind: Any, default: Any = ..., **more: Any) -> str:
    """The field `f` of a model, as it is printed: its description in quotes before it."""
    text = types_of(defined(model(kind, default, **more)))["ReindexTaskInput"]
    inner = text.partition("{\n")[2].removesuffix("\n}")
    return "\n".join(line.removeprefix("  ") for line in inner.splitlines())


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (str, "String!"),
        (bool, "Boolean!"),
        (int, "Number!"),
        (Annotated[int, Field(ge=0, le=100)], "Int!"),
        (Annotated[int, Field(gt=-(2**31), lt=2**31 - 1)], "Int!"),
        (Annotated[int, Field(ge=0, le=2**31)], "Number!"),
        (PositiveInt, "Number!"),
        (float, "Number!"),
        (Decimal, "JSON!"),
        (list[str], "[String!]!"),
        (list[str | None], "[String]!"),
        (list[list[bool]], "[[Boolean!]!]!"),
        (set[str], "[String!]!"),
        (frozenset[Color], "[ReindexTask_Color!]!"),
        (tuple[str, ...], "[String!]!"),
        (Sequence[Address], "[ReindexTask_Address!]!"),
        (list[Any], "[JSON]!"),
        (list[int | str], "[JSON!]!"),
        (tuple[int, str], "JSON!"),
        (Pair, "JSON!"),
        (dict[str, int], "JSON!"),
        (dict[str, Address], "JSON!"),
        (Any, "JSON"),
        (object, "JSON"),
        (int | str, "JSON!"),
        (int | str | None, "JSON"),
        (Annotated[Cat | Dog, Field(discriminator="kind")], "JSON!"),
        (Cat | Dog, "JSON!"),
        (str | None, "String"),
        (Color, "ReindexTask_Color!"),
        (Color | None, "ReindexTask_Color"),
        (Literal["fast", "slow"], "ReindexTaskInput_f!"),
        (Literal["fast", None], "ReindexTaskInput_f"),
        (list[Literal["fast", "slow"]], "[ReindexTaskInput_f!]!"),
        (Literal["fast"], "ReindexTaskInput_f!"),
        (Address, "ReindexTask_Address!"),
        (Address | None, "ReindexTask_Address"),
        (Point, "ReindexTask_Point!"),
        (Options, "ReindexTask_Options!"),
        (Closed, "ReindexTask_Closed!"),
        (Box[int], "ReindexTask_Box_int_!"),
        (Ids, "[String!]!"),
        (Node, "ReindexTask_Node!"),
        (Empty, "JSON!"),
        (Open, "JSON!"),
        (OddName, "JSON!"),
        (Reserved, "JSON!"),
        (Annotated[Any, WithJsonSchema({"type": ["string", "null"]})], "JSON!"),
        (Annotated[Any, WithJsonSchema({"type": "object", "properties": 5})], "JSON!"),
        (Annotated[Any, WithJsonSchema({"allOf": [{"type": "string"}]})], "JSON"),
    ],
)
def test_a_kind_of_field_has_a_type_or_is_json(kind: Any, shown: str) -> None:
    assert field_of(kind) == f"f: {shown}"


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (Odd, '"""One of: "a-b", "true"."""\nf: String!'),
        (Odd | None, '"""One of: "a-b", "true"."""\nf: String'),
        (Literal["a b", "c"], '"""One of: "a b", "c"."""\nf: String!'),
        (Level, '"""One of: 1, 2."""\nf: Int!'),
        (Literal[1, 2**40], '"""One of: 1, 1099511627776."""\nf: Number!'),
        (Literal[True], '"""One of: true."""\nf: Boolean!'),
        (Literal["true", "x"], '"""One of: "true", "x"."""\nf: String!'),
        (Literal["null"], '"""One of: "null"."""\nf: String!'),
        (Literal["__x", "x"], '"""One of: "__x", "x"."""\nf: String!'),
        (Literal[1, "a"], '"""One of: 1, "a"."""\nf: JSON!'),
        (datetime, '"""Format: date-time."""\nf: String!'),
        (date, '"""Format: date."""\nf: String!'),
        (time, '"""Format: time."""\nf: String!'),
        (timedelta, '"""Format: duration."""\nf: String!'),
        (UUID, '"""Format: uuid."""\nf: String!'),
        (bytes, '"""Format: binary."""\nf: String!'),
        (Path, '"""Format: path."""\nf: String!'),
    ],
)
def test_what_a_type_does_not_say_is_in_the_description(kind: Any, shown: str) -> None:
    assert field_of(kind) == shown


@pytest.mark.parametrize(
    ("kind", "default", "shown"),
    [
        (str, "x", 'f: String = "x"'),
        (str, 'a "b"\n', 'f: String = "a \\"b\\"\\n"'),
        (bool, True, "f: Boolean = true"),
        (bool, False, "f: Boolean = false"),
        (int, 2**40, "f: Number = 1099511627776"),
        (int, 0, "f: Number = 0"),
        (float, 0.1234567890123, "f: Number = 0.1234567890123"),
        (float, 1e22, "f: Number = 1e+22"),
        (Annotated[int, Field(ge=0, le=9)], 5, "f: Int = 5"),
        (Color, Color.RED, "f: ReindexTask_Color = red"),
        (Literal["fast", "slow"], "slow", "f: ReindexTaskInput_f = slow"),
        (Literal["fast"], "none", '"""By default: "none"."""\nf: ReindexTaskInput_f'),
        (set[Color], {Color.BLUE}, "f: [ReindexTask_Color!] = [blue]"),
        (list[str | None], [None, "a"], 'f: [String] = [null, "a"]'),
        (Point, Point(x=1.5), "f: ReindexTask_Point = {x: 1.5, y: 0.5}"),
        (Options, {"deep": True}, "f: ReindexTask_Options = {deep: true}"),
        (str | None, None, "f: String"),
        (str | None, "x", 'f: String = "x"'),
        (int | str, 5, "f: JSON = 5"),
        (date, date(2030, 1, 1), '"""Format: date."""\nf: String = "2030-01-01"'),
        (timedelta, timedelta(hours=1), '"""Format: duration."""\nf: String = "PT1H"'),
        (dict[str, int], {"a": 1}, '"""By default: {"a": 1}."""\nf: JSON'),
        (Decimal, Decimal("1.10"), '"""By default: "1.10"."""\nf: JSON'),
        (int | bool, True, '"""By default: true."""\nf: JSON'),
        (tuple[int, str], (1, "a"), '"""By default: [1, "a"]."""\nf: JSON'),
        (float, float("inf"), '"""By default: "Infinity"."""\nf: Number'),
        (Empty, Empty(), '"""By default: {}."""\nf: JSON'),
    ],
)
def test_a_default_is_that_of_the_schema_or_in_the_description(
    kind: Any, default: Any, shown: str
) -> None:
    assert field_of(kind, default) == shown


def test_a_default_that_is_made_anew_each_time_is_none_of_the_schemas() -> None:
    made = create_model("Input", f=(list[str], Field(default_factory=list)))

    assert "f: [String!]\n" in types_of(defined(made))["ReindexTaskInput"]


def test_descriptions_are_those_of_the_fields_and_of_the_classes() -> None:
    types = types_of(defined(model(Address, description="Where to send it.")))

    assert '"""Where to send it."""\n  f: ReindexTask_Address!' in types["ReindexTaskInput"]
    assert types["ReindexTask_Address"] == (
        '"""Where somebody lives."""\ninput ReindexTask_Address {\n'
        '  """With its number."""\n  streetName: String!\n  zip: String\n}'
    )
    assert types_of(defined(model(Color)))["ReindexTask_Color"] == (
        '"""A colour."""\nenum ReindexTask_Color {\n  red\n  blue\n}'
    )


@pytest.mark.parametrize(
    "text", ['"""', "a\\", "\0\ud800", "x" * 100_000, "\n", 'ends with "', "  indented\n\tmore"]
)
def test_any_description_is_one_that_the_schema_can_be_printed_with(text: str) -> None:
    assert "f: String!" in field_of(str, description=text)


def test_a_field_that_is_deprecated_is_so_unless_it_is_required() -> None:
    assert field_of(str, "x", deprecated=True) == (
        'f: String = "x" @deprecated(reason: "It is deprecated.")'
    )
    assert field_of(str, deprecated=True) == "f: String!"


class TestNames:
    def test_a_field_has_its_name_on_the_wire(self) -> None:
        choices = AliasChoices(AliasPath("a", 0), "b", "c")

        assert field_of(str, alias="streetName") == "streetName: String!"
        assert field_of(str, validation_alias=choices) == "b: String!"
        assert field_of(str, validation_alias=AliasPath("a", 0)) == "f: String!"
        assert field_of(str, serialization_alias="g") == "f: String!"

    def test_a_generator_of_aliases_names_the_fields(self) -> None:
        class Input(BaseModel):
            model_config = ConfigDict(alias_generator=to_camel)

            page_size: str

        assert "pageSize: String!" in types_of(defined(Input))["ReindexTaskInput"]

    def test_an_input_with_a_name_that_graphql_refuses_is_json(self) -> None:
        for name in ("a-b", "__a", "", "1a", "größe"):
            types = types_of(defined(model(str, alias=name)))

            assert "input: JSON\n" in types["WebinyBackgroundTaskTriggers"]
            assert "ReindexTaskInput" not in types

    def test_two_models_of_one_name_have_a_type_each(self) -> None:
        one = create_model("Address", __module__="one", a=(str, ...))
        other = create_model("Address", __module__="other", b=(str, ...))
        both = create_model("Input", x=(one, ...), y=(other, ...))

        types = types_of(defined(both), defined(model(one), id="export"))

        assert types["ExportTask_Address"].endswith("{\n  a: String!\n}")
        assert "x: ReindexTask_one__Address!" in types["ReindexTaskInput"]
        assert "y: ReindexTask_other__Address!" in types["ReindexTaskInput"]

    def test_ids_that_look_like_names_of_other_types_have_types_of_their_own(self) -> None:
        ids = ["a", "aTask", "aTaskInput", "webinyBackground", "webinyBackgroundTask", "query"]
        types = types_of(*(defined(model(Literal["x"] | None), id=id) for id in ids))

        assert len(types) == 2 * len(ids) + 1

    def test_a_choice_without_a_name_yields_to_a_model_that_has_it(self) -> None:
        kind: Any = Literal["x"]
        class_ = create_model("Sub_mode", a=(str, ...))
        sub = create_model("Sub", mode=(kind, ...))
        made = create_model("Input", s=(sub, ...), m=(class_, ...))

        types = types_of(defined(made))

        assert types["ReindexTask_Sub_mode"].startswith("input ")
        assert "mode: String!" in types["ReindexTask_Sub"]

    def test_two_choices_that_would_have_one_name_are_an_enum_and_a_text(self) -> None:
        one: Any = Literal["x"]
        other: Any = Literal["y"]
        first = create_model("A", b_c=(one, ...))
        second = create_model("A_b", c=(other, ...), d=(one, ...))
        made = create_model("Input", a=(first, ...), b=(second, ...))

        types = types_of(defined(made))

        assert "b_c: ReindexTask_A_b_c!" in types["ReindexTask_A"]
        assert '"""One of: "y"."""\n  c: String!' in types["ReindexTask_A_b"]
        assert "d: ReindexTask_A_b_d!" in types["ReindexTask_A_b"]

    def test_the_types_of_a_definition_have_the_same_names_whatever_else_there_is(self) -> None:
        alone = types_of(defined(model(Address)))
        among = types_of(defined(model(Address), id="export"), defined(model(Address)))

        assert {name: among[name] for name in alone if "Reindex" in name} == {
            name: text for name, text in alone.items() if "Reindex" in name
        }


class TestRecursion:
    def test_a_model_of_itself_is_a_type_of_itself(self) -> None:
        assert types_of(defined(Node))["ReindexTaskInput"] == (
            "input ReindexTaskInput {\n  name: String!\n  next: ReindexTaskInput\n"
            "  children: [ReindexTaskInput!] = []\n}"
        )

    def test_models_that_each_require_the_other_are_not_required_all_around(self) -> None:
        types = types_of(defined(First))

        assert types["ReindexTaskInput"] == (
            "input ReindexTaskInput {\n  second: ReindexTask_Second!\n}"
        )
        assert types["ReindexTask_Second"].endswith("{\n  first: ReindexTaskInput\n}")

    def test_a_type_that_consists_of_itself_is_json(self) -> None:
        from pydantic import JsonValue
        from typing_extensions import TypeAliasType

        nested = TypeAliasType("nested", "list[nested] | None")  # type: ignore[misc]
        globals()["nested"] = nested

        assert field_of(JsonValue) == "f: JSON"
        assert "JSON" in field_of(nested)

    def test_models_that_are_nested_deeply_are_types_or_json(self) -> None:
        made: Any = str
        for level in range(150):
            made = create_model(f"Level{level}", f=(made, ...))

        assert "WebinyBackgroundTaskTriggers" in types_of(defined(made))


class TestWhole:
    @pytest.mark.parametrize(
        ("input", "default", "shown"),
        [
            (Address, ..., "input: ReindexTaskInput!\n"),
            (model(str, "x"), ..., "input: ReindexTaskInput\n"),
            (Address, Address(streetName="Main"), "input: ReindexTaskInput\n"),
            (Empty, ..., "input: JSON\n"),
            (Open, ..., "input: JSON\n"),
            (dict[str, str], ..., "input: JSON\n"),
        ],
    )
    def test_an_input_is_required_if_a_field_of_it_is(
        self, input: Any, default: Any, shown: str
    ) -> None:
        given = {} if default is ... else {"default": default}

        types = types_of(defined(input, **given))

        assert shown in types["WebinyBackgroundTaskTriggers"]

    def test_a_definition_without_an_input_takes_json_and_says_so(self) -> None:
        @task()
        def plain(context: Context) -> Done:
            return Done()

        assert (
            '"""It takes none."""\n    input: JSON\n'
            in (types_of(plain)["WebinyBackgroundTaskTriggers"])
        )


class TestShownDefaults:
    """What no model gives, but a schema of an author's own may."""

    OBJECT = GraphQLInputObjectType(
        "Where",
        {
            "a": GraphQLInputField(GraphQLNonNull(GraphQLString)),
            "b": GraphQLInputField(GraphQLString),
        },
    )

    @pytest.mark.parametrize(
        "value", [{}, {"b": "x"}, {"a": None}, {"a": 5}, {"a": "x", "c": "x"}, "a", [], 5]
    )
    def test_an_object_is_shown_if_it_is_one_of_its_type(self, value: Any) -> None:
        fields = {"Where": self.OBJECT.fields}

        assert shown_default(self.OBJECT, {"a": "x"}, fields) == {"a": "x"}
        assert shown_default(self.OBJECT, value, fields) is Undefined

    def test_one_of_an_object_that_is_being_made_is_not(self) -> None:
        assert shown_default(self.OBJECT, {"a": "x"}, {}) is Undefined

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            (GraphQLInt, 2**31),
            (GraphQLInt, 1.5),
            (GraphQLInt, True),
            (GraphQLString, 5),
            (GraphQLBoolean, 1),
            (GraphQLList(GraphQLNonNull(GraphQLString)), [None]),
            (GraphQLList(GraphQLString), "a"),
        ],
    )
    def test_a_value_of_another_type_is_not(self, kind: Any, value: Any) -> None:
        assert shown_default(kind, value, {}) is Undefined


def test_the_names_that_are_made_are_none_of_the_common_schemas() -> None:
    common = Schemas(()).common.type_map

    assert not any("Task_" in name or name.endswith("TaskInput") for name in common)
