"""`context.each`: a loop that resumes itself, and loses no item, whatever ends it."""

# ruff: noqa: A006, C400, C416, PERF401, PERF402
# The loops are the subject of the tests.

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from handler import Context, Continue, Definition, Done, Failed, Progress, Retry, Verdict, task
from handler.contract import Status
from handler.testing import ManualClock, World, abort, kill, run
from tests.handler.stack import Stack


class Cursor(BaseModel):
    cursor: int = 0
    seen: int = 0


class TestEach:
    """The loop that resumes itself."""

    def loop(self, total: int, effects: list[int], **options: Any) -> Definition:
        @task(id="counting")
        def counting(context: Context, input: Cursor) -> Done:
            source = ((number + 1, number) for number in range(input.cursor, total))
            for number in context.each(source, input, total=total, **options):
                effects.append(number)
                input.seen += 1
            return Done(output={"cursor": input.cursor, "seen": input.seen})

        return counting

    def test_every_item_comes_once_and_the_loop_ends(self) -> None:
        effects: list[int] = []

        result = run(self.loop(5, effects))

        assert effects == list(range(5))
        assert result.record.output == {"cursor": 5, "seen": 5}
        assert (result.record.input, result.iterations) == ({"cursor": 5, "seen": 5}, 1)

    def test_an_empty_source_ends_the_loop(self) -> None:
        result = run(self.loop(0, []))

        assert result.record.output == {"cursor": 0, "seen": 0}
        assert result.record.progress == Progress(done=0, total=0)

    def test_per_iteration_limits_the_items_of_an_iteration(self) -> None:
        effects: list[int] = []

        result = run(self.loop(5, effects, per_iteration=2, pause=timedelta(seconds=30)))

        assert effects == list(range(5))
        assert result.iterations == 3
        assert result.waits == (30, 30)

    def test_close_to_the_timeout_the_iteration_ends_by_itself(self) -> None:
        effects: list[int] = []
        left = iter([500, 400, 100, 500, 500, 500, 500])

        result = run(self.loop(5, effects), remaining_seconds=lambda: next(left, 500))

        assert effects == list(range(5))
        assert result.iterations == 2

    def test_margin_sets_how_early_the_iteration_ends(self) -> None:
        assert run(self.loop(3, [], margin=300), remaining_seconds=299).iterations == 4
        assert run(self.loop(3, [], margin=300), remaining_seconds=300).iterations == 1

    def test_an_abort_ends_the_loop_and_keeps_what_was_done(self) -> None:
        effects: list[int] = []

        # Calls are: claim, a look at the status a second, ...
        result = run(self.loop(100, effects), clock=ManualClock(tick=0.2), after={5: abort})

        assert result.record.status is Status.ABORTED
        assert 0 < len(effects) < 100
        assert result.answers[-1]["status"] == "aborted"

    def test_the_cursor_is_saved_every_few_seconds_at_most(self, stack: Stack) -> None:
        saves: list[str] = []

        @task()
        def counting(context: Context, input: Cursor) -> Done:
            stack.dynamodb.requests.clear()
            for _ in context.each(((number + 1, number) for number in range(20)), input):
                stack.clock.advance(1)
                saves.append(f"{stack.dynamodb.calls.count('update_item')}")
            return Done()

        record = stack.trigger(counting)

        stack.run(record)

        assert "".join(saves) == "00000111112222233333"

    def test_after_a_crash_the_loop_continues_from_the_last_save(self) -> None:
        effects: list[int] = []
        definition = self.loop(6, effects, save_every=timedelta(0))

        # Calls are: claim, save, look, save, save, ...
        result = run(definition, before={4: kill})

        assert result.record.output == {"cursor": 6, "seen": 6}
        assert effects[:2] == [0, 1]
        assert effects[2:] == [1, 2, 3, 4, 5]

    def test_the_cursor_moves_after_the_body_has_run(self) -> None:
        cursors: list[int] = []

        @task()
        def counting(context: Context, input: Cursor) -> Done:
            source = ((number + 1, number) for number in range(3))
            for _ in context.each(source, input):
                cursors.append(input.cursor)
            return Done()

        run(counting)

        assert cursors == [0, 1, 2]

    def test_an_exception_of_the_body_fails_the_task(self) -> None:
        @task()
        def failing(context: Context, input: Cursor) -> Done:
            for _ in context.each([(1, "a"), (2, "b")], input):
                raise ValueError("of the body")
            return Done()

        assert (run(failing).record.output or {})["error"] == {
            "message": "of the body",
            "code": "ValueError",
        }

    def test_a_pause_ends_the_iteration_behind_the_item_in_hand(self) -> None:
        effects: list[int] = []

        def pause(world: World) -> None:
            world.tasks.pause(world.task_id)

        looping = self.loop(100, effects)
        with World.of(looping, clock=ManualClock(tick=0.2), after={3: pause}) as world:
            world.start(looping, {})
            world.finish()
            held, done = world.store.get(world.task_id), len(effects)
            world.tasks.resume(world.task_id)
            world.finish()
            over = world.result().record

        assert held.is_held
        assert 0 < done < 100
        assert (over.has_succeeded, effects) == (True, list(range(100)))

    def test_except_exception_in_the_body_does_not_catch_an_abort(self) -> None:
        @task()
        def catching(context: Context, input: Cursor) -> Verdict:
            try:
                for _ in context.each(
                    ((number + 1, number) for number in range(10)), input, per_iteration=5
                ):
                    pass
            except Exception:
                return Failed("It was caught.")
            return Done()

        assert run(catching, before={2: abort}).record.status is Status.ABORTED

    def test_progress_counts_over_all_iterations_and_items(self) -> None:
        @task()
        def batches(context: Context, input: Cursor) -> Done:
            source = ((number + 1, [number] * 10) for number in range(input.cursor, 4))
            for _ in context.each(source, input, total=40, weight=len, per_iteration=3):
                pass
            return Done()

        assert run(batches).record.progress == Progress(
            done=40, total=40, rate=None, remaining_seconds=None
        )

    def test_progress_has_the_rate_of_this_iteration_and_the_seconds_left(
        self, stack: Stack
    ) -> None:
        seen: list[Progress | None] = []

        @task()
        def counting(context: Context, input: Cursor) -> Done:
            for number in context.each(
                ((number + 1, number) for number in range(100)), input, total=100
            ):
                stack.clock.advance(1)
                if number == 10:
                    seen.append(stack.get(context.task).progress)
            return Done()

        stack.run(stack.trigger(counting))

        assert seen == [Progress(done=10, total=100, rate=1.0, remaining_seconds=90.0)]

    def test_progress_without_a_total_has_no_seconds_left(self, stack: Stack) -> None:
        @task()
        def counting(context: Context, input: Cursor) -> Done:
            for _ in context.each(((number + 1, number) for number in range(3)), input):
                stack.clock.advance(1)
            return Done()

        record = stack.trigger(counting)
        stack.run(record)

        assert stack.get(record).progress == Progress(
            done=3, total=None, rate=1.0, remaining_seconds=None
        )

    @pytest.mark.parametrize("step", [0, "ab", {"id": 1, "name": "x"}, (1, 2, 3), None])
    def test_a_source_without_pairs_is_refused_with_what_it_yielded_and_what_to_write(
        self, step: Any
    ) -> None:
        @task()
        def without_pairs(context: Context, input: Cursor) -> Done:
            for _ in context.each([step], input):
                pass
            return Done()

        result = run(without_pairs)

        message = str(result.record.output)
        assert "yields (cursor, item) pairs" in message
        assert f"It yielded {step!r}. Next: " in message

    @pytest.mark.parametrize("total", ["x", -1, 1.5, float("nan"), 2**53])
    def test_a_total_that_is_not_a_whole_number_from_0_on_is_refused(self, total: Any) -> None:
        @task()
        def counting(context: Context, input: Cursor) -> Done:
            for _ in context.each([(1, "a")], input, total=total):
                pass
            return Done()

        result = run(counting)

        message = f"context.each(total={total!r}): it takes a whole number from 0 to {2**53 - 1}."
        assert result.record.output == {"error": {"message": message, "code": "ValueError"}}

    @pytest.mark.parametrize("weight", ["x", -1, 1.5, float("nan"), None])
    def test_a_weight_that_is_not_a_whole_number_from_0_on_is_refused(self, weight: Any) -> None:
        @task()
        def counting(context: Context, input: Cursor) -> Done:
            for _ in context.each([(1, "a")], input, weight=lambda _: weight):
                pass
            return Done()

        result = run(counting)

        message = f"The weight of an item of context.each() is {weight!r}: it takes a whole number"
        assert message in str(result.record.output)


