"""`inputSchema` of a definition: what the API takes, as JSON Schema."""

import json
from typing import Annotated, Any

import pytest
from hypothesis import given
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    PlainValidator,
    Tag,
)

from handler import Context, Definition, Done, task
from handler.graphql.input_schemas import input_schema_of
from tests.handler.graphql.client import Api, testing_run
from tests.handler.graphql.models import Kind, root_models
from tests.handler.stack import Stack

LIST = "{ backgroundTasks { listDefinitions { data { id inputSchema } error { message } } } }"
ROLE = "arn:aws:iam::123456789012:role/exporter"


def defined(input: Any, *, id: str = "reindex", default: Any = None) -> Definition:
    def function(context: Context, input: Any) -> Done:
        return Done()

    function.__annotations__["input"] = input
    if default is not None:
        function.__defaults__ = (default,)
    return task(id=id)(function)


def schema_of(input: Any, **more: Any) -> Any:
    return input_schema_of(defined(input, **more))


class Address(BaseModel):
    street: str = Field(alias="streetName", min_length=1)


class Input1(BaseModel):
    name: str


class Input(BaseModel):
    """What is made anew."""

    index: str = Field(description="Its name.")
    address: Address | None = None
    first: str = Field("a", validation_alias=AliasChoices(AliasPath("x", 0), "firstName"))


def test_it_has_the_names_on_the_wire_and_what_the_model_says(stack: Stack, api: Api) -> None:
    @task()
    def plain(context: Context) -> Done:
        return Done()

    stack.definitions = (defined(Input), defined(dict[str, int], id="free"), plain)

    reindex, free, none = api.data(LIST)

    assert reindex == {
        "id": "reindex",
        "inputSchema": {
            "title": "Input",
            "description": "What is made anew.",
            "type": "object",
            "properties": {
                "index": {"title": "Index", "description": "Its name.", "type": "string"},
                "address": {
                    "anyOf": [{"$ref": "#/$defs/Address"}, {"type": "null"}],
                    "default": None,
                },
                "firstName": {"title": "Firstname", "type": "string", "default": "a"},
            },
            "required": ["index"],
            "$defs": {
                "Address": {
                    "title": "Address",
                    "type": "object",
                    "properties": {
                        "streetName": {"title": "Streetname", "type": "string", "minLength": 1}
                    },
                    "required": ["streetName"],
                }
            },
        },
    }
    assert free["inputSchema"] == {"type": "object", "additionalProperties": {"type": "integer"}}
    assert none == {"id": "plain", "inputSchema": None}


def test_it_is_made_only_where_it_is_asked_for(
    stack: Stack, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handler.graphql.input_schemas.input_schema_of", None)

    assert api.data("{ backgroundTasks { listDefinitions { data { id } error { message } } } }")


def test_the_default_of_the_function_is_that_of_the_whole() -> None:
    assert schema_of(Input, default=Input(index="pages"))["default"]["index"] == "pages"
    assert "default" not in schema_of(Input)


def test_a_model_without_a_schema_is_null_and_the_others_are_listed(
    stack: Stack, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    class Odd(BaseModel):
        a: int

        @classmethod
        def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> Any:
            raise KeyError("type")

    stack.definitions = (testing_run, defined(Odd, id="odd"), defined(Input))

    api.data(LIST)
    listed = {each["id"]: each["inputSchema"] for each in api.data(LIST)}

    assert listed["testingRun"] is listed["odd"] is None
    assert listed["reindex"]["title"] == "Input"
    (line,) = (line for line in caplog.records if line.levelname == "ERROR")
    assert getattr(line, "action", "") == "input_not_shown"
    assert getattr(line, "definition_id", "") == "odd"


def test_a_field_that_has_no_schema_may_be_anything() -> None:
    class Input(BaseModel):
        a: Annotated[Any, PlainValidator(str)]
        b: str

    schema = schema_of(Input)

    assert schema["properties"]["a"] in ({}, {"title": "A"})
    assert schema["properties"]["b"]["type"] == "string"


class Own:
    """A class that JSON Schema knows nothing of."""


def test_what_json_schema_has_no_words_for_is_left_out_and_warns_nobody() -> None:
    class Cat(BaseModel):
        name: str

    class Input(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)

        own: Own | None = None
        raw: bytes = b"\xff"
        pet: Annotated[
            Annotated[Cat, Tag("cat")] | Annotated[Input1, Tag("input")],
            Discriminator(lambda value: "cat"),
        ]

    properties = schema_of(Input)["properties"]

    assert properties["own"]["default"] is None
    assert "default" not in properties["raw"]
    assert len(properties["pet"]["oneOf"]) == 2


def test_nobody_learns_a_secret_or_an_arn_from_it() -> None:
    class Input(BaseModel):
        """Runs as arn:aws:iam::123456789012:role/exporter."""

        token: Annotated[str, Field("s3cret", json_schema_extra={"writeOnly": True})]
        password: str = Field("s3cret", json_schema_extra={"format": "password"})
        role: str = ROLE
        roles: list[dict[str, str]] = [{"a": ROLE}]
        default: str = Field("fine", description=f"Not {ROLE}.")
        writeOnly: bool = True  # noqa: N815  a field of that name
        properties: dict[str, str] = {"default": "fine"}

    schema = schema_of(Input)

    text = json.dumps(schema)
    assert "s3cret" not in text
    assert "arn:" not in text
    assert schema["properties"]["default"]["default"] == "fine"
    assert schema["properties"]["writeOnly"]["default"] is True
    assert schema["properties"]["properties"]["default"] == {"default": "fine"}


@pytest.mark.property
@given(kind=root_models())
def test_any_model_has_one_that_is_json(kind: Kind) -> None:
    try:
        definition = defined(kind.annotation)
    except Exception:  # a default that does not read back, say
        return

    schema = input_schema_of(definition)

    assert schema is not None
    assert json.loads(json.dumps(schema, allow_nan=False)) == schema
