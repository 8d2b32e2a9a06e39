"""The API Lambda's entry: GraphQL over an HTTP API's events, format 2.0; and the open routes."""

import base64
import functools
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, TypeGuard

from handler import graphiql, signal_requests
from handler.contract import ErrorCode
from handler.definition import Registry
from handler.errors import EngineSignal, InvalidInput, RequestError
from handler.graphql import (
    MAX_ANSWER_BYTES,
    Budget,
    Policy,
    Request,
    Schemas,
    errors_of,
    execute,
    identity_of,
    locale_of,
    size_in_response,
    told,
    too_large,
    too_many,
    user_agent_of,
)
from handler.record import Json, to_shown_json
from handler.runtime import LambdaContext, about_invocation, logger, parts, system

log = logger()
# Ariadne logs every invalid request as an error with its trace. Here it is the caller's, who is
# answered.
logging.getLogger("ariadne").setLevel(logging.CRITICAL)

# Lambda quotas, "Invocation payload": 6 MB, of the whole event, in which each quotation mark of the
# body takes two bytes. The local AWS would take more.
_MAX_BODY_BYTES: Final = 5_000_000
# As many as Apollo's batch link sends at once by default.
_MAX_OPERATIONS: Final = 10

# The statuses of HTTP that errors of a whole request have, by their codes.
_STATUSES: Final[dict[str | None, int]] = {
    ErrorCode.SECURITY_NOT_AUTHORIZED: 403,
    ErrorCode.REQUEST_TOO_LARGE: 413,
}
_WHAT_TO_SEND: Final = 'Send JSON: {"query": "...", "variables": {...}}, or a list of these.'


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
        return _response(status, _strict_json(errors_of(failure.message, failure.code)))


def _answer(event: Mapping[str, Any], context: LambdaContext, request_id: str) -> Json:
    # API Gateway says which route it was. These have no authorizer: nothing else is done for them.
    route = event.get("routeKey") if isinstance(event, Mapping) else None
    if route in graphiql.ROUTES:
        return graphiql.answer(event)
    if route in signal_requests.ROUTES:
        urls = system(context, runs_hooks=False).signal_urls
        return signal_requests.answer(event, urls, request_id=request_id)
    return _answer_graphql(event, context, request_id)


def _answer_graphql(event: Mapping[str, Any], context: LambdaContext, request_id: str) -> Json:
    sent = _sent(event)
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    caller = event.get("requestContext") or {}
    settings = parts().settings
    policy = Policy.of(settings.api_access, tenant_claim=settings.jwt_tenant_claim)
    tenant, access = policy.access_of(caller, asked=headers.get("x-tenant"))
    request = Request(
        tasks=system(context, runs_hooks=False).tasks,
        identity=identity_of(caller),
        access=access,
        tenant=tenant,
        locale=locale_of(headers),
        id=request_id,
        user_agent=user_agent_of(caller),
        remaining=lambda: context.get_remaining_time_in_millis() / 1_000,
    )
    if isinstance(sent, list):
        return _response(200, "[" + ",".join(_answers_of(sent, request)) + "]")
    return _response(200, _answer_to(sent, request))


def _answers_of(batch: list[object], request: Request) -> Iterator[str]:
    """The answers to the operations of a batch, one by one: each on its own, in their order."""
    left = MAX_ANSWER_BYTES
    for sent in batch:
        budget = Budget(request.budget.counts, max_bytes=max(left, 0))
        answer = _answer_to(sent, replace(request, budget=budget))
        left -= size_in_response(answer) + 1
        yield answer


def _answer_to(sent: object, request: Request) -> str:
    """What GraphQL answers to an operation, as JSON that an answer has room for."""
    if not _is_operation(sent):
        problem = f'This is no operation: it has no "query". {_WHAT_TO_SEND}'
        return json.dumps(errors_of(problem, ErrorCode.VALIDATION_FAILED))
    registry = parts().registry
    answer = execute(
        _schema(registry),
        sent,
        request,
        problems=registry.problems,
        introspection=parts().settings.introspection,
    )
    errors: Any = answer.get("errors") or []
    details = {"operation": sent.get("operationName"), "errors": len(errors)}
    log.info("request", extra={"action": "api_request", "request_id": request.id, **details})
    text = _strict_json(answer)
    if size_in_response(text) > request.budget.max_bytes:
        message = too_many("bytes", MAX_ANSWER_BYTES)
        return json.dumps(errors_of(message, ErrorCode.REQUEST_TOO_LARGE))
    return text


def _request_id(event: object, context: LambdaContext) -> str:
    """API Gateway's own: the caller gets it as a header, and the access log has it."""
    found = event.get("requestContext") if isinstance(event, Mapping) else None
    id = found.get("requestId") if isinstance(found, Mapping) else None
    return id if isinstance(id, str) and id else context.aws_request_id


@functools.lru_cache(maxsize=1)
def _schema(registry: Registry) -> Schemas:
    return Schemas(tuple(definition for definition in registry if not definition.private))


def _sent(event: Mapping[str, Any]) -> Json | list[object]:
    """The operation that a body has, or the list of those of a batch: of anything."""
    body = event.get("body") or ""
    if len(body) > _MAX_BODY_BYTES:
        raise too_large(
            f"The body has {len(body):,} bytes; it may have {_MAX_BODY_BYTES:,}."
            " Next: keep a large input in S3, and send its name."
        )
    try:
        text = base64.b64decode(body) if event.get("isBase64Encoded") else body
        sent = json.loads(text, parse_constant=_not_json)
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInput(f"The body is not JSON. {_WHAT_TO_SEND}") from error
    if isinstance(sent, list) and sent:
        if len(sent) > _MAX_OPERATIONS:
            raise too_large(
                f"The batch has {len(sent):,} operations; it may have {_MAX_OPERATIONS}."
                " Next: send them in several requests."
            )
        return sent
    if _is_operation(sent):
        return sent
    raise InvalidInput(f'The body has no "query". {_WHAT_TO_SEND}')


def _is_operation(sent: object) -> TypeGuard[Json]:
    return isinstance(sent, dict) and isinstance(sent.get("query"), str)


def _not_json(constant: str) -> None:
    """Python reads `NaN` and `Infinity`, which are not JSON."""
    raise ValueError(constant)


def _response(status: int, body: str) -> Json:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": body}


def _strict_json(body: object) -> str:
    """`body` as JSON that every parser takes: without NaN, Infinity and halves of characters."""
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError):
        return json.dumps(to_shown_json(body), allow_nan=False)
    return json.dumps(body)
