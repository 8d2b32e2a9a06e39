"""Where tasks and events are kept: the table, payload bucket, event bus and dead-letter queues."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from handler.contract import DAY_SECONDS, WORKER_TIMEOUT_SECONDS, EnvVar
from infra import state_machine
from infra.arguments import BackgroundTasksArgs, Settings
from infra.documents.partitions import region_of
from infra.documents.policies import Arns
from infra.existing import BUCKET, BUS, TABLE, existing, own
from infra.names import Names
from infra.payload_bucket import PayloadBucket, PayloadBucketArgs
from infra.task_table import TaskTable, TaskTableArgs

# The longest retention that SQS offers (SQS quotas, "Message retention"): an undelivered event, or
# a failure of the recovery, waits until somebody has fixed the cause.
UNDELIVERED_SECONDS: Final = 14 * DAY_SECONDS
UNDELIVERED: Final = "undelivered"
# How much of a hash makes a bucket's name one of its own in the world.
HASH_CHARACTERS: Final = 8
# No name of a bucket may begin so (S3 guide, "General purpose bucket naming rules").
RESERVED_BEGINNINGS: Final = ("amzn-s3-demo-", "sthree-", "xn--")


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageArgs:
    """What the storage is made from.

    Args:
        prefix: how the names of a new environment begin.
        first: a resource that AWS refuses where the name is taken. A queue, a rule or an alarm of
            another stack's would be taken over in silence.
    """

    args: BackgroundTasksArgs
    prefix: str
    first: pulumi.Resource


class Storage(pulumi.ComponentResource):
    """Everything that holds data, with the ARNs and variables by which the functions find it.

    The dead-letter queue is the resource whose name the others follow: it is always the stack's
    own, and needs none of the others. It keeps the name that it was made with.
    """

    settings: Settings
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
        after = pulumi.ResourceOptions(parent=self, depends_on=[args.first])
        self.dead_letter_queue = _queue(
            f"{name}-{UNDELIVERED}", f"{args.prefix}-{UNDELIVERED}", args.args, after
        )
        self.settings = Settings(args=args.args, names=_names(self.dead_letter_queue))
        self.recovery_failures = _queue(
            f"{name}-recovery-failures", self.settings.name("recovery-failures"), args.args, child
        )
        queue_arn = self.dead_letter_queue.arn
        table_arn = _table(f"{name}-tasks", self.settings, queue_arn, child)
        bucket_arn = _bucket(f"{name}-payloads", self.settings, self.dead_letter_queue, child)
        event_bus_arn = _event_bus(f"{name}-bus", self.settings, queue_arn, child)
        self.table_name = table_arn.apply(_last_part)
        self.payload_bucket_name = bucket_arn.apply(_last_part)
        self.event_bus_name = event_bus_arn.apply(_last_part)
        state_machine_arn = pulumi.Output.all(
            neighbour=self.dead_letter_queue.arn, name=self.settings.name(state_machine.SUFFIX)
        ).apply(lambda known: state_machine.arn_from_name(**known))
        self.arns = pulumi.Output.all(
            table=table_arn,
            event_bus=event_bus_arn,
            payload_bucket=bucket_arn,
            state_machine=state_machine_arn,
            dead_letter_queue=self.dead_letter_queue.arn,
            recovery_failures=self.recovery_failures.arn,
            kms_key=args.args.kms_key_arn,
        ).apply(lambda arns: Arns(**arns))
        self.environment = {
            EnvVar.TABLE_NAME.value: self.table_name,
            EnvVar.EVENT_BUS_NAME.value: self.event_bus_name,
            EnvVar.PAYLOAD_BUCKET_NAME.value: self.payload_bucket_name,
            EnvVar.STATE_MACHINE_ARN.value: state_machine_arn,
            EnvVar.STACK_NAME.value: self.settings.names.prefix,
            EnvVar.RETENTION_DAYS.value: pulumi.Output.format("{0}", args.args.task_retention_days),
            **({EnvVar.STATUS_EVENTS.value: "true"} if args.args.status_events else {}),
        }
        self.register_outputs(
            {"table_name": self.table_name, "event_bus_name": self.event_bus_name}
        )


def _names(queue: aws.sqs.Queue) -> Names:
    return Names(
        prefix=queue.name.apply(lambda name: name.removesuffix(f"-{UNDELIVERED}")),
        region=queue.arn.apply(region_of),
    )


def _last_part(arn: str) -> str:
    """The name in an ARN, which stands behind its last slash, or, of a bucket, its last colon."""
    return arn.rpartition(":")[2].rpartition("/")[2]


def _table(
    name: str, settings: Settings, queue_arn: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    if settings.args.table_arn is not None:
        return existing(TABLE, settings.args.table_arn, queue_arn, settings)
    args = TaskTableArgs(
        physical_name=settings.name("tasks"),
        kms_key_arn=settings.args.kms_key_arn,
        protect=settings.args.protect_data,
    )
    return own(TABLE, TaskTable(name, args, opts).arn, settings)


def _bucket(
    name: str, settings: Settings, queue: aws.sqs.Queue, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    if settings.args.payload_bucket_arn is not None:
        return existing(BUCKET, settings.args.payload_bucket_arn, queue.arn, settings)
    args = PayloadBucketArgs(
        physical_name=queue.arn.apply(_bucket_name),
        kms_key_arn=settings.args.kms_key_arn,
        protect=settings.args.protect_data,
    )
    return own(BUCKET, PayloadBucket(name, args, opts).arn, settings)


def _bucket_name(queue_arn: str) -> str:
    """A name that no other account, region or stack has: buckets share one namespace of names.

    A stack's name may have capitals and underscores, a bucket's may not; it has at most 63
    characters (S3 guide, "General purpose bucket naming rules").
    """
    prefix = _last_part(queue_arn).removesuffix(f"-{UNDELIVERED}").lower().replace("_", "-")
    digest = hashlib.sha256(queue_arn.encode()).hexdigest()[:HASH_CHARACTERS]
    name = f"{prefix}-payloads-{digest}".lstrip("-")
    return f"x{name}" if name.startswith(RESERVED_BEGINNINGS) else name


def _event_bus(
    name: str, settings: Settings, queue_arn: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    if settings.args.event_bus_arn is not None:
        return existing(BUS, settings.args.event_bus_arn, queue_arn, settings)
    return own(
        BUS, aws.cloudwatch.EventBus(name, name=settings.name("bus"), opts=opts).arn, settings
    )


def _queue(
    name: str,
    physical_name: pulumi.Input[str],
    args: BackgroundTasksArgs,
    opts: pulumi.ResourceOptions,
) -> aws.sqs.Queue:
    return aws.sqs.Queue(
        name,
        name=physical_name,
        message_retention_seconds=UNDELIVERED_SECONDS,
        # The recovery's timeout: a message stays hidden from the next sweep while one handles it.
        visibility_timeout_seconds=WORKER_TIMEOUT_SECONDS,
        sqs_managed_sse_enabled=True if args.kms_key_arn is None else None,
        kms_master_key_id=args.kms_key_arn,
        opts=opts,
    )
