"""Whatever an author's code raises fails its task, with a name and a trace; nothing else ends."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import BaseModel, field_validator

from handler import (
    Context,
    Continue,
    Definition,
    Done,
    Failed,
    Refused,
    Retry,
    TaskRecord,
    TriggerRequest,
    Verdict,
    task,
)
from handler.contract import Status
from handler.errors import EngineSignal, StoreUnavailable
from handler.iteration.checkpoints import EndIteration
from handler.record import StoredTask
from handler.testing import Killed, kill, run
from tests.handler.graphql.client import TRIGGER_TASK, Api
from tests.handler.record.odd_exceptions import ODD_EXCEPTIONS, OwnBase, exceptions
from tests.handler.record.odd_values import ODD, Raising
from tests.handler.record.test_shown import is_strict_json
from tests.handler.simple_tasks import bare, raising, returning
from tests.handler.stack import Stack

BASE_EXCEPTIONS: list[BaseException] = [
    *(KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError(), OwnBase("cancelled")),
    *(SystemExit(), SystemExit(0), SystemExit(2), SystemExit("text"), BaseException("base")),
    BaseExceptionGroup("group", [asyncio.CancelledError(), ValueError("boom")]),
]


def failed(stack: Stack, definition: Definition, **options: Any) -> StoredTask:
    """The record of a task after one visit, which must have failed it."""
    record = stack.trigger(definition, **options)
    answer = stack.run(record)
    after = stack.get(record)
    assert after.status is Status.FAILED
    assert answer["status"] == "error"
    assert is_strict_json(answer)
    assert is_strict_json(after.output)
    (*_, line) = stack.lines(after)
    assert line.error
    assert line.error.stack or after.failure.code == "NO_VERDICT"
    return after


def test_every_odd_exception_fails_its_task(stack: Stack) -> None:
    # A sample: tests/handler/record/test_exceptions.py has them all.
    for make in [*ODD_EXCEPTIONS[::15], *ODD_EXCEPTIONS[-12:]]:
        after = failed(stack, bare(_raising(make)))

        assert after.failure.message
        assert after.failure.code


def _raising(make: Callable[[], BaseException]) -> Callable[[Context], Verdict]:
    def body(_: Context) -> Verdict:
        raise make()

    return body


@pytest.mark.property
@settings(suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@given(error=exceptions())
def test_any_exception_fails_its_task(error: BaseException) -> None:
    with Stack.inside_moto() as stack:
        failed(stack, raising(error))


def test_a_cancellation_out_of_an_event_loop_fails_the_task() -> None:
    async def cancelled() -> None:
        current = asyncio.current_task()
        assert current
        asyncio.get_running_loop().call_later(0.01, current.cancel)
        await asyncio.sleep(1)

    @task()
    def fetch(context: Context) -> Verdict:
        asyncio.run(cancelled())
        return Done()

    record = run(fetch).record

    assert record.output == {
        "error": {
            "message": "CancelledError was raised, without a message.",
            "code": "CancelledError",
        }
    }


def test_an_exit_fails_the_task_in_words() -> None:
    @task()
    def leave(context: Context) -> Verdict:
        sys.exit(2)

    record: Any = run(leave).record

    assert record.output["error"]["message"].startswith("The task's code called sys.exit(2).")


@pytest.mark.parametrize("error", BASE_EXCEPTIONS, ids=repr)
def test_a_retry_applies_to_whatever_is_raised(error: BaseException) -> None:
    @task(retry=Retry(max_attempts=3, jitter=False))
    def flaky(context: Context) -> Verdict:
        if context.task.attempts < 3:
            raise error
        return Done()

    result = run(flaky)

    assert result.record.has_succeeded
    assert result.iterations == 3


def test_a_retry_may_exclude_an_interrupt() -> None:
    @task(retry=Retry(max_attempts=3, exclude=(KeyboardInterrupt,)))
    def interrupted(context: Context) -> Verdict:
        raise KeyboardInterrupt

    assert run(interrupted).iterations == 1


@pytest.mark.parametrize("error", BASE_EXCEPTIONS, ids=repr)
def test_a_source_of_a_loop_may_raise_anything(stack: Stack, error: BaseException) -> None:
    class Input(BaseModel):
        cursor: int = 0

    def source() -> Iterator[tuple[int, int]]:
        yield 1, 1
        raise error

    @task()
    def looping(context: Context, input: Input) -> Verdict:
        for _ in context.each(source(), input):
            pass
        return Done()

    failed(stack, looping)


@pytest.mark.parametrize("error", BASE_EXCEPTIONS, ids=repr)
def test_a_validator_of_the_input_may_raise_anything(stack: Stack, error: BaseException) -> None:
    fails: list[bool] = []

    class Input(BaseModel):
        number: int = 0

        @field_validator("number", mode="before")
        @classmethod
        def check(cls, value: object) -> object:
            if fails:
                raise error
            return value

    @task()
    def validated(context: Context, input: Input) -> Verdict:
        return Done()

    record = stack.trigger(validated, input={"number": 1})
    fails.append(True)
    stack.run(record)

    assert stack.get(record).status is Status.FAILED
    expected = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else Refused
    with pytest.raises(expected):
        stack.trigger(validated, input={"number": 1})


def test_whatever_a_task_returns_its_task_ends(stack: Stack) -> None:
    class OddFailed(Failed):
        @property
        def message(self) -> str:
            raise SystemExit(0)

    for value in [*ODD, Raising(KeyboardInterrupt()), OddFailed, Continue]:
        after = failed(stack, returning(value))

        assert after.failure.code == "NO_VERDICT"


def test_an_output_that_cannot_be_read_fails_the_task(stack: Stack) -> None:
    for error in BASE_EXCEPTIONS:
        verdict = Done(output={"value": 1})
        object.__setattr__(verdict, "output", Raising(error))

        failed(stack, returning(verdict))


@pytest.mark.parametrize("hook", ["on_done", "on_error", "on_abort"])
def test_a_hook_may_raise_anything(stack: Stack, hook: str) -> None:
    verdicts = {"on_done": Done(), "on_error": Failed("boom")}
    for error in BASE_EXCEPTIONS:
        definition = bare(lambda _: verdicts[hook])

        def fail(record: TaskRecord, error: BaseException = error) -> None:
            raise error

        getattr(definition, hook)(fail)
        record = stack.trigger(definition)
        if hook == "on_abort":
            stack.tasks.abort(record.id)
        else:
            stack.run(record)

        after = stack.get(record)
        assert after.pending_hook is None
        assert any(f"Error executing {hook} hook" in text for text in stack.messages(record))


def test_a_veto_may_be_anything_that_can_be_raised(stack: Stack) -> None:
    for error in BASE_EXCEPTIONS:
        vetoed = bare(lambda _: Done())

        @vetoed.on_before_trigger
        def veto(request: TriggerRequest, error: BaseException = error) -> None:
            raise error

        expected = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else Refused
        with pytest.raises(expected):
            stack.trigger(vetoed)


def test_a_veto_of_any_kind_is_answered_by_the_api(stack: Stack) -> None:
    api = Api(stack)
    for error in BASE_EXCEPTIONS:

        @task(id="testingRun")
        def vetoed(context: Context) -> Verdict:
            return Done()

        @vetoed.on_before_trigger
        def veto(request: TriggerRequest, error: BaseException = error) -> None:
            raise error

        stack.definitions = (vetoed,)
        answer = api.envelope(TRIGGER_TASK, definition="testingRun")

        assert type(error).__name__ in str(answer["error"])


class TestTheEnginesOwn:
    def looping(self, wrap: Callable[[Callable[[], None]], None]) -> Definition:
        """A task that goes through three numbers, each in a call that `wrap` makes."""

        class Input(BaseModel):
            cursor: int = 0

        @task(id="looping")
        def looping(context: Context, input: Input) -> Verdict:
            source = ((number + 1, number) for number in range(input.cursor, 3))

            def go_through() -> None:
                for _ in context.each(source, input, per_iteration=1):
                    pass

            wrap(go_through)
            return Done(output={"cursor": input.cursor})

        return looping

    def test_the_end_of_an_iteration_comes_out_of_a_task_group(self) -> None:
        def in_a_group(call: Callable[[], None]) -> None:
            async def one() -> None:
                call()

            async def group() -> None:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(one())

            asyncio.run(group())

        result = run(self.looping(in_a_group))

        assert result.record.output == {"cursor": 3}
        assert result.iterations == 4

    def test_what_is_raised_beside_the_end_of_an_iteration_fails_the_task(self) -> None:
        def with_another(call: Callable[[], None]) -> None:
            try:
                call()
            except EndIteration as end:
                raise BaseExceptionGroup("both", [end, ValueError("boom")]) from None

        record: Any = run(self.looping(with_another)).record

        assert record.output["error"]["message"] == "both (2 sub-exceptions): ValueError: boom"

    @pytest.mark.parametrize("signal", [Killed(), StoreUnavailable("It is down.")])
    def test_a_signal_in_a_group_stays_a_signal(self, stack: Stack, signal: BaseException) -> None:
        record = stack.trigger(raising(BaseExceptionGroup("group", [ValueError(), signal])))

        with pytest.raises(type(signal)):
            stack.run(record)

        assert stack.get(record).status is Status.RUNNING

    def test_a_kill_inside_of_a_task_is_a_crash(self) -> None:
        @task()
        def saving(context: Context) -> Verdict:
            try:
                context.save_output({"a": 1})
            except EngineSignal:
                raise
            except BaseException as error:
                raise AssertionError from error
            return Done()

        result = run(saving, before={2: kill})

        assert result.record.has_succeeded
        assert result.iterations == 2
