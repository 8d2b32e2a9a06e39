"""The state machine's document in Amazon States Language, made from the workers' ARNs.

TransformEvent -> Run -> CheckStatus -> Done | Aborted | Error | UnknownStatus
                   ^          |
                   +-- Wait <-+          Run -> UnknownError, after the last retry
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from handler.contract import (
    DEAD_WORKER_ERRORS,
    DEFAULT_WORKER,
    DEFINITION_UNAVAILABLE,
    LAMBDA_SERVICE_ERRORS,
    MAX_CAUSE_CHARACTERS,
    MAX_ERROR_CHARACTERS,
    OVERTAKEN,
    RUN_TIMEOUT_SECONDS,
    STORE_UNAVAILABLE,
    THROTTLED_ERRORS,
    AnswerStatus,
    State,
)
from infra.documents import jsonata
from infra.documents.partitions import partition_of
from infra.documents.worker_choice import NO_CHOICE, WorkerChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrier:
    """How `Run` is retried after some errors: the wait doubles each time, up to the longest.

    Full jitter (a random wait from zero up to that) spreads the retries of many tasks that failed
    at the same moment. It also halves a wait on average, which the durations below take into
    account.
    """

    errors: tuple[str, ...]  # names from handler/contract.py, which cites their sources
    first_wait_seconds: int
    longest_wait_seconds: int
    attempts: int  # after the first

    def to_asl(self) -> dict[str, object]:
        return {
            "ErrorEquals": list(self.errors),
            "IntervalSeconds": self.first_wait_seconds,
            "BackoffRate": 2,
            "MaxDelaySeconds": self.longest_wait_seconds,
            "MaxAttempts": self.attempts,
            "JitterStrategy": "FULL",
        }


def retry_of_an_unavailable_service() -> Retrier:
    """Retries while Lambda, the table, the definition or the task is unavailable, for four hours.

    An outage of a few hours must not end a task that has worked for a week. Nor must a deploy of a
    file that can't be imported: the next deploy has the definition.
    """
    return Retrier(
        errors=(*LAMBDA_SERVICE_ERRORS, STORE_UNAVAILABLE, DEFINITION_UNAVAILABLE, OVERTAKEN),
        first_wait_seconds=2,
        longest_wait_seconds=300,
        attempts=100,
    )


def retry_of_a_throttled_worker() -> Retrier:
    """Retries while the account's Lambda concurrency is used up, for about two hours.

    Capacity is free again as soon as another invocation ends: hence many retries with short waits.
    """
    return Retrier(
        errors=THROTTLED_ERRORS,
        first_wait_seconds=1,
        longest_wait_seconds=60,
        attempts=240,
    )


def retry_of_a_dead_worker() -> Retrier:
    """Retries a worker whose process died, three times, each from the last checkpoint.

    Three is only the ceiling: the worker counts the deaths itself, and answers `error` when the
    task's definition allows no more.
    """
    return Retrier(
        errors=DEAD_WORKER_ERRORS,
        first_wait_seconds=5,
        longest_wait_seconds=60,
        attempts=3,
    )


# No retrier names the exceptions of the task's own code: the worker catches and answers these.
RETRIERS: Final = (
    retry_of_an_unavailable_service(),
    retry_of_a_throttled_worker(),
    retry_of_a_dead_worker(),
)

# `UnknownError` reads these keys, under which `Run` stores its error.
CAUGHT_ERROR: Final = "error"
CAUGHT_CAUSE: Final = "cause"


_NONE: Final[Mapping[str, str]] = MappingProxyType({})


def definition(
    *, worker_arn: str, others: Mapping[str, str] = _NONE, choice: WorkerChoice = NO_CHOICE
) -> dict[str, object]:
    """The document of the state machine that invokes a worker in a loop until the task is done.

    Args:
        worker_arn: of the default worker.
        others: the ARNs of the other workers, by their names.
        choice: which worker runs a task.

    It has no TimeoutSeconds: Step Functions ends an execution after a year, and a task moves on to
    a new execution before that.
    """
    return {
        "Comment": "Runs one background task, an iteration at a time, until it is done.",
        "QueryLanguage": "JSONata",
        "StartAt": State.TRANSFORM_EVENT.value,
        "States": {
            State.TRANSFORM_EVENT.value: _transform_event(),
            State.RUN.value: _run(worker_arn, _function(worker_arn, others, choice)),
            State.CHECK_STATUS.value: _check_status(),
            State.WAIT.value: _wait(),
            State.UNKNOWN_ERROR.value: _unknown_error(),
            State.UNKNOWN_STATUS.value: _unknown_status(),
            State.ERROR.value: _error(),
            State.DONE.value: {"Type": "Succeed"},
            State.ABORTED.value: {"Type": "Succeed"},
        },
    }


def _transform_event() -> dict[str, object]:
    return {"Type": "Pass", "Output": jsonata.task_of_event(), "Next": State.RUN.value}


def _function(worker_arn: str, others: Mapping[str, str], choice: WorkerChoice) -> str:
    """The worker that `Run` invokes: an ARN, or, where it depends on the task, an expression."""
    if not choice.is_needed:
        return worker_arn
    arns = {**others, DEFAULT_WORKER: worker_arn}
    return jsonata.worker_function(
        worker_arn,
        of_ids={arns[name]: ids for name, ids in choice.ids.items()},
        moved={name: arns[name] for name in choice.takes_over},
    )


def _run(worker_arn: str, function: str) -> dict[str, object]:
    return {
        "Type": "Task",
        "Resource": f"arn:{partition_of(worker_arn)}:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": jsonata.worker_payload()},
        "Output": jsonata.worker_answer(),
        "TimeoutSeconds": RUN_TIMEOUT_SECONDS,
        "Retry": [retrier.to_asl() for retrier in RETRIERS],
        "Catch": [
            {
                "ErrorEquals": ["States.ALL"],
                "Output": jsonata.caught_error(error=CAUGHT_ERROR, cause=CAUGHT_CAUSE),
                "Next": State.UNKNOWN_ERROR.value,
            }
        ],
        "Next": State.CHECK_STATUS.value,
    }


def _check_status() -> dict[str, object]:
    choices = (
        (jsonata.is_answer_with_wait(), State.WAIT),
        (jsonata.is_answer(AnswerStatus.CONTINUE), State.RUN),
        (jsonata.is_answer(AnswerStatus.DONE), State.DONE),
        (jsonata.is_answer(AnswerStatus.ERROR), State.ERROR),
        (jsonata.is_answer(AnswerStatus.ABORTED), State.ABORTED),
    )
    return {
        "Type": "Choice",
        "Choices": [{"Condition": condition, "Next": state.value} for condition, state in choices],
        "Default": State.UNKNOWN_STATUS.value,
    }


def _wait() -> dict[str, object]:
    return {"Type": "Wait", "Seconds": jsonata.wait_seconds(), "Next": State.RUN.value}


def _unknown_error() -> dict[str, object]:
    return {
        "Type": "Fail",
        "Error": jsonata.caught(CAUGHT_ERROR, "UnknownError", MAX_ERROR_CHARACTERS),
        "Cause": jsonata.caught(
            CAUGHT_CAUSE, "The worker could not be run; nothing says why.", MAX_CAUSE_CHARACTERS
        ),
    }


def _unknown_status() -> dict[str, object]:
    return {"Type": "Fail", "Error": "UnknownStatus", "Cause": jsonata.unknown_answer()}


def _error() -> dict[str, object]:
    return {"Type": "Fail", "Error": jsonata.error_code(), "Cause": jsonata.error_as_json()}
