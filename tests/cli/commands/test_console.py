"""`console`: what it takes, what it prints, and what it says where it can't be had."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from cli.commands import console as command
from cli.exit_status import ExitStatus
from console import PortTaken, Stack
from tests.cli.command_line import CommandLine

URL = "http://127.0.0.1:4580/token/"
LINK = "http://127.0.0.1:4580/once"


class Servers:
    """Stands for the server: what it was asked for, and which ports somebody else has."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.taken: set[int] = set()
        self.stack: Stack | None = None

    def __call__(
        self, stack: Stack, *, port: int, version: str, told: Callable[[str, str], None]
    ) -> None:
        assert version[0].isdigit()
        self.ports.append(port)
        self.stack = stack
        if port in self.taken:
            raise PortTaken(f"127.0.0.1:{port} can't be listened at: Address already in use.")
        told(URL, LINK)


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Servers:
    found = Servers()
    monkeypatch.setattr(command, "serve", found)
    return found


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The URLs that a browser was asked to open."""
    urls: list[str] = []
    monkeypatch.setattr("webbrowser.open", urls.append)
    return urls


def test_it_prints_the_url_alone_and_says_the_rest_beside_it(
    cli: CommandLine, servers: Servers, opened: list[str]
) -> None:
    said = cli("console")

    assert (said.status, said.out) == (ExitStatus.DONE, f"{URL}\n")
    assert said.err.startswith("The console of the stack of ")
    assert said.err.endswith(". Ctrl-C ends it.\n")
    assert servers.ports == [command.DEFAULT_PORT]


@pytest.mark.parametrize("format", ["json", "jsonl"])
def test_a_program_reads_it(cli: CommandLine, servers: Servers, format: str) -> None:
    said = cli("console", "-o", format)

    assert said.json == {"url": URL}
    assert len(said.lines) == 1


class TestTheBrowser:
    def test_it_is_opened_for_whoever_is_at_a_terminal(
        self, cli: CommandLine, servers: Servers, opened: list[str]
    ) -> None:
        assert cli("console", is_terminal=True).status == ExitStatus.DONE

        assert opened == [LINK]

    @pytest.mark.parametrize(("arguments", "is_terminal"), [(["--no-browser"], True), ([], False)])
    def test_it_is_not_for_any_other(
        self,
        cli: CommandLine,
        servers: Servers,
        opened: list[str],
        arguments: list[str],
        is_terminal: bool,
    ) -> None:
        assert cli("console", *arguments, is_terminal=is_terminal).status == ExitStatus.DONE

        assert opened == []


class TestThePort:
    @pytest.mark.parametrize("port", ["-1", "65536", "99999999999"])
    def test_one_that_there_is_not_is_a_mistake(
        self, cli: CommandLine, servers: Servers, port: str
    ) -> None:
        said = cli("console", "--port", port)

        assert said.status == ExitStatus.USAGE
        assert f"--port is {port}; it takes 1 to 65535, and 0 is any free one." in said.err
        assert servers.ports == []

    @pytest.mark.parametrize("port", ["0", "1", "65535"])
    def test_any_other_is_listened_at(self, cli: CommandLine, servers: Servers, port: str) -> None:
        assert cli("console", "--port", port).status == ExitStatus.DONE

        assert servers.ports == [int(port)]

    def test_one_that_somebody_has_is_said_in_a_line(
        self, cli: CommandLine, servers: Servers
    ) -> None:
        servers.taken = {4_000}

        said = cli("console", "--port", "4000")

        assert (said.status, said.out) == (ExitStatus.FAILED, "")
        [_, line] = said.err.splitlines()
        assert line == (
            "background-tasks: 127.0.0.1:4000 can't be listened at: Address already in use. Next:"
            " --port 0, for any free one."
        )

    def test_where_nobody_has_named_one_another_is_as_good(
        self, cli: CommandLine, servers: Servers
    ) -> None:
        servers.taken = {command.DEFAULT_PORT}

        assert cli("console").lines == [URL]
        assert servers.ports == [command.DEFAULT_PORT, 0]

    def test_a_port_that_is_taken_is_found_out_by_the_real_server(self, cli: CommandLine) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            said = cli("console", "--port", str(port))

        assert said.status == ExitStatus.FAILED
        assert f"127.0.0.1:{port} can't be listened at" in said.err


class TestTheStack:
    def test_without_one_it_does_not_start(self, cli: CommandLine, servers: Servers) -> None:
        said = cli("console", "--local", environ={"BACKGROUND_TASKS_OUTPUTS": ""})

        assert (said.status, said.out) == (ExitStatus.UNREACHABLE, "")
        assert len(said.err.splitlines()) == 1
        assert "Next:" in said.err
        assert servers.ports == []

    @pytest.mark.parametrize("flag", ["--stack", "--tenant"])
    def test_an_empty_name_is_a_mistake(
        self, cli: CommandLine, servers: Servers, flag: str
    ) -> None:
        assert cli("console", flag, "").status == ExitStatus.USAGE
        assert servers.ports == []

    def test_the_page_speaks_to_it_as_the_caller_and_for_the_tenant_of_the_command(
        self, cli: CommandLine, servers: Servers
    ) -> None:
        cli("console", "--tenant", "shop")
        id = cli.trigger()
        assert servers.stack

        document = "query($id: ID!) { backgroundTasks { getTask(id: $id) { error { code } } } }"
        answer: Any = servers.stack.client(None).graphql(document, {"id": id}, repeats=True)

        assert answer["backgroundTasks"]["getTask"]["error"]["code"] == "NOT_FOUND"
        answer = servers.stack.client("root").graphql(document, {"id": id}, repeats=True)
        assert answer["backgroundTasks"]["getTask"]["error"] is None

    def test_a_token_of_the_environment_is_sent(self, cli: CommandLine, servers: Servers) -> None:
        cli("console")
        assert servers.stack

        servers.stack.client(None).graphql("{ backgroundTasks { __typename } }", repeats=True)

        assert cli.server.headers[-1]["Authorization"] == "Bearer token"
