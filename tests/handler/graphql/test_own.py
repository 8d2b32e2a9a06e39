"""Who may see their own tasks alone: those that they have triggered, and no trace of others."""

import base64
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler import Concurrency, Context, Done, task
from handler.contract import BULK_DEFINITION, Status
from handler.definition import Definition
from handler.errors import InvalidInput
from handler.graphql.cursors import opened, sealed
from handler.graphql.permissions import Access, Grant
from handler.graphql.request import Request
from handler.graphql.types import enveloped, shown_task
from handler.record import Identity
from handler.testing.clock import ManualClock
from tests.handler.graphql.callers import ACCOUNT, Caller, principals, with_access
from tests.handler.graphql.client import (
    ABORT_TASK,
    DELETE_TASK,
    GET_TASK,
    HEARTBEAT_TASK,
    IN_BULK,
    LIST_LOGS,
    LIST_TASKS,
    PAUSE_TASK,
    RESUME_TASK,
    RETRY_TASK,
    RUN_TASK_NOW,
    SIGNAL_TASK,
    TRIGGER_TASK,
    Api,
)
from tests.handler.graphql.test_many import TRIGGER_TASKS
from tests.handler.simple_tasks import SizeInput
from tests.handler.stack import Stack

LINKS = """query($id: ID!) { backgroundTasks { getTask(id: $id) {
    data { parentId retryOf retriedBy logs { task { parentId retryOf } } } error { code }
} } }"""
TRIGGER = """mutation($definition: WebinyBackgroundTaskDefinitionEnum!, $input: JSON,
    $debounce: WebinyBackgroundTaskDebounceInput, $key: String
) { backgroundTasks {
    triggerTask(
        definition: $definition, input: $input, debounce: $debounce, idempotencyKey: $key
    ) { data { id } error { code message data } }
} }"""


def who(name: str, kind: str = "iam") -> Identity:
    return Identity(id=f"{ACCOUNT}/Own/{name}", display_name=name, type=kind)


def limited(on_conflict: str) -> Definition:
    @task(id="exportUsers", concurrency=Concurrency(1, on_conflict=on_conflict))
    def run(context: Context, input: SizeInput) -> Done:
        return Done()

    return run


@pytest.fixture
def ann(stack: Stack, api: Api) -> Caller:
    with_access(stack, principals=principals())
    return Caller(api, "Own", "ann")


@pytest.fixture
def bob(ann: Caller, api: Api) -> Caller:
    return Caller(api, "Own", "bob")


VERBS: list[tuple[str, dict[str, Any]]] = [
    (GET_TASK, {}),
    (ABORT_TASK, {}),
    (RUN_TASK_NOW, {}),
    (PAUSE_TASK, {}),
    (RESUME_TASK, {}),
    (SIGNAL_TASK, {"name": "go"}),
    (HEARTBEAT_TASK, {"name": "go"}),
    (RETRY_TASK, {}),
    (DELETE_TASK, {}),
]


