"""Tasks that are triggered by the clock, on the local AWS, with IAM enforced."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.local.roles import Role
from tests.running import Running

GROUP = "background-tasks-dev-schedules"
_LIST = """query($definition: String!) {
  backgroundTasks { listTasks(where: { definitionId: $definition }, limit: 100) {
    data { id definitionId taskStatus iterations input output name }
  } }
}"""


def tasks_of(aws: Running, definition: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = aws.graphql(_LIST, {"definition": definition})["listTasks"][
        "data"
    ]
    return found


def test_a_task_with_a_schedule_runs_by_itself_once_a_tick(aws: Running) -> None:
    def over() -> list[dict[str, Any]]:
        found = tasks_of(aws, "greetTheDay")
        return [each for each in found if each["taskStatus"] == "success"]

    [task] = aws.until(over)

    time = task["id"].removeprefix("greetTheDay-")
    assert datetime.fromisoformat(time).tzinfo == UTC
    assert task["input"] == {"name": "day", "time": time}
    assert task["output"] == {"greeting": f"Good morning, day of {time[:10]}!"}
    assert task["name"] == "Greet the day"
    assert len(tasks_of(aws, "greetTheDay")) == 1


@pytest.fixture
def target(aws: Running) -> dict[str, Any]:
    """The target of the schedule that the stack has."""
    schedule = aws.client("scheduler").get_schedule(GroupName=GROUP, Name="greetTheDay")
    found: dict[str, Any] = schedule["Target"]
    return found


@pytest.fixture
def without_start(aws: Running) -> Iterator[dict[str, Any]]:
    """The schedules' role may not start executions; the policy that it had, to give it back."""
    iam, role = aws.client("iam"), {"RoleName": Role(aws, "schedules").name}
    [name] = iam.list_role_policies(**role)["PolicyNames"]
    had = {**role, "PolicyName": name}
    document = iam.get_role_policy(**had)["PolicyDocument"]
    less = [each for each in document["Statement"] if each["Action"] == ["sqs:SendMessage"]]
    iam.put_role_policy(**had, PolicyDocument=json.dumps({**document, "Statement": less}))
    whole = {**had, "PolicyDocument": json.dumps(document)}
    yield whole
    iam.put_role_policy(**whole)


def schedule_now(aws: Running, name: str, target: dict[str, Any]) -> str:
    """A schedule that triggers now; returns the id of its task."""
    id = f"{name}-<aws.scheduler.scheduled-time>"
    detail = {"webinyTaskDefinitionId": "countUp", "input": {"until": 1}}
    scheduler, schedule = aws.client("scheduler"), {"GroupName": GROUP, "Name": name}
    scheduler.create_schedule(
        **schedule,
        ScheduleExpression="rate(365 days)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={**target, "Input": json.dumps({"id": id, "detail": detail})},
    )
    created: datetime = scheduler.get_schedule(**schedule)["CreationDate"]
    return f"{name}-{created.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def undelivered(aws: Running) -> int:
    counts = aws.client("sqs").get_queue_attributes(
        QueueUrl=aws.deployed.outputs["deadLetterQueueUrl"],
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    return sum(map(int, counts.values()))


def test_a_tick_that_could_not_be_delivered_is_one_task_after_the_next_sweep(
    aws: Running, target: dict[str, Any], without_start: dict[str, Any]
) -> None:
    task_id = schedule_now(aws, "lateTick", target)
    aws.until(lambda: undelivered(aws) == 1)

    aws.client("iam").put_role_policy(**without_start)
    aws.client("lambda").invoke(FunctionName=aws.deployed.outputs["recoveryFunctionName"])

    assert aws.run(task_id).status == "SUCCEEDED"
    record = aws.record(task_id)
    assert (record["taskStatus"], record["iterations"]) == ("success", 1)
    assert undelivered(aws) == 0
    assert [each["id"] for each in tasks_of(aws, "countUp") if "lateTick" in each["id"]] == [
        task_id
    ]


def test_a_tick_that_is_delivered_twice_is_one_task(aws: Running, target: dict[str, Any]) -> None:
    # Scheduler delivers at least once; each delivery starts an execution of its own.
    event = target["Input"].replace("<aws.scheduler.scheduled-time>", "2027-01-01T03:00:00Z")

    first = aws.ended(aws.start(json.loads(event)))
    second = aws.ended(aws.start(json.loads(event)))

    record = aws.record("greetTheDay-2027-01-01T03:00:00Z")
    assert (first.status, second.status) == ("SUCCEEDED", "SUCCEEDED")
    assert (record["taskStatus"], record["iterations"]) == ("success", 1)
