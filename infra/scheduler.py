"""The schedules in EventBridge Scheduler: each starts an execution when it is time."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from handler.definition import Definition, Schedule
from infra.arguments import Settings
from infra.documents import policies, schedules
from infra.event_routing import MAX_EVENT_AGE_SECONDS, MAX_RETRY_ATTEMPTS
from infra.role import Role, RoleArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerArgs:
    """The tasks, of which some have a schedule, what it starts, and where undelivered ticks go."""

    settings: Settings
    definitions: Sequence[Definition]
    state_machine_arn: pulumi.Input[str]
    dead_letter_queue_arn: pulumi.Input[str]


class Scheduler(pulumi.ComponentResource):
    """A schedule for each task that has one, in a group of the stack's own.

    Nothing is made where no task has a schedule. A schedule that is over is left out, with a
    warning: EventBridge Scheduler refuses it.
    """

    def __init__(
        self, name: str, args: SchedulerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:Scheduler", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        if due := _due(args):
            group = aws.scheduler.ScheduleGroup(
                name, name=args.settings.name("schedules"), opts=child
            )
            role = Role(name, _role(args, group), child)
            # The schedules come last: a tick without the role's policy would be lost.
            for definition, schedule in due:
                keeps_start = schedules.keeps_start(schedule)
                physical_name = schedules.schedule_name(definition)
                ready = pulumi.ResourceOptions(
                    parent=self,
                    depends_on=[role.policy],
                    ignore_changes=["startDate"] if keeps_start else None,
                )
                aws.scheduler.Schedule(
                    f"{name}-{physical_name if keeps_start else definition.id}",
                    name=physical_name,
                    group_name=group.name,
                    description=schedules.description(definition.id),
                    schedule_expression=schedule.expression,
                    schedule_expression_timezone=schedule.time_zone,
                    flexible_time_window=_window(schedule),
                    target=_target(args, definition, role),
                    opts=ready,
                    **schedules.dates(schedule, args.settings.now),
                )
        self.register_outputs({})


def _due(args: SchedulerArgs) -> list[tuple[Definition, Schedule]]:
    """The definitions whose schedules are not over."""
    found = [(each, each.schedule) for each in args.definitions if each.schedule]
    for definition, schedule in found:
        if schedules.is_over(schedule, args.settings.now):
            pulumi.log.warn(
                f'The schedule of task "{definition.id}" is over: "{schedule.expression}" has no '
                "time after now. It is not deployed; remove it from the task, or change it."
            )
    return [(each, when) for each, when in found if not schedules.is_over(when, args.settings.now)]


def _window(schedule: Schedule) -> aws.scheduler.ScheduleFlexibleTimeWindowArgs:
    minutes = schedule.window_minutes()
    return aws.scheduler.ScheduleFlexibleTimeWindowArgs(
        mode="FLEXIBLE" if minutes else "OFF", maximum_window_in_minutes=minutes or None
    )


def _target(
    args: SchedulerArgs, definition: Definition, role: Role
) -> aws.scheduler.ScheduleTargetArgs:
    return aws.scheduler.ScheduleTargetArgs(
        arn=args.state_machine_arn,
        role_arn=role.arn,
        input=schedules.event(definition),
        dead_letter_config=aws.scheduler.ScheduleTargetDeadLetterConfigArgs(
            arn=args.dead_letter_queue_arn
        ),
        retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
            maximum_event_age_in_seconds=MAX_EVENT_AGE_SECONDS,
            maximum_retry_attempts=MAX_RETRY_ATTEMPTS,
        ),
    )


def _role(args: SchedulerArgs, group: aws.scheduler.ScheduleGroup) -> RoleArgs:
    allowed = pulumi.Output.all(
        state_machine=args.state_machine_arn,
        dead_letter_queue=args.dead_letter_queue_arn,
        kms_key=args.settings.args.kms_key_arn,
    ).apply(lambda arns: policies.schedules(**arns))
    return RoleArgs(
        settings=args.settings,
        suffix="schedules",
        trust=group.arn.apply(lambda arn: policies.trust("scheduler", source=arn)),
        policy=allowed,
    )
