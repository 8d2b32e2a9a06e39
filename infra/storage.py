"""Where tasks and events are kept: the table, payload bucket, event bus and dead-letter queues."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from handler.contract import DAY_SECONDS, WORKER_TIMEOUT_SECONDS, EnvVar
from infra import state_machine
from infra.payload_bucket import PayloadBucket, PayloadBucketArgs
from infra.policies import Arns
from infra.settings import Settings
from infra.task_table import TaskTable, TaskTableArgs

# The longest retention that SQS offers (SQS quotas, "Message retention"): an undelivered event, or
# a failure of the recovery, waits until somebody has fixed the cause.
UNDELIVERED_SECONDS: Final = 14 * DAY_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageArgs:
    """What the storage is made from."""

    settings: Settings


class Storage(pulumi.ComponentResource):
    """Everything that holds data, with the ARNs and variables by which the functions find it."""

    table_name: pulumi.Output[str]
    payload_bucket_name: pulumi.Output[str]
    event_bus_name: pulumi.Output[str]
    dead_letter_queue: aws.sqs.Queue
    recovery_failures: aws.sqs.Queue
    arns: pulumi.Output[Arns]
    environment: Mapping[str, pulumi.Input[str]]

    def __init__(
        self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:Storage", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        protect = settings.config.protect_data
        table = TaskTable(settings.resource_name("tasks"), TaskTableArgs(protect=protect), child)
        payloads = PayloadBucket(
            _bucket_name(settings),
            PayloadBucketArgs(protect=protect),
            child,
        )
        bus = aws.cloudwatch.EventBus("bus", name=settings.resource_name("bus"), opts=child)
        self.table_name = table.table_name
        self.payload_bucket_name = payloads.bucket_name
        self.event_bus_name = bus.name
        self.dead_letter_queue = _queue("undelivered", settings, child)
        self.recovery_failures = _queue("recovery-failures", settings, child)
        state_machine_arn = bus.arn.apply(
            lambda arn: state_machine.arn_from_name(
                arn, settings.resource_name(state_machine.SUFFIX)
            )
        )
        self.arns = pulumi.Output.all(
            table=table.arn,
            event_bus=bus.arn,
            payload_bucket=payloads.arn,
            state_machine=state_machine_arn,
            dead_letter_queue=self.dead_letter_queue.arn,
            recovery_failures=self.recovery_failures.arn,
        ).apply(lambda arns: Arns(**arns))
        self.environment = {
            EnvVar.TABLE_NAME.value: self.table_name,
            EnvVar.EVENT_BUS_NAME.value: self.event_bus_name,
            EnvVar.PAYLOAD_BUCKET_NAME.value: self.payload_bucket_name,
            EnvVar.STATE_MACHINE_ARN.value: state_machine_arn,
            EnvVar.RETENTION_DAYS.value: str(settings.config.task_retention_days),
        }
        self.register_outputs(
            {"table_name": self.table_name, "event_bus_name": self.event_bus_name}
        )


def _bucket_name(settings: Settings) -> str:
    # A stack's name may have capitals and underscores, a bucket's may not (S3 guide, "Bucket naming
    # rules").
    return settings.resource_name("payloads").lower().replace("_", "-")


def _queue(name: str, settings: Settings, opts: pulumi.ResourceOptions) -> aws.sqs.Queue:
    return aws.sqs.Queue(
        name,
        name=settings.resource_name(name),
        message_retention_seconds=UNDELIVERED_SECONDS,
        # The recovery's timeout: a message stays hidden from the next sweep while one handles it.
        visibility_timeout_seconds=WORKER_TIMEOUT_SECONDS,
        sqs_managed_sse_enabled=True,
        opts=opts,
    )
