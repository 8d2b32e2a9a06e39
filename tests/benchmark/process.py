"""A contestant in a process of its own, and what it says."""

import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.benchmark.contestant import Measured
from tests.benchmark.environment import ROOT, last_line
from tests.benchmark.lineup import Entry
from tests.benchmark.workloads import Workload

_PATIENCE_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Failed:
    """A contestant that has no numbers, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """What became of a contestant in a workload.

    Args:
        versions: of its packages, by their names.
    """

    entry: Entry
    result: Measured | Failed
    versions: dict[str, str]


def run(
    entry: Entry, workload: Workload, *, python: Path, patience_seconds: float = _PATIENCE_SECONDS
) -> Row:
    """Runs it, and never raises: what goes wrong is its result."""
    job = json.dumps({"workload": asdict(workload), "options": dict(entry.options)})
    try:
        ran = subprocess.run(
            [str(python), *entry.command, job],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=patience_seconds,
        )
    except subprocess.TimeoutExpired:
        return Row(entry, Failed(f"not done within {patience_seconds:,.0f} seconds"), {})
    except OSError as error:
        return Row(entry, Failed(str(error)), {})
    if ran.returncode != 0:
        return Row(entry, Failed(last_line(ran.stderr)), {})
    said = json.loads(last_line(ran.stdout))
    return Row(entry, Measured(**said["measured"]), said["versions"])
