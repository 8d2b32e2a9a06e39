"""`trigger` and `watch`."""

import errno
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.exit_status import ExitStatus
from tests.cli.command_line import CommandLine
from tests.handler.client.conftest import UNAVAILABLE, says


def sent(cli: CommandLine, operation: str) -> dict[str, Any]:
    """The variables of the last request for an operation."""
    [*_, last] = [body for body in cli.server.bodies if operation in body["query"]]
    found: dict[str, Any] = last["variables"]
    return found


def test_a_trigger_prints_the_id_alone(cli: CommandLine) -> None:
    said = cli("trigger", "reindex", "--input", '{"times": 2}', "--name", "Nightly")

    [id] = said.lines
    record = cli.stack.get(id)
    assert said.status is ExitStatus.DONE
    assert (record.name, record.input) == ("Nightly", {"times": 2})
    assert said.err == (
        f"Triggered on the stack of {cli.environ['BACKGROUND_TASKS_OUTPUTS']}."
        f" Next: background-tasks watch {id}\n"
    )


def test_each_flag_is_an_argument_of_the_mutation(cli: CommandLine) -> None:
    said = cli(
        *("trigger", "reindex", "-i", "{}", "--timeout", "2h", "--key", "k"),
        *("--expires-after", "1h", "--priority", "30s", "--debounce", "c", "--debounce-delay"),
        *("5s", "--debounce-max", "1m", "--json"),
    )

    assert said.json["id"]
    assert sent(cli, "triggerTask") == {
        "definition": "reindex",
        "input": {},
        "timeout": 7_200,
        "expiresAfter": 3_600,
        "priority": 30,
        "debounce": {"key": "c", "delay": 5, "maxDelay": 60},
        "idempotencyKey": "k",
    }


def test_a_delay_is_a_duration(cli: CommandLine) -> None:
    cli("trigger", "reindex", "--delay", "1h30m")

    assert sent(cli, "triggerTask")["delay"] == 5_400


