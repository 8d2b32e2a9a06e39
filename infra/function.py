"""A Lambda that runs the bundle, with its role and its log group."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from infra.archive import wheels
from infra.arguments import Settings, Statements
from infra.documents import policies
from infra.documents.partitions import service_principal
from infra.documents.policies import Arns, Document
from infra.errors import ConfigError
from infra.log_group import function_log, log_group
from infra.names import METRICS_NAMESPACE
from infra.role import Role, RoleArgs

RUNTIME: Final = f"python{wheels.PYTHON_VERSION}"
# The alias of the version that is deployed.
LIVE: Final = "live"
# What the layers of the AWS Distro for OpenTelemetry start Python with
# (https://aws-otel.github.io/docs/getting-started/lambda/lambda-python).
OTEL_WRAPPER: Final = "/opt/otel-instrument"
# What holds unless a variable of the author says otherwise. Pydantic looks for plugins in the
# metadata of every package, whenever a process starts (its documentation, "Pydantic Plugins").
_UNLESS_SAID: Final = {"PYDANTIC_DISABLE_PLUGINS": "__all__"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionDefaults:
    """What all Lambdas of the stack have in common."""

    settings: Settings
    code: pulumi.Archive  # the bundle
    environment: Mapping[str, pulumi.Input[str]]  # the variables that handler/settings.py reads
    arns: pulumi.Output[Arns]  # the resources that the handler uses


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionArgs:
    """What distinguishes one Lambda from the others."""

    defaults: FunctionDefaults
    module: str  # the module of `handler` that it runs
    suffix: str = ""  # what its physical name ends in; "": the module's name
    role_suffix: str = ""  # what its role's ends in, before the region; "": the same
    description: str  # shown in the AWS console
    memory_mb: pulumi.Input[int]
    timeout_seconds: int  # of one invocation
    policy: Callable[..., Document]  # of the stack's ARNs, its log group's, and `tasks`
    statements: Statements = ()  # what the tasks' own code may do besides
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)  # besides defaults
    log_group: aws.cloudwatch.LogGroup | None = None  # if it is there before the function
    reserved_concurrency: int | None = None  # how many run at a time; None reserves and limits none
    ephemeral_storage_mb: int | None = None  # of /tmp; None: Lambda's own 512

    @property
    def physical_name(self) -> pulumi.Output[str]:
        return self.defaults.settings.name(self.suffix or self.module)


class Function(pulumi.ComponentResource):
    """A Lambda, created after its role's policy and its log group, and invoked by its alias.

    Without the policy its first invocations would fail. Without the log group Lambda would create
    one that keeps every line forever. Without the alias, which names a published version, an
    invocation could meet half of a deploy: Lambda changes code and configuration one after the
    other (API reference, "UpdateFunctionCode" and "UpdateFunctionConfiguration").

    Attributes:
        arn: of the alias, which is what others invoke.
        qualifier: the alias's name, where Lambda takes it beside the function's.
    """

    arn: pulumi.Output[str]
    function_name: pulumi.Output[str]
    qualifier: pulumi.Output[str]

    def __init__(
        self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:Function", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        logs = args.log_group or log_group(
            name, function_log(args.physical_name), args.defaults.settings.args, child
        )
        role = Role(name, _role(args, logs), child)
        function = _lambda(
            name,
            args,
            role,
            logs,
            pulumi.ResourceOptions(parent=self, depends_on=[role.policy]),
        )
        live = aws.lambda_.Alias(
            name,
            name=LIVE,
            function_name=function.name,
            function_version=function.version,
            opts=child,
        )
        self.arn = live.arn
        self.function_name = function.name
        self.qualifier = live.name
        self.register_outputs({"arn": self.arn, "function_name": self.function_name})


def _role(args: FunctionArgs, logs: aws.cloudwatch.LogGroup) -> RoleArgs:
    allowed = pulumi.Output.all(args.defaults.arns, logs.arn, _statements(args)).apply(
        lambda known: args.policy(known[0], known[1], tasks=known[2])
    )
    return RoleArgs(
        settings=args.defaults.settings,
        suffix=args.role_suffix or args.suffix or args.module,
        trust=policies.trust_lambda(),
        policy=allowed,
    )


def _statements(args: FunctionArgs) -> list[Any]:
    of_all = args.defaults.settings.args
    return [
        *args.statements,
        *([policies.network_interfaces()] if of_all.subnet_ids is not None else []),
        *([policies.write_traces()] if of_all.tracing != "off" else []),
    ]


def _lambda(
    name: str,
    args: FunctionArgs,
    role: Role,
    logs: aws.cloudwatch.LogGroup,
    opts: pulumi.ResourceOptions,
) -> aws.lambda_.Function:
    of_all = args.defaults.settings.args
    return aws.lambda_.Function(
        name,
        name=args.physical_name,
        description=args.description,
        runtime=RUNTIME,
        architectures=[of_all.lambda_architecture],
        code=args.defaults.code,
        handler=f"handler.{args.module}.handler",
        layers=_layers(args),
        memory_size=args.memory_mb,
        publish=True,
        timeout=args.timeout_seconds,
        ephemeral_storage=_storage(args),
        reserved_concurrent_executions=args.reserved_concurrency,
        role=role.arn,
        environment=aws.lambda_.FunctionEnvironmentArgs(variables=_variables(args)),
        kms_key_arn=of_all.kms_key_arn,
        vpc_config=_vpc(args),
        tracing_config=_tracing(args),
        logging_config=aws.lambda_.FunctionLoggingConfigArgs(
            log_format="Text", log_group=logs.name
        ),
        opts=opts,
    )


def _variables(args: FunctionArgs) -> dict[str, pulumi.Input[str]]:
    """The authors' own variables, and ours.

    Raises:
        ConfigError: an author's variable has the name of one of ours.
    """
    of_all = args.defaults.settings.args
    powertools: dict[str, pulumi.Input[str]] = {
        "POWERTOOLS_SERVICE_NAME": args.physical_name,
        "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE if of_all.metrics else "",
        "POWERTOOLS_LOG_LEVEL": of_all.lambda_log_level,
    }
    if of_all.tracing == "otel":
        powertools["AWS_LAMBDA_EXEC_WRAPPER"] = OTEL_WRAPPER
    ours = {**powertools, **args.defaults.environment, **args.environment}
    if taken := sorted(of_all.environment.keys() & ours.keys()):
        raise ConfigError(
            f"The variable {taken[0]} of the Lambdas is the component's own: environment can't have"
            " it. Next: give yours another name."
        )
    return {**_UNLESS_SAID, **of_all.environment, **ours}


def _layers(args: FunctionArgs) -> pulumi.Input[Any]:
    of_all = args.defaults.settings.args
    if of_all.tracing != "otel":
        return of_all.layers
    return pulumi.Output.all(of_all.otel_layer_arn, of_all.layers).apply(
        lambda known: [known[0], *(known[1] or [])]
    )


def _storage(args: FunctionArgs) -> aws.lambda_.FunctionEphemeralStorageArgs | None:
    if args.ephemeral_storage_mb is None:
        return None
    return aws.lambda_.FunctionEphemeralStorageArgs(size=args.ephemeral_storage_mb)


def _tracing(args: FunctionArgs) -> aws.lambda_.FunctionTracingConfigArgs | None:
    if args.defaults.settings.args.tracing == "off":
        return None  # what Lambda calls PassThrough
    return aws.lambda_.FunctionTracingConfigArgs(mode="Active")


def _vpc(args: FunctionArgs) -> aws.lambda_.FunctionVpcConfigArgs | None:
    of_all = args.defaults.settings.args
    if of_all.subnet_ids is None:
        return None
    return aws.lambda_.FunctionVpcConfigArgs(
        subnet_ids=of_all.subnet_ids, security_group_ids=of_all.security_group_ids
    )


def may_invoke(
    name: str,
    function: Function,
    *,
    service: str,
    source: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> aws.lambda_.Permission:
    """Lets a service invoke a function, for one of its resources alone: `source`, its ARN."""
    return aws.lambda_.Permission(
        name,
        action="lambda:InvokeFunction",
        function=function.function_name,
        qualifier=function.qualifier,
        principal=service_principal(service),
        source_arn=source,
        opts=opts,
    )


def keep_failures(
    name: str,
    function: Function,
    queue: aws.sqs.Queue,
    *,
    retries: int,
    max_age_seconds: int,
    opts: pulumi.ResourceOptions,
) -> aws.lambda_.FunctionEventInvokeConfig:
    """What becomes of an invocation that nobody waits for, and that fails: it goes to a queue.

    Args:
        retries: how often Lambda tries it again before.
        max_age_seconds: how long it may be tried.
    """
    on_failure = aws.lambda_.FunctionEventInvokeConfigDestinationConfigOnFailureArgs(
        destination=queue.arn
    )
    return aws.lambda_.FunctionEventInvokeConfig(
        name,
        function_name=function.function_name,
        qualifier=function.qualifier,
        maximum_retry_attempts=retries,
        maximum_event_age_in_seconds=max_age_seconds,
        destination_config=aws.lambda_.FunctionEventInvokeConfigDestinationConfigArgs(
            on_failure=on_failure
        ),
        opts=opts,
    )
