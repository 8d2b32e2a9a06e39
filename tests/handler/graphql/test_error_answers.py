"""What a caller hears of an error: words of its own request's, and of nothing else a code."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from handler import Context, Done, TriggerRequest, task
from handler.errors import BackgroundTaskError, InvalidInput, Refused, StoreError, StoreUnavailable
from handler.record.task_log import LogLine, TaskLog
from tests.handler.graphql.client import ABORT_TASK, GET_TASK, LIST_TASKS, TRIGGER_TASK, Api
from tests.handler.stack import Stack, refusal

SECRETS = ("arn:aws", "123456789012", "tasks-table", "Traceback", "division")
DENIED = (
    "User: arn:aws:sts::123456789012:assumed-role/api/f is not authorized to perform:"
    " dynamodb:GetItem on resource: arn:aws:dynamodb:us-east-1:123456789012:table/tasks-table"
)
WHERE_TO_LOOK = 'Next: look for the id "WkA1yjp5FiAEP8B=" in the log of the API.'


def denied() -> Exception:
    error = refusal("AccessDeniedException")
    error.response["Error"]["Message"] = DENIED
    error.args = (DENIED,)
    return error


def asked(api: Api, document: str, **variables: object) -> Any:
    return json.loads(
        api.send({"query": document, "variables": variables}, event="http_api_jwt")["body"]
    )


def is_quiet(answer: object) -> bool:
    text = json.dumps(answer)
    return not any(secret in text for secret in SECRETS)


class TestEnvelope:
    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (denied, "STORE_ERROR"),
            (lambda: ZeroDivisionError("division by zero"), "INTERNAL_ERROR"),
            (lambda: StoreUnavailable(DENIED), "STORE_UNAVAILABLE"),
            (lambda: SystemExit(DENIED), "INTERNAL_ERROR"),
        ],
    )
    @pytest.mark.parametrize("document", [GET_TASK, ABORT_TASK, LIST_TASKS, TRIGGER_TASK])
    def test_an_error_that_is_not_the_requests_is_a_code_and_an_id_that_the_log_explains(
        self,
        stack: Stack,
        api: Api,
        caplog: pytest.LogCaptureFixture,
        document: str,
        error: Callable[[], BaseException],
        code: str,
    ) -> None:
        def fail(operation: str, request: object) -> None:
            raise error()

        stack.dynamodb.interference = fail

        answer = asked(api, document, id="t1", definition="testingRun")

        (envelope,) = answer["data"]["backgroundTasks"].values()
        assert envelope["error"]["code"] == code
        assert envelope["error"]["message"].endswith(WHERE_TO_LOOK)
        assert envelope["error"]["stack"] is None
        assert is_quiet(answer)
        (line,) = (line for line in caplog.records if line.levelname == "ERROR")
        assert (vars(line)["request_id"], vars(line)["code"]) == ("WkA1yjp5FiAEP8B=", code)
        assert str(error()) in line.message
        assert "Traceback" in line.message

    def test_an_event_that_cannot_be_sent_names_its_task_and_not_the_bus(
        self, stack: Stack, api: Api
    ) -> None:
        stack.events.fail(denied())

        answer = asked(api, TRIGGER_TASK, definition="testingRun")

        error = answer["data"]["backgroundTasks"]["triggerTask"]["error"]
        assert error["code"] == "TRIGGER_TASK_ERROR"
        assert "The task is stored as failed." in error["message"]
        assert stack.get(error["data"]["id"]).has_failed
        assert is_quiet(answer)

    @pytest.mark.parametrize(
        ("error", "code", "words"),
        [
            (Refused("Not at night.", code="AT_NIGHT"), "AT_NIGHT", True),
            (InvalidInput("No."), "VALIDATION_FAILED_INVALID_FIELDS", True),
            (BackgroundTaskError("Not today.", code="TODAY"), "TODAY", True),
            (ValueError("Not like this."), "ValueError", True),
            (StoreError(DENIED), "STORE_ERROR", False),
            (denied(), "INTERNAL_ERROR", False),
        ],
    )
    def test_a_veto_is_told_in_the_authors_words_and_a_failed_request_of_its_hook_is_not(
        self, stack: Stack, api: Api, error: Exception, code: str, words: bool
    ) -> None:
        @task(id="testingRun")
        def vetoed(context: Context) -> Done:
            return Done()

        @vetoed.on_before_trigger
        def veto(request: TriggerRequest) -> TriggerRequest:
            raise error

        stack.definitions = (vetoed,)

        answer = asked(api, TRIGGER_TASK, definition="testingRun")

        told = answer["data"]["backgroundTasks"]["triggerTask"]["error"]
        assert told["code"] == code
        assert told["message"].endswith(str(error)) is words
        assert is_quiet(answer)

    @pytest.mark.parametrize(
        "error",
        [
            lambda: RuntimeError(f"Could not look it up: {DENIED}"),
            lambda: Refused(f"Could not look it up: {DENIED}", code="arn:aws:iam::123456789012:x"),
            lambda: BackgroundTaskError(
                "Could not look it up: (an ARN)", data={"arn:aws:s3:::x": [{"why": DENIED}, 7]}
            ),
        ],
    )
    def test_the_words_of_a_veto_are_told_without_the_arns_among_them(
        self, stack: Stack, api: Api, error: Callable[[], Exception]
    ) -> None:
        @task(id="testingRun")
        def vetoed(context: Context) -> Done:
            return Done()

        @vetoed.on_before_trigger
        def veto(request: TriggerRequest) -> TriggerRequest:
            raise error()

        stack.definitions = (vetoed,)

        answer = asked(api, TRIGGER_TASK, definition="testingRun")

        told = answer["data"]["backgroundTasks"]["triggerTask"]["error"]
        assert told["message"].startswith("Could not look it up: ")
        assert "(an ARN)" in told["message"]
        assert is_quiet(answer)

    def test_the_words_of_an_inputs_model_are_told_without_the_arns_among_them(
        self, stack: Stack, api: Api
    ) -> None:
        class Checked(BaseModel):
            name: str

            @field_validator("name")
            @classmethod
            def check(cls, name: str) -> str:
                raise ValueError(DENIED)

        @task(id="testingRun")
        def run(context: Context, input: Checked) -> Done:
            return Done()

        stack.definitions = (run,)

        answer = asked(api, TRIGGER_TASK, definition="testingRun", input={"name": "x"})

        told = answer["data"]["backgroundTasks"]["triggerTask"]["error"]
        assert told["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
        assert "(an ARN)" in json.dumps(told)
        assert is_quiet(answer)


class TestOutsideOfTheEnvelope:
    @pytest.mark.parametrize(
        "document",
        [
            '{ backgroundTasks { getTask(id: "t1") { data { logs { iteration } } } } }',
            "{ backgroundTasks { listTasks(limit: 1) { meta { totalCount } } } }",
            """{ backgroundTasks {
                listLogs(where: {task: "t1"}, limit: 1) { meta { totalCount } }
            } }""",
        ],
    )
    def test_a_field_that_fails_is_a_code_and_an_id_that_the_log_explains(
        self, stack: Stack, api: Api, caplog: pytest.LogCaptureFixture, document: str
    ) -> None:
        task = stack.create(id="t1", tenant="acme")
        stack.create(tenant="acme")
        for iteration in (1, 2):
            line = LogLine(message="m", created_on=task.created_on)
            log = TaskLog.of(task.model_copy(update={"iterations": iteration}), [line])
            stack.store.logs.append(log)

        def fail(operation: str, request: dict[str, Any]) -> None:
            is_count = request.get("Select") == "COUNT"
            if is_count or (operation == "query" and "IndexName" not in request):
                calls.append(operation)
                if len(calls) > ("listLogs" in document):
                    raise denied()

        calls: list[str] = []
        stack.dynamodb.interference = fail

        answer = asked(api, document)

        (error,) = answer["errors"]
        assert error["extensions"] == {"code": "STORE_ERROR"}
        assert error["message"].endswith(WHERE_TO_LOOK)
        assert is_quiet(answer)
        assert DENIED in caplog.text

    def test_a_field_that_is_refused_says_why(self, stack: Stack, api: Api) -> None:
        stack.create(id="t1", tenant="acme")

        answer = asked(
            api,
            '{ backgroundTasks { getTask(id: "t1") { data { logs(limit: "x") { iteration } } } } }',
        )

        (error,) = answer["errors"]
        assert error["message"] == "limit is 'x'; it takes a number."
        assert error["extensions"] == {"code": "VALIDATION_FAILED_INVALID_FIELDS"}

    @pytest.mark.parametrize("value", ["yesterday", 5, True, {}, "x" * 5_000])
    def test_a_date_that_is_none_is_refused_in_words(self, api: Api, value: object) -> None:
        answer = asked(api, LIST_TASKS, where={"createdOn": value})

        (error,) = answer["errors"]
        assert "is no date; it takes ISO 8601" in error["message"]


class TestTheEntry:
    def test_whatever_fails_around_the_schema_is_an_answer_of_500(
        self, api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError(DENIED)

        monkeypatch.setattr("handler.api.system", fail)

        answer = api.send({"query": "{ __typename }"}, event="http_api_jwt")

        assert answer["statusCode"] == 500
        (error,) = json.loads(answer["body"])["errors"]
        assert error["extensions"] == {"code": "INTERNAL_ERROR"}
        assert error["message"].endswith(WHERE_TO_LOOK)
        assert is_quiet(answer)
        assert DENIED in caplog.text

    def test_an_event_without_a_request_id_is_found_by_the_lambdas_own(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("handler.api.system", lambda *_, **__: 1 / 0)

        answer = api.call({"body": '{"query": "{ __typename }"}'})

        assert 'the id "request-1"' in answer["body"].replace("\\", "")
