"""A task, from the event to its end."""

import json
import time
from collections.abc import Mapping
from typing import Final

from cli.first_deploy.results import Failed, Ok, Result, Skipped
from cli.first_deploy.stack import Stack
from handler.contract import DETAIL_TYPE, WireKey
from local.access import Client
from local.watch import Finder

DEFINITION: Final = "testingRun"
PATIENCE_SECONDS: Final = 120.0
_POLL_SECONDS: Final = 1.0


def trial(stack: Stack, patience_seconds: float = PATIENCE_SECONDS) -> Result:
    """Whether the task `testingRun` succeeds. It leaves a record, which expires as others do."""
    if not stack.agrees(f'Send an event that starts the task "{DEFINITION}", which does nothing?'):
        return Skipped("nobody agreed to start a task. Next: --yes.")
    sent = _sent(stack)
    if "ErrorCode" in sent:
        return Failed(
            f"the bus refused the event: {sent['ErrorCode']}: {sent['ErrorMessage']}.",
            "look the error up; run the checks again.",
        )
    event_id, states = sent["EventId"], stack.client("stepfunctions")
    finder = Finder(states, stack.outputs["stateMachineArn"])
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        if (arn := finder.find(event_id)) and (ended := _ended(states, arn)):
            return ended
        time.sleep(_POLL_SECONDS)
    return Failed(
        f"the event {event_id} has no execution that is over, after {patience_seconds:.0f} s.",
        f"look at {stack.outputs['stateMachineArn']}, and at what waits in"
        f" {stack.outputs['deadLetterQueueUrl']}: it says why an event started nothing.",
    )


def _sent(stack: Stack) -> Mapping[str, str]:
    entry = {
        "EventBusName": stack.outputs["eventBusName"],
        "Source": "first-deploy",
        "DetailType": DETAIL_TYPE,
        "Detail": json.dumps({WireKey.DEFINITION_ID.value: DEFINITION}),
    }
    [answer] = stack.client("events").put_events(Entries=[entry])["Entries"]
    sent: Mapping[str, str] = answer
    return sent


def _ended(states: Client, arn: str) -> Result | None:
    execution = states.describe_execution(executionArn=arn)
    match execution["status"]:
        case "RUNNING":
            return None
        case "SUCCEEDED":
            return Ok(f"{arn} succeeded.")
        case status:
            return Failed(
                f"{arn}: {status}, {execution.get('error')}: {execution.get('cause')}",
                "the lines of the worker in CloudWatch Logs say more.",
            )
