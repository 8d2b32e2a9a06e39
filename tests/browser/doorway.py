"""A doorway to a local AWS, that can be shut: the stack is gone, and comes back by itself.

A local AWS answers those alone who name its own address, and the address is signed. So what comes
through the doorway is signed anew, with the same key.
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.access import Access
from local.deployed import Deployed

_PATIENCE_SECONDS: Final = 60
# What is of one connection alone, and what is signed.
_LEFT_OUT: Final = frozenset(
    {"authorization", "connection", "content-length", "host", "transfer-encoding", "x-amz-date"}
)


class Doorway:
    """Takes requests at a port of its own, and passes them on, as long as it is open."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._server = self._begin(0)
        self.port: int = self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def shut(self) -> None:
        """Nobody comes in any more."""
        self._server.shutdown()
        self._server.server_close()

    def open(self) -> None:
        """It lets in again, at the same port."""
        self._server = self._begin(self.port)

    def _begin(self, port: int) -> ThreadingHTTPServer:
        handler = type("Handler", (_Handler,), {"access": self._access})
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server


class _Handler(BaseHTTPRequestHandler):
    access: Access

    def do_POST(self) -> None:
        url = self.access.endpoint_url
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {
            name: value for name, value in self.headers.items() if name.lower() not in _LEFT_OUT
        }
        request = AWSRequest(self.command, f"{url}{self.path}", data=body, headers=headers)
        self._sign(request)
        address = urlsplit(url).netloc
        connection = http.client.HTTPConnection(address, timeout=_PATIENCE_SECONDS)
        try:
            connection.request(self.command, self.path, body, dict(request.headers.items()))
            self._answer(connection.getresponse())
        finally:
            connection.close()

    def do_GET(self) -> None:
        self.do_POST()

    def do_PUT(self) -> None:
        self.do_POST()

    def do_HEAD(self) -> None:
        self.do_POST()

    def log_message(self, *_: Any) -> None:
        """Says nothing: pytest shows what a test has printed."""

    def _sign(self, request: AWSRequest) -> None:
        """Signs for the service and the region that it was signed for."""
        _, _, scope = self.headers.get("authorization", "").partition("Credential=")
        if not scope:
            return
        _, _, region, service, *_ = scope.partition(",")[0].split("/")
        key = Credentials(self.access.access_key_id, self.access.secret_access_key)
        kind = S3SigV4Auth if service == "s3" else SigV4Auth
        kind(key, service, region).add_auth(request)

    def _answer(self, response: http.client.HTTPResponse) -> None:
        body = response.read()
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in _LEFT_OUT:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def behind_a_door(deployed: Deployed) -> Iterator[tuple[Deployed, Doorway]]:
    """A stack as it looks from outside of a door, and the door."""
    door = Doorway(deployed.access)
    outputs = {
        name: value.replace(deployed.access.endpoint_url, door.url)
        if isinstance(value, str)
        else value
        for name, value in deployed.outputs.items()
    }
    try:
        yield Deployed(replace(deployed.access, endpoint_url=door.url), outputs), door
    finally:
        door.shut()
