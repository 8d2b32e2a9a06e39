"""`python -m local logs`: what the Lambdas log and print, as people read it and as it is."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.__main__ import main
from local.logs import Line, Logs
from tests.running import Running

ROOT = Path(__file__).parent.parent.parent
AT = datetime(2026, 11, 26, 9, 15, 33, 724000, UTC)
IDS = {"task_id": "0123456789abcdef", "definition_id": "exportUsers", "iteration": 2}


def line_of(**fields: object) -> Line:
    return Line("worker", AT, json.dumps(fields, ensure_ascii=False))


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_line_shows_time_level_function_task_message_and_what_else_it_has() -> None:
    line = line_of(level="INFO", message="Read.", rows=5, logger="x", **IDS)

    shown = str(line).split()
    assert shown == ["09:15:33.724", "INFO", "worker", "exportUsers", "…89abcdef", "#2", "Read.",
                     "rows=5"]  # fmt: skip


def test_an_exception_stands_below_its_line() -> None:
    line = line_of(level="ERROR", message="Failed.", exception="Traceback:\n  KeyError: 'x'")

    assert str(line).splitlines()[1:] == ["    Traceback:", "      KeyError: 'x'"]


@pytest.mark.parametrize("number", [*range(32), *range(127, 160)])
def test_a_control_character_is_escaped_for_people_but_a_tab_and_a_newline(number: int) -> None:
    character = chr(number)
    lines = [
        line_of(level="INFO", message=f"a{character}b", **IDS),
        line_of(level="INFO", message="Read.", name=f"a{character}b"),
        Line("worker", AT, f"a{character}b"),
    ]

    expected = f"a{character}b" if character in "\t\n" else f"a\\x{number:02x}b"
    assert [expected in str(line) for line in lines] == [True] * 3


def test_no_control_character_of_a_trace_is_shown() -> None:
    line = line_of(level="ERROR", message="Failed.", exception="a\x1b[2Jb\x00\rc\x85d")

    shown = str(line).replace("\n", "")
    assert shown.isprintable()
    assert "a\\x1b[2Jb\\x00" in shown


@pytest.mark.parametrize("text", ["no json", "[1]", "{", "null"])
def test_a_line_that_is_not_ours_is_shown_as_it_is(text: str) -> None:
    line = Line("worker", AT, text)

    assert str(line).endswith(text)
    assert line.is_for_people


@pytest.mark.parametrize("text", ["START RequestId: 1", "END RequestId: 1", '{"_aws": {}}'])
def test_what_lambda_writes_itself_and_metrics_are_not_for_people(text: str) -> None:
    assert not Line("worker", AT, text).is_for_people


def test_a_line_is_of_a_task_by_its_id_or_the_end_of_it() -> None:
    line = line_of(message="Hi.", **IDS)

    assert line.is_of("0123456789abcdef")
    assert line.is_of("89abcdef")
    assert not line.is_of("0123")
    assert not line.is_of("")


@pytest.fixture
def inside(aws: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which `python -m local` finds the running system."""
    aws.deployed.to_file(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines_of(aws: Running, id: str) -> list[dict[str, Any]]:
    lines = [line for line in Logs(aws.deployed).new() if line.is_for_people]
    return [line.fields for line in lines if line.is_of(id)]


def test_all_that_a_task_logs_and_prints_is_in_cloudwatch_with_its_ids(aws: Running) -> None:
    id = aws.trigger("logPlainly", {})
    execution = aws.run(id).arn.rpartition(":")[2]

    aws.until(lambda: any(line["message"] == "HOOK" for line in lines_of(aws, id)))
    every = lines_of(aws, id)
    lines = [line for line in every if line.get("action") != "visit"]
    assert {line["execution_name"] for line in every} == {execution}
    assert {line["definition_id"] for line in every} == {"logPlainly"}
    assert [line["answer"] for line in every if line not in lines] == ["continue", "done"]
    assert [line["message"] for line in lines if line["iteration"] == 1] == [
        "PRINT… 1", "INFO 1", "STDERR", "TASK-LOG", "Task continuing.", "THREAD",
    ]  # fmt: skip
    assert [line["message"] for line in lines if line["iteration"] == 2] == [
        "PRINT… 2", "INFO 2", "STDERR", "TASK-LOG", "Task done.", "HOOK", "THREAD",
    ]  # fmt: skip


def test_a_program_that_a_task_starts_takes_nothing_from_lambda_and_gives_it_nothing(
    aws: Running,
) -> None:
    id = aws.trigger("logPlainly", {})

    ended = aws.run(id)

    assert ended.status == "SUCCEEDED"
    texts = [line.text for line in Logs(aws.deployed, ("worker",)).new()]
    assert '{"status": "ok", "result": "SUBPROCESS"}' in texts


def test_the_command_shows_the_lines_of_a_task_and_of_a_function(
    aws: Running, inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    id = aws.trigger("logPlainly", {})
    aws.run(id)

    main(["logs", "--task", id, "--function", "worker", "--since", "10m"])
    shown = capsys.readouterr().out
    main(["logs", "--task", id, "--json"])
    raw = capsys.readouterr().out
    main(["logs", "--task", id, "--function", "api"])
    of_the_api = capsys.readouterr().out

    assert f"logPlainly …{id[-8:]} #1" in shown
    assert "INFO 2" in shown
    assert {json.loads(line)["task_id"] for line in raw.splitlines()} == {id}
    assert of_the_api == ""


def test_a_pipe_that_is_closed_ends_the_command_without_a_word(aws: Running, inside: Path) -> None:
    aws.run(aws.trigger("logPlainly", {}))
    command = f"{sys.executable} -m local logs | true; echo ${{PIPESTATUS[0]}}"

    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=inside,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert (ended.stdout, ended.stderr) == ("141\n", "")


@contextmanager
def following(folder: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "local", "logs", "--follow", *more],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.terminate()


def test_a_line_is_shown_while_its_iteration_still_runs(aws: Running, inside: Path) -> None:
    id = aws.trigger("logPlainly", {"seconds": 4})

    with following(inside, "--task", id) as follower:
        assert follower.stdout
        first = follower.stdout.readline()
        status = aws.record(id)["taskStatus"]

    assert "PRINT… 1" in first
    assert status == "running"


def test_following_shows_each_line_once(aws: Running, inside: Path) -> None:
    id = aws.trigger("logPlainly", {})

    with following(inside, "--task", id) as follower:
        assert follower.stdout
        shown: list[str] = []
        while not shown or "HOOK" not in shown[-1]:
            shown.append(follower.stdout.readline())

    assert sum("INFO 1" in line for line in shown) == 1
    assert sum("INFO 2" in line for line in shown) == 1


@pytest.mark.parametrize("since", ["5x", "m", "-1h", "10 m", ""])
def test_a_time_that_is_none_is_refused(since: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["logs", f"--since={since}"])

    assert "is not a time such as 30s, 10m or 2h" in capsys.readouterr().err
