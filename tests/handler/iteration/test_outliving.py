"""What outlives its iteration writes nothing any more, and can find that out."""

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest

from handler import Context, Continue, Done, Verdict, task
from handler.contract import Status
from handler.errors import Refused
from tests.handler.simple_tasks import exporting
from tests.handler.stack import Stack

Act = Callable[[Context], object]


def loud(context: Context) -> None:
    """Logs so much that it would be written at once."""
    for _ in range(30):
        context.log.info("x" * 3_900)


ACTS: dict[str, Act] = {
    "save_input": lambda context: context.save_input({"cursor": 7}),
    "save_output": lambda context: context.save_output({"rows": 7}),
    "save_progress": lambda context: context.save_progress(7),
    "log": loud,
}


def leaving(contexts: list[Context]) -> Any:
    """A task whose first iteration leaves its context behind."""

    @task(id="leave")
    def leave(context: Context, input: dict[str, int]) -> Verdict:
        contexts.append(context)
        return Continue({"cursor": 100}) if context.task.iterations == 1 else Done()

    return leave


@pytest.fixture
def contexts() -> list[Context]:
    return []


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("visits", [1, 2], ids=["between two iterations", "after the end"])
def test_a_context_that_was_left_behind_writes_nothing(
    stack: Stack, contexts: list[Context], act: Act, visits: int
) -> None:
    record = stack.trigger(leaving(contexts), input={"cursor": 1})
    for visit in range(visits):
        stack.run(record, visit=str(visit))
    before = stack.rows()

    act(contexts[0])

    assert stack.rows() == before
    assert contexts[0].is_aborted()


def test_a_thread_that_was_left_behind_triggers_no_child(
    stack: Stack, contexts: list[Context]
) -> None:
    child = exporting()
    stack.definitions = (child,)
    record = stack.trigger(leaving(contexts), input={"cursor": 1})
    stack.run(record)
    errors: list[Exception] = []

    def trigger() -> None:
        try:
            contexts[0].trigger(child, input={"size": 1})
        except Refused as error:
            errors.append(error)

    thread = Thread(target=trigger)
    thread.start()
    thread.join()

    assert "triggers a child after its end" in str(errors)
    assert list(stack.store.index.children(record.id)) == []


@pytest.mark.parametrize("act", ["save_input", "save_output", "save_progress", "trigger"])
def test_an_invocation_that_was_overtaken_learns_it_and_writes_nothing(
    stack: Stack, act: str
) -> None:
    child = exporting()
    stack.definitions = (child,)
    seen: list[bool] = []
    reached: list[str] = []

    @task(id="overtaken", crash_retries=3)
    def overtaken(context: Context, input: dict[str, int]) -> Verdict:
        if context.task.iterations > 1:
            context.save_input({"cursor": 100})
            return Continue({"cursor": 101})
        seen.append(context.is_aborted())
        stack.run(record)  # Step Functions took this one for dead
        stack.clock.advance(2)
        seen.append(context.is_aborted())
        if act == "trigger":
            context.trigger(child, input={"size": 1})
        else:
            ACTS[act](context)
        reached.append(act)
        return Done(output={"rows": 1})

    record = stack.trigger(overtaken, input={"cursor": 1})
    answer = stack.run(record)

    after = stack.get(record)
    assert seen == [False, True]
    assert (after.status, after.input, after.output) == (Status.RUNNING, {"cursor": 101}, None)
    assert after.progress is None
    assert list(stack.store.index.children(record.id)) == []
    assert answer["status"] != "error"


def test_an_overtaken_invocation_that_never_asks_commits_nothing(stack: Stack) -> None:
    @task(id="overtaken", crash_retries=3)
    def overtaken(context: Context, input: dict[str, int]) -> Verdict:
        if context.task.iterations > 1:
            return Done(output={"by": 2})
        stack.run(record)
        return Done(output={"by": 1})

    record = stack.trigger(overtaken, input={"cursor": 1})
    stack.run(record)

    assert stack.get(record).output == {"by": 2}


def test_threads_of_an_iteration_save_one_after_another(stack: Stack) -> None:
    @task(id="threads")
    def threads(context: Context, input: dict[str, int]) -> Verdict:
        started = [Thread(target=context.save_output, args=({"n": number},)) for number in range(8)]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
        return Done()

    record = stack.trigger(threads, input={})
    stack.run(record)

    assert stack.get(record).status is Status.SUCCESS


@pytest.mark.parametrize("is_deleted", [False, True])
def test_the_children_of_an_iteration_whose_task_was_aborted_and_deleted_are_aborted(
    stack: Stack, is_deleted: bool
) -> None:
    child = exporting()
    stack.definitions = (child,)
    triggered: list[str] = []

    @task(id="late")
    def late(context: Context) -> Verdict:
        stack.tasks.abort(context.task.id)
        if is_deleted:
            stack.tasks.delete(context.task.id)
        triggered.append(context.trigger(child, input={"size": 1}).id)
        return Done()

    stack.run(stack.trigger(late))

    assert [stack.get(id).status for id in triggered] == [Status.ABORTED]


def test_an_invocation_whose_task_another_one_has_ended_triggers_no_child(stack: Stack) -> None:
    child = exporting()
    stack.definitions = (child,)

    @task(id="ended", crash_retries=3)
    def ended(context: Context) -> Verdict:
        if context.task.iterations > 1:
            return Done()
        stack.run(record)
        assert context.is_aborted()
        context.trigger(child, input={"size": 1})
        return Done()

    record = stack.trigger(ended)
    stack.run(record)

    assert list(stack.store.index.children(record.id)) == []
