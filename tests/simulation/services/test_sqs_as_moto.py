"""The model of SQS answers as moto does, whatever is asked of both."""

import itertools
from collections.abc import Iterator
from typing import Any

import moto.sqs.models
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from moto import mock_aws

from handler.testing import ManualClock
from handler.testing.aws import aws_client
from tests.simulation.services.compared.outcomes import refusal
from tests.simulation.services.compared.sqs_programs import Step, programs
from tests.simulation.services.sqs import SQS

pytestmark = pytest.mark.slow

MANY = settings(max_examples=5 * settings().max_examples, suppress_health_check=list(HealthCheck))
_numbers = itertools.count(1)


class Side:
    """A client, and the last receipt of each message: with an older one, moto deletes as well."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._url = client.create_queue(QueueName=name)["QueueUrl"]
        self._receipts: dict[str, str] = {}
        self._ids: dict[str, int] = {}

    def send(self, content: tuple[str, Any]) -> object:
        body, attributes = content
        response = self._client.send_message(
            QueueUrl=self._url, MessageBody=body, MessageAttributes=attributes
        )
        self._ids[response["MessageId"]] = len(self._ids)
        return response["MD5OfMessageBody"]

    def receive(self, content: tuple[int, list[str]]) -> object:
        """Which messages come, by the order in which they were sent; and what is told of each."""
        limit, names = content
        messages = self._client.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=limit, MessageAttributeNames=names
        ).get("Messages", [])
        self._receipts |= {each["MessageId"]: each["ReceiptHandle"] for each in messages}
        return [
            (
                self._ids[message["MessageId"]],
                message["Body"],
                message["MD5OfBody"],
                message.get("MessageAttributes", {}),
            )
            for message in messages
        ]

    def delete(self, number: int) -> object:
        for receipt in list(self._receipts.values())[number : number + 1]:
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=receipt)
        return len(self._receipts)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with mock_aws():
        yield aws_client("sqs")


@pytest.mark.property
@MANY
@given(program=programs())
def test_a_program_of_requests_has_the_same_outcomes(client: Any, program: list[Step]) -> None:
    name, clock = f"queue-{next(_numbers)}", ManualClock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moto.sqs.models, "unix_time", lambda: clock.now().timestamp())
        patch.setattr(moto.sqs.models, "unix_time_millis", lambda: clock.now().timestamp() * 1000)
        expected, found = Side(client, name), Side(SQS(now=clock.now), name)

        for step, content in program:
            if step == "wait":
                clock.advance(content)
            else:
                told = getattr(found, step)(content)
                assert told == getattr(expected, step)(content), (step, content)


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("receive_message", {}),
        ("send_message", {"MessageBody": "{}"}),
        ("delete_message", {"ReceiptHandle": "message-1/receipt-1"}),
    ],
)
def test_a_queue_that_is_not_there_is_refused_alike(
    client: Any, operation: str, more: dict[str, str]
) -> None:
    request = {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/nowhere", **more}

    assert _code(SQS(now=ManualClock().now), operation, request) == _code(
        client, operation, request
    )


@pytest.mark.parametrize("limit", [0, 11])
def test_a_number_of_messages_outside_of_1_to_10_is_refused_alike(client: Any, limit: int) -> None:
    model = SQS(now=ManualClock().now)
    urls = [each.create_queue(QueueName="limits")["QueueUrl"] for each in (model, client)]

    codes = [
        _code(each, "receive_message", {"QueueUrl": url, "MaxNumberOfMessages": limit})
        for each, url in zip((model, client), urls, strict=True)
    ]

    assert codes == ["InvalidParameterValue"] * 2


def test_its_arn_and_its_numbers_of_messages_are_told_alike(client: Any) -> None:
    names = ["QueueArn", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = []
    for each in (SQS(now=ManualClock().now), client):
        url = each.create_queue(QueueName="counted")["QueueUrl"]
        for body in "abc":
            each.send_message(QueueUrl=url, MessageBody=body)
        each.receive_message(QueueUrl=url)
        told.append(each.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"])

    assert told[0] == told[1]
    assert [told[0][name] for name in names[1:]] == ["2", "1"]


def test_a_message_of_a_queue_without_a_visibility_timeout_is_there_again_at_once(
    client: Any,
) -> None:
    for each in (SQS(now=ManualClock().now), client):
        url = each.create_queue(QueueName="impatient")["QueueUrl"]
        each.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
        each.send_message(QueueUrl=url, MessageBody="a")

        bodies = [each.receive_message(QueueUrl=url)["Messages"][0]["Body"] for _ in range(2)]
        assert bodies == ["a", "a"]


def _code(client: Any, operation: str, request: dict[str, Any]) -> object:
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**request)
    return refusal(refused.value)[0]