class TestOneTask:
    @pytest.mark.parametrize(("document", "more"), VERBS)
    @pytest.mark.parametrize("status", [Status.RUNNING, Status.FAILED])
    def test_a_task_of_somebody_else_is_not_there(
        self, stack: Stack, ann: Caller, document: str, more: Any, status: Status
    ) -> None:
        stack.create(id="theirs", status=status, created_by=who("bob"))
        before = stack.get("theirs")
        stack.dynamodb.requests.clear()

        theirs = ann.envelope(document, id="theirs", **more)
        nobodys = ann.envelope(document, id="nobodys", **more)

        assert theirs["error"]["code"] == "NOT_FOUND"
        assert json.dumps(theirs).replace("theirs", "nobodys") == json.dumps(nobodys)
        assert stack.dynamodb.calls == ["get_item", "get_item"]
        assert stack.get("theirs") == before

    @pytest.mark.parametrize(("document", "more"), VERBS)
    def test_an_own_one_is(self, stack: Stack, ann: Caller, document: str, more: Any) -> None:
        is_over = document in (RETRY_TASK, DELETE_TASK)
        stack.create(
            id="mine",
            status=Status.FAILED if is_over else Status.PENDING,
            created_by=who("ann"),
            definition_id="testingRun",
        )

        assert ann.data(document, id="mine", **more)

    def test_the_logs_of_somebody_elses_are_not_there(self, stack: Stack, ann: Caller) -> None:
        stack.create(id="theirs", created_by=who("bob"))

        assert ann.code(LIST_LOGS, where={"task": "theirs"}) == "NOT_FOUND"

    def test_an_identity_of_another_kind_with_the_same_id_is_somebody_else(
        self, stack: Stack, ann: Caller
    ) -> None:
        stack.create(id="theirs", created_by=who("ann", "jwt"))

        assert ann.code(GET_TASK, id="theirs") == "NOT_FOUND"
        assert ann.data(LIST_TASKS) == []

    def test_a_subject_is_no_identity_of_the_engines_own(self, stack: Stack, api: Api) -> None:
        with_access(stack, claim="p")
        stack.create(id="theirs")  # by the system
        caller = Caller(api, claims={"sub": "system", "p": "own"})

        assert caller.code(GET_TASK, id="theirs") == "NOT_FOUND"
        assert caller.data(LIST_TASKS) == []

    @pytest.mark.parametrize("claims", [{}, {"sub": ""}, {"sub": "x" * 501}, {"sub": "\ud800"}])
    def test_who_can_not_be_told_from_others_has_no_own_tasks(
        self, stack: Stack, api: Api, claims: dict[str, object]
    ) -> None:
        with_access(stack, claim="p")
        caller = Caller(api, claims={**claims, "p": "own"})
        anonymous = Identity(id="anonymous", display_name="", type="anonymous")
        stack.create(id="t1", created_by=anonymous)
        stack.dynamodb.requests.clear()

        codes = {
            caller.code(TRIGGER_TASK, definition="testingRun"),
            caller.code(LIST_TASKS),
            caller.code(GET_TASK, id="t1"),
        }

        assert codes == {"SECURITY_NOT_AUTHORIZED"}
        assert stack.dynamodb.requests == []

    def test_a_child_is_its_parents_triggerers(self, stack: Stack, ann: Caller) -> None:
        mine = stack.create(id="mine", created_by=who("ann"))
        stack.create(id="child", parent_id="mine", created_by=mine.created_by)

        found = ann.data(LIST_TASKS, where={"parentId": "mine"})

        assert [each["id"] for each in found] == ["child"]


