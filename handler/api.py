"""The API Lambda's entry: GraphQL over an HTTP API's events, format 2.0."""

import base64
import binascii
import functools
import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from ariadne import format_error, graphql_sync
from graphql import GraphQLError, GraphQLSchema

from handler.contract import DEFAULT_LOCALE, DEFAULT_TENANT
from handler.graphql.tasks import DEFINITION_ENUM, Request, make_schema
from handler.record.task_record import Identity, Json
from handler.runtime import LambdaContext, log, remaining_of
from handler.wiring import system

# Ariadne logs every request that doesn't validate as an error with its trace; here it is the
# caller's, who is told.
logging.getLogger("ariadne").setLevel(logging.CRITICAL)

# Lambda quotas, "Invocation payload": 6 MB, of which the envelope takes some.
_LARGEST_RESPONSE: Final = 5_900_000

_ANONYMOUS: Final = Identity(id="anonymous", display_name="Anonymous", type="anonymous")


def handler(event: Mapping[str, Any], context: LambdaContext) -> Json:
    """Answers one request: 200 with what GraphQL says, 400 when the body is no GraphQL request."""
    try:
        query = _query_of(event)
    except ValueError as error:
        return _response(
            400,
            {
                "errors": [
                    {"message": f'{error} Send JSON: {{"query": "...", "variables": {{...}}}}.'}
                ]
            },
        )
    tasks = system(remaining=remaining_of(context), runs_hooks=False).tasks
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    request = Request(
        tasks=tasks,
        identity=_identity(event.get("requestContext") or {}),
        tenant=headers.get("x-tenant") or DEFAULT_TENANT,
        locale=headers.get("x-i18n-locale") or DEFAULT_LOCALE,
    )
    _, answer = graphql_sync(_schema(), query, context_value=request, error_formatter=_shown_error)
    log.info(
        "request",
        extra={
            "action": "api_request",
            "operation": query.get("operationName"),
            "errors": len(answer.get("errors", [])),
        },
    )
    return _response(200, answer)


@functools.cache
def _schema() -> GraphQLSchema:
    return make_schema(system(remaining=lambda: 0.0).tasks.definitions())


def _shown_error(error: GraphQLError, debug: bool = False) -> dict[str, Any]:
    """The error as GraphQL has it; one of an unknown definition says which ones there are."""
    shown = format_error(error, debug)
    if DEFINITION_ENUM in error.message:
        ids = ", ".join(
            definition.id for definition in system(remaining=lambda: 0.0).tasks.definitions()
        )
        shown["message"] = f"{error.message} The definitions that can be triggered are: {ids}."
    return shown


def _query_of(event: Mapping[str, Any]) -> Json:
    body = event.get("body") or ""
    try:
        text = base64.b64decode(body) if event.get("isBase64Encoded") else body
        query = json.loads(text)
    except (binascii.Error, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError("The body is no JSON.") from error
    if isinstance(query, dict) and isinstance(query.get("query"), str):
        return query
    raise ValueError('The body has no "query".')


def _identity(request: Mapping[str, Any]) -> Identity:
    """Who signed the request: an IAM principal, or the subject of a JWT."""
    authorizer = request.get("authorizer") or {}
    if arn := (authorizer.get("iam") or {}).get("userArn"):
        return Identity(id=arn, display_name=arn.rpartition("/")[2] or arn, type="iam")
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    if subject := claims.get("sub"):
        return Identity(
            id=subject,
            display_name=claims.get("name") or claims.get("email") or subject,
            type="jwt",
        )
    return _ANONYMOUS


def _response(status: int, body: object) -> Json:
    text = json.dumps(body)
    if len(text) > _LARGEST_RESPONSE:
        message = (
            f"The answer has {len(text):,} bytes; Lambda returns {_LARGEST_RESPONSE:,}. Ask for"
            " fewer tasks or fields."
        )
        text = json.dumps({"data": None, "errors": [{"message": message}]})
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": text}
