"""DBOS with SQLite, its default store: a workflow of steps, and workflows on a queue.

As in its guide, https://docs.dbos.dev/python/programming-guide ("Workflows and Steps", "Queues").
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbos import DBOS

from tests.benchmark.contestant import main
from tests.benchmark.meter import Meter
from tests.benchmark.sqlite_meter import meter_sqlite
from tests.benchmark.work import Work

QUEUE = "benchmark"


@dataclass
class Workflows:
    """A workflow that is called, and one that is enqueued."""

    counted: Any
    single: Any

    def steps(self, count: int) -> None:
        self.counted(count)

    def tasks(self, count: int) -> None:
        handles = [DBOS.enqueue_workflow(QUEUE, self.single, number) for number in range(count)]
        for handle in handles:
            handle.get_result()


@contextmanager
def opened(work: Work, meter: Meter, folder: Path) -> Iterator[Workflows]:
    """DBOS, launched, with a queue."""
    meter_sqlite(meter)

    @DBOS.step()
    def step(number: int) -> None:
        work.do(number)

    @DBOS.workflow()
    def counted(count: int) -> None:
        for number in range(count):
            step(number)

    @DBOS.workflow()
    def single(number: int) -> None:
        work.do(number)

    store = f"sqlite:///{folder / 'dbos.sqlite'}"
    DBOS(config={"name": "benchmark", "system_database_url": store, "log_level": "WARNING"})
    DBOS.launch()
    try:
        DBOS.register_queue(QUEUE)
        yield Workflows(counted, single)
    finally:
        DBOS.destroy()


if __name__ == "__main__":
    main(opened, packages=("dbos", "sqlalchemy"))
