"""How an HTTP API treats a request before it reaches the function.

It invokes a function only if the function's policy allows it: on AWS, a request without that
permission gets status 500, `Internal Server Error` (API Gateway developer guide, "Create AWS Lambda
proxy integrations for HTTP APIs"). ministack invokes anyway.

It answers a browser's preflight itself, without authorisation (API Gateway developer guide,
"Configure CORS for HTTP APIs"). ministack asks for a signature, which no browser sends.
"""

import json
from collections.abc import Awaitable
from typing import Any

from local.aws.executions import function_arn
from local.aws.patch import Original, module, replace
from local.aws.permissions import function_allows

Response = tuple[int, dict[str, str], bytes]

_SERVICE = "apigateway.amazonaws.com"


def apply() -> None:
    """Checks the permission before each invocation, and no signature of a preflight."""
    replace(module("services.apigateway"), "_invoke_lambda_proxy", _if_allowed)
    replace(module("app"), "_enforce_execute_api", _unless_preflight)


def _unless_preflight(enforce: Original) -> Original:
    def checked(api_id: str, stage: str, method: str, *more: Any, **named: Any) -> Any:
        return None if method == "OPTIONS" else enforce(api_id, stage, method, *more, **named)

    return checked


def _if_allowed(invoke: Original) -> Original:
    async def checked(
        integration: dict[str, Any],
        api_id: str,
        stage: str,
        path: str,
        method: str,
        *more: Any,
        **named: Any,
    ) -> Response:
        reference = module("services.apigateway")._extract_lambda_ref_from_integration_uri(
            integration["integrationUri"]
        )
        source = _source_arn(api_id, stage, method, path)
        if not function_allows(function_arn(reference), _SERVICE, source):
            return (
                500,
                {"Content-Type": "application/json"},
                json.dumps({"message": "Internal Server Error"}).encode(),
            )
        response: Awaitable[Response] = invoke(
            integration, api_id, stage, path, method, *more, **named
        )
        return await response

    return checked


def _source_arn(api_id: str, stage: str, method: str, path: str) -> str:
    responses = module("core.responses")
    arn: str = module("core.arn").execute_api_arn(
        responses.get_region(), responses.get_account_id(), api_id, stage, method, path
    )
    return arn
