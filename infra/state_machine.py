"""The state machine in AWS: its role, its log group, and the document that it runs."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra import policies, state_machine_definition
from infra.partitions import account_of, partition_of, region_of
from infra.settings import Settings

SUFFIX: Final = "state-machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMachineArgs:
    """The worker that the state machine runs."""

    settings: Settings
    worker_arn: pulumi.Input[str]


class StateMachine(pulumi.ComponentResource):
    """The state machine that invokes the worker in a loop until the task is done."""

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: StateMachineArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:StateMachine", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        physical_name = args.settings.resource_name(SUFFIX)
        worker_arn = pulumi.Output.from_input(args.worker_arn)
        log_group = aws.cloudwatch.LogGroup(
            name,
            # Groups with this prefix don't use up the account's resource policies (Step Functions
            # guide, "Using CloudWatch Logs").
            name=f"/aws/vendedlogs/states/{physical_name}",
            retention_in_days=args.settings.config.log_retention_days,
            opts=child,
        )
        role = aws.iam.Role(
            name,
            name=physical_name,
            assume_role_policy=pulumi.Output.json_dumps(
                worker_arn.apply(
                    lambda arn: policies.trust("states", source=arn_from_name(arn, physical_name))
                )
            ),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            name,
            name=physical_name,
            role=role.name,
            policy=pulumi.Output.json_dumps(
                worker_arn.apply(lambda arn: policies.state_machine(worker=arn))
            ),
            opts=child,
        )
        machine = aws.sfn.StateMachine(
            name,
            name=physical_name,
            type="STANDARD",
            definition=pulumi.Output.json_dumps(
                worker_arn.apply(lambda arn: state_machine_definition.definition(worker_arn=arn))
            ),
            role_arn=role.arn,
            logging_configuration=_logging(args.settings, log_group),
            # Step Functions refuses to create it before the role may write to the log group.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.arn = machine.arn
        self.register_outputs({"arn": self.arn})


def arn_from_name(neighbour: str, name: str) -> str:
    """The ARN of the state machine called `name`, in the account and region of another ARN.

    Built from the name because the worker and the state machine's role are made before it, and
    refer to it.
    """
    partition, region = partition_of(neighbour), region_of(neighbour)
    return f"arn:{partition}:states:{region}:{account_of(neighbour)}:stateMachine:{name}"


def _logging(
    settings: Settings, log_group: aws.cloudwatch.LogGroup
) -> aws.sfn.StateMachineLoggingConfigurationArgs:
    return aws.sfn.StateMachineLoggingConfigurationArgs(
        level=settings.config.execution_log_level,
        include_execution_data=settings.config.execution_log_data,
        log_destination=pulumi.Output.concat(log_group.arn, ":*"),
    )
