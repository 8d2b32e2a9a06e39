"""The whole stack: storage, worker, state machine, event routing, schedules, API and recovery."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pulumi

from handler.contract import IMPORT_SECONDS, WORKER_TIMEOUT_SECONDS, EnvVar
from handler.definition import Definition
from infra import console, policies
from infra.event_routing import EventRouting, EventRoutingArgs
from infra.function import Function, FunctionArgs, FunctionDefaults
from infra.graphql_api import GraphqlApi, GraphqlApiArgs
from infra.recovery_function import RecoveryFunction, RecoveryFunctionArgs
from infra.scheduler import Scheduler, SchedulerArgs
from infra.settings import Settings
from infra.state_machine import StateMachine, StateMachineArgs
from infra.storage import Storage, StorageArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundTasksArgs:
    """What one environment is made of."""

    settings: Settings
    code: pulumi.Archive  # the bundle that all Lambdas run
    definitions: Sequence[Definition]  # the tasks in the bundle; some have a schedule


class BackgroundTasks(pulumi.ComponentResource):
    """Background tasks in one environment. Its attributes become the stack's outputs."""

    api_url: pulumi.Output[str]
    event_bus_name: pulumi.Output[str]
    state_machine_arn: pulumi.Output[str]
    table_name: pulumi.Output[str]
    payload_bucket_name: pulumi.Output[str]
    worker_function_name: pulumi.Output[str]
    api_function_name: pulumi.Output[str]
    recovery_function_name: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]
    console: pulumi.Output[dict[str, str]]

    def __init__(
        self, name: str, args: BackgroundTasksArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:BackgroundTasks", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        storage = Storage("storage", StorageArgs(settings=settings), child)
        defaults = FunctionDefaults(
            settings=settings,
            code=args.code,
            environment=storage.environment,
            arns=storage.arns,
        )
        worker = Function("worker", _worker(defaults), child)
        machine = StateMachine(
            "state-machine", StateMachineArgs(settings=settings, worker_arn=worker.arn), child
        )
        EventRouting("event-routing", _event_routing(args, storage, machine), child)
        Scheduler("scheduler", _scheduler(args, storage, machine), child)
        api = GraphqlApi("api", GraphqlApiArgs(defaults=defaults), child)
        recovery = RecoveryFunction(
            "recovery",
            RecoveryFunctionArgs(
                defaults=defaults,
                dead_letter_queue=storage.dead_letter_queue,
                failures=storage.recovery_failures,
            ),
            child,
        )

        self.api_url = api.url
        self.event_bus_name = storage.event_bus_name
        self.state_machine_arn = machine.arn
        self.table_name = storage.table_name
        self.payload_bucket_name = storage.payload_bucket_name
        self.worker_function_name = worker.function_name
        self.api_function_name = api.function_name
        self.recovery_function_name = recovery.function_name
        self.dead_letter_queue_url = storage.dead_letter_queue.url
        self.console = pulumi.Output.all(
            executions=machine.arn,
            table=self.table_name,
            event_bus=self.event_bus_name,
            undelivered=self.dead_letter_queue_url,
            recovery_failures=storage.recovery_failures.url,
        ).apply(lambda names: console.links(settings, **names))
        self.register_outputs(
            {"api_url": self.api_url, "state_machine_arn": self.state_machine_arn}
        )


def _worker(defaults: FunctionDefaults) -> FunctionArgs:
    config = defaults.settings.config
    return FunctionArgs(
        defaults=defaults,
        module="worker",
        description="Runs an iteration of a background task.",
        memory_mb=config.worker_memory_mb,
        timeout_seconds=WORKER_TIMEOUT_SECONDS,
        policy=partial(
            policies.worker,
            tasks=[statement.to_iam() for statement in config.worker_policy_statements],
        ),
        environment={
            EnvVar.IMPORT_SECONDS.value: str(IMPORT_SECONDS),
            # definitions/csv_import/allowed.py reads these.
            "IMPORT_CSV_BUCKETS": json.dumps(config.import_csv_buckets),
            "IMPORT_CSV_TABLES": json.dumps(config.import_csv_tables),
        },
        reserved_concurrency=config.worker_concurrency or None,
    )


def _event_routing(
    args: BackgroundTasksArgs, storage: Storage, machine: StateMachine
) -> EventRoutingArgs:
    return EventRoutingArgs(
        settings=args.settings,
        event_bus_name=storage.event_bus_name,
        state_machine_arn=machine.arn,
        dead_letter_queue=storage.dead_letter_queue,
    )


def _scheduler(args: BackgroundTasksArgs, storage: Storage, machine: StateMachine) -> SchedulerArgs:
    return SchedulerArgs(
        settings=args.settings,
        definitions=args.definitions,
        state_machine_arn=machine.arn,
        dead_letter_queue_arn=storage.dead_letter_queue.arn,
    )
