"""What an iteration costs at the table, and what the runner itself takes, on moto."""

import math
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from handler import Context, Continue, Done, task
from handler.clock import to_iso
from handler.contract import ENDPOINT, PAYLOAD_NAME, WireKey
from handler.table.keys import CHILD_ROWS, LOG_ROWS
from handler.testing import World
from handler.testing.aws import aws_client
from handler.wiring import build
from tests.measure.promise import Promise

ITERATIONS = 100
ROUNDS = 5
# DynamoDB guide, "DynamoDB read and write operations": a write takes a unit per started kilobyte,
# in a transaction two.
UNIT_BYTES = 1024


@task(id="measured")
def measured(context: Context, input: dict[str, int]) -> Continue | Done:
    """Logs a line and goes on, as an ordinary iteration does."""
    context.log.info("A page was written.", page=input["page"])
    return (
        Done("All pages were written.")
        if input["page"] == ITERATIONS
        else Continue({"page": input["page"] + 1})
    )


def promises() -> list[Promise]:
    with World.of(measured) as world:
        world.start(measured, {"page": 1})
        world.finish()
        calls = len(world.result().calls)
        rows = aws_client("dynamodb").scan(TableName=world.settings.table_name)["Items"]
    return [
        Promise("requests to the table per iteration, logs on", calls / ITERATIONS, 2),
        Promise("write units per iteration", _write_units(rows), 5),
        _own_time(),
    ]


def _own_time() -> Promise:
    """The median iteration's, of the quietest round: what disturbs a round disturbs few of its
    iterations.
    """
    medians = [statistics.median(_own_milliseconds()) for _ in range(ROUNDS)]
    shown = (
        f"{ROUNDS} rounds of {ITERATIONS}, medians from {min(medians):.2f} to {max(medians):.2f}"
    )
    return Promise("the runner's own time per iteration, ms", min(medians), 0.5, shown)


def _own_milliseconds() -> Iterator[float]:
    """What each iteration of a task takes but for the calls of AWS, of a system wired once."""
    with World.of(measured) as world:
        world.start(measured, {"page": 1})
        runner = build(world.parts(worker=True), remaining=world.remaining).runner
        payload = world.detail | {
            WireKey.ENDPOINT.value: ENDPOINT,
            WireKey.EXECUTION_NAME.value: "execution-1",
            WireKey.STATE_MACHINE_ID.value: "tasks",
            WireKey.EXECUTION_STARTED_ON.value: to_iso(world.clock.now()),
        }
        for number in range(ITERATIONS):
            visit = {"payload": payload | {WireKey.VISIT.value: f"visit-{number}"}}
            started = time.perf_counter() - world.store_seconds
            runner.run({"name": PAYLOAD_NAME, **visit})
            yield (time.perf_counter() - world.store_seconds - started) * 1000


def _write_units(rows: Iterable[Mapping[str, Any]]) -> int:
    """The write units of a claim and a commit. Neither changes an index's key."""
    sizes: dict[bool, int] = {}
    for row in rows:
        is_log = row["sk"]["S"].startswith((LOG_ROWS, CHILD_ROWS))
        sizes[is_log] = max(sizes.get(is_log, 0), _size(row))
    record, log = (math.ceil(sizes[is_log] / UNIT_BYTES) for is_log in (False, True))
    return record + 2 * record + 2 * log


def _size(row: Mapping[str, Any]) -> int:
    return sum(len(name) + len(str(next(iter(value.values())))) for name, value in row.items())
