"""The console as a process: where it listens, what a connection may do to it, and how it ends."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.starting import ROOT

pytestmark = pytest.mark.system
_SECONDS: Final = 30


@dataclass(frozen=True)
class Running:
    """A console that runs, with its URL, its token and its address."""

    process: "subprocess.Popen[str]"
    url: str

    @property
    def host(self) -> str:
        return self.url.split("/")[2]

    @property
    def token(self) -> str:
        return self.url.split("/")[3]

    @property
    def port(self) -> int:
        return int(self.host.split(":")[1])

    def says(self, *lines: str) -> bytes:
        """What it answers to a request as it goes over the wire."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=_SECONDS) as wire:
            wire.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
            said = b""
            while piece := wire.recv(65_536):
                said += piece
        return said

    def end(self, number: int = signal.SIGTERM) -> tuple[int, float, str, str]:
        """The exit status, how many seconds it took, and what is left of both its outputs."""
        begun = time.monotonic()
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=_SECONDS)
        return self.process.returncode, time.monotonic() - begun, out, err


@contextmanager
def running(
    folder: Path, *arguments: str, port: int = 0, api: str = "http://127.0.0.1:9"
) -> Iterator[Running]:
    """A console of a stack whose API is at a URL."""
    (folder / "outputs.json").write_text(json.dumps({"apiUrl": api}))
    command = [sys.executable, "-P", "-m", "cli", "console", "--outputs", "outputs.json"]
    with subprocess.Popen(
        [*command, "--no-browser", "--port", str(port), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "BACKGROUND_TASKS_TOKEN": "token"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            yield Running(process, process.stdout.readline().strip())
        finally:
            with suppress(ProcessLookupError):
                process.kill()


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of an API that takes requests, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        kept: list[socket.socket] = []

        def take() -> None:
            with suppress(OSError):
                while True:
                    kept.append(listening.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/graphql"
        listening.shutdown(socket.SHUT_RDWR)
        for each in kept:
            each.close()


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("console")) as found:
        yield found


def asked(console: Running, path: str = "/about") -> http.client.HTTPConnection:
    """A connection that stays open, after an answer."""
    connection = http.client.HTTPConnection(console.host, timeout=_SECONDS)
    connection.request("GET", f"/{console.token}{path}")
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["data"]["isLocal"]) == (200, False)
    return connection


class TestWhereItListens:
    def test_it_is_on_this_machine_alone(self, console: Running) -> None:
        """In /proc/net/tcp, an address that listens has the state 0A."""
        found = {
            line.split()[1]
            for name in ("tcp", "tcp6")
            for line in Path("/proc/net", name).read_text().splitlines()[1:]
            if line.split()[3] == "0A" and line.split()[1].endswith(f":{console.port:04X}")
        }

        assert found == {f"0100007F:{console.port:04X}"}

    def test_two_at_once_have_ports_and_tokens_of_their_own(
        self, console: Running, tmp_path: Path
    ) -> None:
        with running(tmp_path) as other:
            assert other.port != console.port
            assert other.token != console.token
            for each in (console, other):
                asked(each).close()
            assert (
                b"404"
                in other.says(
                    f"GET /{console.token}/ HTTP/1.1", f"Host: {other.host}"
                ).splitlines()[0]
            )

    def test_a_port_that_is_free_again_is_taken_at_once(self, tmp_path: Path) -> None:
        with running(tmp_path) as first:
            connection = asked(first)
            port = first.port
            assert first.end()[0] == 0
            connection.close()

        with running(tmp_path, port=port) as second:
            assert second.port == port


class TestTheWire:
    @pytest.mark.parametrize(
        "target",
        [
            "*",
            "/",
            "?x",
            "?{token}",
            "x/{token}/about",
            "//{token}/about",
            "/%2F{token}/about",
            "/../{token}/about",
            "/x/../{token}/about",
            "http://evil.example/",
            "http://evil.example/{token}/about",
            "{host}",
            "/%",
            "/%FF",
            "/{token}%00/about",
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
    def test_a_target_of_any_form_is_refused(
        self, console: Running, method: str, target: str
    ) -> None:
        line = target.format(token=console.token, host=console.host)

        said = console.says(f"{method} {line} HTTP/1.1", f"Host: {console.host}")

        assert said.split()[1] in (b"400", b"403", b"404"), said
        assert b"isLocal" not in said

    @pytest.mark.parametrize(
        "lines",
        [
            ["Host: evil.example", "Host: {host}"],
            ["Host: {host}", "Host: evil.example"],
            [],
            ["Host: evil.example"],
        ],
    )
    def test_two_names_and_none_are_refused(self, console: Running, lines: list[str]) -> None:
        hosts = [line.format(host=console.host) for line in lines]

        said = console.says(f"GET /{console.token}/about HTTP/1.1", *hosts)

        assert b"isLocal" not in said
        assert said.split()[1] in (b"400", b"421"), said

    def test_a_web_socket_is_refused(self, console: Running) -> None:
        said = console.says(
            f"GET /{console.token}/graphql HTTP/1.1",
            f"Host: {console.host}",
            "Upgrade: websocket",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
        )

        assert not said.startswith(b"HTTP/1.1 101"), said

    def test_it_says_nothing_of_what_it_is_made_of(self, console: Running) -> None:
        said = console.says(f"GET /{console.token}/about HTTP/1.1", f"Host: {console.host}")

        assert b"hypercorn" not in said.lower()
        assert b"python" not in said.lower()

    def test_half_a_request_holds_up_no_other(self, console: Running) -> None:
        with socket.create_connection(("127.0.0.1", console.port)) as wire:
            wire.sendall(b"POST / HTTP/1.1\r\nHost: ")
            asked(console).close()


class TestTheEnd:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_ends_it_with_nothing_more_to_say(self, tmp_path: Path, number: int) -> None:
        with running(tmp_path) as console:
            asked(console).close()
            status, seconds, out, err = console.end(number)

        assert (status, out) == (0, "")
        assert err == "The console of the stack of outputs.json. Ctrl-C ends it.\n"
        assert seconds < 5

    def test_so_does_one_that_comes_with_the_url(self, tmp_path: Path) -> None:
        with running(tmp_path) as console:
            status, *_ = console.end(signal.SIGINT)

        assert status == 0

    def test_an_open_connection_does_not_hold_it_up(self, tmp_path: Path) -> None:
        with running(tmp_path) as console:
            connection = asked(console)
            status, seconds, _, err = console.end()
            connection.close()

        assert status == 0
        assert seconds < 5
        assert "Traceback" not in err

    def test_nor_does_a_request_that_never_comes_to_its_end(self, tmp_path: Path) -> None:
        with (
            running(tmp_path) as console,
            socket.create_connection(("127.0.0.1", console.port)) as wire,
        ):
            head = f"POST /{console.token}/graphql HTTP/1.1\r\nHost: {console.host}\r\n"
            wire.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
            asked(console).close()
            status, seconds, _, err = console.end()

        assert status == 0
        assert seconds < 5
        assert "Traceback" not in err

    def test_nor_does_a_stack_that_never_answers(self, tmp_path: Path, silent: str) -> None:
        with running(tmp_path, api=silent) as console:
            connection = http.client.HTTPConnection(console.host)
            headers = {"Content-Type": "application/json"}
            body = json.dumps({"query": "{ a }"})
            connection.request("POST", f"/{console.token}/graphql", body, headers)
            asked(console).close()
            status, seconds, _, err = console.end()
            connection.close()

        assert status == 0
        assert seconds < 6
        assert "Traceback" not in err


class TestWhatItPrints:
    def test_the_url_is_all_that_is_on_the_standard_output(self, tmp_path: Path) -> None:
        with running(tmp_path) as console:
            assert console.url == f"http://127.0.0.1:{console.port}/{console.token}/"
            assert console.end()[2] == ""

    def test_a_program_reads_it_as_json(self, tmp_path: Path) -> None:
        with running(tmp_path, "-o", "json") as console:
            said: Any = json.loads(console.url)
            assert console.end()[2] == ""

        assert list(said) == ["url"]
        assert said["url"].startswith("http://127.0.0.1:")
