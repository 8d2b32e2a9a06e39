"""`list` and `show`."""

import json
from datetime import timedelta

import pytest

from cli.exit_status import ExitStatus
from handler.clock import to_iso
from tests.cli.command_line import CommandLine
from tests.handler.client.conftest import says


def several(cli: CommandLine, count: int) -> list[str]:
    """The ids of so many tasks, the newest first."""
    ids: list[str] = []
    for number in range(count):
        ids.insert(0, cli.trigger(number=number))
        cli.clock.advance(60)
    return ids


def test_a_list_has_the_newest_first_and_no_colours_in_a_pipe(cli: CommandLine) -> None:
    new, old = several(cli, 2)
    cli.end(old)

    said = cli("list")

    heads, first, second = said.lines
    assert heads.split() == ["ID", "DEFINITION", "STATUS", "CREATED", "ITER", "PROGRESS", "NAME"]
    assert first.split()[:3] == [new, "reindex", "pending"]
    assert second.split()[:3] == [old, "reindex", "success"]
    assert to_iso(cli.stack.get(old).created_on) in second
    assert "\x1b" not in said.out
    assert not any(line.endswith(" ") for line in said.lines)


def test_a_list_has_filters_and_formats(cli: CommandLine) -> None:
    new, old = several(cli, 2)
    cli.end(old)

    assert cli("list", "--status", "over", "-o", "id").lines == [old]
    assert cli("list", "--status", "open", "-o", "id").lines == [new]
    assert cli("list", "-d", "reindex", "--since", "150s", "-o", "id").lines == [new]
    assert [each["id"] for each in cli("list", "--json").json] == [new, old]
    assert [json.loads(line)["id"] for line in cli("list", "-o", "jsonl").lines] == [new, old]
    assert cli("list", "--sort", "createdOn:asc", "-o", "id").lines == [old, new]
    assert cli("list", "--sort", "createdOn_ASC", "-o", "id").lines == [old, new]


def test_what_is_sent_is_the_filter_of_the_flags(cli: CommandLine) -> None:
    cli(
        *("list", "--status", "failed", "-d", "reindex", "--tag", "customer=42", "--name", "Re"),
        *("--error-code", "NO_INDEX", "--sort", "finishedOn", "--limit", "7", "--since", "2h"),
    )

    assert cli.server.bodies[-1]["variables"] == {
        "where": {
            "taskStatus": "failed",
            "definitionId": "reindex",
            "tags": {"customer": "42"},
            "name_startsWith": "Re",
            "errorCode": "NO_INDEX",
            "createdOn_gte": to_iso(cli.clock.now() - timedelta(hours=2)),
        },
        "sort": ["finishedOn_DESC"],
        "limit": 8,
    }


def test_an_order_is_asked_for_where_somebody_says_one(cli: CommandLine) -> None:
    """What is found by its name comes in the order of names."""
    cli("list", "--name", "Re")

    assert cli.server.bodies[-1]["variables"] == {"where": {"name_startsWith": "Re"}, "limit": 51}


def test_a_list_says_that_there_are_more(cli: CommandLine) -> None:
    ids = several(cli, 3)

    some, all = cli("list", "--limit", "2", "-o", "id"), cli("list", "--all", "-o", "id")

    assert some.lines == ids[:2]
    assert some.err == "There are more than 2. Next: --limit, --all, or a filter.\n"
    assert (all.lines, all.err) == (ids, "")
    assert cli("list", "--limit", "3").err == ""


def test_an_empty_list_says_so_beside_the_output(cli: CommandLine) -> None:
    for format in ("table", "jsonl", "id"):
        said = cli("list", "-o", format)
        assert (said.out, said.status) == ("", ExitStatus.DONE)
        assert "No task matches" in said.err
    assert cli("list", "--json").json == []


def test_a_table_fits_its_terminal_and_never_cuts_an_id(cli: CommandLine) -> None:
    id = cli("trigger", "reindex", "--name", "日本語 " * 40).lines[0]

    said = cli("list", "--no-color", is_terminal=True, columns=90)

    assert id in said.out
    assert "…" in said.out
    assert "0s ago" in said.out
    from rich.cells import cell_len

    assert all(cell_len(line) <= 90 for line in said.lines)


def test_colours_are_for_terminals_alone_and_can_be_turned_off(cli: CommandLine) -> None:
    cli.trigger()

    assert "\x1b[" in cli("list", is_terminal=True).out
    for plain in (
        cli("list"),
        cli("list", "--no-color", is_terminal=True),
        cli("list", is_terminal=True, environ={"NO_COLOR": "1"}),
        cli("list", is_terminal=True, environ={"TERM": "dumb"}),
    ):
        assert "\x1b[" not in plain.out


