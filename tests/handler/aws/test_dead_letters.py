"""Events that EventBridge could not deliver."""

import json
from typing import Any

import pytest

from handler.aws.dead_letters import DeadLetters
from handler.contract import SCHEDULED_TIME
from handler.testing.aws import aws_client
from tests.handler.stack import Stack


@pytest.fixture
def queue_url(stack: Stack) -> str:
    url: str = aws_client("sqs").create_queue(QueueName="undelivered")["QueueUrl"]
    return url


@pytest.fixture
def letters(stack: Stack, queue_url: str) -> DeadLetters:
    return DeadLetters(stack.client("sqs"), queue_url=queue_url)  # type: ignore[arg-type]


def put(queue_url: str, body: str, **attributes: str) -> None:
    """Puts a message into the queue, as EventBridge does."""
    described: Any = {
        name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
    }
    aws_client("sqs").send_message(
        QueueUrl=queue_url, MessageBody=body, MessageAttributes=described
    )


def test_a_dead_letter_has_its_event_and_the_reason(queue_url: str, letters: DeadLetters) -> None:
    put(queue_url, '{"id": "e1"}', ERROR_CODE="NO_PERMISSIONS", ERROR_MESSAGE="Not allowed.")

    [letter] = letters.receive()

    assert letter.event == {"id": "e1"}
    assert letter.reason == "NO_PERMISSIONS: Not allowed."


def test_a_dead_letter_without_attributes_says_that_the_reason_is_not_known(
    queue_url: str, letters: DeadLetters
) -> None:
    put(queue_url, "{}")

    [letter] = letters.receive()

    assert letter.reason == "EventBridge does not say why."


EVENT = {
    "id": f"everyNight-{SCHEDULED_TIME}",
    "detail": {"webinyTaskDefinitionId": "everyNight", "input": {"day": SCHEDULED_TIME}},
}
TICK = {
    "id": "everyNight-2027-01-01T03:00:00Z",
    "detail": {"webinyTaskDefinitionId": "everyNight", "input": {"day": "2027-01-01T03:00:00Z"}},
}
# As the guide shows them ("Configuring a schedule's dead-letter queue in EventBridge Scheduler").
OF_SCHEDULE = {
    "ERROR_CODE": "AccessDeniedException",
    "ERROR_MESSAGE": "The role may not states:StartExecution.",
    "EXECUTION_ID": "ad06616e51cdf74a",
    "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
    "IS_PAYLOAD_TRUNCATED": "false",
    "RETRY_ATTEMPTS": "185",
    "SCHEDULED_TIME": "2027-01-01T03:00:00Z",
    "SCHEDULE_ARN": "arn:aws:scheduler:eu-central-1:123456789012:schedule/group/everyNight",
    "TARGET_ARN": "arn:aws:states:eu-central-1:123456789012:stateMachine:tasks",
}
REQUEST: dict[str, object] = {
    "StateMachineArn": "arn:aws:states:eu-central-1:123456789012:stateMachine:tasks"
}


@pytest.mark.parametrize("event", [EVENT, TICK])
@pytest.mark.parametrize("shape", ["input", "request", "request of the API", "request as JSON"])
def test_a_dead_letter_of_a_schedule_has_the_event_of_its_tick(
    queue_url: str, letters: DeadLetters, event: dict[str, object], shape: str
) -> None:
    bodies: dict[str, dict[str, object]] = {
        "input": event,
        "request": REQUEST | {"Input": json.dumps(event)},
        "request of the API": {"stateMachineArn": "arn", "input": json.dumps(event)},
        "request as JSON": REQUEST | {"Input": event},
    }
    put(queue_url, json.dumps(bodies[shape]), **OF_SCHEDULE)

    [letter] = letters.receive()

    assert letter.event == TICK
    assert letter.reason == "AccessDeniedException: The role may not states:StartExecution."


@pytest.mark.parametrize("body", ["text", "[1]", '{"Input": 1}', '{"Input": "text"}', "{}"])
def test_a_dead_letter_of_a_schedule_that_is_no_event_has_an_empty_one(
    queue_url: str, letters: DeadLetters, body: str
) -> None:
    put(queue_url, body, **OF_SCHEDULE)

    [letter] = letters.receive()

    assert letter.event == {}


def test_the_input_of_an_event_of_a_rule_is_left_as_it_is(
    queue_url: str, letters: DeadLetters
) -> None:
    event = {"id": "e1", "input": "{}", "detail": {"input": {"text": SCHEDULED_TIME}}}
    put(queue_url, json.dumps(event), RULE_ARN="arn:aws:events:eu-central-1:123456789012:rule/r")

    [letter] = letters.receive()

    assert letter.event == event


@pytest.mark.parametrize("body", ["text", "[1]", "null"])
def test_a_message_that_is_not_a_json_object_is_a_letter_with_an_empty_event(
    queue_url: str, letters: DeadLetters, body: str
) -> None:
    put(queue_url, body)

    [letter] = letters.receive()

    assert letter.event == {}


def test_an_empty_queue_has_no_letters_after_one_request(
    stack: Stack, letters: DeadLetters
) -> None:
    found = list(letters.receive())

    assert found == []
    assert stack.client("sqs").calls == ["receive_message"]


def test_every_letter_of_a_queue_of_25_is_received(queue_url: str, letters: DeadLetters) -> None:
    for number in range(25):
        put(queue_url, f'{{"number": {number}}}')

    found = [letter.event["number"] for letter in letters.receive()]

    assert sorted(map(str, found)) == sorted(map(str, range(25)))


def test_a_letter_that_is_removed_does_not_come_back(queue_url: str, letters: DeadLetters) -> None:
    put(queue_url, '{"id": "kept"}')
    put(queue_url, '{"id": "removed"}')

    for letter in letters.receive():
        if letter.event["id"] == "removed":
            letters.remove(letter)

    left = aws_client("sqs").get_queue_attributes(
        QueueUrl=queue_url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    assert sum(int(number) for number in left.values()) == 1
