"""Drives tasks to their end: what the state machine does, in this process and without waiting."""

import functools
import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, cast

from moto import mock_aws
from pydantic import BaseModel

from handler.aws.bus import Bus
from handler.aws.metrics import SilentMeter
from handler.clock import to_iso
from handler.contract import (
    ENDPOINT,
    MAX_EXECUTION_ITERATIONS,
    NO_DELAY,
    PAYLOAD_NAME,
    WORKER_TIMEOUT_SECONDS,
    AnswerStatus,
    WireKey,
)
from handler.definition.definition import Definition
from handler.definition.registry import Registry
from handler.errors import StoreUnavailable
from handler.iteration.runner import Runner
from handler.lifecycle.hooks import Hooks
from handler.lifecycle.service import Tasks
from handler.record.task_record import Json, TaskLog, TaskRecord
from handler.table.payloads import Blobs
from handler.table.store import Store
from handler.testing.aws import EventsClient, InterruptibleClient, aws_client, create_table
from handler.testing.clock import ManualClock
from handler.wiring import current_tasks

# Each world has a table and a bucket of its own: several may stand in one moto.
_numbers: Final = itertools.count(1)
STATE_MACHINE: Final = "arn:aws:states:us-east-1:123456789012:stateMachine:test"
_MOST_STEPS: Final = 2_000
# As the state machine's Retry brings a worker back that was killed.
_MOST_CRASHES: Final = 4

Action = Callable[["World"], None]


class Killed(BaseException):
    """The worker dies here; nothing of the task's own catches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a task.

    Args: record: the task at its end. logs: its logs, one per iteration. waits: the waits between
        its iterations, in seconds. answers: what the worker answered, in order. calls: the DynamoDB
        operations of its iterations, in order; `before` and `after` count these from 1. children:
        the tasks that it triggered.
    """

    record: TaskRecord
    logs: tuple[TaskLog, ...]
    waits: tuple[int, ...]
    answers: tuple[Json, ...]
    calls: tuple[str, ...]
    children: tuple[TaskRecord, ...]

    @property
    def iterations(self) -> int:
        """How many times the task's function was to run."""
        return self.record.iterations

    @property
    def messages(self) -> list[str]:
        """Every line of its logs."""
        return [line.message for log in self.logs for line in log.items]


@dataclass(order=True)
class _Execution:
    """An execution of the state machine, and when its next `Run` is due."""

    due: datetime
    order: int
    name: str = field(compare=False)
    payload: Json = field(compare=False)


def kill(_: "World") -> None:
    """Kills the worker at this call; the state machine starts the iteration again."""
    raise Killed


def abort(world: "World") -> None:
    """Aborts the task at this call, as somebody else would."""
    world.tasks.abort(world.task_id)


def deliver_again(world: "World") -> None:
    """Delivers the task's event once more at this call: a second execution comes, and goes."""
    world.deliver(world.detail)


