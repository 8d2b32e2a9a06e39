"""Keeps the schemas that the API makes, for tests that give each request definitions of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from ariadne import SchemaBindable, make_executable_schema
from graphql import GraphQLSchema

_made: dict[tuple[str, ...], GraphQLSchema] = {}


@contextmanager
def kept_schemas() -> Iterator[None]:
    """In the block, one schema is made of the same texts. The API itself keeps the last one."""
    with mock.patch("handler.graphql.schema.make_executable_schema", _make):
        yield


def _make(texts: list[str], *types: SchemaBindable) -> GraphQLSchema:
    key = tuple(texts)
    if key not in _made:
        _made[key] = make_executable_schema(texts, *types)
    return _made[key]
