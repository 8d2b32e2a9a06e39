"""Commands about more than a task: pauses, definitions, limits, settings, signals."""

from typing import Any

import pytest

from cli.exit_status import ExitStatus
from handler import Concurrency, Context, Done, Verdict, task
from handler.record import Signal
from tests.cli.command_line import CommandLine


@task(id="export", concurrency=Concurrency(1, key="customer"))
def export(context: Context, input: dict[str, Any]) -> Done:
    return Done()


@task(id="approval")
def approval(context: Context) -> Verdict:
    def then(signal: Signal | None) -> Verdict:
        return Done(output=dict(signal.data or {}) if signal else None)

    return context.wait_for_signal("approved", then, timeout=3600)


@pytest.fixture
def exports(cli: CommandLine) -> list[str]:
    """Three tasks of a customer who has one slot: the first runs, two queue."""
    ids: list[str] = []
    for _ in range(3):
        record = cli.stack.trigger(export, input={"customer": "acme"})
        cli.visit(record) if ids else None
        ids.append(record.id)
        cli.clock.advance(1)
    return ids


def test_a_task_is_paused_and_resumed(cli: CommandLine) -> None:
    id = cli.trigger()

    assert cli("pause", id).lines == [f"{id} paused"]
    assert "pending, paused" in cli("list").out
    assert cli("resume", id).lines == [f"{id} resumed"]
    assert cli.stack.get(id).paused_on is None


def test_a_definition_is_paused_and_resumed_and_so_are_all(cli: CommandLine) -> None:
    said = cli("pause", "--definition", "reindex")
    id = cli.trigger()
    cli.visit(cli.stack.get(id))

    assert 'The definition "reindex" is paused on ' in said.out
    assert "Workers that run hear of it within 30 seconds." in said.err
    assert cli("pause", "-o", "id").lines == ["reindex"]
    assert cli("definitions").lines[-1].split()[:3] == ["reindex", "Reindex", "paused"]
    assert cli("resume", "-d", "reindex").lines == ["1 resumed"]
    assert "All definitions are paused" in cli("pause", "--all", "--every-tenant").out
    assert cli("pause").lines[0].startswith("all for every tenant since 2030-")
    assert cli("pause", "--json").json[0]["definitionId"] is None
    assert cli("resume", "--all", "--every-tenant", "--json").json["output"]["done"] == 0
    assert cli("pause").out == ""
    cli("pause", "-d", "reindex", "--every-tenant")
    assert "(with --every-tenant)" in cli("resume", "-d", "reindex").err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["pause", "x", "--all"], "it takes one of them"),
        (["pause", "-d", "x", "--all"], "it takes one of them"),
        (["pause", "x", "--every-tenant"], "--every-tenant goes with --definition or --all"),
        (["pause", "-d", ""], "--definition is empty"),
        (["resume", "-d", ""], "--definition is empty"),
        (["resume"], "resume needs ids, --definition or --all"),
    ],
)
def test_what_is_to_be_paused_has_to_be_clear(
    cli: CommandLine, arguments: list[str], says: str
) -> None:
    said = cli(*arguments)

    assert said.status is ExitStatus.USAGE
    assert says in said.err


def test_definitions_are_listed_and_shown(cli: CommandLine) -> None:
    assert cli("definitions", "-o", "id").lines == ["testingRun", "exportUsers", "reindex"]
    assert "reindex      Reindex               Builds the index anew." in cli("definitions").lines
    assert cli("definitions", "reindex").lines == [
        "reindex: Reindex",
        "  Builds the index anew.",
        "  All of it.",
    ]
    assert cli("definitions", "reindex", "--json").json["title"] == "Reindex"
    assert cli("definitions", "nope").status is ExitStatus.NOT_FOUND


def test_limits_are_shown_set_and_reset(cli: CommandLine, exports: list[str]) -> None:
    heads, row = cli("limits", "export").lines
    assert heads.split()[:5] == ["KEY", "SLOTS", "USED", "QUEUED", "DEPLOYED"]
    assert row.split()[:5] == ["acme", "1", "1", "2", "1"]

    raised = cli("limits", "set", "export", "2", "--key", "acme", "--every-tenant", "--json")

    assert raised.json[0]["slots"] == 2
    assert "Set on " in raised.err
    reset = cli("limits", "reset", "export", "--key", "acme", "--every-tenant", "--json")
    assert reset.json[0]["slots"] == 1
    assert cli("limits", "export", "--key", "nobody").status is ExitStatus.DONE
    assert cli("limits", "reindex").status is ExitStatus.USAGE  # it has no limit
    refused = cli("limits", "set", "export", "5", "--key", "acme")
    assert "everyTenant" not in refused.err
    assert "--every-tenant" in refused.err


def test_a_queue_is_listed_and_drained(cli: CommandLine, exports: list[str]) -> None:
    queued = cli("limits", "queue", "export", "--key", "acme", "-o", "id").lines
    assert queued == exports[1:]

    counted = cli("limits", "drain", "export", "--key", "acme", "--dry-run")
    assert counted.lines[0].startswith("2 queued tasks would be aborted on ")
    assert cli("limits", "drain", "export", "--key", "acme").status is ExitStatus.USAGE

    drained = cli("limits", "drain", "export", "--key", "acme", "--yes", "-m", "Gone.")
    assert drained.lines == ["2 aborted"]
    assert "No task queues" in cli("limits", "queue", "export", "--key", "acme").err


def test_settings_are_shown_and_changed(cli: CommandLine) -> None:
    assert cli("settings").lines == ["retentionDays  0"]
    changed = cli("settings", "--retention-days", "30")
    assert changed.lines == ["retentionDays  30"]
    assert "Changed on " in changed.err
    assert cli("settings", "--json").json == {"retentionDays": 30}
    refused = cli("settings", "--retention-days", "-1")
    assert refused.status is ExitStatus.USAGE
    assert "--retention-days is -1; it takes a whole number of days, 0 to 3,650" in refused.err
    assert "retention_days" not in refused.err


def test_a_signal_reaches_its_task(cli: CommandLine) -> None:
    id = cli.stack.trigger(approval).id
    cli.visit(cli.stack.get(id))

    assert cli("signal", id, "approved", "--heartbeat").lines == [f"{id} has heard of it"]
    said = cli("signal", id, "approved", "--data", "-", "--key", "k", stdin='{"by": "Anne"}')
    cli.visit(cli.stack.get(id))

    assert said.lines == [f"{id} has the signal"]
    assert cli.stack.get(id).output == {"by": "Anne"}
    assert cli("signal", id, "approved").status is ExitStatus.FAILED  # it is over
    assert cli("signal", id, "a", "--heartbeat", "--key", "k").status is ExitStatus.USAGE


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_every_command(cli: CommandLine, shell: str) -> None:
    from cli.app import COMMANDS

    said = cli("completion", shell)

    assert said.status is ExitStatus.DONE
    assert all(name in said.out for name, *_ in COMMANDS)


def test_each_command_has_help_with_its_flags(
    cli: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    from cli.app import COMMANDS

    for name, *_ in COMMANDS:
        said = cli(name, "--help")
        assert said.status is ExitStatus.DONE, name
        assert f"Usage: background-tasks {name} " in capsys.readouterr().out
    cli("watch", "--help")
    assert "7 if it" in capsys.readouterr().out  # all of its words
