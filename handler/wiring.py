"""Makes the parts from the environment: for the Lambdas' entries, and for `handler.tasks` at its
first use.

What costs time is made once per process: the clients, when they are first called, and the registry.
"""

import functools
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from handler.aws.bus import Bus
from handler.aws.executions import Executions
from handler.aws.metrics import CloudWatchMeter, Meter
from handler.clock import Clock, RemainingSeconds, SystemClock
from handler.definition.registry import Registry, discover
from handler.iteration.runner import Runner
from handler.lifecycle.hooks import Hooks
from handler.lifecycle.service import Tasks
from handler.settings import Settings
from handler.table.payloads import Blobs
from handler.table.store import Store

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

# How long a call made outside of a Lambda is tried again.
_PATIENCE: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The parts, wired.

    Args:
        settings: what the environment says.
        registry: the definitions.
        clock: the machine's clock.
        store: the table.
        bus: the event bus.
        executions: the state machine's executions.
        hooks: runs hooks.
        tasks: the service.
        runner: runs iterations.
        meter: counts, for CloudWatch.
    """

    settings: Settings
    registry: Registry
    clock: Clock
    store: Store
    bus: Bus
    executions: Executions
    hooks: Hooks
    tasks: Tasks
    runner: Runner
    meter: Meter


def system(*, remaining: RemainingSeconds, runs_hooks: bool = True) -> System:
    """Wires the parts for one invocation.

    Args: remaining: how many seconds it has left. runs_hooks: whether hooks run here. The API's
        Lambda may not do what a task may: it leaves them to the worker.

    Raises:
        SettingsError: an environment variable is missing.
        DefinitionError: a file under `definitions/` can't be imported.
    """
    settings, registry, clock, meter = _settings(), _registry(), SystemClock(), CloudWatchMeter()
    store = Store(
        cast("DynamoDBClient", _LazyClient("dynamodb")),
        table_name=settings.table_name,
        clock=clock,
        remaining=remaining,
        blobs=_blobs(settings),
        retention_days=settings.retention_days,
    )
    bus = Bus(
        cast("EventBridgeClient", _LazyClient("events")), name=settings.event_bus_name, clock=clock
    )
    executions = Executions(
        cast("SFNClient", _LazyClient("stepfunctions")),
        state_machine_arn=settings.state_machine_arn,
    )
    hooks = Hooks(registry=registry, store=store, clock=clock)
    tasks = Tasks(
        registry=registry,
        store=store,
        bus=bus,
        executions=executions if settings.state_machine_arn else None,
        hooks=hooks if runs_hooks else None,
        clock=clock,
    )
    runner = Runner(
        registry=registry,
        store=store,
        tasks=tasks,
        hooks=hooks,
        executions=executions if settings.state_machine_arn else None,
        clock=clock,
        remaining=remaining,
        meter=meter,
    )
    return System(
        settings=settings,
        registry=registry,
        clock=clock,
        store=store,
        bus=bus,
        executions=executions,
        hooks=hooks,
        tasks=tasks,
        runner=runner,
        meter=meter,
    )


# What `handler.tasks` stands for where something else than the environment's stack is meant: in a
# test.
current_tasks: ContextVar[Tasks | None] = ContextVar("current_tasks", default=None)


class _CurrentTasks:
    """`handler.tasks`: makes no client and reads no environment before its first use."""

    def __getattr__(self, name: str) -> object:
        found = current_tasks.get() or system(remaining=_deadline(SystemClock())).tasks
        return getattr(found, name)


tasks: Final = cast("Tasks", _CurrentTasks())


class _LazyClient:
    """A client of an AWS service that is made when it is first called: an iteration seldom needs
    more than the table's.
    """

    def __init__(self, service: str) -> None:
        self._service = service

    def __getattr__(self, name: str) -> object:
        return getattr(client(self._service), name)


@functools.cache
def client(service: str) -> Any:
    """The process's client of an AWS service."""
    # Not before it is needed: importing the door costs nothing of it. And botocore alone: boto3
    # would only add transfers to S3.
    import botocore.session  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    # A call that hangs is given up early, and tried again by what calls it: an iteration's seconds
    # are worth more. What is sent is made here and tested: botocore need not check its shape at
    # every call, in every iteration.
    patience = Config(
        connect_timeout=3,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 3},
        parameter_validation=False,
    )
    return botocore.session.get_session().create_client(service, config=patience)


def _blobs(settings: Settings) -> Blobs | None:
    bucket = settings.payload_bucket_name
    return Blobs(cast("S3Client", _LazyClient("s3")), bucket=bucket) if bucket else None


@functools.cache
def _settings() -> Settings:
    return Settings.from_environment()


@functools.cache
def _registry() -> Registry:
    return discover()


def _deadline(clock: Clock) -> RemainingSeconds:
    end: datetime = clock.now() + _PATIENCE

    def remaining() -> float:
        return (end - clock.now()).total_seconds()

    return remaining
