"""The whole stack: storage, worker, state machine, event routing, schedules, API and recovery."""

from collections.abc import Sequence
from typing import Any

import pulumi

from handler.contract import EnvVar
from handler.definition import Definition
from infra import bundle
from infra.api_access import somebody
from infra.argument_checks import check_arguments
from infra.arguments import BackgroundTasksArgs
from infra.documents import console
from infra.documents.worker_choice import WorkerChoice
from infra.event_routing import EventRouting, EventRoutingArgs
from infra.exclusive import take
from infra.function import Function, FunctionDefaults
from infra.graphql_api import GraphqlApi, GraphqlApiArgs
from infra.log_group import function_log, log_group
from infra.monitoring import Monitoring, MonitoringArgs
from infra.names import checked_prefix
from infra.recovery_function import RecoveryFunction, RecoveryFunctionArgs
from infra.scheduler import Scheduler, SchedulerArgs
from infra.smoke_test import SmokeTest, check_has_task
from infra.state_machine import StateMachine, StateMachineArgs
from infra.storage import Storage, StorageArgs
from infra.transformations import gathered, staying, tagged
from infra.worker_function import check_workers, default_worker, other_workers


class BackgroundTasks(pulumi.ComponentResource):
    """Background tasks in one environment, in this Pulumi program or in any other.

    It reads no config: its arguments say everything. It uses the AWS provider of `opts`, or the
    default one. Its attributes are what a program may want to export.

    Raises:
        DeployError: the tasks, their bundle or the names can't be deployed. The message says why.
    """

    api_url: pulumi.Output[str]
    event_bus_name: pulumi.Output[str]
    state_machine_arn: pulumi.Output[str]
    table_name: pulumi.Output[str]
    payload_bucket_name: pulumi.Output[str]
    worker_function_name: pulumi.Output[str]
    other_worker_names: pulumi.Output[dict[str, str]]  # of their functions, by the workers' names
    api_function_name: pulumi.Output[str]
    recovery_function_name: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]
    console: pulumi.Output[dict[str, str]]
    dashboard_url: pulumi.Output[str]  # "" without a dashboard

    def __init__(
        self, name: str, args: BackgroundTasksArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        check_arguments(args)
        prefix = checked_prefix(
            args.name_prefix or f"{pulumi.get_project()}-{name}-{pulumi.get_stack()}"
        )
        take(f'names that begin with "{prefix}"', name, "give one another name or name_prefix")
        definitions, code = bundle.definitions(args), bundle.archive(name, args)
        check_workers(definitions, args)
        if args.smoke_test:
            check_has_task(definitions)
        resources: list[pulumi.Resource] = []
        super().__init__(
            "background-tasks:infra:BackgroundTasks",
            name,
            None,
            pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(
                    transformations=[tagged(args.tags), staying(), gathered(resources)],
                ),
            ),
        )
        child = pulumi.ResourceOptions(parent=self)
        # AWS refuses it where another stack has these names, and all else comes after it.
        first = log_group(f"{name}-worker", function_log(f"{prefix}-worker"), args, child)
        storage = Storage(name, StorageArgs(args=args, prefix=prefix, first=first), child)
        settings = storage.settings
        defaults = FunctionDefaults(
            settings=settings,
            code=code,
            environment={
                **storage.environment,
                EnvVar.CODE_VERSION.value: bundle.version(code),
            },
            arns=storage.arns,
        )
        # It needs nothing of the worker, which tells people its address.
        api = GraphqlApi(f"{name}-api", GraphqlApiArgs(defaults=defaults), child)
        worker_args = default_worker(defaults, first, api.signals_url)
        worker = Function(f"{name}-worker", worker_args, child)
        others = other_workers(f"{name}-worker", worker_args, child)
        machine = StateMachine(
            f"{name}-state-machine",
            StateMachineArgs(
                settings=settings,
                worker_arn=worker.arn,
                others={each.name: each.function.arn for each in others},
                choice=WorkerChoice.of(definitions),
            ),
            child,
        )
        EventRouting(f"{name}-event-routing", _event_routing(storage, machine, worker), child)
        Scheduler(f"{name}-scheduler", _scheduler(definitions, storage, machine), child)
        recovery = RecoveryFunction(
            f"{name}-recovery",
            RecoveryFunctionArgs(
                defaults=defaults,
                dead_letter_queue=storage.dead_letter_queue,
                failures=storage.recovery_failures,
            ),
            child,
        )
        monitoring = Monitoring(
            f"{name}-monitoring",
            MonitoringArgs(
                storage=storage,
                worker=worker,
                others=others,
                api_name=api.function_name,
                recovery_name=recovery.function_name,
                state_machine_arn=machine.arn,
            ),
            child,
        )

        self.api_url = api.url
        self.event_bus_name = storage.event_bus_name
        self.state_machine_arn = machine.arn
        self.table_name = storage.table_name
        self.payload_bucket_name = storage.payload_bucket_name
        self.worker_function_name = worker.function_name
        self.other_worker_names = pulumi.Output.all(
            names={each.name: each.function.function_name for each in others}
        ).apply(lambda known: known["names"])
        self.api_function_name = api.function_name
        self.recovery_function_name = recovery.function_name
        self.dead_letter_queue_url = storage.dead_letter_queue.url
        self.console = _console(storage, machine, self.other_worker_names)
        self.dashboard_url = pulumi.Output.all(
            executions=machine.arn, name=monitoring.dashboard_name
        ).apply(lambda names: console.dashboard(**names))
        if args.smoke_test:
            SmokeTest(
                api=self.api_function_name,
                caller=_smoke_caller(args),
                resources=resources,
                look_at=self.console.apply(lambda pages: pages.get("executions", "")),
                opts=pulumi.InvokeOptions(parent=self),
            ).run()
        self.register_outputs(
            {"api_url": self.api_url, "state_machine_arn": self.state_machine_arn}
        )


def _smoke_caller(args: BackgroundTasksArgs) -> pulumi.Output[dict[str, Any]]:
    """Who asks for the smoke test's task: it invokes the API's Lambda, past API Gateway."""
    return pulumi.Output.all(args.jwt_permissions_claim, args.jwt_tenant_claim).apply(
        lambda claims: somebody(
            tenants=args.api_tenants,
            rules=args.api_permissions,
            claim=claims[0],
            scopes=args.jwt_scope_permissions,
            tenant_claim=claims[1],
        )
    )


def _event_routing(storage: Storage, machine: StateMachine, worker: Function) -> EventRoutingArgs:
    return EventRoutingArgs(
        settings=storage.settings,
        event_bus_name=storage.event_bus_name,
        state_machine_arn=machine.arn,
        worker=worker,
        dead_letter_queue=storage.dead_letter_queue,
    )


def _scheduler(
    definitions: Sequence[Definition], storage: Storage, machine: StateMachine
) -> SchedulerArgs:
    return SchedulerArgs(
        settings=storage.settings,
        definitions=definitions,
        state_machine_arn=machine.arn,
        dead_letter_queue_arn=storage.dead_letter_queue.arn,
    )


def _console(
    storage: Storage, machine: StateMachine, other_workers: pulumi.Output[dict[str, str]]
) -> pulumi.Output[dict[str, str]]:
    return pulumi.Output.all(
        prefix=storage.settings.names.prefix,
        executions=machine.arn,
        table=storage.table_name,
        event_bus=storage.event_bus_name,
        undelivered=storage.dead_letter_queue.url,
        recovery_failures=storage.recovery_failures.url,
        other_workers=other_workers,
    ).apply(lambda names: console.links(**names))
