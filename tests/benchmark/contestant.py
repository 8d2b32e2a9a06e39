"""The process of a contestant: runs a workload as it is told, and prints what that took.

It needs the standard library alone: rivals have an environment without ours.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from tests.benchmark.meter import Meter
from tests.benchmark.work import Work, Writing
from tests.benchmark.workloads import Kind, Workload


@dataclass(frozen=True, slots=True)
class Measured:
    """What a workload took.

    Args:
        seconds: from the first trigger to the last end, the store's time included.
        cpu_seconds: of the processor, by all threads while they were not inside the store.
        invocations: how often a Lambda was invoked; of the state machine, each is a visit of `Run`.
    """

    seconds: float
    cpu_seconds: float
    requests: int
    bytes_written: int
    invocations: int


class Ready(Protocol):
    """A contestant whose store is there and whose parts are loaded."""

    def steps(self, count: int) -> None:
        """Runs one task of so many steps to its end."""

    def tasks(self, count: int) -> None:
        """Triggers so many tasks, and waits until all have ended."""


Opened = Callable[..., AbstractContextManager[Ready]]
"""Makes a contestant ready: `(work, meter, folder, **options)`."""


class NotTheSameWork(Exception):
    """A contestant has left out a step, or done one twice."""


def main(opened: Opened, packages: tuple[str, ...]) -> None:
    """Does what the command line says, and prints the result as JSON in the last line.

    Args:
        packages: those whose versions the report names.
    """
    job = json.loads(sys.argv[1])
    workload = Workload(**job["workload"])
    found = measured(opened, workload, **job["options"])
    versions = {name: metadata.version(name) for name in packages}
    print(json.dumps({"measured": asdict(found), "versions": versions}))


def measured(opened: Opened, workload: Workload, **options: Any) -> Measured:
    """The round in the middle, after a small one that loads what is loaded once."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "items.txt"
        work = Writing(file) if workload.writes else Work()
        meter = Meter()
        with opened(work, meter, Path(folder), **options) as ready:
            run = ready.steps if workload.kind == Kind.STEPS else ready.tasks
            _round(run, 2, work, meter)
            rounds = [_round(run, workload.count, work, meter) for _ in range(workload.rounds)]
    middle = statistics.median_low([each.cpu_seconds for each in rounds])
    return next(each for each in rounds if each.cpu_seconds == middle)


def _round(run: Callable[[int], None], count: int, work: Work, meter: Meter) -> Measured:
    meter.reset()
    started, cpu_before = time.perf_counter(), time.process_time()
    run(count)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_before
    found = Measured(
        seconds=seconds,
        cpu_seconds=cpu_seconds - meter.store_seconds,
        requests=meter.requests,
        bytes_written=meter.bytes_written,
        invocations=meter.invocations,
    )
    if (done := work.take()) != list(range(count)):
        raise NotTheSameWork(f"{len(done)} steps were done, of {count} that were asked for")
    return found
