"""What docs/reliability.md says of the code is so."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from handler import Context, DeliveryError, Done, Failed, Verdict, task
from handler.aws.worker_failures import WorkerFailure
from handler.contract import ErrorCode
from handler.settings import Settings
from handler.testing import Killed
from infra.recovery_function import SWEEP
from tests.docs.guide import DOCS, anchors_of, links_of
from tests.handler.recovering import Recovering
from tests.handler.stack import BusQueue, Stack

GUIDE = (DOCS / "reliability.md").read_text()
TESTS = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", GUIDE)


@pytest.mark.parametrize(("file", "test"), TESTS)
def test_each_test_that_it_names_is_there(file: str, test: str) -> None:
    assert f"def {test}(" in (DOCS.parent / file).read_text()


def test_every_promise_names_a_test() -> None:
    promises = GUIDE.partition("## What is promised")[2].partition("\n## ")[0].strip().split("\n\n")
    assert len(promises) >= 10
    assert all("`tests/" in promise and promise.startswith("**") for promise in promises)


def test_each_code_that_it_names_is_one() -> None:
    codes = {crash.error_code for crash in WorkerFailure} | {
        ErrorCode.NEVER_CLAIMED,
        ErrorCode.UNDELIVERED,
        ErrorCode.TRIGGER_TASK_ERROR,
    }
    named = set(re.findall(r"`((?:WORKER|TRIGGER|NEVER|UNDELIVERED)[A-Z_]*)`", GUIDE))
    assert named == codes


def test_each_of_its_links_leads_somewhere() -> None:
    for link in links_of(GUIDE):
        file, _, anchor = link.partition("#")
        assert (DOCS / file).exists()
        assert not anchor or anchor in anchors_of((DOCS / file).read_text() if file else GUIDE)


def test_the_sweeps_interval_is_what_it_says() -> None:
    assert SWEEP == "rate(5 minutes)"
    assert "every 5 minutes" in GUIDE


class RefusingBus:
    """EventBridge takes no event."""

    def put_events(self, *, Entries: list[Any]) -> Any:  # noqa: N803
        entries = [{"ErrorCode": "Throttled", "ErrorMessage": "Too many."} for _ in Entries]
        return {"FailedEntryCount": len(Entries), "Entries": entries}


def returns(recovering: Recovering, verdict: Verdict) -> None:
    @task()
    def returning(context: Context) -> Verdict:
        return verdict

    record = recovering.stack.trigger(returning)
    recovering.stack.run(record, visit="visit-1")
    recovering.stack.run(record, visit="visit-1")


def aborts(recovering: Recovering) -> None:
    recovering.stack.tasks.abort(recovering.running().id)


def cannot_send(recovering: Recovering) -> None:
    recovering.stack.events.stands_for(RefusingBus())
    with pytest.raises(DeliveryError):
        recovering.stack.tasks.trigger("someTask")


def sends_a_wrong_event_by_hand(recovering: Recovering) -> None:
    payload = {
        "webinyTaskId": "event-1",
        "webinyTaskDefinitionId": "none",
        "endpoint": "manage",
        "tenant": "root",
        "locale": "en-US",
        "executionName": "execution-1",
        "stateMachineId": "",
        "byHand": True,
    }
    for _ in range(2):
        recovering.stack.invoke({"payload": payload})


def ends_an_execution(recovering: Recovering, status: str) -> None:
    recovering.running("execution-1")
    recovering.end("execution-1", status, error="" if status == "ABORTED" else "Boom")
    recovering.report("execution-1")
    recovering.report("execution-1")


def loses_an_execution(recovering: Recovering) -> None:
    recovering.claimed_by("execution-9")


ENDS: dict[str, tuple[Callable[[Recovering], None], str]] = {
    "done": (lambda recovering: returns(recovering, Done()), "TasksSuccess"),
    "failed": (lambda recovering: returns(recovering, Failed("On purpose.")), "TasksFailed"),
    "aborted from code": (aborts, "TasksAborted"),
    "an event that is not taken": (cannot_send, "TasksFailed"),
    "an event by hand that can't run": (sends_a_wrong_event_by_hand, "TasksFailed"),
    "an execution that failed": (lambda it: ends_an_execution(it, "FAILED"), "TasksFailed"),
    "an execution that was stopped": (lambda it: ends_an_execution(it, "ABORTED"), "TasksAborted"),
    "a lost execution": (loses_an_execution, "TasksFailed"),
}


@pytest.mark.parametrize("end", ENDS)
def test_each_end_is_counted_once_whoever_ends_the_task(end: str) -> None:
    end_it, metric = ENDS[end]
    with Stack.inside_moto() as stack:
        recovering = Recovering(stack, BusQueue())
        end_it(recovering)
        for _ in range(2):
            recovering.wait()
            recovering.sweep()

        counted = [name for name, _ in stack.metrics_counted.take()]
        ends = [name for name in counted if name not in ("TasksStarted", "Crashes")]
        assert ends == [metric]


def test_a_sweep_aborts_the_children_that_a_dead_process_left() -> None:
    def dies(operation: str, request: object) -> None:
        if operation == "transact_write_items":
            raise Killed

    with Stack.inside_moto() as stack:
        recovering = Recovering(stack, BusQueue())
        parent = recovering.running(id="parent")
        child = stack.create(id="child", parent_id="parent", execution_name="execution-1")
        stack.dynamodb.afterwards = dies
        with pytest.raises(Killed):
            stack.tasks.abort("parent")
        stack.dynamodb.afterwards = lambda operation, request: None
        assert stack.get(parent).was_aborted
        assert stack.get(child).is_open

        recovering.wait()
        recovering.sweep()

        assert stack.get(child).was_aborted
        assert recovering.ran == [("on_abort", "aborted"), ("on_abort", "aborted")]


def test_the_sweep_waits_as_long_as_it_says() -> None:
    assert Settings(table_name="tasks", event_bus_name="bus").recovery_after_seconds == 120
    assert "moved within the last 2 minutes" in GUIDE
