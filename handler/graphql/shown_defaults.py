"""Defaults that a schema shows, and that nobody fills in: what is left out is the model's to fill.

GraphQL fills in a default of its schema, and then no one can tell what the caller has left out. A
default of an input's model is told by the schema, and kept apart by its type: `as_given` takes it
out again.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLString,
    Undefined,
)

MAX_INT = 2**31 - 1
MIN_INT = -(2**31)

Fields = Mapping[str, GraphQLInputField]


class _Shown:
    """Marks a value as a default of the schema."""


class _Text(str, _Shown):
    __slots__ = ()


class _Whole(int, _Shown):
    pass


class _Float(float, _Shown):
    pass


class _List(list[Any], _Shown):
    pass


class _Object(dict[str, Any], _Shown):
    pass


def as_given(coerced: Mapping[str, Any]) -> dict[str, Any]:
    """An object as the caller has given it, without what the schema has filled in."""
    return {name: value for name, value in coerced.items() if not isinstance(value, _Shown)}


def shown_default(kind: GraphQLInputType, value: Any, fields: Mapping[str, Fields]) -> Any:
    """A default, which is JSON, as the schema can show it; `Undefined` where GraphQL can't.

    Args:
        fields: those of the input objects that are made, by the objects' names.
    """
    if value is None or not _is_of(kind, value, fields):
        return Undefined
    if isinstance(value, bool | int):
        return _Whole(value)  # a bool has no subclass: GraphQL writes 1 as true
    if isinstance(value, float):
        return _Float(value)
    if isinstance(value, str):
        return _Text(value)
    return _List(value) if isinstance(value, list) else _Object(value)


def _is_of(kind: GraphQLInputType, value: Any, fields: Mapping[str, Fields]) -> bool:
    """Whether GraphQL can write a value of JSON as one of a type."""
    if isinstance(kind, GraphQLNonNull):
        return value is not None and _is_of(kind.of_type, value, fields)
    if value is None:
        return True
    if isinstance(kind, GraphQLList):
        return isinstance(value, list) and all(_is_of(kind.of_type, each, fields) for each in value)
    if isinstance(kind, GraphQLInputObjectType):
        known = fields.get(kind.name)  # one that is being made has its default told in words
        return isinstance(value, dict) and known is not None and _has(known, value, fields)
    if isinstance(kind, GraphQLEnumType):
        return isinstance(value, str) and value in kind.values
    return isinstance(kind, GraphQLScalarType) and _is_of_scalar(kind, value)


def _has(known: Fields, value: Mapping[str, Any], fields: Mapping[str, Fields]) -> bool:
    is_whole = all(
        name in value or not isinstance(field.type, GraphQLNonNull) for name, field in known.items()
    )
    return is_whole and all(
        name in known and _is_of(known[name].type, part, fields) for name, part in value.items()
    )


def _is_of_scalar(kind: GraphQLScalarType, value: Any) -> bool:
    is_bool = isinstance(value, bool)
    if kind is GraphQLBoolean:
        return is_bool
    if kind is GraphQLString:
        return isinstance(value, str)
    if is_bool or not isinstance(value, int | float):
        return False
    if kind is GraphQLInt:
        return isinstance(value, int) and MIN_INT <= value <= MAX_INT
    return isinstance(value, int) or isfinite(value)
