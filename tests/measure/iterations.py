"""What an iteration costs at the table, and what the runner itself takes."""

import itertools
import statistics
import time

from handler import Context, Continue, Done, task
from handler.clock import to_iso
from handler.contract import ENDPOINT, PAYLOAD_NAME, AnswerStatus, WireKey
from handler.iteration import Runner
from handler.record import Json
from handler.testing.aws import EventsClient
from tests.measure import footprint
from tests.measure.promise import Promise
from tests.measure.requests import NOW, TimedRequests, system_on, table_of
from tests.measure.yardstick import BOTO3_MILLISECONDS, boto3_milliseconds

ITERATIONS = 100
ROUNDS = 15


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
    """The median iteration's, at the full speed of a machine: what boto3 takes for a request tells
    how fast this one is in each round.
    """
    rounds = [
        (statistics.median(_own_milliseconds(in_place=in_place)), boto3_milliseconds())
        for _ in range(ROUNDS)
    ]
    parts = [own / boto3 for own, boto3 in rounds]
    own, boto3 = (statistics.median(times) for times in zip(*rounds, strict=True))
    shown = (
        f"{own:.2f} ms here, where boto3 takes {boto3:.2f} ms a request, {BOTO3_MILLISECONDS} at "
        f"full speed; {ROUNDS} rounds of {ITERATIONS}"
    )
    return Promise(what, statistics.median(parts) * BOTO3_MILLISECONDS, 0.5, shown)


def _own_milliseconds(*, in_place: bool) -> list[float]:
    """Of the processor, from each call of a task's function to the next one, but for the calls of
    AWS. The table is a small model: one that is as slow as moto leaves no cache as it was.
    """
    moments: list[float] = []

    @task(id="measured", in_place=in_place)
    def measured(context: Context, input: dict[str, int]) -> Continue | Done:
        """Logs a line and goes on, as an ordinary iteration does."""
        moments.append(time.thread_time() - table.seconds)
        context.log.info("A page was written.", page=input["page"])
        return Done() if input["page"] == ITERATIONS else Continue({"page": input["page"] + 1})

    table, events = TimedRequests(table_of([])), EventsClient()
    system = system_on({"dynamodb": table, "events": events}, measured)
    system.tasks.trigger(measured, input={"page": 1})
    _run_to_its_end(system.runner, events.details[-1])
    return [(after - before) * 1000 for before, after in itertools.pairwise(moments)]


def _run_to_its_end(runner: Runner, detail: Json) -> None:
    """Visits `Run` with a system that is wired once, as a Lambda's process has it."""
    payload = detail | {
        WireKey.ENDPOINT.value: ENDPOINT,
        WireKey.EXECUTION_NAME.value: "execution-1",
        WireKey.STATE_MACHINE_ID.value: "tasks",
        WireKey.EXECUTION_STARTED_ON.value: to_iso(NOW),
    }
    for number in itertools.count():
        visit = {WireKey.VISIT.value: f"visit-{number}"}
        answer = runner.run({"name": PAYLOAD_NAME, "payload": payload | visit})
        if answer[WireKey.STATUS] != AnswerStatus.CONTINUE:
            return
