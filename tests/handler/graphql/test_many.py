"""`triggerTasks`: many inputs in one request, told one by one."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handler import Context, Done, TriggerRequest, api, task
from handler.contract import Status
from handler.errors import Refused, StoreUnavailable
from tests.handler.graphql.client import Api
from tests.handler.stack import RefusingBus, Stack, event_file, refusal

TRIGGER_TASKS = """mutation TriggerTasks(
    $definition: WebinyBackgroundTaskDefinitionEnum!,
    $inputs: [JSON!]!,
    $name: String,
    $delay: Number,
    $timeout: Number,
    $expiresAfter: Number,
    $priority: Number,
    $idempotencyKey: String
) {
    backgroundTasks {
        triggerTasks(
            definition: $definition, inputs: $inputs, name: $name, delay: $delay,
            timeout: $timeout, expiresAfter: $expiresAfter, priority: $priority,
            idempotencyKey: $idempotencyKey
        ) {
            data { task { id input name } error { message code data stack } }
            error { message code data }
        }
    }
}"""


def sizes(count: int) -> list[dict[str, int]]:
    return [{"size": size} for size in range(1, count + 1)]


def triggered(api: Api, inputs: Any, **more: Any) -> Any:
    return api.data(TRIGGER_TASKS, definition="exportUsers", inputs=inputs, **more)


def audit_line(caplog: pytest.LogCaptureFixture) -> Any:
    (line,) = (line for line in caplog.records if getattr(line, "action", "") == "audit")
    return vars(line)


class TestEntries:
    def test_there_is_one_for_each_input_in_order(self, stack: Stack, api: Api) -> None:
        entries = triggered(
            api,
            [{"size": 1}, {"size": "big"}, 5, {"size": 4}],
            name="Tonight",
            delay=60,
            timeout=3_600,
            expiresAfter=600,
            priority=9,
        )

        made = [entry["task"] for entry in entries]
        assert [bool(task) for task in made] == [True, False, False, True]
        assert [made[0]["input"], made[3]["input"]] == [{"size": 1}, {"size": 4}]
        record = stack.get(made[3]["id"])
        assert (record.name, record.delay, record.priority) == ("Tonight", 60, 9)
        assert f"{record.deadline:%H:%M} {record.start_by:%H:%M}" == "01:00 00:10"
        assert record.created_by.display_name == "jane"
        assert entries[0]["error"] is None
        assert entries[1]["error"]["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
        assert set(entries[1]["error"]["data"]["invalidFields"]) == {"size"}
        assert entries[2]["error"]["message"] == (
            'Validation failed. The input of task "exportUsers" is 5; it takes an'
            " object, such as {}."
        )
        assert stack.tasks.count() == 2

    def test_each_error_is_that_of_a_trigger_of_its_own(self, stack: Stack, api: Api) -> None:
        @task(id="exportUsers")
        def vetoed(context: Context, input: dict[str, str]) -> Done:
            return Done()

        @vetoed.on_before_trigger
        def veto(request: TriggerRequest) -> None:
            match request.input["as"]:
                case "refused":
                    raise Refused("Not at night.", code="AT_NIGHT", data={"hour": 3})
                case "value":
                    raise ValueError("Too late.")
                case "exit":
                    raise SystemExit("Gone.")
                case "aws":
                    raise refusal("AccessDenied", operation="PutItem")

        stack.definitions = (vetoed,)
        kinds = ["refused", "value", "exit", "aws", "fine"]

        entries = triggered(api, [{"as": kind} for kind in kinds])

        for kind, entry in zip(kinds, entries, strict=True):
            (alone,) = api.ask(
                """mutation ($input: JSON) { backgroundTasks {
                    triggerTask(definition: exportUsers, input: $input) {
                        error { message code data stack }
                    }
                } }""",
                input={"as": kind},
            )["data"]["backgroundTasks"].values()
            assert entry["error"] == alone["error"], kind

    def test_a_veto_is_logged_as_that_of_one_task_is(
        self, stack: Stack, api: Api, caplog: pytest.LogCaptureFixture
    ) -> None:
        @task(id="exportUsers")
        def vetoed(context: Context) -> Done:
            return Done()

        @vetoed.on_before_trigger
        def veto(request: TriggerRequest) -> None:
            raise ValueError("no amounts")

        stack.definitions = (vetoed,)

        triggered(api, [{}])

        (line,) = (line for line in caplog.records if line.levelname == "WARNING")
        assert line.message.startswith('on_before_trigger of "exportUsers" vetoed a trigger: ')

    def test_a_task_whose_event_was_not_taken_is_named_in_its_error(
        self, stack: Stack, api: Api
    ) -> None:
        stack.events.stands_for(RefusingBus(lambda task_id: stack.get(task_id).input["size"] == 2))

        entries = triggered(api, sizes(3))

        assert [bool(entry["task"]) for entry in entries] == [True, False, True]
        error = entries[1]["error"]
        assert error["code"] == "TRIGGER_TASK_ERROR"
        assert stack.get(error["data"]["id"]).status is Status.FAILED

    def test_no_inputs_are_no_entries(self, api: Api) -> None:
        assert triggered(api, []) == []

    def test_a_private_or_an_unknown_definition_is_refused_with_the_list_of_public_ones(
        self, stack: Stack, api: Api
    ) -> None:
        for definition in ("cleanUp", "nothing"):
            answer = api.ask(TRIGGER_TASKS, definition=definition, inputs=[{}])

            assert (
                "can be triggered are: testingRun, exportUsers." in answer["errors"][0]["message"]
            )
        assert stack.rows() == []

    def test_the_tasks_are_the_callers_tenants(self, stack: Stack, api: Api) -> None:
        (entry,) = api.data(
            TRIGGER_TASKS, event="http_api_jwt", definition="exportUsers", inputs=[{}]
        )

        assert stack.get(entry["task"]["id"]).tenant == "acme"


class TestRequests:
    @pytest.mark.slow
    def test_1000_inputs_are_a_write_each_and_100_requests_to_the_bus(
        self, stack: Stack, api: Api
    ) -> None:
        entries = triggered(api, sizes(1_000))

        assert len({entry["task"]["id"] for entry in entries}) == 1_000
        assert len(stack.dynamodb.calls) == 1_000
        assert stack.events.calls == ["put_events"] * 100

    @pytest.mark.slow
    def test_to_repeat_them_with_their_key_is_ten_reads_and_no_write(
        self, stack: Stack, api: Api
    ) -> None:
        first = triggered(api, sizes(1_000), idempotencyKey="night")
        stack.dynamodb.requests.clear()

        again = triggered(api, sizes(1_000), idempotencyKey="night")

        assert again == first
        assert stack.dynamodb.calls == ["batch_get_item"] * 10

    @pytest.mark.parametrize("counts", [(1_001,), (600, 401)])
    def test_more_than_1000_of_a_request_are_refused_before_any_request(
        self, stack: Stack, api: Api, counts: tuple[int, ...]
    ) -> None:
        field = "triggerTasks(definition: exportUsers, inputs: $i%s) { error { code } }"
        fields = " ".join(f"a{n}: {field % n}" for n, _ in enumerate(counts))
        declared = ", ".join(f"$i{n}: [JSON!]!" for n, _ in enumerate(counts))
        inputs = {f"i{n}": sizes(count) for n, count in enumerate(counts)}
        document = f"mutation ({declared}) {{ backgroundTasks {{ {fields} }} }}"

        (error,) = api.ask(document, **inputs)["errors"]  # type: ignore[arg-type]

        assert error["extensions"]["code"] == "REQUEST_TOO_LARGE"
        assert error["message"].startswith(
            "The request has 1,001 inputs of triggerTasks; it may have 1,000."
        )
        assert "Next: " in error["message"]
        assert stack.dynamodb.calls == stack.events.calls == []

    def test_those_of_a_batch_are_counted_together(self, stack: Stack, api: Api) -> None:
        variables = {"definition": "exportUsers", "inputs": sizes(600)}
        sent = {"query": TRIGGER_TASKS, "variables": variables}

        first, second = json.loads(api.send([sent, sent])["body"])

        assert len(first["data"]["backgroundTasks"]["triggerTasks"]["data"]) == 600
        assert second["errors"][0]["extensions"]["code"] == "REQUEST_TOO_LARGE"
        assert stack.tasks.count() == 600

    def test_literals_are_counted_too(self, stack: Stack, api: Api) -> None:
        field = "triggerTasks(definition: exportUsers, inputs: [%s]) { error { code } }"
        document = f"mutation {{ backgroundTasks {{ {field % ('{}' * 1_001)} }} }}"

        (error,) = api.ask(document)["errors"]

        assert error["extensions"]["code"] == "REQUEST_TOO_LARGE"

    def test_an_outage_is_told_once_in_the_log_and_in_each_entry(
        self, stack: Stack, api: Api, caplog: pytest.LogCaptureFixture
    ) -> None:
        stack.dynamodb.fail(StoreUnavailable("for as long as there was time"))

        entries = triggered(api, sizes(500))

        assert {entry["error"]["code"] for entry in entries} == {"STORE_UNAVAILABLE"}
        assert len(entries) == 500
        errors = [line for line in caplog.records if line.levelname == "ERROR"]
        assert len(errors) == 1

    def test_an_error_of_the_bus_is_no_fault_of_the_request(self, stack: Stack, api: Api) -> None:
        stack.events.fail(
            ClientError({"Error": {"Code": "AccessDenied", "Message": "arn:aws:iam::1:role/x"}}, "")
        )

        entries = triggered(api, sizes(2))

        assert "arn:" not in json.dumps(entries)
        assert {entry["error"]["code"] for entry in entries} == {"TRIGGER_TASK_ERROR"}


class TestTime:
    def test_when_the_lambda_has_no_time_left_those_that_are_left_are_told_so(
        self, stack: Stack, api: Api
    ) -> None:
        entries = self.asked(stack, seconds_per_input=1.0)
        again = self.asked(stack, seconds_per_input=0.1)

        codes = [(entry["error"] or {}).get("code") for entry in entries]
        made = codes.index("NOT_TRIED")
        assert 0 < made < 30
        assert codes == [None] * made + ["NOT_TRIED"] * (30 - made)
        assert (
            "Next: send the request once more, with the same idempotencyKey"
            in (entries[-1]["error"]["message"])
        )
        assert [entry["task"] for entry in again[:made]] == [
            entry["task"] for entry in entries[:made]
        ]
        assert all(entry["task"] for entry in again)
        assert stack.tasks.count() == 30

    @staticmethod
    def asked(stack: Stack, *, seconds_per_input: float) -> Any:
        """The entries of 30 inputs, for a Lambda with 30 seconds."""
        spent = 0.0
        context: Any = SimpleNamespace(
            aws_request_id="request-1",
            get_remaining_time_in_millis=lambda: int((30 - spent) * 1_000),
        )

        def spend(operation: str, request: Any) -> None:
            nonlocal spent
            spent += seconds_per_input

        stack.dynamodb.afterwards = spend
        variables = {"definition": "exportUsers", "inputs": sizes(30), "idempotencyKey": "night"}
        body = json.dumps({"query": TRIGGER_TASKS, "variables": variables})
        answer: Any = api.handler(event_file("http_api_iam") | {"body": body}, context)
        stack.dynamodb.afterwards = lambda *_: None
        return json.loads(answer["body"])["data"]["backgroundTasks"]["triggerTasks"]["data"]


class TestAudit:
    def test_a_line_has_the_definition_each_task_and_how_many_were_refused(
        self, api: Api, caplog: pytest.LogCaptureFixture
    ) -> None:
        entries = triggered(api, [{"size": 1}, {"size": 0}, {"size": 3}])

        line = audit_line(caplog)
        assert (line["operation"], line["outcome"]) == ("triggerTasks", "ok")
        assert line["about_definition_id"] == "exportUsers"
        made = [entry["task"]["id"] for entry in entries if entry["task"]]
        assert line["about_task_ids"].split() == made
        assert line["refused"] == "1"

    @pytest.mark.slow
    def test_the_line_of_1000_tasks_is_one_that_cloudwatch_takes(
        self, api: Api, caplog: pytest.LogCaptureFixture
    ) -> None:
        triggered(api, sizes(1_000))

        ids = audit_line(caplog)["about_task_ids"]
        assert len(ids.split()) == 1_000
        assert len(ids) < 64 * 1024

    def test_a_request_that_is_refused_is_logged_with_its_code(
        self, api: Api, caplog: pytest.LogCaptureFixture
    ) -> None:
        api.envelope(TRIGGER_TASKS, definition="exportUsers", inputs=[{}], idempotencyKey="")

        line = audit_line(caplog)
        assert line["outcome"] == "VALIDATION_FAILED_INVALID_FIELDS"
        assert line["about_task_ids"] == ""
