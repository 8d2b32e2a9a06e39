"""A Lambda that runs the bundle, with its role and its log group."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_aws as aws

from infra import policies
from infra.archive import wheels
from infra.policies import Arns, Document
from infra.settings import Settings

RUNTIME: Final = f"python{wheels.PYTHON_VERSION}"
METRICS_NAMESPACE: Final = "BackgroundTasks"


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
    module: str  # the module of `handler` that it runs; its physical name ends in it, too
    description: str  # shown in the AWS console
    memory_mb: int
    timeout_seconds: int  # of one invocation
    policy: Callable[[Arns, str], Document]  # of the stack's ARNs and its log group's
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)  # besides defaults
    reserved_concurrency: int | None = None  # how many run at a time; None reserves and limits none

    @property
    def physical_name(self) -> str:
        return self.defaults.settings.resource_name(self.module)


class Function(pulumi.ComponentResource):
    """A Lambda, created after its role's policy and its log group.

    Without the policy its first invocations would fail. Without the log group Lambda would create
    one that keeps every line forever.
    """

    arn: pulumi.Output[str]
    function_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:Function", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        log_group = aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/lambda/{args.physical_name}",
            retention_in_days=args.defaults.settings.config.log_retention_days,
            opts=child,
        )
        role = aws.iam.Role(
            name,
            name=args.physical_name,
            assume_role_policy=pulumi.Output.json_dumps(policies.trust_lambda()),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            name,
            name=args.physical_name,
            role=role.name,
            policy=pulumi.Output.json_dumps(_policy(args, log_group)),
            opts=child,
        )
        function = _lambda(
            name, args, role, log_group, pulumi.ResourceOptions(parent=self, depends_on=[policy])
        )
        self.arn = function.arn
        self.function_name = function.name
        self.register_outputs({"arn": self.arn, "function_name": self.function_name})


def _lambda(
    name: str,
    args: FunctionArgs,
    role: aws.iam.Role,
    log_group: aws.cloudwatch.LogGroup,
    opts: pulumi.ResourceOptions,
) -> aws.lambda_.Function:
    return aws.lambda_.Function(
        name,
        name=args.physical_name,
        description=args.description,
        runtime=RUNTIME,
        architectures=[args.defaults.settings.config.lambda_architecture],
        code=args.defaults.code,
        handler=f"handler.{args.module}.handler",
        memory_size=args.memory_mb,
        timeout=args.timeout_seconds,
        reserved_concurrent_executions=args.reserved_concurrency,
        role=role.arn,
        environment=aws.lambda_.FunctionEnvironmentArgs(
            variables={**_powertools(args), **args.defaults.environment, **args.environment}
        ),
        logging_config=aws.lambda_.FunctionLoggingConfigArgs(
            log_format="Text", log_group=log_group.name
        ),
        opts=opts,
    )


def _policy(args: FunctionArgs, log_group: aws.cloudwatch.LogGroup) -> pulumi.Output[Document]:
    return pulumi.Output.all(args.defaults.arns, log_group.arn).apply(
        lambda arns: args.policy(*arns)
    )


def _powertools(args: FunctionArgs) -> dict[str, pulumi.Input[str]]:
    return {
        "POWERTOOLS_SERVICE_NAME": args.physical_name,
        "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
        "POWERTOOLS_LOG_LEVEL": args.defaults.settings.config.lambda_log_level,
    }
