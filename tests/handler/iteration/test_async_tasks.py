"""Tasks of `async def` functions: an event loop per iteration, of which nothing is left."""

import asyncio
import contextvars
import gc
import signal
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from handler import (
    Aborted,
    Context,
    Continue,
    Definition,
    Done,
    Failed,
    Retry,
    TaskRecord,
    TriggerRequest,
    Verdict,
    task,
    tasks,
)
from handler.definition import event_loop
from handler.errors import DefinitionError, InvalidInput, RequestError
from handler.record import StoredTask
from handler.testing import ManualClock, World, abort, deliver_again, kill, run


class Rows(BaseModel):
    rows: int = 3
    cursor: int = 0


class OwnError(Exception):
    code = "OWN"
    data = {"left": 3}  # noqa: RUF012


def made(body: Callable[[Context], Coroutine[Any, Any, Any]], **options: Any) -> Definition:
    """A task whose function awaits `body`."""

    @task(id="waiting", **options)
    async def waiting(context: Context) -> Verdict:
        found: Verdict = await body(context)
        return found

    return waiting


@task()
async def copy_rows(context: Context, input: Rows) -> Done:
    """Copies rows one after the other, without a second look."""
    done = []
    for row in context.each(pairs(input), input, total=input.rows, save_every=0):
        await asyncio.sleep(0)
        done.append(row)
    context.log.info("Copied.", rows=len(done))
    return Done(output={"cursor": input.cursor})


def pairs(input: Rows) -> Iterator[tuple[int, int]]:
    return ((row + 1, row) for row in range(input.cursor, input.rows))


def of_the_loop() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("asyncio")}


# What it returns and raises


def test_the_verdict_of_an_async_function_is_its_tasks() -> None:
    @task()
    async def greet(context: Context, input: Rows) -> Done:
        await asyncio.sleep(0)
        return Done("Greeted.", output={"rows": input.rows})

    result = run(greet, {"rows": 5})

    assert result.record.has_succeeded
    assert result.record.output == {"rows": 5}
    assert "Greeted." in result.messages


def test_each_iteration_has_a_loop_of_its_own_that_is_closed_behind_it() -> None:
    loops = []

    async def body(context: Context) -> Verdict:
        loops.append(asyncio.get_running_loop())
        return Continue() if context.task.iterations < 3 else Done()

    result = run(made(body))

    assert result.iterations == 3
    assert len(set(map(id, loops))) == 3
    assert all(loop.is_closed() for loop in loops)


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (ValueError("odd"), "ValueError"),
        (OwnError("own"), "OWN"),
        (asyncio.CancelledError(), "CancelledError"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (SystemExit(3), "SystemExit"),
        (StopIteration("x"), "RuntimeError"),
        (BaseExceptionGroup("many", [OwnError("own"), KeyboardInterrupt()]), "BaseExceptionGroup"),
    ],
)
def test_what_it_raises_fails_the_task_as_a_plain_functions_does(
    raised: BaseException, code: str
) -> None:
    async def body(context: Context) -> Verdict:
        await asyncio.sleep(0)
        raise raised

    result = run(made(body))

    assert result.record.has_failed
    assert (result.record.output or {})["error"]["code"] == code  # type: ignore[index]


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_what_stops_the_loop_from_a_task_of_it_fails_the_task(
    raised: type[BaseException],
) -> None:
    ended = []

    async def stops() -> None:
        raise raised

    async def body(context: Context) -> Verdict:
        try:
            await asyncio.gather(stops(), asyncio.sleep(60))
        finally:
            ended.append("body")
        return Done()

    result = run(made(body))

    assert result.record.has_failed
    assert ended == ["body"]


def test_a_task_that_is_cancelled_from_within_fails() -> None:
    async def body(context: Context) -> Verdict:
        current = asyncio.current_task()
        assert current
        asyncio.get_running_loop().call_soon(current.cancel)
        await asyncio.sleep(60)
        return Done()

    result = run(made(body))

    assert result.record.has_failed


def test_a_loop_that_is_stopped_fails_the_task() -> None:
    async def body(context: Context) -> Verdict:
        asyncio.get_running_loop().stop()
        await asyncio.sleep(60)
        return Done()

    result = run(made(body))

    assert "Event loop stopped" in str(result.record.output)


