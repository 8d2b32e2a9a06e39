"""Limits at run time, and what the API says of flow control."""

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from graphql import build_schema
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from handler import BY_TENANT, Concurrency, Context, Done, Rate, TaskRecord, task
from handler.contract import BULK_DEFINITION
from tests.handler.graphql.client import Api
from tests.handler.graphql.test_audit import audited
from tests.handler.graphql.test_caller import of, sent
from tests.handler.stack import Stack

LIMIT = """{
    definitionId key tenant slots deployed used queued isCapped oldestQueuedOn
    changedOn changedBy { id }
}"""
ERROR = "error { message code data }"
GET_LIMITS = f"""query GetLimits(
    $definition: WebinyBackgroundTaskDefinitionEnum!, $key: JSON, $limit: Int, $after: String
) {{ backgroundTasks {{
    getLimits(definition: $definition, key: $key, limit: $limit, after: $after) {{
        data {LIMIT} meta {{ cursor hasMoreItems }} {ERROR}
    }}
}} }}"""
SET_LIMIT = f"""mutation SetLimit(
    $definition: WebinyBackgroundTaskDefinitionEnum!, $key: JSON, $limit: Int!,
    $everyTenant: Boolean
) {{ backgroundTasks {{
    setLimit(definition: $definition, key: $key, limit: $limit, everyTenant: $everyTenant) {{
        data {LIMIT} {ERROR}
    }}
}} }}"""
RESET_LIMIT = f"""mutation ResetLimit(
    $definition: WebinyBackgroundTaskDefinitionEnum!, $key: JSON, $everyTenant: Boolean
) {{ backgroundTasks {{
    resetLimit(definition: $definition, key: $key, everyTenant: $everyTenant) {{
        data {LIMIT} {ERROR}
    }}
}} }}"""
LIST_QUEUE = f"""query ListQueue(
    $definition: WebinyBackgroundTaskDefinitionEnum!, $key: JSON, $everyTenant: Boolean,
    $limit: Int, $after: String
) {{ backgroundTasks {{
    listQueue(
        definition: $definition, key: $key, everyTenant: $everyTenant, limit: $limit, after: $after
    ) {{
        data {{ id queuedOn priority concurrencyKey }}
        meta {{ cursor hasMoreItems totalCount isTotalCountCapped }} {ERROR}
    }}
}} }}"""
DRAIN_QUEUE = f"""mutation DrainQueue(
    $definition: WebinyBackgroundTaskDefinitionEnum!, $key: JSON, $everyTenant: Boolean,
    $message: String, $dryRun: Boolean, $rate: Number, $idempotencyKey: String
) {{ backgroundTasks {{
    drainQueue(
        definition: $definition, key: $key, everyTenant: $everyTenant, message: $message,
        dryRun: $dryRun, rate: $rate, idempotencyKey: $idempotencyKey
    ) {{ data {{ count isCountCapped task {{ id definitionId }} }} {ERROR} }}
}} }}"""
TRIGGER = f"""mutation Trigger(
    $definition: WebinyBackgroundTaskDefinitionEnum!, $input: JSON, $priority: Number,
    $debounce: WebinyBackgroundTaskDebounceInput, $delay: Number
) {{ backgroundTasks {{
    triggerTask(
        definition: $definition, input: $input, priority: $priority, debounce: $debounce,
        delay: $delay
    ) {{ data {{ id queuedOn startsOn priority concurrencyKey input }} {ERROR} }}
}} }}"""
VERBS = {
    "getLimits": GET_LIMITS,
    "setLimit": SET_LIMIT,
    "resetLimit": RESET_LIMIT,
    "listQueue": LIST_QUEUE,
    "drainQueue": DRAIN_QUEUE,
}


@task(id="shared", concurrency=Concurrency(1, key="customer"))
def shared(context: Context, input: dict[str, Any]) -> Done:
    return Done()


@task(id="ofTenants", concurrency=Concurrency(1, key=(BY_TENANT, "customer")))
def of_tenants(context: Context, input: dict[str, Any]) -> Done:
    return Done()


@task(id="hidden", private=True, concurrency=Concurrency(1))
def hidden(context: Context) -> Done:
    return Done()


@task(id="rated", rate=Rate(1, per=60))
def rated(context: Context) -> Done:
    return Done()