def numbers(input: Cursor, total: int = 6) -> Iterator[tuple[int, int]]:
    """Each number from the cursor on, with the cursor behind it."""
    for number in range(input.cursor, total):
        yield number + 1, number


def watched(source: Iterator[tuple[int, int]], given: list[int]) -> Iterator[tuple[int, int]]:
    """`source`. It adds each number that is taken from it to `given`."""
    for cursor, number in source:
        given.append(number)
        yield cursor, number


def pull_list(items: Any) -> list[int]:
    return list(items)


def pull_unpacking(items: Any) -> list[int]:
    return [*items]


def pull_call(items: Any) -> list[int]:
    return [max(*items)]


def pull_next(items: Any) -> list[int]:
    return [next(iter(items))]


def pull_zip(items: Any) -> list[int]:
    return [item for item, _ in zip(items, range(100), strict=False)]


def pull_enumerate(items: Any) -> list[int]:
    return [item for _, item in enumerate(items)]


def pull_islice(items: Any) -> list[int]:
    return list(itertools.islice(items, 3))


def pull_chain(items: Any) -> list[int]:
    return list(itertools.chain(items, []))


def pull_map(items: Any) -> list[int]:
    return list(map(int, items))


def pull_generator(items: Any) -> list[int]:
    return list(item for item in items)


