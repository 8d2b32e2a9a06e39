"""The schedules of a stack: shown, paused and resumed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from console.schedules import Schedules, changed, last_before, prefix_of, shown
from handler.definition import Schedule

NOW = datetime(2027, 3, 10, 12, 0, 30, tzinfo=UTC)
GROUP = "tasks-dev-schedules"
EVENT = {
    "id": f"everyNight-{Schedule.TIME}",
    "detail": {
        "webinyTaskDefinitionId": "everyNight",
        "input": {"region": "eu", "time": Schedule.TIME},
    },
}


def found(**changes: Any) -> dict[str, Any]:
    """A schedule as GetSchedule answers it."""
    return {
        "Arn": f"arn:aws:scheduler:eu-central-1:123456789012:schedule/{GROUP}/everyNight",
        "CreationDate": NOW - timedelta(days=40),
        "LastModificationDate": NOW - timedelta(days=40),
        "GroupName": GROUP,
        "Name": "everyNight",
        "Description": "Triggers it.",
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "State": "ENABLED",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        "Target": {
            "Arn": "arn:aws:states:eu-central-1:123456789012:stateMachine:tasks",
            "RoleArn": "arn:aws:iam::123456789012:role/tasks",
            "Input": json.dumps(EVENT),
            "DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-central-1:123456789012:undelivered"},
            "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 185},
        },
        **changes,
    }


@pytest.fixture
def client() -> Iterator[Any]:
    """EventBridge Scheduler, with one schedule in the stack's group."""
    with mock_aws():
        client = boto3.client(
            "scheduler",
            region_name="eu-central-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        client.create_schedule_group(Name=GROUP)
        kept = ("Arn", "CreationDate", "LastModificationDate")
        client.create_schedule(**{k: v for k, v in found().items() if k not in kept})
        yield client


class TestShown:
    def test_it_says_what_it_triggers_and_when(self) -> None:
        said = shown(found(), NOW)
        assert said["definitionId"] == "everyNight"
        assert said["input"] == {"region": "eu", "time": Schedule.TIME}
        assert (said["expression"], said["timeZone"]) == ("cron(0 3 * * ? *)", "Europe/Berlin")
        assert said["windowMinutes"] == 15
        assert said["isEnabled"] is True

    def test_its_times_are_those_of_its_zone(self) -> None:
        said = shown(found(), NOW)
        assert said["nextOn"] == "2027-03-11T02:00:00Z"
        assert said["lastOn"] == "2027-03-10T02:00:00Z"

    def test_the_task_of_its_last_tick_has_its_time(self) -> None:
        assert shown(found(), NOW)["lastTask"] == "everyNight-2027-03-10T02:00:00Z"

    def test_before_it_was_deployed_there_was_no_tick(self) -> None:
        said = shown(found(CreationDate=NOW - timedelta(hours=1)), NOW)
        assert (said["lastOn"], said["lastTask"]) == (None, None)

    def test_a_rate_without_a_start_counts_from_its_creation(self) -> None:
        rate = found(
            ScheduleExpression="rate(5 minutes)",
            ScheduleExpressionTimezone="UTC",
            CreationDate=NOW - timedelta(minutes=7),
        )
        assert shown(rate, NOW)["nextOn"] == "2027-03-10T12:03:30Z"
        assert shown(rate, NOW)["lastOn"] == "2027-03-10T11:58:30Z"

    def test_one_that_is_over_has_no_next_time(self) -> None:
        over = shown(found(ScheduleExpression="at(2027-01-01T03:00:00)"), NOW)
        assert over["nextOn"] is None
        assert over["problem"] is None

    def test_one_that_nobody_can_read_says_why_and_harms_no_other(self) -> None:
        said = shown(found(ScheduleExpression="cron(nonsense)"), NOW)
        assert "cron(nonsense)" in said["problem"]
        assert said["nextOn"] is None

    @pytest.mark.parametrize("event", ["no JSON", "[]", '{"detail": 3}', "", "[" * 100_000])
    def test_somebody_elses_event_is_shown_without_a_definition(self, event: str) -> None:
        said = shown(found(Target={"Input": event}), NOW)
        assert said["definitionId"] is None
        assert said["name"] == "everyNight"


class TestLastTime:
    @pytest.mark.parametrize(
        ("expression", "last"),
        [
            ("cron(* * * * ? *)", "2027-03-10T12:00:00"),
            ("cron(3/7 * * * ? *)", "2027-03-10T11:59:00"),
            ("cron(0 3 1 * ? *)", "2027-03-01T03:00:00"),
            ("cron(0 3 1 4 ? *)", "2026-04-01T03:00:00"),
        ],
    )
    def test_it_is_found_however_far_back_it_is(self, expression: str, last: str) -> None:
        found = last_before(Schedule(expression), NOW)
        assert found == datetime.fromisoformat(f"{last}+00:00")

    def test_there_may_be_none(self) -> None:
        assert last_before(Schedule("at(2028-01-01T03:00:00)"), NOW) is None


class TestWhatUpdateScheduleIsTold:
    def test_all_else_stays_as_it_was(self) -> None:
        said = changed(found(), "DISABLED", NOW)
        dropped = {"Arn", "CreationDate", "LastModificationDate"}
        expected = {name: value for name, value in found().items() if name not in dropped}
        assert said == expected | {"State": "DISABLED"}

    def test_a_start_that_is_to_come_stays(self) -> None:
        start = NOW + timedelta(days=1)
        assert changed(found(StartDate=start), "ENABLED", NOW)["StartDate"] == start

    def test_a_start_that_has_passed_is_left_out_of_a_cron(self) -> None:
        said = changed(found(StartDate=NOW - timedelta(days=1)), "ENABLED", NOW)
        assert "StartDate" not in said

    def test_a_rate_keeps_to_its_times(self) -> None:
        rate = found(
            ScheduleExpression="rate(7 days)",
            ScheduleExpressionTimezone="UTC",
            StartDate=datetime(2027, 3, 1, tzinfo=UTC),
        )
        said = changed(rate, "ENABLED", NOW)
        assert said["StartDate"] == datetime(2027, 3, 15, tzinfo=UTC)


class TestSchedules:
    def test_all_of_the_stacks_group_are_listed(self, client: Any) -> None:
        client.create_schedule(
            Name="other",
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": "arn:aws:sqs:eu-central-1:123456789012:a", "RoleArn": "a" * 20},
        )
        [only] = Schedules(client, prefix="tasks-dev").all(NOW)
        assert only["name"] == "everyNight"

    def test_a_stack_without_a_group_has_none(self, client: Any) -> None:
        assert Schedules(client, prefix="another").all(NOW) == []

    def test_to_pause_and_to_resume_change_its_state_and_no_more(self, client: Any) -> None:
        def described() -> dict[str, Any]:
            got = client.get_schedule(GroupName=GROUP, Name="everyNight")
            left_out = ("ResponseMetadata", "LastModificationDate")
            return {name: value for name, value in got.items() if name not in left_out}

        schedules, before = Schedules(client, prefix="tasks-dev"), described()
        assert schedules.pause("everyNight", NOW)["isEnabled"] is False
        assert described() == before | {"State": "DISABLED"}
        assert schedules.resume("everyNight", NOW)["isEnabled"] is True
        assert described() == before

    def test_to_pause_twice_is_as_good_as_once(self, client: Any) -> None:
        schedules = Schedules(client, prefix="tasks-dev")
        schedules.pause("everyNight", NOW)
        assert schedules.pause("everyNight", NOW)["isEnabled"] is False


def test_the_prefix_is_that_of_the_dead_letter_queue() -> None:
    url = "https://sqs.eu-central-1.amazonaws.com/123456789012/tasks-dev-undelivered"
    assert prefix_of({"deadLetterQueueUrl": url}) == "tasks-dev"
