"""The local AWS as an attacker sees it: a web page, another name of the address, odd paths."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.access import Access
from tests.local.conftest import Outputs

HEALTH = "/_ministack/health"
EVIL = "https://evil.example"
# Each of ministack's own, with the method that obeys it.
OWN = (
    ("POST", "/_ministack/reset"),
    ("POST", "/_ministack/config"),
    ("GET", "/_ministack/ready"),
    ("GET", "/_ministack/sqs/messages"),
    ("GET", "/_ministack/ses/messages"),
    ("GET", "/_ministack/lambda-code/anything"),
    ("GET", "/_ministack/lambda-layers/000000000000/us-east-1/x/1/content"),
    ("PUT", "/_ministack/cfn-response/x"),
    ("POST", "/_ministack/rds/iam-auth"),
    ("GET", "/_localstack/health"),
)
# Readings of one path: escaped once and twice, more slashes, dots, another case.
READINGS = (
    "/_ministack/reset",
    "/%5fministack/reset",
    "/%5Fministack%2Freset",
    "/%255fministack/reset",
    "//_ministack/reset",
    "///_ministack//reset",
    "/./_ministack/reset",
    "/bucket/../_ministack/reset",
    "/_MiniStack/reset",
    "/_ministack",
    "/_ministack?x=/_ministack/health",
    "/_ministack/health/../reset",
    "/_ministack/health/",
    "/\\_ministack/reset",
)


def port_of(access: Access) -> int:
    return int(access.endpoint_url.rsplit(":", 1)[1])


@contextmanager
def answer(
    access: Access, method: str, path: str, headers: Mapping[str, str | None] | None = None
) -> Iterator[HTTPResponse]:
    """The answer to a request as it is written here; a header that is None is left out."""
    connection = HTTPConnection("127.0.0.1", port_of(access), timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        given = {"Host": f"127.0.0.1:{port_of(access)}", "Content-Length": "0", **(headers or {})}
        for name, value in given.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders()
        yield connection.getresponse()
    finally:
        connection.close()


def status(
    access: Access, method: str, path: str, headers: Mapping[str, str | None] | None = None
) -> int:
    with answer(access, method, path, headers) as got:
        return got.status


def message(
    access: Access, method: str, path: str, headers: Mapping[str, str | None] | None = None
) -> str:
    """What a refusal says."""
    with answer(access, method, path, headers) as got:
        assert got.status == 403
        return str(json.load(got)["message"])


def signed(access: Access, method: str, path: str) -> dict[str, str | None]:
    """The headers of the account's own administrator."""
    request = AWSRequest(method, access.endpoint_url + path)
    credentials = Credentials(access.access_key_id, access.secret_access_key)
    SigV4Auth(credentials, "s3", access.region).add_auth(request)
    return dict(request.headers.items())


def test_the_path_that_says_that_it_is_up_needs_no_key(access: Access) -> None:
    assert status(access, "GET", HEALTH) == 200


@pytest.mark.parametrize(("method", "path"), OWN)
def test_paths_of_ministack_s_own_are_refused(access: Access, method: str, path: str) -> None:
    said = message(access, method, path)

    assert said.startswith(f"{path} is not a path of AWS.")
    assert "Next: " in said


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_they_are_refused_whatever_the_method(access: Access, method: str) -> None:
    assert status(access, method, "/_ministack/reset") in {400, 403, 405}
    assert status(access, "GET", HEALTH) == 200


@pytest.mark.parametrize("path", READINGS)
def test_no_other_way_to_write_such_a_path_leads_there(
    access: Access, outputs: Outputs, path: str
) -> None:
    assert "is not a path of AWS" in message(access, "POST", path)

    assert outputs["bucketName"] in bucket_names(access)


def test_the_key_of_the_account_opens_them_neither(access: Access, outputs: Outputs) -> None:
    headers = signed(access, "POST", "/_ministack/reset")

    refused = status(access, "POST", "/_ministack/reset", headers)

    assert refused == 403
    assert outputs["bucketName"] in bucket_names(access)


def bucket_names(access: Access) -> list[str]:
    return [bucket["Name"] for bucket in access.client("s3").list_buckets()["Buckets"]]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1.evil.example:{port}",
        "evil.localhost:{port}",
        "bucket.s3.127.0.0.1:{port}",
        "localhost.:{port}",
        "127.1:{port}",
        "0.0.0.0:{port}",
        "[::1]:{port}",
        "169.254.169.254",
        "user@127.0.0.1:{port}",
        "",
        None,
    ],
)
@pytest.mark.parametrize("path", [HEALTH, "/"])
def test_a_request_for_another_host_is_refused(access: Access, host: str | None, path: str) -> None:
    foreign = host.format(port=port_of(access)) if host else host

    assert status(access, "GET", path, {"Host": foreign}) in {400, 403}


