"""The GraphQL types of an input, made of its JSON Schema. What GraphQL can't say is `JSON`."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
)

from handler.graphql.shown_defaults import MAX_INT, MIN_INT, Fields, as_given, shown_default
from handler.record import Json, cut

# GraphQL specification, "Names" and "Reserved Names"; "Enum Value".
_NAME: Final = re.compile(r"(?!__)[_A-Za-z][_0-9A-Za-z]*")
_NO_ENUM_VALUES: Final = frozenset({"true", "false", "null"})
_REF: Final = "#/$defs/"
_NULL: Final = {"type": "null"}
# What says more of a value than GraphQL's types do.
_BEYOND: Final = frozenset(
    {"oneOf", "allOf", "not", "if", "patternProperties", "prefixItems", "propertyNames"}
)
_MAX_DESCRIPTION_CHARACTERS: Final = 1_000
_MAX_DEFAULT_CHARACTERS: Final = 200
_BITS_32: Final = range(MIN_INT, MAX_INT + 1)


class Scalars(NamedTuple):
    """The scalars of the API that an input's types use."""

    json: GraphQLScalarType
    number: GraphQLScalarType


class InputTypes:
    """Makes the types of one definition's input.

    Args:
        schema: the JSON Schema of the input.
        prefix: what the name of each type begins with: those of other definitions do not.
    """

    def __init__(self, schema: Json, *, prefix: str, scalars: Scalars) -> None:
        self._schema = schema
        self._scalars = scalars
        self._prefix = prefix
        self._parts = cast("Mapping[str, Any]", schema.get("$defs") or {})
        self._own_key = _key_of(schema)
        self._reserved = {self._name_of(key) for key in self._parts}
        self._taken: dict[str, GraphQLNamedType] = {}
        self._made: dict[str, GraphQLInputType] = {}  # of the parts, by their keys
        self._fields: dict[str, Fields] = {}  # of the objects that are whole

    def whole(self) -> GraphQLInputType:
        """The type of the input: it can be left out where no field is required."""
        if self._own_key is not None:
            node: Any = self._parts[self._own_key]
            made = self._part(self._own_key)
        else:
            node = self._schema
            made = self._object(node, f"{self._prefix}Input")
        is_required = bool(node.get("required")) and "default" not in self._schema
        if not is_required or made is self._scalars.json:
            return made
        return GraphQLNonNull(made)

    def _name_of(self, key: str) -> str:
        return f"{self._prefix}Input" if key == self._own_key else f"{self._prefix}_{key}"

    def _part(self, key: str) -> GraphQLInputType:
        """The type of a part of the schema that has a name."""
        if key in self._made:
            return self._made[key]
        node, name = self._parts.get(key), self._name_of(key)
        self._reserved.discard(name)
        if isinstance(node, dict) and node.get("type") == "object":
            return self._object(node, name, key=key)
        self._made[key] = self._scalars.json  # of a type that consists of itself
        self._made[key] = self._type(node, name)
        return self._made[key]

    def _object(self, node: Json, name: str, *, key: str | None = None) -> GraphQLInputType:
        if not _is_object(node) or not self._may_take(name):
            return self._keep(key, self._scalars.json)
        fields: dict[str, GraphQLInputField] = {}
        made = GraphQLInputObjectType(
            name, fields, description=_description_of(node) or None, out_type=as_given
        )
        self._taken[name] = made
        self._keep(key, made)  # before its fields, which may be of the same type
        required = cast("Sequence[str]", node.get("required") or ())
        for field, part in cast("Json", node["properties"]).items():
            fields[field] = self._field(part, f"{name}_{field}", is_required=field in required)
        self._fields[name] = fields
        return made

    def _keep(self, key: str | None, made: GraphQLInputType) -> GraphQLInputType:
        if key is not None:
            self._made[key] = made
        return made

    def _field(self, node: Any, place: str, *, is_required: bool) -> GraphQLInputField:
        made = self._type(node, place)
        node = node if isinstance(node, dict) else {}
        default = shown_default(made, node.get("default"), self._fields)
        words = self._words(node, made, has_default=default is not Undefined)
        # A chain of objects that each require the next, and the first one again, has no value.
        is_circular = isinstance(made, GraphQLInputObjectType) and made.name not in self._fields
        if is_required and not is_circular and not self._takes_null(node):
            return GraphQLInputField(GraphQLNonNull(made), description=words or None)
        return GraphQLInputField(
            made,
            default_value=default,
            description=words or None,
            deprecation_reason=_deprecation(node),
        )

    def _type(self, node: Any, place: str) -> GraphQLInputType:
        """The type of a value, null aside.

        Args:
            place: the name of a type that has none of its own.
        """
        if not isinstance(node, dict) or not _BEYOND.isdisjoint(node):
            return self._scalars.json
        if (key := _key_of(node)) is not None:
            return self._part(key)
        if "anyOf" in node:
            options = [each for each in node["anyOf"] if each != _NULL]
            return self._type(options[0], place) if len(options) == 1 else self._scalars.json
        if (values := _choice_of(node)) is not None:
            return self._choice(values, place, _description_of(node))
        return self._plain(node, place)

    def _plain(self, node: Json, place: str) -> GraphQLInputType:
        match node.get("type"):
            case "string":
                return GraphQLString
            case "boolean":
                return GraphQLBoolean
            case "integer":
                return GraphQLInt if _has_32_bits(node) else self._scalars.number
            case "number":
                return self._scalars.number
            case "array":
                return self._list(node.get("items"), place)
        return self._scalars.json

    def _list(self, items: Any, place: str) -> GraphQLInputType:
        made = self._type(items, place)
        if self._takes_null(items):
            return GraphQLList(made)
        return GraphQLList(GraphQLNonNull(made))

    def _choice(self, values: Sequence[Any], place: str, description: str) -> GraphQLInputType:
        """An enum, if its values can be those of one; else the type of them all."""
        given = [value for value in values if value is not None]
        if given and all(map(_is_enum_value, given)):
            return self._enum(place, given, description) or GraphQLString
        kinds = {type(value) for value in given}
        if kinds == {str}:
            return GraphQLString
        if kinds == {bool}:
            return GraphQLBoolean
        if kinds == {int} and all(value in _BITS_32 for value in given):
            return GraphQLInt
        return self._scalars.number if kinds and kinds <= {int, float} else self._scalars.json

    def _enum(self, name: str, values: Sequence[str], description: str) -> GraphQLEnumType | None:
        known = self._taken.get(name)
        if isinstance(known, GraphQLEnumType) and list(known.values) == list(values):
            return known
        if not self._may_take(name):
            return None
        made = GraphQLEnumType(
            name, {value: value for value in values}, description=description or None
        )
        self._taken[name] = made
        return made

    def _may_take(self, name: str) -> bool:
        is_free = name not in self._taken and name not in self._reserved
        return is_free and _is_name(name)

    def _words(self, node: Json, made: GraphQLInputType, *, has_default: bool) -> str:
        """What a field's schema says in words, and what its type does not say."""
        value = self._settled(node)
        is_named = isinstance(made, GraphQLInputObjectType | GraphQLEnumType)
        words = [_description_of(node) or ("" if is_named else _description_of(value))]
        if isinstance(form := value.get("format"), str):
            words.append(f"Format: {form}.")
        if (values := _choice_of(value)) is not None and not isinstance(made, GraphQLEnumType):
            words.append(f"One of: {', '.join(map(json.dumps, values))}.")
        if not has_default and node.get("default") is not None:
            shown = cut(json.dumps(node["default"]), _MAX_DEFAULT_CHARACTERS)
            words.append(f"By default: {shown}.")
        return cut("\n".join(filter(None, words)), _MAX_DESCRIPTION_CHARACTERS)

    def _settled(self, node: Json, *, most: int = 10) -> Json:
        """The schema of the value itself: behind references, and without null."""
        inner: Any = None
        if (key := _key_of(node)) is not None:
            inner = self._parts.get(key)
        elif isinstance(options := node.get("anyOf"), list):
            left = [each for each in options if each != _NULL]
            inner = left[0] if len(left) == 1 else None
        return self._settled(inner, most=most - 1) if most and isinstance(inner, dict) else node

    def _takes_null(self, node: Any, seen: frozenset[str] = frozenset()) -> bool:
        """Whether null is a value of it, for all that its schema says."""
        if not isinstance(node, dict):
            return True
        if (key := _key_of(node)) is not None:
            return key in seen or self._takes_null(self._parts.get(key), seen | {key})
        for word in ("anyOf", "oneOf"):
            if word in node:
                return any(self._takes_null(each, seen) for each in node[word])
        if (values := _choice_of(node)) is not None:
            return None in values
        return node.get("type") in (None, "null")


