"""Executions: looked at, and stopped."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from handler.aws.executions import ABORTED, GONE, RUNNING, Executions, ExecutionsThrottled
from handler.testing.aws import aws_client
from tests.handler.aws.history import KILLED, OUT_OF_TIME, THROTTLED, History
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


def test_a_running_execution_is_described_with_its_name_and_input(executions: Executions) -> None:
    found = executions.describe("execution-1")

    assert (found.name, found.status) == ("execution-1", RUNNING)
    assert found.input == '{"id": "event-1"}'


def test_a_stopped_execution_is_described_as_aborted(executions: Executions) -> None:
    executions.stop("execution-1", cause='Task "t1" was aborted.')

    assert executions.describe("execution-1").status == ABORTED


def test_an_execution_that_step_functions_does_not_know_is_gone(executions: Executions) -> None:
    found = executions.describe("forgotten")

    assert (found.name, found.status) == ("forgotten", GONE)


def test_stopping_an_execution_that_is_gone_raises_nothing(executions: Executions) -> None:
    executions.stop("forgotten", cause="It was aborted.")

    assert executions.describe("execution-1").status == RUNNING


def test_an_execution_that_cannot_be_stopped_is_logged_and_runs_on(
    stack: Stack, executions: Executions, caplog: pytest.LogCaptureFixture
) -> None:
    stack.stepfunctions.fail(refusal("AccessDeniedException"))

    executions.stop("execution-1", cause="It was aborted.")

    stack.stepfunctions.recover()
    assert executions.describe("execution-1").status == RUNNING
    assert caplog.messages == ["An execution could not be stopped."]


def test_an_execution_that_may_not_be_described_raises_the_error(
    stack: Stack, executions: Executions
) -> None:
    stack.stepfunctions.fail(refusal("AccessDeniedException"))

    with pytest.raises(ClientError):
        executions.describe("execution-1")


def test_an_execution_that_may_not_be_described_for_the_time_being_says_so(
    stack: Stack, executions: Executions
) -> None:
    stack.stepfunctions.fail(refusal("ThrottlingException"))

    with pytest.raises(ExecutionsThrottled):
        executions.describe("execution-1")


def test_without_a_state_machine_nothing_is_stopped_and_no_history_is_read(stack: Stack) -> None:
    executions = Executions(stack.stepfunctions, state_machine_arn="")  # type: ignore[arg-type]

    executions.stop("execution-1", cause="It was aborted.")
    failures = executions.failures("execution-1")

    assert failures == []
    assert stack.stepfunctions.calls == []


def of_history(history: History) -> Executions:
    return Executions(history, state_machine_arn=STATE_MACHINE)  # type: ignore[arg-type]


def test_the_failures_since_run_was_last_entered_are_listed_the_last_one_first() -> None:
    history = History()
    history.fail(KILLED)
    history.enter()
    history.fail(OUT_OF_TIME, THROTTLED)
    history.time_out()

    failures = of_history(history).failures("execution-1")

    assert failures == [("States.Timeout", ""), THROTTLED, OUT_OF_TIME]


@pytest.mark.parametrize(
    "error",
    [refusal("ThrottlingException"), EndpointConnectionError(endpoint_url="https://states")],
    ids=["refused", "out of reach"],
)
def test_a_history_that_cannot_be_read_has_no_failures(error: Any) -> None:
    history = History()
    history.fail(KILLED)
    history.error = error

    failures = of_history(history).failures("execution-1")

    assert failures == []