def test_failed_aborted_and_a_retry_are_as_a_plain_functions() -> None:
    verdicts: Iterator[Verdict | BaseException] = iter(
        [ValueError("once"), Failed("twice", code="TWICE"), Aborted()]
    )

    async def body(context: Context) -> Verdict:
        verdict = next(verdicts)
        if isinstance(verdict, BaseException):
            raise verdict
        return verdict

    result = run(made(body, retry=Retry(max_attempts=3)))

    assert result.record.was_aborted
    assert result.iterations == 3
    assert len(result.waits) == 2


def test_the_other_verdicts_are_checked_as_they_are_of_a_plain_function() -> None:
    async def body(context: Context) -> Any:
        return 7

    result = run(made(body))

    message = 'Task "waiting" returned 7; return Done, Continue, Failed or Aborted.'
    assert message in result.messages


# What it leaves behind


def test_asyncio_tasks_that_are_still_at_work_are_cancelled_and_heard_out() -> None:
    ended = []

    async def works() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            ended.append("works")

    async def body(context: Context) -> Verdict:
        kept = asyncio.create_task(works())
        await asyncio.sleep(0)
        assert not kept.done()
        return Done()

    result = run(made(body))

    assert result.record.has_succeeded
    assert ended == ["works"]


def test_a_task_that_is_started_while_another_is_cancelled_is_cancelled_too() -> None:
    ended, kept = [], []

    async def second() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("second")

    async def first() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            kept.append(asyncio.create_task(second()))
            await asyncio.sleep(0)

    async def body(context: Context) -> Verdict:
        kept.append(asyncio.create_task(first()))
        await asyncio.sleep(0)
        return Done()

    run(made(body))

    assert ended == ["second"]


def test_a_task_that_is_deaf_to_being_cancelled_does_not_hold_up_the_iteration(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(event_loop, "CLOSING_SECONDS", 0.1)
    ended = []

    async def deaf() -> None:
        try:
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    continue
        finally:
            ended.append("deaf")

    async def body(context: Context) -> Verdict:
        kept = asyncio.create_task(deaf(), name="deaf one")
        await asyncio.sleep(0)
        return Done(output={"done": kept.done()})

    result = run(made(body))

    assert result.record.output == {"done": False}
    assert ended == ["deaf"]
    assert "'deaf one' is deaf to being cancelled: it ends where it is." in caplog.messages
    gc.collect()


def test_what_an_asyncio_task_raises_at_its_end_is_logged_and_harms_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def raises() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise OwnError("at the end")

    async def fails() -> None:
        raise OwnError("nobody awaits")

    async def body(context: Context) -> Verdict:
        kept = [asyncio.create_task(raises())]
        await asyncio.create_task(asyncio.sleep(0))
        asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(fails()) and None)
        await asyncio.sleep(0.01)
        return Done(output={"kept": len(kept)})

    result = run(made(body))
    gc.collect()

    assert result.record.has_succeeded
    texts = " ".join(str(record.exc_info) for record in caplog.records)
    assert "at the end" in texts
    assert "nobody awaits" in texts


def test_async_generators_are_closed() -> None:
    ended = []

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(10):
                yield number
        finally:
            await asyncio.sleep(0)
            ended.append("numbers")

    async def body(context: Context) -> Verdict:
        kept = numbers()
        async for number in kept:
            if number == 1:
                break
        return Done(output={"kept": str(type(kept))})

    run(made(body))

    assert ended == ["numbers"]


def test_threads_of_the_loop_are_joined() -> None:
    async def body(context: Context) -> Verdict:
        await asyncio.to_thread(context.save_output, {"from": "a thread"})
        assert of_the_loop()
        return Done()

    result = run(made(body))

    assert result.record.output == {"from": "a thread"}
    assert not of_the_loop()


def test_plain_code_of_a_later_iteration_finds_the_current_loop_as_it_was() -> None:
    own = asyncio.new_event_loop()
    asyncio.set_event_loop(own)
    try:

        async def body(context: Context) -> Verdict:
            assert asyncio.get_running_loop() is not own
            return Done()

        run(made(body))

        assert asyncio.get_event_loop_policy().get_event_loop() is own
    finally:
        asyncio.set_event_loop(None)
        own.close()


def test_a_context_variable_that_it_sets_is_not_the_next_iterations() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
    found = []

    async def body(context: Context) -> Verdict:
        found.append(variable.get())
        variable.set("set")
        return Continue() if context.task.iterations < 2 else Done()

    run(made(body))

    assert found == ["unset", "unset"]


# The engine's signals


