"""Iterations that go on in one invocation: what each writes, and that each counts as any other."""

import logging
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from handler import (
    Context,
    Continue,
    Definition,
    DefinitionError,
    Done,
    Failed,
    Retry,
    TaskRecord,
    Verdict,
    process_log,
    task,
)
from handler.contract import Status
from handler.errors import Overtaken
from handler.testing import Result, World, kill
from handler.testing.aws import aws_client
from handler.testing.world import Killed
from tests.handler.simple_tasks import bare
from tests.handler.stack import Stack

COUNT = 10


class Step(BaseModel):
    number: int = 1


def stepping(act: Callable[[Context, int], object] = lambda *_: None, **options: Any) -> Definition:
    """A task of ten iterations, which acts in each."""

    @task(id="stepping", **options)
    def stepping(context: Context, input: Step) -> Verdict:
        act(context, input.number)
        return Done() if input.number == COUNT else Continue(Step(number=input.number + 1))

    return stepping


def ran(definition: Definition, **options: Any) -> Result:
    with World.of(definition, **options) as world:
        world.start(definition)
        world.finish()
        return world.result()


class TestRequests:
    def test_each_iteration_after_the_first_is_one_request(self) -> None:
        result = ran(stepping())

        assert result.record.iterations == COUNT
        assert result.calls == (
            "update_item",  # the claim
            *["update_item"] * (COUNT - 1),  # each a commit, and the next claim
            "transact_write_items",  # the end, with its line
        )

    def test_an_iteration_that_says_nothing_writes_no_line(self) -> None:
        result = ran(stepping())

        assert [log.iteration for log in result.logs] == [COUNT]

    def test_what_an_iteration_logs_is_written_with_its_commit_under_its_number(self) -> None:
        def talk(context: Context, number: int) -> None:
            if number in (3, 7):
                context.log.info("Said.", number=number)

        result = ran(stepping(talk))

        assert result.calls.count("transact_write_items") == 3
        said = {log.iteration: [line.message for line in log.lines] for log in result.logs}
        talking = ["Said.", "Task continuing."]
        assert said == {3: talking, 7: talking, COUNT: ["Task done."]}

    def test_one_that_keeps_no_logs_writes_its_record_alone(self) -> None:
        def talk(context: Context, number: int) -> None:
            context.log.info("Said.")

        result = ran(stepping(talk, database_logs=False))

        assert result.calls == ("update_item",) * (COUNT + 1)
        assert result.logs == ()

    def test_with_in_place_false_each_iteration_has_a_visit(self) -> None:
        result = ran(stepping(in_place=False))

        assert len(result.answers) == result.record.iterations == COUNT
        assert result.calls == ("update_item", "transact_write_items") * COUNT


