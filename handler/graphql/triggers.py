"""A mutation for each definition, with its input's own fields: `trigger { exportUsers(...) }`.

Each is `triggerTask` with its definition said. Its other arguments, and what it does, are those of
`triggerTask` as the schema has it: they are said there alone.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, cast

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    validate_schema,
)

from handler.definition import Definition
from handler.errors import EngineSignal
from handler.graphql.input_schemas import input_schema_of, report_unshown
from handler.graphql.input_types import InputTypes, Scalars
from handler.graphql.operation import TRIGGERS
from handler.record import Json

TRIGGERS_TYPE: Final = "WebinyBackgroundTaskTriggers"
_MUTATIONS: Final = "WebinyBackgroundTaskMutation"
_TRIGGER: Final = "triggerTask"
_ABOUT: Final = "Triggers a task, by its definition: the input has the fields of its model."
_ABOUT_JSON: Final = "An object: `listDefinitions` has its `inputSchema`."
_ABOUT_NONE: Final = "It takes none."

_Inputs = Mapping[str, GraphQLInputType]
"""What each definition takes, by its id."""


def with_triggers(base: GraphQLSchema, definitions: Sequence[Definition]) -> GraphQLSchema:
    """`base` with a mutation for each definition.

    It is always a valid schema: the input of a definition whose types are not is `JSON`, and the
    log says why.
    """
    if not definitions:
        return base
    scalars = Scalars(json=_scalar(base, "JSON"), number=_scalar(base, "Number"))
    inputs = {each.id: _input_of(each, scalars) for each in definitions}
    with suppress(Exception):  # of one of them, which is not known yet
        return _built(base, definitions, inputs)
    sound = {each.id: _sound(base, each, inputs[each.id], scalars) for each in definitions}
    try:
        return _built(base, definitions, sound)
    except Exception as error:  # each by itself is sound
        for each in definitions:
            report_unshown(each, error)
        return _built(base, definitions, {each.id: scalars.json for each in definitions})


def _input_of(definition: Definition, scalars: Scalars) -> GraphQLInputType:
    schema = input_schema_of(definition)
    if schema is None:
        return scalars.json
    prefix = f"{definition.id[0].upper()}{definition.id[1:]}Task"
    try:
        return InputTypes(schema, prefix=prefix, scalars=scalars).whole()
    except EngineSignal:
        raise
    except Exception as error:  # whatever the author's types have put into the schema
        report_unshown(definition, error)
        return scalars.json


def _sound(
    base: GraphQLSchema, definition: Definition, given: GraphQLInputType, scalars: Scalars
) -> GraphQLInputType:
    try:
        _built(base, [definition], {definition.id: given})
    except Exception as error:
        report_unshown(definition, error)
        return scalars.json
    return given


def _built(
    base: GraphQLSchema, definitions: Sequence[Definition], inputs: _Inputs
) -> GraphQLSchema:
    """The whole schema. Raises what GraphQL has against it."""
    fields = {
        name: _field(base, definition, inputs[definition.id], name)
        for definition in definitions
        for name in (definition.id, *definition.aliases)
    }
    root = GraphQLField(
        GraphQLNonNull(GraphQLObjectType(TRIGGERS_TYPE, fields)),
        resolve=lambda *_: {},
        description=_ABOUT,
    )
    before = _object(base, "Mutation")
    mutation = GraphQLObjectType(
        before.name, {**before.fields, TRIGGERS: root}, description=before.description
    )
    kept: Any = base.to_kwargs()
    kept["mutation"] = mutation
    kept["types"] = [each for each in base.type_map.values() if each.name != mutation.name]
    kept["assume_valid"] = False  # it is of `base`
    made = GraphQLSchema(**kept)
    if errors := validate_schema(made):
        raise errors[0]
    return made


def _field(
    base: GraphQLSchema, definition: Definition, given: GraphQLInputType, name: str
) -> GraphQLField:
    """The mutation of a definition, by its id or an alias."""
    trigger = _object(base, _MUTATIONS).fields[_TRIGGER]
    others = {key: each for key, each in trigger.args.items() if key not in ("definition", "input")}

    def resolve(source: object, info: GraphQLResolveInfo, **arguments: object) -> Json:
        said = info._replace(field_name=_TRIGGER)
        answer: Json = trigger.resolve(source, said, definition=name, **arguments)
        return answer

    is_alias = name != definition.id
    return GraphQLField(
        trigger.type,
        {"input": GraphQLArgument(given, description=_about(definition, given)), **others},
        resolve=resolve,
        description=definition.description or definition.title,
        deprecation_reason=f"It is {definition.id} now." if is_alias else None,
    )


def _about(definition: Definition, given: GraphQLInputType) -> str | None:
    if not isinstance(given, GraphQLScalarType):
        return None
    return _ABOUT_NONE if input_schema_of(definition) is None else _ABOUT_JSON


def _object(schema: GraphQLSchema, name: str) -> GraphQLObjectType:
    return cast("GraphQLObjectType", schema.type_map[name])


def _scalar(schema: GraphQLSchema, name: str) -> GraphQLScalarType:
    return cast("GraphQLScalarType", schema.type_map[name])
