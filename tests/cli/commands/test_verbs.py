"""Verbs on some tasks, by their ids, and on many, by a filter."""

from dataclasses import fields
from typing import Any

import pytest

from cli.exit_status import ExitStatus
from cli.options import Filters
from handler.contract import Status
from tests.cli.command_line import CommandLine


def statuses(cli: CommandLine, ids: list[str]) -> set[Status]:
    return {cli.stack.get(id).status for id in ids}


# By ids


def test_tasks_are_aborted_by_their_ids(cli: CommandLine) -> None:
    ids = [cli.trigger(), cli.trigger()]

    said = cli("abort", *ids, "--message", "Enough.")

    assert said.lines == [f"{id} aborted" for id in ids]
    assert said.status is ExitStatus.DONE
    assert statuses(cli, ids) == {Status.ABORTED}
    assert "Enough." in cli("logs", ids[0]).out


def test_ids_come_from_a_pipe(cli: CommandLine) -> None:
    ids = [cli.trigger(), cli.trigger()]

    said = cli("abort", "-", "--json", stdin="\n".join([*ids, ids[0]]))

    assert [each["id"] for each in said.json] == ids
    assert statuses(cli, ids) == {Status.ABORTED}


def test_what_one_is_refused_for_harms_no_other(cli: CommandLine) -> None:
    over, id = cli.trigger(), cli.trigger()
    cli.end(over)

    said = cli("abort", over, "nope", id)

    assert said.lines == [f"{id} aborted"]
    assert said.status is ExitStatus.FAILED
    assert said.err.startswith(f"On the stack of {cli.environ['BACKGROUND_TASKS_OUTPUTS']}:\n")
    _, of_over, of_nope = said.err.splitlines()
    assert of_over.startswith(f"background-tasks: {over}: ")
    assert of_over.endswith(f" Next: background-tasks show {over}")
    assert of_nope.startswith('background-tasks: nope: Task "nope" was not found! Next: ')
    assert cli("abort", "nope", id).status is ExitStatus.FAILED
    assert cli("abort", "nope").status is ExitStatus.NOT_FOUND


def test_a_retry_prints_the_new_id(cli: CommandLine) -> None:
    id = cli.trigger(fails=True)
    cli.end(id)

    said = cli("retry", id, "--input", '{"fails": false}', "--from-start")

    retry = cli.stack.get(id).retried_by
    assert said.lines == [f"{id} retried: {retry}"]
    assert cli("retry", id).lines == [f"{id} was retried already: {retry}"]
    assert cli("retry", id, "-o", "id").lines == [retry]
    assert cli.stack.get(str(retry)).input == {"fails": False}


def test_a_wait_ends_now(cli: CommandLine) -> None:
    id = cli("trigger", "reindex", "--delay", "1h").lines[0]

    assert cli("run-now", id).lines == [f"{id} goes on"]
    assert cli.stack.get(id).waiting_until == cli.clock.now()
    assert cli("run-now").status is ExitStatus.USAGE


def test_tasks_that_are_over_are_deleted(cli: CommandLine) -> None:
    over, id = cli.trigger(), cli.trigger()
    cli.end(over)

    assert cli("delete", over).lines == [f"{over} deleted"]
    assert cli("show", over).status is ExitStatus.NOT_FOUND
    assert cli("delete", id).status is ExitStatus.FAILED


def test_what_was_done_is_told_though_the_rest_is_not_answered(cli: CommandLine) -> None:
    ids = [cli.trigger(), cli.trigger()]
    cli.clock.at_sleep = lambda _: None
    send, answered = cli.server.api.send, []

    def answer(body: str, **more: Any) -> Any:
        answered.append(body)
        return send(body, **more) if len(answered) == 1 else {"statusCode": 503, "body": ""}

    cli.server.api.send = answer  # type: ignore[method-assign, assignment]

    said = cli("abort", *ids, "--json")

    assert said.status is ExitStatus.UNREACHABLE
    assert [each["id"] for each in said.json] == ids[:1]


# By a filter


def test_a_filter_is_counted_asked_for_and_shown_at_work(cli: CommandLine) -> None:
    ids = [cli.trigger() for _ in range(3)]
    cli.clock.advance(1)

    said = cli("abort", "--status", "open", "-d", "reindex", stdin="y\n", is_terminal=True)

    assert "3 open tasks would be aborted on the stack of " in said.err
    assert "go on? [y/N] " in said.err
    assert said.lines[-1].endswith("3 aborted")
    assert "━" in said.out
    assert said.status is ExitStatus.DONE
    assert statuses(cli, ids) == {Status.ABORTED}


def test_no_ids_are_no_error(cli: CommandLine) -> None:
    said = cli("retry", "-", stdin="\n")

    assert (said.status, said.out) == (ExitStatus.DONE, "")
    assert said.err == "No ids were given: nothing was done.\n"


@pytest.mark.parametrize("value", ["", " "])
@pytest.mark.parametrize("flag", [f"--{field.name.replace('_', '-')}" for field in fields(Filters)])
@pytest.mark.parametrize("verb", ["delete", "abort", "retry", "list"])
def test_an_empty_filter_never_means_all(
    cli: CommandLine, verb: str, flag: str, value: str
) -> None:
    said = cli(verb, flag, value, *(["--yes"] if verb != "list" else []))

    assert said.status is ExitStatus.USAGE
    assert flag in said.err
    assert cli.server.bodies == []