def pull_pool(items: Any) -> list[int]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(int, items))


def pull_python_batches(items: Any) -> list[int]:
    batch = []
    for item in items:
        batch.append(item)
    return batch


PULLS: list[Callable[[Any], list[int]]] = [
    pull_list,
    pull_unpacking,
    pull_call,
    pull_next,
    pull_zip,
    pull_enumerate,
    pull_islice,
    pull_chain,
    pull_map,
    pull_generator,
    pull_pool,
    pull_python_batches,
]


class TestWhatPullsItemsAhead:
    @pytest.mark.parametrize("pull", PULLS)
    def test_anything_but_a_for_statement_is_refused_before_the_first_item(
        self, pull: Callable[[Any], list[int]]
    ) -> None:
        given: list[int] = []

        @task()
        def pulling(context: Context, input: Cursor) -> Done:
            pull(context.each(watched(numbers(input), given), input))
            return Done()

        result = run(pulling)

        assert result.record.has_failed
        assert given == []
        assert result.record.input.get("cursor", 0) == 0
        assert "batch=25" in (result.record.output or {})["error"]["message"]  # type: ignore[index]

    def test_a_comprehension_in_the_task_is_refused(self) -> None:
        @task()
        def collecting(context: Context, input: Cursor) -> Done:
            return Done(
                output={"numbers": [number for number in context.each(numbers(input), input)]}
            )

        result = run(collecting)

        assert result.record.has_failed

    def test_a_generator_expression_in_the_task_is_refused(self) -> None:
        @task()
        def adding(context: Context, input: Cursor) -> Done:
            return Done(
                output={"sum": sum(number for number in context.each(numbers(input), input))}
            )

        result = run(adding)

        assert result.record.has_failed

    def test_yield_from_is_refused(self) -> None:
        @task()
        def yielding(context: Context, input: Cursor) -> Done:
            def items() -> Iterator[int]:
                yield from context.each(numbers(input), input)

            return Done(output={"numbers": list(items())})

        result = run(yielding)

        assert result.record.has_failed

    def test_a_second_for_statement_over_the_same_items_is_refused(self) -> None:
        @task()
        def twice(context: Context, input: Cursor) -> Done:
            items = context.each(numbers(input), input)
            for _ in items:
                pass
            for _ in items:
                pass
            return Done()

        result = run(twice)

        assert result.record.has_failed

    def test_a_for_statement_over_a_name_in_a_long_body_is_accepted(self) -> None:
        seen: list[int] = []

        @task()
        def long(context: Context, input: Cursor) -> Done:
            items = context.each(numbers(input), input)
            for number in items:
                match number:  # a body long enough for an extended jump
                    case 0 | 1 | 2:
                        seen.extend([number, number + 1, number + 2, number + 3][:1])
                        seen.extend([number, number + 1, number + 2, number + 3][1:1])
                        seen.extend([number, number + 1, number + 2, number + 3][2:2])
                        seen.extend([number, number + 1, number + 2, number + 3][3:3])
                        seen.extend([number, number + 1, number + 2, number + 3][4:])
                        seen.extend({number: number, "a": 1, "b": 2, "c": 3}.get("none", []))  # type: ignore[arg-type]
                        seen.extend({number: number, "a": 1, "b": 2, "c": 3}.get("none", []))  # type: ignore[arg-type]
                        seen.extend({number: number, "a": 1, "b": 2, "c": 3}.get("none", []))  # type: ignore[arg-type]
                        seen.extend({number: number, "a": 1, "b": 2, "c": 3}.get("none", []))  # type: ignore[arg-type]
                        seen.extend({number: number, "a": 1, "b": 2, "c": 3}.get("none", []))  # type: ignore[arg-type]
                    case _:
                        seen.append(number)
            return Done()

        result = run(long)

        assert result.record.has_succeeded
        assert seen == [0, 1, 2, 3, 4, 5]


