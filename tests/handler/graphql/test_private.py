"""Tasks of private definitions are not served: the API answers as if they were not there."""

import json
from typing import Any

import pytest

from handler import Context, Done, task
from handler.contract import BULK_DEFINITION, Status
from tests.handler.graphql.client import (
    ABORT_TASK,
    DELETE_TASK,
    GET_TASK,
    IN_BULK,
    LIST_LOGS,
    LIST_TASKS,
    RETRY_TASK,
    TRIGGER_TASK,
    Api,
)
from tests.handler.graphql.test_own import VERBS
from tests.handler.stack import Stack

# What a task of the private definition may have as its definition: its id, or one from before.
IDS = ["cleanUp", "tidyUp"]


@task(id="cleanUp", aliases=("tidyUp",), private=True)
def renamed(context: Context) -> Done:
    return Done()


@pytest.fixture
def api(stack: Stack) -> Api:
    """A client of an API whose definition `cleanUp` is private, and was called `tidyUp`."""
    api = Api(stack)
    stack.definitions = (*stack.definitions[:2], renamed)
    return api


@pytest.mark.parametrize("definition_id", IDS)
@pytest.mark.parametrize(("document", "more"), VERBS)
@pytest.mark.parametrize("status", [Status.RUNNING, Status.FAILED])
def test_one_is_not_found_and_nothing_is_done(
    stack: Stack, api: Api, definition_id: str, document: str, more: Any, status: Status
) -> None:
    stack.create(id="hidden", status=status, definition_id=definition_id)
    before = stack.get("hidden")

    hidden = api.envelope(document, id="hidden", **more)
    nobodys = api.envelope(document, id="nobodys", **more)

    assert hidden["error"]["code"] == "NOT_FOUND"
    assert json.dumps(hidden).replace("hidden", "nobodys") == json.dumps(nobodys)
    assert stack.get("hidden") == before


def test_their_logs_are_not_found(stack: Stack, api: Api) -> None:
    stack.create(id="hidden", definition_id="cleanUp")

    assert api.envelope(LIST_LOGS, where={"task": "hidden"})["error"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("definition_id", IDS)
@pytest.mark.parametrize(
    "where",
    [
        {},
        {"id_in": ["hidden", "shown"]},
        {"taskStatus": "pending"},
        {"taskStatus_in": ["pending", "running"]},
        {"parentId": "parent"},
        {"createdOn_gt": "2020-01-01T00:00:00Z"},
        {"definitionId": "testingRun"},
    ],
)
def test_lists_and_their_counts_have_none(
    stack: Stack, api: Api, definition_id: str, where: dict[str, Any]
) -> None:
    for number in range(3):
        stack.create(id=f"h{number}", definition_id=definition_id, parent_id="parent")
    stack.create(id="hidden", definition_id=definition_id, parent_id="parent")
    stack.create(id="shown", definition_id="testingRun", parent_id="parent")
    document = """query($where: WebinyBackgroundTaskListWhereInput, $limit: Int, $after: String) {
        backgroundTasks { listTasks(where: $where, limit: $limit, after: $after) {
            data { id } meta { cursor totalCount isTotalCountCapped } error { code }
    } } }"""

    answer = api.envelope(document, where=where)

    assert answer["data"] == [{"id": "shown"}]
    assert answer["meta"]["totalCount"] == 1
    found, after, counts = [], None, set()
    for _ in range(10):
        page = api.envelope(document, where=where, limit=1, after=after)
        found += page["data"]
        counts.add(page["meta"]["totalCount"])
        if "id_in" in where or (after := page["meta"]["cursor"]) is None:
            break
    assert (found, counts) == ([{"id": "shown"}], {1})


@pytest.mark.parametrize("definition_id", IDS)
def test_a_list_of_their_definition_is_empty_and_asks_the_table_nothing(
    stack: Stack, api: Api, definition_id: str
) -> None:
    stack.create(id="hidden", definition_id=definition_id)
    stack.dynamodb.requests.clear()

    answer = api.envelope(LIST_TASKS, where={"definitionId": definition_id})

    assert (answer["data"], answer["meta"]["totalCount"]) == ([], 0)
    assert stack.dynamodb.requests == []


def test_a_count_asks_once_more_for_each_name_of_a_private_definition(
    stack: Stack, api: Api
) -> None:
    for number in range(3):
        stack.create(id=f"h{number}", definition_id="cleanUp")
        stack.create(id=f"s{number}", definition_id="testingRun")
    document = "{ backgroundTasks { listTasks(limit: 1) { data { id } meta { totalCount } } } }"
    stack.dynamodb.requests.clear()

    answer = api.ask(document)["data"]["backgroundTasks"]["listTasks"]

    assert answer["meta"] == {"totalCount": 3}
    counts = [each for _, each in stack.dynamodb.requests if each.get("Select") == "COUNT"]
    assert len(counts) == 1 + len(IDS)


@pytest.mark.parametrize(
    ("verb", "status"),
    [
        ("abortTasks", Status.PENDING),
        ("retryTasks", Status.FAILED),
        ("deleteTasks", Status.SUCCESS),
    ],
)
def test_a_verb_in_bulk_leaves_them_alone(
    stack: Stack, api: Api, verb: str, status: Status
) -> None:
    for definition_id in ("cleanUp", "tidyUp", "testingRun"):
        stack.create(id=definition_id, definition_id=definition_id, status=status)
    before = [stack.get(id) for id in IDS]

    begun = api.data(IN_BULK % verb, where={})
    answer = stack.run(stack.get(begun["task"]["id"]), execution="execution-2")

    assert begun["count"] == answer["output"]["done"] == 1
    assert [stack.get(id) for id in IDS] == before


def test_the_task_that_a_verb_in_bulk_has_begun_is_served(stack: Stack, api: Api) -> None:
    stack.create(id="t1", definition_id="testingRun", status=Status.SUCCESS)

    id = api.data(IN_BULK % "deleteTasks", where={})["task"]["id"]

    assert api.data(GET_TASK, id=id)["definitionId"] == BULK_DEFINITION
    assert id in [each["id"] for each in api.data(LIST_TASKS)]
    assert api.data(ABORT_TASK, id=id)["taskStatus"] == "aborted"
    assert api.data(DELETE_TASK, id=id) is True


def test_the_id_of_a_private_parent_is_told_and_nothing_else(stack: Stack, api: Api) -> None:
    stack.create(id="hidden", definition_id="cleanUp")
    stack.create(id="shown", definition_id="testingRun", parent_id="hidden")

    assert api.data(GET_TASK, id="shown")["parentId"] == "hidden"
    assert [each["id"] for each in api.data(LIST_TASKS, where={"parentId": "hidden"})] == ["shown"]


def test_a_task_whose_definition_is_gone_is_served(stack: Stack, api: Api) -> None:
    stack.create(id="t1", definition_id="wasDeployedOnce")

    assert api.data(GET_TASK, id="t1")


def test_code_sees_them(stack: Stack, api: Api) -> None:
    stack.create(id="hidden", definition_id="cleanUp", status=Status.FAILED)

    assert stack.tasks.get("hidden")
    assert [task.id for task in stack.tasks.list().items] == ["hidden"]
    assert stack.tasks.retry("hidden").retry_of == "hidden"
    assert stack.tasks.count() == 2
    assert api.envelope(RETRY_TASK, id="hidden")["error"]["code"] == "NOT_FOUND"
    assert "errors" in api.ask(TRIGGER_TASK, definition="cleanUp")