@pytest.mark.parametrize("call", range(1, 7))
@pytest.mark.parametrize("how", [kill, abort, deliver_again])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_loop_ends_well_whatever_comes_at_any_call_of_the_store(
    call: int, how: Callable[[World], None], when: str
) -> None:
    result = run(copy_rows, {"rows": 4}, **{when: {call: how}})  # type: ignore[arg-type]

    assert result.record.is_over
    assert result.record.was_aborted or result.record.output == {"cursor": 4}


def test_a_loop_ends_the_iteration_when_time_is_short_and_goes_on_in_the_next() -> None:
    result = run(copy_rows, {"rows": 9}, clock=ManualClock(tick=100))

    assert result.record.output == {"cursor": 9}
    assert result.iterations > 1


def test_a_loop_has_the_last_word_even_if_its_task_is_one_of_many() -> None:
    @task()
    async def grouped(context: Context, input: Rows) -> Done:
        async def loop() -> None:
            for _ in context.each(pairs(input), input, per_iteration=2):
                await asyncio.sleep(0)

        async with asyncio.TaskGroup() as group:
            group.create_task(loop())
            group.create_task(asyncio.sleep(0))
        return Done(output={"cursor": input.cursor})

    result = run(grouped, {"rows": 5})

    assert result.record.output == {"cursor": 5}
    assert result.iterations == 3


def test_a_death_in_an_asyncio_task_that_nobody_awaits_is_the_workers() -> None:
    async def body(context: Context) -> Verdict:
        async def saves() -> None:
            context.save_output({"saved": True})

        kept = asyncio.create_task(saves())
        await asyncio.sleep(0)
        return Done(output={"iterations": context.task.iterations, "done": kept.done()})

    result = run(made(body), before={2: kill})

    assert result.record.output == {"iterations": 2, "done": True}


def test_a_death_while_the_loop_is_closed_is_the_workers() -> None:
    async def body(context: Context) -> Verdict:
        async def saves_at_its_end() -> None:
            own = asyncio.current_task()  # so nothing frees it before the garbage is searched
            try:
                await asyncio.sleep(60)
            finally:
                context.save_output({"saved": own is not None})

        kept = asyncio.create_task(saves_at_its_end())
        await asyncio.sleep(0)
        return Done(output={"iterations": context.task.iterations, "done": kept.done()})

    result = run(made(body), before={2: kill})

    assert result.record.output == {"iterations": 2, "done": False}


# Loops


def test_async_for_over_each_is_refused_with_words() -> None:
    @task()
    async def wrong(context: Context, input: Rows) -> Done:
        async for _ in context.each(pairs(input), input):
            pass
        return Done()

    result = run(wrong)

    assert "context.each() is for a plain `for` statement" in str(result.record.output)


def test_an_async_generator_that_hands_on_the_items_of_each_is_refused() -> None:
    @task()
    async def wrong(context: Context, input: Rows) -> Done:
        async def rows() -> AsyncIterator[int]:
            for row in context.each(pairs(input), input):
                yield row

        return Done(output={"rows": [row async for row in rows()]})

    result = run(wrong)

    assert "context.each() hands out its items one by one" in str(result.record.output)


def test_a_batch_is_awaited_together() -> None:
    @task()
    async def many(context: Context, input: Rows) -> Done:
        found: list[int] = []

        async def add(row: int) -> None:
            await asyncio.sleep(0)
            found.append(row)

        for batch in context.each(pairs(input), input, batch=2):
            await asyncio.gather(*map(add, batch))
        return Done(output={"found": found})

    result = run(many, {"rows": 5})

    assert result.record.output == {"found": [0, 1, 2, 3, 4]}


# Where it is called from


def test_it_runs_in_a_test_that_has_a_loop_of_its_own() -> None:
    async def test() -> TaskRecord:
        return run(copy_rows, {"rows": 2}).record

    record = asyncio.run(test())

    assert record.output == {"cursor": 2}


def test_an_async_hook_runs_where_an_async_task_triggers_and_aborts_a_child() -> None:
    seen: list[str] = []

    @task()
    async def child(context: Context) -> Done:
        return Done()

    @child.on_before_trigger
    async def renamed(request: TriggerRequest) -> TriggerRequest:
        await asyncio.sleep(0)
        return replace(request, name="renamed")

    @child.on_abort
    async def aborted(record: TaskRecord) -> None:
        await asyncio.sleep(0)
        seen.append(record.name)

    @task()
    async def parent(context: Context) -> Done:
        tasks.abort(context.trigger(child).id)
        return Done()

    result = run(parent, children=[child])

    assert result.record.has_succeeded
    assert seen == ["renamed"]