def test_tags_are_handed_to_the_client(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {}

    def trigger(self: object, definition: str, input: object, **options: object) -> None:
        given.update(options)
        raise KeyboardInterrupt

    monkeypatch.setattr(
        "cli.target.Target.client", lambda *_, **__: type("C", (), {"trigger": trigger})()
    )

    cli("trigger", "reindex", "--tag", "customer=42", "--tag", "kind=a=b")

    assert given == {"tags": {"customer": "42", "kind": "a=b"}}


def test_an_input_is_read_from_a_file_or_the_standard_input(
    cli: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "input.json"
    path.write_text('{"size": 7}')

    by_file = cli("trigger", "reindex", "--input", f"@{path}")
    by_pipe = cli("trigger", "reindex", "--input", "-", stdin='{"size": 8}')

    assert cli.stack.get(by_file.lines[0]).input == {"size": 7}
    assert cli.stack.get(by_pipe.lines[0]).input == {"size": 8}


@pytest.mark.parametrize(
    ("input", "status", "says"),
    [
        ({"times": 3}, ExitStatus.DONE, "has succeeded after 3 iterations in "),
        (
            {"fails": True},
            ExitStatus.FAILED,
            "has failed after 1 iteration in 0s: NO_INDEX: No such",
        ),
    ],
)
def test_who_waits_is_told_how_it_ends_and_so_is_the_script(
    cli: CommandLine, input: object, status: ExitStatus, says: str
) -> None:
    said = cli("trigger", "reindex", "-i", json.dumps(input), "--wait")

    assert said.status is status
    assert says in said.err
    [id] = said.lines
    assert cli.stack.get(id).is_over
    assert cli("trigger", "reindex", "--wait", "--json").json["taskStatus"] == "success"


def test_a_watch_says_each_change_once(cli: CommandLine) -> None:
    id = cli.trigger(times=2)

    said = cli("watch", id)

    told = [line.removeprefix(f"{id}: ") for line in said.err.splitlines()]
    assert told[0] == "pending"
    assert told[1].startswith("running, waiting, iteration 1, 1 of 2 (50%)")
    assert told[-1].startswith("success, iteration 2, 2 of 2 (100%)")
    assert len(told) == len(set(told))
    assert "\x1b" not in said.err + said.out


def test_a_watch_on_a_terminal_is_live_and_has_a_bar(cli: CommandLine) -> None:
    id = cli.trigger(times=2)

    said = cli("watch", id, is_terminal=True)
    plain = cli("watch", id, is_terminal=True, environ={"NO_COLOR": "1"})

    assert "\x1b[?25l" in said.out  # the cursor is hidden while it is live
    assert said.out.count("\x1b[?25l") == said.out.count("\x1b[?25h")
    assert "━" in said.out
    assert "\x1b[32m" in said.out
    assert "\x1b[32m" not in plain.out


def test_an_aborted_task_ends_a_watch_with_a_status_of_its_own(cli: CommandLine) -> None:
    id = cli.trigger(times=9)
    cli.clock.at_sleep = lambda _: cli.stack.tasks.abort(id)

    said = cli("watch", id)

    assert said.status is ExitStatus.ABORTED
    assert "was aborted" in said.out


def test_a_watch_ends_when_its_time_is_over(cli: CommandLine) -> None:
    cli.runs = False
    id, begun = cli.trigger(), cli.clock.now()

    said = cli("watch", id, "--timeout", "90s", "--json")

    assert said.status is ExitStatus.STILL_OPEN
    assert said.json["taskStatus"] == "pending"
    assert timedelta(seconds=90) <= cli.clock.now() - begun < timedelta(seconds=91)


def test_a_watch_asks_less_often_while_nothing_changes(cli: CommandLine) -> None:
    cli.runs = False
    id = cli.trigger()
    cli.server.bodies.clear()

    cli("watch", id, "--timeout", "2m")

    assert 24 <= len(cli.server.bodies) <= 34  # every five seconds, in the end


def test_a_watch_goes_on_while_the_api_does_not_answer(cli: CommandLine) -> None:
    id = cli.trigger()
    cli.clock.at_sleep = lambda number: (
        cli.server.faults.extend([UNAVAILABLE] * 5)
        if number == 1
        else cli.work()
        if number > 6
        else None
    )

    said = cli("watch", id)

    assert said.status is ExitStatus.DONE
    assert "No answer; trying again. " in said.err


def test_ctrl_c_says_that_the_task_goes_on(cli: CommandLine) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    cli.clock.at_sleep = interrupt

    said = cli("trigger", "reindex", "--wait")

    [id] = [record.id for record in cli.stack.tasks.list().items]
    assert said.status is ExitStatus.INTERRUPTED
    assert f"The task goes on. Next: background-tasks watch {id}" in said.err
    assert cli.stack.get(id).is_open


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["trigger"], 2, 'Command "trigger" parameter DEFINITION requires an argument. Next: '),
        (["trigger", "nope"], 3, 'There is no "nope", but: '),
        (["trigger", "nope"], 3, "reindex, testingRun. Next: background-tasks definitions"),
        (["limits", "nope"], 3, 'There is no "nope", but: '),
        (["pause", "--definition", "nope"], 3, 'There is no "nope", but: '),
        (["trigger", "reindex", "-i", "{"], 2, "--input is not JSON"),
        (["trigger", "reindex", "--delay", "soon"], 2, '--delay is "soon"; it takes a duration'),
        (["trigger", "reindex", "--debounce", "k"], 2, "--debounce needs a --debounce-delay"),
        (["trigger", "reindex", "--debounce-max", "1s"], 2, "need a --debounce KEY"),
        (["trigger", "reindex", "--delay", "400d"], 2, "The maximum delay for a task is 355 days."),
        (["watch", "nope"], 3, 'Task "nope" was not found! Next: background-tasks list'),
        (["watch", "a", "--timeout", "x"], 2, '--timeout is "x"'),
        (["whatch"], 2, 'Did you mean "watch"?'),
        (
            ["list", "--sort", "foo"],
            2,
            "sort is 'foo_DESC'; Value 'foo_DESC' is none that there is",
        ),
        (["settings", "--retention-days", "99999999999"], 2, "--retention-days is 99999999999; "),
        (["watch", ""], 2, "The id is empty."),
        (["logs", " "], 2, "The id is empty."),
        (["signal", "", "x"], 2, "The id is empty."),
        (["show", "a", ""], 2, "An id is empty."),
        (["delete", ""], 2, "An id is empty."),
        (["pause", "", "--json"], 2, "An id is empty."),
        (["trigger", ""], 2, "The definition is empty."),
        (["limits", "drain", "x", "--key", "", "--yes"], 2, "--key is empty."),
        (["list", "x"], 2, 'What is "x" to be?'),
        (["logs", "x", "-o", "id"], 2, "Lines of a log have no ids. Next: --output"),
        (["list", "--tenant", ""], 2, "--tenant is empty."),
        (["list", "--stack", " "], 2, "--stack is empty."),
        (["list", "--xyzzy"], 2, "Unknown option: --xyzzy. Next: background-tasks list --help"),
    ],
)
def test_an_error_is_one_line_with_the_next_step(
    cli: CommandLine, arguments: list[str], status: int, says: str
) -> None:
    said = cli(*arguments)

    assert said.status == status, said.err
    assert says in said.err
    assert said.err.count("\n") == 1
    assert said.err.startswith("background-tasks: ")
    assert said.out == ""


