"""The worker Lambda's entry."""

import importlib
import json
import sys
from typing import Any

import pytest

from handler import Context, Done, task
from handler.errors import StoreUnavailable
from tests.handler.stack import Stack, event_file, lambda_context, refusal


@task(id="countUp")
def count_up(context: Context) -> Done:
    return Done(output={"seconds left": context.remaining_seconds()})


@pytest.fixture
def worker(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The entry, as a new Lambda imports it."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    stack.definitions = (count_up,)
    sys.modules.pop("handler.worker", None)
    return importlib.import_module("handler.worker")


def test_an_invocation_runs_one_iteration_of_its_task(
    stack: Stack, worker: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    event = event_file("worker")
    stack.create(id=event["payload"]["webinyTaskId"], definition_id="countUp")

    answer = worker.handler(event, lambda_context(5.5))

    assert answer["status"] == "done"
    assert answer["output"] == {"seconds left": 5.5}


def test_a_signal_of_the_bus_is_handed_to_its_task(stack: Stack, worker: Any) -> None:
    event = event_file("eventbridge_signal")
    record = stack.create(id=event["detail"]["webinyTaskId"], definition_id="countUp")

    assert worker.handler(event, lambda_context()) == {"taken": True}

    signal = stack.store.signals.next(record, "approved")
    assert signal is not None
    assert signal.data == {"by": "Anne"}


def test_every_answer_of_the_worker_is_json(stack: Stack, worker: Any) -> None:
    json.dumps(worker.handler({"odd": True}, lambda_context(5.5)))


def test_an_unreachable_store_is_raised_for_the_state_machine_to_try_again(
    stack: Stack, worker: Any
) -> None:
    stack.dynamodb.fail(refusal("ThrottlingException"))

    with pytest.raises(StoreUnavailable):
        worker.handler(event_file("worker"), lambda_context(5.5))
