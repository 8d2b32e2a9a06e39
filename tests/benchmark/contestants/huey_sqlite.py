"""huey with SQLite: tasks on a queue, and one consumer with its defaults. It has no steps.

As in its guide, https://huey.readthedocs.io/en/latest/guide.html ("Getting results from tasks").
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huey import SqliteHuey

from tests.benchmark.contestant import main
from tests.benchmark.meter import Meter
from tests.benchmark.sqlite_meter import meter_sqlite
from tests.benchmark.work import Work


@dataclass
class Queue:
    """A task that is enqueued, and whose result is waited for."""

    single: Any

    def steps(self, count: int) -> None:
        raise NotImplementedError("huey has no steps: a task that is cut off is lost")

    def tasks(self, count: int) -> None:
        results = [self.single(number) for number in range(count)]
        for result in results:
            result.get(blocking=True)


@contextmanager
def opened(work: Work, meter: Meter, folder: Path) -> Iterator[Queue]:
    """A queue, and a consumer in this process."""
    meter_sqlite(meter)
    huey = SqliteHuey(filename=str(folder / "huey.sqlite"))

    @huey.task()
    def single(number: int) -> bool:
        work.do(number)
        return True  # a result of `None` is not stored, and would be waited for without end

    consumer = huey.create_consumer()
    consumer.start()
    try:
        yield Queue(single)
    finally:
        consumer.stop(graceful=True)


if __name__ == "__main__":
    main(opened, packages=("huey",))
