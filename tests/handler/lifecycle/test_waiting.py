"""`tasks.wait` and `tasks.result`: for programs that wait for a task from outside."""

import math
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from handler import (
    Context,
    Continue,
    Done,
    Failed,
    InvalidInput,
    NotFound,
    Refused,
    StillOpen,
    StoreUnavailable,
    TaskAborted,
    TaskFailed,
    TaskRecord,
    Tasks,
    Verdict,
    task,
    tasks,
)
from handler.process_log import about_task, task_at_hand
from handler.testing import run
from tests.handler.stack import Stack, WatchedClock


@task(id="copying")
def copying(context: Context) -> Done:
    context.save_progress(3, total=1_000)
    return Done(output={"rows": 3, "text": "x" * 10_000})


@task(id="bare")
def bare(context: Context) -> Done:
    return Done()


@task(id="failing")
def failing(context: Context) -> Verdict:
    return Failed("No rows.", code="NO_ROWS", data={"file": "a.csv"})


@task(id="asleep")
def asleep(context: Context) -> Verdict:
    context.save_progress(3, total=1_000)
    return Continue(wait=timedelta(days=1))


@pytest.fixture
def watch(stack: Stack) -> WatchedClock:
    stack.clock = WatchedClock()
    return stack.clock


def test_a_wait_ends_with_the_task_and_reads_no_payload(stack: Stack, watch: WatchedClock) -> None:
    record = stack.trigger(copying)
    watch.at_sleep = lambda number: stack.run(record) if number == 4 else None

    waited = stack.tasks.wait(record.id, timedelta(minutes=5))

    assert waited.has_succeeded
    assert watch.sleeps == pytest.approx([0.2, 0.3, 0.45, 0.675])
    assert "output" not in vars(waited)
    assert waited.output == {"rows": 3, "text": "x" * 10_000}


def test_each_look_is_one_request_and_but_for_the_first_half_a_read(
    stack: Stack, watch: WatchedClock
) -> None:
    record = stack.trigger(copying)
    before = len(stack.dynamodb.requests)

    with pytest.raises(StillOpen):
        stack.tasks.wait(record.id, 5)

    looks = stack.dynamodb.requests[before:]
    assert len(looks) == len(watch.sleeps) + 1
    assert [look["ConsistentRead"] for _, look in looks] == [True] + [False] * len(watch.sleeps)


def test_a_task_that_is_over_is_returned_at_once(stack: Stack, watch: WatchedClock) -> None:
    for definition, status in ((bare, "success"), (failing, "failed")):
        record = stack.trigger(definition)
        stack.run(record)

        assert stack.tasks.wait(record.id, 0).status == status

    aborted = stack.tasks.abort(stack.trigger(bare).id)
    assert stack.tasks.wait(aborted.id, 0).was_aborted
    assert watch.sleeps == []


def test_a_timeout_names_the_task_its_status_and_how_far_it_is(
    stack: Stack, watch: WatchedClock
) -> None:
    record = stack.trigger(asleep)
    stack.run(record)

    with pytest.raises(StillOpen) as raised:
        stack.tasks.wait(record.id, timedelta(minutes=2))

    assert raised.value.message == (
        f'Task "{record.id}" is still running after 120 s: it has done 3 of 1,000; it waits until '
        "2030-01-02T00:00:00.000Z. Next: wait for it once more, or see its logs."
    )
    data = raised.value.data or {}
    assert (data["id"], data["status"]) == (record.id, "running")
    assert data["progress"]["done"] == 3  # type: ignore[index]
    assert sum(watch.sleeps) == pytest.approx(120, abs=0.01)
    assert max(watch.sleeps) == 10