class TestBatches:
    @pytest.mark.parametrize("batch", [1, 2, 4, 6, 100])
    @pytest.mark.parametrize("tick", [0, 20, 40, 100])
    @pytest.mark.slow
    def test_every_item_comes_in_some_batch_however_often_time_runs_out(
        self, batch: int, tick: int
    ) -> None:
        written: list[int] = []

        @task()
        def writing(context: Context, input: Cursor) -> Done:
            for items in context.each(numbers(input, 20), input, batch=batch, total=20):
                assert len(items) <= batch
                written.extend(items)
            return Done()

        result = run(writing, clock=ManualClock(tick=tick))

        assert result.record.has_succeeded
        assert written == list(range(20))
        assert result.record.progress is not None
        assert result.record.progress.done == 20

    def test_per_iteration_counts_items_and_not_batches(self) -> None:
        sizes: list[int] = []

        @task()
        def writing(context: Context, input: Cursor) -> Done:
            for items in context.each(numbers(input, 10), input, batch=3, per_iteration=4):
                sizes.append(len(items))
            return Done()

        result = run(writing)

        assert sizes == [3, 1, 3, 1, 2]
        assert result.iterations == 3

    def test_a_worker_killed_in_a_batch_gets_the_whole_batch_again(self) -> None:
        written: list[list[int]] = []

        @task()
        def writing(context: Context, input: Cursor) -> Done:
            for items in context.each(numbers(input), input, batch=2, save_every=0):
                written.append(items)
            return Done()

        # Calls are: claim, save, look, save, look, save, commit.
        result = run(writing, before={4: kill})

        assert result.record.has_succeeded
        assert written == [[0, 1], [2, 3], [2, 3], [4, 5]]

    @pytest.mark.parametrize("options", [{"batch": 0}, {"per_iteration": 0}, {"batch": -1}])
    def test_a_number_below_one_is_refused(self, options: dict[str, Any]) -> None:
        @task()
        def writing(context: Context, input: Cursor) -> Done:
            for _ in context.each(numbers(input), input, **options):
                pass
            return Done()

        result = run(writing)

        assert "it takes 1 or more" in str(result.record.output)


