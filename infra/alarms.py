"""The alarms of a stack: the recovery looks after the tasks, and these look after both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pulumi
import pulumi_aws as aws

from handler.contract import WORKER_TIMEOUT_SECONDS
from infra.arguments import Settings
from infra.names import METRICS_NAMESPACE
from infra.worker_function import OtherWorker

PERIOD_SECONDS: Final = 5 * 60  # as often as the recovery sweeps
# How many periods a message may wait in a queue: a letter that a sweep can deal with is gone by
# the next one.
PATIENT_PERIODS: Final = 6
# A failure rate of few tasks says little: one of two failed is no outage.
FEWEST_ENDED: Final = 5
FAILURE_PERCENT: Final = 50
# The recovery resends a lost event after two minutes, and again after eight.
PENDING_SECONDS: Final = 15 * 60
NEAR_THE_LIMIT: Final = 0.9  # of the time of an invocation

Dimensions = Mapping[str, pulumi.Input[str]]
Statistic = Literal["Sum", "Maximum"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmsArgs:
    """What is watched, and who is told: a topic, or nobody."""

    settings: Settings
    topic_arn: pulumi.Input[str] | None
    worker_name: pulumi.Input[str]
    others: Sequence[OtherWorker]
    recovery_name: pulumi.Input[str]
    state_machine_arn: pulumi.Input[str]
    dead_letter_queue: aws.sqs.Queue
    recovery_failures: aws.sqs.Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric of CloudWatch, over periods of five minutes."""

    namespace: str
    name: str
    dimensions: Dimensions
    statistic: Statistic = "Sum"


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """When an alarm goes off: in so many of so many periods, the value is above or below."""

    above: float | None = None
    below: float | None = None
    periods: int = 3
    of_them: int | None = None  # None: all
    missing: Literal["breaching", "notBreaching"] = "notBreaching"


