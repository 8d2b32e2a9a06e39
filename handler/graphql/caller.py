"""Who asks, and for which tenant: what API Gateway says of a request (payload format 2.0)."""

from collections.abc import Mapping
from typing import Any, Final

from handler.contract import DEFAULT_TENANT, ErrorCode
from handler.errors import Refused
from handler.record import Identity, cut, to_text

_ANONYMOUS: Final = Identity(id="anonymous", display_name="Anonymous", type="anonymous")
_MAX_SHOWN_CHARACTERS: Final = 60


def identity_of(request: Mapping[str, Any]) -> Identity:
    """Who signed the request: an IAM principal, or the subject of a JWT."""
    if arn := ((request.get("authorizer") or {}).get("iam") or {}).get("userArn"):
        return Identity(id=arn, display_name=arn.rpartition("/")[2] or arn, type="iam")
    claims = _claims(request)
    if subject := claims.get("sub"):
        name = claims.get("name") or claims.get("email") or subject
        return Identity(id=subject, display_name=name, type="jwt")
    return _ANONYMOUS


def tenant_of(request: Mapping[str, Any], *, asked: str | None, claim: str) -> str:
    """The tenant whose tasks the request is about.

    Args:
        asked: the header `x-tenant`.
        claim: the claim of the JWT that names the tenant. The header may only agree with it;
            without a claim, the header decides.

    Raises:
        Refused: the token has no such claim, or the header says another tenant.
    """
    if not claim:
        return asked or DEFAULT_TENANT
    own = _claims(request).get(claim)
    if not isinstance(own, str) or not own:
        raise _not_authorized(f'The token has no claim "{claim}", which names its tenant.')
    if asked not in (None, "", own):
        shown = cut(to_text(asked), _MAX_SHOWN_CHARACTERS)
        raise _not_authorized(
            f'The token is of another tenant than "{shown}". Next: leave out the header x-tenant.'
        )
    return own


def _claims(request: Mapping[str, Any]) -> Mapping[str, Any]:
    return ((request.get("authorizer") or {}).get("jwt") or {}).get("claims") or {}


def _not_authorized(message: str) -> Refused:
    return Refused(f"Not authorized! {message}", code=ErrorCode.SECURITY_NOT_AUTHORIZED)