class TestLists:
    def fill(self, stack: Stack, others: int, own: int) -> None:
        for number in range(others + own):
            name = "ann" if number < own else "bob"
            stack.create(id=f"{name}{number}", created_by=who(name), definition_id="testingRun")
            stack.clock.advance(1) if isinstance(stack.clock, ManualClock) else None

    @pytest.mark.parametrize(
        "where",
        [
            {},
            {"definitionId": "testingRun"},
            {"taskStatus": "pending"},
            {"taskStatus_in": ["pending", "failed"]},
            {"id_in": ["ann0", "bob2", "ann1"]},
            {"createdOn_gt": "2020-01-01T00:00:00Z"},
        ],
    )
    def test_they_have_own_tasks_alone_and_count_no_others(
        self, stack: Stack, ann: Caller, where: dict[str, Any]
    ) -> None:
        self.fill(stack, others=3, own=2)

        answer = ann.envelope(LIST_TASKS, where=where)

        assert [each["id"] for each in answer["data"]] == ["ann1", "ann0"]
        assert answer["meta"]["totalCount"] == 2

    def test_every_page_is_found_and_no_cursor_tells_of_others(
        self, stack: Stack, ann: Caller
    ) -> None:
        self.fill(stack, others=230, own=3)
        found, after, cursors = [], None, []
        for _ in range(10):
            answer = ann.envelope(LIST_TASKS, limit=2, after=after)
            found += [each["id"] for each in answer["data"]]
            if (after := answer["meta"]["cursor"]) is None:
                break
            cursors.append(after)

        assert found == ["ann2", "ann1", "ann0"]
        assert cursors
        for cursor in cursors:
            content = base64.urlsafe_b64decode(cursor)
            assert b"bob" not in content
            assert b"2030" not in content
            assert b"pk" not in content

    def test_a_page_costs_three_requests_and_one_for_the_key_of_cursors_once(
        self, stack: Stack, ann: Caller
    ) -> None:
        self.fill(stack, others=230, own=3)
        document = (
            "{ backgroundTasks { listTasks { data { id } meta { cursor } error { code } } } }"
        )
        ann.envelope(document)
        stack.dynamodb.requests.clear()

        ann.envelope(document)

        assert stack.dynamodb.calls == ["query", "batch_get_item", "batch_get_item"]

    def test_a_cursor_is_its_callers_and_nobody_makes_one(
        self, stack: Stack, ann: Caller, bob: Caller, api: Api
    ) -> None:
        self.fill(stack, others=3, own=3)
        cursor = ann.envelope(LIST_TASKS, limit=1)["meta"]["cursor"]
        plain = Caller(api, "Admin").envelope(LIST_TASKS, limit=1)["meta"]["cursor"]

        assert ann.data(LIST_TASKS, limit=1, after=cursor)
        for other in (plain, cursor[:-2], f"x{cursor}", "x", "AAAA"):
            assert ann.code(LIST_TASKS, after=other) == "VALIDATION_FAILED_INVALID_FIELDS"
        assert bob.code(LIST_TASKS, after=cursor) == "VALIDATION_FAILED_INVALID_FIELDS"
        assert Caller(api, "Admin").code(LIST_TASKS, after=cursor)


class TestCursors:
    @given(st.text(), st.binary(min_size=1), st.text())
    def test_whoever_has_the_key_opens_it(self, cursor: str, key: bytes, whose: str) -> None:
        text = cursor.encode(errors="replace").decode()

        assert opened(sealed(text, key, whose=whose), key, whose=whose) == text

    @given(st.text(), st.integers(0, 1_000))
    def test_a_changed_one_is_refused(self, cursor: str, place: int) -> None:
        text = cursor.encode(errors="replace").decode()
        content = bytearray(base64.urlsafe_b64decode(sealed(text, b"k", whose="ann")))
        content[place % len(content)] ^= 1
        changed = base64.urlsafe_b64encode(content).decode()

        with pytest.raises(InvalidInput, match="is not valid"):
            opened(changed, b"k", whose="ann")

    @given(st.text())
    def test_any_other_text_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidInput, match="is not valid"):
            opened(text, b"k", whose="ann")

    def test_the_same_cursor_never_looks_the_same(self) -> None:
        assert sealed("a", b"k", whose="ann") != sealed("a", b"k", whose="ann")


