"""The rules of the bus: one starts an execution for every event of a task, one hands over signals.

An event that no execution could be started for goes to the dead-letter queue, and so does a signal
that the worker could not hand over.
"""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from handler.contract import DETAIL_TYPE, SIGNAL_DETAIL_TYPE
from infra.arguments import Settings
from infra.documents import policies
from infra.function import Function, keep_failures, may_invoke
from infra.role import Role, RoleArgs

# EventBridge retries for at most 24 hours and 185 times (EventBridge guide, "How EventBridge
# retries delivering events"). Here it stops after an hour: the event goes to the dead-letter queue,
# and the recovery's next sweep resends it.
MAX_EVENT_AGE_SECONDS: Final = 60 * 60
MAX_RETRY_ATTEMPTS: Final = 185
# Lambda tries again after one minute, and after two more: two times are its most (Lambda guide,
# "Configuring error handling settings for Lambda asynchronous invocation").
MAX_SIGNAL_RETRIES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRoutingArgs:
    """Where events come from, what they start, who takes signals, and where undelivered ones go."""

    settings: Settings
    event_bus_name: pulumi.Input[str]
    state_machine_arn: pulumi.Input[str]
    worker: Function
    dead_letter_queue: aws.sqs.Queue


class EventRouting(pulumi.ComponentResource):
    """The rules that start executions and hand over signals, and what happens to lost events."""

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
        signals = aws.cloudwatch.EventRule(
            f"{name}-signals",
            name=args.settings.name("signals"),
            description="Hands the signals of the bus to the worker, for their tasks.",
            event_bus_name=args.event_bus_name,
            event_pattern=pulumi.Output.json_dumps({"detail-type": [SIGNAL_DETAIL_TYPE]}),
            opts=child,
        )
        accepts = accept_undelivered(name, args.dead_letter_queue, [rule, signals], child)
        role = Role(name, _role(args, rule), child)
        # EventBridge waits for no answer: Lambda tries a signal again; then it waits among the dead
        # letters for the next sweep. Of the state machine's invocations this changes nothing.
        tried_again = keep_failures(
            name,
            args.worker,
            args.dead_letter_queue,
            retries=MAX_SIGNAL_RETRIES,
            max_age_seconds=MAX_EVENT_AGE_SECONDS,
            opts=child,
        )
        permission = may_invoke(
            f"{name}-signals", args.worker, service="events", source=signals.arn, opts=child
        )
        # The targets come last: without the role or the queue's policy an event would be lost.
        ready = pulumi.ResourceOptions(parent=self, depends_on=[accepts, role.policy])
        _target(name, args, rule, "state-machine", args.state_machine_arn, ready, role)
        ready = pulumi.ResourceOptions(parent=self, depends_on=[accepts, tried_again, permission])
        _target(f"{name}-signals", args, signals, "worker", args.worker.arn, ready)
        self.register_outputs({})


def _target(
    name: str,
    args: EventRoutingArgs,
    rule: aws.cloudwatch.EventRule,
    id: str,
    arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
    role: Role | None = None,
) -> None:
    aws.cloudwatch.EventTarget(
        name,
        rule=rule.name,
        target_id=id,
        event_bus_name=args.event_bus_name,
        arn=arn,
        role_arn=role.arn if role else None,
        dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(
            arn=args.dead_letter_queue.arn
        ),
        retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
            maximum_event_age_in_seconds=MAX_EVENT_AGE_SECONDS,
            maximum_retry_attempts=MAX_RETRY_ATTEMPTS,
        ),
        opts=opts,
    )


def accept_undelivered(
    name: str,
    queue: aws.sqs.Queue,
    rules: list[aws.cloudwatch.EventRule],
    opts: pulumi.ResourceOptions,
) -> aws.sqs.QueuePolicy:
    """Lets rules send to a queue what they could not deliver."""
    policy = pulumi.Output.all(queue=queue.arn, rules=[rule.arn for rule in rules]).apply(
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
