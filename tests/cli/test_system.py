"""The whole command line against the whole system on the local AWS, as a person runs it."""

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.running import Running
from tests.starting import ROOT

SECONDS = 60


class Commands:
    """Runs `python -m cli` in the folder of a local AWS."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.command = [sys.executable, "-P", "-m", "cli"]
        without = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        self.environ = without | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}

    def __call__(self, *arguments: str, **more: Any) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder,
            env=self.environ,
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            **more,
        )

    def begin(self, *arguments: str, **more: Any) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*self.command, *arguments],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )

    def on_terminal(self, *arguments: str, types: str = "") -> tuple[int, str]:
        """The exit status, and what a terminal has got."""
        pid, terminal = pty.fork()
        if not pid:
            os.chdir(self.folder)
            os.execvpe(self.command[0], [*self.command, *arguments], self.environ)
        os.write(terminal, types.encode())
        got, deadline = b"", time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                piece = os.read(terminal, 65_536)
            except OSError:  # its other end is closed
                break
            if not piece:
                break
            got += piece
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        return os.waitstatus_to_exitcode(status), got.decode()


@pytest.fixture(scope="module")
def run(aws: Running, tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """The commands, in a folder that has found the local AWS of the tests."""
    folder = tmp_path_factory.mktemp("operator")
    aws.deployed.to_file(folder)
    shutil.copytree(ROOT / "tests" / "local" / "definitions", folder / "definitions")
    for path in (ROOT / "definitions").glob("*.py"):
        shutil.copy(path, folder / "definitions")
    shutil.copytree(ROOT / "definitions" / "csv_import", folder / "definitions" / "csv_import")
    return Commands(folder)


def test_a_task_is_triggered_watched_and_its_log_is_followed(run: Commands) -> None:
    triggered = run("trigger", "countUp", "--input", '{"to": 3}', "--name", "日本語\x1b[2J")
    id = triggered.stdout.strip()
    watched = run("watch", id)
    followed = run("logs", id, "-f", "--json")
    shown = run("show", id, "--json")

    assert triggered.returncode == watched.returncode == followed.returncode == 0, watched.stderr
    assert "on the local AWS at http://127.0.0.1:" in triggered.stderr
    assert f"Task {id} has succeeded after" in watched.stdout
    lines = [json.loads(line) for line in followed.stdout.splitlines()]
    assert lines == sorted(lines, key=lambda line: (line["iteration"], line["createdOn"]))
    assert json.loads(shown.stdout)["taskStatus"] == "success"
    assert "\x1b" not in triggered.stderr + watched.stdout + watched.stderr + run("list").stdout


def test_a_failed_task_ends_with_1_and_a_missing_one_with_3(run: Commands) -> None:
    failed = run("trigger", "endBadly", "-i", '{"how": "fail"}', "--wait")

    assert failed.returncode == 1, failed.stderr
    assert " has failed after " in failed.stderr
    assert len(failed.stdout.splitlines()) == 1
    assert run("watch", "nope").returncode == 3
    assert run("trigger", "nope").returncode == 3
    assert run("list", "--bogus").returncode == 2
    assert run("list", "--stack", "nope").returncode == 4


def test_open_tasks_are_aborted_by_a_filter(run: Commands) -> None:
    ids = [run("trigger", "waitForAbort").stdout.strip() for _ in range(2)]

    refused = run("abort", "-d", "waitForAbort", "--status", "open")
    counted = run("abort", "-d", "waitForAbort", "--status", "open", "--dry-run", "--json")
    status, shown = run.on_terminal("abort", "-d", "waitForAbort", "--status", "open", types="y\n")

    assert refused.returncode == 2
    assert json.loads(counted.stdout)["count"] == 2
    assert status == 0, shown
    assert "2 open tasks would be aborted on the local AWS" in shown
    assert "2 aborted" in shown
    assert [run("watch", id).returncode for id in ids] == [6, 6]


def test_an_event_by_hand_makes_a_task_with_the_id_that_is_printed(run: Commands) -> None:
    id = run("send", "testingRun", "--name", "By hand").stdout.strip()
    for _ in range(50):
        if (watched := run("watch", id)).returncode == 0:
            break
        time.sleep(0.2)

    assert watched.returncode == 0, watched.stderr
    assert json.loads(run("show", id, "--json").stdout)["name"] == "By hand"


def test_the_doctor_finds_nothing_wrong_and_says_what_is_not_here(run: Commands) -> None:
    said = run("doctor", "--json")

    findings = {each["check"]: each for each in json.loads(said.stdout)}
    assert said.returncode == 0, said.stdout
    assert findings["wheels"]["state"] == "not here"
    assert findings["emulator"]["state"] == "ok"
    assert {each["state"] for each in findings.values()} <= {"ok", "warning", "not here"}


def test_a_pipe_that_closes_ends_it_without_a_word(run: Commands) -> None:
    for _ in range(3):
        run("trigger", "testingRun")
    listing = run.begin("list", "--watch", "-o", "jsonl")
    assert listing.stdout
    assert listing.stderr
    listing.stdout.readline()
    listing.stdout.close()
    run("trigger", "testingRun")

    assert listing.wait(SECONDS) == 141
    assert listing.stderr.read() == ""
    listing.stderr.close()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_and_the_task_goes_on(run: Commands, number: int, status: int) -> None:
    id = run("trigger", "waitForAbort").stdout.strip()
    watching = run.begin("watch", id)
    assert watching.stderr
    watching.stderr.readline()  # it is at it
    watching.send_signal(number)

    _, said = watching.communicate(timeout=SECONDS)
    assert watching.returncode == status, said
    assert "Traceback" not in said
    assert json.loads(run("show", id, "--json").stdout)["taskStatus"] in ("pending", "running")
    assert run("abort", id).returncode == 0


def test_a_terminal_without_unicode_gets_other_characters(run: Commands) -> None:
    run.environ["PYTHONIOENCODING"] = "ascii"
    try:
        id = run("trigger", "testingRun", "--name", "日本").stdout.strip()
        said, as_json = run("list"), run("show", id, "--json")
    finally:
        del run.environ["PYTHONIOENCODING"]

    assert "\\u65e5\\u672c" in said.stdout
    assert json.loads(as_json.stdout)["name"] == "日本"