def test_a_list_that_is_watched_has_a_line_for_each_change(cli: CommandLine) -> None:
    id = cli.trigger(times=1)

    def step(number: int) -> None:
        if number >= 3:
            raise KeyboardInterrupt
        cli.work()

    cli.clock.at_sleep = step

    piped = cli("list", "--watch")
    live = cli("list", "--watch", is_terminal=True)

    assert piped.status is ExitStatus.INTERRUPTED
    assert piped.lines == [
        f"{id} reindex: pending",
        f"{id} reindex: success, iteration 1, 1 of 1 (100%)",
    ]
    assert live.status is ExitStatus.INTERRUPTED
    assert "success" in live.out
    assert live.out.count("\x1b[?25l") == live.out.count("\x1b[?25h") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--limit", "0"], "--limit is 0; it takes 1 or more"),
        (["--limit", "x"], 'unable to convert "x" into int'),
        (["--sort", "createdOn:up"], '--sort is "createdOn:up"; it takes a field and an order'),
        (["--status", "done"], 'Invalid value "done" for --status'),
        (["--tag", "a"], '--tag is "a"; it takes KEY=VALUE'),
        (["--since", "1m", "--until", "2h"], "--since 1m is after --until 2h"),
        (["--sort", ""], '--sort is ""'),
        (["--since", "soon"], '--since is "soon"'),
        (["-o", "xml"], 'Invalid value "xml" for -o'),
    ],
)
def test_what_is_no_filter_is_a_usage_error(
    cli: CommandLine, arguments: list[str], says: str
) -> None:
    said = cli("list", *arguments)

    assert said.status is ExitStatus.USAGE
    assert says in said.err


def test_a_task_is_shown_with_its_input_and_its_output(cli: CommandLine) -> None:
    id = cli.trigger(size=7, text="ü")
    cli.end(id)

    said, shown = cli("show", id), cli("show", id, "--json").json

    assert f"id             {id}" in said.out
    assert '    "text": "ü"' in said.out
    assert '    "rows": 3' in said.out
    assert shown["input"] == {"size": 7, "text": "ü"}
    assert shown["output"] == {"rows": 3}
    assert "delay" not in shown  # the API shows none: it would say 0


def test_several_are_shown_in_their_order(cli: CommandLine) -> None:
    ids = several(cli, 2)

    assert [each["id"] for each in cli("show", *ids, "--json").json] == ids
    assert cli("show", *ids, "-o", "id").lines == ids
    assert len(cli("show", *ids, "-o", "jsonl").lines) == 2
    assert cli("show").status is ExitStatus.USAGE
    assert cli("show", "nope").status is ExitStatus.NOT_FOUND


def test_what_is_not_there_hides_nothing_of_the_others(cli: CommandLine) -> None:
    [id] = several(cli, 1)

    said = cli("show", id, "nope", "-o", "id")

    assert said.lines == [id]
    assert said.status is ExitStatus.NOT_FOUND
    assert said.err.startswith('background-tasks: nope: Task "nope" was not found!')
    assert [each["id"] for each in cli("show", id, "nope", "--json").json] == [id]
    assert cli("show", "nope", "--json").out == ""


def test_a_definition_that_is_not_there_is_told_with_one_request_and_no_more(
    cli: CommandLine,
) -> None:
    unknown = cli("list", "-d", "nope", "-d", "reindex")

    assert unknown.status is ExitStatus.DONE
    assert "No task matches, on " in unknown.err
    assert 'No definition is listed as "nope". There are: exportUsers, reindex' in unknown.err
    assert '"reindex"' not in unknown.err
    assert len(cli.server.bodies) == 2
    several(cli, 1)
    cli.server.bodies.clear()
    assert cli("list", "-d", "nope", "-d", "reindex").err == ""
    assert len(cli.server.bodies) == 1


def test_who_may_not_list_definitions_has_the_empty_list(cli: CommandLine) -> None:
    cli.server.faults.extend([lambda wire, answer: answer(), says(403, "{}")])

    said = cli("list", "-d", "nope")

    assert said.status is ExitStatus.DONE
    assert "No definition" not in said.err


def test_a_column_that_is_empty_takes_no_room_on_a_terminal(cli: CommandLine) -> None:
    id = cli.trigger()

    assert "PROGRESS" not in cli("list", is_terminal=True).out
    cli.end(id)
    assert "PROGRESS" in cli("list", is_terminal=True).out


def test_the_help_names_each_field_to_sort_by(
    cli: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    cli("list", "--help")

    assert "createdOn, startedOn, finishedOn or name" in capsys.readouterr().out
