"""The API: Webiny's documents, as its own clients send them, against the Lambda's entry."""

import base64
import json
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, Field

from handler import Context, Continue, Done, TriggerRequest, Verdict, task
from handler.contract import Status
from handler.errors import Refused
from handler.record.task_record import LogLine
from tests.handler.stack import Stack, event_file, refusal

TASK_FIELDS = """
    id
    createdOn
    savedOn
    createdBy { id displayName type }
    name
    definitionId
    parentId
    executionName
    taskStatus
    iterations
    input
    output
    eventResponse
    startedOn
    finishedOn
"""
LOG_FIELDS = """
    id
    createdOn
    createdBy { id displayName type }
    executionName
    iteration
    items { message createdOn type data error }
"""
ERROR_FIELDS = "error { message code data stack }"

GET_TASK = f"""query GetTask($id: ID!) {{
    backgroundTasks {{ getTask(id: $id) {{ data {{ {TASK_FIELDS} logs {{ {LOG_FIELDS} }} }} {ERROR_FIELDS} }} }}
}}"""
LIST_TASKS = f"""query ListTasks(
    $where: WebinyBackgroundTaskListWhereInput, $sort: [WebinyBackgroundTaskListSorter!], $limit: Int, $after: String
) {{
    backgroundTasks {{
        listTasks(where: $where, sort: $sort, limit: $limit, after: $after) {{
            data {{ {TASK_FIELDS} }} meta {{ cursor hasMoreItems totalCount }} {ERROR_FIELDS}
        }}
    }}
}}"""
LIST_DEFINITIONS = f"""query ListDefinitions {{
    backgroundTasks {{ listDefinitions {{ data {{ id title description fields }} {ERROR_FIELDS} }} }}
}}"""
LIST_LOGS = f"""query ListLogs(
    $where: WebinyBackgroundTaskLogListWhereInput, $sort: [WebinyBackgroundTaskLogListSorter!], $limit: Int, $after: String
) {{
    backgroundTasks {{
        listLogs(where: $where, sort: $sort, limit: $limit, after: $after) {{
            data {{ {LOG_FIELDS} task {{ id name }} }} meta {{ cursor hasMoreItems totalCount }} {ERROR_FIELDS}
        }}
    }}
}}"""
TRIGGER_TASK = f"""mutation TriggerTask(
    $definition: WebinyBackgroundTaskDefinitionEnum!, $input: JSON, $name: String, $delay: Number
) {{
    backgroundTasks {{
        triggerTask(definition: $definition, input: $input, name: $name, delay: $delay) {{
            data {{ {TASK_FIELDS} }} {ERROR_FIELDS}
        }}
    }}
}}"""
ABORT_TASK = f"""mutation AbortTask($id: ID!, $message: String) {{
    backgroundTasks {{ abortTask(id: $id, message: $message) {{ data {{ {TASK_FIELDS} }} {ERROR_FIELDS} }} }}
}}"""
DELETE_TASK = f"""mutation DeleteTask($id: ID!) {{
    backgroundTasks {{ deleteTask(id: $id) {{ data {ERROR_FIELDS} }} }}
}}"""


class Input(BaseModel):
    size: int = Field(default=1, ge=1)


@task(id="testingRun", title="A test run")
def testing_run(context: Context) -> Done:
    return Done()


@task(id="exportUsers", title="Export users", description="Exports them all.")
def export_users(context: Context, input: Input) -> Verdict:
    context.log.info("Exported.", rows=3)
    return Done(output={"size": input.size}) if context.task.iterations == 2 else Continue()


@task(id="cleanUp", private=True)
def clean_up(context: Context) -> Done:
    return Done()


class LambdaContext:
    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


