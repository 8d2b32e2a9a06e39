"""Who hears of the alarms."""

from typing import Final

from cli.first_deploy.results import Failed, Ok, Result, Skipped
from cli.first_deploy.stack import Stack
from infra.documents.partitions import account_of, partition_of, region_of

# What SNS has in place of an ARN until somebody confirms (API reference, "Subscription").
_PENDING: Final = "PendingConfirmation"


def alarm_subscriptions(stack: Stack) -> Result:
    """Whether somebody subscribes to the alarms' topic, and has confirmed it."""
    topic = stack.setting("alarmTopicArn") or _own_topic(stack)
    if not topic:
        return Skipped(
            "neither alarmEmail nor alarmTopicArn is set: alarms are only shown in CloudWatch."
        )
    pages = (
        stack.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    )
    found = [each for page in pages for each in page["Subscriptions"]]
    pending = [each["Endpoint"] for each in found if each["SubscriptionArn"] == _PENDING]
    if pending:
        return Failed(
            f"{', '.join(pending)} has not confirmed.",
            'open the link in AWS\'s e-mail, "Subscription Confirmation"; it may be in the spam.',
        )
    if not found:
        return Failed(f"nobody subscribes to {topic}.", "pulumi config set alarmEmail <address>.")
    return Ok(f"{len(found)} told by {topic}.")


def _own_topic(stack: Stack) -> str:
    if not stack.setting("alarmEmail"):
        return ""
    machine = stack.outputs["stateMachineArn"]
    partition, region, account = partition_of(machine), region_of(machine), account_of(machine)
    return f"arn:{partition}:sns:{region}:{account}:{stack.prefix}-alarms"
