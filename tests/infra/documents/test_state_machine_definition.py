"""The state machine's document: its states, their order, and its retries."""

import re
from typing import Any

import pytest

from handler.contract import (
    DEFINITION_UNAVAILABLE,
    OVERTAKEN,
    RUN_TIMEOUT_SECONDS,
    STORE_UNAVAILABLE,
    State,
)
from infra.documents import jsonata
from infra.documents.state_machine_definition import (
    Retrier,
    definition,
    retry_of_a_dead_worker,
    retry_of_a_throttled_worker,
    retry_of_an_unavailable_service,
)
from infra.documents.worker_choice import WorkerChoice

WORKER = "arn:aws:lambda:eu-central-1:123456789012:function:worker"
MACHINE: dict[str, Any] = definition(worker_arn=WORKER)
STATES: dict[str, Any] = MACHINE["States"]


def test_it_has_exactly_the_states_of_the_contract() -> None:
    assert set(STATES) == {state.value for state in State}
    assert MACHINE["StartAt"] == "TransformEvent"
    assert MACHINE["QueryLanguage"] == "JSONata"


@pytest.mark.parametrize(
    ("state", "type"),
    [
        ("TransformEvent", "Pass"),
        ("Run", "Task"),
        ("CheckStatus", "Choice"),
        ("Wait", "Wait"),
        ("UnknownError", "Fail"),
        ("UnknownStatus", "Fail"),
        ("Error", "Fail"),
        ("Done", "Succeed"),
        ("Aborted", "Succeed"),
    ],
)
def test_each_state_has_its_type(state: str, type: str) -> None:
    assert STATES[state]["Type"] == type


def test_the_loop_is_run_check_wait_run() -> None:
    assert STATES["TransformEvent"]["Next"] == "Run"
    assert STATES["Run"]["Next"] == "CheckStatus"
    assert [choice["Next"] for choice in STATES["CheckStatus"]["Choices"]] == [
        "Wait",
        "Run",
        "Done",
        "Error",
        "Aborted",
    ]
    assert STATES["CheckStatus"]["Default"] == "UnknownStatus"
    assert STATES["Wait"]["Next"] == "Run"


def test_an_iteration_takes_two_transitions_and_three_with_a_wait() -> None:
    assert _path_back_to_run("Run") == ["Run", "CheckStatus"]
    assert _path_back_to_run("Wait") == ["Run", "CheckStatus", "Wait"]


def test_the_state_machine_has_no_time_limit_of_its_own() -> None:
    assert "TimeoutSeconds" not in MACHINE


class TestRun:
    def test_it_invokes_the_worker_by_the_lambda_integration(self) -> None:
        assert STATES["Run"]["Resource"] == "arn:aws:states:::lambda:invoke"
        assert STATES["Run"]["Arguments"]["FunctionName"] == WORKER

    def test_it_invokes_the_worker_of_the_task_where_definitions_name_others(self) -> None:
        large = WORKER.replace("worker", "worker-large")
        choice = WorkerChoice(ids={"large": ("exportUsers",)}, takes_over=("large",))

        machine: Any = definition(worker_arn=WORKER, others={"large": large}, choice=choice)

        arguments = machine["States"]["Run"].pop("Arguments")
        assert arguments["FunctionName"] == jsonata.worker_function(
            WORKER, of_ids={large: ("exportUsers",)}, moved={"large": large}
        )
        assert arguments["Payload"] == STATES["Run"]["Arguments"]["Payload"]
        rest = {**MACHINE["States"]["Run"]}
        del rest["Arguments"]
        assert machine["States"]["Run"] == rest
        assert {**machine["States"], "Run": None} == {**STATES, "Run": None}

    def test_workers_that_no_definition_names_change_nothing(self) -> None:
        others = {"large": WORKER.replace("worker", "worker-large")}

        assert definition(worker_arn=WORKER, others=others) == MACHINE

    def test_it_waits_a_little_longer_than_the_worker_may_take(self) -> None:
        assert STATES["Run"]["TimeoutSeconds"] == RUN_TIMEOUT_SECONDS > 900

    def test_an_error_after_the_last_retry_leads_to_unknown_error(self) -> None:
        (catcher,) = STATES["Run"]["Catch"]

        assert catcher["ErrorEquals"] == ["States.ALL"]
        assert catcher["Next"] == "UnknownError"

    @pytest.mark.parametrize(
        "errors",
        [
            {
                "Lambda.ServiceException",
                "Lambda.AWSLambdaException",
                "Lambda.SdkClientException",
                STORE_UNAVAILABLE,
                DEFINITION_UNAVAILABLE,
                OVERTAKEN,
            },
            {"Lambda.TooManyRequestsException"},
            {
                "Sandbox.Timedout",
                "Runtime.OutOfMemory",
                "Runtime.ExitError",
                "Lambda.Unknown",
                "States.Timeout",
            },
        ],
    )
    def test_faults_throttling_and_crashes_are_retried_each_in_its_way(
        self, errors: set[str]
    ) -> None:
        (retrier,) = [
            retrier for retrier in STATES["Run"]["Retry"] if errors <= set(retrier["ErrorEquals"])
        ]

        assert retrier["JitterStrategy"] == "FULL"
        assert retrier["BackoffRate"] == 2
        assert retrier["IntervalSeconds"] < retrier["MaxDelaySeconds"]

    def test_each_error_is_in_one_retrier_only(self) -> None:
        named = [error for retrier in STATES["Run"]["Retry"] for error in retrier["ErrorEquals"]]

        assert len(named) == len(set(named))

    def test_an_unavailable_service_is_retried_for_more_than_three_hours(self) -> None:
        assert _average_seconds(retry_of_an_unavailable_service()) > 3 * 60 * 60

    def test_a_throttled_worker_is_retried_for_more_than_an_hour(self) -> None:
        assert _average_seconds(retry_of_a_throttled_worker()) > 60 * 60

    def test_a_dead_worker_is_retried_three_times(self) -> None:
        assert retry_of_a_dead_worker().attempts == 3

    def test_an_exception_of_the_tasks_code_is_not_retried(self) -> None:
        named = {error for retrier in STATES["Run"]["Retry"] for error in retrier["ErrorEquals"]}

        assert named.isdisjoint(
            {"States.ALL", "States.TaskFailed", "Exception", "Runtime.ImportModuleError"}
        )


def test_every_expression_is_enclosed_in_percent_braces() -> None:
    expressions = [text for text in _texts(MACHINE) if "{%" in text or "%}" in text]

    assert len(expressions) == 15
    assert all(re.fullmatch(r"\{% .* %\}", text, re.DOTALL) for text in expressions)


def _path_back_to_run(first_choice: str) -> list[str]:
    path = ["Run", STATES["Run"]["Next"]]
    while first_choice != "Run":
        path.append(first_choice)
        first_choice = STATES[first_choice]["Next"]
    return path


def _average_seconds(retrier: Retrier) -> float:
    waits = (
        min(retrier.first_wait_seconds * 2.0**attempt, retrier.longest_wait_seconds)
        for attempt in range(retrier.attempts)
    )
    return sum(waits) / 2  # full jitter picks a random wait from zero up to this


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for child in value.values() for text in _texts(child)]
    if isinstance(value, list):
        return [text for child in value for text in _texts(child)]
    return [value] if isinstance(value, str) else []
