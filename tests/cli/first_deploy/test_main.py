"""The command: what it prints, and its exit status."""

import io
import json
import subprocess
from pathlib import Path

import pytest

from cli.first_deploy.__main__ import main
from tests.cli.first_deploy.conftest import ROOT
from tests.running import Running

pytestmark = pytest.mark.slow

COMMAND = ("--stack", "dev", "--outputs")


@pytest.fixture
def outputs(aws: Running, tmp_path: Path) -> Path:
    """A file with the outputs of the stack on the local AWS."""
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps(dict(aws.deployed.outputs)))
    return path


@pytest.mark.usefixtures("stack_of")
def test_a_stack_that_is_all_right_ends_with_status_0(
    outputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)

    status = main([*COMMAND, str(outputs), "--yes"])

    printed = capsys.readouterr().out
    assert status == 0, printed
    assert " 2. ok       The bucket is encrypted as declared" in printed
    assert " 0 failed, " in printed


@pytest.mark.usefixtures("stack_of")
def test_a_check_that_fails_ends_with_status_1_and_the_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "none.json").write_text("{}")  # though everything is there

    status = main([*COMMAND, str(tmp_path / "none.json")])

    printed = capsys.readouterr().out
    assert status == 1
    assert " 6. FAILED   No log group of an earlier stack is left" in printed
    assert "\n             Next: " in printed


@pytest.mark.usefixtures("stack_of")
def test_where_nobody_can_be_asked_no_task_is_started(
    outputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))  # no terminal

    main([*COMMAND, str(outputs)])

    assert "nobody agreed to start a task. Next: --yes" in capsys.readouterr().out


def test_without_pulumi_and_without_outputs_there_is_one_line_and_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PATH", str(tmp_path))

    status = main(["--stack", "dev"])

    assert status == 2
    assert "There is no `pulumi` on the PATH. Next:" in capsys.readouterr().err


def test_a_stack_without_a_file_is_told_with_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)

    status = main(["--stack", "nowhere"])

    assert status == 2
    assert "Pulumi.nowhere.yaml does not exist" in capsys.readouterr().err


def test_make_asks_for_the_name_of_the_stack() -> None:
    ran = subprocess.run(
        ["make", "--dry-run", "first-deploy"], cwd=ROOT, check=False, capture_output=True, text=True
    )

    assert ran.returncode != 0
    assert "Name a stack: make first-deploy STACK=dev" in ran.stderr
