"""The GraphQL schema and its resolvers. What may be done to a task is decided in `lifecycle`."""

from handler.graphql.access import Policy
from handler.graphql.budget import MAX_ANSWER_BYTES, Budget, size_in_response, too_many
from handler.graphql.caller import identity_of, user_agent_of
from handler.graphql.error_answers import told
from handler.graphql.limits import too_large
from handler.graphql.locales import locale_of
from handler.graphql.request import Request
from handler.graphql.schema import Schemas, errors_of, execute

__all__ = [
    "MAX_ANSWER_BYTES",
    "Budget",
    "Policy",
    "Request",
    "Schemas",
    "errors_of",
    "execute",
    "identity_of",
    "locale_of",
    "size_in_response",
    "told",
    "too_large",
    "too_many",
    "user_agent_of",
]
