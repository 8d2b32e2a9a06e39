"""The GraphQL schema and its resolvers. What may be done to a task is decided in `lifecycle`."""

from handler.graphql.schema import execute, make_schema
from handler.graphql.types import Request

__all__ = [
    "Request",
    "execute",
    "make_schema",
]
