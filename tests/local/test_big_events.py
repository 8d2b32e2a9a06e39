"""Events by hand of up to 1 MB, which EventBridge takes and an execution does not."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.graphql_client import GraphqlFailed
from tests.running import Running

KIB = 1024
MAX_EXECUTION_INPUT = 256 * KIB
# What EventBridge adds to a detail, and what `TransformEvent` makes of it, differ by some hundred
# bytes: an event in between starts an execution that can't hold it.
AROUND_THE_LIMIT = [MAX_EXECUTION_INPUT - below for below in (1_500, *range(200, 700, 50), 0)]


def detail_of(bytes: int, character: str = "x") -> dict[str, Any]:
    """The detail of an event by hand that has so many bytes as JSON in UTF-8."""
    detail: dict[str, Any] = {"webinyTaskDefinitionId": "testingRun", "input": {"text": ""}}
    left = bytes - len(json.dumps(detail))
    detail["input"]["text"] = character * (left // len(character.encode()))
    return detail


def send(aws: Running, detail: dict[str, Any]) -> str:
    entry = {
        "EventBusName": aws.deployed.event_bus_name,
        "Source": "by-hand",
        "DetailType": "WebinyBackgroundTask",
        "Detail": json.dumps(detail, ensure_ascii=False),
    }
    [result] = aws.client("events").put_events(Entries=[entry])["Entries"]
    return str(result["EventId"])


def sweep(aws: Running) -> None:
    name = aws.deployed.outputs["recoveryFunctionName"]
    response = aws.client("lambda").invoke(FunctionName=name, Payload=b'{"detail": {}}')
    assert "FunctionError" not in response, response["Payload"].read()


def letters(aws: Running) -> int:
    attributes = aws.client("sqs").get_queue_attributes(
        QueueUrl=aws.deployed.outputs["deadLetterQueueUrl"], AttributeNames=["All"]
    )["Attributes"]
    return sum(
        int(attributes[name])
        for name in ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    )


def executions_of(aws: Running, id: str) -> list[dict[str, Any]]:
    listed = aws.states.list_executions(stateMachineArn=aws.deployed.state_machine_arn)
    described = [
        aws.states.describe_execution(executionArn=one["executionArn"])
        for one in listed["executions"]
    ]
    return [one for one in described if f'"{id}"' in one["input"]]


def has_succeeded(aws: Running, id: str) -> bool:
    try:
        return bool(aws.record(id)["taskStatus"] == "success")
    except GraphqlFailed:
        return False  # there is no record yet


@pytest.mark.parametrize("bytes", [300 * KIB, 1_000 * KIB])
@pytest.mark.parametrize("character", ["x", "ü"])
def test_an_event_that_is_too_large_for_an_execution_arrives_once_by_the_dead_letter_queue(
    aws: Running, bytes: int, character: str
) -> None:
    detail = detail_of(bytes, character)

    id = send(aws, detail)
    assert executions_of(aws, id) == []
    assert letters(aws) == 1
    sweep(aws)
    sweep(aws)

    aws.until(lambda: has_succeeded(aws, id))
    record = aws.record(id)
    assert record["input"] == detail["input"]
    assert (record["iterations"], len(executions_of(aws, id))) == (1, 1)
    assert letters(aws) == 0


@pytest.mark.parametrize("bytes", AROUND_THE_LIMIT)
def test_an_event_close_to_what_an_execution_takes_arrives_once(aws: Running, bytes: int) -> None:
    detail = detail_of(bytes)

    id = send(aws, detail)
    if letters(aws):
        sweep(aws)

    aws.until(lambda: has_succeeded(aws, id))
    record = aws.record(id)
    assert record["input"] == detail["input"]
    assert record["iterations"] == 1


def test_an_event_of_more_than_1_mb_is_refused_to_its_sender(aws: Running) -> None:
    with pytest.raises(ClientError, match="Total size of the entries in the request is over"):
        send(aws, detail_of(1024 * KIB))


def test_an_execution_with_more_than_256_kib_is_refused_to_whoever_starts_it(aws: Running) -> None:
    with pytest.raises(ClientError, match="length less than or equal to 262144"):
        aws.start({"detail": detail_of(MAX_EXECUTION_INPUT)})