class TestLinks:
    def test_those_of_others_are_not_told(self, stack: Stack, ann: Caller, api: Api) -> None:
        stack.create(id="parent", created_by=who("bob"))
        mine = stack.create(
            id="mine",
            parent_id="parent",
            retry_of="gone",
            status=Status.FAILED,
            created_by=who("ann"),
            definition_id="testingRun",
        )
        Caller(api, "Admin").data(RETRY_TASK, id=mine.id)

        shown = ann.data(LINKS, id="mine")

        assert (shown["parentId"], shown["retryOf"], shown["retriedBy"]) == (None, None, None)
        assert shown["logs"][0]["task"] == {"parentId": None, "retryOf": None}
        seen = Caller(api, "Admin").data(LINKS, id="mine")
        assert (seen["parentId"], seen["retryOf"], bool(seen["retriedBy"])) == (
            "parent",
            "gone",
            True,
        )

    def test_own_ones_are(self, stack: Stack, ann: Caller) -> None:
        stack.create(id="parent", created_by=who("ann"))
        stack.create(
            id="mine",
            parent_id="parent",
            status=Status.FAILED,
            created_by=who("ann"),
            definition_id="testingRun",
        )
        retry = ann.data(RETRY_TASK, id="mine")["id"]

        shown = ann.data(LINKS, id="mine")

        assert (shown["parentId"], shown["retriedBy"]) == ("parent", retry)
        assert ann.data(LINKS, id=retry)["retryOf"] == "mine"

    def test_each_is_read_once_and_fifty_at_most(self, stack: Stack, ann: Caller) -> None:
        for number in range(60):
            stack.create(id=f"m{number}", parent_id=f"p{number % 2}", created_by=who("ann"))
        document = (
            "{ backgroundTasks { listTasks(limit: 60) { data { parentId } error { code } } } }"
        )
        stack.dynamodb.requests.clear()
        ann.data(document)
        assert stack.dynamodb.calls.count("get_item") == 2
        for number in range(60):
            stack.create(id=f"n{number}", parent_id=f"q{number}", created_by=who("ann"))
        stack.dynamodb.requests.clear()

        answer = ann.answer(document)

        reads = [each for operation, each in stack.dynamodb.requests if operation == "get_item"]
        assert sum(each["Key"]["pk"]["S"].startswith("TASK#") for each in reads) == 50
        assert "50 parents and retries" in answer["errors"][0]["message"]


class TestTriggers:
    def test_a_key_is_the_callers_own(self, ann: Caller, bob: Caller, api: Api) -> None:
        given: dict[str, Any] = {"definition": "testingRun", "key": "k"}

        first = ann.data(TRIGGER, **given)["id"]

        assert ann.data(TRIGGER, **given)["id"] == first
        assert bob.data(TRIGGER, **given)["id"] != first
        assert Caller(api, "Admin").data(TRIGGER, **given)["id"] != first
        assert ann.code(TRIGGER, definition="testingRun", key="") is not None

    def test_a_burst_is_the_callers_own(self, ann: Caller, bob: Caller) -> None:
        given: dict[str, Any] = {
            "definition": "exportUsers",
            "debounce": {"key": "k", "delay": 60},
        }

        first = ann.data(TRIGGER, **given, input={"size": 1})["id"]

        assert ann.data(TRIGGER, **given, input={"size": 2})["id"] == first
        assert bob.data(TRIGGER, **given, input={"size": 3})["id"] != first
        assert ann.data(GET_TASK, id=first)["input"] == {"size": 2}

    def test_a_task_that_runs_in_its_place_is_not_told(
        self, stack: Stack, ann: Caller, bob: Caller
    ) -> None:
        stack.definitions = (limited("return_existing"),)
        mine = ann.data(TRIGGER, definition="exportUsers", input={"size": 1})["id"]

        error = bob.envelope(TRIGGER, definition="exportUsers", input={"size": 2})["error"]

        assert error["code"] == "TASK_CONFLICT"
        assert mine not in json.dumps(error)
        assert ann.data(TRIGGER, definition="exportUsers", input={"size": 2})["id"] == mine

    def test_a_refusal_does_not_name_the_task_that_runs(
        self, stack: Stack, ann: Caller, bob: Caller
    ) -> None:
        stack.definitions = (limited("reject"),)
        mine = ann.data(TRIGGER, definition="exportUsers", input={"size": 1})["id"]

        theirs = bob.envelope(TRIGGER, definition="exportUsers", input={"size": 2})["error"]
        own = ann.envelope(TRIGGER, definition="exportUsers", input={"size": 2})["error"]

        assert theirs["code"] == own["code"] == "TASK_CONFLICT"
        assert mine not in json.dumps(theirs)
        assert own["data"]["id"] == mine

    @pytest.mark.parametrize("how", ["return_existing", "reject"])
    def test_of_many_none_is_told_that_is_somebody_elses(
        self, stack: Stack, ann: Caller, bob: Caller, how: str
    ) -> None:
        stack.definitions = (limited(how),)
        mine = ann.data(TRIGGER, definition="exportUsers", input={"size": 1})["id"]

        entries = bob.data(TRIGGER_TASKS, definition="exportUsers", inputs=[{"size": 2}] * 2)

        assert {entry["error"]["code"] for entry in entries} == {"TASK_CONFLICT"}
        assert mine not in json.dumps(entries)

    def test_the_key_of_many_is_the_callers_own(self, ann: Caller, bob: Caller) -> None:
        given: Any = {"definition": "testingRun", "inputs": [{}, {}], "idempotencyKey": "k"}

        first = ann.data(TRIGGER_TASKS, **given)

        assert ann.data(TRIGGER_TASKS, **given) == first
        theirs = bob.data(TRIGGER_TASKS, **given)
        assert len({entry["task"]["id"] for entry in first + theirs}) == 4

    @pytest.mark.parametrize("how", ["return_existing", "reject"])
    def test_the_mutation_of_a_definition_tells_no_more_than_the_one_of_all(
        self, stack: Stack, ann: Caller, bob: Caller, how: str
    ) -> None:
        stack.definitions = (limited(how),)
        mine = ann.data(TRIGGER, definition="exportUsers", input={"size": 1})["id"]

        fields = "{ data { id } error { message code data } }"
        answer = bob.answer(
            f"mutation {{ trigger {{ exportUsers(input: {{size: 2}}) {fields} }} }}"
        )

        assert answer["data"]["trigger"]["exportUsers"]["error"]["code"] == "TASK_CONFLICT"
        assert mine not in json.dumps(answer)

    def test_a_retry_of_somebody_elses_is_not_told(
        self, stack: Stack, ann: Caller, api: Api
    ) -> None:
        stack.create(
            id="mine", status=Status.FAILED, created_by=who("ann"), definition_id="testingRun"
        )
        theirs = Caller(api, "Admin").data(RETRY_TASK, id="mine")["id"]

        retried = ann.envelope(RETRY_TASK, id="mine")["error"]
        signalled = ann.envelope(SIGNAL_TASK, id="mine", name="go")["error"]

        assert retried["code"] == "TASK_RETRY_ERROR"
        assert signalled["code"] == "TASK_SIGNAL_ERROR"
        assert theirs not in json.dumps([retried, signalled])


