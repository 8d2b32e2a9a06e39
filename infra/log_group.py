"""A log group, as each of the stack is: with its retention, and its key."""

import pulumi
import pulumi_aws as aws

from infra.arguments import BackgroundTasksArgs


def log_group(
    name: str,
    physical_name: pulumi.Input[str],
    args: BackgroundTasksArgs,
    opts: pulumi.ResourceOptions,
) -> aws.cloudwatch.LogGroup:
    return aws.cloudwatch.LogGroup(
        name,
        name=physical_name,
        retention_in_days=args.log_retention_days,
        kms_key_id=args.kms_key_arn,
        opts=opts,
    )


def function_log(function_name: pulumi.Input[str]) -> pulumi.Output[str]:
    """The name of a function's log group."""
    return pulumi.Output.concat("/aws/lambda/", function_name)
