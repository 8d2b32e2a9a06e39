"""The GraphQL schema and its resolvers. What may be done to a task is decided in `lifecycle`."""

from handler.graphql.budget import MAX_ANSWER_BYTES, size_in_response, too_many
from handler.graphql.caller import identity_of, tenant_of
from handler.graphql.error_answers import told
from handler.graphql.request import Request
from handler.graphql.schema import Schemas, errors_of, execute

__all__ = [
    "MAX_ANSWER_BYTES",
    "Request",
    "Schemas",
    "errors_of",
    "execute",
    "identity_of",
    "size_in_response",
    "tenant_of",
    "told",
    "too_many",
]
