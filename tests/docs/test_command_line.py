"""The guide of the command line: each of its examples runs, and its tables are so."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from cli.app import COMMANDS
from cli.exit_status import ExitStatus
from cli.target import OUTPUTS
from handler.contract import Status
from handler.definition import Definition
from tests.cli.command_line import CommandLine, Said, command_line
from tests.docs.guide import DOCS, anchors_of, links_of
from tests.kept_schemas import kept_schemas

GUIDE = (DOCS / "command-line.md").read_text()
EXAMPLES = [
    line.removeprefix("$ ")
    for block in re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
# These go to AWS itself: tests/cli/test_system.py runs them on the local AWS, and
# tests/cli/commands/test_send.py on moto's bus. The console runs until it is ended:
# tests/cli/commands/test_console.py.
ELSEWHERE = ("console", "doctor", "send")
# A Pulumi CLI that knows one stack.
PULUMI = """#!/bin/sh
cat outputs.json
"""


def of_the_guide() -> dict[str, Definition]:
    """The definitions of the guide's file, by their ids. Each call makes them anew."""
    [code] = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    made: dict[str, object] = {"__name__": "examples"}
    exec(code, made)
    return {each.id: each for each in made.values() if isinstance(each, Definition)}


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    monkeypatch.chdir(tmp_path)
    with kept_schemas(), command_line(tmp_path) as line:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "pulumi").write_text(PULUMI)
        (tmp_path / "bin" / "pulumi").chmod(0o755)
        (tmp_path / "input.json").write_text('{"times": 1}')
        line.environ["PATH"] = f"{tmp_path / 'bin'}:/usr/bin:/bin"
        own = of_the_guide()
        others = [each for each in line.stack.definitions if each.id not in own]
        line.stack.definitions = (*others, *own.values())
        yield line


@pytest.fixture
def ids(cli: CommandLine) -> Mapping[str, str]:
    """The tasks that the examples are about, by the names of their variables."""
    found = {
        "ID": cli.trigger(times=2),
        "FAILED": cli.trigger(fails=True),
        "OVER": cli.trigger(),
        "WAITING": cli.stack.tasks.trigger("waiting").id,
    }
    for name in ("FAILED", "OVER"):
        cli.end(found[name])
    cli.visit(cli.stack.get(found["WAITING"]))
    for _ in range(2):
        cli.stack.tasks.trigger("export", input={"customer": "acme"})
        cli.clock.advance(1)
    return found


def ran(cli: CommandLine, example: str, ids: Mapping[str, str]) -> Said:
    """What an example says. A pipe hands on what was printed; variables stand before a command."""
    for name, id in ids.items():
        example = example.replace(f'"${name}"', id)
    said = Said(ExitStatus.DONE, "", "")
    for command in example.split(" | "):
        words = shlex.split(command)
        if words[0] == "echo":
            said = Said(ExitStatus.DONE, words[1], "")
            continue
        environ: dict[str, str] = {}
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            environ[name] = value
        assert words.pop(0) == "background-tasks"
        if "BACKGROUND_TASKS_STACK" in environ:
            environ[OUTPUTS] = ""
        said = cli(*words, stdin=said.out, environ=environ)
    return said


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.split()[1] not in ELSEWHERE])
def test_each_example_runs(cli: CommandLine, ids: Mapping[str, str], example: str) -> None:
    if "watch" in example or "--follow" in example:
        cli.clock.at_sleep = cli.work
    if "queue" in example:
        queued = cli.stack.tasks.list().items[0]
        cli.visit(queued)

    said = ran(cli, example, ids)

    assert said.status is ExitStatus.DONE, said.err
    assert said.out or said.err


def test_the_examples_have_each_command() -> None:
    said = {
        each for example in EXAMPLES for each in re.findall(r"background-tasks ([\w-]+)", example)
    }

    assert said == {name for name, *_ in COMMANDS}


def test_the_guide_has_each_definition_that_its_examples_name() -> None:
    named = {
        each
        for example in EXAMPLES
        for each in re.findall(
            r"(?:trigger|send|--definition|limits(?: set| queue| drain| reset)?) (\w+)", example
        )
    } - {"set", "queue", "drain", "reset"}

    assert named == set(of_the_guide()) - {"waiting"}  # of which the examples have a task


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["show", "$ID", "nope"], 3),
        (["show", "nope", "nobody"], 3),
        (["abort", "$OVER", "nope"], 1),
        (["logs", "$FAILED", "--follow"], 1),
        (["logs", "$FAILED"], 0),
        (["show", "$FAILED"], 0),
        (["retry", "-"], 0),
        (["abort", "--status", "failed", "-d", "waiting"], 0),
        (["trigger", "reindex", "--delay", "400d"], 2),
        (["settings", "--retention-days", "-1"], 2),
        (["list", "--limit", "0"], 2),
        (["list", "--since", "1m", "--until", "2h"], 2),
        (["list", "--name", ""], 2),
        (["list", "--name", "nobody"], 0),
    ],
)
def test_each_case_has_the_status_that_the_guide_says(
    cli: CommandLine, ids: Mapping[str, str], arguments: list[str], status: int
) -> None:
    given = [ids.get(each.removeprefix("$"), each) for each in arguments]

    assert cli(*given).status == status


def test_who_answers_no_has_refused_it(cli: CommandLine, ids: Mapping[str, str]) -> None:
    assert cli("abort", "--all", stdin="n\n", is_terminal=True).status is ExitStatus.FAILED


def test_an_example_does_what_the_guide_says(cli: CommandLine, ids: Mapping[str, str]) -> None:
    aborted = ran(cli, "background-tasks abort --status open --definition reindex --yes", ids)

    assert aborted.lines == ["1 aborted"]
    assert cli.stack.get(ids["ID"]).status is Status.ABORTED


def test_the_table_of_exit_statuses_is_whole() -> None:
    section = GUIDE.partition("## Exit statuses")[2].partition("\n## ")[0]

    assert [int(number) for number in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)] == [
        *ExitStatus
    ]


def test_what_the_doctor_looks_at_is_in_its_table() -> None:
    from cli.doctor.examination import CHECKS

    section = GUIDE.partition("## The doctor")[2].partition("\n## ")[0]
    permissions = {each for check in CHECKS for each in re.findall(r"[\w-]+:\w+", check.needs)}

    for check in CHECKS:
        assert check.name in section, check.name
    assert {each for each in permissions if each not in section} <= {"sts:GetCallerIdentity"}


def test_its_links_lead_somewhere() -> None:
    for link in links_of(GUIDE):
        path, _, anchor = link.partition("#")
        target = DOCS / path if path else DOCS / "command-line.md"
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target.read_text()), link


# What the guide for operators says in passing, where it is a whole command.
IN_PASSING = [
    f"background-tasks {said.removeprefix('background-tasks ')}"
    for said in re.findall(
        r"`((?:background-tasks|settings) [^`]+)`", (DOCS / "operating.md").read_text()
    )
]


@pytest.mark.parametrize("command", IN_PASSING)
def test_each_command_of_the_guide_for_operators_runs(
    cli: CommandLine, ids: Mapping[str, str], command: str
) -> None:
    said = ran(cli, command.replace("<id>", "export"), ids)

    assert said.status is ExitStatus.DONE, said.err