def test_an_error_has_its_traceback_with_debug(cli: CommandLine) -> None:
    said = cli("watch", "nope", "--debug")

    assert said.status is cli("watch", "nope").status is ExitStatus.NOT_FOUND
    assert said.err.startswith("Traceback (most recent call last):\n")
    assert said.err.splitlines()[-1].startswith('background-tasks: Task "nope" was not found!')
    assert cli("list", "x", "--debug").status is ExitStatus.USAGE


def test_the_api_that_does_not_answer_has_a_status_of_its_own(cli: CommandLine) -> None:
    cli.clock.at_sleep = lambda _: None
    cli.server.faults.extend([UNAVAILABLE] * 5)

    said = cli("watch", "any")

    assert said.status is ExitStatus.UNREACHABLE
    assert "503" in said.err


def test_a_caller_who_may_not_has_a_status_of_its_own(cli: CommandLine) -> None:
    cli.server.faults.append(says(403, '{"message": "Forbidden"}'))

    said = cli("trigger", "reindex")

    assert said.status is ExitStatus.NOT_ALLOWED
    assert "403" in said.err
    assert "Next: check the credentials" in said.err


def test_a_tenant_is_named_by_a_flag_or_by_the_environment(cli: CommandLine) -> None:
    by_flag = cli("trigger", "reindex", "--tenant", "acme")
    by_variable = cli("trigger", "reindex", environ={"BACKGROUND_TASKS_TENANT": "shop"})

    assert cli.stack.get(by_flag.lines[0]).tenant == "acme"
    assert cli.stack.get(by_variable.lines[0]).tenant == "shop"
    assert "tenant acme" in by_flag.err


def test_a_name_with_escape_sequences_does_nothing_to_the_terminal(cli: CommandLine) -> None:
    evil = "\x1b[2J\x1b]0;x\x07\u202e"
    id = cli("trigger", "reindex", "--name", evil, "-i", json.dumps({evil: evil})).lines[0]

    for arguments in (["list"], ["show", id], ["watch", id], ["logs", id]):
        for format, is_terminal in (("table", False), ("table", True), ("json", False)):
            said = cli(*arguments, "-o", format, "--no-color", is_terminal=is_terminal)
            for bad in ("\x1b[2J", "\x1b]", "\x07", "\u202e"):
                assert bad not in said.out + said.err


def test_a_pipe_that_closes_ends_it_quietly(cli: CommandLine) -> None:
    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    cli.trigger()
    for format in ("table", "json", "jsonl", "id"):
        said = cli("list", "-o", format, out=Closed())

        assert said.status is ExitStatus.PIPE_CLOSED
        assert said.err == ""


def test_an_output_without_room_is_told(cli: CommandLine) -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space")

    said = cli("list", out=Full())

    assert said.status is ExitStatus.FAILED
    assert said.err.splitlines()[-1] == (
        "background-tasks: The output can't be written: No space left on device."
        " Next: write it to another place."
    )