class Api:
    """A client of the API's Lambda: its events are those of an HTTP API."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.headers: dict[str, str] = {}

    def send(self, body: object, *, event: str = "http_api_iam", **changes: object) -> Any:
        """The Lambda's whole answer."""
        sent = event_file(event)
        text = body if isinstance(body, str) else json.dumps(body)
        headers = sent["headers"] | self.headers
        return self.module.handler(
            sent | {"headers": headers, "body": text, "isBase64Encoded": False} | changes,
            LambdaContext(),
        )

    def ask(self, query: str, *, event: str = "http_api_iam", **variables: object) -> Any:
        """The answer to a GraphQL document."""
        answer = self.send({"query": query, "variables": variables}, event=event)
        assert answer["statusCode"] == 200
        assert answer["headers"]["content-type"] == "application/json"
        return json.loads(answer["body"])

    def envelope(self, query: str, *, event: str = "http_api_iam", **variables: object) -> Any:
        """What an operation answers: its data and its error."""
        answer = self.ask(query, event=event, **variables)
        assert "errors" not in answer, answer
        (envelope,) = answer["data"]["backgroundTasks"].values()
        return envelope

    def data(self, query: str, *, event: str = "http_api_iam", **variables: object) -> Any:
        """The data of an operation that has no error."""
        envelope = self.envelope(query, event=event, **variables)
        assert envelope["error"] is None
        return envelope["data"]


