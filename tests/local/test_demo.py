"""`python -m local demo`: what it shows, and what makes it fail."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from local.access import Access
from local.demo import Demo
from local.deployed import Deployed
from local.errors import DemoFailed
from local.sample import Sample

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def demo() -> Demo:
    """A demo whose AWS nobody has started; it does not wait for executions."""
    access = Access("http://127.0.0.1:1", "eu-central-1", "AKIA", "secret")
    outputs = {"apiUrl": "", "eventBusName": "", "stateMachineArn": "arn"}
    console = Console(file=io.StringIO())
    return Demo(Deployed(access, outputs), Sample(access), console, start_seconds=0)


@pytest.mark.slow
@pytest.mark.system
def test_the_demo_imports_every_row_and_ends_with_status_0() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "local", "demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "yes  the table has 3,376 of 3,376 rows" in ended.stdout
    assert "importCsv    Wait            30 s" in ended.stdout
    assert "testingRun   Done" in ended.stdout
    assert "What to try next" in ended.stdout


def test_a_broken_expectation_fails_the_demo_and_is_named(demo: Demo) -> None:
    expectations = {
        "importCsv's execution SUCCEEDED": True,
        "the table has 12 of 3,376 rows": False,
    }

    with pytest.raises(DemoFailed, match=r"the table has 12 of 3,376 rows\."):
        demo._check(expectations)


def test_an_execution_that_never_starts_fails_the_demo(demo: Demo) -> None:
    with pytest.raises(DemoFailed, match="No execution of importCsv started within 0 seconds"):
        demo._execution("importCsv", "task-1")
