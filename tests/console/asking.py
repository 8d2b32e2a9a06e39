"""Asks the console as whoever may ask it: its page, another page, another program."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from console.app import Console
from console.gate import Gate
from console.stack import Finding, Stack
from handler.clock import Clock, SystemClock

TOKEN: Final = "a-token_of-32-characters-0123456"
PORT: Final = 4_580
HOST: Final = f"127.0.0.1:{PORT}"
# What a browser sends along with what the page asks for.
OWN: Final = {
    "host": HOST,
    "origin": f"http://{HOST}",
    "sec-fetch-site": "same-origin",
    "content-type": "application/json",
}


@dataclass
class Api:
    """A client of the API that answers with what it was asked, or raises."""

    tenant: str | None
    error: Exception | None = None
    asked: list[tuple[str, Any, bool]] = field(default_factory=list)

    def graphql(self, document: str, variables: Any, *, repeats: bool) -> Mapping[str, Any]:
        self.asked.append((document, variables, repeats))
        if self.error:
            raise self.error
        return {"tenant": self.tenant, "document": document}


@dataclass
class Place:
    """A stack that is nowhere."""

    is_local: bool = True
    name: str = "the stack of the tests"
    error: Exception | None = None
    outputs: Mapping[str, Any] = field(default_factory=lambda: {"apiUrl": "https://example.com"})
    clients: list[Api] = field(default_factory=list)

    def client(self, tenant: str | None) -> Any:
        self.clients.append(Api(tenant, self.error))
        return self.clients[-1]

    def aws(self, service: str) -> Any:
        raise AssertionError(f"nothing asks {service}")

    def findings(self) -> Iterable[Finding]:
        return ()


@dataclass(frozen=True)
class Answer:
    """What the console has answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def app_of(
    find: Callable[[], Any],
    *,
    tenant: str | None = None,
    clock: Clock | None = None,
    gate: Gate | None = None,
) -> Any:
    """The console of a stack."""
    stack = Stack(find, tenant, clock or SystemClock())
    return Console(stack, gate or Gate(TOKEN, PORT), version="1.2.3").app()


def ask(
    app: Any,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """Asks for a path as it stands in the first line of a request.

    Args:
        headers: all of them, in lower case; by default those of the page.
    """
    raw, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw),
        "raw_path": raw.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in (OWN if headers is None else headers).items()
        ],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", PORT),
    }
    sent: list[Any] = []
    coming = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if not coming:  # whoever asks stays until the answer is there
            await asyncio.Event().wait()
        return coming.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    [start] = [each for each in sent if each["type"] == "http.response.start"]
    return Answer(
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(each.get("body", b"") for each in sent if each["type"] == "http.response.body"),
    )


def post(app: Any, name: str, said: object, **more: Any) -> Answer:
    """What the page asks for, by POST: `post(app, "graphql", {"query": "{ a }"})`."""
    headers = {**OWN, **more}
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return ask(app, f"/{TOKEN}/{name}", method="POST", headers=headers, body=body)