@pytest.fixture
def api(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    stack.definitions = (testing_run, export_users, clean_up)
    import handler.api

    handler.api._schema.cache_clear()
    yield Api(sys.modules["handler.api"])
    handler.api._schema.cache_clear()


class TestTriggerTask:
    def test_a_task_is_triggered(self, stack: Stack, api: Api) -> None:
        data = api.data(
            TRIGGER_TASK, definition="exportUsers", input={"size": 5}, name="Tonight", delay=60
        )

        record = stack.get(data["id"])
        assert (record.input, record.name, record.delay) == ({"size": 5}, "Tonight", 60)
        assert data == {
            "id": record.id,
            "createdOn": "2030-01-01T00:00:00.000Z",
            "savedOn": "2030-01-01T00:00:00.000Z",
            "createdBy": {
                "id": "arn:aws:sts::123456789012:assumed-role/Developer/jane",
                "displayName": "jane",
                "type": "iam",
            },
            "name": "Tonight",
            "definitionId": "exportUsers",
            "parentId": None,
            "executionName": None,
            "taskStatus": "pending",
            "iterations": 0,
            "input": {"size": 5},
            "output": None,
            "eventResponse": None,
            "startedOn": None,
            "finishedOn": None,
        }
        assert stack.events.calls == ["put_events"]

    def test_only_the_definition_is_needed(self, api: Api) -> None:
        data = api.data(TRIGGER_TASK, definition="testingRun")

        assert (data["name"], data["input"]) == ("A test run", {})

    def test_null_is_what_was_left_out(self, api: Api) -> None:
        data = api.data(TRIGGER_TASK, definition="testingRun", input=None, name=None, delay=None)

        assert (data["name"], data["input"]) == ("A test run", {})

    def test_a_literal_works_like_a_variable(self, api: Api) -> None:
        arguments = "definition: exportUsers, input: {size: 2}, delay: 1.5"
        query = (
            f"mutation {{ backgroundTasks {{ triggerTask({arguments}) {{ data {{ input }} }} }} }}"
        )

        assert api.ask(query)["data"]["backgroundTasks"]["triggerTask"]["data"]["input"] == {
            "size": 2
        }

    def test_an_invalid_input_names_each_field(self, stack: Stack, api: Api) -> None:
        envelope = api.envelope(TRIGGER_TASK, definition="exportUsers", input={"size": "big"})

        assert envelope["data"] is None
        assert envelope["error"]["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
        assert set(envelope["error"]["data"]["invalidFields"]) == {"size"}
        assert stack.rows() == []

    @pytest.mark.parametrize("input", ["text", 5, [1], True])
    def test_an_input_that_is_no_object_is_refused(self, api: Api, input: object) -> None:
        error = api.envelope(TRIGGER_TASK, definition="exportUsers", input=input)["error"]

        assert "it takes an object" in error["message"]

    @pytest.mark.parametrize("delay", [-1, "soon", 30_672_001])
    def test_a_delay_that_is_none_is_refused(self, stack: Stack, api: Api, delay: object) -> None:
        assert api.envelope(TRIGGER_TASK, definition="testingRun", delay=delay)["error"]["message"]
        assert stack.rows() == []

    @pytest.mark.parametrize("definition", ["nothing", "cleanUp"])
    def test_an_unknown_or_private_definition_is_refused_with_those_that_there_are(
        self, stack: Stack, api: Api, definition: str
    ) -> None:
        answer = api.ask(TRIGGER_TASK, definition=definition)
        literal = api.ask(
            f"mutation {{ backgroundTasks {{ triggerTask(definition: {definition}) {{ data {{ id }}"
            " } } }"
        )

        for errors in (answer["errors"], literal["errors"]):
            assert (
                "The definitions that can be triggered are: testingRun, exportUsers."
                in errors[0]["message"]
            )
        assert stack.rows() == []

    def test_a_hook_that_vetoes_is_told(self, stack: Stack, api: Api) -> None:
        @task(id="testingRun")
        def vetoed(context: Context) -> Done:
            return Done()

        @vetoed.on_before_trigger
        def veto(request: TriggerRequest) -> TriggerRequest:
            raise Refused("Not at night.", code="AT_NIGHT", data={"hour": 3})

        stack.definitions = (vetoed,)

        assert api.envelope(TRIGGER_TASK, definition="testingRun")["error"] == {
            "message": "Not at night.",
            "code": "AT_NIGHT",
            "data": {"hour": 3},
            "stack": None,
        }

    def test_any_other_exception_is_told_too(self, stack: Stack, api: Api) -> None:
        stack.dynamodb.interference = lambda operation, request: 1 / 0

        error = api.envelope(TRIGGER_TASK, definition="testingRun")["error"]

        assert (error["message"], error["code"]) == ("division by zero", "ZeroDivisionError")

    def test_a_bus_that_refuses_is_told_and_the_task_is_failed(
        self, stack: Stack, api: Api
    ) -> None:
        stack.events.fail(refusal("InternalFailure"))

        error = api.envelope(TRIGGER_TASK, definition="testingRun")["error"]

        assert error["code"] == "TRIGGER_TASK_ERROR"
        assert stack.get(error["data"]["id"]).status is Status.FAILED


class TestGetTask:
    def test_a_task_is_told_with_its_logs(self, stack: Stack, api: Api) -> None:
        record = stack.tasks.trigger("exportUsers", input={"size": 5})
        for visit in ("a", "b"):
            stack.clock.advance(1)
            stack.run(record, visit=visit)

        data = api.data(GET_TASK, id=record.id)

        assert (data["taskStatus"], data["iterations"], data["output"]) == (
            "success",
            2,
            {"size": 5},
        )
        assert (data["executionName"], data["finishedOn"]) == (
            "execution-1",
            "2030-01-01T00:00:02.000Z",
        )
        assert [log["iteration"] for log in data["logs"]] == [1, 2]
        first, _ = data["logs"]
        assert first["executionName"] == "execution-1"
        assert first["createdBy"] == {"id": "system", "displayName": "System", "type": "system"}
        assert first["items"][0] == {
            "message": "Exported.",
            "createdOn": "2030-01-01T00:00:01.000Z",
            "type": "info",
            "data": {"rows": 3},
            "error": None,
        }

    def test_webinys_ids_may_carry_a_revision(self, stack: Stack, api: Api) -> None:
        record = stack.create()

        assert api.data(GET_TASK, id=f"{record.id}#0001")["id"] == record.id

    def test_a_task_that_does_not_exist_is_an_error(self, api: Api) -> None:
        envelope = api.envelope(GET_TASK, id="nothing")

        assert envelope == {
            "data": None,
            "error": {
                "message": 'Task "nothing" was not found!',
                "code": "NOT_FOUND",
                "data": {"id": "nothing"},
                "stack": None,
            },
        }

    def test_its_progress_and_its_wait_are_told(self, stack: Stack, api: Api) -> None:
        record = stack.create(
            progress={"done": 3, "total": 4}, waiting_until="2030-01-01T00:01:00.000Z"
        )
        query = (
            f'{{ backgroundTasks {{ getTask(id: "{record.id}") {{ data {{ progress waitingUntil }}'
            " } } }"
        )

        data = api.ask(query)["data"]["backgroundTasks"]["getTask"]["data"]

        assert (data["progress"]["done"], data["progress"]["total"]) == (3, 4)
        assert data["waitingUntil"] == "2030-01-01T00:01:00.000Z"

    def test_its_logs_can_be_chosen(self, stack: Stack, api: Api) -> None:
        record = stack.tasks.trigger("exportUsers")
        for visit in ("a", "b"):
            stack.run(record, visit=visit)

        def iterations(arguments: str) -> list[int]:
            query = (
                f'{{ backgroundTasks {{ getTask(id: "{record.id}") {{ data {{ logs{arguments} {{'
                " iteration } } } } }"
            )
            logs = api.ask(query)["data"]["backgroundTasks"]["getTask"]["data"]["logs"]
            return [log["iteration"] for log in logs]

        assert iterations("") == [1, 2]
        assert iterations("(limit: 1)") == [1]
        assert iterations("(sort: [iteration_DESC], limit: 1)") == [2]
        assert iterations("(where: {iteration: 2})") == [2]


class TestListTasks:
    def ids(self, api: Api, **variables: Any) -> list[str]:
        return [found["id"] for found in api.envelope(LIST_TASKS, **variables)["data"]]

    def test_tasks_come_newest_first(self, stack: Stack, api: Api) -> None:
        for id in ("a", "b", "c"):
            stack.create(id=id)
            stack.clock.advance(1)

        assert self.ids(api) == ["c", "b", "a"]
        assert self.ids(api, sort=["createdOn_ASC"]) == ["a", "b", "c"]

    def test_pages_follow_each_other(self, stack: Stack, api: Api) -> None:
        for id in ("a", "b", "c"):
            stack.create(id=id)
            stack.clock.advance(1)

        first = api.envelope(LIST_TASKS, limit=2)
        second = api.envelope(LIST_TASKS, limit=2, after=first["meta"]["cursor"])

        assert [found["id"] for found in first["data"] + second["data"]] == ["c", "b", "a"]
        assert first["meta"]["hasMoreItems"] is True
        assert second["meta"] == {"cursor": None, "hasMoreItems": False, "totalCount": 3}

    @pytest.mark.parametrize(
        ("where", "ids"),
        [
            ({}, "dcba"),
            ({"id": "a"}, "a"),
            ({"id_in": ["a", "c", "nothing"]}, "ca"),
            ({"parentId": "a"}, "b"),
            ({"definitionId": "exportUsers"}, "ca"),
            ({"taskStatus": "success"}, "c"),
            ({"taskStatus_in": ["pending", "running"]}, "db"),
            ({"definitionId": "exportUsers", "taskStatus": "failed"}, "a"),
            ({"createdOn": "2030-01-01T00:00:01.000Z"}, "b"),
            ({"createdOn_gt": "2030-01-01T00:00:01.000Z"}, "dc"),
            ({"createdOn_gte": "2030-01-01T00:00:01.000Z"}, "dcb"),
            ({"createdOn_lt": "2030-01-01T00:00:01.000Z"}, "a"),
            ({"createdOn_lte": "2030-01-01T00:00:01.000Z"}, "ba"),
            (
                {"createdOn_gt": "2030-01-01T00:00:00Z", "createdOn_lt": "2030-01-01T00:00:03Z"},
                "cb",
            ),
            ({"createdOn_gte": "2030-01-01T01:00:02+01:00"}, "dc"),
            ({"createdOn_gte": "2030-01-01T00:00:02"}, "dc"),
        ],
    )
    def test_every_filter_filters(
        self, stack: Stack, api: Api, where: dict[str, Any], ids: str
    ) -> None:
        for id, definition, status, parent in (
            ("a", "exportUsers", Status.FAILED, None),
            ("b", "testingRun", Status.RUNNING, "a"),
            ("c", "exportUsers", Status.SUCCESS, None),
            ("d", "testingRun", Status.PENDING, None),
        ):
            stack.create(id=id, definition_id=definition, status=status, parent_id=parent)
            stack.clock.advance(1)

        envelope = api.envelope(LIST_TASKS, where=where)

        assert "".join(found["id"] for found in envelope["data"]) == ids
        assert envelope["meta"]["totalCount"] == len(ids)

    @pytest.mark.parametrize(
        ("variables", "message"),
        [
            ({"limit": 0}, "limit is 0; it takes 1 to 1000"),
            ({"limit": 1_001}, "limit is 1001"),
            ({"after": "nonsense"}, "is not one of ours"),
            (
                {"where": {"taskStatus": "asleep"}},
                'taskStatus is "asleep"; it takes one of pending, running',
            ),
            ({"sort": ["createdOn_ASC", "createdOn_DESC"]}, "sort has 2 fields; it takes one"),
        ],
    )
    def test_what_is_refused_says_what_is_allowed(
        self, api: Api, variables: dict[str, Any], message: str
    ) -> None:
        envelope = api.envelope(LIST_TASKS, **variables)

        assert message in envelope["error"]["message"]
        assert envelope["data"] is envelope["meta"] is None

    def test_a_count_is_taken_only_where_it_is_asked_for(self, stack: Stack, api: Api) -> None:
        stack.create()
        stack.dynamodb.requests.clear()

        api.ask("{ backgroundTasks { listTasks { data { id } meta { hasMoreItems } } } }")

        assert stack.dynamodb.calls == ["query", "batch_get_item"]


class TestListDefinitions:
    def test_those_that_can_be_triggered_are_told_in_their_order(self, api: Api) -> None:
        assert api.data(LIST_DEFINITIONS) == [
            {"id": "testingRun", "title": "A test run", "description": None, "fields": []},
            {
                "id": "exportUsers",
                "title": "Export users",
                "description": "Exports them all.",
                "fields": [],
            },
        ]

    def test_without_any_the_schema_still_stands(self, stack: Stack, api: Api) -> None:
        stack.definitions = (clean_up,)

        assert api.data(LIST_DEFINITIONS) == []
        assert "errors" in api.ask(TRIGGER_TASK, definition="cleanUp")


class TestListLogs:
    @pytest.fixture
    def task_id(self, stack: Stack) -> str:
        record = stack.create()
        for iteration in (1, 2, 3):
            record = record.model_copy(update={"iterations": iteration})
            stack.store.append(
                record.log(
                    [LogLine(message=f"Iteration {iteration}.", created_on=record.created_on)]
                )
            )
        return record.id

    def iterations(self, envelope: Any) -> list[int]:
        return [log["iteration"] for log in envelope["data"]]

    def test_logs_of_a_task_come_newest_first_with_their_task(self, api: Api, task_id: str) -> None:
        envelope = api.envelope(LIST_LOGS, where={"task": task_id})

        assert self.iterations(envelope) == [3, 2, 1]
        assert envelope["data"][0]["task"] == {"id": task_id, "name": "Some task"}
        assert envelope["meta"] == {"cursor": None, "hasMoreItems": False, "totalCount": 3}

    @pytest.mark.parametrize("sort", ["createdOn_ASC", "iteration_ASC"])
    def test_or_oldest_first(self, api: Api, task_id: str, sort: str) -> None:
        assert self.iterations(api.envelope(LIST_LOGS, where={"task": task_id}, sort=[sort])) == [
            1,
            2,
            3,
        ]

    @pytest.mark.parametrize(
        ("sort", "pages"), [("createdOn_DESC", [[3, 2], [1]]), ("createdOn_ASC", [[1, 2], [3]])]
    )
    def test_pages_follow_each_other(
        self, api: Api, task_id: str, sort: str, pages: list[list[int]]
    ) -> None:
        first = api.envelope(LIST_LOGS, where={"task": task_id}, sort=[sort], limit=2)
        second = api.envelope(
            LIST_LOGS, where={"task": task_id}, sort=[sort], limit=2, after=first["meta"]["cursor"]
        )

        assert [self.iterations(first), self.iterations(second)] == pages
        assert (first["meta"]["hasMoreItems"], second["meta"]["cursor"]) == (True, None)

    def test_one_iteration_can_be_chosen(self, api: Api, task_id: str) -> None:
        assert self.iterations(
            api.envelope(LIST_LOGS, where={"task": task_id, "iteration": 2})
        ) == [2]

    @pytest.mark.parametrize(
        ("variables", "message"),
        [
            ({}, "add where: { task:"),
            ({"where": {}}, "add where: { task:"),
            ({"where": {"task": "nothing"}}, "was not found"),
            ({"where": {"task": "t1"}, "limit": 0}, "limit is 0"),
            ({"where": {"task": "t1"}, "after": "x"}, "is not one of ours"),
        ],
    )
    def test_what_is_refused_says_what_to_do(
        self, stack: Stack, api: Api, variables: dict[str, Any], message: str
    ) -> None:
        stack.create(id="t1")

        assert message in api.envelope(LIST_LOGS, **variables)["error"]["message"]


class TestAbortTask:
    def test_a_task_is_aborted(self, stack: Stack, api: Api) -> None:
        record = stack.create()

        data = api.data(ABORT_TASK, id=record.id, message="Enough.")

        assert (data["taskStatus"], data["finishedOn"]) == ("aborted", "2030-01-01T00:00:00.000Z")
        assert stack.messages(record) == ["Enough."]

    def test_a_task_that_is_over_is_refused(self, stack: Stack, api: Api) -> None:
        record = stack.create(status=Status.SUCCESS)

        error = api.envelope(ABORT_TASK, id=record.id)["error"]

        assert (error["message"], error["code"]) == (
            "Cannot abort a task that is not pending or running!",
            "TASK_ABORT_ERROR",
        )

    def test_its_hook_is_left_to_the_worker(self, stack: Stack, api: Api) -> None:
        ran: list[str] = []

        @task(id="testingRun")
        def hooked(context: Context) -> Verdict:
            return Continue(wait=60)

        hooked.on_abort(lambda record: ran.append(record.id))
        stack.definitions = (hooked,)
        record = stack.tasks.trigger("testingRun")
        stack.run(record)

        api.data(ABORT_TASK, id=record.id)
        assert ran == []
        assert stack.get(record).hook == "on_abort"

        stack.run(record, visit="visit-2")
        assert ran == [record.id]


class TestDeleteTask:
    def test_a_task_that_is_over_is_deleted(self, stack: Stack, api: Api) -> None:
        record = stack.create(status=Status.SUCCESS)

        assert api.data(DELETE_TASK, id=record.id) is True
        assert stack.rows() == []

    def test_an_open_one_is_refused(self, stack: Stack, api: Api) -> None:
        record = stack.create()

        assert api.envelope(DELETE_TASK, id=record.id)["error"]["code"] == "TASK_DELETE_ERROR"

    def test_one_that_does_not_exist_is_an_error(self, api: Api) -> None:
        assert api.envelope(DELETE_TASK, id="nothing")["error"]["code"] == "NOT_FOUND"


class TestTenants:
    @pytest.mark.parametrize("query", [GET_TASK, ABORT_TASK, DELETE_TASK])
    def test_another_tenants_task_is_not_found(self, stack: Stack, api: Api, query: str) -> None:
        record = stack.create(
            tenant="acme", status=Status.SUCCESS if query == DELETE_TASK else Status.PENDING
        )

        assert api.envelope(query, id=record.id)["error"]["code"] == "NOT_FOUND"
        assert stack.get(record) == record

    def test_another_tenants_logs_are_not_found(self, stack: Stack, api: Api) -> None:
        record = stack.create(tenant="acme")

        assert api.envelope(LIST_LOGS, where={"task": record.id})["error"]["code"] == "NOT_FOUND"

    @pytest.mark.parametrize(
        "where", [{}, {"id": "t1"}, {"parentId": "p1"}, {"definitionId": "someTask"}]
    )
    def test_another_tenants_tasks_are_not_listed(
        self, stack: Stack, api: Api, where: dict[str, Any]
    ) -> None:
        stack.create(id="t1", tenant="acme", parent_id="p1")

        assert api.data(LIST_TASKS, where=where) == []
        api.headers = {"X-Tenant": "acme"}
        assert len(api.data(LIST_TASKS, where=where)) == 1

    def test_a_task_is_of_the_tenant_and_the_locale_of_the_request(
        self, stack: Stack, api: Api
    ) -> None:
        api.headers = {"x-tenant": "acme", "x-i18n-locale": "de-DE"}

        record = stack.get(api.data(TRIGGER_TASK, definition="testingRun")["id"])

        assert (record.tenant, record.locale) == ("acme", "de-DE")


class TestIdentities:
    def created_by(self, api: Api, event: str = "http_api_iam", **changes: object) -> Any:
        body = {"query": TRIGGER_TASK, "variables": {"definition": "testingRun"}}
        answer = api.send(body, event=event, **changes)
        return json.loads(answer["body"])["data"]["backgroundTasks"]["triggerTask"]["data"][
            "createdBy"
        ]

    def test_a_signed_request_is_of_its_principal(self, api: Api) -> None:
        assert self.created_by(api) == {
            "id": "arn:aws:sts::123456789012:assumed-role/Developer/jane",
            "displayName": "jane",
            "type": "iam",
        }

    def test_a_token_is_of_its_subject(self, api: Api) -> None:
        assert self.created_by(api, "http_api_jwt") == {
            "id": "auth0|6957329503d1",
            "displayName": "Jane Doe",
            "type": "jwt",
        }

    @pytest.mark.parametrize(
        ("claims", "name"),
        [({"sub": "s", "email": "j@example.com"}, "j@example.com"), ({"sub": "s"}, "s")],
    )
    def test_a_subject_is_called_what_its_token_has(
        self, api: Api, claims: dict[str, str], name: str
    ) -> None:
        request = {"authorizer": {"jwt": {"claims": claims}}}

        assert self.created_by(api, requestContext=request)["displayName"] == name

    @pytest.mark.parametrize(
        "request_context",
        [None, {}, {"authorizer": None}, {"authorizer": {"iam": None, "jwt": None}}],
    )
    def test_whoever_is_not_known_is_anonymous(self, api: Api, request_context: Any) -> None:
        assert self.created_by(api, requestContext=request_context)["type"] == "anonymous"


class TestRequests:
    @pytest.mark.parametrize("event", ["http_api_iam", "http_api_jwt"])
    def test_a_real_event_is_answered(self, api: Api, event: str) -> None:
        answer = api.module.handler(event_file(event), LambdaContext())

        definitions = json.loads(answer["body"])["data"]["backgroundTasks"]["listDefinitions"][
            "data"
        ]
        assert [definition["id"] for definition in definitions] == ["testingRun", "exportUsers"]

    @pytest.mark.parametrize(
        "body", ["", "no json", "[]", "{}", '{"query": 5}', "null", '"text"', "\ud800"]
    )
    def test_a_body_that_is_no_request_is_answered_with_what_to_send(
        self, api: Api, body: str
    ) -> None:
        answer = api.send(body)

        assert answer["statusCode"] == 400
        assert (
            'Send JSON: {"query": "...", "variables": {...}}.'
            in json.loads(answer["body"])["errors"][0]["message"]
        )

    @pytest.mark.parametrize("body", ["=", base64.b64encode(b"\xff\xfe").decode()])
    def test_a_body_that_is_no_base64_or_no_text_is_too(self, api: Api, body: str) -> None:
        assert api.send(body, isBase64Encoded=True)["statusCode"] == 400

    def test_an_event_without_a_body_or_headers_is_too(self, api: Api) -> None:
        assert api.module.handler({}, LambdaContext())["statusCode"] == 400

    @pytest.mark.parametrize(
        "query",
        [
            "{ nothing }",
            "{",
            "{ backgroundTasks { getTask { data { id } } } }",
            "query A { a } query B { b }",
        ],
    )
    def test_a_document_that_does_not_validate_is_answered_with_the_reason(
        self, api: Api, query: str
    ) -> None:
        answer = api.ask(query)

        assert answer["errors"][0]["message"]

    @pytest.mark.parametrize("variables", ["text", [1], 5])
    def test_variables_that_are_none_are_answered(self, api: Api, variables: object) -> None:
        answer = api.send({"query": LIST_DEFINITIONS, "variables": variables})

        assert "errors" in json.loads(answer["body"])

    def test_text_of_every_language_passes(self, api: Api) -> None:
        assert (
            api.data(TRIGGER_TASK, definition="testingRun", name="Ünïcödé 😀")["name"]
            == "Ünïcödé 😀"
        )

    def test_one_operation_of_several_can_be_chosen(self, api: Api) -> None:
        answer = api.send(
            {"query": f"{LIST_DEFINITIONS} {GET_TASK}", "operationName": "ListDefinitions"}
        )

        assert "listDefinitions" in json.loads(answer["body"])["data"]["backgroundTasks"]

    def test_several_mutations_may_be_sent_at_once(self, stack: Stack, api: Api) -> None:
        query = """mutation { backgroundTasks {
            first: triggerTask(definition: testingRun) { data { id } }
            second: triggerTask(definition: testingRun) { data { id } }
        } }"""

        data = api.ask(query)["data"]["backgroundTasks"]

        assert data["first"]["data"]["id"] != data["second"]["data"]["id"]
