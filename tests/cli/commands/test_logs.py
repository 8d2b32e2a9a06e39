"""`logs`, and how it follows a task."""

import json
import re
from typing import Any

import pytest

from cli.exit_status import ExitStatus
from handler.record import LogLine, TaskLog
from handler.record.task_record import SYSTEM_IDENTITY
from tests.cli.command_line import CommandLine
from tests.handler.client.conftest import UNAVAILABLE, lost


def messages(lines: list[str]) -> list[str]:
    return [json.loads(line)["message"] for line in lines]


def test_a_line_has_its_time_its_iteration_its_type_and_its_data(cli: CommandLine) -> None:
    id = cli.trigger(fails=True)
    cli.end(id)

    said = cli("logs", id)

    assert re.fullmatch(
        r'2030-01-01T00:00:00\.\d{3}Z #1 info  Iteration 1\. \{"fails": true\}', said.lines[0]
    )
    assert re.fullmatch(r"2030-\S+ #1 error No such index\.", said.lines[1])
    assert said.lines[2:] == ["    NO_INDEX: No such index.", '    {"index": "a"}']
    assert said.status is ExitStatus.DONE


def test_json_is_an_object_a_line_with_its_iteration(cli: CommandLine) -> None:
    id = cli.trigger(times=2)
    cli.end(id)

    lines = [json.loads(line) for line in cli("logs", id, "--json").lines]

    assert {each["task"] for each in lines} == {id}
    assert [(each["iteration"], each["message"]) for each in lines] == [
        (1, "Iteration 1."),
        (1, "Task continuing."),
        (2, "Iteration 2."),
        (2, "Task done."),
    ]


def test_lines_are_chosen_by_iteration_number_type_and_time(cli: CommandLine) -> None:
    id = cli.trigger(times=3)
    cli.end(id)
    failing = cli.trigger(fails=True)
    cli.end(failing)

    assert messages(cli("logs", id, "--iteration", "2", "--json").lines) == [
        "Iteration 2.",
        "Task continuing.",
    ]
    assert messages(cli("logs", id, "--tail", "2", "--json").lines) == [
        "Iteration 3.",
        "Task done.",
    ]
    assert messages(cli("logs", failing, "--errors", "--json").lines) == ["No such index."]
    assert messages(cli("logs", id, "--since", "1s", "--json").lines) == []
    assert cli("logs", id, "--tail", "0").status is ExitStatus.USAGE
    assert cli("logs", "nope").status is ExitStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("input", "status"),
    [({"times": 4}, ExitStatus.DONE), ({"fails": True}, ExitStatus.FAILED)],
)
def test_who_follows_reads_each_line_once_in_order_until_the_end(
    cli: CommandLine, input: dict[str, object], status: ExitStatus
) -> None:
    id = cli.trigger(**input)

    said = cli("logs", id, "--follow", "-o", "jsonl")

    assert said.status is status
    followed = [json.loads(line) for line in said.lines]
    assert followed == [json.loads(line) for line in cli("logs", id, "--json").lines]
    assert [each["iteration"] for each in followed] == sorted(e["iteration"] for e in followed)


def test_lines_of_one_iteration_that_are_the_same_are_each_printed(cli: CommandLine) -> None:
    id = cli.trigger(times=1)
    cli.end(id)
    before = len(cli("logs", id, "--json").lines)
    said = cli("logs", id, "-f", "-o", "jsonl")

    assert len(said.lines) == before


def test_an_abort_beside_the_iteration_is_followed_too(cli: CommandLine) -> None:
    id = cli.trigger(times=9)

    def step(number: int) -> None:
        if number == 3:
            cli.stack.tasks.abort(id, "Enough.")
        else:
            cli.work()

    cli.clock.at_sleep = step

    said = cli("logs", id, "-f", "-o", "jsonl")

    assert said.status is ExitStatus.ABORTED
    assert messages(said.lines)[-1] == "Enough."


def test_the_last_lines_are_waited_for_though_the_task_is_known_to_be_over(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the last look has come, that to the last page of the log has not."""
    id = cli.trigger(times=1)
    cut: list[str] = []
    send = cli.server.api.send

    def answer(body: str, **more: Any) -> Any:
        if "listLogs" in body and cli.stack.get(id).is_over and len(cut) < 10:
            cut.append(body)
            return {"statusCode": 503, "body": "{}"}
        return send(body, **more)

    monkeypatch.setattr(cli.server.api, "send", answer)

    said = cli("logs", id, "-f", "-o", "jsonl")

    assert len(cut) == 10
    assert messages(said.lines) == ["Iteration 1.", "Task done."]


def test_what_a_hook_logs_behind_the_end_is_followed_too(cli: CommandLine) -> None:
    id = cli.trigger(times=1)
    has_logged: list[LogLine] = []

    def step(_: int) -> None:
        task = cli.stack.get(id)
        if task.is_over and not has_logged:
            line = LogLine.at(cli.clock.now(), "Error executing onDone hook.")
            cli.stack.store.logs.append(TaskLog.of(task, [line], by=SYSTEM_IDENTITY))
            has_logged.append(line)
        cli.work()

    cli.clock.at_sleep = step

    said = cli("logs", id, "-f", "-o", "jsonl")

    assert messages(said.lines)[-2:] == ["Task done.", "Error executing onDone hook."]


def test_a_lost_connection_loses_no_line_and_repeats_none(cli: CommandLine) -> None:
    id = cli.trigger(times=3)

    def step(number: int) -> None:
        if number in (1, 20):  # each request is sent five times
            cli.server.faults.extend([lost, *[UNAVAILABLE] * 6])
        elif not cli.server.faults:
            cli.work()

    cli.clock.at_sleep = step

    said = cli("logs", id, "-f", "-o", "jsonl")

    own = [each for each in messages(said.lines) if each.startswith("Iteration")]
    assert own == ["Iteration 1.", "Iteration 2.", "Iteration 3."]
    assert said.lines == cli("logs", id, "--json").lines
    assert said.status is ExitStatus.DONE


def test_words_of_a_lost_connection_are_beside_the_lines(cli: CommandLine) -> None:
    id = cli.trigger(times=1)
    ready = iter([True])

    def step(_: int) -> None:
        if next(ready, False):
            cli.server.faults.extend([UNAVAILABLE] * 5)
        elif not cli.server.faults:
            cli.work()

    cli.clock.at_sleep = step

    said = cli("logs", id, "-f")

    assert "No answer; trying again." in said.err
    assert "No answer" not in said.out


def test_a_message_of_several_lines_cannot_pass_for_another_line(cli: CommandLine) -> None:
    from handler import Context, Done, task

    @task(id="forging")
    def forging(context: Context) -> Done:
        context.log.info("a\n2030-01-01T00:00:00.000Z #1 info  All is well.\x1b[2J")
        return Done()

    id = cli.stack.trigger(forging).id
    cli.end(id)

    said = cli("logs", id)

    assert said.lines[1] == "    2030-01-01T00:00:00.000Z #1 info  All is well.\\x1b[2J"


def test_a_task_that_has_logged_nothing_says_so(cli: CommandLine) -> None:
    id = cli.trigger()

    said = cli("logs", id)

    assert (said.out, said.status) == ("", ExitStatus.DONE)
    assert f"Task {id} has logged nothing." in said.err
