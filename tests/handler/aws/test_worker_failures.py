"""How a worker died: its class, by what Lambda reports, and what counts against `crash_retries`."""

from dataclasses import replace
from typing import Any

import pytest

from handler import Context, Done, task
from handler.aws.worker_failures import WorkerFailure
from handler.testing import Killed
from tests.handler.aws.history import KILLED, OUT_OF_TIME, THROTTLED, UNREACHABLE, History
from tests.handler.stack import STATE_MACHINE, Stack

CRASHES = [
    ("Runtime.OutOfMemory", "", WorkerFailure.OUT_OF_MEMORY),
    (
        "Runtime.ExitError",
        "Error: Runtime exited with error: signal: killed",
        WorkerFailure.OUT_OF_MEMORY,
    ),
    ("Sandbox.Timedout", "Error: Task timed out after 900.00 seconds", WorkerFailure.TIMEOUT),
    ("Lambda.Unknown", "2030-01-01 Task timed out after 900.00 seconds", WorkerFailure.TIMEOUT),
    ("States.Timeout", "", WorkerFailure.TIMEOUT),
    ("Runtime.ExitError", "Error: Runtime exited with error: exit status 7", WorkerFailure.KILLED),
    ("Lambda.Unknown", "Lambda did not return an error type.", WorkerFailure.KILLED),
    ("Lambda.TooManyRequestsException", "Rate Exceeded.", WorkerFailure.THROTTLED),
    ("StoreUnavailable", "DynamoDB's update_item kept failing.", WorkerFailure.STORE_UNAVAILABLE),
    ("DefinitionUnavailable", "", WorkerFailure.DEFINITION_UNAVAILABLE),
    ("Overtaken", "", WorkerFailure.OVERTAKEN),
    ("Lambda.SdkClientException", "Unable to execute HTTP request", WorkerFailure.LAMBDA_FAILED),
    ("Lambda.ServiceException", "Service Unavailable", WorkerFailure.LAMBDA_FAILED),
    (
        "Lambda.AWSLambdaException",
        "User: x is not authorized to perform: lambda:InvokeFunction",
        WorkerFailure.CODE,
    ),
    ("Runtime.ImportModuleError", "No module named x", WorkerFailure.CODE),
    ("KeyError", "'x'", WorkerFailure.CODE),
]


@pytest.mark.parametrize(("error", "cause", "failure"), CRASHES)
def test_a_worker_failure_is_classed_by_the_error_and_cause_that_lambda_reports(
    error: str, cause: str, failure: WorkerFailure
) -> None:
    found = WorkerFailure.of(error, cause)

    assert found is failure


def test_each_class_has_an_explanation_and_a_code_of_its_own() -> None:
    explanations = {failure.explanation for failure in WorkerFailure}
    codes = {failure.name: failure.error_code for failure in WorkerFailure}

    assert len(explanations) == len(WorkerFailure)
    assert "" not in explanations
    assert codes == {name: f"WORKER_{name}" for name in codes}


@pytest.fixture
def history(stack: Stack) -> History:
    """The history of the stack's only execution."""
    history = History()
    stack.stepfunctions.stands_for(history)
    stack.settings = replace(stack.settings, state_machine_arn=STATE_MACHINE)
    return history


def die(stack: Stack, *, times: int) -> Any:
    """The answer to an invocation after so many others that claimed the task and died."""

    deaths = iter(range(times))

    @task(id="someTask", crash_retries=1)
    def some_task(context: Context) -> Done:
        if next(deaths, None) is not None:
            raise Killed
        return Done()

    triggered = stack.trigger(some_task)
    for _ in range(times):
        with pytest.raises(Killed):
            stack.run(triggered)
    return stack.run(triggered)


def first_line(stack: Stack) -> str:
    """The first line of the only task's log."""
    [row] = [row for row in stack.rows() if row["sk"]["S"] == "TASK"]
    return stack.messages(row["pk"]["S"].removeprefix("TASK#"))[0]


def test_a_task_whose_worker_died_twice_with_one_retry_fails_with_how_it_died_last(
    stack: Stack, history: History
) -> None:
    history.fail(KILLED, OUT_OF_TIME)

    answer = die(stack, times=2)

    assert answer["error"]["code"] == "WORKER_TIMEOUT"
    assert answer["error"]["data"] == {"crashes": 2, "crash": "timeout"}


@pytest.mark.parametrize(
    "failures", [[UNREACHABLE] * 5, [KILLED, UNREACHABLE], [UNREACHABLE, KILLED, UNREACHABLE]]
)
def test_a_table_that_could_not_be_reached_does_not_count_against_crash_retries(
    stack: Stack, history: History, failures: list[tuple[str, str]]
) -> None:
    history.fail(*failures)

    answer = die(stack, times=len(failures))

    assert answer["status"] == "done"


def test_a_second_death_counts_after_an_unreachable_table_in_between(
    stack: Stack, history: History
) -> None:
    history.fail(KILLED, UNREACHABLE, KILLED)

    answer = die(stack, times=3)

    assert answer["error"]["code"] == "WORKER_KILLED"
    assert answer["error"]["data"]["crashes"] == 2


def test_an_invocation_that_lambda_throttled_is_not_a_death(stack: Stack, history: History) -> None:
    history.fail(KILLED, *[THROTTLED] * 20)

    answer = die(stack, times=1)

    assert answer["status"] == "done"
    assert "the worker's process died" in first_line(stack)


def test_a_death_that_the_history_does_not_show_yet_counts(stack: Stack, history: History) -> None:
    history.fail(KILLED)

    answer = die(stack, times=2)

    assert answer["error"]["code"] == "WORKER_KILLED"


def test_the_log_says_how_the_iteration_before_died(stack: Stack, history: History) -> None:
    history.fail(OUT_OF_TIME)

    die(stack, times=1)

    assert first_line(stack) == (
        "The iteration before did not end: the worker ran out of time; return Continue in time "
        "(context.is_close_to_timeout()). It runs again from its last checkpoint."
    )


def test_each_crash_is_counted_by_its_class(stack: Stack, history: History) -> None:
    history.fail(OUT_OF_TIME)

    die(stack, times=1)

    crashes = [each for each in stack.metrics_counted.counted if "Crashes" in each[0]]
    assert crashes == [({"Crashes": 1, "CrashesTimeout": 1}, "someTask")]
