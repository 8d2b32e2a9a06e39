"""How an HTTP API looks at a token, beside what ministack looks at itself.

ministack asks for a key of the issuer's set that has signed it (RS256), for issuer, audience and
the scopes of the route. API Gateway also asks that `exp` lie ahead, so that there is one, and says
in the header `www-authenticate` that a token was the reason (API Gateway developer guide, "Control
access to HTTP APIs with JWT authorizers" and "Troubleshooting issues with HTTP API JWT
authorizers"). A token whose times are no numbers gets 500 of ministack.
"""

from typing import Any

from local.aws.patch import Original, module, replace

Checked = tuple[dict[str, Any] | None, list[str] | None, Any]

_TIMES = ("exp", "nbf", "iat")
_REFUSED = 'Bearer scope="" error="invalid_token"'


def apply() -> None:
    """Checks the times of a token, and says why it was refused."""
    replace(module("services.apigateway"), "_validate_jwt_authorizer", _with_times)


def _with_times(validate: Original) -> Original:
    async def checked(*arguments: Any, **named: Any) -> Checked:
        try:
            claims, scopes, error = await validate(*arguments, **named)
        except (
            ValueError,
            TypeError,
            AttributeError,
        ):  # a time that is no number, a list of claims
            claims, scopes, error = None, None, module("services.apigateway")._jwt_unauthorized()
        if error is None and not _has_an_end(claims):
            error = module("services.apigateway")._jwt_unauthorized()
        return (claims, scopes, None) if error is None else (None, None, _explained(error))

    return checked


def _has_an_end(claims: dict[str, Any]) -> bool:
    times = [claims[name] for name in _TIMES if name in claims]
    return "exp" in claims and all(type(time) in (int, float) for time in times)


def _explained(error: Any) -> Any:
    status, headers, body = error
    return status, {**headers, "www-authenticate": _REFUSED}, body
