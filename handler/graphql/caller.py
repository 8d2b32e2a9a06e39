"""Who asks, and from where: what API Gateway says of a request (payload format 2.0)."""

from collections.abc import Mapping
from typing import Any, Final

from handler.record import Identity

ANONYMOUS: Final = "anonymous"
_ANONYMOUS: Final = Identity(id=ANONYMOUS, display_name="Anonymous", type=ANONYMOUS)


def identity_of(request: Mapping[str, Any]) -> Identity:
    """Who signed the request: an IAM principal, or the subject of a JWT; and from which address."""
    address = str(_http(request).get("sourceIp") or "")
    return _identity_of(request).from_source(address)


def user_agent_of(request: Mapping[str, Any]) -> str:
    """The program that has sent it, as it says itself."""
    return str(_http(request).get("userAgent") or "")


def _identity_of(request: Mapping[str, Any]) -> Identity:
    if arn := ((request.get("authorizer") or {}).get("iam") or {}).get("userArn"):
        return Identity(id=arn, display_name=arn.rpartition("/")[2] or arn, type="iam")
    claims = _claims(request)
    if subject := claims.get("sub"):
        name = claims.get("name") or claims.get("email") or subject
        return Identity(id=subject, display_name=name, type="jwt")
    return _ANONYMOUS


def _http(request: Mapping[str, Any]) -> Mapping[str, Any]:
    return request.get("http") or {}


def _claims(request: Mapping[str, Any]) -> Mapping[str, Any]:
    return ((request.get("authorizer") or {}).get("jwt") or {}).get("claims") or {}
