"""Any input: its schema is one that GraphQL takes, and what is sent by it arrives as JSON does."""

import json
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    build_client_schema,
    build_schema,
    introspection_from_schema,
    print_schema,
    validate_schema,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler import Context, Definition, DefinitionError, Done, task
from handler.graphql.schema import Schemas
from tests.handler.graphql.client import Api
from tests.handler.graphql.models import root_models
from tests.handler.stack import Stack

ENVELOPE = "{ data { input } error { message code data } }"
OF_JSON = f"mutation ($input: JSON) {{ backgroundTasks {{ made: triggerTask(definition: reindex, input: $input) {ENVELOPE} }} }}"  # noqa: E501


@st.composite
def cases(draw: st.DrawFn) -> tuple[Definition, Any]:
    """A definition, and an input that GraphQL can say."""
    kind = draw(root_models())
    try:
        return defined(kind.annotation), draw(kind.values)
    except DefinitionError:  # a default that does not read back, say
        return defined(dict[str, object]), {}


def defined(model: Any) -> Definition:
    def reindex(context: Context, input: Any) -> Done:
        return Done()

    reindex.__annotations__["input"] = model
    return task()(reindex)


def type_of(schemas: Schemas) -> GraphQLInputType:
    """The type of the one definition's input."""
    root = schemas.whole.type_map["WebinyBackgroundTaskTriggers"]
    assert isinstance(root, GraphQLObjectType)
    kind: GraphQLInputType = root.fields["reindex"].args["input"].type
    return kind


def literal(kind: GraphQLInputType, value: Any) -> str:
    """A value as a document has it. Raises `ValueError` where it has no form for it."""
    if isinstance(kind, GraphQLNonNull):
        return literal(kind.of_type, value)
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, str):
        return value if isinstance(kind, GraphQLEnumType) else json.dumps(value)
    if isinstance(value, list):
        inner = kind.of_type if isinstance(kind, GraphQLList) else kind
        return f"[{', '.join(literal(inner, each) for each in value)}]"
    fields = kind.fields if isinstance(kind, GraphQLInputObjectType) else {}
    if not all(name.isascii() and name.isidentifier() for name in value):
        raise ValueError("GraphQL has no such name")
    parts = (
        f"{name}: {literal(fields[name].type if name in fields else kind, each)}"
        for name, each in value.items()
    )
    return f"{{{', '.join(parts)}}}"


@pytest.mark.property
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases())
def test_the_schema_of_any_input_is_one_that_everybody_reads(case: tuple[Definition, Any]) -> None:
    schema = Schemas((case[0],)).whole

    assert validate_schema(schema) == []
    text = print_schema(schema)
    assert print_schema(build_schema(text)) == text
    assert print_schema(build_client_schema(introspection_from_schema(schema))) == text


@pytest.mark.property
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=cases())
def test_any_input_that_graphql_takes_arrives_as_json_does(
    stack: Stack, case: tuple[Definition, Any]
) -> None:
    definition, input = case
    api = Api(stack)
    stack.definitions = (definition,)
    kind = type_of(Schemas((definition,)))
    of_type = (
        f"mutation ($input: {kind}) {{ trigger {{ made: reindex(input: $input) {ENVELOPE} }} }}"
    )

    as_json = api.ask(OF_JSON, input=input)
    as_typed = api.ask(of_type, input=input)

    assert "errors" not in as_json
    assert "errors" not in as_typed, (str(kind), input, as_typed)
    wanted = as_json["data"]["backgroundTasks"]["made"]
    assert as_typed["data"]["trigger"]["made"] == wanted
    try:
        said = literal(kind, input)
    except ValueError:
        return
    as_literal = api.ask(f"mutation {{ trigger {{ made: reindex(input: {said}) {ENVELOPE} }} }}")
    assert as_literal == as_typed, said
