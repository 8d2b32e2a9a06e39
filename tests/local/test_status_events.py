"""What the bus is told of a task, in a stack that is deployed into the local AWS."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from handler.contract import STATUS_DETAIL_TYPE
from local.access import Access
from local.deployed import LOCAL_CONFIG
from local.deployment import deploy
from local.project import Project
from tests.infra.recording import ROOT

pytestmark = pytest.mark.system

NAPPING = """
from handler import Context, Continue, Done, Verdict, task

@task()
def napping(context: Context, input: dict[str, object]) -> Verdict:
    return Done() if context.task.iterations > 1 else Continue(wait=2)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The project as a program of another name, whose config has the bus told."""
    for name in ("__main__.py", "Pulumi.yaml", "Pulumi.dev.yaml"):
        text = (ROOT / name).read_text()
        (tmp_path / name).write_text(text.replace("background-tasks:", "telling:"))
    file = tmp_path / "Pulumi.yaml"
    file.write_text(file.read_text().replace("name: background-tasks", "name: telling", 1))
    shutil.copytree(ROOT / "definitions", tmp_path / "definitions")
    (tmp_path / "definitions" / "napping.py").write_text(NAPPING)
    found = Project.from_folder(tmp_path).with_config({**LOCAL_CONFIG, "statusEvents": True})
    return Project(found.folder, found.name, uuid4().hex[:8], found.config)


def test_a_rule_gets_the_three_events_of_a_task_that_waits_and_nothing_starts_by_them(
    project: Project, access: Access, until: Callable[[Callable[[], Any]], Any]
) -> None:
    outputs = deploy(project, access)
    bus = outputs["eventBusName"]
    queue = _queue_behind_a_rule(access, bus)
    entry = {
        "EventBusName": bus,
        "Source": "by-hand",
        "DetailType": "WebinyBackgroundTask",
        "Detail": json.dumps({"webinyTaskDefinitionId": "napping"}),
    }
    [sent] = access.client("events").put_events(Entries=[entry])["Entries"]
    events: list[dict[str, Any]] = []

    def has_ended() -> bool:
        events.extend(_taken(access, queue))
        return any(event["detail"]["status"] == "ended" for event in events)

    until(has_ended)

    told = {each["detail"]["status"]: each["detail"] for each in events}
    assert len(events) == 3
    assert {each["detail"]["webinyTaskId"] for each in events} == {sent["EventId"]}
    assert {name: detail["taskStatus"] for name, detail in told.items()} == {
        "started": "running",
        "waiting": "running",
        "ended": "success",
    }
    listed = access.client("stepfunctions").list_executions(
        stateMachineArn=outputs["stateMachineArn"]
    )
    assert len(listed["executions"]) == 1


def _queue_behind_a_rule(access: Access, bus: str) -> str:
    """A queue that gets what the bus is told of tasks."""
    sqs, events = access.client("sqs"), access.client("events")
    queue = str(sqs.create_queue(QueueName=f"told-{uuid4().hex[:8]}")["QueueUrl"])
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    pattern = json.dumps({"detail-type": [STATUS_DETAIL_TYPE]})
    rule = events.put_rule(Name="told", EventBusName=bus, EventPattern=pattern)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": found["Attributes"]["QueueArn"],
        "Condition": {"ArnEquals": {"aws:SourceArn": rule["RuleArn"]}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    target = {"Id": "queue", "Arn": found["Attributes"]["QueueArn"]}
    events.put_targets(Rule="told", EventBusName=bus, Targets=[target])
    return queue


def _taken(access: Access, queue: str) -> list[dict[str, Any]]:
    sqs = access.client("sqs")
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in messages]
