"""The buses of the tests do what moto's do: the same events reach the same queue."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from handler.testing import ManualClock
from handler.testing.aws import aws_client
from tests.event_buses import EventBuses
from tests.simulation.services.sqs import SQS

Clients = tuple[Any, Any]
"""EventBridge, and the SQS that its rules send to."""


def model() -> Clients:
    sqs = SQS(now=ManualClock().now)
    return EventBuses(sqs), sqs


def moto() -> Clients:
    return aws_client("events"), aws_client("sqs")


def entry(kind: str, number: int, bus: str = "tasks") -> dict[str, str]:
    detail = json.dumps({"number": number})
    return {"EventBusName": bus, "Source": "tests", "DetailType": kind, "Detail": detail}


def arrived(clients: Clients) -> list[Any]:
    """What a rule that wants `Wanted` with a number below 3 lets through, of five events."""
    events, sqs = clients
    url = sqs.create_queue(QueueName="wanted")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pattern = {"detail-type": ["Wanted"], "detail": {"number": [{"numeric": ["<", 3]}]}}
    target = {"Id": "queue", "Arn": found["QueueArn"]}
    events.create_event_bus(Name="tasks")
    events.put_rule(Name="wanted", EventBusName="tasks", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="wanted", EventBusName="tasks", Targets=[target])
    entries = [entry("Wanted", number) for number in range(1, 5)]
    answer = events.put_events(Entries=[entry("Other", 0), *entries])
    assert answer["FailedEntryCount"] == 0

    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    bodies = [json.loads(message["Body"]) for message in messages]
    sent = [each["EventId"] for each in answer["Entries"]]
    assert [body.pop("id") for body in bodies] == sent[1:3]
    # EventBridge tells the account as well ("AWS service event metadata"); moto leaves it out.
    assert {body.pop("account", "123456789012") for body in bodies} == {"123456789012"}
    return [{**body, "time": type(body["time"])} for body in bodies]


@mock_aws
def test_a_rule_puts_into_its_queue_what_it_puts_there_in_moto() -> None:
    found = arrived(model())

    assert found == arrived(moto())
    assert [each["detail"]["number"] for each in found] == [1, 2]


@mock_aws
@pytest.mark.parametrize("clients", [model, moto])
def test_a_bus_that_is_not_there_and_an_eleventh_entry_are_refused(
    clients: Callable[[], Clients],
) -> None:
    events, _ = clients()
    events.create_event_bus(Name="tasks")

    codes = []
    for entries in ([entry("Any", 1, "nowhere")], [entry("Any", 1)] * 11):
        with pytest.raises(ClientError) as refused:
            events.put_events(Entries=entries)
        codes.append(refused.value.response["Error"]["Code"])
    assert codes == ["ResourceNotFoundException", "ValidationException"]
