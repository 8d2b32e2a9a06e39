"""The resolvers of tasks and definitions."""

from datetime import timedelta
from typing import Any

import pytest

from handler import Context, Continue, Done, Signal, TriggerRequest, Verdict, task
from handler.contract import BULK_DEFINITION, Status
from handler.errors import Refused
from tests.handler.graphql.client import (
    ABORT_TASK,
    DELETE_TASK,
    ERROR_FIELDS,
    GET_TASK,
    HEARTBEAT_TASK,
    IN_BULK,
    LIST_DEFINITIONS,
    LIST_TASKS,
    PAUSE_TASK,
    RESUME_TASK,
    RETRY_TASK,
    RUN_TASK_NOW,
    SIGNAL_TASK,
    TRIGGER_TASK,
    Api,
    testing_run,
)
from tests.handler.stack import Stack, refusal


def limited(api: Api, limits: str) -> Any:
    """What a trigger with these limits answers."""
    trigger = f"triggerTask(definition: testingRun, {limits})"
    data = f"{{ data {{ deadline startBy }} {ERROR_FIELDS} }}"
    return api.envelope(f"mutation {{ backgroundTasks {{ {trigger} {data} }} }}")


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
            "executionName": "",
            "taskStatus": "pending",
            "iterations": 0,
            "input": {"size": 5},
            "output": None,
            "eventResponse": None,
            "startedOn": None,
            "finishedOn": None,
        }
        assert stack.events.calls == ["put_events"]

    def test_a_trigger_with_a_definition_alone_takes_its_title_and_an_empty_input(
        self, api: Api
    ) -> None:
        data = api.data(TRIGGER_TASK, definition="testingRun")

        assert (data["name"], data["input"]) == ("A test run", {})

    def test_null_arguments_are_ignored(self, api: Api) -> None:
        data = api.data(TRIGGER_TASK, definition="testingRun", input=None, name=None, delay=None)

        assert (data["name"], data["input"]) == ("A test run", {})

    def test_an_invalid_input_names_each_field(self, stack: Stack, api: Api) -> None:
        envelope = api.envelope(TRIGGER_TASK, definition="exportUsers", input={"size": "big"})

        assert envelope["data"] is None
        assert envelope["error"]["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
        assert set(envelope["error"]["data"]["invalidFields"]) == {"size"}
        assert stack.rows() == []

    @pytest.mark.parametrize("input", ["text", 5, [1], True])
    def test_an_input_that_is_not_an_object_is_refused(self, api: Api, input: object) -> None:
        error = api.envelope(TRIGGER_TASK, definition="exportUsers", input=input)["error"]

        assert "it takes an object" in error["message"]

    @pytest.mark.parametrize("delay", [-1, "soon", 30_672_001])
    def test_a_delay_that_is_none_is_refused(self, stack: Stack, api: Api, delay: object) -> None:
        assert api.envelope(TRIGGER_TASK, definition="testingRun", delay=delay)["error"]["message"]
        assert stack.rows() == []

    def test_a_task_may_be_triggered_with_limits_of_its_time(self, api: Api) -> None:
        limits = "timeout: 3600, expiresAfter: 60.5"

        assert limited(api, limits)["data"] == {
            "deadline": "2030-01-01T01:00:00.000Z",
            "startBy": "2030-01-01T00:01:01.000Z",
        }
        assert limited(api, "timeout: null")["data"] == {"deadline": None, "startBy": None}

    @pytest.mark.parametrize(
        "limits",
        [
            "timeout: 0",
            "expiresAfter: -1",
            'timeout: "soon"',
            "timeout: 30672001",
        ],
    )
    def test_a_limit_that_is_none_is_refused(self, stack: Stack, api: Api, limits: str) -> None:
        error = limited(api, limits)["error"]

        assert error["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
        assert "; it takes seconds or a timedelta, above 0" in error["message"]
        assert stack.rows() == []

    def test_it_takes_tags_which_are_on_the_task(self, stack: Stack, api: Api) -> None:
        document = """mutation Tagged($tags: JSON) { backgroundTasks {
            triggerTask(definition: testingRun, tags: $tags) {
                data { id tags errorCode } error { message code }
            }
        } }"""

        made = api.data(document, tags={"customer": "42"})
        error = api.envelope(document, tags={"customer": 42})["error"]

        assert (made["tags"], made["errorCode"]) == ({"customer": "42"}, None)
        assert stack.get(made["id"]).tags == {"customer": "42"}
        assert error["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
        assert "A tag is 'customer': 42; a task takes up to 10 tags" in error["message"]

    def test_a_veto_of_a_hook_is_answered_with_its_code_and_data(
        self, stack: Stack, api: Api
    ) -> None:
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

    @pytest.mark.parametrize(
        "error", [ValueError("no\namounts"), Refused("no amounts"), SystemExit("no amounts")]
    )
    def test_a_veto_is_logged_as_a_warning_in_a_line_with_the_definition_and_the_reason(
        self, stack: Stack, api: Api, caplog: pytest.LogCaptureFixture, error: BaseException
    ) -> None:
        @task(id="testingRun")
        def vetoed(context: Context) -> Done:
            return Done()

        @vetoed.on_before_trigger
        def veto(request: TriggerRequest) -> TriggerRequest:
            raise error

        stack.definitions = (vetoed,)
        api.envelope(TRIGGER_TASK, definition="testingRun")

        (line,) = (line for line in caplog.records if line.levelname != "INFO")
        assert line.levelname == "WARNING"
        assert line.message.startswith('on_before_trigger of "testingRun" vetoed a trigger: ')
        assert "no amounts" in line.message

    def test_a_refused_event_is_answered_as_an_error_and_the_task_is_failed(
        self, stack: Stack, api: Api
    ) -> None:
        stack.events.fail(refusal("InternalFailure"))

        error = api.envelope(TRIGGER_TASK, definition="testingRun")["error"]

        assert error["code"] == "TRIGGER_TASK_ERROR"
        assert stack.get(error["data"]["id"]).status is Status.FAILED


class TestRetryTask:
    def test_a_failed_task_is_retried_in_the_name_of_the_caller(
        self, stack: Stack, api: Api
    ) -> None:
        old = stack.create(
            status=Status.FAILED,
            definition_id="exportUsers",
            input={"size": 7},
            first_input={"size": 2},
        )

        data = api.data(RETRY_TASK, id=f"{old.id}#0001", input={"size": 5})

        retry = stack.get(data["id"])
        assert (data["retryOf"], data["retriedBy"]) == (old.id, None)
        assert (data["taskStatus"], data["input"]) == ("pending", {"size": 5})
        assert data["createdBy"]["displayName"] == "jane"
        assert api.data(GET_TASK, id=old.id)["taskStatus"] == "failed"
        assert stack.get(old).retried_by == retry.id

    def test_it_starts_anew_if_it_is_asked_to(self, stack: Stack, api: Api) -> None:
        old = stack.create(
            status=Status.ABORTED,
            definition_id="exportUsers",
            input={"size": 7},
            first_input={"size": 2},
        )

        assert api.data(RETRY_TASK, id=old.id, fromStart=True)["input"] == {"size": 2}

    def test_null_arguments_are_ignored(self, stack: Stack, api: Api) -> None:
        old = stack.create(status=Status.FAILED, definition_id="exportUsers", input={"size": 7})

        assert api.data(RETRY_TASK, id=old.id, input=None, fromStart=None)["input"] == {"size": 7}

    @pytest.mark.parametrize("status", [Status.PENDING, Status.RUNNING, Status.SUCCESS])
    def test_a_task_that_has_not_failed_is_refused(
        self, stack: Stack, api: Api, status: Status
    ) -> None:
        old = stack.create(status=status, definition_id="exportUsers")

        error = api.envelope(RETRY_TASK, id=old.id)["error"]

        assert error["code"] == "TASK_RETRY_ERROR"
        assert error["data"] == {"id": old.id, "status": status.value}

    def test_a_task_of_another_tenant_is_not_found(self, stack: Stack, api: Api) -> None:
        old = stack.create(status=Status.FAILED, definition_id="exportUsers", tenant="acme")

        assert api.envelope(RETRY_TASK, id=old.id)["error"]["code"] == "NOT_FOUND"
        assert stack.get(old) == old

    def test_an_input_that_is_not_an_object_is_refused(self, stack: Stack, api: Api) -> None:
        old = stack.create(status=Status.FAILED, definition_id="exportUsers")

        error = api.envelope(RETRY_TASK, id=old.id, input=[1])["error"]

        assert "it takes an object" in error["message"]

    def test_a_task_of_the_engines_own_is_retried_but_not_with_an_input(
        self, stack: Stack, api: Api
    ) -> None:
        where = {"statuses": ["success"], "created_before": stack.clock.now().isoformat()}
        input = {"verb": "delete", "where": where, "rate": 25}
        old = stack.create(status=Status.FAILED, definition_id=BULK_DEFINITION, input=input)

        error = api.envelope(RETRY_TASK, id=old.id, input={"rate": 1_000})["error"]
        data = api.data(RETRY_TASK, id=old.id)

        assert error["code"] == "TASK_RETRY_ERROR"
        assert data["input"]["rate"] == 25

    def test_a_veto_is_told_and_logged_with_the_definition(
        self, stack: Stack, api: Api, caplog: pytest.LogCaptureFixture
    ) -> None:
        @task(id="exportUsers")
        def vetoed(context: Context) -> Done:
            return Done()

        @vetoed.on_before_trigger
        def veto(request: TriggerRequest) -> TriggerRequest:
            raise Refused("Not at night.", code="AT_NIGHT")

        stack.definitions = (vetoed,)
        old = stack.create(status=Status.FAILED, definition_id="exportUsers", input={})

        error = api.envelope(RETRY_TASK, id=old.id)["error"]

        (line,) = (line for line in caplog.records if line.levelname != "INFO")
        assert (error["message"], error["code"]) == ("Not at night.", "AT_NIGHT")
        assert line.message.startswith('on_before_trigger of "exportUsers" vetoed a trigger: ')

    def test_a_refused_event_is_answered_with_the_retry_that_is_stored_as_failed(
        self, stack: Stack, api: Api
    ) -> None:
        old = stack.create(status=Status.FAILED, definition_id="exportUsers", input={"size": 7})
        stack.events.fail(refusal("InternalFailure"))

        error = api.envelope(RETRY_TASK, id=old.id)["error"]

        assert error["code"] == "TRIGGER_TASK_ERROR"
        assert stack.get(error["data"]["id"]).retry_of == old.id


class TestInBulk:
    @pytest.mark.parametrize(
        ("operation", "verb", "count"),
        [("abortTasks", "abort", 2), ("retryTasks", "retry", 1), ("deleteTasks", "delete", 3)],
    )
    def test_a_task_of_the_callers_does_it_for_the_callers_tenant(
        self, stack: Stack, api: Api, operation: str, verb: str, count: int
    ) -> None:
        for status in (*Status, Status.SUCCESS):
            if status is not Status.ABORTED:
                stack.create(status=status, definition_id="exportUsers", tenant="acme")
            stack.create(status=status, definition_id="exportUsers")
        where = {"definitionId": "exportUsers"}

        data = api.data(IN_BULK % operation, event="http_api_jwt", where=where, rate=5)

        made = data["task"]
        assert (data["count"], data["isCountCapped"]) == (count, False)
        assert (made["definitionId"], made["createdBy"]["id"]) == (
            "backgroundTasksInBulk",
            "auth0|6957329503d1",
        )
        assert (made["input"]["verb"], made["input"]["rate"]) == (verb, 5)
        record = stack.get(made["id"])
        assert record.tenant == "acme"
        assert stack.run(record)["output"]["done"] == count

    @pytest.mark.parametrize(
        "where",
        [
            {"tags": {"customer": "42"}},
            {"errorCode": "NO"},
            {"name_startsWith": "Mine"},
            {"finishedOn_gte": "2030-01-01T00:00:00Z", "definitionId": "exportUsers"},
            {"definitionId_not": "testingRun"},
            {"taskStatus_not_in": ["success", "aborted"], "id_not": "o"},
        ],
        ids=lambda where: next(iter(where)),
    )
    def test_it_takes_any_filter_of_a_list(
        self, stack: Stack, api: Api, where: dict[str, Any]
    ) -> None:
        fields: dict[str, Any] = {"status": Status.FAILED, "definition_id": "exportUsers"}
        fields |= {"name": "Mine 1", "tags": {"customer": "42"}, "error_code": "NO"}
        mine = stack.create(id="m", finished_on=stack.clock.now(), **fields)
        stack.create(id="o", status=Status.FAILED, definition_id="testingRun")

        data = api.data(IN_BULK % "deleteTasks", where=where)
        output = stack.run(stack.get(data["task"]["id"]))["output"]

        assert (data["count"], output["done"]) == (1, 1)
        assert stack.store.find(mine.id) is None
        assert stack.store.find("o") is not None

    def test_it_refuses_what_a_list_refuses(self, stack: Stack, api: Api) -> None:
        for where in ({"name_contains": "x"}, {"savedOn_gt": "2030-01-01T00:00:00Z"}):
            error = api.envelope(IN_BULK % "deleteTasks", where=where)["error"]

            assert "nothing answers it. Next: " in error["message"]
        assert stack.rows() == []

    def test_a_filter_of_no_ids_is_about_none(self, stack: Stack, api: Api) -> None:
        stack.create(id="t1", status=Status.FAILED)

        data = api.data(IN_BULK % "deleteTasks", where={"id_in": []})
        output = stack.run(stack.get(data["task"]["id"]))["output"]

        assert (data["count"], output["done"]) == (0, 0)
        assert stack.store.find("t1") is not None

    def test_a_dry_run_counts(self, stack: Stack, api: Api) -> None:
        stack.create(definition_id="exportUsers")

        data = api.data(IN_BULK % "abortTasks", where={}, dryRun=True)

        assert data == {"count": 1, "isCountCapped": False, "task": None}
        assert stack.tasks.count() == 1

    def test_a_count_that_would_read_too_much_is_capped(
        self, stack: Stack, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("handler.graphql.budget._MAX_COUNTED", 2)
        for _ in range(3):
            stack.create(definition_id="exportUsers")

        data = api.data(IN_BULK % "abortTasks", where={"definitionId": "exportUsers"})

        assert (data["count"], data["isCountCapped"]) == (2, True)
        assert stack.run(stack.get(data["task"]["id"]))["output"]["done"] == 3

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"where": {}, "rate": 0}, "rate is 0; it takes 0.001 to 1,000 tasks a second"),
            ({"where": {"taskStatus": "lost"}}, 'taskStatus is "lost"; it takes one of'),
            ({"where": {"name_startsWith": ""}}, "none of these says anything: it would be every"),
            ({"where": {"tags": {}}}, "The filter has tags, and none of these says anything"),
            (
                {"where": {"taskStatus": None, "id": None}},
                "The filter has id, taskStatus, and none",
            ),
        ],
    )
    def test_what_it_does_not_take_is_refused_with_words(
        self, stack: Stack, api: Api, arguments: Any, words: str
    ) -> None:
        assert words in api.envelope(IN_BULK % "deleteTasks", **arguments)["error"]["message"]
        assert stack.tasks.count() == 0

    def test_its_definition_is_not_listed_and_can_not_be_triggered(self, api: Api) -> None:
        ids = {definition["id"] for definition in api.data(LIST_DEFINITIONS)}

        answer = api.ask(TRIGGER_TASK, definition="backgroundTasksInBulk")

        assert ids == {"testingRun", "exportUsers"}
        assert "backgroundTasksInBulk" in answer["errors"][0]["message"]


