"""The shared program as the tests of ministack's corrections use it: its function and machine."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.access import Access, Client
from tests.local.conftest import Outputs, Until

Invoke = Callable[[object], dict[str, Any]]
Run = Callable[[str], dict[str, Any]]
Afterwards = Callable[..., None]
TrustAnother = Callable[[str, str], None]


@pytest.fixture
def afterwards(request: pytest.FixtureRequest) -> Afterwards:
    """Undoes a test's change to the shared program when the test is over."""

    def undo(call: Callable[..., object], **arguments: object) -> None:
        request.addfinalizer(lambda: call(**arguments))

    return undo


@pytest.fixture
def trust_another(access: Access, afterwards: Afterwards) -> TrustAnother:
    """Has a role trust its service for another resource than its own, for one test."""

    def trust(role: str, source_arn: str) -> None:
        iam = access.client("iam")
        before = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        document = json.loads(json.dumps(before))
        document["Statement"][0]["Condition"]["ArnEquals"]["aws:SourceArn"] = source_arn
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))
        afterwards(iam.update_assume_role_policy, RoleName=role, PolicyDocument=json.dumps(before))

    return trust


@pytest.fixture
def invoke(access: Access, outputs: Outputs) -> Invoke:
    """Invokes the function with an event that makes it fail, and returns its error report."""

    def fail(event: object) -> dict[str, Any]:
        response = access.client("lambda").invoke(
            FunctionName=outputs["functionName"], Payload=json.dumps(event).encode()
        )
        assert response["FunctionError"] == "Unhandled"
        report: dict[str, Any] = json.load(response["Payload"])
        return report

    return fail


@pytest.fixture
def run(access: Access, outputs: Outputs, until: Until) -> Run:
    """Runs the state machine to its end and describes the execution."""
    states = access.client("stepfunctions")

    def to_the_end(how: str) -> dict[str, Any]:
        arn = states.start_execution(
            stateMachineArn=outputs["stateMachineArn"], input=json.dumps({"detail": {"how": how}})
        )["executionArn"]
        execution: dict[str, Any] = until(lambda: _finished(states, arn))
        return execution

    return to_the_end


def _finished(states: Client, arn: str) -> dict[str, Any] | None:
    execution: dict[str, Any] = states.describe_execution(executionArn=arn)
    return execution if execution["status"] != "RUNNING" else None
