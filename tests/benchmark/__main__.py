"""`make benchmark`: the same work for our loop, a bare loop and rivals, in the same run.

docs/benchmark.md says what the columns mean, and what they don't.
"""

import os
import platform
import sys
from pathlib import Path

from rich.console import Console

from tests.benchmark import environment
from tests.benchmark.lineup import Entry, lineup
from tests.benchmark.process import Failed, Row, run
from tests.benchmark.report import ROUND_TRIP_MS, table, versions
from tests.benchmark.workloads import WORKLOADS, Workload


def main() -> int:
    round_trip_ms = float(os.environ.get("ROUND_TRIP_MS", ROUND_TRIP_MS))
    reason = _reason_without_rivals()
    console = Console(width=200)
    rows: list[Row] = []
    for workload in WORKLOADS:
        found = [_row(entry, workload, reason) for entry in lineup(workload.kind)]
        console.print(f"\n{workload.title}\n", table(workload, found, round_trip_ms=round_trip_ms))
        rows += found
    print(f"\nPython {platform.python_version()}, {os.cpu_count()} cores. {versions(rows)}.")
    print("Machines differ, and are never quiet: compare within a run. docs/benchmark.md has more.")
    return 1 if any(isinstance(row.result, Failed) for row in rows) else 0


def _reason_without_rivals() -> str:
    """Why the rivals can't take part; "" if they can."""
    try:
        environment.make_ready()
    except environment.NotInstalled as error:
        return str(error)
    return ""


def _row(entry: Entry, workload: Workload, reason: str) -> Row:
    print(f"{workload.title}: {entry.name} ...", file=sys.stderr, flush=True)
    if entry.is_rival and reason:
        return Row(entry, Failed(reason), {})
    python = environment.python() if entry.is_rival else Path(sys.executable)
    return run(entry, workload, python=python)


if __name__ == "__main__":
    sys.exit(main())
