"""The schedules that the program registers in EventBridge Scheduler."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handler import Context, Definition, Done, Schedule, task
from handler.definition.registry import Registry
from tests.infra.documents.test_policies import MACHINE, QUEUE, grants
from tests.infra.recording import Program, run

GROUP = "aws:scheduler/scheduleGroup:ScheduleGroup"
SCHEDULE = "aws:scheduler/schedule:Schedule"
GROUP_ARN = (
    "arn:aws:scheduler:eu-central-1:123456789012:schedule-group/background-tasks-dev-schedules"
)

Deploy = Callable[..., Program]


def definition(schedule: Schedule | str | None, id: str = "everyNight", **more: Any) -> Definition:
    def body(context: Context, input: dict[str, object]) -> Done:
        return Done()

    return task(id=id, schedule=schedule, **more)(body)


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Runs the program with these definitions."""

    def deploy(*definitions: Definition, **config: Any) -> Program:
        monkeypatch.setattr("infra.bundle.discover", lambda **_: Registry(definitions))
        return run({"vendorDependencies": False, **config})

    return deploy


def test_a_task_with_a_schedule_has_one_in_the_stacks_own_group(deploy: Deploy) -> None:
    stack = deploy(definition("cron(0 3 * * ? *)"), definition(None, id="byHand"))

    schedule = stack.one(SCHEDULE)
    target = schedule.pop("target")
    assert schedule == {
        "name": "everyNight",
        "groupName": stack.one(GROUP)["name"],
        "description": 'Triggers the background task "everyNight" by the clock.',
        "scheduleExpression": "cron(0 3 * * ? *)",
        "scheduleExpressionTimezone": "UTC",
        "flexibleTimeWindow": {"mode": "OFF"},
    }
    assert stack.one(GROUP)["name"] == "background-tasks-dev-schedules"
    assert target["arn"] == MACHINE
    assert target["roleArn"].endswith(":role/background-tasks-dev-schedules-bfec3")
    assert target["deadLetterConfig"] == {"arn": QUEUE}
    assert target["retryPolicy"] == {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 185}


def test_zone_start_end_and_window_are_the_schedules(deploy: Deploy) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime.now(berlin).replace(microsecond=0) + timedelta(days=10)
    schedule = Schedule(
        "cron(0 3 * * ? *)",
        time_zone="Europe/Berlin",
        start=start,
        end=start + timedelta(days=365),
        window=timedelta(minutes=15),
    )

    deployed = deploy(definition(schedule)).one(SCHEDULE)

    assert deployed["scheduleExpressionTimezone"] == "Europe/Berlin"
    assert deployed["flexibleTimeWindow"] == {"mode": "FLEXIBLE", "maximumWindowInMinutes": 15}
    assert datetime.fromisoformat(deployed["startDate"]) == start
    assert datetime.fromisoformat(deployed["endDate"]) == start + timedelta(days=365)
    assert deployed["startDate"].endswith("Z")


def test_a_tick_is_an_event_by_hand_whose_id_is_the_task_and_the_time(deploy: Deploy) -> None:
    stack = deploy(definition("rate(1 day)", schedule_input={"year": 2027, "day": Schedule.TIME}))

    event = stack.one(SCHEDULE)["target"]["input"].replace(Schedule.TIME, "2027-01-01T03:00:00Z")
    assert json.loads(event) == {
        "id": "everyNight-2027-01-01T03:00:00Z",
        "detail": {
            "webinyTaskDefinitionId": "everyNight",
            "input": {"year": 2027, "day": "2027-01-01T03:00:00Z"},
        },
    }


def test_the_schedules_may_start_executions_and_send_to_the_queue_alone(deploy: Deploy) -> None:
    stack = deploy(definition("rate(1 day)"))

    assert grants(stack.policy("scheduler")) == {
        "states:StartExecution": {MACHINE},
        "sqs:SendMessage": {QUEUE},
    }


def test_only_the_stacks_own_schedules_may_assume_their_role(deploy: Deploy) -> None:
    stack = deploy(definition("rate(1 day)"))

    trust = json.loads(stack.one("aws:iam/role:Role", "scheduler")["assumeRolePolicy"])
    assert trust["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "ArnEquals": {"aws:SourceArn": GROUP_ARN},
                "StringEquals": {"aws:SourceAccount": "123456789012"},
            },
        }
    ]


def test_no_schedule_ticks_before_its_role_may_start_executions(deploy: Deploy) -> None:
    stack = deploy(definition("rate(1 day)"))

    first = "aws:iam/rolePolicy:RolePolicy::scheduler"
    assert first in stack.dependencies[f"{SCHEDULE}::scheduler-everyNight"]


def test_a_stack_without_schedules_has_neither_group_nor_role(program: Program) -> None:
    assert program.all(GROUP) == program.all(SCHEDULE) == []
    assert "scheduler" not in {each.name for each in program.resources if "role" in each.type}


def test_a_schedule_that_is_over_is_left_out_and_the_deploy_goes_on(deploy: Deploy) -> None:
    # It was valid when it was written. Nobody has to touch it for another deploy.
    over = definition(Schedule("rate(1 day)", end=datetime.now(UTC) - timedelta(days=1)), id="past")

    stack = deploy(over, definition("rate(1 day)"))

    assert [schedule["name"] for schedule in stack.all(SCHEDULE)] == ["everyNight"]


def test_a_start_of_a_cron_that_has_passed_is_left_out(deploy: Deploy) -> None:
    # EventBridge Scheduler would refuse it: "The StartDate you specify cannot be earlier than 5
    # minutes ago."
    started = Schedule("cron(0 3 * * ? *)", start=datetime.now(UTC) - timedelta(days=1))

    assert "startDate" not in deploy(definition(started)).one(SCHEDULE)


def test_a_rate_whose_start_has_passed_starts_at_the_next_of_its_times(deploy: Deploy) -> None:
    # Without a start it would trigger at once, and count from this deploy.
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=10, hours=5)

    deployed = deploy(definition(Schedule("rate(7 days)", start=start))).one(SCHEDULE)

    assert datetime.fromisoformat(deployed["startDate"]) == start + timedelta(days=14)


def test_no_rule_triggers_tasks_by_the_clock(deploy: Deploy) -> None:
    stack = deploy(definition("rate(1 day)"))

    rules = stack.all("aws:cloudwatch/eventRule:EventRule")
    timed = {rule["name"] for rule in rules if "scheduleExpression" in rule}
    assert timed == {"background-tasks-dev-sweep"}  # the recovery's own