def test_a_definition_that_is_not_there_is_told_of_a_filter_too(cli: CommandLine) -> None:
    said = cli("delete", "-d", "nope", "--yes")

    assert said.status is ExitStatus.DONE
    assert 'No definition is listed as "nope". There are: ' in said.err


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "maybe\n"])
def test_anything_but_a_yes_is_a_no(cli: CommandLine, answer: str) -> None:
    id = cli.trigger()
    cli.clock.advance(1)

    said = cli("abort", "--all", stdin=answer, is_terminal=True)

    assert said.status is ExitStatus.FAILED
    assert "Nothing was done." in said.err
    assert cli.stack.get(id).is_open


def test_without_a_terminal_nothing_is_done_unless_somebody_says_yes(cli: CommandLine) -> None:
    id = cli.trigger()
    cli.clock.advance(1)

    refused = cli("abort", "--all", stdin="y\n")

    assert refused.status is ExitStatus.USAGE
    assert "1 open task would be aborted on " in refused.err
    assert "There is no terminal to ask at. Next: --yes" in refused.err
    assert cli.stack.get(id).is_open
    assert cli("abort", "-d", "reindex", "--yes").lines == ["1 aborted"]
    assert cli.stack.get(id).was_aborted


def test_a_dry_run_only_counts(cli: CommandLine) -> None:
    ids = [cli.trigger() for _ in range(2)]
    cli.clock.advance(1)

    said = cli("abort", "--all", "--dry-run")

    assert said.lines == [
        f"2 open tasks would be aborted on the stack of {cli.environ['BACKGROUND_TASKS_OUTPUTS']}."
    ]
    assert cli("abort", "--all", "--dry-run", "--json").json["count"] == 2
    assert cli("delete", "--status", "success", "--yes", "--json").json == {
        "count": 0,
        "isCountCapped": False,
        "dryRun": False,
    }
    assert cli("abort", *ids, "--dry-run", "--json").json["dryRun"] is True
    assert cli("abort", *ids, "nope", "--dry-run").lines[0].startswith("2 would be aborted")
    assert statuses(cli, ids) == {Status.PENDING}
    assert len(cli.stack.tasks.list().items) == 2


def test_the_filter_is_the_same_when_it_is_counted_and_when_it_is_done(cli: CommandLine) -> None:
    cli.trigger()
    cli.clock.advance(10)

    cli("abort", "--since", "1h", "-d", "reindex", "--yes", "--rate", "5")

    asked = [body["variables"] for body in cli.server.bodies if "abortTasks" in body["query"]]
    assert [each["dryRun"] for each in asked] == [True, False]
    assert asked[0]["where"] == asked[1]["where"]
    assert asked[1]["rate"] == 5


def test_what_has_failed_is_told_and_ends_with_1(cli: CommandLine) -> None:
    id = cli.trigger(fails=True)
    cli.end(id)
    cli.stack.definitions = tuple(each for each in cli.stack.definitions if each.id != "reindex")

    said = cli("retry", "--status", "failed", "--yes")

    assert said.status is ExitStatus.FAILED
    assert said.lines == ["0 retried, 1 failed"]
    assert f"background-tasks: {id}: TASK_DEFINITION_ERROR: " in said.err


def test_nobody_has_to_wait_for_it(cli: CommandLine) -> None:
    cli.trigger()
    cli.clock.advance(1)

    said = cli("abort", "--all", "--yes", "--no-wait")

    assert cli.stack.get(said.lines[0]).definition_id == "backgroundTasksInBulk"
    assert cli.stack.get(said.lines[0]).is_open


def test_ctrl_c_while_it_works_says_that_it_goes_on(cli: CommandLine) -> None:
    cli.trigger()
    cli.clock.advance(1)

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    cli.clock.at_sleep = interrupt

    said = cli("abort", "--all", "--yes")

    assert said.status is ExitStatus.INTERRUPTED
    assert "It goes on. Next: background-tasks watch " in said.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["abort"], "abort needs ids, a filter such as --status or --definition, or --all."),
        (["delete"], "delete needs ids, a filter"),
        (["abort", "x", "--all"], "abort takes ids, or a filter, and not both."),
        (["abort", "x", "--status", "open"], "and not both"),
        (["abort", "--all", "-m", "x"], "--message goes with ids"),
        (["retry", "--all", "--from-start"], "--input and --from-start go with ids"),
        (
            ["abort", "--dryrun", "--all", "--yes"],
            "Unknown option: --dryrun. Next: background-tasks",
        ),
        (["delete", "x", "--yess"], "Unknown option: --yess. Next: background-tasks delete --help"),
        (["run-now", "x", "-q"], "Unknown option: -q."),
        (["pause", "x", "--bogus"], "Unknown option: --bogus."),
        (["abort", "--all", "--yes", "--timeout", "x"], '--timeout is "x"'),
    ],
)
def test_what_is_not_clear_is_refused_before_anything_is_sent(
    cli: CommandLine, arguments: list[str], says: str
) -> None:
    said = cli(*arguments)

    assert said.status is ExitStatus.USAGE
    assert says in said.err
    assert cli.server.bodies == []