def _key_of(node: Mapping[str, Any]) -> str | None:
    """The name of the part that a schema refers to."""
    ref = node.get("$ref")
    is_part = isinstance(ref, str) and ref.startswith(_REF)
    return str(ref).removeprefix(_REF) if is_part else None


def _choice_of(node: Mapping[str, Any]) -> Sequence[Any] | None:
    if "const" in node:
        return [node["const"]]
    values = node.get("enum")
    return values if isinstance(values, list) else None


def _is_object(node: Mapping[str, Any]) -> bool:
    """Whether it is an object of known fields alone, each with a name that GraphQL takes."""
    fields = node.get("properties")
    is_closed = node.get("additionalProperties", False) is False and _BEYOND.isdisjoint(node)
    return is_closed and isinstance(fields, dict) and bool(fields) and all(map(_is_name, fields))


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def _is_enum_value(value: object) -> bool:
    return isinstance(value, str) and _is_name(value) and value not in _NO_ENUM_VALUES


def _has_32_bits(node: Mapping[str, Any]) -> bool:
    """Whether a whole number always is one of GraphQL's `Int`."""
    least = node.get("minimum", node.get("exclusiveMinimum"))
    most = node.get("maximum", node.get("exclusiveMaximum"))
    return all(isinstance(each, int) and each in _BITS_32 for each in (least, most))


def _description_of(node: Mapping[str, Any]) -> str:
    text = node.get("description")
    return cut(text, _MAX_DESCRIPTION_CHARACTERS) if isinstance(text, str) else ""


def _deprecation(node: Mapping[str, Any]) -> str | None:
    return "It is deprecated." if node.get("deprecated") is True else None
