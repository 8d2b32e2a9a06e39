"""Drives tasks to their end: what the state machine does, in this process and without waiting."""

import functools
import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Self, cast
from urllib.parse import unquote

from moto import mock_aws
from pydantic import BaseModel

from handler.clock import Seconds, to_iso
from handler.contract import (
    DEFAULT_TENANT,
    ENDPOINT,
    MAX_EXECUTION_VISITS,
    NO_DELAY,
    PAYLOAD_NAME,
    AnswerStatus,
    WireKey,
)
from handler.definition import Definition, Registry
from handler.errors import EngineSignal, Overtaken, StoreUnavailable
from handler.lifecycle import Tasks
from handler.record import Json, Signal, TaskLog, TaskRecord, whole
from handler.runtime import using
from handler.settings import Settings
from handler.table import STACK, KnownSettings, Store
from handler.testing.aws import (
    CountedMetrics,
    EventsClient,
    InterruptibleClient,
    SerialClient,
    StatesClient,
    aws_client,
    create_table,
)
from handler.testing.clock import ManualClock
from handler.testing.interrupts import ctrl_c_stops_the_test
from handler.testing.threads import threads_inherit_the_world
from handler.wiring import Parts, System, build

# Each world has a table and a bucket of its own: several may stand in one moto.
_numbers: Final = itertools.count(1)
STATE_MACHINE: Final = "arn:aws:states:us-east-1:123456789012:stateMachine:test"
# Where the URLs of signals lead: nowhere (RFC 2606).
SIGNALS_URL: Final = "https://api.example/signals"
# The state machine's Retry brings a killed worker back so often.
_MAX_CRASHES: Final = 4

Action = Callable[["World"], None]
"""What a test does at a call of the worker."""


class Killed(EngineSignal):
    """The worker dies here; nothing of the task's own catches it."""

    error = "Runtime.ExitError"  # as Lambda reports it


class OutOfMemory(Killed):
    """The worker runs out of memory here."""

    error = "Runtime.OutOfMemory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a task.

    Args:
        record: the task at its end.
        logs: its logs, one for each iteration that has one.
        waits: the waits between its iterations, in seconds.
        answers: what the worker answered, in order.
        calls: the DynamoDB operations of its iterations, in order; `before` and `after` count
            these from 1.
        children: the tasks that it triggered.
        is_deleted: whether it is gone for whoever reads: as its definition's `self_cleanup` says,
            for one. All else is as it was then.
    """

    record: TaskRecord
    logs: tuple[TaskLog, ...]
    waits: tuple[int, ...]
    answers: tuple[Json, ...]
    calls: tuple[str, ...]
    children: tuple[TaskRecord, ...]
    is_deleted: bool = False

    @property
    def iterations(self) -> int:
        """How often the task was claimed."""
        return self.record.iterations

    @property
    def messages(self) -> list[str]:
        """Every line of its logs."""
        return [line.message for log in self.logs for line in log.lines]


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


def run_out_of_memory(_: "World") -> None:
    """The same, for lack of memory: a task whose `Retry` says so moves on to another worker."""
    raise OutOfMemory


def abort(world: "World") -> None:
    """Aborts the task at this call, as somebody else would."""
    world.tasks.abort(world.task_id)


def deliver_again(world: "World") -> None:
    """Delivers the task's event once more at this call: a second execution comes, and goes."""
    world.deliver(world.detail)


