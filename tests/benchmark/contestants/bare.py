"""The bare loop: the work, and nothing that would survive a crash."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmark.contestant import main
from tests.benchmark.meter import Meter
from tests.benchmark.work import Work


@dataclass
class Bare:
    """A `for` statement."""

    work: Work

    def steps(self, count: int) -> None:
        for number in range(count):
            self.work.do(number)

    tasks = steps


@contextmanager
def opened(work: Work, meter: Meter, folder: Path) -> Iterator[Bare]:
    """A loop needs no store."""
    yield Bare(work)


if __name__ == "__main__":
    main(opened, packages=())