@pytest.mark.parametrize(
    ("pause", "since", "next_step"),
    [
        (lambda tasks, task_id: tasks.pause(task_id), "", "resume it, and wait for it once more"),
        (
            lambda tasks, _: tasks.pause_definition("bare"),
            ', with its definition "bare"',
            'resume its definition "bare", and wait for the task once more',
        ),
        (
            lambda tasks, _: tasks.pause_all(),
            ", with all",
            "resume all, and wait for the task once more",
        ),
    ],
    ids=["by itself", "with its definition", "with all"],
)
def test_of_a_paused_task_it_says_since_when_with_what_and_to_resume_that(
    stack: Stack, pause: Callable[[Tasks, str], object], since: str, next_step: str
) -> None:
    record = stack.trigger(bare)
    pause(stack.tasks, record.id)
    stack.run(record)  # one that is held is so from its next claim on

    for ask in (lambda: stack.tasks.wait(record.id, 0), lambda: stack.tasks.result(record.id)):
        with pytest.raises(StillOpen) as raised:
            ask()
        assert f": it is paused since 2030-01-01T00:00:00.000Z{since}" in raised.value.message
        assert raised.value.message.endswith(f". Next: {next_step}.")


def test_a_wait_looks_once_more_when_its_time_is_up(stack: Stack, watch: WatchedClock) -> None:
    record = stack.trigger(bare)
    watch.at_sleep = lambda number: stack.run(record)

    assert stack.tasks.wait(record.id, 0.05).has_succeeded
    assert watch.sleeps == [0.05]


@pytest.mark.parametrize("timeout", [-1, math.nan, "5", None, True, timedelta(seconds=-1)])
def test_what_is_no_timeout_is_refused(stack: Stack, timeout: Any) -> None:
    with pytest.raises(InvalidInput, match="it takes seconds or a timedelta, 0 or more"):
        stack.tasks.wait(stack.trigger(bare).id, timeout)


@pytest.mark.parametrize("id", ["nobody", "", "\ud800", "x" * 600])
def test_a_wait_for_no_task_is_refused(stack: Stack, watch: WatchedClock, id: str) -> None:
    with pytest.raises(NotFound):
        stack.tasks.wait(id, 60)

    assert watch.sleeps == []


def test_a_task_that_is_deleted_while_somebody_waits_is_not_found(
    stack: Stack, watch: WatchedClock
) -> None:
    record = stack.trigger(bare)

    def delete(_: int) -> None:
        stack.tasks.abort(record.id)
        stack.tasks.delete(record.id)

    watch.at_sleep = delete

    with pytest.raises(NotFound):
        stack.tasks.wait(record.id, 60)


def test_an_old_look_that_finds_nothing_is_no_loss_of_the_task(
    stack: Stack, watch: WatchedClock
) -> None:
    record = stack.trigger(bare)
    watch.at_sleep = lambda number: stack.run(record) if number == 2 else None
    real = stack.dynamodb._client

    class Behind:
        """A table whose reads are behind, but for the consistent ones."""

        def get_item(self, **request: Any) -> Any:
            return real.get_item(**request) if request["ConsistentRead"] else {}

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

    stack.dynamodb.stands_for(Behind())

    assert stack.tasks.wait(record.id, 60).has_succeeded


def test_a_wait_goes_on_while_the_table_is_out_of_reach(stack: Stack, watch: WatchedClock) -> None:
    record = stack.trigger(bare)
    stack.run(record)
    stack.dynamodb.fail(StoreUnavailable("for now"), times=3)

    assert stack.tasks.wait(record.id, 60).has_succeeded
    assert len(watch.sleeps) == 3


def test_a_table_that_stays_out_of_reach_is_told(stack: Stack, watch: WatchedClock) -> None:
    record = stack.trigger(bare)
    stack.dynamodb.fail(StoreUnavailable("for long"))

    with pytest.raises(StoreUnavailable, match="for long"):
        stack.tasks.wait(record.id, 60)


def test_a_table_that_is_lost_in_the_middle_is_the_reason_of_the_timeout(
    stack: Stack, watch: WatchedClock
) -> None:
    record = stack.trigger(bare)
    watch.at_sleep = lambda _: stack.dynamodb.fail(StoreUnavailable("for long"))

    with pytest.raises(StillOpen) as raised:
        stack.tasks.wait(record.id, 60)

    assert isinstance(raised.value.__cause__, StoreUnavailable)