class TestVisits:
    def test_a_visit_is_answered_once_at_its_last_iteration(self) -> None:
        result = ran(stepping())

        assert [answer["status"] for answer in result.answers] == ["done"]

    def test_the_line_of_the_answer_says_how_many_ran(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lines: list[tuple[object, ...]] = []
        monkeypatch.setattr(process_log, "write", lambda *line: lines.append(line))

        ran(stepping())

        visit = {"action": "visit", "answer": "done", "iterations": COUNT}
        assert lines[-1] == (logging.INFO, "visit", visit)

    def test_a_wait_ends_the_visit(self) -> None:
        @task()
        def pausing(context: Context, input: Step) -> Verdict:
            wait = 60 if input.number % 3 == 0 else None
            if input.number == COUNT:
                return Done()
            return Continue(Step(number=input.number + 1), wait=wait)

        result = ran(pausing)

        assert result.waits == (60, 60, 60)
        assert len(result.answers) == 4
        assert result.record.iterations == COUNT

    @pytest.mark.parametrize(("seconds", "iterations"), [(299, 2), (300, 2), (301, 1)])
    def test_it_goes_on_while_two_thirds_of_the_time_are_left(
        self, seconds: int, iterations: int
    ) -> None:
        @task()
        def slow(context: Context, input: Step) -> Verdict:
            world.clock.advance(seconds)
            return Done() if input.number == 2 else Continue(Step(number=2))

        with World.of(slow) as world:
            world.start(slow)
            world.finish()
            answers = world.result().answers

        assert len(answers) == 3 - iterations

    def test_a_task_that_was_told_that_little_time_is_left_gets_a_new_invocation(self) -> None:
        @task()
        def early(context: Context, input: Step) -> Verdict:
            world.clock.advance(60)
            is_close = context.is_close_to_timeout(margin=timedelta(minutes=14.5))
            closeness.append(is_close)
            return Done() if input.number == 3 else Continue(Step(number=input.number + 1))

        closeness: list[bool] = []
        with World.of(early) as world:
            world.start(early)
            world.finish()
            answers = world.result().answers

        assert closeness == [True] * 3
        assert len(answers) == 3

    def test_no_iteration_starts_with_less_time_than_the_code_has_asked_for(self) -> None:
        @task(max_iterations=10)
        def top(context: Context, input: Step) -> Verdict:
            if context.is_close_to_timeout(timedelta(minutes=11)):
                return Continue()
            world.clock.advance(280)
            return Done() if input.number == 8 else Continue(Step(number=input.number + 1))

        with World.of(top) as world:
            world.start(top)
            world.finish()
            record = world.result().record

        assert (record.status, record.iterations) == (Status.SUCCESS, 8)

    def test_the_loop_of_each_goes_on_in_place_after_per_iteration_items(self) -> None:
        class Rows(BaseModel):
            cursor: int = 0

        @task()
        def rows(context: Context, input: Rows) -> Done:
            source = ((number + 1, number) for number in range(input.cursor, COUNT))
            for number in context.each(source, input, total=COUNT, per_iteration=3):
                seen[number] = context.task.iterations
            return Done()

        seen: dict[int, int] = {}
        result = ran(rows)

        assert seen == {number: number // 3 + 1 for number in range(COUNT)}
        assert result.record.iterations == 4
        assert len(result.answers) == 1
        assert result.record.progress is not None
        assert result.record.progress.done == COUNT

    def test_an_execution_hands_a_task_over_after_so_many_visits(self) -> None:
        @task(id="pausing")
        def pausing(context: Context, input: Step) -> Verdict:
            owners.append(str(context.task.execution_name))
            if input.number == COUNT:
                return Done()
            # Two iterations a visit.
            return Continue(Step(number=input.number + 1), wait=None if input.number % 2 else 60)

        owners: list[str] = []
        result = ran(pausing, max_execution_visits=2)

        assert result.record.status is Status.SUCCESS
        assert [owners.count(owner) for owner in dict.fromkeys(owners)] == [4, 4, 2]

    def test_a_state_machine_that_sends_no_visit_drives_it_too(self, stack: Stack) -> None:
        record = stack.trigger(stepping(lambda context, number: None))

        answers = [stack.run(record, visit="")["status"]]

        assert answers == ["done"]
        assert stack.get(record).iterations == COUNT


class TestCounts:
    def test_each_iteration_sees_its_number_and_the_input_that_the_one_before_left(self) -> None:
        seen: list[tuple[int, int, int]] = []

        def look(context: Context, number: int) -> None:
            seen.append((context.task.iterations, context.task.attempts, number))

        ran(stepping(look))

        assert seen == [(number, 1, number) for number in range(1, COUNT + 1)]

    @pytest.mark.parametrize("limit", [1, 2, 9])
    def test_max_iterations_is_exact(self, limit: int) -> None:
        numbers: list[int] = []
        definition = stepping(lambda _, number: numbers.append(number), max_iterations=limit)
        hooks: list[TaskRecord] = []
        definition.on_max_iterations(hooks.append)

        result = ran(definition)

        assert numbers == list(range(1, limit + 1))
        assert result.record.status is Status.FAILED
        assert "Task reached max iterations." in str(result.record.output)
        assert len(hooks) == 1

    def test_attempts_with_a_wait_of_zero_are_counted_and_logged(self) -> None:
        attempts: list[int] = []

        def fail(context: Context) -> Verdict:
            attempts.append(context.task.attempts)
            return Failed("Not yet.")

        definition = bare(fail, in_place=True, retry=Retry(max_attempts=3, backoff=0))
        result = ran(definition)

        assert attempts == [1, 2, 3]
        assert len(result.answers) == 1
        assert result.messages == [
            "Attempt 1 of 3 failed, the next one is in 0 s: Not yet.",
            "Attempt 2 of 3 failed, the next one is in 0 s: Not yet.",
            "Not yet.",
        ]

    def test_what_is_saved_on_the_way_stays(self) -> None:
        def save(context: Context, number: int) -> None:
            if number == 2:
                context.save_output({"saved": number})
            if number == 5:
                context.save_progress(number, COUNT)

        record = ran(stepping(save)).record

        assert record.output == {"saved": 2}
        assert record.progress is not None
        assert (record.progress.done, record.progress.total) == (5, COUNT)

    def test_what_the_code_makes_of_its_record_does_not_reach_the_next_iteration(self) -> None:
        @task()
        def meddling(context: Context, input: dict[str, Any]) -> Verdict:
            seen.append({**input, **context.task.input})
            context.task.input["added"] = True
            input["list"].append(1)
            return Continue() if context.task.iterations < 3 else Done()

        seen: list[object] = []
        with World.of(meddling) as world:
            world.start(meddling, {"list": []})
            world.finish()
            stored = world.result().record.input

        assert seen == [{"list": []}] * 3
        assert stored == {"list": []}

    def test_a_long_input_stands_where_each_iteration_left_it(self) -> None:
        @task()
        def growing(context: Context, input: dict[str, Any]) -> Verdict:
            text = input["text"]
            return Done(str(len(text))) if len(text) > 10**6 else Continue({"text": 2 * text})

        with World.of(growing) as world:
            # It repeats itself farther away than gzip looks: it stays as long as it is.
            world.start(growing, {"text": random.Random(1).randbytes(20_000).hex()})
            world.finish()
            result = world.result()
            bucket = world.settings.payload_bucket_name
            objects = aws_client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])

        assert len(result.answers) == 1
        assert len(str(result.record.input["text"])) > 10**6
        assert len(objects) == 2  # its own, and what it was triggered with


