"""Each operation on a task is a line of the API's log: who, what, which task, and how it went."""

import functools
import logging
from typing import Any

import pytest

from handler.contract import Status
from tests.handler.graphql.client import (
    ABORT_TASK,
    DELETE_TASK,
    GET_TASK,
    IN_BULK,
    LIST_DEFINITIONS,
    LIST_LOGS,
    LIST_TASKS,
    PAUSE_TASK,
    RESUME_TASK,
    RUN_TASK_NOW,
    TRIGGER_TASK,
    Api,
)
from tests.handler.stack import Stack

JANE = "arn:aws:sts::123456789012:assumed-role/Developer/jane"
# The ids of the requests of tests/events.
REQUESTS = {"http_api_iam": "WkA1yjp5FiAEP8A=", "http_api_jwt": "WkA1yjp5FiAEP8B="}


def audited(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The audit lines that were logged, with the fields of their own."""
    names = ("operation", "outcome", "identity_id", "identity_type", "tenant", "about_task_id")
    more = ("about_definition_id", "request_id")
    return [
        {name: vars(line)[name] for name in (*names, *more) if name in vars(line)}
        for line in caplog.records
        if getattr(line, "action", "") == "audit"
    ]


@pytest.mark.parametrize("level", [logging.INFO, logging.ERROR])
def test_a_deletion_is_logged_whatever_the_level_of_the_log(
    stack: Stack,
    api: Api,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
    level: int,
) -> None:
    root = logging.getLogger()
    request.addfinalizer(functools.partial(root.setLevel, root.level))
    root.setLevel(level)
    record = stack.create(status=Status.SUCCESS)

    api.ask(DELETE_TASK, id=record.id)

    assert audited(caplog) == [
        {
            "operation": "deleteTask",
            "outcome": "ok",
            "identity_id": JANE,
            "identity_type": "iam",
            "tenant": "root",
            "about_task_id": record.id,
            "request_id": REQUESTS["http_api_iam"],
        }
    ]


@pytest.mark.parametrize(
    ("document", "operation", "variables"),
    [
        (ABORT_TASK, "abortTask", {"id": "t1"}),
        (RUN_TASK_NOW, "runTaskNow", {"id": "t1"}),
        (PAUSE_TASK, "pauseTask", {"id": "t1"}),
        (RESUME_TASK, "resumeTask", {"id": "t1"}),
        (GET_TASK, "getTask", {"id": "t1"}),
        (LIST_LOGS, "listLogs", {"where": {"task": "t1"}}),
        (LIST_TASKS, "listTasks", {"where": {"id": "t1"}}),
        (LIST_TASKS, "listTasks", {"where": {"parentId": "t1"}}),
    ],
)
def test_every_operation_on_a_task_is_logged_with_the_caller(
    stack: Stack,
    api: Api,
    caplog: pytest.LogCaptureFixture,
    document: str,
    operation: str,
    variables: Any,
) -> None:
    stack.create(id="t1", tenant="acme")

    api.ask(document, event="http_api_jwt", **variables)

    (line,) = audited(caplog)
    assert line == {
        "operation": operation,
        "outcome": "ok",
        "identity_id": "auth0|6957329503d1",
        "identity_type": "jwt",
        "tenant": "acme",
        "about_task_id": "t1",
        "request_id": REQUESTS["http_api_jwt"],
    }


def test_a_verb_in_bulk_is_logged_with_the_task_that_does_the_work(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    data = api.data(IN_BULK % "deleteTasks", where={"definitionId": "exportUsers"})
    api.data(IN_BULK % "deleteTasks", where={}, dryRun=True)

    lines = [(line["operation"], line.get("about_task_id")) for line in audited(caplog)]
    assert lines == [("deleteTasks", data["task"]["id"]), ("deleteTasks", None)]


def test_a_trigger_is_logged_with_the_task_that_it_made(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    id = api.data(TRIGGER_TASK, definition="testingRun")["id"]

    assert [(line["operation"], line["about_task_id"]) for line in audited(caplog)] == [
        ("triggerTask", id)
    ]


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        (ABORT_TASK, {"id": "t1#0001"}),
        (DELETE_TASK, {"id": "t1#0001"}),
        (GET_TASK, {"id": "t1#0001"}),
        (LIST_LOGS, {"where": {"task": "t1#0001"}}),
        (LIST_TASKS, {"where": {"id": "t1#0001"}}),
        (LIST_TASKS, {"where": {"parentId": "t1#0001"}}),
    ],
)
def test_a_task_that_is_asked_for_with_a_revision_is_logged_without_it(
    api: Api, caplog: pytest.LogCaptureFixture, document: str, variables: Any
) -> None:
    api.ask(document, **variables)

    assert [line["about_task_id"] for line in audited(caplog)] == ["t1"]


def test_what_is_refused_is_logged_with_the_code_and_the_task(
    stack: Stack, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    stack.create(id="theirs", tenant="acme")

    api.ask(DELETE_TASK, id="theirs")

    (line,) = audited(caplog)
    assert (line["outcome"], line["about_task_id"]) == ("NOT_FOUND", "theirs")


def test_each_operation_of_a_document_has_a_line(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    api.ask(
        "mutation { backgroundTasks { a: triggerTask(definition: testingRun) { data { id } }"
        ' b: deleteTask(id: "x") { data } } }'
    )

    assert [line["operation"] for line in audited(caplog)] == ["triggerTask", "deleteTask"]


def test_a_list_of_definitions_is_about_no_task(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.ask(LIST_DEFINITIONS)

    assert audited(caplog) == []


@pytest.mark.parametrize("id", ["x" * 4_900_000, "\ud800", "a\nb"], ids=["long", "half", "lines"])
def test_a_line_is_short_whatever_is_sent(
    api: Api, caplog: pytest.LogCaptureFixture, id: str
) -> None:
    api.headers = {"x-tenant": id}

    api.ask(DELETE_TASK, id=id)

    (line,) = audited(caplog)
    assert all(len(value) <= 500 for value in line.values())
