"""Wires the parts of a stack: the one place that knows them all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple

from handler.aws import Bus, Clients, DeadLetters, Executions, Metrics
from handler.clock import Clock, RemainingSeconds
from handler.contract import BULK_DEFINITION, MARGIN_SHARE, MAX_EXECUTION_VISITS
from handler.definition import Definition, Registry
from handler.iteration import Admission, AuthorCode, Commit, Runner
from handler.lifecycle import (
    Bulk,
    Calls,
    CleanUp,
    Closing,
    Conflicts,
    Counts,
    Debouncing,
    Ending,
    EventsByHand,
    Hooks,
    Limiting,
    Pausing,
    Reconciliation,
    Retrying,
    SignalEvents,
    Signalling,
    SignalUrls,
    Slots,
    StatusEvents,
    Survey,
    Tasks,
    Triggering,
    Waking,
)
from handler.record import TaskSettings
from handler.settings import Settings
from handler.table import Dynamo, KnownSettings, PayloadBucket, SettingsTable, Store


def _bulk() -> Definition:
    from handler.bulk import BULK  # noqa: PLC0415  hardly a process ever needs it

    return BULK


# The definitions that each stack has of itself.
BUILT_IN: Final[Mapping[str, Callable[[], Definition]]] = {BULK_DEFINITION: _bulk}


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a stack is built from. It does not change from one invocation to the next.

    Args:
        clients: the client of an AWS service, by boto3's name of it.
        max_execution_visits: after how many visits of `Run` a task is handed over to a new
            execution.
        known_settings: what the process knows of the settings that change while the stack runs.
    """

    settings: Settings
    registry: Registry
    clients: Clients
    clock: Clock
    metrics: Metrics
    max_execution_visits: int = MAX_EXECUTION_VISITS
    known_settings: KnownSettings = field(default_factory=KnownSettings)


class System(NamedTuple):
    """The parts, wired."""

    store: Store
    tasks: Tasks
    by_hand: EventsByHand
    signal_events: SignalEvents
    signal_urls: SignalUrls
    runner: Runner
    reconciliation: Reconciliation
    survey: Survey


def build(
    parts: Parts,
    *,
    remaining: RemainingSeconds,
    shown: RemainingSeconds | None = None,
    runs_hooks: bool = True,
    patience: timedelta | None = None,
) -> System:
    """Wires a system for one invocation: of a Lambda, of the test kit, of a test.

    Args:
        remaining: how many seconds the invocation has left.
        shown: what a task is told of it; by default the same.
        patience: for how long one request to the table is tried again, at most; by default for all
            the time that is left.
        runs_hooks: whether hooks run here. The API's Lambda may not do what a task may: it leaves
            them to the recovery.
    """
    settings, clients, clock = parts.settings, parts.clients, parts.clock
    store = _store(parts, remaining, patience)
    bus = Bus(clients("events"), name=settings.event_bus_name, clock=clock)
    executions = Executions(clients("stepfunctions"), state_machine_arn=settings.state_machine_arn)
    dead_letters = DeadLetters(clients("sqs"), queue_url=settings.dead_letter_queue_url)
    registry = parts.registry.with_built_in(BUILT_IN)
    counts = Counts(parts.metrics, registry=registry)
    events = StatusEvents(bus, clock=clock, are_on=settings.status_events)
    hooks = Hooks(registry=registry, store=store, clock=clock) if runs_hooks else None
    closing = Closing(store=store, clock=clock)
    calls = Calls(store=store, bus=bus, executions=executions, clock=clock)
    ending = Ending(
        registry=registry,
        store=store,
        closing=closing,
        clean_up=CleanUp(store=store, closing=closing, clock=clock),
        hooks=hooks,
        calls=calls,
        executions=executions,
        counts=counts,
        events=events,
        clock=clock,
    )
    pausing = Pausing(registry=registry, store=store, bus=bus, clock=clock)
    slots = Slots(registry=registry, store=store, bus=bus, pausing=pausing, clock=clock)
    store.when_left = slots.left
    conflicts = Conflicts(registry=registry, store=store, slots=slots, ending=ending)
    triggering = Triggering(
        registry=registry,
        store=store,
        bus=bus,
        ending=ending,
        conflicts=conflicts,
        debouncing=Debouncing(store=store, clock=clock),
        clock=clock,
    )
    by_hand = EventsByHand(
        registry=registry,
        store=store,
        triggering=triggering,
        conflicts=conflicts,
        ending=ending,
        clock=clock,
    )
    waking = Waking(store=store, ending=ending, calls=calls, bus=bus, clock=clock)
    retrying = Retrying(
        registry=registry, store=store, triggering=triggering, ending=ending, closing=closing
    )
    signalling = Signalling(store=store, ending=ending, calls=calls, clock=clock)
    signal_events = SignalEvents(signalling=signalling)
    signal_urls = SignalUrls(
        base=settings.signals_url, store=store, signalling=signalling, clock=clock
    )
    tasks = Tasks(
        registry=registry,
        store=store,
        triggering=triggering,
        ending=ending,
        waking=waking,
        retrying=retrying,
        signalling=signalling,
        bulk=Bulk(store=store, triggering=triggering, clock=clock),
        pausing=pausing,
        limiting=Limiting(registry=registry, store=store, slots=slots, ending=ending, clock=clock),
        clock=clock,
    )
    commit = Commit(
        store=store,
        ending=ending,
        triggering=triggering,
        events=events,
        slots=slots,
        clock=clock,
    )
    admission = Admission(
        registry=registry,
        store=store,
        ending=ending,
        commit=commit,
        executions=executions,
        counts=counts,
        events=events,
        pausing=pausing,
        slots=slots,
        clock=clock,
    )
    runner = Runner(
        admission=admission,
        commit=commit,
        by_hand=by_hand,
        author=AuthorCode(
            store=store,
            tasks=tasks,
            signal_urls=signal_urls,
            clock=clock,
            remaining=shown or remaining,
            margin=settings.worker_seconds * MARGIN_SHARE,
        ),
        clock=clock,
        remaining=remaining,
        max_execution_visits=parts.max_execution_visits,
    )
    reconciliation = Reconciliation(
        store=store,
        by_hand=by_hand,
        ending=ending,
        closing=closing,
        bus=bus,
        executions=executions,
        dead_letters=dead_letters,
        waking=waking,
        calls=calls,
        pausing=pausing,
        signal_events=signal_events,
        slots=slots,
        counts=counts,
        clock=clock,
        remaining=remaining,
        idle_after=timedelta(seconds=settings.recovery_after_seconds),
    )
    return System(
        store=store,
        tasks=tasks,
        by_hand=by_hand,
        signal_events=signal_events,
        signal_urls=signal_urls,
        runner=runner,
        reconciliation=reconciliation,
        survey=Survey(store=store, counts=counts, clock=clock),
    )


def _store(parts: Parts, remaining: RemainingSeconds, patience: timedelta | None) -> Store:
    settings, clock = parts.settings, parts.clock
    dynamo = Dynamo(
        parts.clients("dynamodb"),
        table=settings.table_name,
        clock=clock,
        remaining=remaining,
        patience=patience,
    )
    bucket = PayloadBucket(parts.clients("s3"), name=settings.payload_bucket_name)
    return Store(
        dynamo,
        clock=clock,
        bucket=bucket,
        settings=SettingsTable(
            dynamo,
            clock=clock,
            deployed=TaskSettings(retention_days=settings.retention_days),
            known=parts.known_settings,
        ),
        code_version=settings.code_version,
    )
