"""Writes that the table carries out and whose response is lost: sent again, they change nothing.

Each scenario is one caller of the store. It runs once undisturbed, then once for each of its
writes, with the response of that write lost. What is stored, counted, sent, raised and returned,
and which hooks run, must be the same.
"""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from handler import (
    Aborted,
    Context,
    Continue,
    Definition,
    Done,
    Failed,
    Retry,
    TaskRecord,
    Verdict,
    task,
)
from handler.contract import Status
from handler.record.stored_task import StoredTask
from handler.table.conditions import ANY_OWNER
from handler.testing.aws import aws_client
from tests.handler.recovering import Recovering
from tests.handler.stack import BUCKET, BusQueue, RefusingBus, Stack, refusal

# Exhaustive: each of many calls in turn.
pytestmark = pytest.mark.slow

WRITES = ("put_item", "update_item", "transact_write_items", "delete_item", "batch_write_item")


class Scene:
    """A stack with its recovery and two definitions more."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.bus_queue = BusQueue()
        self.recovering = Recovering(stack, self.bus_queue)
        self.stack.definitions = (*stack.definitions, child, steps())

    @property
    def tasks(self) -> Any:
        return self.stack.tasks

    def pending(self, **fields: Any) -> StoredTask:
        return self.stack.create(**{"id": "task-1"} | fields)

    def family(self) -> StoredTask:
        """A running task with two open children."""
        parent = self.recovering.running(id="task-1")
        for number in (1, 2):
            self.stack.create(
                id=f"child-{number}", parent_id=parent.id, execution_name="execution-1"
            )
        return parent

    def ran(self, verdict: Verdict, **options: Any) -> Any:
        """A visit of a task that returns `verdict`."""
        return self.stack.run(self.returning(verdict, **options))

    def returning(self, verdict: Verdict, **options: Any) -> TaskRecord:
        @task(id="returning", **{"in_place": False, **options})
        def returning(context: Context) -> Verdict:
            return verdict

        for name in ("on_done", "on_error", "on_abort", "on_max_iterations"):
            hook: Any = getattr(returning, name)
            hook(lambda record, name=name: self.recovering.ran.append((name, record.status.value)))
        return self.stack.trigger(returning, idempotency_key="one")


@task(id="child")
def child(context: Context) -> Done:
    return Done()


def steps() -> Definition:
    """A task with checkpoints, a child, and logs that are written on the way."""

    @task(id="steps")
    def steps(context: Context, input: dict[str, int]) -> Verdict:
        context.log.info("Working.", data="x" * 10_000)
        for number in range(7):
            context.log.info("Filling the buffer.", number=number, data="x" * 10_000)
        context.save_input({"step": 1})
        context.save_output({"rows": 3})
        context.save_progress(1, 2)
        context.trigger(child, idempotency_key="only")
        return Done()

    return steps


def delivery_fails(scene: Scene) -> Any:
    scene.stack.events.stands_for(RefusingBus())
    return scene.tasks.trigger("someTask", idempotency_key="one")


def delivery_of_many_fails(scene: Scene) -> Any:
    scene.stack.events.stands_for(RefusingBus())
    results = scene.tasks.trigger_many("child", [{}, {}])
    return [(result.error and result.error.code) for result in results]


def retry_is_not_delivered(scene: Scene) -> Any:
    scene.stack.events.stands_for(RefusingBus())
    return scene.tasks.retry(scene.pending(status=Status.FAILED).id)


def retry_from_the_start(scene: Scene) -> Any:
    """Of a task whose input was long, and has changed."""

    @task(id="shrinking")
    def shrinking(context: Context, input: dict[str, str]) -> Verdict:
        return Continue({"text": "short"}) if len(input["text"]) > 9 else Failed("Too short.")

    record = scene.stack.trigger(shrinking, input={"text": noise(3)[:9_000]}, idempotency_key="one")
    scene.stack.run(record)
    return scene.tasks.retry(record.id, from_start=True).input


def run_too_often(scene: Scene) -> Any:
    record = scene.returning(Continue(), max_iterations=1)
    scene.stack.run(record, visit="visit-1")
    return scene.stack.run(record, visit="visit-2")


def crash_too_often(scene: Scene) -> Any:
    record = scene.returning(Done(), crash_retries=0)
    scene.stack.claim(record)
    return scene.stack.run(record, visit="visit-2")


def run_by_hand(scene: Scene, **detail: Any) -> Any:
    payload = {
        "webinyTaskId": "event-1",
        "webinyTaskDefinitionId": "someTask",
        "endpoint": "manage",
        "tenant": "root",
        "locale": "en-US",
        "executionName": "execution-1",
        "stateMachineId": "",
        "visit": "visit-1",
        "byHand": True,
        "delay": 0,
    }
    return scene.stack.invoke({"payload": payload | detail})


def end_of_an_execution(status: str) -> Callable[[Scene], Any]:
    def ends(scene: Scene) -> Any:
        scene.family()
        scene.recovering.end("execution-1", status, error="" if status == "ABORTED" else "Boom")
        scene.recovering.report("execution-1")

    return ends


def sweep_after(prepare: Callable[[Scene], object]) -> Callable[[Scene], Any]:
    def sweeps(scene: Scene) -> Any:
        prepare(scene)
        scene.recovering.wait(300)
        return scene.recovering.sweep()

    return sweeps


def leave_an_aborted_family(scene: Scene) -> None:
    parent = scene.family()
    aborted = parent.aborted(now=scene.stack.clock.now()).due("on_abort")
    scene.stack.store.save(aborted, before=parent, guard=ANY_OWNER)


def leave_logs_without_expiry(scene: Scene) -> None:
    scene.stack.settings = replace(scene.stack.settings, retention_days=30)
    record = scene.returning(Continue())
    scene.stack.run(record, visit="visit-1")
    scene.tasks.abort(record.id)


def give_up_a_hook(scene: Scene) -> None:
    scene.pending(
        status=Status.SUCCESS, pending_hook="on_done", pending_hook_attempts=3, iterations=1
    )


def large_payloads(scene: Scene) -> Any:
    @task(id="large")
    def large(context: Context, input: dict[str, str]) -> Verdict:
        return Continue({"text": noise(2)}) if context.task.iterations == 1 else Done()

    record = scene.stack.trigger(large, input={"text": noise(1)}, idempotency_key="one")
    scene.stack.run(record, visit="visit-1")
    scene.stack.run(record, visit="visit-2")
    scene.tasks.delete(record.id)
    return len(aws_client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", []))


def noise(seed: int) -> str:
    """Text that does not fit a record, even compressed."""
    return "".join(random.Random(seed).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=700_000))


SCENARIOS: dict[str, Callable[[Scene], Any]] = {
    "trigger": lambda scene: scene.tasks.trigger("someTask", idempotency_key="one").status,
    "trigger a child": lambda scene: (
        scene.tasks.trigger("someTask", idempotency_key="one", parent=scene.pending()).status
    ),
    "trigger many": lambda scene: len(scene.tasks.trigger_many("child", [{}, {}, {}])),
    "an event that is not taken": delivery_fails,
    "many events that are not taken": delivery_of_many_fails,
    "abort a pending task": lambda scene: scene.tasks.abort(scene.pending().id).status,
    "abort a running task": lambda scene: (
        scene.tasks.abort(scene.recovering.running(id="task-1").id).status
    ),
    "abort a family": lambda scene: scene.tasks.abort(scene.family().id).status,
    "retry": lambda scene: (
        scene.tasks.retry(scene.pending(status=Status.FAILED, iterations=1).id).status
    ),
    "retry a child": lambda scene: (
        scene.tasks.retry(
            scene.pending(status=Status.ABORTED, parent_id=scene.stack.create(id="parent").id).id
        ).status
    ),
    "a retry whose event is not taken": retry_is_not_delivered,
    "retry from the start": retry_from_the_start,
    "delete": lambda scene: scene.tasks.delete(scene.pending(status=Status.FAILED).id),
    "large payloads": large_payloads,
    "a delay": lambda scene: scene.stack.run(scene.pending(delay=60), delay=60)["status"],
    "done": lambda scene: scene.ran(Done(output={"rows": 3})),
    "continue": lambda scene: scene.ran(Continue(wait=30))["status"],
    "failed": lambda scene: scene.ran(Failed("On purpose.")),
    "retried": lambda scene: scene.ran(Failed("Once."), retry=Retry(jitter=False))["status"],
    "aborted by itself": lambda scene: scene.ran(Aborted()),
    "too many iterations": run_too_often,
    "too many crashes": crash_too_often,
    "an unknown definition": lambda scene: scene.stack.run(scene.pending(definition_id="gone")),
    "checkpoints, logs and a child": lambda scene: scene.stack.run(
        scene.pending(definition_id="steps")
    ),
    "by hand": run_by_hand,
    "by hand, refused": lambda scene: run_by_hand(scene, webinyTaskDefinitionId="none"),
    "by hand, malformed": lambda scene: run_by_hand(scene, tenant=7),
    "an execution that failed": end_of_an_execution("FAILED"),
    "an execution that was stopped": end_of_an_execution("ABORTED"),
    "a sweep that sends again": sweep_after(lambda scene: scene.pending()),
    "a sweep that gives up": sweep_after(lambda scene: scene.pending(resends=3)),
    "a sweep that ends a lost execution": sweep_after(
        lambda scene: scene.recovering.claimed_by("execution-9", id="task-1")
    ),
    "a sweep that runs a hook": sweep_after(
        lambda scene: scene.pending(status=Status.SUCCESS, pending_hook="on_done")
    ),
    "a sweep that gives up a hook": sweep_after(give_up_a_hook),
    "a sweep that aborts children": sweep_after(leave_an_aborted_family),
    "a sweep that dates logs": sweep_after(leave_logs_without_expiry),
    "a dead letter": sweep_after(
        lambda scene: scene.recovering.send_to_dlq(scene.recovering.event_of(scene.pending()))
    ),
    "a dead letter by hand": sweep_after(
        lambda scene: scene.recovering.send_to_dlq(
            {"id": "event-1", "detail": {"webinyTaskDefinitionId": "someTask"}}
        )
    ),
}


@dataclass(frozen=True)
class Trace:
    """Everything that a scenario has done."""

    returned: str
    rows: tuple[str, ...]
    counted: tuple[tuple[str, str], ...]
    hooks: tuple[tuple[str, str], ...]
    events: int
    writes: tuple[str, ...]


def play(name: str, *, lose: int = 0) -> Trace:
    """Plays a scenario; the response of its write number `lose` (from 1) is lost."""
    with Stack.inside_moto() as stack:
        scene, writes = Scene(stack), []

        def afterwards(operation: str, request: dict[str, Any]) -> None:
            if operation in WRITES:
                writes.append(operation)
                if len(writes) == lose:
                    raise refusal("InternalServerError", status=500, operation=operation)

        stack.dynamodb.afterwards = afterwards
        try:
            returned = scrubbed(SCENARIOS[name](scene))
        except Exception as error:
            returned = scrubbed(f"{type(error).__name__}: {error}")
        stack.dynamodb.afterwards = lambda operation, request: None
        return Trace(
            returned=returned,
            rows=tuple(sorted(scrubbed(row) for row in stack.rows())),
            counted=tuple(sorted(stack.metrics_counted.take())),
            hooks=tuple(scene.recovering.ran),
            events=len(scene.bus_queue.take()),
            writes=tuple(writes),
        )


def scrubbed(value: object) -> str:
    """`value` as text, without what differs from run to run: moments, random ids and tokens."""
    text = json.dumps(value, sort_keys=True, default=str)
    text = re.sub(r'"(write|look|claim)Token": \{"S": "[0-9a-f]+"\}', r'"\1Token"', text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "MOMENT", text)
    text = re.sub(r"unfinished#\d", "unfinished#N", text)  # it follows from the id
    text = re.sub(r'"(expiresAt|expiryPending)": \{"N": "\d+"\}', r'"\1"', text)
    text = re.sub(r"~[0-9a-f]{8}\b", "PART", text)
    return re.sub(r"\b[0-9a-f]{24}\b", "ID", text)


@cache
def undisturbed(name: str) -> Trace:
    return play(name)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_lost_response_changes_nothing(name: str) -> None:
    expected = undisturbed(name)

    for number, write in enumerate(expected.writes, start=1):
        disturbed = play(name, lose=number)

        lost = f"the response of write {number}, a {write}, was lost"
        assert disturbed.returned == expected.returned, lost
        assert disturbed.rows == expected.rows, lost
        assert disturbed.counted == expected.counted, lost
        assert disturbed.hooks == expected.hooks, lost
        assert disturbed.events == expected.events, lost


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_writes_and_raises_no_accidental_error(name: str) -> None:
    trace = undisturbed(name)

    assert trace.writes
    assert not re.search("TypeError|KeyError|AttributeError", trace.returned + str(trace.rows))
