"""A short campaign, as `make chaos` runs a long one: the whole system on a local AWS that fails."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
SEED, TASKS = "7", "40"  # one of each kind
_PATIENCE_SECONDS = 240


@pytest.mark.slow
def test_no_task_is_lost_stuck_or_doubled() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.chaos"],
        cwd=ROOT,
        env=os.environ | {"SEED": SEED, "TASKS": TASKS},
        capture_output=True,
        text=True,
        timeout=_PATIENCE_SECONDS,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    first, *_, last = run.stdout.splitlines()
    assert first == f"SEED={SEED} TASKS={TASKS}"
    assert last.endswith(": 0 lost, 0 stuck, 0 double effects")
    assert int(re.findall(r"(\d+) faults", last)[0]) >= 20
