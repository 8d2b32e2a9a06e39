"""What the page is told of a task's executions, and what it is not."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from console.executions import PAGE, Executions, owner_of, shown_event
from console.stack import Source, Stack
from handler.contract import LAMBDA_SERVICE_ERRORS
from handler.errors import InvalidInput, NotFound
from handler.record import TaskRecord
from handler.testing import ManualClock
from tests.handler.stack import refusal

# As a local AWS has answered, of a task whose process ended itself twice.
CRASHED = json.loads((Path(__file__).parent / "histories" / "crashed.json").read_text())
TASK = json.loads(CRASHED["execution"]["input"])["detail"]["webinyTaskId"]
NAME = CRASHED["execution"]["name"]
MACHINE = CRASHED["execution"]["stateMachineArn"]
ARN = CRASHED["execution"]["executionArn"]


def event(given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "timestamp": datetime.fromisoformat(given["timestamp"])}


EVENTS = [event(each) for each in CRASHED["history"]["events"]]


@dataclass
class Fake:
    """A stack whose API and whose Step Functions answer what the test says."""

    tenant: str = "root"
    input: str = CRASHED["execution"]["input"]
    outputs: dict[str, Any] = field(default_factory=lambda: {"stateMachineArn": MACHINE})
    error: Exception | None = None
    is_hidden: bool = False
    asked_for: str | None = None
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def client(self, tenant: str | None) -> "Fake":
        return replace(self, asked_for=tenant)  # it keeps what it is asked in the same list

    def get(self, id: str) -> TaskRecord:
        self.calls.append(("api", {"tenant": self.asked_for}))
        if self.is_hidden:
            raise NotFound(f'Task "{id}" was not found!')
        return TaskRecord(
            id=id,
            definition_id="reindex",
            name="Reindex",
            tenant=self.tenant,
            created_on=datetime.fromisoformat("2030-01-01T00:00:00+00:00"),
        )

    def aws(self, service: str) -> "Fake":
        assert service == "stepfunctions"
        return self

    def describe_execution(self, **request: Any) -> dict[str, Any]:
        self.calls.append(("describe_execution", request))
        if self.error:
            raise self.error
        return {"input": self.input}

    def get_execution_history(self, **request: Any) -> dict[str, Any]:
        self.calls.append(("get_execution_history", request))
        return {"events": EVENTS, "nextToken": "older"}

    def asked(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name == operation]


def executions_of(fake: Fake, clock: ManualClock | None = None) -> Executions:
    return Executions(Stack(lambda: cast("Source", fake), clock=clock or ManualClock()))


def page(fake: Fake, *, task: str = TASK, name: str = NAME, after: str | None = None) -> Any:
    return executions_of(fake).page(task, name, tenant=None, after=after)


def texts_in(value: object) -> Iterable[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from texts_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_in(each)
    elif isinstance(value, str):
        yield value


class TestEvents:
    def test_they_come_newest_first_a_page_at_a_time(self) -> None:
        fake = Fake()
        found = page(fake)

        [request] = fake.asked("get_execution_history")
        assert request == {
            "executionArn": ARN,
            "reverseOrder": True,
            "maxResults": PAGE,
            "includeExecutionData": False,
        }
        assert [each["id"] for each in found["events"]] == list(range(len(EVENTS), 0, -1))
        assert found["next"] == "older"
        assert found["missing"] is None

    def test_the_next_page_goes_on_where_the_one_before_has_ended(self) -> None:
        fake = Fake()
        page(fake, after="older")

        [request] = fake.asked("get_execution_history")
        assert request["nextToken"] == "older"

    def test_nothing_of_what_went_in_or_out_of_a_state_is_shown(self) -> None:
        assert any("output" in str(each) for each in EVENTS), "the history has some"
        shown = [shown_event(each) for each in EVENTS]

        assert {"input", "output", "parameters"}.isdisjoint(texts_in(shown))
        assert not any("webinyTaskId" in text for text in texts_in(shown))

    def test_the_answer_of_a_task_that_failed_is_not_shown(self) -> None:
        details = {"error": "NO_FILE", "cause": '{"message": "a secret"}'}
        failed = event(
            {
                "id": 9,
                "timestamp": "2030-01-01T00:00:00+00:00",
                "type": "ExecutionFailed",
                "executionFailedEventDetails": details,
            }
        )

        assert shown_event(failed) == {
            "id": 9,
            "at": "2030-01-01T00:00:00.000Z",
            "type": "ExecutionFailed",
            "error": "NO_FILE",
        }

    def test_a_dead_worker_has_its_class_and_its_cause(self) -> None:
        died = [shown_event(each) for each in EVENTS if each["type"] == "TaskFailed"]

        assert [each["failure"] for each in died] == ["killed", "killed"]
        assert all(each["error"] == "Runtime.ExitError" for each in died)
        assert all("exit status 3" in each["cause"] for each in died)

    @pytest.mark.parametrize(
        ("error", "cause", "failure"),
        [
            ("Sandbox.Timedout", "", "timeout"),
            ("States.Timeout", "", "timeout"),
            ("Runtime.OutOfMemory", "", "outOfMemory"),
            ("Runtime.ExitError", "signal: killed", "outOfMemory"),
            ("Lambda.Unknown", "", "killed"),
            ("Lambda.TooManyRequestsException", "", "throttled"),
            ("StoreUnavailable", "", "storeUnavailable"),
            ("DefinitionUnavailable", "", "definitionUnavailable"),
            ("Overtaken", "", "overtaken"),
            *((error, "", "lambdaFailed") for error in LAMBDA_SERVICE_ERRORS),
        ],
    )
    def test_each_failure_has_its_class(self, error: str, cause: str, failure: str) -> None:
        failed = event(
            {
                "id": 1,
                "timestamp": "2030-01-01T00:00:00+00:00",
                "type": "TaskFailed",
                "taskFailedEventDetails": {"error": error, "cause": cause},
            }
        )

        shown = shown_event(failed)
        assert shown["failure"] == failure
        assert shown["why"]

    def test_a_state_whose_time_is_over_has_timed_out(self) -> None:
        timed_out = event(
            {
                "id": 1,
                "timestamp": "2030-01-01T00:00:00+00:00",
                "type": "TaskTimedOut",
                "taskTimedOutEventDetails": {"resourceType": "lambda"},
            }
        )

        assert shown_event(timed_out)["failure"] == "timeout"


class TestWhoMaySeeThem:
    def test_a_task_that_the_api_does_not_show_has_no_executions(self) -> None:
        fake = Fake(is_hidden=True)

        with pytest.raises(NotFound):
            page(fake)
        assert [name for name, _ in fake.calls] == ["api"]

    def test_the_execution_of_another_task_is_not_shown(self) -> None:
        fake = Fake()

        with pytest.raises(NotFound, match="has no execution"):
            page(fake, task="another")
        assert not fake.asked("get_execution_history")

    def test_the_execution_of_another_tenants_task_is_not_shown(self) -> None:
        """Two tenants may have had a task of one id, the one after the other."""
        fake = Fake(tenant="another")

        with pytest.raises(NotFound, match="has no execution"):
            page(fake)
        assert not fake.asked("get_execution_history")

    @pytest.mark.parametrize("name", ["", "a:b", "a b", "../x", "x" * 81, "a\n"])
    def test_a_name_can_not_lead_to_another_arn(self, name: str) -> None:
        fake = Fake()

        with pytest.raises(InvalidInput):
            page(fake, name=name)
        assert fake.calls == []

    def test_the_api_and_the_execution_are_asked_once_in_five_minutes(self) -> None:
        fake, clock = Fake(), ManualClock()
        executions = executions_of(fake, clock)
        for _ in range(3):
            executions.page(TASK, NAME, tenant=None, after=None)
        assert [len(fake.asked(name)) for name in ("api", "describe_execution")] == [1, 1]

        clock.advance(timedelta(minutes=5, seconds=1).total_seconds())
        executions.page(TASK, NAME, tenant=None, after=None)
        assert [len(fake.asked(name)) for name in ("api", "describe_execution")] == [2, 1]

    def test_another_thread_may_forget_whose_they_are_in_the_middle(self) -> None:
        class Forgetful(dict[str, Any]):
            def __setitem__(self, key: str, value: Any) -> None:
                """It is gone by the time that it is asked for."""

        executions = replace(executions_of(Fake()), _whose=Forgetful())

        assert executions.page(TASK, NAME, tenant=None, after=None)["next"] == "older"

    def test_what_one_tenant_may_see_is_not_known_of_another(self) -> None:
        fake = Fake()
        executions = executions_of(fake)
        executions.page(TASK, NAME, tenant="root", after=None)
        executions.page(TASK, NAME, tenant="other", after=None)

        assert [request["tenant"] for request in fake.asked("api")] == ["root", "other"]

    def test_an_event_by_hand_is_its_tasks_name(self) -> None:
        by_hand = json.dumps({"id": "event-1", "detail": {"webinyTaskDefinitionId": "reindex"}})

        assert owner_of(by_hand) == (frozenset({"event-1"}), "root")

    @pytest.mark.parametrize("text", [None, "", "[]", "{", '{"detail": 3}'])
    def test_what_is_no_event_is_nobodys(self, text: str | None) -> None:
        assert owner_of(text) == (frozenset(), "root")


class TestWhatIsMissing:
    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (refusal("ExecutionDoesNotExist"), "90 days"),
            (refusal("AccessDeniedException"), "states:GetExecutionHistory"),
            (NoCredentialsError(), "log in to AWS"),
        ],
    )
    def test_it_is_said_in_words(self, error: Exception, words: str) -> None:
        found = page(Fake(error=error))

        assert found["events"] == []
        assert words in found["missing"]

    def test_so_is_an_output_that_the_stack_lacks(self) -> None:
        assert "stateMachineArn" in page(Fake(outputs={}))["missing"]

    def test_what_passes_is_raised(self) -> None:
        with pytest.raises(ClientError):
            page(Fake(error=refusal("ThrottlingException")))


def test_the_fake_takes_what_boto3_takes() -> None:
    """Its requests have the names that the service knows."""
    from handler.testing.aws import aws_client

    client = aws_client("stepfunctions")
    known: Callable[[str], Any] = client.meta.service_model.operation_model
    shape = known("GetExecutionHistory").input_shape.members
    fake = Fake()
    page(fake, after="older")
    [request] = fake.asked("get_execution_history")
    assert request.keys() <= shape.keys()
