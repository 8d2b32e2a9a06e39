"""The state machine in AWS: its role, its log group, and the document that it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.arguments import Settings
from infra.documents import policies, state_machine_definition
from infra.documents.partitions import account_of, partition_of, region_of
from infra.documents.worker_choice import NO_CHOICE, WorkerChoice
from infra.errors import ConfigError
from infra.log_group import log_group
from infra.role import Role, RoleArgs

SUFFIX: Final = "state-machine"
# A state machine is gone when its last execution is; each ends at its next step (Step Functions API
# reference, "DeleteStateMachine"), which an iteration may hold up for as long as a Lambda runs.
DELETE_TIMEOUT: Final = "30m"
# Step Functions asks KMS for a new data key that often (API reference, "EncryptionConfiguration":
# 60 to 900 seconds).
DATA_KEY_REUSE_SECONDS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMachineArgs:
    """The workers that the state machine runs.

    Args:
        worker_arn: of the default worker.
        others: the ARNs of the other workers, by their names.
        choice: which worker runs a task.
    """

    settings: Settings
    worker_arn: pulumi.Input[str]
    others: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    choice: WorkerChoice = NO_CHOICE


class StateMachine(pulumi.ComponentResource):
    """The state machine that invokes a worker in a loop until the task is done."""

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: StateMachineArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:StateMachine", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        physical_name = args.settings.name(SUFFIX)
        # Groups with this prefix don't use up the account's resource policies (Step Functions
        # guide, "Using CloudWatch Logs").
        log_name = pulumi.Output.concat("/aws/vendedlogs/states/", physical_name)
        logs = log_group(name, log_name, args.settings.args, child)
        role = Role(name, _role(args, physical_name), child)
        document = pulumi.Output.all(worker_arn=args.worker_arn, others=args.others).apply(
            lambda arns: state_machine_definition.definition(choice=args.choice, **arns)
        )
        machine = aws.sfn.StateMachine(
            name,
            name=physical_name,
            type="STANDARD",
            definition=pulumi.Output.json_dumps(document),
            role_arn=role.arn,
            logging_configuration=_logging(args.settings, logs),
            tracing_configuration=aws.sfn.StateMachineTracingConfigurationArgs(
                enabled=args.settings.args.tracing != "off"
            ),
            encryption_configuration=_encryption(args.settings),
            opts=pulumi.ResourceOptions(
                parent=self,
                # Step Functions refuses to create it before the role may write to the log group.
                depends_on=[role.policy],
                custom_timeouts=pulumi.CustomTimeouts(delete=DELETE_TIMEOUT),
            ),
        )
        self.arn = pulumi.Output.all(machine.arn, physical_name).apply(lambda is_: _followed(*is_))
        self.register_outputs({"arn": self.arn})


def arn_from_name(neighbour: str, name: str) -> str:
    """The ARN of the state machine called `name`, in the account and region of another ARN.

    Built from the name because the worker and the state machine's role are made before it, and
    refer to it.
    """
    partition, region = partition_of(neighbour), region_of(neighbour)
    return f"arn:{partition}:states:{region}:{account_of(neighbour)}:stateMachine:{name}"


def _followed(arn: str, name: str) -> str:
    """The ARN of the state machine, if it has the name that all others refer to it by."""
    actual = arn.rpartition(":")[2]
    if actual != name:
        old, new = actual.removesuffix(f"-{SUFFIX}"), name.removesuffix(f"-{SUFFIX}")
        raise ConfigError(
            f'The resources of the stack have names that begin with "{old}", and its queue'
            f' "{old}-undelivered", which they follow, is gone: a new one would begin with "{new}".'
            " Next: give the stack (or name_prefix) the name back that it was made with, `pulumi"
            " up`, and rename it again."
        )
    return arn


def _role(args: StateMachineArgs, physical_name: pulumi.Output[str]) -> RoleArgs:
    worker_arn = pulumi.Output.from_input(args.worker_arn)
    workers = [worker_arn, *(arn for _, arn in sorted(args.others.items()))]
    allowed = pulumi.Output.all(workers=workers, kms_key=args.settings.args.kms_key_arn)
    return RoleArgs(
        settings=args.settings,
        suffix=SUFFIX,
        trust=pulumi.Output.all(neighbour=worker_arn, name=physical_name).apply(
            lambda known: policies.trust("states", source=arn_from_name(**known))
        ),
        policy=allowed.apply(
            lambda arns: policies.state_machine(
                **arns, is_traced=args.settings.args.tracing != "off"
            )
        ),
    )


def _encryption(settings: Settings) -> aws.sfn.StateMachineEncryptionConfigurationArgs | None:
    if settings.args.kms_key_arn is None:
        return None
    return aws.sfn.StateMachineEncryptionConfigurationArgs(
        kms_key_id=settings.args.kms_key_arn,
        type="CUSTOMER_MANAGED_KMS_KEY",
        kms_data_key_reuse_period_seconds=DATA_KEY_REUSE_SECONDS,
    )


def _logging(
    settings: Settings, logs: aws.cloudwatch.LogGroup
) -> aws.sfn.StateMachineLoggingConfigurationArgs:
    if settings.args.execution_log_level == "OFF":
        # Without a destination, as Step Functions has it (API reference, "LoggingConfiguration").
        return aws.sfn.StateMachineLoggingConfigurationArgs(level="OFF")
    return aws.sfn.StateMachineLoggingConfigurationArgs(
        level=settings.args.execution_log_level,
        include_execution_data=settings.args.execution_log_data,
        log_destination=pulumi.Output.concat(logs.arn, ":*"),
    )
