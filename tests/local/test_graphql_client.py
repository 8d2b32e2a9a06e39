"""Signed requests to the GraphQL API."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, ClassVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from local.access import Access
from local.graphql_client import GraphqlFailed, execute
from tests.local.conftest import Outputs


class Api(BaseHTTPRequestHandler):
    """An API that gives the response that a test sets, and keeps the last request."""

    url = ""
    status = 200
    response: ClassVar[Any] = {}
    body: ClassVar[Any] = {}
    headers_seen: ClassVar[dict[str, str]] = {}

    def do_POST(self) -> None:
        Api.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Api.headers_seen = dict(self.headers)
        self.send_response(Api.status)
        self.end_headers()
        self.wfile.write(json.dumps(Api.response).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[type[Api]]:
    Api.status, Api.response = 200, {}
    server = HTTPServer(("127.0.0.1", 0), Api)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    Api.url = f"http://127.0.0.1:{server.server_port}/graphql"
    yield Api
    server.shutdown()
    server.server_close()


@pytest.fixture
def key() -> Access:
    return Access("http://127.0.0.1:1", "eu-central-1", "AKIA", "secret")


def test_a_document_is_sent_signed_and_its_data_is_returned(api: type[Api], key: Access) -> None:
    api.response = {"data": {"task": 1}}

    data = execute(key, api.url, "query Q($id: ID!) { task }", {"id": "1"})

    assert data == {"task": 1}
    assert api.body == {"query": "query Q($id: ID!) { task }", "variables": {"id": "1"}}
    assert "/eu-central-1/execute-api/aws4_request" in api.headers_seen["Authorization"]


def test_errors_in_the_response_are_raised(api: type[Api], key: Access) -> None:
    api.response = {"errors": [{"message": "Cannot query field."}]}

    with pytest.raises(GraphqlFailed, match="Cannot query field"):
        execute(key, api.url, "{ wrong }")


def test_status_403_is_raised_with_its_message(api: type[Api], key: Access) -> None:
    api.status, api.response = 403, {"message": "Forbidden"}

    with pytest.raises(GraphqlFailed, match=r"answered 403: .*Forbidden"):
        execute(key, api.url, "{ task }")


def test_the_local_api_answers_a_signed_request(access: Access, outputs: Outputs) -> None:
    # The function behind it is not GraphQL: it answers with its table's name, which is not JSON.
    with pytest.raises(GraphqlFailed, match=f"answered 200: {outputs['tableName']}"):
        execute(access, outputs["apiUrl"], "{ anything }")


def test_the_local_api_refuses_an_unsigned_request(outputs: Outputs) -> None:
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(outputs["apiUrl"], data=b"{}", method="POST"))

    with refused.value:
        assert refused.value.code == 403


def test_the_local_api_refuses_an_unknown_key(access: Access, outputs: Outputs) -> None:
    unknown = Access(access.endpoint_url, access.region, "test", "test")

    with pytest.raises(GraphqlFailed, match="answered 403"):
        execute(unknown, outputs["apiUrl"], "{ anything }")
