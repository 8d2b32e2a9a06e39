"""What a running task is given."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, Field

from handler import (
    Aborted,
    Context,
    Continue,
    Definition,
    Done,
    Failed,
    TaskRecord,
    Verdict,
    task,
    tasks,
)
from handler.contract import Status
from handler.errors import InvalidInput, Overtaken
from handler.record import short_repr
from handler.record.task_record import Identity, Progress
from handler.testing import World, abort, kill, run
from tests.handler.stack import Stack, moment


class Input(BaseModel):
    size: int = Field(default=1, ge=1)
    text: str = ""


def doing(body: Callable[[Context], Verdict | None], **options: Any) -> Definition:
    """A task that runs `body`, and is done unless that returns a verdict."""

    @task(id="someTask", **options)
    def some_task(context: Context, input: Input) -> Verdict:
        return body(context) or Done()

    return some_task


@task()
def child(context: Context, input: dict[str, int]) -> Done:
    return Done(output={"twice": 2 * input.get("number", 0)})


@task()
def other_child(context: Context) -> Done:
    return Done()


def triggering(context: Context, **options: Any) -> None:
    """Triggers a child."""
    context.trigger(child, **options)


class TestWhatItKnows:
    def test_the_context_has_the_task_its_tenant_and_its_locale(self) -> None:
        seen: list[object] = []
        definition = doing(
            lambda context: seen.extend([context.task.status, context.tenant, context.locale])
        )

        with World.of(definition) as world:
            world.start(definition, tenant="acme", locale="de-DE")
            world.finish()

        assert seen == [Status.RUNNING, "acme", "de-DE"]

    def test_remaining_seconds_is_the_time_that_the_invocation_has_left(self) -> None:
        seen: list[object] = []

        def body(context: Context) -> None:
            seen.append(context.remaining_seconds())

        run(doing(body), remaining_seconds=200.5)

        assert seen == [200.5]

    @pytest.mark.parametrize(
        ("left", "margin", "close"),
        [(180, None, False), (179.9, None, True), (200, 300, True), (0.1, 0, False)],
    )
    def test_close_to_the_timeout_is_strictly_less_than_the_margin(
        self, left: float, margin: float | None, close: bool
    ) -> None:
        seen: list[bool] = []

        def body(context: Context) -> None:
            seen.append(
                context.is_close_to_timeout()
                if margin is None
                else context.is_close_to_timeout(margin)
            )

        run(doing(body), remaining_seconds=left)

        assert seen == [close]

    def test_the_input_that_it_was_claimed_with_cannot_be_changed_by_accident(self) -> None:
        @task()
        def mutating(context: Context, input: dict[str, object]) -> Verdict:
            input["size"] = 5
            return Continue() if context.task.iterations == 1 else Done(output=input)

        assert run(mutating, {"size": 1}).record.input == {"size": 1}


class TestIsAborted:
    def test_is_aborted_reads_the_table_at_most_once_a_second(self, stack: Stack) -> None:
        reads: list[int] = []

        def body(context: Context) -> None:
            stack.dynamodb.requests.clear()
            for seconds in (0, 0.5, 0.5, 0.3, 0.7):
                stack.clock.advance(seconds)
                assert not context.is_aborted()
                reads.append(len(stack.dynamodb.calls))

        stack.run(stack.trigger(doing(body)))

        assert reads == [1, 1, 2, 2, 3]

    def test_is_aborted_reads_the_status_alone_and_consistently(self, stack: Stack) -> None:
        def body(context: Context) -> None:
            stack.dynamodb.requests.clear()
            context.is_aborted()
            ((operation, request),) = stack.dynamodb.requests
            assert operation == "get_item"
            assert request["ConsistentRead"] is True
            names = "taskStatus, executionName, iterations, createdOn, pausedOn"
            assert request["ProjectionExpression"] == names

        record = stack.trigger(doing(body))

        assert stack.run(record)["status"] == "done"

    def test_an_abort_is_seen_within_a_second_and_never_forgotten(self, stack: Stack) -> None:
        seen: list[bool] = []
        calls: list[str] = []

        def body(context: Context) -> Verdict:
            seen.append(context.is_aborted())
            stack.tasks.abort(context.task.id)
            seen.append(context.is_aborted())
            stack.clock.advance(1)
            seen.append(context.is_aborted())
            stack.dynamodb.requests.clear()
            stack.clock.advance(1)
            seen.append(context.is_aborted())
            calls.extend(stack.dynamodb.calls)
            return Aborted()

        record = stack.trigger(doing(body))

        assert stack.run(record)["status"] == "aborted"
        assert seen == [False, False, True, True]
        assert calls == []

    def test_a_deleted_task_is_aborted(self, stack: Stack) -> None:
        seen: list[bool] = []

        def body(context: Context) -> None:
            stack.tasks.abort(context.task.id)
            stack.tasks.delete(context.task.id)
            seen.append(context.is_aborted())

        stack.run(stack.trigger(doing(body)))

        assert seen == [True]

    def test_a_checkpoint_that_finds_an_abort_needs_no_further_read(self, stack: Stack) -> None:
        seen: list[tuple[bool, list[str]]] = []

        def body(context: Context) -> None:
            stack.tasks.abort(context.task.id)
            context.save_output({"a": 1})
            stack.dynamodb.requests.clear()
            seen.append((context.is_aborted(), stack.dynamodb.calls))

        stack.run(stack.trigger(doing(body)))

        assert seen == [(True, [])]


class TestCheckpoints:
    def saved(
        self, stack: Stack, save: Callable[[Context], None], input: Any = None
    ) -> tuple[TaskRecord, TaskRecord]:
        """The record as the context has it and as the table has it, right after `save`."""
        seen: list[TaskRecord] = []

        def body(context: Context) -> None:
            stack.clock.advance(1)
            save(context)
            seen.extend([context.task, stack.get(context.task).to_record()])

        record = stack.trigger(doing(body), input=input)
        stack.run(record)
        assert len(seen) == 2, stack.get(record).output
        return seen[0], seen[1]

    @pytest.mark.parametrize(
        ("input", "after"),
        [({"text": "b"}, {"size": 5, "text": "b"}), (Input(text="b"), {"size": 1, "text": "b"})],
    )
    def test_a_mapping_is_merged_over_the_input_and_a_model_replaces_it(
        self, stack: Stack, input: Any, after: Any
    ) -> None:
        kept, stored = self.saved(
            stack, lambda context: context.save_input(input), input={"size": 5, "text": "a"}
        )

        assert kept == stored
        assert stored.input == after
        assert stored.status is Status.RUNNING

    def test_a_saved_output_replaces_the_output_before_it(self, stack: Stack) -> None:
        def save(context: Context) -> None:
            context.save_output({"a": 1})
            context.save_output({"b": 2})

        kept, stored = self.saved(stack, save)

        assert kept == stored
        assert stored.output == {"b": 2}

    @pytest.mark.parametrize(
        "wrong", ["x", -1, 1.5, math.nan, math.inf, 2**53, 10**5_000], ids=short_repr
    )
    @pytest.mark.parametrize("name", ["done", "total"])
    def test_progress_that_is_no_count_is_refused_in_words(self, name: str, wrong: Any) -> None:
        @task(id="progress")
        def definition(context: Context) -> Done:
            context.save_progress(**{"done": 0, name: wrong})
            return Done()

        result = run(definition)

        assert result.record.has_failed
        [error] = [line.error for line in result.logs[0].lines if line.error]
        assert f"save_progress({name}=" in str(error)
        assert "it takes a whole number from 0 to 9007199254740991." in str(error)

    def test_progress_is_on_the_record(self, stack: Stack) -> None:
        _, stored = self.saved(stack, lambda context: context.save_progress(3, total=10))

        assert stored.progress == Progress(done=3, total=10)

    def test_a_refused_save_input_does_not_end_the_iteration(self, stack: Stack) -> None:
        def save(context: Context) -> None:
            with pytest.raises(InvalidInput, match="size"):
                context.save_input({"size": 0})

        _, stored = self.saved(stack, save, input={"size": 5})

        assert stored.input["size"] == 5

    def test_after_a_crash_the_iteration_starts_with_the_last_checkpoint(self) -> None:
        seen: list[int] = []

        @task()
        def saving(context: Context, input: Input) -> Verdict:
            seen.append(input.size)
            context.save_input({"size": input.size + 1})
            return Done(output={"size": input.size + 1})

        # Calls are: claim, checkpoint, commit.
        result = run(saving, before={3: kill})

        assert seen == [1, 2]
        assert result.record.output == {"size": 3}

    def test_a_save_after_the_task_has_ended_changes_nothing(self, stack: Stack) -> None:
        answers: list[Any] = []

        def body(context: Context) -> Verdict:
            if context.task.iterations == 1:
                # The state machine gave this invocation up, and started the visit again.
                answers.append(stack.run(context.task))
            context.save_output({"by": context.task.iterations})
            return Done()

        record = stack.trigger(doing(body))

        stack.run(record)

        assert [answer["status"] for answer in answers] == ["done"]
        assert stack.get(record).output == {"by": 2}

    def test_an_iteration_whose_task_another_has_claimed_ends(self, stack: Stack) -> None:
        went_on: list[bool] = []

        def body(context: Context) -> Verdict:
            visit = stack.get(context.task).visit or ""
            stack.claim(context.task, visit=visit)
            context.save_output({"by": "the first"})
            went_on.append(True)
            return Done()

        record = stack.trigger(doing(body))

        with pytest.raises(Overtaken):
            stack.run(record)

        after = stack.get(record)
        assert went_on == []
        assert (after.status, after.output, after.iterations) == (Status.RUNNING, None, 2)


class TestChildren:
    def test_a_child_is_of_its_parents_tenant_locale_and_creator(self) -> None:
        jane = Identity(id="jane", display_name="Jane", type="iam")
        parent = doing(lambda context: triggering(context, name="First", input={"number": 1}))

        with World.of(parent, child) as world:
            world.start(parent, tenant="acme", locale="de-DE", created_by=jane)
            world.finish()
            (made,) = world.result().children

        assert (made.definition_id, made.name, made.input) == ("child", "First", {"number": 1})
        assert (made.parent_id, made.tenant, made.locale, made.created_by) == (
            world.task_id,
            "acme",
            "de-DE",
            jane,
        )
        assert made.output == {"twice": 2}

    def test_triggering_the_same_child_twice_makes_one_child(self) -> None:
        def body(context: Context) -> None:
            for _ in range(2):
                context.trigger(child, input={"number": 1})

        assert len(run(doing(body), children=[child]).children) == 1

    @pytest.mark.parametrize(
        ("first", "second", "children"),
        [
            ({"input": {"number": 1}}, {"input": {"number": 2}}, 2),
            ({"name": "a"}, {"name": "b"}, 2),
            ({"idempotency_key": "a"}, {"idempotency_key": "b"}, 2),
            (
                {"idempotency_key": "a", "input": {"number": 1}},
                {"idempotency_key": "a", "input": {"number": 2}},
                1,
            ),
            ({"definition": "child"}, {"definition": "otherChild"}, 2),
            ({"definition": child}, {"definition": "child"}, 1),
        ],
    )
    def test_a_child_is_identified_by_its_definition_and_its_key_or_input_and_name(
        self, first: dict[str, Any], second: dict[str, Any], children: int
    ) -> None:
        def body(context: Context) -> None:
            for options in (first, second):
                context.trigger(**{"definition": child} | options)

        assert len(run(doing(body), children=[child, other_child]).children) == children

    def test_two_parents_have_children_of_their_own(self) -> None:
        parent = doing(lambda context: triggering(context, idempotency_key="only"))

        with World.of(parent, child) as world:
            ids = [world.start(parent).id for _ in range(2)]
            world.finish()
            assert [len(world.result(id).children) for id in ids] == [1, 1]

    def test_children_are_listed_as_they_stand_and_by_definition(self) -> None:
        listed: list[list[str]] = []

        def body(context: Context) -> None:
            context.trigger(child, idempotency_key="a")
            context.trigger(other_child, idempotency_key="b")
            wanted = (None, child, "otherChild", "nothing")
            listed.extend(
                [found.definition_id for found in context.children(which)] for which in wanted
            )

        run(doing(body), children=[child, other_child])

        assert [sorted(found) for found in listed] == [
            ["child", "otherChild"],
            ["child"],
            ["otherChild"],
            [],
        ]

    def test_a_child_may_be_delayed(self) -> None:
        parent = doing(lambda context: triggering(context, delay=60))

        (made,) = run(parent, children=[child]).children

        assert made.delay == 60
        assert made.started_on == moment("2030-01-01T00:01:00.000Z")


class TestWaitingForChildren:
    def parent(self, then: Callable[[list[TaskRecord]], Verdict], **options: Any) -> Definition:
        def body(context: Context) -> Verdict:
            if context.task.iterations == 1:
                for number in (1, 2):
                    context.trigger(slow, input={"number": number})
            return context.wait_for_children(then)

        return doing(body, **options)

    def test_the_parent_waits_until_all_children_are_over_and_gets_them(self) -> None:
        def join(children: list[TaskRecord]) -> Verdict:
            return Done(
                output={f"child {child.input['number']}": child.status for child in children}
            )

        result = run(self.parent(join), children=[slow])

        assert result.record.output == {"child 1": "success", "child 2": "success"}

    def test_the_end_of_the_last_child_wakes_the_parent_which_looks_once(self) -> None:
        result = run(self.parent(lambda children: Done()), children=[slow])

        assert result.waits == (3_600,)
        assert result.iterations == 2

    def test_waiting_does_not_count_against_max_iterations(self) -> None:
        result = run(
            self.parent(lambda children: Done("Joined."), max_iterations=2), children=[slow]
        )

        assert result.record.status is Status.SUCCESS
        assert result.iterations == 2

    def test_a_parent_without_children_does_not_wait(self) -> None:
        result = run(
            doing(
                lambda context: context.wait_for_children(
                    lambda children: Done(output={"n": len(children)})
                )
            )
        )

        assert (result.record.output, result.waits) == ({"n": 0}, ())

    def test_a_child_that_failed_is_handed_over_like_the_others(self) -> None:
        @task()
        def failing(context: Context) -> Verdict:
            return Failed("boom")

        def body(context: Context) -> Verdict:
            context.trigger(failing)
            return context.wait_for_children(
                lambda children: Done(output={"states": [child.status for child in children]})
            )

        assert run(doing(body), children=[failing]).record.output == {"states": ["failed"]}

    def test_the_parent_may_wait_for_the_children_of_one_definition(self) -> None:
        def body(context: Context) -> Verdict:
            context.trigger(slow, input={"number": 1})
            context.trigger(other_child)
            return context.wait_for_children(
                lambda children: Done(output={"n": len(children)}), definition=other_child
            )

        with World.of(definition := doing(body), slow, other_child) as world:
            parent = world.start(definition)
            world.finish()
            result = world.result(parent.id)

        assert result.record.output == {"n": 1}
        assert result.iterations == 2

    def test_the_join_may_return_any_verdict(self) -> None:
        result = run(self.parent(lambda children: Failed("One of them failed.")), children=[slow])

        assert result.record.status is Status.FAILED

    def test_an_abort_of_the_parent_ends_its_children(self) -> None:
        definition = self.parent(lambda children: Done())
        with World.of(definition, slow, before={8: abort}) as world:
            world.start(definition)
            world.finish()
            result = world.result()

        assert result.record.status is Status.ABORTED
        assert {child.status for child in result.children} == {Status.ABORTED}


@task()
def slow(context: Context, input: dict[str, int]) -> Verdict:
    """Takes a minute."""
    return Continue(wait=60) if context.task.iterations == 1 else Done()


class TestTheDoorsTasks:
    def test_a_task_triggers_and_reads_other_tasks_with_handler_tasks(self) -> None:
        def body(context: Context) -> None:
            made = tasks.trigger("child", input={"number": 3})
            context.save_output({"read back": tasks.get(made.id) == made})

        with World.of(definition := doing(body), child) as world:
            world.start(definition)
            world.finish()
            made = next(
                record for record in world.tasks.list().items if record.definition_id == "child"
            )

            result = world.result()

        assert result.record.output == {"read back": True}
        assert made.parent_id is None
        assert made.output == {"twice": 6}
