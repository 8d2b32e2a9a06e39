"""The API Lambda's entry: GraphQL over an HTTP API's events, format 2.0; and URLs of signals."""

import base64
import functools
import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from handler import signal_requests
from handler.contract import DEFAULT_LOCALE, ErrorCode
from handler.definition import Registry
from handler.errors import EngineSignal, InvalidInput, RequestError
from handler.graphql import (
    MAX_ANSWER_BYTES,
    Request,
    Schemas,
    errors_of,
    execute,
    identity_of,
    size_in_response,
    tenant_of,
    told,
    too_many,
)
from handler.record import Json, to_shown_json
from handler.runtime import LambdaContext, about_invocation, logger, parts, system

log = logger()
# Ariadne logs every invalid request as an error with its trace. Here it is the caller's, who is
# answered.
logging.getLogger("ariadne").setLevel(logging.CRITICAL)

# Lambda quotas, "Invocation payload": 6 MB. The local AWS would take more.
_MAX_BODY_BYTES: Final = 6 * 1024 * 1024

# The statuses of HTTP that errors of a whole request have, by their codes.
_STATUSES: Final[dict[str | None, int]] = {
    ErrorCode.SECURITY_NOT_AUTHORIZED: 403,
    ErrorCode.REQUEST_TOO_LARGE: 413,
}
_WHAT_TO_SEND: Final = 'Send JSON: {"query": "...", "variables": {...}}.'


def handler(event: Mapping[str, Any], context: LambdaContext) -> Json:
    """Answers one request: 200 with what GraphQL says, 400 when the body is not GraphQL.

    Whatever happens, the answer is JSON: 403 for another tenant than the token's, 413 for a body
    that is too large, 500 for what is no fault of the request.
    """
    request_id = _request_id(event, context)
    with about_invocation(request_id):
        return _answered(event, context, request_id)


def _answered(event: Mapping[str, Any], context: LambdaContext, request_id: str) -> Json:
    try:
        return _answer(event, context, request_id)
    except (EngineSignal, KeyboardInterrupt):
        raise
    except BaseException as error:
        failure = told(error, request_id=request_id)
        status = _STATUSES.get(failure.code, 400 if isinstance(error, RequestError) else 500)
        details = {"request_id": request_id, "code": failure.code, "status": status}
        log.warning("request refused", extra={"action": "api_request", **details})
        return _response(status, errors_of(failure.message, failure.code))


def _answer(event: Mapping[str, Any], context: LambdaContext, request_id: str) -> Json:
    # API Gateway says which route it was. These have no authorizer: nothing else is done for them.
    if isinstance(event, Mapping) and event.get("routeKey") in signal_requests.ROUTES:
        urls = system(context, runs_hooks=False).signal_urls
        return signal_requests.answer(event, urls, request_id=request_id)
    return _answer_graphql(event, context, request_id)


def _answer_graphql(event: Mapping[str, Any], context: LambdaContext, request_id: str) -> Json:
    query = _query_of(event)
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    caller = event.get("requestContext") or {}
    claim = parts().settings.jwt_tenant_claim
    request = Request(
        tasks=system(context, runs_hooks=False).tasks,
        identity=identity_of(caller),
        tenant=tenant_of(caller, asked=headers.get("x-tenant"), claim=claim),
        locale=headers.get("x-i18n-locale") or DEFAULT_LOCALE,
        id=request_id,
        is_bound=bool(claim),
        remaining=lambda: context.get_remaining_time_in_millis() / 1_000,
    )
    registry = parts().registry
    answer = execute(_schema(registry), query, request, problems=registry.problems)
    errors = answer.get("errors") or []
    details = {"operation": query.get("operationName"), "errors": len(errors)}  # type: ignore[arg-type]
    log.info("request", extra={"action": "api_request", "request_id": request_id, **details})
    return _response(200, answer)


def _request_id(event: object, context: LambdaContext) -> str:
    """API Gateway's own: the caller gets it as a header, and the access log has it."""
    found = event.get("requestContext") if isinstance(event, Mapping) else None
    id = found.get("requestId") if isinstance(found, Mapping) else None
    return id if isinstance(id, str) and id else context.aws_request_id


@functools.lru_cache(maxsize=1)
def _schema(registry: Registry) -> Schemas:
    return Schemas(tuple(definition for definition in registry if not definition.private))


def _query_of(event: Mapping[str, Any]) -> Json:
    body = event.get("body") or ""
    if len(body) > _MAX_BODY_BYTES:
        raise InvalidInput(
            f"The body has {len(body):,} bytes; it may have {_MAX_BODY_BYTES:,}.",
            code=ErrorCode.REQUEST_TOO_LARGE,
        )
    try:
        text = base64.b64decode(body) if event.get("isBase64Encoded") else body
        query = json.loads(text, parse_constant=_not_json)
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInput(f"The body is not JSON. {_WHAT_TO_SEND}") from error
    if isinstance(query, dict) and isinstance(query.get("query"), str):
        return query
    raise InvalidInput(f'The body has no "query". {_WHAT_TO_SEND}')


def _not_json(constant: str) -> None:
    """Python reads `NaN` and `Infinity`, which are not JSON."""
    raise ValueError(constant)


def _response(status: int, body: object) -> Json:
    text = _strict_json(body)
    if size_in_response(text) > MAX_ANSWER_BYTES:
        message = too_many("bytes", MAX_ANSWER_BYTES)
        text = json.dumps(errors_of(message, ErrorCode.REQUEST_TOO_LARGE))
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
