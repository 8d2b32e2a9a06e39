"""What the page is answered where something has failed: words, a code, and whether to try again.

The status is 200 all the same: a browser writes every other one into its console, where it hides
what went wrong in the page itself.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as ConnectionFailed
from starlette.responses import JSONResponse

from handler.contract import ErrorCode
from handler.errors import (
    ApiUnavailable,
    BackgroundTaskError,
    Refused,
    SettingsError,
    StoreUnavailable,
)

_NOT_KEPT: Final = {"cache-control": "no-store"}
_PASSES: Final = (ApiUnavailable, StoreUnavailable, ConnectionError, BotoCoreError)
# What AWS calls a key that it doesn't know, or not any more.
_OLD_KEYS: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


class _Json(JSONResponse):
    """An answer, whatever is in it: half of a letter, or what is no JSON."""

    def render(self, content: Any) -> bytes:
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=str)
        return text.encode(errors="replace")


def answered(data: object) -> JSONResponse:
    """What was found."""
    return _Json({"data": data}, headers=_NOT_KEPT)


def refused(error: Exception) -> JSONResponse:
    """What has failed."""
    return _Json({"error": failure_of(error)}, headers=_NOT_KEPT)


def failure_of(error: Exception) -> Mapping[str, Any]:
    """An error as the page shows it.

    Returns:
        `message`, `code`, `data`; and `passes`: whether the same may be asked again later.
    """
    if isinstance(error, BackgroundTaskError):
        code, data, message = error.code, error.data, error.message
    elif isinstance(error, ClientError):
        code, data = str(error.response.get("Error", {}).get("Code")), None
        message = f"AWS: {error} Next: check what your credentials may do, and when they expire."
    elif isinstance(error, ConnectionFailed | HTTPClientError):
        code, data = None, None
        message = (
            f"AWS does not answer: {str(error).rstrip('.')}. Next: see whether this machine has a"
            " network, and the stack is up."
        )
    else:
        # What the command line raises has a message for people.
        known = getattr(error, "message", None)
        code, data, message = None, None, known or f"{type(error).__name__}: {error}"
    return {
        "message": message,
        "code": code,
        "data": None if data is None else dict(data),
        "passes": may_have_moved(error),
    }


def has_old_key(error: Exception) -> bool:
    """Whether AWS refuses the key: that of a role ends, and a new local AWS has another."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code") in _OLD_KEYS
    # The API's own refusals begin with these words; they are of the caller, whatever the key.
    return (
        isinstance(error, Refused)
        and error.code == ErrorCode.SECURITY_NOT_AUTHORIZED
        and not error.message.startswith("Not authorized!")
    )


def may_have_moved(error: Exception) -> bool:
    """Whether the stack may have moved, or be away for a while: it is looked for anew."""
    if isinstance(error, ClientError | Refused):
        return has_old_key(error)
    return isinstance(error, _PASSES) or not isinstance(error, BackgroundTaskError | SettingsError)
