"""The rules that start executions: one for the events on the bus, one for each schedule.

An event that no execution could be started for goes to the dead-letter queue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from handler.contract import DETAIL_TYPE
from handler.definition import Definition
from infra import policies, schedules
from infra.settings import Settings

# EventBridge retries for at most 24 hours and 185 times (EventBridge guide, "How EventBridge
# retries delivering events"). Here it stops after an hour: the event goes to the dead-letter queue,
# and the recovery's next sweep resends it.
MAX_EVENT_AGE_SECONDS: Final = 60 * 60
MAX_RETRY_ATTEMPTS: Final = 185


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRoutingArgs:
    """Where events come from, what they start, and where undelivered ones go."""

    settings: Settings
    definitions: Sequence[Definition]
    event_bus_name: pulumi.Input[str]
    state_machine_arn: pulumi.Input[str]
    dead_letter_queue: aws.sqs.Queue


class EventRouting(pulumi.ComponentResource):
    """The rule that starts an execution for every task event, and a rule for each schedule."""

    def __init__(
        self, name: str, args: EventRoutingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:EventRouting", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        rule = aws.cloudwatch.EventRule(
            name,
            name=args.settings.resource_name("start"),
            description="Starts an execution for every event of a background task.",
            event_bus_name=args.event_bus_name,
            event_pattern=pulumi.Output.json_dumps({"detail-type": [DETAIL_TYPE]}),
            opts=child,
        )
        schedule_rules = {
            definition.id: _schedule_rule(name, args, definition, child)
            for definition in args.definitions
            if definition.schedule
        }
        accepts = _accept_undelivered(
            name, args.dead_letter_queue, [rule, *schedule_rules.values()], child
        )
        role, allows = _role(name, args, child)
        # The targets come last: without the role or the queue's policy an event would be lost.
        ready = pulumi.ResourceOptions(parent=self, depends_on=[accepts, allows])
        _target(name, args, rule, role, ready, event_bus_name=args.event_bus_name)
        for definition in args.definitions:
            if definition.schedule:
                _target(
                    f"{name}-{definition.id}",
                    args,
                    schedule_rules[definition.id],
                    role,
                    ready,
                    input_transformer=_event_of(definition),
                )
        self.register_outputs({})


def _schedule_rule(
    name: str, args: EventRoutingArgs, definition: Definition, opts: pulumi.ResourceOptions
) -> aws.cloudwatch.EventRule:
    return aws.cloudwatch.EventRule(
        f"{name}-{definition.id}",
        name=args.settings.resource_name(f"schedule-{definition.id}"),
        description=f'Triggers the background task "{definition.id}" by the clock.',
        schedule_expression=definition.schedule,
        opts=opts,
    )


def _event_of(definition: Definition) -> aws.cloudwatch.EventTargetInputTransformerArgs:
    return aws.cloudwatch.EventTargetInputTransformerArgs(
        input_paths=schedules.INPUT_PATHS, input_template=schedules.event_template(definition)
    )


def _target(
    name: str,
    args: EventRoutingArgs,
    rule: aws.cloudwatch.EventRule,
    role: aws.iam.Role,
    opts: pulumi.ResourceOptions,
    *,
    event_bus_name: pulumi.Input[str] | None = None,
    input_transformer: aws.cloudwatch.EventTargetInputTransformerArgs | None = None,
) -> None:
    aws.cloudwatch.EventTarget(
        name,
        rule=rule.name,
        event_bus_name=event_bus_name,
        arn=args.state_machine_arn,
        role_arn=role.arn,
        input_transformer=input_transformer,
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
    rules: Sequence[aws.cloudwatch.EventRule],
    opts: pulumi.ResourceOptions,
) -> aws.sqs.QueuePolicy:
    arns = pulumi.Output.all(*(rule.arn for rule in rules))
    policy = pulumi.Output.all(queue.arn, arns).apply(
        lambda known: policies.dead_letter_queue(queue=known[0], rules=known[1])
    )
    return aws.sqs.QueuePolicy(
        name, queue_url=queue.url, policy=pulumi.Output.json_dumps(policy), opts=opts
    )


def _role(
    name: str, args: EventRoutingArgs, opts: pulumi.ResourceOptions
) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    physical_name = args.settings.resource_name("start")
    role = aws.iam.Role(
        name,
        name=physical_name,
        assume_role_policy=pulumi.Output.json_dumps(policies.trust("events.amazonaws.com")),
        opts=opts,
    )
    may_start = pulumi.Output.from_input(args.state_machine_arn).apply(
        lambda arn: policies.event_target(state_machine=arn)
    )
    policy = aws.iam.RolePolicy(
        name,
        name=physical_name,
        role=role.name,
        policy=pulumi.Output.json_dumps(may_start),
        opts=opts,
    )
    return role, policy