@pytest.mark.parametrize("is_asleep", [False, True])
def test_ctrl_c_stops_the_test_and_not_the_task_alone(is_asleep: bool) -> None:
    ended = []

    async def body(context: Context) -> Verdict:
        main = threading.main_thread().ident
        assert main
        try:
            if is_asleep:
                threading.Timer(0.1, signal.pthread_kill, (main, signal.SIGINT)).start()
                await asyncio.sleep(30)
            signal.raise_signal(signal.SIGINT)
        finally:
            ended.append("body")
        return Done()

    with pytest.raises(KeyboardInterrupt):
        run(made(body))

    assert ended == ["body"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# Hooks


def test_each_hook_may_be_async() -> None:
    seen = []

    @task()
    def plain(context: Context, input: Rows) -> Verdict:
        return Done() if input.rows else Failed("no rows")

    @plain.on_done
    async def done(record: TaskRecord) -> None:
        await asyncio.sleep(0)
        seen.append(record.status)

    @plain.on_error
    async def failed(record: TaskRecord) -> None:
        await asyncio.sleep(0)
        seen.append(record.status)

    run(plain)
    run(plain, {"rows": 0})

    assert seen == ["success", "failed"]


def test_an_async_hook_that_raises_is_logged_on_the_task() -> None:
    async def body(context: Context) -> Verdict:
        return Done()

    definition = made(body)

    @definition.on_done
    async def done(record: TaskRecord) -> None:
        raise OwnError("of the hook")

    result = run(definition)

    assert result.record.has_succeeded
    assert 'Error executing on_done hook for task "' in result.messages[-1]


def test_an_async_veto_is_one() -> None:
    async def body(context: Context) -> Verdict:
        return Done()

    definition = made(body)

    @definition.on_before_trigger
    async def veto(request: TriggerRequest) -> None:
        await asyncio.sleep(0)
        raise OwnError("not today")

    with pytest.raises(OwnError, match="not today"):
        run(definition)


# Mistakes


def test_a_plain_function_that_returns_a_coroutine_is_told_what_to_write() -> None:
    async def fetch() -> Done:
        return Done()

    @task()
    def wrong(context: Context) -> Done:
        return fetch()  # type: ignore[return-value]

    with warnings.catch_warnings(record=True) as warned:
        result = run(wrong)
        gc.collect()

    assert result.record.has_failed
    message = (
        'Task "wrong" returned a coroutine of "fetch" that nobody has awaited: it did not run. '
        'Next: write "async def", and "return await fetch(...)".'
    )
    assert message in result.messages
    assert (result.record.output or {})["error"]["code"] == "NO_VERDICT"  # type: ignore[index]
    assert not warned


def test_an_async_function_that_forgets_to_await_is_told_the_same() -> None:
    async def fetch(context: Context) -> Done:
        return Done()

    @task()
    async def wrong(context: Context) -> Done:
        return fetch(context)  # type: ignore[return-value]

    result = run(wrong)

    assert 'a coroutine of "fetch" that nobody has awaited' in str(result.record.output)


def test_a_plain_hook_that_returns_a_coroutine_is_told_what_to_write() -> None:
    async def notify(record: StoredTask | TaskRecord | TriggerRequest) -> None: ...

    async def body(context: Context) -> Verdict:
        return Done()

    after, before = made(body), made(body)
    after.on_done(lambda record: notify(record) or None)
    before.on_before_trigger(lambda request: notify(request) or None)

    result = run(after)
    with pytest.raises(TypeError, match='on_before_trigger hook returned a coroutine of "notify"'):
        run(before)

    errors = [line.error for log in result.logs for line in log.lines if line.error]
    assert 'on_done hook returned a coroutine of "notify"' in errors[0].message


def test_a_generator_is_no_hook() -> None:
    async def body(context: Context) -> Verdict:
        return Done()

    def plain(record: TaskRecord) -> Iterator[None]:
        yield

    async def asynchronous(record: TaskRecord) -> AsyncIterator[None]:
        yield

    for hook in (plain, asynchronous):
        with pytest.raises(DefinitionError, match='on_done hook of task "waiting" is a generator'):
            made(body).on_done(hook)


def test_its_input_is_checked_as_a_plain_functions_is() -> None:
    with pytest.raises(InvalidInput) as refused:
        run(copy_rows, {"rows": "many"})

    assert isinstance(refused.value, RequestError)


def test_its_description_and_its_id_are_of_the_function() -> None:
    assert copy_rows.id == "copyRows"
    assert copy_rows.description == "Copies rows one after the other, without a second look."
