"""The workflows are what a linter finds nothing in, and the example of a deploy is careful."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parent.parent
GITHUB: Final = ROOT / ".github"
DEPLOY: Final[dict[str, Any]] = yaml.safe_load((GITHUB / "workflows" / "deploy.yml").read_text())
JOBS: Final = DEPLOY["jobs"]


def lint(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [Path(sys.executable).with_name("zizmor"), "--offline", "--strict-collection", folder],
        check=False,
        capture_output=True,
        text=True,
    )


def copied(tmp_path: Path) -> Path:
    shutil.copytree(GITHUB / "workflows", tmp_path / ".github" / "workflows")
    shutil.copytree(GITHUB / "actions", tmp_path / ".github" / "actions")
    shutil.copy(GITHUB / "zizmor.yml", tmp_path / ".github")
    return tmp_path / ".github"


def test_the_linter_finds_nothing_in_the_workflows(tmp_path: Path) -> None:
    linted = lint(copied(tmp_path))

    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("    steps:\n", "    stepz:\n"),
        ('--stack "$STACK"', "--stack ${{ github.head_ref }}"),
        ("          persist-credentials: false\n", "          fetch-depth: 1\n"),
    ],
)
def test_the_linter_finds_a_mistake(tmp_path: Path, right: str, wrong: str) -> None:
    folder = copied(tmp_path)
    file = folder / "workflows" / "deploy.yml"
    assert right in file.read_text()
    file.write_text(file.read_text().replace(right, wrong, 1))

    assert lint(folder).returncode != 0


def test_two_deploys_of_a_stack_wait_for_each_other_and_are_never_cut_off() -> None:
    deploys = {
        name: job
        for name, job in JOBS.items()
        if any("pulumi up" in str(step) for step in job["steps"])
    }

    assert {name: job["concurrency"] for name, job in deploys.items()} == {
        name: {"group": f"stack-{name}", "cancel-in-progress": False} for name in ("dev", "prod")
    }
    assert {name: job["environment"] for name, job in deploys.items()} == {
        "dev": "dev",
        "prod": "prod",
    }
    assert deploys["prod"]["needs"] == "dev"


def test_a_job_may_read_the_code_and_say_to_aws_who_it_is_and_nothing_else() -> None:
    allowed = {name: job["permissions"] for name, job in JOBS.items()}

    assert allowed == {name: {"contents": "read", "id-token": "write"} for name in JOBS}
    assert DEPLOY["permissions"] == {}


def test_nothing_is_deployed_where_nobody_has_set_it_up() -> None:
    unguarded = {
        name for name, job in JOBS.items() if "PULUMI_BACKEND_URL != ''" not in job.get("if", "")
    }

    assert unguarded == {"prod"}  # which needs dev