class World:
    """A stack in this process, on moto.

    `run` makes one per task. Make one yourself to look closer, inside `with World.of(...)`. Its
    process has just read the settings that change while a stack runs, and nobody had changed them.
    It reads them again, at a claim and at the end of a task, when 30 seconds have passed.

    Args:
        definitions: the task's definition, and the definitions of the children that it triggers.
        before: call number (from 1) of the worker -> what happens before it reaches the table:
            `kill`, `run_out_of_memory`, `abort`, `deliver_again`, or a function of your own that
            takes the world.
        after: the same, once the call has taken effect.
        remaining_seconds: what `context.remaining_seconds()` says, a number or a function; by
            default what is left of 900 seconds on the clock.
        clock: the time.
        max_execution_visits: after how many visits of `Run` a task is handed over to a new
            execution.
        max_steps: how many iterations its tasks may take in all.
        settings: names its table and its bucket, which it makes; new ones by default.
    """

    def __init__(
        self,
        definitions: Sequence[Definition],
        *,
        before: Mapping[int, Action] | None = None,
        after: Mapping[int, Action] | None = None,
        remaining_seconds: Callable[[], float] | float | None = None,
        clock: ManualClock | None = None,
        max_execution_visits: int = MAX_EXECUTION_VISITS,
        settings: Settings | None = None,
        max_steps: int = 2_000,
    ) -> None:
        self.clock = clock or ManualClock()
        self.definitions = tuple(definitions)
        self.metrics = CountedMetrics()
        self.known_settings = KnownSettings()
        for whose in (DEFAULT_TENANT, STACK):
            self.known_settings.unchanged(whose, at=self.clock.now())
        self.settings = settings or _new_settings()
        _create(self.settings)
        self.task_id = ""
        self.detail: Json = {}
        self._max_execution_visits = max_execution_visits
        self.remaining_seconds = remaining_seconds
        self._max_steps = max_steps
        self._steps = 0
        self._started_at = self.clock.now()
        self._is_over = False
        self._order = itertools.count()
        self._due: list[_Execution] = []
        self._answers: dict[str, list[Json]] = {}
        self._events, self._states = EventsClient(), StatesClient()
        self._worker_client = InterruptibleClient(
            SerialClient(aws_client("dynamodb"), check=self._check),
            before=self._actions(before),
            after=self._actions(after),
        )

    @classmethod
    @contextmanager
    def of(cls, *definitions: Definition, **options: Any) -> Iterator[Self]:
        """A world inside moto; `handler.tasks` and the Lambdas' entries stand for its own."""
        with mock_aws():
            world = cls(definitions, **options)
            parts = functools.partial(world.parts, worker=True)
            try:
                with using(parts), threads_inherit_the_world():
                    yield world
            finally:
                world._is_over = True

    def parts(self, *, worker: bool = False) -> Parts:
        """What its systems are built from.

        Args:
            worker: with the worker's own client of the table, which `before` and `after` watch.
        """
        return Parts(
            settings=self.settings,
            registry=Registry(self.definitions),
            clients=functools.partial(self.client, worker=worker),
            clock=self.clock,
            metrics=self.metrics,
            max_execution_visits=self._max_execution_visits,
            known_settings=self.known_settings,
        )

    def client(self, service: str, *, worker: bool = False) -> Any:
        """The client that its systems use of a service."""
        own = {"events": self._events, "stepfunctions": self._states}
        if worker:
            own["dynamodb"] = cast("Any", self._worker_client)
        return own.get(service) or SerialClient(aws_client(service), check=self._check)

    def _check(self) -> None:
        if self._is_over:
            raise RuntimeError(
                "The world of this test is over, and something still asks for its table: a thread "
                "of the task; or a record whose long input or output nobody has read. Next: read "
                "record.input or record.output inside the task or the `with` block."
            )

    @property
    def system(self) -> System:
        """The stack as its operators use it: nothing watches its calls."""
        return build(self.parts(), remaining=self.remaining)

    @property
    def store(self) -> Store:
        return self.system.store

    @property
    def tasks(self) -> Tasks:
        return self.system.tasks

    def start(
        self,
        definition: Definition,
        input: Mapping[str, object] | BaseModel | None = None,
        **options: Any,
    ) -> TaskRecord:
        """Triggers a task; `finish` runs it."""
        record: TaskRecord = self.tasks.trigger(definition, input=input, **options)
        self.task_id, self.detail = record.id, self._sent_of(record)
        return record

    def retry(
        self,
        id: str | None = None,
        input: Mapping[str, object] | BaseModel | None = None,
        *,
        from_start: bool = False,
    ) -> TaskRecord:
        """Retries a task, by default the one that was started last; `finish` runs the retry."""
        record = self.tasks.retry(id or self.task_id, input, from_start=from_start)
        self.task_id, self.detail = record.id, self._sent_of(record)
        return record

    def _sent_of(self, record: TaskRecord) -> Json:
        """The event of a task; of one that queues for a slot, as it will be."""
        for detail in self._events.details:
            if detail[WireKey.TASK_ID] == record.id:
                return detail
        return {
            WireKey.TASK_ID.value: record.id,
            WireKey.DEFINITION_ID.value: record.definition_id,
            WireKey.TENANT.value: record.tenant,
            WireKey.LOCALE.value: record.locale,
            WireKey.DELAY.value: 0,
        }

    def use_url(self, url: str, data: Mapping[str, object] | BaseModel | None = None) -> Signal:
        """Sends what whoever has a URL of `context.signal_url` sends.

        Raises:
            NotFound: there is no such URL.
            Refused: it is too late to use it.
        """
        id, _, secret = url.removeprefix(f"{self.settings.signals_url}/").partition("/")
        return self.system.signal_urls.use(unquote(id), secret, data)

    def finish(self) -> None:
        """Runs every execution to its end, in the order in which they are due; waits pass at once.

        Raises:
            AssertionError: tasks still run after `max_steps`.
        """
        while self._steps < self._max_steps:
            self._take_events()
            if not self._due:
                return
            execution = heapq.heappop(self._due)
            if execution.name in self._states.left:
                continue
            self.clock.move_to(execution.due)
            self._step(execution)
        raise AssertionError(
            f"Tasks still run after {self._max_steps:,} iterations; does the task ever end?"
        )

    def deliver(self, detail: Json) -> None:
        """Delivers an event to a new execution, and runs that one's first iteration at once."""
        self._step(self._execution(detail))

    def result(self, id: str | None = None) -> Result:
        """What has become of a task, by default of the last one that was started."""
        id = id or self.task_id
        store, answers = self.system.store, self._answers.get(id, [])
        children = store.index.children(id, deleted=True)
        found = store.find(id)
        task = found or store.find_gone(id) or store.get(id)
        return Result(
            record=whole(task.to_record()),
            logs=tuple(store.logs.read(id)),
            waits=tuple(cast("int", answer["wait"]) for answer in answers if answer.get("wait")),
            answers=tuple(answers),
            calls=tuple(self._worker_client.calls),
            children=tuple(whole(child.to_record()) for child in children),
            is_deleted=found is None,
        )

    def remaining(self) -> float:
        """How many seconds the running invocation has left."""
        ran = (self.clock.now() - self._started_at).total_seconds()
        return self.settings.worker_seconds - ran

    def _remaining_of_worker(self) -> float:
        """The same, for a worker. It asks before a visit, and after an iteration that may go on."""
        self._steps += 1
        return self.remaining() if self._steps < self._max_steps else 0

    def shown(self) -> float:
        """What the running task is told of it."""
        given = self.remaining_seconds
        if given is None:
            return self.remaining()
        return given() if callable(given) else given

    def _take_events(self) -> None:
        for detail in self._events.details:
            heapq.heappush(self._due, self._execution(detail))
        self._events.details.clear()

    def _execution(self, detail: Json) -> _Execution:
        order, now = next(self._order), self.clock.now()
        payload = detail | {WireKey.EXECUTION_STARTED_ON.value: to_iso(now)}
        return _Execution(now, order, f"execution-{order}", payload)

    def _step(self, execution: _Execution) -> None:
        """One visit of `Run`, with its retries, and what `CheckStatus` makes of the answer."""
        answer = self._invoke(execution)
        self._answers.setdefault(str(execution.payload[WireKey.TASK_ID]), []).append(answer)
        if answer["status"] == AnswerStatus.CONTINUE:
            execution.payload = execution.payload | {WireKey.DELAY.value: NO_DELAY}
            wait = timedelta(seconds=cast("int", answer.get("wait", 0)))
            execution.due = self.clock.now() + wait
            heapq.heappush(self._due, execution)

    def _invoke(self, execution: _Execution) -> Json:
        payload = execution.payload | {
            WireKey.ENDPOINT.value: ENDPOINT,
            WireKey.EXECUTION_NAME.value: execution.name,
            WireKey.STATE_MACHINE_ID.value: STATE_MACHINE,
            WireKey.VISIT.value: f"visit-{next(self._order)}",
        }
        self._states.failures.clear()
        for _ in range(_MAX_CRASHES):
            self._started_at = self.clock.now()
            worker = build(
                self.parts(worker=True), remaining=self._remaining_of_worker, shown=self.shown
            )
            try:
                with ctrl_c_stops_the_test():
                    return worker.runner.run({"name": PAYLOAD_NAME, "payload": payload})
            except (Killed, StoreUnavailable, Overtaken) as death:
                error = death.error if isinstance(death, Killed) else type(death).__name__
                self._states.failures.append((error, ""))
                self.clock.advance(1)
        raise AssertionError(
            f"The worker was killed {_MAX_CRASHES} times in a row; the execution fails here."
        )

    def _actions(self, actions: Mapping[int, Action] | None) -> dict[int, Callable[[], None]]:
        return {
            number: functools.partial(action, self) for number, action in (actions or {}).items()
        }


