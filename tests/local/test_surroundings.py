"""The environment of the local AWS is the same on every machine, and so is what its clients do."""

import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.access import Access
from local.loopback import send
from local.surroundings import LOOPBACK, inside, of_the_local_aws, of_the_tool
from tests.local import hostile

ROOT = Path(__file__).parent.parent.parent
PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}
CERTIFICATES = {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}
MACHINE = {"PATH", "SYSTEMROOT", "TMPDIR"}


@pytest.mark.parametrize("name", sorted({*hostile.ALL} - {*hostile.PROXIES}), ids=str)
def test_a_variable_of_the_caller_does_not_reach_the_local_aws(name: str) -> None:
    assert of_the_local_aws({name: hostile.ALL[name]}) == of_the_local_aws({})


def test_a_lambda_has_utf8_and_utc_as_on_aws() -> None:
    environment = of_the_local_aws(hostile.ALL)

    assert (environment["TZ"], environment["LC_ALL"]) == ("UTC", "C.UTF-8")
    assert environment["PYTHONUTF8"] == "1"


def test_a_proxy_reaches_the_lambdas_and_exempts_this_machine() -> None:
    caller = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "intranet, 10.0.0.1"}

    environment = of_the_local_aws(caller)

    assert environment["https_proxy"] == environment["HTTPS_PROXY"] == "http://proxy:3128"
    assert environment["no_proxy"] == environment["NO_PROXY"]
    assert environment["no_proxy"].split(",") == ["intranet", "10.0.0.1", *LOOPBACK]


def test_certificates_reach_the_lambdas_if_they_are_there(tmp_path: Path) -> None:
    bundle = tmp_path / "company.pem"
    bundle.touch()

    environment = of_the_local_aws(
        {"SSL_CERT_FILE": str(bundle), "REQUESTS_CA_BUNDLE": "/nowhere.pem"}
    )

    assert environment["SSL_CERT_FILE"] == str(bundle)
    assert "REQUESTS_CA_BUNDLE" not in environment


@pytest.mark.property
@given(
    caller=st.dictionaries(
        st.sampled_from(sorted(hostile.ALL)) | st.text(st.characters(codec="ascii"), min_size=1),
        st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=20),
    )
)
def test_nothing_but_the_way_to_the_internet_and_the_machine_is_passed_on(
    caller: dict[str, str],
) -> None:
    fixed = {"LANG", "LC_ALL", "PYTHONUTF8", "TZ"}
    passed_on = PROXIES | {name.upper() for name in PROXIES} | CERTIFICATES | MACHINE

    environment = of_the_local_aws(caller)

    assert environment.keys() <= fixed | passed_on
    assert set(LOOPBACK) <= set(environment["no_proxy"].split(","))
    terminal = {"HOME", "TERM", "COLUMNS", "LINES", "NO_COLOR"}
    assert of_the_tool(caller).keys() <= fixed | passed_on | terminal


def test_the_environment_of_a_block_ends_with_it() -> None:
    before = dict(os.environ)

    with inside({"ONE": "1"}):
        within = dict(os.environ)

    assert within == {"ONE": "1"}
    assert dict(os.environ) == before


class Aws(BaseHTTPRequestHandler):
    """Answers any request of STS, and keeps how it was signed."""

    signed: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        Aws.signed.append(self.headers["Authorization"])
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(
            b"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>us</Arn>"
            b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
        )

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Aws)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


TRAPS = [
    *({name: value} for name, value in {**hostile.ALL}.items()),
    hostile.ALL,
    {"AWS_CONFIG_FILE": "home", "AWS_SHARED_CREDENTIALS_FILE": "home"},
    {"HOME": "/nowhere"},
]


@pytest.mark.slow
@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: "+".join(trap)[:40])
def test_a_client_goes_to_its_endpoint_with_its_key_whatever_the_environment_says(
    trap: dict[str, str], url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = hostile.make_home(tmp_path / "home")
    files = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}
    monkeypatch.setenv("HOME", str(home))
    for name, value in trap.items():
        monkeypatch.setenv(name, str(home / ".aws" / files[name]) if name in files else value)
    access = Access(url, "eu-central-1", "AKIAOURS", "secret")

    identity = access.client("sts").get_caller_identity()

    assert identity["Arn"] == "us"
    assert "Credential=AKIAOURS/" in Aws.signed[-1]
    assert "/eu-central-1/sts/" in Aws.signed[-1]
    assert access.client("s3").meta.config.s3 == {"addressing_style": "path"}


@pytest.mark.parametrize("name", sorted({**hostile.PROXIES, **hostile.CERTIFICATES}))
def test_a_request_to_this_machine_goes_by_no_proxy(
    name: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, hostile.ALL[name])

    with send(url, timeout_seconds=5) as response:
        assert response.status == 200


@pytest.mark.slow  # starts an interpreter
@pytest.mark.parametrize("trap", [{"PYTHONPATH": "evil"}, {"PYTHONWARNINGS": "error"}, hostile.ALL])
def test_the_tool_starts_in_an_environment_of_its_own(trap: dict[str, str], tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    evil.mkdir()
    for module in ("yaml", "botocore", "rich"):
        (evil / f"{module}.py").write_text("raise RuntimeError('the caller has another one')")
    for package in ("handler", "local"):
        (tmp_path / package).symlink_to(ROOT / package)
    path = {"PYTHONPATH": str(evil)} if "PYTHONPATH" in trap else {}

    done = subprocess.run(
        [sys.executable, "-m", "local", "graphql", "{ x }"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], **trap, **path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("\nNo local AWS is up.")