class World:
    """A stack in this process. `run` makes one per task; make one yourself to look closer, inside
    `with World.of(...)`.

    Args: definitions: the task's definition, and those of the children that it triggers. before:
        call number (from 1) of the worker -> what happens before it reaches the table: `kill`,
        `abort`,
            `deliver_again`, or a function of your own that takes the world.
        after: the same, once the call has taken effect.
        remaining_seconds: what `context.remaining_seconds()` says; by default what is left of 900
            seconds on the clock.
        clock: the time.
        max_execution_iterations: after how many iterations a task moves on to a new execution.
    """

    def __init__(
        self,
        definitions: Sequence[Definition],
        *,
        before: Mapping[int, Action] | None = None,
        after: Mapping[int, Action] | None = None,
        remaining_seconds: Callable[[], float] | float | None = None,
        clock: ManualClock | None = None,
        max_execution_iterations: int = MAX_EXECUTION_ITERATIONS,
    ) -> None:
        self._max_execution_iterations = max_execution_iterations
        self.clock = clock or ManualClock()
        self.task_id = ""
        self.detail: Json = {}
        self._events = EventsClient()
        self._history: list[tuple[str, str]] = []
        self._registry = Registry(definitions)
        self._remaining_seconds = remaining_seconds
        self._started_at = self.clock.now()
        self._order = itertools.count()
        self._due: list[_Execution] = []
        self._answers: dict[str, list[Json]] = {}
        table = aws_client("dynamodb")
        number = next(_numbers)
        self.table, bucket = f"tasks-{number}", f"payloads-{number}"
        create_table(table, self.table)
        aws_client("s3").create_bucket(Bucket=bucket)
        self._blobs = Blobs(aws_client("s3"), bucket=bucket)
        self._worker_client = InterruptibleClient(
            table, before=self._actions(before), after=self._actions(after)
        )
        self.store, self.tasks = self._wired(table)[:2]
        self._worker_tasks, self._runner = self._wired(self._worker_client)[1:]

    @property
    def store_seconds(self) -> float:
        """How long the worker's calls have taken at the table."""
        return self._worker_client.seconds

    @classmethod
    @contextmanager
    def of(cls, *definitions: Definition, **options: Any) -> Iterator["World"]:
        """A world inside moto, with `handler.tasks` standing for its own."""
        with mock_aws():
            world = cls(definitions, **options)
            token = current_tasks.set(world._worker_tasks)
            try:
                yield world
            finally:
                current_tasks.reset(token)

    def start(
        self,
        definition: Definition,
        input: Mapping[str, object] | BaseModel | None = None,
        **options: Any,
    ) -> TaskRecord:
        """Triggers a task; `finish` runs it."""
        record = self.tasks.trigger(definition, input=input, **options)
        self.task_id, self.detail = record.id, self._events.details[-1]
        return record

    def finish(self) -> None:
        """Runs every execution to its end, the one that is due first before the others; waits pass
        at once.
        """
        for _ in range(_MOST_STEPS):
            self._take_events()
            if not self._due:
                return
            execution = heapq.heappop(self._due)
            self.clock.move_to(execution.due)
            self._step(execution)
        raise AssertionError(
            f"Tasks still run after {_MOST_STEPS:,} iterations; does the task ever end?"
        )

    def deliver(self, detail: Json) -> None:
        """Delivers an event to a new execution, and runs that one's first iteration at once."""
        self._step(self._execution(detail))

    def result(self, id: str | None = None) -> Result:
        """What has become of a task, by default of the last one that was started."""
        id = id or self.task_id
        answers = self._answers.get(id, [])
        return Result(
            record=self.store.get(id),
            logs=tuple(self.store.logs(id)),
            waits=tuple(cast("int", answer["wait"]) for answer in answers if answer.get("wait")),
            answers=tuple(answers),
            calls=tuple(self._worker_client.calls),
            children=tuple(self.store.children(id)),
        )

    def failures(self, _: str) -> list[tuple[str, str]]:
        """How the attempts of the current visit of `Run` have failed, the last one first."""
        return self._history[::-1]

    def _take_events(self) -> None:
        for detail in self._events.details:
            heapq.heappush(self._due, self._execution(detail))
        self._events.details.clear()

    def _execution(self, detail: Json) -> _Execution:
        order, now = next(self._order), self.clock.now()
        return _Execution(
            now,
            order,
            f"execution-{order}",
            detail | {WireKey.EXECUTION_STARTED_ON.value: to_iso(now)},
        )

    def _step(self, execution: _Execution) -> None:
        """One visit of `Run`, with its retries, and what `CheckStatus` makes of the answer."""
        answer = self._invoke(execution)
        self._answers.setdefault(str(execution.payload[WireKey.TASK_ID]), []).append(answer)
        if answer["status"] == AnswerStatus.CONTINUE:
            execution.payload = execution.payload | {WireKey.DELAY.value: NO_DELAY}
            execution.due = self.clock.now() + timedelta(seconds=cast("int", answer.get("wait", 0)))
            heapq.heappush(self._due, execution)

    def _invoke(self, execution: _Execution) -> Json:
        visit = f"visit-{next(self._order)}"
        payload = execution.payload | {
            WireKey.ENDPOINT.value: ENDPOINT,
            WireKey.EXECUTION_NAME.value: execution.name,
            WireKey.STATE_MACHINE_ID.value: STATE_MACHINE,
            WireKey.VISIT.value: visit,
        }
        self._history.clear()
        for _ in range(_MOST_CRASHES):
            self._started_at = self.clock.now()
            try:
                event = {"name": PAYLOAD_NAME, "payload": payload}
                return self._runner.run(event, invocation=f"invocation-{next(self._order)}")
            except (Killed, StoreUnavailable) as death:
                self._history.append(
                    ("Runtime.ExitError" if isinstance(death, Killed) else type(death).__name__, "")
                )
                self.clock.advance(1)
        raise AssertionError(
            f"The worker was killed {_MOST_CRASHES} times in a row; the execution fails here."
        )

    def _remaining(self) -> float:
        given = self._remaining_seconds
        if given is None:
            return WORKER_TIMEOUT_SECONDS - (self.clock.now() - self._started_at).total_seconds()
        return given() if callable(given) else given

    def _actions(self, actions: Mapping[int, Action] | None) -> dict[int, Callable[[], None]]:
        return {
            number: functools.partial(action, self) for number, action in (actions or {}).items()
        }

    def _wired(self, client: Any) -> tuple[Store, Tasks, Runner]:
        store = Store(
            client,
            table_name=self.table,
            clock=self.clock,
            remaining=self._remaining,
            blobs=self._blobs,
        )
        bus = Bus(cast("Any", self._events), name="test", clock=self.clock)
        hooks = Hooks(registry=self._registry, store=store, clock=self.clock)
        tasks = Tasks(
            registry=self._registry,
            store=store,
            bus=bus,
            executions=None,
            hooks=hooks,
            clock=self.clock,
        )
        runner = Runner(
            registry=self._registry,
            store=store,
            tasks=tasks,
            hooks=hooks,
            executions=self,
            clock=self.clock,
            remaining=self._remaining,
            meter=SilentMeter(),
            max_execution_iterations=self._max_execution_iterations,
        )
        return store, tasks, runner


def run(
    definition: Definition,
    input: Mapping[str, object] | BaseModel | None = None,
    *,
    children: Sequence[Definition] = (),
    before: Mapping[int, Action] | None = None,
    after: Mapping[int, Action] | None = None,
    remaining_seconds: Callable[[], float] | float | None = None,
    clock: ManualClock | None = None,
) -> Result:
    """Triggers a task, runs it and its children to their end, and returns what became of it.

    Args: definition: the task. input: its input. children: the definitions of the tasks that it
        triggers. before: call number (from 1) of the worker's store -> what happens right before
        it. after: the same, right after it. remaining_seconds: what `context.remaining_seconds()`
        says, a number or a function; by default what is left of 900
            seconds on the clock.
        clock: the time; `ManualClock(tick=1)` lets a second pass each time it is read.

    Raises: RequestError: the input doesn't validate. AssertionError: the task doesn't end, or its
        worker was killed too often for the state machine to go on.
    """
    options = {
        "before": before,
        "after": after,
        "remaining_seconds": remaining_seconds,
        "clock": clock,
    }
    with World.of(definition, *children, **options) as world:
        world.start(definition, input)
        world.finish()
        return world.result()
