"""All of it: the foundation, the worker in its loop, the API, and the recovery that watches."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pulumi

from handler.contract import WORKER_TIMEOUT_SECONDS
from handler.definition.definition import Definition
from infra import console, policies
from infra.api import Api, ApiArgs
from infra.delivery import Delivery, DeliveryArgs
from infra.foundation import Foundation, FoundationArgs
from infra.function import Function, FunctionArgs, Shared
from infra.machine import Machine, MachineArgs
from infra.recovery import Recovery, RecoveryArgs
from infra.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundTasksArgs:
    """The stack's settings, the archive that all of its Lambdas run, and the definitions in it."""

    settings: Settings
    code: pulumi.Archive
    definitions: Sequence[Definition]


class BackgroundTasks(pulumi.ComponentResource):
    """Background tasks in one environment; what others need to know of it is an attribute."""

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
        foundation = Foundation("foundation", FoundationArgs(settings=settings), child)
        shared = Shared(
            settings=settings,
            code=args.code,
            environment=foundation.environment,
            arns=foundation.arns,
        )
        worker = Function("worker", _worker(shared), child)
        machine = Machine(
            "state-machine", MachineArgs(settings=settings, worker_arn=worker.arn), child
        )
        Delivery("delivery", _delivery(args, foundation, machine), child)
        api = Api("api", ApiArgs(shared=shared), child)
        recovery = Recovery(
            "recovery",
            RecoveryArgs(shared=shared, queue_url=foundation.dead_letter_queue.url),
            child,
        )

        self.api_url = api.url
        self.event_bus_name = foundation.event_bus_name
        self.state_machine_arn = machine.arn
        self.table_name = foundation.table_name
        self.payload_bucket_name = foundation.payload_bucket_name
        self.worker_function_name = worker.function_name
        self.api_function_name = api.function_name
        self.recovery_function_name = recovery.function_name
        self.dead_letter_queue_url = foundation.dead_letter_queue.url
        self.console = pulumi.Output.all(
            executions=machine.arn,
            table=self.table_name,
            event_bus=self.event_bus_name,
            undelivered=self.dead_letter_queue_url,
        ).apply(lambda names: console.links(settings, **names))
        self.register_outputs(
            {"api_url": self.api_url, "state_machine_arn": self.state_machine_arn}
        )


def _worker(shared: Shared) -> FunctionArgs:
    config = shared.settings.config
    return FunctionArgs(
        shared=shared,
        module="worker",
        description="Runs an iteration of a background task.",
        memory_mb=config.worker_memory,
        timeout_seconds=WORKER_TIMEOUT_SECONDS,
        policy=partial(
            policies.worker, tasks=[statement.to_iam() for statement in config.worker_policy]
        ),
    )


def _delivery(args: BackgroundTasksArgs, foundation: Foundation, machine: Machine) -> DeliveryArgs:
    return DeliveryArgs(
        settings=args.settings,
        definitions=args.definitions,
        event_bus_name=foundation.event_bus_name,
        state_machine_arn=machine.arn,
        dead_letter_queue=foundation.dead_letter_queue,
    )