class TestLeavingTheLoop:
    def leaving(self, leave: Callable[[Any, Cursor], Verdict], seen: list[int]) -> Definition:
        """A task that leaves its loop at every third item, and goes on in the next iteration."""

        @task()
        def stopping(context: Context, input: Cursor) -> Verdict:
            loop = context.each(numbers(input), input)
            for number in loop:
                seen.append(number)
                if len(seen) in (3, 6):
                    return leave(loop, input)
            return Done()

        return stopping

    def test_after_break_the_item_in_hand_comes_again(self) -> None:
        seen: list[int] = []

        @task()
        def stopping(context: Context, input: Cursor) -> Verdict:
            for number in context.each(numbers(input), input):
                seen.append(number)
                if len(seen) == 3:
                    break
            return Continue(input) if len(seen) == 3 else Done()

        result = run(stopping)

        assert result.record.has_succeeded
        assert seen == [0, 1, 2, 2, 3, 4, 5]

    def test_after_done_and_break_no_item_comes_twice(self) -> None:
        seen: list[int] = []

        @task()
        def stopping(context: Context, input: Cursor) -> Verdict:
            loop = context.each(numbers(input), input)
            for number in loop:
                seen.append(number)
                if number == 2:
                    loop.done()
                    break
            return Continue(input) if len(seen) == 3 else Done()

        result = run(stopping)

        assert result.record.has_succeeded
        assert seen == [0, 1, 2, 3, 4, 5]

    def test_after_return_with_the_input_the_item_in_hand_comes_again(self) -> None:
        seen: list[int] = []

        run(self.leaving(lambda loop, input: Continue(input), seen))

        assert seen == [0, 1, 2, 2, 3, 4, 4, 5]

    def test_after_return_without_the_input_the_loop_goes_back_to_the_last_save(self) -> None:
        seen: list[int] = []

        run(self.leaving(lambda loop, input: Continue(), seen))

        assert seen == [0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 4, 5]

    def test_done_before_a_return_keeps_what_was_done(self) -> None:
        seen: list[int] = []

        def leave(loop: Any, input: Cursor) -> Verdict:
            loop.done()
            return Continue()

        result = run(self.leaving(leave, seen))

        assert seen == [0, 1, 2, 3, 4, 5]
        assert result.record.has_succeeded

    def test_done_twice_and_done_without_an_item_change_nothing(self) -> None:
        seen: list[int] = []

        @task()
        def confirming(context: Context, input: Cursor) -> Verdict:
            loop = context.each(numbers(input), input)
            loop.done()
            for number in loop:
                seen.append(number)
                loop.done()
                loop.done()
            loop.done()
            return Done()

        result = run(confirming)

        assert seen == [0, 1, 2, 3, 4, 5]
        assert result.record.progress is not None
        assert result.record.progress.done == 6

    def test_after_an_exception_the_next_attempt_goes_back_to_the_last_save(self) -> None:
        seen: list[int] = []

        @task(retry=Retry(max_attempts=2, backoff=0))
        def failing(context: Context, input: Cursor) -> Done:
            for number in context.each(numbers(input), input, save_every=0):
                seen.append(number)
                if seen == [0, 1, 2]:
                    input.seen = 99  # of the item in hand: it must not be kept
                    raise ConnectionError("Gone.")
            return Done(output={"seen": input.seen})

        result = run(failing)

        assert seen == [0, 1, 2, 2, 3, 4, 5]
        assert result.record.output == {"seen": 0}

    def test_finally_runs_when_the_loop_ends_the_iteration(self) -> None:
        closed: list[int] = []

        @task()
        def closing(context: Context, input: Cursor) -> Done:
            try:
                for _ in context.each(numbers(input), input, per_iteration=2):
                    pass
            finally:
                closed.append(input.cursor)
            return Done()

        result = run(closing)

        assert result.record.has_succeeded
        assert closed == [2, 4, 6, 6]  # the last iteration finds nothing left

    @pytest.mark.parametrize("verdict", [Done(), Failed("Something went wrong."), None])
    def test_a_task_that_swallows_the_end_of_its_iteration_loses_no_item(
        self, verdict: Verdict | None
    ) -> None:
        seen: list[int] = []

        @task()
        def swallowing(context: Context, input: Cursor) -> Any:
            try:
                for number in context.each(numbers(input), input, per_iteration=2):
                    seen.append(number)
            except BaseException:
                return verdict
            return Done()

        result = run(swallowing)

        assert result.record.has_succeeded
        assert seen == [0, 1, 2, 3, 4, 5]

    def test_an_abort_that_the_task_swallows_stays_an_abort(self) -> None:
        @task()
        def swallowing(context: Context, input: Cursor) -> Done:
            try:
                for _ in context.each(numbers(input), input):
                    context.save_output({"at": input.cursor})
            except BaseException:
                pass
            return Done()

        result = run(swallowing, before={2: abort})

        assert result.record.was_aborted
        assert result.answers[-1]["status"] == "aborted"

    def test_an_exception_in_finally_fails_the_task(self) -> None:
        @task()
        def closing(context: Context, input: Cursor) -> Done:
            try:
                for _ in context.each(numbers(input), input, per_iteration=2):
                    pass
            finally:
                raise RuntimeError("It can't be closed.")

        result = run(closing)

        assert (result.record.output or {})["error"] == {
            "message": "It can't be closed.",
            "code": "RuntimeError",
        }


