"""A stack in one thread: the real handler on many machines, on services that are models."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from handler.contract import (
    EXPIRY_ATTRIBUTE,
    WORKER_TIMEOUT_SECONDS,
    Index,
    Status,
)
from handler.definition import Registry
from handler.definition.definition import code_of
from handler.definition.task_code import Hook
from handler.errors import DefinitionError
from handler.settings import Settings
from handler.table import KnownSettings
from handler.testing.aws import create_table
from tests.simulation import process
from tests.simulation.definitions import DEFINITIONS, OF_THE_BROKEN_FILE
from tests.simulation.event_bus import EventBus
from tests.simulation.faults import (
    INDEX_LAG_ODDS,
    SQS_TWICE_ODDS,
    UNPROCESSED_ODDS,
    Fault,
    Faults,
    Kind,
    Odds,
)
from tests.simulation.in_bulk import InBulk
from tests.simulation.lambdas import Lambdas
from tests.simulation.machine import Machine
from tests.simulation.operators import Operators
from tests.simulation.pauses import Pauses
from tests.simulation.people import People
from tests.simulation.plan import Planned
from tests.simulation.retentions import Retentions
from tests.simulation.scenario import Scenario
from tests.simulation.scheduler import Choose, Scheduler, acting, current
from tests.simulation.services import sqs
from tests.simulation.services.dynamodb import Decisions, DynamoDB, Key
from tests.simulation.services.s3 import S3
from tests.simulation.services.sqs import SQS
from tests.simulation.state_machine import MACHINE_ARN, Execution, StepFunctions, reports
from tests.simulation.watch import Broken, Life, Violation, Watch

TABLE: Final = "tasks"
BUCKET: Final = "payloads"
QUEUE: Final = "undelivered"
_START: Final = datetime(2030, 1, 1, tzinfo=UTC)
_SWEEP: Final = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
_SWEEP_SECONDS: Final = 300.0
_SELDOM_SECONDS: Final = 6 * 60 * 60.0
_CALM_AFTER_SECONDS: Final = 2_400.0
_ENDLESS_AFTER_SECONDS: Final = 3_600.0
# The queue's own (infra/storage.py).
_VISIBILITY: Final = str(WORKER_TIMEOUT_SECONDS)
_DAY_SECONDS: Final = 24 * 60 * 60.0
# Three days: what has a day of retention, and a child that is dated after its parent.
_MOST_DAYS: Final = 4
_MOST_HOURS: Final = 12
GOOD: Final = Registry(DEFINITIONS)
_BAD: Final = Registry(
    [each for each in DEFINITIONS if each.id not in OF_THE_BROKEN_FILE],
    problems=[DefinitionError("definitions/broken.py can't be imported.")],
)
_HOOKS: Final = {
    (definition.id, hook.value)
    for definition in DEFINITIONS
    for hook in Hook
    if code_of(definition).hook(hook) is not None
}

Scripted = Callable[[Machine, str, str], Odds | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a world."""

    scenario: Scenario
    violations: tuple[Violation, ...]
    tasks: int
    steps: int
    faults: Counter[str]
    places: tuple[Fault, ...]
    outcomes: Counter[tuple[str, str]]
    stories: Mapping[str, tuple[str, ...]]