class TestTheLastLook:
    @pytest.mark.parametrize("shape", ["one", "list", "bulk", "log"])
    def test_an_operation_that_forgets_to_ask_whose_a_task_is_tells_nothing(
        self, stack: Stack, ann: Caller, shape: str
    ) -> None:
        theirs = stack.create(id="theirs", created_by=who("bob")).to_record()
        task = shown_task(theirs)
        data = {
            "one": task,
            "list": [task],
            "bulk": {"count": 1, "task": task},
            "log": [{"record": theirs}],
        }[shape]
        own = Grant.of("own")
        request = Request(
            tasks=stack.tasks, identity=who("ann"), access=Access((own,) if own else ())
        )
        info: Any = SimpleNamespace(context=request, field_name="somethingNew")

        answer: Any = enveloped(lambda _: {"data": data}, like="getTask")(None, info)

        assert answer["data"] is None
        assert answer["error"]["code"] == "SECURITY_NOT_AUTHORIZED"
        nobody: Any = SimpleNamespace(
            context=Request(tasks=stack.tasks, identity=who("ann"), access=Access()),
            field_name="triggerExport",
        )
        named: Any = enveloped(lambda _: {"data": True}, like="triggerTask")(None, nobody)
        assert 'triggerExport needs the permission "w"' in named["error"]["message"]
        undeclared: Any = enveloped(lambda _: {"data": True})(None, info)
        assert undeclared["error"]["code"] == "SECURITY_NOT_AUTHORIZED"


