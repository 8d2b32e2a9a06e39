"""A simulation: `SEED=7 TASKS=10000 python -m tests.simulation`. It ends with status 0 if no rule
was broken: in the worlds of the seed, and in every order of the small scopes.
"""

import os
import random
import sys

from rich.console import Console

from tests.simulation import process
from tests.simulation.campaign import Totals, run, scenarios
from tests.simulation.exhausting import exhausted
from tests.simulation.report import show, show_broken, show_explored
from tests.simulation.shrinking import shrunk

DEFAULT_TASKS = 10_000
_EVERY_TASKS = 2_000


def main() -> int:
    console = Console()
    seed = str(_number("SEED", random.randrange(100_000)))
    tasks = _number("TASKS", DEFAULT_TASKS)
    console.print(f"SEED={seed} TASKS={tasks}", highlight=False)
    totals = _campaign(console, seed, tasks)
    show(console, totals)
    if totals.broken:
        with process.prepared():
            first = min(totals.broken, key=lambda result: len(result.places))
            show_broken(console, shrunk(first))
    console.print("Now every order of the small scopes; it takes some minutes ...")
    explored = exhausted()
    show_explored(console, explored)
    return 1 if totals.broken or any(each.violations for each in explored) else 0


def _campaign(console: Console, seed: str, tasks: int) -> Totals:
    totals, told = Totals(), 0
    for result in run(scenarios(seed, tasks)):
        totals.add(result)
        if totals.tasks - told >= _EVERY_TASKS:
            told = totals.tasks
            line = f"  {totals.tasks:,} tasks, {totals.faults.total():,} faults"
            console.print(line, highlight=False)
    return totals


def _number(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal():
        sys.exit(
            f'{name} is "{text}"; it takes a whole number. For example: {name}=7 make simulate'
        )
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
