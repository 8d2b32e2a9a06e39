"""The real API behind a port of this machine, with whatever may happen on the way to it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

import pytest

from handler.client import Client
from tests.handler.graphql.client import Api
from tests.handler.stack import Stack, WatchedClock

Fault = Callable[["Wire", Callable[[], None]], None]
"""What happens to a request: it is given the connection, and what has the API answer."""


class Wire(BaseHTTPRequestHandler):
    """One connection to the API."""

    server: "Server"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.bodies.append(json.loads(body))
        self.server.headers.append(dict(self.headers))

        own = {"x-tenant": self.headers.get("x-tenant", ""), "x-i18n-locale": ""}
        self.server.api.headers = own

        def answer() -> None:
            answered = self.server.api.send(body, event=self.server.event)
            self.reply(answered["statusCode"], answered["body"])

        faults = self.server.faults
        faults.pop(0)(self, answer) if faults else answer()

    def reply(self, status: int, body: str, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """The API; `faults` has what happens to the next requests, in order."""

    daemon_threads = True

    def __init__(self, api: Api) -> None:
        super().__init__(("127.0.0.1", 0), Wire)
        self.api = api
        self.event = "http_api_jwt"
        self.faults: list[Fault] = []
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/graphql"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that has gone


def says(status: int, body: str, kind: str = "application/json") -> Fault:
    """Something before the API answers in its place."""
    return lambda wire, _: wire.reply(status, body, kind)


def lost(wire: Wire, answer: Callable[[], None]) -> None:
    """The API carries out the request, and its answer is lost."""
    reply, wire.reply = wire.reply, lambda *_: None  # type: ignore[method-assign]
    answer()
    wire.reply = reply  # type: ignore[method-assign]
    wire.close_connection = True
    wire.connection.close()


def done_and_then(fault: Fault) -> Fault:
    """The API carries out the request, and something after it answers in its place."""

    def happens(wire: Wire, answer: Callable[[], None]) -> None:
        reply, wire.reply = wire.reply, lambda *_: None  # type: ignore[method-assign]
        answer()
        wire.reply = reply  # type: ignore[method-assign]
        fault(wire, answer)

    return happens


UNAVAILABLE: Final = says(503, '{"message": "Service Unavailable"}')
TOO_MANY: Final = says(429, '{"message": "Too Many Requests"}')
HTML: Final = says(200, "<html><title>Log in to the\n network</title></html>", "text/html")


@contextmanager
def serving(stack: Stack) -> Iterator[Server]:
    """The API of a stack, behind a port of this machine."""
    server = Server(Api(stack))
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def server(stack: Stack) -> Iterator[Server]:
    with serving(stack) as server:
        yield server


@pytest.fixture
def watch() -> WatchedClock:
    return WatchedClock()


@pytest.fixture
def client(server: Server, watch: WatchedClock) -> Client:
    return Client(server.url, "token", clock=watch, timeout=5)
