"""The API Lambda's entry: GraphQL over an HTTP API's events, format 2.0."""

import base64
import functools
import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from graphql import GraphQLSchema

from handler.contract import DEFAULT_LOCALE, DEFAULT_TENANT
from handler.definition import Registry
from handler.graphql import Request, execute, make_schema
from handler.record import Identity, Json, to_shown_json
from handler.runtime import LambdaContext, logger, parts, system

log = logger()
# Ariadne logs every invalid request as an error with its trace. Here it is the caller's, who is
# answered.
logging.getLogger("ariadne").setLevel(logging.CRITICAL)

# Lambda quotas, "Invocation payload": 6 MB, of which the envelope takes some.
_MAX_RESPONSE_BYTES: Final = 5_900_000

_ANONYMOUS: Final = Identity(id="anonymous", display_name="Anonymous", type="anonymous")


def handler(event: Mapping[str, Any], context: LambdaContext) -> Json:
    """Answers one request: 200 with what GraphQL says, 400 when the body is not GraphQL."""
    try:
        query = _query_of(event)
    except ValueError as error:
        message = f'{error} Send JSON: {{"query": "...", "variables": {{...}}}}.'
        return _response(400, {"errors": [{"message": message}]})
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    request = Request(
        tasks=system(context, runs_hooks=False).tasks,
        identity=_identity(event.get("requestContext") or {}),
        tenant=headers.get("x-tenant") or DEFAULT_TENANT,
        locale=headers.get("x-i18n-locale") or DEFAULT_LOCALE,
    )
    registry = parts().registry
    answer = execute(_schema(registry), query, request, problems=registry.problems)
    errors = answer.get("errors") or []
    details = {"operation": query.get("operationName"), "errors": len(errors)}  # type: ignore[arg-type]
    log.info("request", extra={"action": "api_request", **details})
    return _response(200, answer)


@functools.lru_cache(maxsize=1)
def _schema(registry: Registry) -> GraphQLSchema:
    return make_schema(tuple(definition for definition in registry if not definition.private))


def _query_of(event: Mapping[str, Any]) -> Json:
    body = event.get("body") or ""
    try:
        text = base64.b64decode(body) if event.get("isBase64Encoded") else body
        query = json.loads(text, parse_constant=_not_json)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError("The body is not JSON.") from error
    if isinstance(query, dict) and isinstance(query.get("query"), str):
        return query
    raise ValueError('The body has no "query".')


def _not_json(constant: str) -> None:
    """Python reads `NaN` and `Infinity`, which are not JSON."""
    raise ValueError(constant)


def _identity(request: Mapping[str, Any]) -> Identity:
    """Who signed the request: an IAM principal, or the subject of a JWT."""
    authorizer = request.get("authorizer") or {}
    if arn := (authorizer.get("iam") or {}).get("userArn"):
        return Identity(id=arn, display_name=arn.rpartition("/")[2] or arn, type="iam")
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    if subject := claims.get("sub"):
        name = claims.get("name") or claims.get("email") or subject
        return Identity(id=subject, display_name=name, type="jwt")
    return _ANONYMOUS


def _response(status: int, body: object) -> Json:
    text = _strict_json(body)
    if len(text) > _MAX_RESPONSE_BYTES:
        message = (
            f"The answer has {len(text):,} bytes; Lambda returns {_MAX_RESPONSE_BYTES:,}. "
            "Ask for fewer tasks or fields."
        )
        text = json.dumps({"data": None, "errors": [{"message": message}]})
    headers = {"content-type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": text}


def _strict_json(body: object) -> str:
    """`body` as JSON that every parser takes: without NaN, Infinity and halves of characters."""
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError):
        return json.dumps(to_shown_json(body), allow_nan=False)
    return json.dumps(body)
