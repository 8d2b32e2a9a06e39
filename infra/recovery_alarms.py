"""The alarms of a stack: the recovery looks after the tasks, and these look after the recovery."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.arguments import Settings

PERIOD_SECONDS: Final = 5 * 60  # as often as the recovery sweeps
# How many periods a message may wait in a queue: a letter that a sweep can deal with is gone by
# the next one.
PATIENT_PERIODS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryAlarmsArgs:
    """What is watched, and, in the settings, the topic that is told (`alarmTopicArn`)."""

    settings: Settings
    function_name: pulumi.Input[str]
    dead_letter_queue: aws.sqs.Queue
    failures: aws.sqs.Queue


class RecoveryAlarms(pulumi.ComponentResource):
    """Alarms for a recovery that fails or doesn't run, and for messages that nobody deals with."""

    def __init__(
        self, name: str, args: RecoveryAlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:RecoveryAlarms", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        _failing(f"{name}-failing", args, child)
        _silent(f"{name}-silent", args, child)
        _waiting(f"{name}-undelivered", args.dead_letter_queue, args.settings, child)
        _waiting(f"{name}-recovery-failures", args.failures, args.settings, child)
        self.register_outputs({})


def _failing(name: str, args: RecoveryAlarmsArgs, opts: pulumi.ResourceOptions) -> None:
    """What fails once, such as a throttled request, is gone in the next sweep."""
    aws.cloudwatch.MetricAlarm(
        name,
        name=args.settings.name("recovery-failing"),
        alarm_description="The recovery fails again and again; its log says at what.",
        namespace="AWS/Lambda",
        metric_name="Errors",
        dimensions={"FunctionName": args.function_name},
        statistic="Sum",
        period=PERIOD_SECONDS,
        comparison_operator="GreaterThanThreshold",
        threshold=0,
        evaluation_periods=3,
        datapoints_to_alarm=2,
        treat_missing_data="notBreaching",
        alarm_actions=_actions(args.settings),
        ok_actions=_actions(args.settings),
        opts=opts,
    )


def _silent(name: str, args: RecoveryAlarmsArgs, opts: pulumi.ResourceOptions) -> None:
    """A recovery that nothing invokes, or that is throttled, has no errors either."""
    aws.cloudwatch.MetricAlarm(
        name,
        name=args.settings.name("recovery-silent"),
        alarm_description="The recovery, which sweeps every five minutes, has not run.",
        namespace="AWS/Lambda",
        metric_name="Invocations",
        dimensions={"FunctionName": args.function_name},
        statistic="Sum",
        period=PERIOD_SECONDS,
        comparison_operator="LessThanThreshold",
        threshold=1,
        evaluation_periods=3,
        treat_missing_data="breaching",  # a function that doesn't run has no metric
        alarm_actions=_actions(args.settings),
        ok_actions=_actions(args.settings),
        opts=opts,
    )


def _waiting(
    name: str, queue: aws.sqs.Queue, settings: Settings, opts: pulumi.ResourceOptions
) -> None:
    """Counts hidden messages too: one that a sweep has taken is hidden, and comes back."""
    metrics = ("ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible")
    aws.cloudwatch.MetricAlarm(
        name,
        name=pulumi.Output.concat(queue.name, "-waiting"),
        alarm_description=pulumi.Output.format(
            "The queue {0} has not been empty for {1} minutes.",
            queue.name,
            PATIENT_PERIODS * PERIOD_SECONDS // 60,
        ),
        metric_queries=[
            aws.cloudwatch.MetricAlarmMetricQueryArgs(
                id="messages", expression="visible + hidden", label="Messages", return_data=True
            ),
            _maximum("visible", metrics[0], queue),
            _maximum("hidden", metrics[1], queue),
        ],
        comparison_operator="GreaterThanThreshold",
        threshold=0,
        evaluation_periods=PATIENT_PERIODS,
        # SQS sends no metrics of a queue that nobody has used for six hours.
        treat_missing_data="notBreaching",
        alarm_actions=_actions(settings),
        ok_actions=_actions(settings),
        opts=opts,
    )


def _maximum(
    id: str, metric: str, queue: aws.sqs.Queue
) -> aws.cloudwatch.MetricAlarmMetricQueryArgs:
    return aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id=id,
        metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
            namespace="AWS/SQS",
            metric_name=metric,
            dimensions={"QueueName": queue.name},
            stat="Maximum",
            period=PERIOD_SECONDS,
        ),
    )


def _actions(settings: Settings) -> list[pulumi.Input[str]] | None:
    topic = settings.args.alarm_topic_arn
    return None if topic is None else [topic]
