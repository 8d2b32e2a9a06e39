"""Who may speak to the console: its own page, opened with the URL that was printed, and no other.

Whatever runs in a browser on this machine can send requests to a loopback address. So each request
must name the address that the console listens at (a name of somebody else's that leads here is
refused: DNS rebinding), must have the token of this session in its path, and, where it does
anything, must come from the console's own page.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

_TOKEN_BYTES: Final = 24
_HTTP_PORT: Final = 80
_SAFE: Final = frozenset({"GET", "HEAD"})
_NAMES: Final = ("127.0.0.1", "localhost")
# What a browser says of where a request comes from (Fetch Metadata): another program says nothing.
_OWN: Final = frozenset({"same-origin", "none"})
_ENDED: Final = (
    "This is no page of the console that runs here now. Next: open the URL that"
    " `background-tasks console` has printed last."
)
HEADERS: Final = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

_USED: Final = (
    "This link was used before. If that was not you, somebody else on this machine can do what you"
    " can. Next: end the console (Ctrl-C), start it again with --no-browser, and open the URL that"
    " it prints."
)

Next = Callable[[Request], Awaitable[Response]]


def new_token() -> str:
    """The token of a session, for a path."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


@dataclass(frozen=True)
class Gate:
    """Lets the page's own requests through.

    Args:
        token: that of the session: the first part of each path.
        port: what the console listens at.
    """

    token: str
    port: int
    _links: set[str] = field(default_factory=set, repr=False)
    _used: set[str] = field(default_factory=set, repr=False)

    def link(self) -> str:
        """A path that leads to the page, once.

        A browser is started with it: others on this machine can read what a process is started
        with. By then it leads nowhere; who was faster than the browser has the page open, and
        whoever has started the browser is told so.
        """
        made = new_token()
        self._links.add(made)
        return f"/{made}"

    async def __call__(self, request: Request, call_next: Next) -> Response:
        response = self._refusal(request) or await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @property
    def _hosts(self) -> frozenset[str]:
        # A browser leaves out the port that is HTTP's own.
        suffixes = ("", ":80") if self.port == _HTTP_PORT else (f":{self.port}",)
        return frozenset(f"{name}{suffix}" for name in _NAMES for suffix in suffixes)

    def _refusal(self, request: Request) -> Response | None:
        if request.headers.get("host") not in self._hosts:
            return PlainTextResponse("This name is not the console's.", status_code=421)
        said = f"{request.url.path}/".split("/", 2)[1]  # "?x" alone has no path
        if said in self._links:
            self._links.remove(said)
            self._used.add(said)
            return RedirectResponse(f"/{self.token}/", status_code=303)
        if said in self._used:
            return PlainTextResponse(_USED, status_code=410)
        if not secrets.compare_digest(said.encode(), self.token.encode()):
            return PlainTextResponse(_ENDED, status_code=404)
        if request.method not in _SAFE and not self._is_own(request):
            return PlainTextResponse("Only the console's own page may do that.", status_code=403)
        return None

    def _is_own(self, request: Request) -> bool:
        """Whether the console's page has sent it. No other page can send JSON here unasked."""
        origin = request.headers.get("origin")
        is_of_page = origin is None or origin in {f"http://{host}" for host in self._hosts}
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        is_near = request.headers.get("sec-fetch-site", "none") in _OWN
        return is_of_page and is_near and kind == "application/json"
