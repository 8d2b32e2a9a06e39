"""Calls the GraphQL API with signed requests, as a client with AWS credentials does."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from handler.contract import DEFAULT_TENANT
from local.access import Access
from local.errors import LocalError
from local.loopback import send

_TIMEOUT_SECONDS = 35  # the API Lambda has 30


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
    """Runs a GraphQL document for a tenant and returns its `data`.

    Raises:
        GraphqlFailed: no response, a status other than 200, or `errors` in the response.
    """
    body = json.dumps({"query": document, "variables": dict(variables or {})}).encode()
    response: dict[str, Any] = json.loads(_post(_signed(access, url, body, tenant)))
    if errors := response.get("errors"):
        raise GraphqlFailed("GraphQL errors: " + "; ".join(error["message"] for error in errors))
    data: dict[str, Any] = response["data"]
    return data


def _signed(access: Access, url: str, body: bytes, tenant: str) -> Request:
    headers = {"Content-Type": "application/json", "x-tenant": tenant}
    request = AWSRequest("POST", url, data=body, headers=headers)
    SigV4Auth(
        Credentials(access.access_key_id, access.secret_access_key), "execute-api", access.region
    ).add_auth(request)
    return Request(url, data=body, headers=dict(request.headers.items()), method="POST")


def _post(request: Request) -> bytes:
    try:
        with send(request, timeout_seconds=_TIMEOUT_SECONDS) as response:
            return response.read()
    except URLError as error:
        if not isinstance(error, HTTPError):
            raise GraphqlFailed(
                f"{request.full_url} does not answer ({error.reason}). Is the local AWS"
                " still up? Start it: python -m local up"
            ) from error
        raise GraphqlFailed(
            f"{request.full_url} answered {error.code}: {error.read().decode(errors='replace')}"
        ) from error
