"""Calls the GraphQL API with signed requests, as a client with AWS credentials does."""

from collections.abc import Mapping
from typing import Any

from botocore.credentials import Credentials

from handler.client import Client, Iam
from handler.contract import DEFAULT_TENANT
from handler.errors import ApiUnavailable, BackgroundTaskError
from local.access import Access
from local.errors import LocalError


class GraphqlFailed(LocalError):
    """The API did not answer, refused the request, or returned errors."""


def execute(
    access: Access,
    url: str,
    document: str,
    variables: Mapping[str, object] | None = None,
    *,
    tenant: str = DEFAULT_TENANT,
) -> dict[str, Any]:
    """Runs a GraphQL document for a tenant and returns its `data`. It is sent once.

    Raises:
        GraphqlFailed: no response, a status other than 200, or `errors` in the response.
    """
    key = Credentials(access.access_key_id, access.secret_access_key)
    client = Client(url, Iam(key, region=access.region), tenant=tenant, attempts=1)
    try:
        return client.graphql(document, variables)
    except ApiUnavailable as error:
        advice = "Is the local AWS still up? Start it: python -m local up"
        raise GraphqlFailed(f"{error} {advice}") from error
    except BackgroundTaskError as error:
        raise GraphqlFailed(str(error)) from error
