"""Looking at executions, and stopping them."""

import json

import pytest
from botocore.exceptions import ClientError

from handler.aws.executions import ABORTED, RUNNING, Executions
from handler.testing.aws import aws_client
from tests.handler.stack import STATE_MACHINE, Stack, refusal

MACHINE = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


@pytest.fixture
def executions(stack: Stack) -> Executions:
    role = "arn:aws:iam::123456789012:role/tasks"
    states = aws_client("stepfunctions")
    arn = states.create_state_machine(name="tasks", definition=json.dumps(MACHINE), roleArn=role)[
        "stateMachineArn"
    ]
    assert arn == STATE_MACHINE
    states.start_execution(stateMachineArn=arn, name="execution-1", input='{"id": "event-1"}')
    return Executions(stack.stepfunctions, state_machine_arn=arn)  # type: ignore[arg-type]


def test_an_execution_is_found_by_its_name(executions: Executions) -> None:
    found = executions.describe("execution-1")

    assert (found.name, found.status) == ("execution-1", RUNNING)


def test_an_execution_that_is_stopped_is_aborted_with_the_cause(executions: Executions) -> None:
    executions.stop("execution-1", cause='Task "t1" was aborted.')

    assert executions.describe("execution-1").status == ABORTED


def test_an_execution_that_nobody_knows_is_gone(executions: Executions) -> None:
    assert executions.describe("forgotten").status == "GONE"


def test_stopping_what_is_gone_is_no_error(executions: Executions) -> None:
    executions.stop("forgotten", cause="It was aborted.")


def test_one_that_cannot_be_stopped_is_left_to_end_by_itself(
    stack: Stack, executions: Executions
) -> None:
    stack.stepfunctions.fail(refusal("AccessDeniedException"))

    executions.stop("execution-1", cause="It was aborted.")


def test_a_refusal_to_tell_of_an_execution_is_an_error(
    stack: Stack, executions: Executions
) -> None:
    stack.stepfunctions.fail(refusal("AccessDeniedException"))

    with pytest.raises(ClientError):
        executions.describe("execution-1")


def test_those_that_run_are_listed(executions: Executions) -> None:
    states = aws_client("stepfunctions")
    for name in ("execution-2", "execution-3"):
        states.start_execution(stateMachineArn=STATE_MACHINE, name=name)
    executions.stop("execution-2", cause="It was aborted.")

    assert executions.running() == {"execution-1", "execution-3"}
