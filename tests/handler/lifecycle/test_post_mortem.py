"""Why an execution ended before its task did: what its record says of it."""

from typing import Any

import pytest

from handler.aws.executions import Execution
from handler.aws.worker_failures import WorkerFailure
from handler.lifecycle.post_mortem import event_of, explain


def ended(status: str = "FAILED", **fields: Any) -> Execution:
    return Execution(name="execution-1", status=status, **fields)


@pytest.mark.parametrize("status", ["SUCCEEDED", "GONE", "FAILED"])
def test_an_execution_without_an_error_is_over_although_its_task_is_not(status: str) -> None:
    failure, died = explain(ended(status))

    assert (
        failure.message == f'The execution "execution-1" is over ({status}), but the task is not.'
    )
    assert failure.code == "EXECUTION_ENDED"
    assert failure.data == {"execution": "execution-1", "status": status}
    assert died is None


def test_the_error_that_the_worker_answered_is_the_failure() -> None:
    cause = '{"message": "The bucket is gone.", "code": "NO_BUCKET", "data": {"bucket": "users"}}'

    failure, died = explain(ended(error="NO_BUCKET", cause=cause))

    assert (failure.message, failure.code) == ("The bucket is gone.", "NO_BUCKET")
    assert failure.data == {"bucket": "users"}
    assert died is None


def test_an_error_of_step_functions_is_not_a_crash() -> None:
    failure, died = explain(ended(error="States.DataLimitExceeded", cause="256 KiB."))

    assert failure.message == "The execution failed with States.DataLimitExceeded. 256 KiB."
    assert failure.code == "States.DataLimitExceeded"
    assert died is None


@pytest.mark.parametrize(
    ("error", "died"),
    [
        ("States.Timeout", WorkerFailure.TIMEOUT),
        ("Runtime.OutOfMemory", WorkerFailure.OUT_OF_MEMORY),
        ("Lambda.Unknown", WorkerFailure.KILLED),
    ],
)
def test_an_error_of_a_worker_that_died_is_a_crash(error: str, died: WorkerFailure) -> None:
    failure, crash = explain(ended(error=error, cause="It stopped."))

    assert crash is died
    assert failure.code == died.error_code
    assert failure.message == f"The execution failed with {error}: {died.explanation}. It stopped."
    assert (failure.data or {})["crash"] == died.value


@pytest.mark.parametrize("cause", ["[]", '{"message": 7}', '{"errorMessage": "boom"}', "{", "text"])
def test_a_cause_that_is_not_an_answer_stays_text(cause: str) -> None:
    failure, _ = explain(ended(error="Lambda.Unknown", cause=cause))

    assert failure.message.endswith(cause)
    assert (failure.data or {})["cause"] == cause


@pytest.mark.parametrize("rest", ['"code": 7', '"data": [1]', '"stack": {}'])
def test_an_answer_with_invalid_fields_is_still_explained(rest: str) -> None:
    failure, _ = explain(ended(error="ODD", cause=f'{{"message": "boom", {rest}}}'))

    assert "boom" in failure.message


def test_a_cause_of_many_characters_is_cut_in_the_message() -> None:
    failure, _ = explain(ended(error="Lambda.Unknown", cause="x" * 30_000))

    assert len(failure.message) == 2_000


@pytest.mark.parametrize("input", ["", "[]", "text", "null"])
def test_an_input_that_is_not_an_event_is_empty(input: str) -> None:
    assert event_of(ended(input=input)) == {}


def test_what_aws_says_is_shown_without_its_arns() -> None:
    denied = "User: arn:aws:sts::123456789012:assumed-role/tasks is not authorized."

    failure, _ = explain(ended(error="States.Permissions", cause=denied))

    assert "is not authorized" in failure.message
    assert "arn:" not in failure.message + str(failure.data)
