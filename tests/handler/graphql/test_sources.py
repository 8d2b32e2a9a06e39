"""Each action is in the task's log: who it was, and from where."""

from typing import Any

import pytest

from handler import Context, Done, tasks
from handler import task as a_task
from handler.contract import Status
from handler.record import Identity
from tests.handler.graphql.client import (
    ABORT_TASK,
    DELETE_TASK,
    PAUSE_TASK,
    RESUME_TASK,
    RETRY_TASK,
    RUN_TASK_NOW,
    SIGNAL_TASK,
    TRIGGER_TASK,
    Api,
)
from tests.handler.stack import Stack

JANE = "arn:aws:sts::123456789012:assumed-role/Developer/jane"  # of tests/events
ADDRESS = "203.0.113.7"
ANNE = Identity(id="anne", display_name="Anne", type="person")
ACTIONS: list[tuple[str, str, str, dict[str, Any]]] = [
    (ABORT_TASK, "abort", "Enough.", {"message": "Enough."}),
    (PAUSE_TASK, "pause", "The task was paused.", {}),
    (RUN_TASK_NOW, "run_now", "Its wait was ended: it runs now.", {}),
    (SIGNAL_TASK, "signal", 'The signal "go" has come.', {"name": "go"}),
]


def lines(stack: Stack, id: str) -> list[tuple[str, str, str, object]]:
    """Who has written each line, and its data."""
    return [
        (line.message, by.id, by.type, line.data)
        for log in stack.tasks.logs(id)
        for line in log.lines
        if (by := line.created_by or log.created_by)
    ]


def written(stack: Stack) -> list[str]:
    """The operations that write."""
    reads = ("get_item", "query", "batch_get_item")
    return [call for call in stack.dynamodb.calls if call not in reads]


@pytest.mark.parametrize(("document", "verb", "message", "more"), ACTIONS)
def test_an_action_by_the_api_is_a_line_with_the_address_of_the_caller(
    stack: Stack, api: Api, document: str, verb: str, message: str, more: dict[str, Any]
) -> None:
    id = stack.tasks.trigger("testingRun", delay=60).id

    api.data(document, id=id, **more)

    assert (message, JANE, "iam", {"source": ADDRESS}) in lines(stack, id)


@pytest.mark.parametrize(("document", "verb", "message", "more"), ACTIONS)
def test_an_action_by_code_says_so_and_costs_as_many_requests(
    stack: Stack, api: Api, document: str, verb: str, message: str, more: dict[str, Any]
) -> None:
    ours, theirs = (stack.tasks.trigger("testingRun", delay=60).id for _ in range(2))
    stack.dynamodb.requests.clear()
    arguments = {} if verb == "abort" else more

    getattr(stack.tasks, verb)(
        ours, *more.values() if verb == "abort" else (), **arguments, by=ANNE
    )

    by_code = written(stack)
    assert (message, "anne", "person", {"source": "code"}) in lines(stack, ours)
    stack.dynamodb.requests.clear()
    api.data(document, id=theirs, **more)
    assert written(stack) == by_code


def test_a_source_that_code_names_is_kept(stack: Stack, api: Api) -> None:
    id = stack.tasks.trigger("testingRun", delay=60).id

    stack.tasks.pause(id, by=ANNE.from_source("the desk of the night shift"))

    [line] = lines(stack, id)
    assert line[3] == {"source": "the desk of the night shift"}
    assert stack.tasks.get(id).created_by.source is None


def test_the_code_of_a_task_is_named_by_the_task(stack: Stack, api: Api) -> None:
    id = stack.tasks.trigger("testingRun", delay=60).id

    @a_task(id="guard")
    def guard(context: Context) -> Done:
        tasks.abort(id, "Not now.")
        return Done()

    own = stack.trigger(guard)
    stack.run(own)

    assert ("Not now.", "system", "system", {"source": f'task "{own.id}"'}) in lines(stack, id)


def test_a_retry_and_a_resumption_say_it_too(stack: Stack, api: Api) -> None:
    old = stack.create(status=Status.FAILED, definition_id="testingRun")
    paused = stack.tasks.pause(stack.tasks.trigger("testingRun", delay=60).id).id

    retry = api.data(RETRY_TASK, id=old.id)["id"]
    api.data(RESUME_TASK, id=paused)

    by_jane = (JANE, "iam", {"source": ADDRESS})
    assert [line[1:] for line in lines(stack, old.id)] == [by_jane]
    assert [line[1:] for line in lines(stack, retry)] == [by_jane]
    assert ("The task was resumed.", *by_jane) in lines(stack, paused)


def test_a_trigger_writes_no_line_and_its_record_says_who(stack: Stack, api: Api) -> None:
    stack.dynamodb.requests.clear()

    id = api.data(TRIGGER_TASK, definition="testingRun")["id"]

    assert written(stack) == ["put_item"]
    record = stack.get(id)
    assert (record.created_by.id, record.created_by.source) == (JANE, None)
    assert lines(stack, id) == []


@pytest.mark.parametrize(
    ("document", "more"),
    [(TRIGGER_TASK, {"definition": "testingRun"}), (DELETE_TASK, {"id": "t1"})],
)
def test_the_log_of_the_api_has_address_and_program_of_each(
    stack: Stack, api: Api, caplog: pytest.LogCaptureFixture, document: str, more: dict[str, Any]
) -> None:
    stack.create(id="t1", status=Status.SUCCESS)

    api.data(document, **more)

    [line] = [vars(each) for each in caplog.records if getattr(each, "action", "") == "audit"]
    assert (line["source_ip"], line["user_agent"]) == (ADDRESS, "curl/8.5.0")


def test_the_address_of_a_caller_is_of_no_length_that_a_line_has_no_room_for(
    stack: Stack,
) -> None:
    id = stack.create(definition_id="testingRun").id

    stack.tasks.pause(id, by=ANNE.from_source("x" * 1_000))

    [(*_, data)] = lines(stack, id)
    assert isinstance(data, dict)
    assert 190 < len(str(data["source"])) <= 200