@task(id="rejecting", concurrency=Concurrency(1, on_conflict="reject"))
def rejecting(context: Context) -> Done:
    return Done()


@pytest.fixture(autouse=True)
def flowing(stack: Stack, api: Api) -> None:
    stack.definitions = (*stack.definitions, shared, of_tenants, hidden, rated, rejecting)


@pytest.fixture
def bound(stack: Stack) -> None:
    """The tokens are each of one tenant."""
    stack.settings = replace(stack.settings, jwt_tenant_claim="https://example.com/tenant")


def triggered(stack: Stack, *tenants: str, definition: str = "shared") -> list[TaskRecord]:
    """A task of each of these tenants, a moment apart: the first has the slot."""
    made = []
    for tenant in tenants:
        made.append(stack.tasks.trigger(definition, input={"customer": "a"}, tenant=tenant))
        stack.clock.advance(0.001)
    return made


def as_tenant(api: Api, tenant: str, query: str, **variables: Any) -> Any:
    """The envelope that a token of one tenant gets."""
    answer = sent(api, query, of(tenant), None, **variables)
    [envelope] = json.loads(answer["body"])["data"]["backgroundTasks"].values()
    return envelope


def work(stack: Stack, id: str) -> Any:
    assert stack.run(stack.get(id), execution="bulk")["status"] == "done"
    return stack.get(id).output