# Inside of a task


def test_a_task_may_not_wait_and_is_told_what_to_do() -> None:
    @task(id="waiting")
    def waiting(context: Context) -> Done:
        return Done(output={"status": tasks.wait(context.trigger(bare).id, 60).status})

    record = run(waiting, children=[bare]).record

    assert record.has_failed
    message = str((record.output or {})["error"]["message"])  # type: ignore[index]
    assert message.startswith(f'Task "{record.id}" calls tasks.wait for task "')
    assert message.endswith("context.trigger(), and return context.wait_for_children(...).")


def test_a_hook_may_not_wait() -> None:
    refused: list[BaseException] = []

    @task(id="hooked")
    def hooked(context: Context) -> Done:
        return Done()

    @hooked.on_done
    def done(record: TaskRecord) -> None:
        with pytest.raises(Refused) as raised:
            tasks.wait(record.id, 60)
        refused.append(raised.value)

    run(hooked)

    assert len(refused) == 1


def test_a_task_may_read_a_result() -> None:
    @task(id="reading")
    def reading(context: Context) -> Done:
        with pytest.raises(StillOpen):
            tasks.result(context.trigger(bare).id)
        return Done()

    assert run(reading, children=[bare]).record.has_succeeded


def test_another_thread_of_a_process_that_runs_a_task_may_wait(stack: Stack) -> None:
    record = stack.trigger(bare)
    stack.run(record)
    waited: list[TaskRecord] = []
    thread = threading.Thread(target=lambda: waited.append(stack.tasks.wait(record.id, 0)))

    with about_task(task_id="t1", definition_id="d", execution_name="e"):
        assert task_at_hand() == "t1"
        thread.start()
        thread.join()

    assert task_at_hand() is None
    assert [record.has_succeeded for record in waited] == [True]


# The result


def test_the_result_is_the_output(stack: Stack) -> None:
    full, empty = stack.trigger(copying), stack.trigger(bare)
    stack.run(full)
    stack.run(empty)

    assert stack.tasks.result(full.id) == {"rows": 3, "text": "x" * 10_000}
    assert stack.tasks.result(empty.id) is None


def test_the_result_of_a_failed_task_is_its_failure(stack: Stack) -> None:
    record = stack.trigger(failing)
    stack.run(record)

    with pytest.raises(TaskFailed) as raised:
        stack.tasks.result(record.id)

    assert raised.value.message == f'Task "{record.id}" has failed: No rows.'
    assert raised.value.code == "NO_ROWS"
    assert raised.value.data == {"file": "a.csv"}


def test_a_failure_that_is_not_on_the_record_any_more_is_one_all_the_same() -> None:
    from handler.waiting import result_of

    fields = {"id": "t1", "definitionId": "d", "name": "n", "createdOn": "2030-01-01T00:00:00Z"}
    record = TaskRecord.model_validate({**fields, "taskStatus": "failed", "output": {"lost": "x"}})

    with pytest.raises(TaskFailed, match="why is not on its record any more") as raised:
        result_of(record)

    assert raised.value.data == {"lost": "x"}


def test_the_result_of_an_aborted_task_says_who_aborted_it(stack: Stack) -> None:
    record = stack.trigger(bare)
    stack.tasks.abort(record.id)

    with pytest.raises(TaskAborted, match=f'Task "{record.id}" was aborted by "System"') as raised:
        stack.tasks.result(record.id)

    assert raised.value.data == {"id": record.id, "abortedBy": "system"}


@pytest.mark.parametrize("is_running", [False, True])
def test_the_result_of_an_open_task_is_refused(stack: Stack, is_running: bool) -> None:
    record = stack.trigger(asleep)
    if is_running:
        stack.run(record)

    with pytest.raises(Refused) as raised:
        stack.tasks.result(record.id)

    assert isinstance(raised.value, StillOpen)
    assert raised.value.code == "TASK_STILL_OPEN"


def test_there_is_no_result_of_no_task(stack: Stack) -> None:
    with pytest.raises(NotFound):
        stack.tasks.result("nobody")