class TestDurations:
    @pytest.mark.parametrize("margin", [400, 400.0, timedelta(seconds=400)])
    def test_a_margin_is_seconds_or_a_timedelta(self, margin: Any) -> None:
        @task()
        def counting(context: Context, input: Cursor) -> Done:
            for _ in context.each(numbers(input), input, margin=margin):
                pass
            return Done()

        result = run(counting, remaining_seconds=399)

        assert result.iterations == 7

    @pytest.mark.parametrize("pause", [90, timedelta(minutes=1.5)])
    def test_a_pause_is_seconds_or_a_timedelta(self, pause: Any) -> None:
        @task()
        def counting(context: Context, input: Cursor) -> Done:
            for _ in context.each(numbers(input), input, per_iteration=3, pause=pause):
                pass
            return Done()

        result = run(counting)

        assert result.waits == (90, 90)


class PhaseInput(BaseModel):
    cursor: int = 0
    phase: str = "first"


class TestInputs:
    def test_a_frozen_input_is_refused_before_the_first_item(self) -> None:
        class Frozen(BaseModel):
            model_config = ConfigDict(frozen=True)
            cursor: int = 0

        handled: list[int] = []

        @task()
        def frozen(context: Context, input: Frozen) -> Done:
            handled.extend(context.each([(1, 1)], input, save_every=timedelta(seconds=1)))
            return Done()

        assert 'give Frozen a field "cursor"' in str(run(frozen).record.output)
        assert handled == []

    def test_a_save_after_the_loop_is_not_overwritten_by_its_cursor(self) -> None:
        @task()
        def two_phases(context: Context, input: PhaseInput) -> Done | Continue:
            if input.phase == "first":
                for _ in context.each(
                    ((number + 1, number) for number in range(input.cursor, 3)), input
                ):
                    pass
                context.save_input({"phase": "second"})
                return Continue()
            return Done(output={"phase": input.phase, "cursor": input.cursor})

        result = run(two_phases)

        assert (result.iterations, result.record.output) == (2, {"phase": "second", "cursor": 3})


class TestSavingInsideTheLoop:
    def test_the_loops_own_input_can_be_saved(self) -> None:
        @task()
        def noting(context: Context, input: Cursor) -> Done:
            for number in context.each(numbers(input), input):
                input.seen = number
                context.save_input(input)
            return Done(output={"seen": input.seen})

        result = run(noting)

        assert result.record.output == {"seen": 5}
        assert result.record.input == {"cursor": 6, "seen": 5}

    @pytest.mark.parametrize("other", [{"seen": 99}, Cursor(seen=99)])
    def test_another_input_is_refused_since_the_loop_would_save_over_it(self, other: Any) -> None:
        @task()
        def noting(context: Context, input: Cursor) -> Done:
            for _ in context.each(numbers(input), input):
                context.save_input(other)
            return Done()

        result = run(noting)

        assert result.record.has_failed
        assert "takes the loop's own input" in str(result.record.output)

    def test_after_the_loop_any_input_can_be_saved(self) -> None:
        @task()
        def noting(context: Context, input: Cursor) -> Done:
            for _ in context.each(numbers(input), input):
                break
            context.save_input({"seen": 1})
            for _ in context.each(numbers(input), input):
                pass
            context.save_input({"seen": 2})
            return Done()

        result = run(noting)

        assert result.record.has_succeeded
        assert result.record.input["seen"] == 2
