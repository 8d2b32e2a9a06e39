"""The worker Lambda's entry."""

import importlib
import json
import sys
from typing import Any

import pytest

from handler import Context, Done, task
from handler.errors import DefinitionError, StoreUnavailable
from tests.handler.stack import Stack, event_file, refusal


@task(id="countUp")
def count_up(context: Context) -> Done:
    return Done(
        output={"seconds left": context.remaining_seconds(), "invocation": context.task.invocation}
    )


class LambdaContext:
    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def get_remaining_time_in_millis(self) -> int:
        return 5_500


@pytest.fixture
def worker(stack: Stack) -> Any:
    """The entry, as a new Lambda imports it."""
    stack.definitions = (count_up,)
    sys.modules.pop("handler.worker", None)
    return importlib.import_module("handler.worker")


def test_an_invocation_runs_one_iteration_of_its_task(
    stack: Stack, worker: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    event = event_file("worker")
    stack.create(id=event["payload"]["webinyTaskId"], definition_id="countUp")

    answer = worker.handler(event, LambdaContext())

    assert answer["status"] == "done"
    assert answer["output"] == {"seconds left": 5.5, "invocation": LambdaContext.aws_request_id}


def test_what_it_answers_is_json(stack: Stack, worker: Any) -> None:
    json.dumps(worker.handler({"odd": True}, LambdaContext()))


def test_an_unreachable_store_is_raised_for_the_state_machine_to_try_again(
    stack: Stack, worker: Any
) -> None:
    stack.dynamodb.fail(refusal("ThrottlingException"))

    with pytest.raises(StoreUnavailable):
        worker.handler(event_file("worker"), LambdaContext())


def test_a_definition_that_cannot_be_imported_fails_the_start_and_not_a_task(
    stack: Stack, worker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from handler import wiring

    def refuse() -> None:
        raise DefinitionError("definitions/broken.py can't be imported.")

    monkeypatch.setattr(wiring, "_registry", refuse)

    with pytest.raises(DefinitionError):
        importlib.reload(worker)
