"""Ours, an iteration a step: `Continue` after each."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handler import Context, Continue, Done, task
from handler.definition import Definition
from handler.testing import World
from tests.benchmark.contestant import main
from tests.benchmark.meter import Meter
from tests.benchmark.work import Work
from tests.benchmark.world import metered_world


@dataclass
class Iterations:
    """Tasks that are triggered, and run to their ends one after another."""

    world: World
    counted: Definition
    single: Definition

    def steps(self, count: int) -> None:
        self.world.start(self.counted, {"step": 0, "steps": count})
        self.world.finish()

    def tasks(self, count: int) -> None:
        for number in range(count):
            self.world.start(self.single, {"number": number})
        self.world.finish()


@contextmanager
def opened(work: Work, meter: Meter, folder: Path, **options: Any) -> Iterator[Iterations]:
    """A stack with two definitions.

    Args:
        options: of `@task`.
    """

    @task(id="counted", **options)
    def counted(context: Context, input: dict[str, int]) -> Continue | Done:
        """A step an iteration."""
        work.do(input["step"])
        following = input["step"] + 1
        return Continue({"step": following}) if following < input["steps"] else Done()

    @task(id="single", **options)
    def single(context: Context, input: dict[str, int]) -> Done:
        """A task of one iteration."""
        work.do(input["number"])
        return Done()

    with metered_world(counted, single, meter=meter) as world:
        yield Iterations(world, counted, single)


if __name__ == "__main__":
    main(opened, packages=("boto3", "pydantic"))
