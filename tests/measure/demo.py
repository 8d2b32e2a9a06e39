"""How long `make demo` takes once the wheels that its bundle carries are there."""

import subprocess
import sys
import time
from pathlib import Path

from tests.measure.promise import Promise

ROOT = Path(__file__).parent.parent.parent
ROUNDS = 3


def promises() -> list[Promise]:
    _seconds()  # the first time, which makes what the others find
    seconds = [_seconds() for _ in range(ROUNDS)]
    shown = ", ".join(f"{each:.1f}" for each in seconds)
    return [Promise("`make demo`, second time, s", min(seconds), 10, shown)]


def _seconds() -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "local", "demo"], cwd=ROOT, check=True, capture_output=True
    )
    return time.perf_counter() - started
