"""Schedules trigger when it is time, with their role's permissions."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from local.access import Access
from local.aws.schedules import Key, Record, Ticker, refusal_of
from local.scheduled import scheduled
from tests.local.aws.conftest import Afterwards
from tests.local.conftest import Outputs, Until

KEY: Key = ("000000000000", "eu-central-1", "default/nightly")
CREATED = datetime.fromisoformat("2027-01-01T12:00:00+00:00")
GROUP = "everything-schedules"

Create = Callable[..., None]
DeadLetter = Callable[[], dict[str, Any]]


def record(expression: str, **more: Any) -> Record:
    """A schedule as ministack keeps it."""
    return {
        "Name": "nightly",
        "State": "ENABLED",
        "ScheduleExpression": expression,
        "ScheduleExpressionTimezone": "UTC",
        "CreationDate": CREATED.timestamp(),
        "LastModificationDate": CREATED.timestamp(),
        **more,
    }


def times(kept: Record, *polls: datetime) -> list[str]:
    """The times that a schedule triggers for when it is looked at in these moments."""
    ticker = Ticker()
    found = [tick for now in polls for tick in ticker.due({KEY: kept}, now)]
    return [tick.time_text for tick in found]


class TestTicker:
    def test_a_rate_triggers_at_once_and_after_each_interval(self) -> None:
        polls = [CREATED + timedelta(seconds=number) for number in range(0, 181, 7)]

        assert times(record("rate(1 minute)"), *polls) == [
            "2027-01-01T12:00:00Z",
            "2027-01-01T12:01:00Z",
            "2027-01-01T12:02:00Z",
        ]

    def test_a_cron_triggers_at_its_time_in_its_zone(self) -> None:
        kept = record("cron(0 3 * * ? *)", ScheduleExpressionTimezone="Europe/Berlin")

        assert times(kept, CREATED, CREATED + timedelta(days=1)) == ["2027-01-02T02:00:00Z"]

    def test_one_time_comes_once(self) -> None:
        later = CREATED + timedelta(hours=1)

        assert times(record("at(2027-01-01T12:30:00)"), CREATED, later, later) == [
            "2027-01-01T12:30:00Z"
        ]

    def test_a_disabled_schedule_does_not_make_up_for_what_it_missed(self) -> None:
        ticker, kept = Ticker(), record("rate(1 minute)", State="DISABLED")
        assert ticker.due({KEY: kept}, CREATED + timedelta(minutes=5)) == []

        kept = {**kept, "State": "ENABLED"}

        assert ticker.due({KEY: kept}, CREATED + timedelta(minutes=5, seconds=30)) == []

    def test_a_changed_schedule_starts_from_its_change(self) -> None:
        ticker, changed = Ticker(), CREATED + timedelta(minutes=10)
        ticker.due({KEY: record("rate(1 hour)")}, changed)

        [tick] = ticker.due(
            {KEY: record("at(2027-01-01T12:30:00)", LastModificationDate=changed.timestamp())},
            CREATED + timedelta(hours=1),
        )

        assert tick.time_text == "2027-01-01T12:30:00Z"

    def test_nothing_triggers_outside_of_start_and_end(self) -> None:
        start, end = CREATED + timedelta(hours=1), CREATED + timedelta(hours=3)
        kept = record("rate(1 hour)", StartDate=start.timestamp(), EndDate=end.timestamp())
        polls = [CREATED + timedelta(minutes=number) for number in range(0, 300, 20)]

        assert times(kept, *polls) == ["2027-01-01T13:00:00Z", "2027-01-01T14:00:00Z"]

    @pytest.mark.property
    @given(
        st.sampled_from(["rate(1 minute)", "rate(7 minutes)", "cron(*/5 * * * ? *)"]),
        st.lists(st.integers(0, 3_600), min_size=1),
    )
    def test_each_time_triggers_once_however_often_it_is_looked_at(
        self, expression: str, seconds: list[int]
    ) -> None:
        polls = [CREATED + timedelta(seconds=second) for second in sorted(seconds)]

        found = times(record(expression), *polls)

        assert found == times(record(expression), polls[-1])
        assert len(found) == len(set(found))


class TestRefusals:
    @pytest.mark.parametrize(
        "more",
        [
            {"ScheduleExpression": "rate(1 minutes)"},
            {"ScheduleExpression": "cron(0 25 * * ? *)"},
            {"ScheduleExpression": "at(2026-12-31T00:00:00)"},
            {"ScheduleExpressionTimezone": "Europe/Berlim"},
            {"EndDate": (CREATED - timedelta(days=1)).timestamp()},
        ],
    )
    def test_what_aws_refuses_is_refused(self, more: Record) -> None:
        message = refusal_of({"ScheduleExpression": "cron(0 3 * * ? *)", **more}, CREATED)

        assert message
        assert message.startswith("Invalid Schedule Expression")

    def test_a_start_that_has_passed_is_refused_with_the_words_of_aws(self) -> None:
        body = {"ScheduleExpression": "rate(1 day)", "StartDate": CREATED.timestamp()}

        assert refusal_of(body, CREATED + timedelta(minutes=4)) is None
        assert refusal_of(body, CREATED + timedelta(minutes=6)) == (
            "The StartDate you specify cannot be earlier than 5 minutes ago."
        )


@pytest.fixture
def create(access: Access, outputs: Outputs, afterwards: Afterwards) -> Create:
    """Creates a schedule that triggers now, and deletes it after the test."""
    scheduler = access.client("scheduler")
    target = scheduler.get_schedule(GroupName=GROUP, Name="everything-nightly")["Target"]

    def now(name: str, **changes: Any) -> None:
        scheduler.create_schedule(
            Name=name,
            GroupName=changes.pop("GroupName", GROUP),
            ScheduleExpression="rate(365 days)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={**target, **changes},
        )
        afterwards(scheduler.delete_schedule, Name=name, GroupName=GROUP)

    return now


@pytest.fixture
def dead_letter(access: Access, outputs: Outputs, until: Until) -> DeadLetter:
    """Waits for a dead letter, and takes it from the queue."""
    queue, url = access.client("sqs"), outputs["queueUrl"]

    def take() -> dict[str, Any]:
        [message] = until(
            lambda: queue.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get(
                "Messages"
            )
        )
        queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        values = message["MessageAttributes"].items()
        return {"Body": message["Body"]} | {name: value["StringValue"] for name, value in values}

    return take


def inputs(access: Access, machine: str) -> list[dict[str, Any]]:
    states = access.client("stepfunctions")
    found = states.list_executions(stateMachineArn=machine)["executions"]
    return [
        json.loads(states.describe_execution(executionArn=each["executionArn"])["input"])
        for each in found
    ]


def test_a_schedule_starts_the_state_machine_with_its_attributes_filled_in(
    access: Access, outputs: Outputs, create: Create, until: Until
) -> None:
    names = ("schedule-arn", "scheduled-time", "execution-id", "attempt-number")
    detail = {name: f"<aws.scheduler.{name}>" for name in names}

    create("filled", Input=json.dumps({"id": "filled", "detail": detail}))

    [found] = until(
        lambda: [
            each
            for each in inputs(access, outputs["stateMachineArn"])
            if each.get("id") == "filled"
        ]
    )
    assert found["detail"]["schedule-arn"].endswith(f":schedule/{GROUP}/filled")
    assert datetime.fromisoformat(found["detail"]["scheduled-time"]).tzinfo == UTC
    assert found["detail"]["attempt-number"] == "1"


def test_a_tick_whose_role_may_not_start_the_machine_is_a_dead_letter(
    access: Access,
    outputs: Outputs,
    create: Create,
    dead_letter: DeadLetter,
    afterwards: Afterwards,
) -> None:
    iam, policy = access.client("iam"), {"RoleName": outputs["roles"]["schedules"]}
    name = "start"
    document = iam.get_role_policy(**policy, PolicyName=name)["PolicyDocument"]
    iam.delete_role_policy(**policy, PolicyName=name)
    afterwards(iam.put_role_policy, **policy, PolicyName=name, PolicyDocument=json.dumps(document))

    create("forbidden", Input='{"id": "<aws.scheduler.scheduled-time>"}')

    letter = dead_letter()
    assert json.loads(letter["Body"]) == {"id": letter["SCHEDULED_TIME"]}
    assert letter["ERROR_CODE"] == "AccessDeniedException"
    assert letter["SCHEDULE_ARN"].endswith(f":schedule/{GROUP}/forbidden")
    assert set(letter) == {
        "Body", "ERROR_CODE", "ERROR_MESSAGE", "EXECUTION_ID", "EXHAUSTED_RETRY_CONDITION",
        "IS_PAYLOAD_TRUNCATED", "RETRY_ATTEMPTS", "SCHEDULED_TIME", "SCHEDULE_ARN", "TARGET_ARN",
    }  # fmt: skip


def test_a_tick_for_a_missing_machine_is_a_dead_letter(
    access: Access,
    outputs: Outputs,
    create: Create,
    dead_letter: DeadLetter,
    afterwards: Afterwards,
) -> None:
    iam, role = access.client("iam"), outputs["roles"]["schedules"]
    missing = outputs["stateMachineArn"] + "-missing"
    may = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": missing}
    document = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    iam.put_role_policy(RoleName=role, PolicyName="missing", PolicyDocument=document)
    afterwards(iam.delete_role_policy, RoleName=role, PolicyName="missing")

    create("missing", Arn=missing)

    letter = dead_letter()
    assert (letter["ERROR_CODE"], letter["TARGET_ARN"]) == ("StateMachineDoesNotExist", missing)


def test_the_guide_shows_the_next_time_of_each_schedule_in_its_zone(
    access: Access, outputs: Outputs
) -> None:
    lines = scheduled(access, CREATED)

    assert "everything-nightly  cron(0 3 * * ? *)  next 2027-01-02 03:00 Europe/Berlin" in lines


def test_a_role_that_trusts_another_group_is_refused(create: Create) -> None:
    with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume the ro"):
        create("elsewhere", GroupName="default")
