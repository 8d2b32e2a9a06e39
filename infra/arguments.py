"""What a program says of its background tasks, and what the components make of it."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pulumi

from infra.api_access import ApiPermissionArgs
from infra.archive.wheels import REQUIREMENTS, Architecture
from infra.names import Names

ExecutionLogLevel = Literal["ALL", "ERROR", "FATAL", "OFF"]
Tracing = Literal["off", "xray", "otel"]
Texts = pulumi.Input[Sequence[pulumi.Input[str]]]
Statements = Sequence[pulumi.Input[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerArgs:
    """A worker beside the default one. What is None is as the default worker has it.

    Args:
        memory_mb: 128 to 10240; by default `worker_memory_mb`.
        timeout_seconds: of one invocation, 60 to 900; by default 900.
        ephemeral_storage_mb: of /tmp, 512 to 10240; by default 512.
        concurrency: how many of it run at a time, 0 reserves and limits none; by default
            `worker_concurrency`.
    """

    memory_mb: int | None = None
    timeout_seconds: int | None = None
    ephemeral_storage_mb: int | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundTasksArgs:
    """What one environment is made of. Pulumi.yaml describes those that are also config keys.

    What is no `pulumi.Input` decides which resources there are, so it must be known beforehand.

    Args:
        definitions: the folder of the tasks, `definitions`, in the folder of the program or
            elsewhere; whatever is in it goes into the bundle.
        requirements: the lock of the bundle's packages, each with its hash. The default has what
            the engine needs, and nothing for the tasks (docs/embedding.md).
        name_prefix: what the physical names of the resources begin with: at most 44 letters,
            digits, hyphens and underscores, and no other stack's in the account and region. The
            default is the names of project,
            component and stack.
        tags: of every resource that takes tags, besides the provider's default tags.
        event_bus_arn: a bus that events come from, in the stack's account and region. Its events
            of other detail types start nothing.
        table_arn: a table that was made with `task_table_inputs()`: its keys, indexes and expiry.
        payload_bucket_arn: a bucket; objects under `tasks/` that no task names are deleted.
        permissions_boundary_arn: a policy that bounds every role of the stack.
        subnet_ids: where the Lambdas run; without any, in no VPC. The subnets need a way to the
            AWS services that the Lambdas use: a NAT gateway, or VPC endpoints.
        security_group_ids: of the Lambdas in the subnets.
        kms_key_arn: a key for table, bucket, queues, logs, state machine and the variables of the
            Lambdas. docs/security.md has the statements that its policy needs.
        layers: ARNs of layers for every Lambda, at most five.
        workers: the workers beside the default one, by the names that `@task(worker=...)` has: at
            most ten, camelCase, of at most 11 characters.
        environment: variables for every Lambda, which the tasks' own code reads.
        api_permissions: what callers whom IAM knows may do; without any, everything.
        api_tenants: the tenants that a caller may name of whom nothing else says it, "*" is every
            one; by default `root` alone.
        jwt_permissions_claim: the claim of a token that has its permissions.
        jwt_scope_permissions: what a scope of a token grants: {"tasks/read": "r"}.
        smoke_test: whether each `up` runs the task `testingRun` in the stack at its end, and fails
            if that doesn't succeed.
        status_events: whether the bus is told when a task has started, waits, or has ended
            (docs/operating.md).
    """

    definitions: Path = Path("definitions")
    requirements: Path = REQUIREMENTS
    name_prefix: str | None = None
    tags: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)

    worker_memory_mb: pulumi.Input[int] = 1024
    api_memory_mb: pulumi.Input[int] = 512
    lambda_architecture: Architecture = "arm64"
    lambda_log_level: pulumi.Input[str] = "INFO"
    layers: Texts | None = None
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    vendor_dependencies: bool = True
    worker_concurrency: int = 0
    workers: Mapping[str, WorkerArgs] = field(default_factory=dict)
    subnet_ids: Texts | None = None
    security_group_ids: Texts = ()

    log_retention_days: pulumi.Input[int] = 30
    execution_log_level: ExecutionLogLevel = "ERROR"
    execution_log_data: pulumi.Input[bool] = False
    metrics: bool = True
    alarms: bool = True
    alarm_topic_arn: pulumi.Input[str] | None = None
    alarm_email: pulumi.Input[str] | None = None
    dashboard: bool = False
    tracing: Tracing = "off"
    otel_layer_arn: pulumi.Input[str] | None = None

    smoke_test: bool = False
    status_events: bool = False

    task_retention_days: pulumi.Input[int] = 90
    recovery_after_seconds: pulumi.Input[int] = 120
    protect_data: bool = False
    kms_key_arn: pulumi.Input[str] | None = None
    event_bus_arn: pulumi.Input[str] | None = None
    table_arn: pulumi.Input[str] | None = None
    payload_bucket_arn: pulumi.Input[str] | None = None

    permissions_boundary_arn: pulumi.Input[str] | None = None
    worker_policy_statements: Statements = ()
    api_policy_statements: Statements = ()
    import_csv_buckets: Texts = ()
    import_csv_tables: Texts = ()

    jwt_issuer: pulumi.Input[str] | None = None
    jwt_audience: Texts = ()
    jwt_scopes: Texts | None = None
    jwt_tenant_claim: pulumi.Input[str] = ""
    jwt_permissions_claim: pulumi.Input[str] = ""
    jwt_scope_permissions: Mapping[str, str] = field(default_factory=dict)
    api_permissions: Sequence[ApiPermissionArgs] = ()
    api_tenants: Sequence[str] = ()
    cors_origins: Texts | None = None
    introspection: bool = True
    graphiql: bool = False

    def __post_init__(self) -> None:
        """An empty value is none, as a config key that isn't set gives it."""
        for each in fields(self):
            value = getattr(self, each.name)
            is_empty = isinstance(value, str | list | tuple) and not value
            if each.default is None and is_empty:
                object.__setattr__(self, each.name, None)


def takes_output(hint: object) -> bool:
    """Whether the type of an argument is a `pulumi.Input`: a value, an awaitable or an Output."""
    return any(get_origin(each) is Awaitable for each in get_args(hint))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What all components of one environment have in common."""

    args: BackgroundTasksArgs
    names: Names
    now: datetime = field(default_factory=lambda: datetime.now(UTC))  # what is over isn't deployed

    def name(self, suffix: str) -> pulumi.Output[str]:
        """The physical name of a resource: `background-tasks-dev-worker` for `worker`."""
        return self.names.of(suffix)