class Alarms(pulumi.ComponentResource):
    """Alarms for tasks that fail or wait, a worker at its limits, and a recovery that doesn't work.

    Those that look at the metrics of the Lambdas themselves are there if `metrics` are on.
    """

    def __init__(
        self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:Alarms", name, None, opts)
        alarm = _Alarm(name, args, pulumi.ResourceOptions(parent=self))
        _watch_the_recovery(alarm, args)
        _watch_the_worker(alarm, args)
        for each in args.others:
            _watch_another_worker(alarm, each)
        if args.settings.args.metrics:
            _watch_the_tasks(alarm, args)
        self.register_outputs({})


class _Alarm:
    """Makes the alarms of a component, by what they look at."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions) -> None:
        self._name = name
        self._settings = args.settings
        self._told = None if args.topic_arn is None else [args.topic_arn]
        self._opts = opts

    def of(self, suffix: str, description: str, metric: Metric, when: When) -> None:
        self._make(
            suffix,
            description,
            when,
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=metric.dimensions,
            statistic=metric.statistic,
            period=PERIOD_SECONDS,
        )

    def of_all(
        self, suffix: str, description: str, expression: str, of: Mapping[str, Metric], when: When
    ) -> None:
        """One that looks at what an expression makes of several metrics, each by its id."""
        result = aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id="result", expression=expression, label=suffix, return_data=True
        )
        queries = [result, *(_query(id, metric) for id, metric in of.items())]
        self._make(suffix, description, when, metric_queries=queries)

    def _make(self, suffix: str, description: str, when: When, **looked_at: Any) -> None:
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{suffix}",
            name=self._settings.name(suffix),
            alarm_description=description,
            comparison_operator=_operator(when),
            threshold=when.above if when.below is None else when.below,
            evaluation_periods=when.periods,
            datapoints_to_alarm=when.of_them,
            treat_missing_data=when.missing,
            alarm_actions=self._told,
            ok_actions=self._told,
            opts=self._opts,
            **looked_at,
        )


def _watch_the_recovery(alarm: _Alarm, args: AlarmsArgs) -> None:
    alarm.of(
        "recovery-failing",
        "The recovery fails again and again; its log says at what.",
        # What fails once, such as a throttled request, is gone in the next sweep.
        _of_lambda("Errors", args.recovery_name),
        When(above=0, of_them=2),
    )
    alarm.of(
        "recovery-silent",
        "The recovery, which sweeps every five minutes, has not run.",
        # One that nothing invokes, or that is throttled, has no errors either, and no metric.
        _of_lambda("Invocations", args.recovery_name),
        When(below=1, missing="breaching"),
    )
    queues = {"undelivered": args.dead_letter_queue, "recovery-failures": args.recovery_failures}
    for suffix, queue in queues.items():
        alarm.of_all(
            f"{suffix}-waiting",
            f"The queue of the stack whose name ends in {suffix} has not been empty for"
            f" {PATIENT_PERIODS * PERIOD_SECONDS // 60} minutes.",
            "visible + hidden",
            {
                "visible": _of_queue("ApproximateNumberOfMessagesVisible", queue),
                # One that a sweep has taken is hidden, and comes back.
                "hidden": _of_queue("ApproximateNumberOfMessagesNotVisible", queue),
            },
            # SQS sends no metrics of a queue that nobody has used for six hours.
            When(above=0, periods=PATIENT_PERIODS),
        )


def _watch_the_worker(alarm: _Alarm, args: AlarmsArgs) -> None:
    alarm.of_all(
        "throttled",
        "Workers or executions have been refused for a quarter of an hour: the account's limits, or"
        " workerConcurrency, are too low for what is triggered.",
        "FILL(workers, 0) + FILL(executions, 0)",
        {
            "workers": _of_lambda("Throttles", args.worker_name),
            "executions": Metric(
                namespace="AWS/States",
                name="ExecutionThrottled",
                dimensions={"StateMachineArn": args.state_machine_arn},
            ),
        },
        When(above=0),
    )
    alarm.of(
        "iteration-too-long",
        "An iteration took nine tenths of a Lambda's time, which ends it as a crash. Its task is to"
        " do less in one iteration.",
        _of_lambda("Duration", args.worker_name, "Maximum"),
        _takes_too_long(WORKER_TIMEOUT_SECONDS),
    )


def _watch_another_worker(alarm: _Alarm, worker: OtherWorker) -> None:
    alarm.of(
        f"throttled-{worker.name}",
        f'The worker "{worker.name}" has been refused for a quarter of an hour: the limit of the'
        " account, or its concurrency in the config key workers, is too low for what is triggered.",
        _of_lambda("Throttles", worker.function.function_name),
        When(above=0),
    )
    alarm.of(
        f"iteration-too-long-{worker.name}",
        f'An iteration on the worker "{worker.name}" took nine tenths of its'
        f" {worker.timeout_seconds} seconds, which end it as a crash. Its task is to do less in one"
        " iteration.",
        _of_lambda("Duration", worker.function.function_name, "Maximum"),
        _takes_too_long(worker.timeout_seconds),
    )


def _takes_too_long(timeout_seconds: int) -> When:
    return When(above=NEAR_THE_LIMIT * timeout_seconds * 1000, periods=1)


def _watch_the_tasks(alarm: _Alarm, args: AlarmsArgs) -> None:
    ended = "FILL(failed, 0) + FILL(succeeded, 0)"
    alarm.of_all(
        "tasks-failing",
        f"More than {FAILURE_PERCENT} % of the tasks that ended have failed.",
        # Nobody writes that none has succeeded: without a value a metric has a gap, not a zero.
        f"IF({ended} >= {FEWEST_ENDED}, 100 * FILL(failed, 0) / ({ended}), 0)",
        {
            "failed": _of_the_stack("TasksFailed", args),
            "succeeded": _of_the_stack("TasksSuccess", args),
        },
        When(above=FAILURE_PERCENT, of_them=2),
    )
    alarm.of(
        "pending-too-long",
        f"A task that could start has been pending for more than {PENDING_SECONDS // 60} minutes.",
        _of_the_stack("OldestPendingSeconds", args, "Maximum"),
        When(above=PENDING_SECONDS, of_them=2),
    )
    alarm.of(
        "recovery-errors",
        "The recovery meets the same trouble in each sweep; its log says which.",
        _of_the_stack("RecoveryErrors", args),
        When(above=0),
    )


def _of_lambda(name: str, function: pulumi.Input[str], statistic: Statistic = "Sum") -> Metric:
    return Metric(
        namespace="AWS/Lambda",
        name=name,
        dimensions={"FunctionName": function},
        statistic=statistic,
    )


def _of_queue(name: str, queue: aws.sqs.Queue) -> Metric:
    dimensions = {"QueueName": queue.name}
    return Metric(namespace="AWS/SQS", name=name, dimensions=dimensions, statistic="Maximum")


def _of_the_stack(name: str, args: AlarmsArgs, statistic: Statistic = "Sum") -> Metric:
    """A metric that the Lambdas write themselves (docs/reliability.md, "Metrics")."""
    return Metric(
        namespace=METRICS_NAMESPACE,
        name=name,
        dimensions={"service": args.settings.names.prefix},
        statistic=statistic,
    )


def _query(id: str, metric: Metric) -> aws.cloudwatch.MetricAlarmMetricQueryArgs:
    return aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id=id,
        metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=metric.dimensions,
            stat=metric.statistic,
            period=PERIOD_SECONDS,
        ),
    )


def _operator(when: When) -> str:
    return "LessThanThreshold" if when.above is None else "GreaterThanThreshold"