class TestInBulk:
    @pytest.mark.parametrize(
        ("verb", "status", "after"),
        [
            ("abortTasks", Status.PENDING, Status.ABORTED),
            ("retryTasks", Status.FAILED, Status.FAILED),
            ("deleteTasks", Status.SUCCESS, None),
        ],
    )
    def test_a_verb_takes_own_tasks_alone(
        self, stack: Stack, ann: Caller, verb: str, status: Status, after: Status | None
    ) -> None:
        for name in ("ann", "bob"):
            stack.create(id=name, status=status, created_by=who(name), definition_id="testingRun")
        document = IN_BULK % verb

        counted = ann.data(document, where={}, dryRun=True)["count"]
        begun = ann.data(document, where={"id_in": ["ann", "bob"]})

        assert (counted, begun["count"]) == (1, 1)
        assert ann.data(GET_TASK, id=begun["task"]["id"])["definitionId"] == BULK_DEFINITION
        answer = stack.run(stack.get(begun["task"]["id"]), execution="execution-2")
        assert answer["output"]["done"] == 1
        theirs = stack.get("bob")
        assert (theirs.status, theirs.retried_by) == (status, None)
        mine = stack.store.find("ann")
        assert (mine and mine.status) == after

    def test_a_task_that_is_somebody_elses_by_then_is_left_alone(
        self, stack: Stack, ann: Caller
    ) -> None:
        """One id is used again, while the verb waits its turn."""
        stack.create(id="t1", status=Status.SUCCESS, created_by=who("ann"))
        begun = ann.data(IN_BULK % "deleteTasks", where={})
        stack.tasks.delete("t1")
        stack.create(id="t1", status=Status.SUCCESS, created_by=who("bob"))

        answer = stack.run(stack.get(begun["task"]["id"]), execution="execution-2")

        assert answer["output"]["done"] == 0
        assert stack.get("t1").created_by == who("bob")

    @pytest.mark.parametrize(
        "later", [{"created_by": who("bob")}, {"definition_id": "cleanUp"}], ids=["his", "private"]
    )
    def test_so_is_one_that_has_become_another_since_its_page_was_read(
        self, stack: Stack, ann: Caller, later: dict[str, Any]
    ) -> None:
        mine = {"id": "t1", "status": Status.SUCCESS, "created_by": who("ann")}
        stack.create(**mine)
        begun = ann.data(IN_BULK % "deleteTasks", where={})

        def becomes_another(operation: str, request: dict[str, Any]) -> None:
            if operation == "batch_get_item":
                stack.dynamodb.afterwards = lambda *_: None
                stack.tasks.delete("t1")
                stack.create(**{**mine, **later})  # in the same millisecond

        stack.dynamodb.afterwards = becomes_another

        answer = stack.run(stack.get(begun["task"]["id"]), execution="execution-2")

        assert (answer["output"]["done"], answer["output"]["skipped"]) == (0, 1)
        assert stack.get("t1")

    def test_its_task_is_not_retried_by_who_may_not_say_all_that_one_may(
        self, stack: Stack, ann: Caller, api: Api
    ) -> None:
        input = {"verb": "delete", "where": {"statuses": ["success"]}, "rate": 25}
        for name in ("ann", "eve"):
            stack.create(
                id=name,
                status=Status.FAILED,
                created_by=who(name),
                definition_id=BULK_DEFINITION,
                input=input,
            )

        assert ann.code(RETRY_TASK, id="ann") == "SECURITY_NOT_AUTHORIZED"
        writer = Caller(api, "Writer")
        assert writer.code(RETRY_TASK, id="eve") == "SECURITY_NOT_AUTHORIZED"
        where = {"definitionId": BULK_DEFINITION}
        assert writer.data(IN_BULK % "retryTasks", where=where, dryRun=True)["count"] == 0
        stack.settings = replace(stack.settings, api_access=json.dumps({"tenants": ["*"]}))
        count = Caller(api, "Any").data(IN_BULK % "retryTasks", where=where, dryRun=True)["count"]
        assert count == 2
