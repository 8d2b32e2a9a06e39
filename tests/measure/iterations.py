"""What an iteration costs at the table, and what the runner itself takes, on moto."""

import itertools
import statistics
import time

from handler import Context, Continue, Done, task
from handler.clock import to_iso
from handler.contract import ENDPOINT, PAYLOAD_NAME, AnswerStatus, WireKey
from handler.testing import World
from handler.wiring import build
from tests.measure import footprint
from tests.measure.promise import Promise

ITERATIONS = 100
ROUNDS = 5


def promises() -> list[Promise]:
    visit = footprint.of_a_visit(logs=True)
    silent, talking = (footprint.of_one_in_place(logs=logs) for logs in (False, True))
    return [
        Promise("requests to the table per iteration, logs on", visit.requests, 2),
        Promise("write units per iteration", visit.write_units, 5),
        Promise("requests to the table per iteration in place", talking.requests, 1),
        Promise("write units in place, nothing logged", silent.write_units, 1),
        Promise("write units in place, with a line", talking.write_units, 4),
        _own_time("the runner's own time per iteration in place, ms", in_place=True),
        _own_time("the runner's own time per iteration, ms", in_place=False),
    ]


def _own_time(what: str, *, in_place: bool) -> Promise:
    """The median iteration's, of the quietest round: what disturbs a round disturbs few of its
    iterations.
    """
    rounds = [_own_milliseconds(in_place=in_place) for _ in range(ROUNDS)]
    medians = [statistics.median(each) for each in rounds]
    shown = (
        f"{ROUNDS} rounds of {ITERATIONS}, medians from {min(medians):.2f} to {max(medians):.2f}"
    )
    return Promise(what, min(medians), 0.5, shown)


def _own_milliseconds(*, in_place: bool) -> list[float]:
    """From each call of a task's function to the next one, but for the calls of AWS."""
    moments: list[float] = []

    @task(id="measured", in_place=in_place)
    def measured(context: Context, input: dict[str, int]) -> Continue | Done:
        """Logs a line and goes on, as an ordinary iteration does."""
        moments.append(time.perf_counter() - world.store_seconds)
        context.log.info("A page was written.", page=input["page"])
        return Done() if input["page"] == ITERATIONS else Continue({"page": input["page"] + 1})

    with World.of(measured) as world:
        world.start(measured, {"page": 1})
        _run_to_its_end(world)
    return [(after - before) * 1000 for before, after in itertools.pairwise(moments)]


def _run_to_its_end(world: World) -> None:
    """Visits `Run` with a system that is wired once, as a Lambda's process has it."""
    runner = build(world.parts(worker=True), remaining=world.remaining).runner
    payload = world.detail | {
        WireKey.ENDPOINT.value: ENDPOINT,
        WireKey.EXECUTION_NAME.value: "execution-1",
        WireKey.STATE_MACHINE_ID.value: "tasks",
        WireKey.EXECUTION_STARTED_ON.value: to_iso(world.clock.now()),
    }
    for number in itertools.count():
        visit = {WireKey.VISIT.value: f"visit-{number}"}
        answer = runner.run({"name": PAYLOAD_NAME, "payload": payload | visit})
        if answer[WireKey.STATUS] != AnswerStatus.CONTINUE:
            return
