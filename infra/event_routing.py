"""The rule that starts an execution for every event of a task.

An event that no execution could be started for goes to the dead-letter queue.
"""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from handler.contract import DETAIL_TYPE
from infra.arguments import Settings
from infra.documents import policies
from infra.role import Role, RoleArgs

# EventBridge retries for at most 24 hours and 185 times (EventBridge guide, "How EventBridge
# retries delivering events"). Here it stops after an hour: the event goes to the dead-letter queue,
# and the recovery's next sweep resends it.
MAX_EVENT_AGE_SECONDS: Final = 60 * 60
MAX_RETRY_ATTEMPTS: Final = 185


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRoutingArgs:
    """Where events come from, what they start, and where undelivered ones go."""

    settings: Settings
    event_bus_name: pulumi.Input[str]
    state_machine_arn: pulumi.Input[str]
    dead_letter_queue: aws.sqs.Queue


class EventRouting(pulumi.ComponentResource):
    """The rule that starts an execution for every task event, and what happens to lost ones."""

    def __init__(
        self, name: str, args: EventRoutingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:EventRouting", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        rule = aws.cloudwatch.EventRule(
            name,
            name=args.settings.name("start"),
            description="Starts an execution for every event of a background task.",
            event_bus_name=args.event_bus_name,
            event_pattern=pulumi.Output.json_dumps({"detail-type": [DETAIL_TYPE]}),
            opts=child,
        )
        accepts = _accept_undelivered(name, args.dead_letter_queue, rule, child)
        role = Role(name, _role(args, rule), child)
        # The target comes last: without the role or the queue's policy an event would be lost.
        ready = pulumi.ResourceOptions(parent=self, depends_on=[accepts, role.policy])
        _target(name, args, rule, role, ready)
        self.register_outputs({})


def _target(
    name: str,
    args: EventRoutingArgs,
    rule: aws.cloudwatch.EventRule,
    role: Role,
    opts: pulumi.ResourceOptions,
) -> None:
    aws.cloudwatch.EventTarget(
        name,
        rule=rule.name,
        target_id="state-machine",
        event_bus_name=args.event_bus_name,
        arn=args.state_machine_arn,
        role_arn=role.arn,
        dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(
            arn=args.dead_letter_queue.arn
        ),
        retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
            maximum_event_age_in_seconds=MAX_EVENT_AGE_SECONDS,
            maximum_retry_attempts=MAX_RETRY_ATTEMPTS,
        ),
        opts=opts,
    )


def _accept_undelivered(
    name: str,
    queue: aws.sqs.Queue,
    rule: aws.cloudwatch.EventRule,
    opts: pulumi.ResourceOptions,
) -> aws.sqs.QueuePolicy:
    policy = pulumi.Output.all(queue=queue.arn, rules=[rule.arn]).apply(
        lambda arns: policies.queue(**arns)
    )
    return aws.sqs.QueuePolicy(
        name, queue_url=queue.url, policy=pulumi.Output.json_dumps(policy), opts=opts
    )


def _role(args: EventRoutingArgs, rule: aws.cloudwatch.EventRule) -> RoleArgs:
    may_start = pulumi.Output.from_input(args.state_machine_arn).apply(
        lambda arn: policies.event_target(state_machine=arn)
    )
    return RoleArgs(
        settings=args.settings,
        suffix="start",
        trust=rule.arn.apply(lambda arn: policies.trust("events", source=arn)),
        policy=may_start,
    )
