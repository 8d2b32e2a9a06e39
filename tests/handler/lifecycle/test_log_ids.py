"""Whose lines a process logs that looks at many tasks."""

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from handler import Context, Done, Retry, process_log, task
from handler.recovery import RecoveryFailed
from handler.table.keys import task_key
from tests.handler.graphql.client import TRIGGER_TASK, Api
from tests.handler.recovering import Recovering
from tests.handler.stack import TABLE, Stack

Line = tuple[str, dict[str, Any]]


class Lines(logging.Handler):
    """Keeps each record's message with the ids that its line would have."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Line] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append((record.getMessage(), dict(process_log._ids())))

    def of(self, start: str) -> list[Any]:
        """The tasks of the lines that begin so."""
        return [ids.get("task_id") for message, ids in self.seen if message.startswith(start)]


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def test_each_line_of_a_sweep_has_the_ids_of_the_one_task_that_it_is_about(
    recovering: Recovering, lines: Lines
) -> None:
    ended = [recovering.claimed_by(f"lost-{number}").id for number in range(3)]
    odd = recovering.pending()
    recovering.stack.dynamodb.update_item(
        TableName=TABLE,
        Key=task_key(odd.id),
        UpdateExpression="SET taskStatus = :newer",
        ExpressionAttributeValues={":newer": {"S": "newer"}},
    )
    dropped = {"webinyTaskId": "gone", "webinyTaskDefinitionId": "someTask", "tenant": "acme"}
    recovering.send_to_dlq({"id": "e1", "detail": dropped})
    recovering.hook_error = ValueError("no")
    recovering.wait()

    with pytest.raises(RecoveryFailed):
        recovering.sweep()

    assert sorted(lines.of("A task was ended by the recovery")) == sorted(ended)
    assert sorted(lines.of("A hook raised.")) == sorted(ended)
    assert lines.of("The recovery could not look at a task") == [odd.id]
    assert lines.of("A dead letter names no task") == ["gone"]
    assert lines.of("sweep") in ([], [None])
    assert {ids["request_id"] for _, ids in lines.seen} == {"request-1"}
    assert {ids["tenant"] for _, ids in lines.seen if ids.get("task_id") == "gone"} == {"acme"}


def test_each_line_of_the_report_of_an_execution_has_the_ids_of_its_task(
    recovering: Recovering, lines: Lines
) -> None:
    record = recovering.running(tenant="acme")
    recovering.end("execution-1", "FAILED")

    recovering.report("execution-1")

    ((_, ids),) = lines.seen
    assert ids == {
        "task_id": record.id,
        "definition_id": "someTask",
        "tenant": "acme",
        "execution_name": "execution-1",
        "iteration": 1,
        "request_id": "request-1",
    }


def test_the_hook_of_an_aborted_child_speaks_for_the_child_and_its_parent_for_itself(
    recovering: Recovering, lines: Lines
) -> None:
    parent = recovering.running()
    child = recovering.pending(parent_id=parent.id)
    recovering.hook_error = ValueError("no")
    recovering.end("execution-1", "ABORTED")

    recovering.report("execution-1")

    assert lines.of("A hook raised.") == [child.id, parent.id]
    assert lines.of("A task was ended by the recovery") == [parent.id]


def test_a_line_of_a_crash_has_the_iteration_that_follows_it(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, object]] = []
    monkeypatch.setattr(process_log, "takes", lambda _: True)
    monkeypatch.setattr(
        process_log,
        "write",
        lambda _, message, __: said.append((message, process_log._ids().get("iteration"))),
    )

    @task(retry=Retry())
    def crashing(context: Context) -> Done:
        context.log.info("In a thread of its own.")
        return Done("Done.")

    record = stack.trigger(crashing)
    stack.claim(record)
    stack.run(record)

    assert [number for message, number in said if message != "visit"] == [2, 2, 2]
    assert said[0][0].startswith("The iteration before did not end")


def test_each_line_of_a_request_to_the_api_has_its_id_a_hooks_own_lines_too(
    stack: Stack, lines: Lines
) -> None:
    @task(id="vetoing")
    def vetoing(context: Context) -> Done:
        return Done()

    @vetoing.on_before_trigger
    def log_and_veto(request: object) -> None:
        logging.getLogger("author").warning("in a hook")
        raise ValueError("no")

    api = Api(stack)
    stack.definitions = (vetoing,)

    api.envelope(TRIGGER_TASK, definition="vetoing")

    assert [message for message, _ in lines.seen if message == "in a hook"] == ["in a hook"]
    assert {ids["request_id"] for _, ids in lines.seen} == {"WkA1yjp5FiAEP8A="}
    assert process_log._ids() == {}


def test_nothing_is_left_of_an_iteration_in_any_thread() -> None:
    found: list[object] = []

    with process_log.about_task(task_id="t1", definition_id="d1", execution_name="e1"):
        pass
    thread = threading.Thread(target=lambda: found.append(process_log._ids()))
    thread.start()
    thread.join()

    assert found == [{}]
    assert process_log._ids() == {}