class TestLimits:
    def test_they_are_shown_set_and_reset(self, stack: Stack, api: Api) -> None:
        triggered(stack, "root", "root", "root")
        limits: Any = {"definition": "shared"}
        assert api.data(GET_LIMITS, **limits) == [
            {
                "definitionId": "shared",
                "key": "a",
                "tenant": None,
                "slots": 1,
                "deployed": 1,
                "used": 1,
                "queued": 2,
                "isCapped": False,
                "oldestQueuedOn": "2030-01-01T00:00:00.001Z",
                "changedOn": None,
                "changedBy": None,
            }
        ]

        said: Any = {"definition": "shared", "key": "a", "everyTenant": True}
        state = api.data(SET_LIMIT, limit=2, **said)

        assert (state["slots"], state["used"], state["queued"]) == (2, 2, 1)
        assert state["changedBy"]["id"].startswith("arn:")
        assert state["changedOn"] == "2030-01-01T00:00:00.003Z"
        assert api.data(GET_LIMITS, key="a", **limits) == [state]
        reset = api.data(RESET_LIMIT, **said)
        assert (reset["slots"], reset["used"], reset["changedBy"]) == (1, 2, None)

    @pytest.mark.parametrize("document", [GET_LIMITS, LIST_QUEUE], ids=["getLimits", "listQueue"])
    @pytest.mark.parametrize("limit", [0, -1, 5_000, None])
    def test_any_limit_of_a_page_is_one(self, api: Api, document: str, limit: int | None) -> None:
        envelope = api.envelope(document, definition="shared", key="a", limit=limit)

        assert envelope["error"] is None

    def test_they_are_listed_page_by_page(self, stack: Stack, api: Api) -> None:
        for customer in "abc":
            stack.tasks.trigger("shared", input={"customer": customer})
            stack.clock.advance(1)

        first = api.envelope(GET_LIMITS, definition="shared", limit=2)
        after = first["meta"]["cursor"]
        rest = api.envelope(GET_LIMITS, definition="shared", limit=2, after=after)

        assert [each["key"] for each in first["data"]] == ["a", "b"]
        assert first["meta"]["hasMoreItems"] is True
        assert [each["key"] for each in rest["data"]] == ["c"]
        assert rest["meta"] == {"cursor": None, "hasMoreItems": False}

    @example(text="#")
    @example(text="")
    @example(text="\ud800")
    @example(text="日本 / #\x00")
    @example(text="x" * 10_000)
    @given(text=st.text())
    @settings(
        max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    def test_a_key_may_be_any_text(self, stack: Stack, api: Api, text: str) -> None:
        said: Any = {"definition": "shared", "key": text, "everyTenant": True}

        assert api.data(SET_LIMIT, limit=7, **said)["slots"] == 7
        [state] = api.data(GET_LIMITS, definition="shared", key=text)
        assert state["slots"] == 7
        assert len(state["key"]) <= 200
        assert api.data(RESET_LIMIT, **said)["slots"] == 1

    @pytest.mark.parametrize(
        ("key", "words"),
        [
            ({"customer": "a"}, "a text, a number, a bool or None"),
            (["a", "b"], "it takes one value"),
        ],
    )
    def test_what_is_no_key_is_refused_with_words(self, api: Api, key: Any, words: str) -> None:
        error = api.envelope(SET_LIMIT, definition="shared", key=key, limit=2, everyTenant=True)[
            "error"
        ]

        assert error["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
        assert words in error["message"]

    @pytest.mark.parametrize("number", [-1, 1_001])
    def test_a_number_out_of_its_range_is_refused(self, api: Api, number: int) -> None:
        error = api.envelope(
            SET_LIMIT, definition="shared", key="a", limit=number, everyTenant=True
        )["error"]

        assert "0 to 1,000" in error["message"]

    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.parametrize("definition", ["hidden", "nothing", BULK_DEFINITION])
    def test_a_private_definition_and_one_that_is_not_there_are_refused(
        self, api: Api, verb: str, definition: str
    ) -> None:
        more: Any = {"limit": 2} if verb == "setLimit" else {}
        answer = api.ask(VERBS[verb], definition=definition, **more)

        assert "The definitions that can be triggered are:" in answer["errors"][0]["message"]

    @pytest.mark.parametrize("verb", VERBS)
    def test_a_definition_without_a_limit_is_refused_with_words(self, api: Api, verb: str) -> None:
        more: Any = {"limit": 2} if verb == "setLimit" else {}
        error = api.envelope(VERBS[verb], definition="exportUsers", **more)["error"]

        assert error["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
        assert "has no limit" in error["message"]

    def test_a_limit_of_every_tenant_is_not_set_by_the_way(self, stack: Stack, api: Api) -> None:
        changes: Any = ((SET_LIMIT, {"limit": 2}), (RESET_LIMIT, {}))
        for query, more in changes:
            error = api.envelope(query, definition="shared", key="a", **more)["error"]

            assert "Next: say everyTenant: true" in error["message"]
        assert not stack.rows()

    def test_one_of_the_callers_tenant_is(self, stack: Stack, api: Api) -> None:
        state = api.data(SET_LIMIT, definition="ofTenants", key=["root", "a"], limit=4)

        assert (state["tenant"], state["key"], state["slots"]) == ("root", "root / a", 4)
        assert api.data(RESET_LIMIT, definition="ofTenants", key=["root", "a"])["slots"] == 1

    def test_the_changes_are_audited_with_the_definition(
        self, stack: Stack, api: Api, caplog: pytest.LogCaptureFixture
    ) -> None:
        triggered(stack, "root", "root")
        said: Any = {"definition": "shared", "key": "a"}
        api.data(SET_LIMIT, limit=1, everyTenant=True, **said)
        api.data(RESET_LIMIT, everyTenant=True, **said)
        api.data(GET_LIMITS, **said)
        api.data(LIST_QUEUE, **said)
        bulk = api.data(DRAIN_QUEUE, **said)["task"]

        found = [
            (line["operation"], line.get("about_definition_id"), line.get("about_task_id"))
            for line in audited(caplog)
        ]
        assert found == [
            ("setLimit", "shared", None),
            ("resetLimit", "shared", None),
            ("listQueue", "shared", None),
            ("drainQueue", "shared", bulk["id"]),
        ]


class TestQueue:
    def test_it_has_the_callers_tasks_in_the_order_in_which_they_go(
        self, stack: Stack, api: Api
    ) -> None:
        made = triggered(stack, "root", "acme", "root", "root")

        envelope = api.envelope(LIST_QUEUE, definition="shared", key="a", limit=1)
        after = envelope["meta"]["cursor"]
        rest = api.envelope(LIST_QUEUE, definition="shared", key="a", after=after)

        assert envelope["data"] == [
            {
                "id": made[2].id,
                "queuedOn": "2030-01-01T00:00:00.002Z",
                "priority": 0,
                "concurrencyKey": "a",
            }
        ]
        assert envelope["meta"]["totalCount"] == 2
        assert [each["id"] for each in rest["data"]] == [made[3].id]
        every = api.data(LIST_QUEUE, definition="shared", key="a", everyTenant=True)
        assert [each["id"] for each in every] == [each.id for each in made[1:]]

    def test_it_is_drained(self, stack: Stack, api: Api) -> None:
        made = triggered(stack, "root", "acme", "root", "root")
        said: Any = {"definition": "shared", "key": "a"}
        dry = api.data(DRAIN_QUEUE, dryRun=True, **said)
        assert dry == {"count": 2, "isCountCapped": False, "task": None}

        begun = api.data(DRAIN_QUEUE, message="Enough.", rate=100, idempotencyKey="k", **said)

        assert (begun["count"], begun["task"]["definitionId"]) == (2, BULK_DEFINITION)
        again = api.data(DRAIN_QUEUE, message="Enough.", rate=100, idempotencyKey="k", **said)
        assert again["task"] == begun["task"]
        assert work(stack, begun["task"]["id"])["done"] == 2
        assert [stack.get(each).status.value for each in made] == [
            "pending",
            "pending",
            "aborted",
            "aborted",
        ]
        assert stack.messages(made[2]) == ["Enough."]
        aborted_by = stack.get(made[2]).aborted_by
        assert aborted_by is not None
        assert aborted_by.id.startswith("arn:")

    def test_it_is_drained_of_every_tenant(self, stack: Stack, api: Api) -> None:
        made = triggered(stack, "root", "acme", "other")

        begun = api.data(DRAIN_QUEUE, definition="shared", key="a", everyTenant=True)
        work(stack, begun["task"]["id"])

        assert [stack.get(each).status.value for each in made[1:]] == ["aborted", "aborted"]


@pytest.mark.usefixtures("bound")
class TestATokenOfOneTenant:
    def test_it_sees_the_limits_of_its_tenant_alone(self, stack: Stack, api: Api) -> None:
        triggered(stack, "acme", "other", "acme", definition="ofTenants")
        triggered(stack, "other", "acme")

        own = as_tenant(api, "acme", GET_LIMITS, definition="ofTenants")

        assert [each["tenant"] for each in own["data"]] == ["acme"]
        others: Any = {"definition": "ofTenants", "key": ["other", "a"]}
        assert as_tenant(api, "acme", GET_LIMITS, **others)["data"] == []
        assert as_tenant(api, "acme", GET_LIMITS, definition="shared")["data"] == []
        assert as_tenant(api, "acme", GET_LIMITS, definition="shared", key="a")["data"] == []

    def test_its_cursors_tell_nothing_of_others(self, stack: Stack, api: Api) -> None:
        for number in range(4):
            for tenant in ("other", "acme"):
                customer = {"customer": f"{number}"}
                stack.tasks.trigger("ofTenants", input=customer, tenant=tenant)
                stack.clock.advance(1)
        ids = {
            row["pk"]["S"].removeprefix("LIMIT#")
            for row in stack.rows()
            if row["sk"]["S"] == "HOLDERS" and row["tenant"]["S"] == "acme"
        }

        found, after = [], None
        while True:
            page = as_tenant(api, "acme", GET_LIMITS, definition="ofTenants", limit=1, after=after)
            found += [each["key"] for each in page["data"]]
            if (after := page["meta"]["cursor"]) is None:
                break
            assert after.split(" ")[1] in ids

        assert found == [f"acme / {number}" for number in range(4)]

    def test_it_sets_the_limits_of_its_tenant_alone(self, stack: Stack, api: Api) -> None:
        own: Any = {"definition": "ofTenants", "key": ["acme", "a"]}
        assert as_tenant(api, "acme", SET_LIMIT, limit=5, **own)["data"]["slots"] == 5
        rows = stack.rows()

        for query, more in ((SET_LIMIT, {"limit": 3}), (RESET_LIMIT, {})):
            for said in (
                {"definition": "ofTenants", "key": ["other", "a"]},
                {"definition": "shared", "key": "a"},
            ):
                for every in ({}, {"everyTenant": True}):
                    envelope = as_tenant(api, "acme", query, **said, **more, **every)
                    assert envelope["data"] is None
                    assert envelope["error"]["code"] == "SECURITY_NOT_AUTHORIZED"
        assert stack.rows() == rows

    def test_it_lists_and_drains_its_own_tasks_alone(self, stack: Stack, api: Api) -> None:
        made = triggered(stack, "other", "other", "acme")
        said: Any = {"definition": "shared", "key": "a"}
        for query in (LIST_QUEUE, DRAIN_QUEUE):
            envelope = as_tenant(api, "acme", query, everyTenant=True, **said)
            assert envelope["error"]["code"] == "SECURITY_NOT_AUTHORIZED"

        listed = as_tenant(api, "acme", LIST_QUEUE, **said)
        assert [each["id"] for each in listed["data"]] == [made[2].id]
        assert listed["meta"]["totalCount"] == 1
        begun = as_tenant(api, "acme", DRAIN_QUEUE, **said)["data"]

        assert begun["count"] == 1
        assert work(stack, begun["task"]["id"])["done"] == 1
        assert [stack.get(each).status.value for each in made] == ["pending", "pending", "aborted"]
        assert made[1].id not in str(stack.get(begun["task"]["id"]).input)


class TestTriggers:
    def test_a_priority_is_a_head_start(self, stack: Stack, api: Api) -> None:
        triggered(stack, "root", "root")

        made = api.data(TRIGGER, definition="shared", input={"customer": "a"}, priority=60)

        assert (made["priority"], made["concurrencyKey"]) == (60, "a")
        assert made["queuedOn"] == "2030-01-01T00:00:00.002Z"
        assert stack.tasks.queue("shared", key="a").items[0].id == made["id"]

    def test_the_start_that_a_rate_has_reserved_is_shown(self, api: Api) -> None:
        first, second = (api.data(TRIGGER, definition="rated") for _ in range(2))

        assert (first["startsOn"], second["startsOn"]) == (None, "2030-01-01T00:01:00.000Z")
        assert (first["concurrencyKey"], first["queuedOn"], first["priority"]) == (None, None, 0)

    def test_a_burst_is_one_task_with_the_last_input(self, stack: Stack, api: Api) -> None:
        debounce = {"key": "k", "delay": 5, "maxDelay": 60}

        def trigger(size: int, **more: Any) -> Any:
            said: Any = {"definition": "exportUsers", "input": {"size": size}}
            return api.data(TRIGGER, debounce=debounce, **said, **more)

        first = trigger(1)
        stack.clock.advance(1)
        second = trigger(2)

        assert (first["id"], first["startsOn"]) == (second["id"], "2030-01-01T00:00:05.000Z")
        assert (second["input"], second["startsOn"]) == ({"size": 2}, "2030-01-01T00:00:06.000Z")

    @pytest.mark.parametrize(
        "debounce",
        [
            {"key": "", "delay": 5},
            {"key": "k", "delay": 0},
            {"key": "k", "delay": 5, "maxDelay": 4},
            {"key": "k", "delay": 1e300},
        ],
    )
    def test_a_debounce_that_is_none_is_refused_with_words(
        self, stack: Stack, api: Api, debounce: Any
    ) -> None:
        error = api.envelope(TRIGGER, definition="testingRun", debounce=debounce)["error"]

        assert error["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
        assert error["message"].startswith("Debounce(")
        assert not stack.rows()

    def test_a_debounce_and_a_delay_exclude_each_other(self, api: Api) -> None:
        debounce = {"key": "k", "delay": 5}
        envelope = api.envelope(TRIGGER, definition="testingRun", debounce=debounce, delay=5)

        assert "a delay of its own" in envelope["error"]["message"]

    @pytest.mark.parametrize("priority", [-1, 30_672_001])
    def test_a_priority_out_of_its_range_is_refused(self, api: Api, priority: int) -> None:
        error = api.envelope(TRIGGER, definition="testingRun", priority=priority)["error"]

        assert "priority is" in error["message"]

    def test_a_conflict_has_its_code_and_names_the_task_that_runs(self, api: Api) -> None:
        first = api.data(TRIGGER, definition="rejecting")

        error = api.envelope(TRIGGER, definition="rejecting")["error"]

        assert error["code"] == "TASK_CONFLICT"
        assert error["data"] == {"definitionId": "rejecting", "id": first["id"]}
        assert first["id"] in error["message"]


def test_the_schema_shows_every_field_of_a_record_but_some() -> None:
    text = files("handler.graphql").joinpath("schema.graphql").read_text()
    schema: Any = build_schema(text + "\nenum WebinyBackgroundTaskDefinitionEnum { one }")
    shown = set(schema.type_map["WebinyBackgroundTask"].fields)

    fields = {str(field.alias) for field in TaskRecord.model_fields.values()}
    assert fields - shown == {"locale", "delay", "attempts"}