class TestGetTask:
    def test_a_task_is_answered_with_its_logs(self, stack: Stack, api: Api) -> None:
        record = stack.tasks.trigger("exportUsers", input={"size": 5})
        stack.clock.advance(1)
        stack.run(record)

        data = api.data(GET_TASK, id=record.id)

        assert (data["taskStatus"], data["iterations"], data["output"]) == (
            "success",
            2,
            {"size": 5},
        )
        assert (data["executionName"], data["finishedOn"]) == (
            "execution-1",
            "2030-01-01T00:00:01.000Z",
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

    def test_a_revision_in_an_id_is_ignored(self, stack: Stack, api: Api) -> None:
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

    def test_a_task_is_answered_with_its_progress_and_its_wait(
        self, stack: Stack, api: Api
    ) -> None:
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


class TestListTasks:
    def ids(self, api: Api, **variables: Any) -> list[str]:
        return [found["id"] for found in api.envelope(LIST_TASKS, **variables)["data"]]

    def test_tasks_come_newest_first(self, stack: Stack, api: Api) -> None:
        for id in ("a", "b", "c"):
            stack.create(id=id)
            stack.clock.advance(1)

        assert self.ids(api) == ["c", "b", "a"]
        assert self.ids(api, sort=["createdOn_ASC"]) == ["a", "b", "c"]

    def test_the_cursor_of_a_page_leads_to_the_next_page(self, stack: Stack, api: Api) -> None:
        for id in ("a", "b", "c"):
            stack.create(id=id)
            stack.clock.advance(1)

        first = api.envelope(LIST_TASKS, limit=2)
        second = api.envelope(LIST_TASKS, limit=2, after=first["meta"]["cursor"])

        assert [found["id"] for found in first["data"] + second["data"]] == ["c", "b", "a"]
        assert first["meta"]["hasMoreItems"] is True
        assert second["meta"] == {"cursor": None, "hasMoreItems": False, "totalCount": 3}

    def test_a_count_is_taken_only_where_it_is_asked_for(self, stack: Stack, api: Api) -> None:
        stack.create()
        stack.dynamodb.requests.clear()

        api.ask("{ backgroundTasks { listTasks { data { id } meta { hasMoreItems } } } }")

        assert stack.dynamodb.calls == ["query", "batch_get_item"]


class TestListDefinitions:
    def test_public_definitions_are_listed_in_their_order(self, api: Api) -> None:
        assert api.data(LIST_DEFINITIONS) == [
            {"id": "testingRun", "title": "A test run", "description": None, "fields": []},
            {
                "id": "exportUsers",
                "title": "Export users",
                "description": "Exports them all.",
                "fields": [],
            },
        ]


class TestCounts:
    ASKED = "{ backgroundTasks { listDefinitions { data { id counts {"
    ASKED += " pending running success failed aborted isCapped since } } } } }"

    def counts(self, api: Api) -> dict[str, Any]:
        data = api.ask(self.ASKED)["data"]["backgroundTasks"]["listDefinitions"]["data"]
        return {each["id"]: each["counts"] for each in data}

    def test_they_are_of_the_tenants_tasks_of_the_last_24_hours(
        self, stack: Stack, api: Api
    ) -> None:
        stack.create(definition_id="exportUsers", status=Status.FAILED)
        stack.clock.advance(timedelta(days=1, milliseconds=1).total_seconds())
        for number, status in enumerate(Status, 1):
            for _ in range(number):
                stack.create(definition_id="exportUsers", status=status)
        stack.create(definition_id="exportUsers", tenant="acme")

        counts = self.counts(api)

        numbers = {status.value: number for number, status in enumerate(Status, 1)}
        since = "2030-01-01T00:00:00.001Z"
        assert counts["exportUsers"] == {**numbers, "isCapped": False, "since": since}
        assert set(counts["testingRun"].values()) == {0, since}

    def test_nothing_is_asked_where_they_are_not_asked_for(self, stack: Stack, api: Api) -> None:
        stack.dynamodb.requests.clear()

        api.data(LIST_DEFINITIONS)

        assert stack.dynamodb.calls == []

    def test_those_of_a_renamed_definition_are_of_all_its_ids(self, stack: Stack, api: Api) -> None:
        @task(id="newer", aliases=("older",))
        def newer(context: Context) -> Done:
            return Done()

        stack.definitions = (newer,)
        stack.create(definition_id="older", status=Status.SUCCESS)
        stack.create(definition_id="newer", status=Status.SUCCESS)

        assert self.counts(api)["newer"]["success"] == 2

    def test_each_has_its_share_of_what_counts_may_read_and_says_if_it_ends_early(
        self, stack: Stack, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("handler.graphql.budget._MAX_COUNTED", 10)
        for _ in range(9):
            stack.create(definition_id="testingRun", status=Status.SUCCESS)
        for _ in range(3):
            stack.create(definition_id="exportUsers", status=Status.SUCCESS)

        counts = self.counts(api)

        first, second = counts["testingRun"], counts["exportUsers"]
        assert (first["success"], first["isCapped"]) == (5, True)
        assert (second["success"], second["isCapped"]) == (3, False)


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

    def test_an_abort_leaves_its_hook_to_the_worker(self, stack: Stack, api: Api) -> None:
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
        assert stack.get(record).pending_hook == "on_abort"

        stack.run(record, visit="visit-2")
        assert ran == [record.id]


class TestRunTaskNow:
    def test_a_task_that_waits_runs_at_once(self, stack: Stack, api: Api) -> None:
        record = stack.trigger(testing_run, delay=3_600)

        data = api.data(RUN_TASK_NOW, id=record.id)

        assert data["taskStatus"] == "pending"
        assert stack.messages(record) == ["Its wait was ended: it runs now."]
        assert stack.run(record)["status"] == "done"

    def test_a_task_that_is_over_is_refused(self, stack: Stack, api: Api) -> None:
        record = stack.create(status=Status.SUCCESS)

        error = api.envelope(RUN_TASK_NOW, id=record.id)["error"]

        assert (error["code"], error["data"]["status"]) == ("TASK_RUN_NOW_ERROR", "success")

    def test_a_task_of_another_tenant_is_not_found(self, stack: Stack, api: Api) -> None:
        record = stack.trigger(testing_run, delay=3_600, tenant="acme")

        error = api.envelope(RUN_TASK_NOW, id=record.id)["error"]

        assert error["code"] == "NOT_FOUND"
        assert stack.get(record).waiting_until is None


@task()
def waiting_for_approval(context: Context) -> Verdict:
    def then(signal: Signal | None) -> Verdict:
        return Done(output={"got": signal and signal.data})

    return context.wait_for_signal("approved", then, timeout=3_600)


class TestSignalTask:
    def test_a_task_that_waits_for_it_gets_it(self, stack: Stack, api: Api) -> None:
        record = stack.trigger(waiting_for_approval)
        stack.run(record)

        shown = api.data(HEARTBEAT_TASK, id=record.id, name="approved")["waitingFor"]
        api.data(SIGNAL_TASK, id=record.id, name="approved", data={"by": "Anne"}, key="1")
        api.data(SIGNAL_TASK, id=record.id, name="approved", data={"by": "Bert"}, key="1")

        assert shown["signal"] == "approved"
        stack.run(record, execution="execution-2", visit="visit-2")
        assert stack.get(record).output == {"got": {"by": "Anne"}}
        assert sum("The signal" in line for line in stack.messages(record)) == 1

    def test_a_task_that_is_over_is_refused(self, stack: Stack, api: Api) -> None:
        record = stack.create(status=Status.SUCCESS)

        error = api.envelope(SIGNAL_TASK, id=record.id, name="approved")["error"]

        assert (error["code"], error["data"]["status"]) == ("TASK_SIGNAL_ERROR", "success")

    @pytest.mark.parametrize("query", [SIGNAL_TASK, HEARTBEAT_TASK])
    def test_a_task_of_another_tenant_is_not_found(
        self, stack: Stack, api: Api, query: str
    ) -> None:
        record = stack.trigger(waiting_for_approval, tenant="acme")
        rows = stack.rows()

        error = api.envelope(query, id=record.id, name="approved")["error"]

        assert (error["code"], stack.rows()) == ("NOT_FOUND", rows)

    @pytest.mark.parametrize("data", [[1], "text", 7])
    def test_data_that_is_no_object_is_refused(self, stack: Stack, api: Api, data: object) -> None:
        record = stack.trigger(waiting_for_approval)

        error = api.envelope(SIGNAL_TASK, id=record.id, name="approved", data=data)["error"]

        assert "data is" in error["message"]


class TestPauseTask:
    def test_a_task_is_paused_and_resumed(self, stack: Stack, api: Api) -> None:
        record = stack.trigger(testing_run)

        paused = api.data(PAUSE_TASK, id=record.id)
        assert (paused["taskStatus"], paused["pausedOn"]) == ("pending", "2030-01-01T00:00:00.000Z")
        assert "is paused" in stack.run(record)["message"]

        resumed = api.data(RESUME_TASK, id=record.id)
        assert resumed["pausedOn"] is None
        assert stack.run(record, execution="execution-2")["status"] == "done"

    @pytest.mark.parametrize("document", [PAUSE_TASK, RESUME_TASK])
    def test_a_task_of_another_tenant_is_not_found(
        self, stack: Stack, api: Api, document: str
    ) -> None:
        record = stack.trigger(testing_run, tenant="acme")

        error = api.envelope(document, id=record.id)["error"]

        assert error["code"] == "NOT_FOUND"
        assert stack.get(record).paused_on is None


class TestDeleteTask:
    def test_a_task_that_is_over_is_deleted(self, stack: Stack, api: Api) -> None:
        record = stack.create(status=Status.SUCCESS)

        assert api.data(DELETE_TASK, id=record.id) is True
        assert stack.rows() == []

    def test_an_open_task_is_refused(self, stack: Stack, api: Api) -> None:
        record = stack.create()

        assert api.envelope(DELETE_TASK, id=record.id)["error"]["code"] == "TASK_DELETE_ERROR"

    def test_a_task_that_does_not_exist_is_an_error(self, api: Api) -> None:
        assert api.envelope(DELETE_TASK, id="nothing")["error"]["code"] == "NOT_FOUND"


class TestTenants:
    @pytest.mark.parametrize("query", [GET_TASK, ABORT_TASK, DELETE_TASK])
    def test_another_tenants_task_is_not_found(self, stack: Stack, api: Api, query: str) -> None:
        record = stack.create(
            tenant="acme", status=Status.SUCCESS if query == DELETE_TASK else Status.PENDING
        )

        assert api.envelope(query, id=record.id)["error"]["code"] == "NOT_FOUND"
        assert stack.get(record) == record

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

    def test_a_count_is_of_the_callers_tenant_alone(self, stack: Stack, api: Api) -> None:
        stack.create(id="t1", tenant="a#b", definition_id="someTask")
        stack.create(id="t2", tenant="a", definition_id="b#someTask")
        api.headers = {"X-Tenant": "a"}

        def count(**where: str) -> int:
            total: int = api.envelope(LIST_TASKS, where=where)["meta"]["totalCount"]
            return total

        assert count(definitionId="b#someTask") == 1
        assert count(definitionId="someTask") == 0
        api.headers = {"X-Tenant": "a#b"}
        assert count(definitionId="someTask") == 1


def test_the_same_idempotency_key_is_one_task_of_its_tenant_and_definition(api: Api) -> None:
    document = """mutation ($definition: WebinyBackgroundTaskDefinitionEnum!, $key: String) {
        backgroundTasks {
            triggerTask(definition: $definition, idempotencyKey: $key) {
                data { id } error { message }
            }
        }
    }"""

    def triggered(definition: str, key: str | None) -> object:
        return api.data(document, definition=definition, key=key)["id"]

    first = triggered("testingRun", "order 1")

    assert triggered("testingRun", "order 1") == first
    assert triggered("testingRun", "order 2") != first
    assert triggered("exportUsers", "order 1") != first
    assert triggered("testingRun", None) != triggered("testingRun", None)
    api.headers = {"x-tenant": "other"}
    assert triggered("testingRun", "order 1") != first
