"""Ours, one loop of `context.each`: its steps are saved every few seconds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from handler import Context, Done, task
from handler.definition import Definition
from handler.testing import World
from tests.benchmark.contestant import main
from tests.benchmark.meter import Meter
from tests.benchmark.work import Work
from tests.benchmark.world import metered_world


class Steps(BaseModel):
    """How many steps there are, and how many are done."""

    steps: int
    cursor: int = 0


@dataclass
class Each:
    """A task that goes through its steps in one loop."""

    world: World
    looped: Definition

    def steps(self, count: int) -> None:
        self.world.start(self.looped, {"steps": count})
        self.world.finish()

    def tasks(self, count: int) -> None:
        raise NotImplementedError("a loop is one task: see iterations.py")


@contextmanager
def opened(work: Work, meter: Meter, folder: Path, **options: Any) -> Iterator[Each]:
    """A stack with one definition.

    Args:
        options: of `context.each`.
    """

    @task(id="looped")
    def looped(context: Context, input: Steps) -> Done:
        """A step an item."""
        rest = ((number + 1, number) for number in range(input.cursor, input.steps))
        for number in context.each(rest, input, total=input.steps, **options):
            work.do(number)
        return Done()

    with metered_world(looped, meter=meter) as world:
        yield Each(world, looped)


if __name__ == "__main__":
    main(opened, packages=())