def test_the_words_say_where_it_is(access: Access) -> None:
    said = message(access, "GET", HEALTH, {"Host": "evil.example"})

    assert said == (
        f"This local AWS is 127.0.0.1:{port_of(access)}, and the request is for evil.example."
        f" Next: send it to {access.endpoint_url}"
    )


@pytest.mark.parametrize("name", ["localhost", "LocalHost", "127.0.0.1"])
def test_both_names_of_the_address_are_its_own(access: Access, name: str) -> None:
    assert status(access, "GET", HEALTH, {"Host": f"{name}:{port_of(access)}"}) == 200


def test_two_hosts_are_refused(access: Access) -> None:
    own = f"Host: 127.0.0.1:{port_of(access)}\r\n"

    with socket.create_connection(("127.0.0.1", port_of(access)), timeout=10) as connection:
        connection.sendall(f"GET {HEALTH} HTTP/1.1\r\n{own}Host: evil.example\r\n\r\n".encode())
        got = connection.recv(100)

    assert got.split(b" ")[1] in {b"400", b"403"}


def test_a_target_with_another_host_in_it_is_refused(access: Access) -> None:
    assert status(access, "GET", f"http://evil.example{HEALTH}") in {400, 403}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    ],
    ids=lambda headers: " ".join(headers.values()),
)
@pytest.mark.parametrize(("method", "path"), [("GET", HEALTH), ("POST", "/"), ("PUT", "/b/key")])
def test_a_request_for_a_page_of_another_site_is_refused(
    access: Access, headers: dict[str, str | None], method: str, path: str
) -> None:
    assert "A web page of another site" in message(access, method, path, headers)


def test_a_page_of_another_site_has_no_use_of_a_key_either(
    access: Access, outputs: Outputs
) -> None:
    path = f"/{outputs['bucketName']}"
    with_key = signed(access, "GET", path)

    assert status(access, "GET", path, with_key) == 200
    assert status(access, "GET", path, {**with_key, "Origin": EVIL}) == 403


def test_a_preflight_of_such_a_page_is_refused(access: Access) -> None:
    asks = {"Origin": EVIL, "Access-Control-Request-Method": "POST"}

    with answer(access, "OPTIONS", "/", asks) as got:
        assert got.status == 403
        assert got.headers["Access-Control-Allow-Origin"] is None


def test_what_a_user_types_into_the_browser_is_no_request_of_a_page(access: Access) -> None:
    assert status(access, "GET", HEALTH, {"Sec-Fetch-Site": "none"}) == 200


def test_its_own_pages_may_ask(access: Access) -> None:
    own = {"Origin": access.endpoint_url, "Sec-Fetch-Site": "same-origin"}

    assert status(access, "GET", HEALTH, own) == 200


def test_an_api_is_asked_by_pages_of_the_origins_that_its_cors_configuration_names(
    access: Access,
) -> None:
    friend = "https://admin.example"
    path = api_path(access, AllowOrigins=[friend], AllowMethods=["POST"])
    asks = {"Access-Control-Request-Method": "POST"}

    answers = [
        status(access, "OPTIONS", path, {**asks, "Origin": origin}) for origin in (friend, EVIL)
    ]
    refused = message(access, "POST", path, {"Origin": EVIL})

    assert answers == [204, 403]
    assert "the config key corsOrigins names their origin" in refused


@pytest.mark.parametrize("cors", [None, {"AllowOrigins": ["*"], "AllowMethods": ["POST"]}])
def test_an_api_of_any_origin_takes_any_page_and_one_of_none_takes_no_page(
    access: Access, cors: dict[str, object] | None
) -> None:
    path = api_path(access, **(cors or {}))

    said = preflight(access, path)

    assert said == (204 if cors else 403)


def preflight(access: Access, path: str) -> int:
    return status(
        access, "OPTIONS", path, {"Origin": EVIL, "Access-Control-Request-Method": "POST"}
    )


def api_path(access: Access, **cors: object) -> str:
    """The path of a new HTTP API."""
    given = {"CorsConfiguration": cors} if cors else {}
    api = access.client("apigatewayv2").create_api(Name="api", ProtocolType="HTTP", **given)
    return f"/_aws/execute-api/{api['ApiId']}/graphql"
