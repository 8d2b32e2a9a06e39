"""A rule's event that a function fails on leaves a record, if the function's role may send it."""

import json
import time

import pytest

from local.access import Access
from tests.local.aws.conftest import Afterwards
from tests.local.conftest import Outputs, Until

RULE = "everything-failing"


@pytest.fixture
def fails(access: Access, outputs: Outputs, afterwards: Afterwards) -> None:
    """A rule whose event the function fails on, sent once."""
    events, functions = access.client("events"), access.client("lambda")
    rule = events.put_rule(Name=RULE, EventPattern=json.dumps({"detail-type": ["Fail"]}))
    functions.add_permission(
        FunctionName=outputs["functionName"],
        StatementId=RULE,
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule["RuleArn"],
    )
    function = functions.get_function_configuration(FunctionName=outputs["functionName"])
    target = {"Id": "1", "Arn": function["FunctionArn"], "Input": json.dumps({"how": "raise"})}
    events.put_targets(Rule=RULE, Targets=[target])
    afterwards(events.delete_rule, Name=RULE)
    afterwards(events.remove_targets, Rule=RULE, Ids=["1"])
    afterwards(functions.remove_permission, FunctionName=outputs["functionName"], StatementId=RULE)


def send(access: Access) -> None:
    entry = {"Source": "test", "DetailType": "Fail", "Detail": "{}"}
    assert access.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def records(access: Access, outputs: Outputs) -> list[str]:
    queue, url = access.client("sqs"), outputs["failedUrl"]
    messages = queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [message["Body"] for message in messages]


@pytest.mark.usefixtures("fails")
def test_the_record_of_a_failed_event_goes_to_the_destination(
    access: Access, outputs: Outputs, until: Until
) -> None:
    send(access)

    [record] = until(lambda: records(access, outputs))
    assert json.loads(record)["requestPayload"] == {"how": "raise"}
    assert json.loads(record)["responsePayload"]["errorType"] == "StoreUnavailable"


@pytest.mark.usefixtures("fails")
def test_a_record_that_the_functions_role_may_not_send_is_dropped(
    access: Access, outputs: Outputs, afterwards: Afterwards
) -> None:
    iam, policy = access.client("iam"), {"RoleName": outputs["roles"]["function"]}
    document = iam.get_role_policy(**policy, PolicyName="send")["PolicyDocument"]
    iam.delete_role_policy(**policy, PolicyName="send")
    afterwards(
        iam.put_role_policy, **policy, PolicyName="send", PolicyDocument=json.dumps(document)
    )

    send(access)

    time.sleep(2)  # the record of the other test takes less than one
    assert records(access, outputs) == []
