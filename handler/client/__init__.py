"""A client of the GraphQL API, for programs that don't have the tasks' code.

It needs botocore, but no boto3 client, no table and no environment:
`from handler.client import Client`.
"""

from handler.client.answers import DefinitionSummary
from handler.client.auth import Auth, Iam
from handler.client.client import Client

__all__ = [
    "Auth",
    "Client",
    "DefinitionSummary",
    "Iam",
]
