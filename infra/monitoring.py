"""What shows the stack, and calls for help: alarms with their topic, dashboard, saved queries."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.alarms import Alarms, AlarmsArgs
from infra.arguments import Settings
from infra.documents import dashboard, policies
from infra.documents.queries import QUERIES
from infra.function import Function
from infra.log_group import function_log
from infra.names import METRICS_NAMESPACE
from infra.storage import Storage
from infra.worker_function import OtherWorker


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringArgs:
    """What is shown and watched."""

    storage: Storage
    worker: Function
    others: Sequence[OtherWorker]
    api_name: pulumi.Input[str]
    recovery_name: pulumi.Input[str]
    state_machine_arn: pulumi.Input[str]

    @property
    def settings(self) -> Settings:
        return self.storage.settings


class Monitoring(pulumi.ComponentResource):
    """The alarms, the topic that they tell if the stack has one, the dashboard, and the queries."""

    dashboard_name: pulumi.Output[str]  # "" without a dashboard

    def __init__(
        self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:Monitoring", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic_arn = _topic(name, args.settings, child)
        if args.settings.args.alarms:
            Alarms(name, _alarms(args, topic_arn), child)
        for title, query in QUERIES.items():
            aws.cloudwatch.QueryDefinition(
                f"{name}-{title.replace(' ', '-')}",
                name=pulumi.Output.concat(args.settings.names.prefix, "/", title),
                query_string=query,
                log_group_names=[
                    function_log(function)
                    for function in (
                        args.worker.function_name,
                        args.api_name,
                        args.recovery_name,
                        *(each.function.function_name for each in args.others),
                    )
                ],
                opts=child,
            )
        self.dashboard_name = pulumi.Output.from_input("")
        if args.settings.args.dashboard:
            self.dashboard_name = _dashboard(name, args, child).dashboard_name
        self.register_outputs({"dashboard_name": self.dashboard_name})


def _topic(name: str, settings: Settings, opts: pulumi.ResourceOptions) -> pulumi.Input[str] | None:
    """The topic that is given, or one for the e-mail address; None without either."""
    given, email = settings.args.alarm_topic_arn, settings.args.alarm_email
    if email is None:
        return given
    topic_arn = _own_topic(name, settings, opts) if given is None else given
    aws.sns.TopicSubscription(name, topic=topic_arn, protocol="email", endpoint=email, opts=opts)
    return topic_arn


def _own_topic(name: str, settings: Settings, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    topic = aws.sns.Topic(
        name,
        name=settings.name("alarms"),
        kms_master_key_id=settings.args.kms_key_arn,
        opts=opts,
    )
    policy = topic.arn.apply(lambda arn: policies.alarm_topic(topic=arn))
    aws.sns.TopicPolicy(name, arn=topic.arn, policy=pulumi.Output.json_dumps(policy), opts=opts)
    return topic.arn


def _alarms(args: MonitoringArgs, topic_arn: pulumi.Input[str] | None) -> AlarmsArgs:
    return AlarmsArgs(
        settings=args.settings,
        topic_arn=topic_arn,
        worker_name=args.worker.function_name,
        others=args.others,
        recovery_name=args.recovery_name,
        state_machine_arn=args.state_machine_arn,
        dead_letter_queue=args.storage.dead_letter_queue,
        recovery_failures=args.storage.recovery_failures,
    )


def _dashboard(
    name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions
) -> aws.cloudwatch.Dashboard:
    ours = args.settings.args
    names = pulumi.Output.all(
        namespace=METRICS_NAMESPACE,
        prefix=args.settings.names.prefix,
        state_machine_arn=args.state_machine_arn,
        worker=args.worker.function_name,
        api=args.api_name,
        recovery=args.recovery_name,
        table=args.storage.table_name,
        undelivered=args.storage.dead_letter_queue.name,
        recovery_failures=args.storage.recovery_failures.name,
    )
    others = [
        {"name": each.name, "function": each.function.function_name, "memory_mb": each.memory_mb}
        for each in args.others
    ]
    document = pulumi.Output.all(names, ours.worker_memory_mb, others).apply(
        lambda known: dashboard.body(
            dashboard.Names(**known[0]),
            worker_memory_mb=known[1],
            others=[dashboard.Worker(**each) for each in known[2]],
            architecture=ours.lambda_architecture,
        )
    )
    return aws.cloudwatch.Dashboard(
        name,
        dashboard_name=args.settings.names.prefix,
        dashboard_body=pulumi.Output.json_dumps(document),
        opts=opts,
    )