class TestDeaths:
    def test_after_a_crash_the_first_outcome_ends_the_visit(self) -> None:
        # The state machine brings a worker back three times in one visit: each step has its own.
        result = ran(stepping(), before={5: kill})

        assert result.record.status is Status.SUCCESS
        assert [answer["status"] for answer in result.answers] == ["continue", "done"]

    def test_deaths_of_many_steps_do_not_add_up(self) -> None:
        died: set[int] = set()

        def die(_: Context, number: int) -> None:
            if number not in died:
                died.add(number)
                raise Killed

        result = ran(stepping(die))

        assert result.record.status is Status.SUCCESS
        assert result.record.iterations == 2 * COUNT
        assert len(died) == COUNT

    def test_a_step_that_kills_its_worker_twice_is_the_end_of_its_task(self) -> None:
        def die(_: Context, number: int) -> None:
            if number == 5:
                raise Killed

        result = ran(stepping(die))

        assert result.record.status is Status.FAILED
        assert "crashed its Lambda 2 times in a row" in str(result.record.output)
        assert result.record.iterations == 7  # the fifth step twice, and the claim that ends it

    def test_the_crash_is_in_the_log_of_the_iteration_after_it(self) -> None:
        result = ran(stepping(), before={5: kill})

        crash = next(log for log in result.logs if "did not end" in log.lines[0].message)
        assert crash.iteration == 5


class TestOthers:
    def test_an_abort_between_two_iterations_ends_the_run(self, stack: Stack) -> None:
        def abort(context: Context, number: int) -> None:
            if number == 4:
                stack.tasks.abort(context.task.id)

        record = stack.trigger(stepping(abort))
        answer = stack.run(record)

        assert answer["status"] == "aborted"
        assert (stack.get(record).iterations, stack.get(record).status) == (4, Status.ABORTED)

    def test_a_worker_that_another_has_overtaken_goes_on_no_further(self, stack: Stack) -> None:
        numbers: list[int] = []

        def freeze(context: Context, number: int) -> None:
            numbers.append(number)
            if numbers == [1, 2, 3]:
                stack.run(record)  # the state machine took it for dead: the same visit again

        record = stack.trigger(stepping(freeze))
        answer = stack.run(record)

        assert answer["status"] == "continue"  # the other one's answer: either may be heard
        assert numbers == [1, 2, 3, 3]  # the other's only iteration: it follows a death
        assert stack.get(record).iterations == 4
        assert stack.get(record).input == {"number": 4}

    def test_one_that_was_overtaken_by_what_still_runs_has_the_state_machine_ask_again(
        self, stack: Stack
    ) -> None:
        def freeze(context: Context, number: int) -> None:
            if number == 3:
                stack.claim(context.task, visit=stack.get(context.task).visit or "")

        record = stack.trigger(stepping(freeze))
        with pytest.raises(Overtaken):
            stack.run(record)

        assert stack.get(record).is_open

    def test_a_thread_that_outlives_its_iteration_writes_nothing_in_the_next(self) -> None:
        kept: list[Context] = []

        def keep(context: Context, number: int) -> None:
            kept.append(context)
            if number == 2:
                kept[0].save_output({"late": True})
                kept[0].log.info("Late.")
                assert kept[0].is_aborted()

        result = ran(stepping(keep))

        assert result.record.output is None
        assert "Late." not in result.messages

    def test_a_child_of_each_iteration_is_triggered_once(self) -> None:
        @task(id="child")
        def child(context: Context, input: dict[str, int]) -> Done:
            return Done()

        def trigger(context: Context, number: int) -> None:
            context.trigger(child, input={"number": number})

        definition = stepping(trigger)
        with World.of(definition, child, before={6: kill}) as world:
            world.start(definition)
            world.finish()
            children = world.result().children

        assert {each.input["number"] for each in children} == set(range(1, COUNT + 1))
        assert len(children) == COUNT


def test_the_flag_takes_true_or_false() -> None:
    with pytest.raises(DefinitionError, match="in_place='yes'; it takes True or False"):
        stepping(in_place="yes")