def run(
    definition: Definition,
    input: Mapping[str, object] | BaseModel | None = None,
    *,
    children: Sequence[Definition] = (),
    timeout: Seconds | None = None,
    expires_after: Seconds | None = None,
    before: Mapping[int, Action] | None = None,
    after: Mapping[int, Action] | None = None,
    remaining_seconds: Callable[[], float] | float | None = None,
    clock: ManualClock | None = None,
) -> Result:
    """Triggers a task, runs it and its children to their end, and returns what became of it.

    Args:
        definition: the task.
        input: its input.
        children: the definitions of the tasks that it triggers.
        timeout: as of `tasks.trigger`; a wait that is longer passes at once, up to the deadline.
        expires_after: the same.
        before: call number (from 1) of the worker's store -> what happens right before it.
        after: the same, right after it.
        remaining_seconds: what `context.remaining_seconds()` says, a number or a function; by
            default what is left of 900 seconds on the clock.
        clock: the time; `ManualClock(tick=1)` lets a second pass each time it is read.

    Raises:
        RequestError: the input does not validate.
        AssertionError: the task does not end, or its worker was killed too often for the state
            machine to go on.
    """
    options = {
        "before": before,
        "after": after,
        "remaining_seconds": remaining_seconds,
        "clock": clock,
    }
    with World.of(definition, *children, **options) as world:
        world.start(definition, input, timeout=timeout, expires_after=expires_after)
        world.finish()
        return world.result()


def _new_settings() -> Settings:
    number = next(_numbers)
    return Settings(
        table_name=f"tasks-{number}",
        event_bus_name="test",
        payload_bucket_name=f"payloads-{number}",
        state_machine_arn=STATE_MACHINE,
        signals_url=SIGNALS_URL,
    )


def _create(settings: Settings) -> None:
    create_table(aws_client("dynamodb"), settings.table_name)
    aws_client("s3").create_bucket(Bucket=settings.payload_bucket_name)