class World:
    """A stack, from its first trigger to when nothing of its tasks is left.

    Args:
        choose: as of `Scheduler`.
        scripted: which fault comes at a call, where no dice decide.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        choose: Choose | None = None,
        scripted: Scripted | None = None,
        intensity: float | None = None,
    ) -> None:
        self.scenario = scenario
        self.seed = scenario.seed
        self.intensity = scenario.intensity if intensity is None else intensity
        self.scripted = scripted
        self.is_over = False
        self.scheduler = Scheduler(choose)
        self.faults = Faults(scenario.faults)
        self.planned: dict[int, Planned] = {task.number: task for task in scenario.planned}
        self.good_registry = GOOD
        self.settings = Settings(
            table_name=TABLE,
            event_bus_name="tasks",
            payload_bucket_name=BUCKET,
            state_machine_arn=MACHINE_ARN,
            dead_letter_queue_url=f"https://sqs.us-east-1.amazonaws.com/123456789012/{QUEUE}",
            retention_days=scenario.retention_days,
            code_version="v1",
            status_events=scenario.is_told,
        )
        self.retentions = Retentions(scenario.retention_days)
        self.pauses, self.in_bulk = Pauses(), InBulk(self)
        self.has_pauses = bool(scenario.holds)
        self._has_changes = self.has_pauses or bool(scenario.retention_changes)
        # Where nobody changes a setting, each machine reads them anew.
        self._known_settings: dict[str, KnownSettings] = {}
        self.metrics: Counter[str] = Counter()
        self.unanswered: list[str] = []
        self.watch = Watch(self)
        self.dynamodb = DynamoDB(self._decisions(), now=self.moment)
        self.s3, self.sqs = S3(now=self.moment), SQS(self._of_queues(), now=self.moment)
        self.step_functions, self.event_bus = StepFunctions(self), EventBus(self)
        self.lambdas = Lambdas(self, process.entries())
        self.people, self.operators = People(self), Operators(self)
        self.services: dict[str, Any] = {
            "dynamodb": self.dynamodb,
            "s3": self.s3,
            "sqs": self.sqs,
            "stepfunctions": self.step_functions,
            "events": self.event_bus,
            "world": _Effects(self),
        }
        self._sweep_seconds = _SWEEP_SECONDS
        self.calm_since = float("inf")
        self._create_table()
        self.s3.create_bucket(Bucket=BUCKET)
        self.sqs.create_queue(QueueName=QUEUE, Attributes={"VisibilityTimeout": _VISIBILITY})

    def run(self) -> Result:
        """Runs it to its end, or to the first rule that does not hold."""
        from tests.simulation.audit import audit

        try:
            self._run()
            if not self.watch.violations:
                self.watch.violations += audit(self)
        except Broken:
            pass
        return self.result()

    def result(self) -> Result:
        """What became of it so far. Whoever is still at work is stopped."""
        self.is_over = True
        self.scheduler.close()
        found = self.watch.violations
        told = {life.number for each in found if (life := self.watch.lives.get(each.task_id))}
        lives = [each for each in self.watch.lives.values() if each.number in told]
        return Result(
            scenario=self.scenario,
            violations=tuple(found),
            tasks=sum(life.number >= 0 for life in self.watch.lives.values()),
            steps=self.scheduler.steps,
            faults=self.faults.counted(),
            places=tuple(self.faults.come),
            outcomes=Counter(
                (life.definition, life.last_status) for life in self.watch.lives.values()
            ),
            stories={life.id: tuple(life.told()) for life in lives},
        )

    def moment(self, skew_seconds: float = 0.0) -> datetime:
        """The time; a machine's clock may be wrong."""
        return _START + timedelta(seconds=self.scheduler.now + skew_seconds)

    def known_settings(self, machine: Machine) -> KnownSettings:
        """What a machine knows of the settings: of a Lambda's, those of its process's last one."""
        if not self._has_changes or machine.function == "program":
            return KnownSettings()
        return self._known_settings.setdefault(machine.function, KnownSettings())

    def registry(self, machine: Machine) -> Registry:
        """The definitions of the code that is deployed when a machine starts."""
        start, end = self.scenario.bad_deploy
        is_bad = start <= machine.started_at < end and machine.function != "program"
        if not is_bad or not self.intensity or self.scripted is not None:
            return GOOD
        comes = self.faults.comes(Kind.BAD_DEPLOY, machine.name, 0, task=machine.task)
        return _BAD if comes else GOOD

    def tell_choice(self, machine: Machine, service: str, operation: str, request: Any) -> None:
        """What a machine is about to ask for, where the order is chosen."""
        current().pending = (machine, service, operation, request)

    def has_hook(self, definition: str, hook: str) -> bool:
        return (definition, hook) in _HOOKS

    def cleans_up(self, life: Life) -> bool:
        """Whether its definition has a task deleted that has ended as this one."""
        return self.good_registry.cleans_up(life.definition, Status(life.last_status or "pending"))

    def moved(self, life: Life, before: Any, after: Any) -> None:
        """A record was written."""
        self.people.moved(life, int(after["iterations"]["N"]) if "iterations" in after else 0)

    def send_dead_letter(self, event: str, code: str) -> None:
        """EventBridge gives an event up."""
        texts = {"ERROR_CODE": code, "ERROR_MESSAGE": "Simulated.", "RULE_ARN": "arn:rule"}
        self.sqs.send_message(
            QueueUrl=self.settings.dead_letter_queue_url,
            MessageBody=event,
            MessageAttributes={
                name: {"StringValue": text, "DataType": "String"} for name, text in texts.items()
            },
        )

    def report_end(self, execution: Execution, *, ending: str) -> None:
        """Step Functions reports an execution that has ended badly, to the recovery."""
        detail = {"executionArn": execution.arn, "name": execution.name, "status": execution.status}
        event = {"source": "aws.states", "detail": detail}
        for number, seconds in enumerate(reports(self, ending, execution.task)):
            self.lambdas.invoke_later(
                "recovery", event, name=f"{ending}/r{number}", task=execution.task, after=seconds
            )

    def sweep(self, name: str) -> None:
        self.lambdas.invoke_later("recovery", _SWEEP, name=name)

    def open_lives(self) -> list[Life]:
        """The tasks that are open, or whose end has left something to do."""
        return [life for life in self.watch.lives.values() if life.is_open or has_follow_ups(life)]

    def letters(self) -> int:
        """How many dead letters wait."""
        return len(self.sqs.messages(self.settings.dead_letter_queue_url))

    def _run(self) -> None:
        scheduler = self.scheduler
        self.people.begin()
        self.operators.begin()
        scheduler.spawn("sweeper", self._sweep_for_ever, after=_SWEEP_SECONDS / 3)
        scheduler.run(until=_CALM_AFTER_SECONDS)
        self.faults.is_calm, self.calm_since = True, scheduler.now
        scheduler.run(until=_ENDLESS_AFTER_SECONDS)
        for _ in range(_MOST_HOURS * 6):
            self.people.end_what_never_ends()
            scheduler.run(until=scheduler.now + 600)
            if not (self.open_lives() or self.letters() or self.event_bus.on_their_way):
                break
        self.audit_the_calm()
        self._age()

    def audit_the_calm(self) -> None:
        """When all is done: nothing is lost, stuck or doubled."""
        from tests.simulation.audit import audit_the_calm

        self.watch.violations += audit_the_calm(self)
        if self.watch.violations:
            raise Broken

    def _age(self) -> None:
        """Days pass: late events come, rows expire, payloads that no record names go."""
        scheduler = self.scheduler
        self._sweep_seconds = _SELDOM_SECONDS
        for _ in range(_MOST_DAYS):
            scheduler.run(until=scheduler.now + _DAY_SECONDS)
            self._sweep_seconds = _SELDOM_SECONDS
            self.watch.take_changes()
            self.dynamodb.expire(TABLE, self.moment(), self._is_late)
            self.watch.expired(self.watch.take_changes())
            self.people.end_what_never_ends()  # an event of a task that was deleted came again
        for _ in range(2):
            self.sweep(f"last-{scheduler.now:.0f}")
            scheduler.run(until=scheduler.now + 600)

    def _is_late(self, _: object) -> bool:
        return True

    def _sweep_for_ever(self) -> None:
        number = 0
        while not self.is_over:
            number += 1
            self.sweep(f"sweep-{number}")
            self.scheduler.sleep(self._sweep_seconds)

    def _decisions(self) -> Decisions:
        decisions = Decisions(wrote=self.watch.wrote)
        if self.intensity and self.scripted is None:
            decisions.unprocessed = lambda *_: _chance(UNPROCESSED_ODDS, Kind.UNPROCESSED)
            decisions.lag = lambda _, key: self._lags(key)
            decisions.stale = self._lags
        return decisions

    def _lags(self, key: Key) -> bool:
        """Whether somebody sees an item as it was."""
        if not _chance(INDEX_LAG_ODDS, Kind.INDEX_LAG):
            return False
        self.watch.life(key[0].removeprefix("TASK#")).seen_late_at = self.scheduler.now
        return True

    def _of_queues(self) -> sqs.Decisions:
        if not self.intensity or self.scripted is not None:
            return sqs.Decisions()
        return sqs.Decisions(
            repeats=lambda _: _chance(SQS_TWICE_ODDS, Kind.SQS_TWICE),
            revives=lambda _: _chance(SQS_TWICE_ODDS, Kind.SQS_TWICE),
        )

    def _create_table(self) -> None:
        create_table(self.dynamodb, TABLE)
        self.dynamodb.update_time_to_live(
            TableName=TABLE,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRY_ATTRIBUTE},
        )


class _Effects:
    """What tasks and hooks do to the world, as a service."""

    def __init__(self, world: World) -> None:
        self._world = world

    def act(self, *, task: str, effect: str) -> None:
        actor = acting()
        self._world.watch.acted(actor.locals if actor else None, task, effect)

    def told_child(self, *, task: str, key: str, child: str) -> None:
        self._world.watch.told_child(task, key, child)


def has_follow_ups(life: Life) -> bool:
    record = life.record or {}
    return any(
        name in record
        for name in (
            "pendingHook",
            "childrenAbortPending",
            "parentPending",
            "expiryPending",
            "deletionPending",
            "endEventPending",
            Index.UNFINISHED.partition_key,  # the next sweep takes it out of the index
        )
    )


def _chance(odds: float, kind: Kind) -> bool:
    actor = acting()
    machine: Machine | None = actor.locals if actor else None
    return machine is not None and machine.chance(odds, kind)
