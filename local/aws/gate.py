"""Refuses the requests that only a web page, or a program of somebody else, would send.

Whatever listens on the loopback address can be reached by every web page that this machine's user
opens. AWS has other names and other pages than those; ministack takes all requests alike, and has
paths of its own that need no key: one removes everything. Here, a request is refused

- if its `Host` is not this address: a page of another site whose name leads here (DNS rebinding);
- if a browser sent it for a page of another site: its `Origin` or `Sec-Fetch-Site` says so (Fetch
  standard). The paths of an API take those of the origins that its CORS configuration allows;
- if its path is one of ministack's own, other than the one that says that it is up.
"""

import json
import os
import posixpath
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from local.aws.patch import Original, module, replace

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]
Send: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]

HEALTH: Final = "/_ministack/health"
_OWN_PATHS: Final = frozenset({"_ministack", "_localstack"})
_API: Final = "/_aws/execute-api/"
_POLICY_VIOLATION: Final = 1008  # RFC 6455, "Status codes"


def apply() -> None:
    """Puts the gate in front of everything that ministack answers."""
    replace(module("app"), "app", _behind_the_gate)


def _behind_the_gate(app: Original) -> Original:
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        is_asked = scope["type"] in ("http", "websocket")
        if is_asked and (reason := refusal_of(Request.from_scope(scope))):
            await _refuse(scope, send, reason)
        else:
            await app(scope, receive, send)

    return guarded


@dataclass(frozen=True)
class Request:
    """What the gate looks at: the path without escapes, and the headers by their small names."""

    path: str
    headers: Mapping[str, list[str]]

    @classmethod
    def from_scope(cls, scope: Scope) -> "Request":
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        return cls(scope["path"], headers)

    def all(self, name: str) -> list[str]:
        """The values of a header, one for each time that it is there."""
        return self.headers.get(name, [])


def refusal_of(request: Request) -> str | None:
    """Why a request is refused; `None` for one that may pass."""
    hosts = own_hosts(os.environ["GATEWAY_PORT"])
    asked = request.all("host")
    if len(asked) != 1 or asked[0].lower() not in hosts:
        return (
            f"This local AWS is {hosts[0]}, and the request is for {', '.join(asked) or 'no host'}."
            f" Next: send it to http://{hosts[0]}"
        )
    if not request.path.startswith("/"):
        return "The target of the request is not a path. Next: send the path alone."
    if _is_of_ministack(request.path) and request.path != HEALTH:
        return (
            f"{request.path} is not a path of AWS. Of ministack's own, this local AWS has {HEALTH}"
            " alone. Next: to start with nothing, end `python -m local up`, and start it again."
        )
    if (page := _foreign_page(request, asked[0])) and not _takes(request.path, page):
        return (
            f"A web page of another site ({page}) sent the request. Pages may call the GraphQL API"
            " if the config key corsOrigins names their origin. Next: add it there, or send the"
            " request from a program."
        )
    return None


def own_hosts(port: str) -> list[str]:
    """What `Host` says of the address on which the local AWS listens."""
    names = ("127.0.0.1", "localhost")
    return [f"{name}:{port}" for name in names] + (list(names) if port == "80" else [])


def _is_of_ministack(path: str) -> bool:
    """Whether any reading of a path leads to ministack's own: decoded twice, with dots, or not."""
    while (decoded := unquote(path)) != path:
        path = decoded
    path = path.replace("\\", "/").lower()
    readings = (path, posixpath.normpath(path))
    return any(reading.lstrip("/").partition("/")[0] in _OWN_PATHS for reading in readings)


def _foreign_page(request: Request, host: str) -> str | None:
    """The origin of the page of another site that a browser sent the request for."""
    own = f"http://{host}".lower()
    if foreign := [origin for origin in request.all("origin") if origin.lower() != own]:
        return foreign[0]
    # A browser sends no Origin with what it loads as an image, a script or a page.
    sites = {site.lower() for site in request.all("sec-fetch-site")}
    return None if sites <= {"same-origin", "none"} else "of an unknown origin"


def _takes(path: str, origin: str) -> bool:
    """Whether the path is one of an API whose CORS configuration allows the origin."""
    if not path.startswith(_API):
        return False
    asked = path.removeprefix(_API).partition("/")[0]
    apis = module("services.apigateway")
    return any(
        apis._cors_response_headers(api.get("corsConfiguration") or {}, origin)
        for (*_, api_id), api in apis._apis.all_items()
        if api_id == asked
    )


async def _refuse(scope: Scope, send: Send, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        return
    body = json.dumps({"__type": "AccessDeniedException", "message": reason}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
