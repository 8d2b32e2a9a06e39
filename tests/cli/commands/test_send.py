"""`send`: an event by hand, on moto's bus."""

import json
from typing import Any

import pytest

from cli.exit_status import ExitStatus
from tests.cli.command_line import CommandLine
from tests.handler.stack import BUS


@pytest.fixture
def cli(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line, on a stack with a bus, with credentials in the environment."""
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:tasks"
    outputs = cli.folder / "outputs.json"
    said = json.loads(outputs.read_text())
    outputs.write_text(json.dumps({**said, "eventBusName": BUS, "stateMachineArn": arn}))
    return cli


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is put on the bus. moto answers."""
    found: list[dict[str, Any]] = []
    from cli.aws_clients import AwsClients

    real = AwsClients.client

    def client(self: AwsClients, service: str) -> Any:
        made = real(self, service)

        class Watched:
            def put_events(self, **said: Any) -> Any:
                found.extend(said["Entries"])
                return made.put_events(**said)

        return Watched()

    monkeypatch.setattr(AwsClients, "client", client)
    return found


def test_an_event_is_what_the_worker_takes(cli: CommandLine, entries: list[dict[str, Any]]) -> None:
    said = cli(
        *("send", "reindex", "-i", '{"size": 1}', "--name", "Mine", "--delay", "10m"),
        *("--timeout", "2h", "--expires-after", "1h", "--tenant", "acme", "--locale", "de-DE"),
        *("--tag", "customer=42"),
    )

    [entry] = entries
    assert (entry["EventBusName"], entry["DetailType"]) == (BUS, "WebinyBackgroundTask")
    assert json.loads(entry["Detail"]) == {
        "webinyTaskDefinitionId": "reindex",
        "input": {"size": 1},
        "name": "Mine",
        "delay": 600,
        "timeout": 7_200,
        "expiresAfter": 3_600,
        "tenant": "acme",
        "locale": "de-DE",
        "tags": {"customer": "42"},
    }
    [id] = said.lines
    assert id
    assert f"Next: background-tasks watch {id}" in said.err
    assert said.status is ExitStatus.DONE


def test_what_is_not_said_is_left_out(cli: CommandLine, entries: list[dict[str, Any]]) -> None:
    said = cli("send", "reindex", "--json")

    assert said.json["detail"] == {"webinyTaskDefinitionId": "reindex"}
    assert json.loads(entries[0]["Detail"]) == said.json["detail"]


def test_an_entry_that_the_bus_refuses_is_an_error(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PutEvents answers 200, and says entry by entry what it has not taken."""
    from types import SimpleNamespace

    from cli.aws_clients import AwsClients

    answer = {
        "FailedEntryCount": 1,
        "Entries": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}],
    }
    monkeypatch.setattr(
        AwsClients, "client", lambda *_: SimpleNamespace(put_events=lambda **_: answer)
    )

    said = cli("send", "reindex")

    assert (said.status, said.out) == (ExitStatus.FAILED, "")
    assert f"The bus {BUS} has not taken the event: ThrottlingException: Rate" in said.err


def test_a_bus_that_is_not_there_is_told_in_one_line(cli: CommandLine) -> None:
    (cli.folder / "outputs.json").write_text('{"apiUrl": "http://x"}')

    said = cli("send", "reindex")

    assert said.status is ExitStatus.UNREACHABLE
    assert 'has no output "eventBusName"' in said.err


@pytest.mark.parametrize(
    "arguments", [["--delay", "x"], ["--input", "[]"], ["--tag", "x"], ["--input", "@no"]]
)
def test_what_is_no_event_is_not_sent(
    cli: CommandLine, entries: list[dict[str, Any]], arguments: list[str]
) -> None:
    assert cli("send", "reindex", *arguments).status is ExitStatus.USAGE
    assert entries == []
