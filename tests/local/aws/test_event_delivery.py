"""Undelivered events go to the dead-letter queue of their target."""

import json
from collections.abc import Callable

import pytest

from local.access import Access
from tests.local.aws.conftest import Afterwards, TrustAnother
from tests.local.conftest import Outputs, Until

DeadLetter = Callable[[], dict[str, str]]
Retarget = Callable[[str], None]


@pytest.fixture
def dead_letter(access: Access, outputs: Outputs, until: Until) -> DeadLetter:
    """Sends an event that can't be delivered; returns the attributes of its dead letter."""

    def send() -> dict[str, str]:
        queue, url = access.client("sqs"), outputs["queueUrl"]
        event_id = _send(access, outputs["eventBusName"])
        [message] = until(
            lambda: queue.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get(
                "Messages"
            )
        )
        queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert json.loads(message["Body"])["id"] == event_id
        return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}

    return send


def _send(access: Access, bus: str) -> str:
    entry = {
        "EventBusName": bus,
        "Source": "test",
        "DetailType": "Work",
        "Detail": '{"a": 1}',
    }
    return str(access.client("events").put_events(Entries=[entry])["Entries"][0]["EventId"])


@pytest.fixture
def retarget(access: Access, outputs: Outputs, afterwards: Afterwards) -> Retarget:
    """Points the rule at another ARN for one test."""

    def point(arn: str) -> None:
        events, bus = access.client("events"), outputs["eventBusName"]
        [rule] = events.list_rules(EventBusName=bus)["Rules"]
        [target] = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]
        events.put_targets(Rule=rule["Name"], EventBusName=bus, Targets=[{**target, "Arn": arn}])
        afterwards(events.put_targets, Rule=rule["Name"], EventBusName=bus, Targets=[target])

    return point


def test_an_event_for_a_missing_state_machine_goes_to_the_dead_letter_queue(
    outputs: Outputs, dead_letter: DeadLetter, retarget: Retarget
) -> None:
    missing = outputs["stateMachineArn"] + "-missing"
    retarget(missing)

    attributes = dead_letter()

    assert attributes["ERROR_CODE"] == "NO_RESOURCE"
    assert attributes["TARGET_ARN"] == missing
    assert attributes["RULE_ARN"] == outputs["ruleArn"]
    assert set(attributes) == {
        "RULE_ARN", "TARGET_ARN", "ERROR_CODE", "ERROR_MESSAGE",
        "EXHAUSTED_RETRY_CONDITION", "RETRY_ATTEMPTS",
    }  # fmt: skip


def test_an_event_whose_role_may_not_start_the_machine_goes_to_the_dead_letter_queue(
    access: Access, outputs: Outputs, dead_letter: DeadLetter, afterwards: Afterwards
) -> None:
    iam, policy = access.client("iam"), {"RoleName": outputs["roles"]["rule"]}
    [policy["PolicyName"]] = iam.list_role_policies(**policy)["PolicyNames"]
    document = iam.get_role_policy(**policy)["PolicyDocument"]
    iam.delete_role_policy(**policy)
    afterwards(iam.put_role_policy, **policy, PolicyDocument=json.dumps(document))

    attributes = dead_letter()

    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"


def test_an_event_whose_role_trusts_another_rule_goes_to_the_dead_letter_queue(
    outputs: Outputs, dead_letter: DeadLetter, trust_another: TrustAnother
) -> None:
    trust_another(outputs["roles"]["rule"], f"{outputs['ruleArn']}-of-another")

    attributes = dead_letter()

    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"


def test_an_event_for_a_function_that_does_not_allow_the_rule_goes_to_the_dead_letter_queue(
    access: Access, outputs: Outputs, dead_letter: DeadLetter, retarget: Retarget
) -> None:
    function = access.client("lambda").get_function_configuration(
        FunctionName=outputs["functionName"]
    )
    retarget(function["FunctionArn"])

    attributes = dead_letter()

    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
