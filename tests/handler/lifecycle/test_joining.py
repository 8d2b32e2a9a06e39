"""A join does not poll: the end of the last child wakes the parent, whatever happens at once."""

from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from typing import Any

import pytest

from handler import Context, Continue, Done, Failed, Refused, TaskRecord, Verdict, task
from handler.contract import Status
from handler.errors import InvalidInput
from handler.record import StoredTask
from handler.table import ANY_OWNER, STACK
from handler.table.keys import failed_child_key
from handler.testing import World
from tests.handler.lifecycle.sleeping import NEW, OLD, acting_at, begin_to_wait, killed_at, status
from tests.handler.stack import TABLE, BusQueue, Stack

HOUR = 60 * 60


@task()
def child(context: Context, input: dict[str, Any]) -> Verdict:
    """Ends as it is told."""
    return Failed("As told.") if input.get("fails") else Done(output=input)


def joined(children: list[TaskRecord]) -> Verdict:
    return Done(output={"states": [each.status for each in children]})


class Family:
    """A parent that waits for its children, and its children."""

    def __init__(self, stack: Stack, *inputs: dict[str, Any], **options: Any) -> None:
        @task(id="parent")
        def parent(context: Context) -> Verdict:
            for number, input in enumerate(inputs):
                context.trigger(child, input=input, idempotency_key=str(number))
                stack.clock.advance(1)  # they are handed over in the order of their creation
            return context.wait_for_children(joined, **options)

        begin_to_wait(stack, seconds=HOUR)
        stack.definitions = (parent, child)
        self.stack = stack
        self.parent = stack.tasks.trigger(parent)
        self.children: list[StoredTask] = []

    def wait(self) -> "Family":
        answer = self.stack.run(self.parent)
        assert (answer["status"], answer["wait"]) == ("continue", HOUR)
        self.children = list(self.stack.store.index.children(self.parent.id))
        return self

    def end(self, number: int) -> None:
        self.stack.run(self.children[number], execution=f"child-{number}")

    @property
    def is_woken(self) -> bool:
        return self.stack.get(self.parent).execution_name is None

    def go_on(self) -> StoredTask:
        self.stack.run(self.parent, execution=NEW, visit="visit-2")
        return self.stack.get(self.parent)


def open_rows(stack: Stack) -> int:
    return rows(stack, "OPEN#")


def rows(stack: Stack, kind: str) -> int:
    return sum(row["sk"]["S"].startswith(kind) for row in stack.rows())


class TestTheLastChild:
    def test_it_wakes_the_parent_and_no_other_does(self, stack: Stack) -> None:
        family = Family(stack, {"n": 1}, {"n": 2}, {"n": 3}).wait()
        woken = []
        queue = BusQueue()
        for number in (2, 0, 1):
            family.end(number)
            woken.append(family.is_woken)

        assert woken == [False, False, True]
        assert [event["detail"]["webinyTaskId"] for event in queue.take()] == [family.parent.id]
        assert status() == "ABORTED"
        assert family.go_on().output == {"states": ["success"] * 3}
        assert open_rows(stack) == 0

    def test_a_parent_says_that_it_waits_for_its_children(self, stack: Stack) -> None:
        family = Family(stack, {"n": 1}).wait()

        record = stack.tasks.get(family.parent.id)

        assert record.waiting_for is not None
        assert record.waiting_for.signal is None
        assert record.waiting_for.until == stack.clock.now() + timedelta(hours=1)

    @pytest.mark.parametrize("how", ["failed", "aborted", "overdue", "stopped"])
    def test_it_does_however_it_ends(self, stack: Stack, how: str) -> None:
        family = Family(stack, {"fails": how == "failed"}).wait()
        [only] = family.children
        match how:
            case "failed":
                family.end(0)
            case "aborted":
                stack.tasks.abort(only.id)
            case "overdue":
                stack.store.save(
                    only.model_copy(update={"deadline": stack.clock.now()}),
                    before=only,
                    guard=ANY_OWNER,
                )
                stack.clock.advance(900)
                stack.system.reconciliation.sweep()
            case _:
                stack.claim(only, execution="child-0")
                stack.system.reconciliation.execution_ended("child-0")

        assert family.is_woken or how == "stopped"

    def test_a_paused_parent_goes_on_when_it_is_resumed(self, stack: Stack) -> None:
        family = Family(stack, {"n": 1}).wait()
        stack.tasks.pause(family.parent.id)
        family.end(0)
        queue = BusQueue()

        stack.tasks.resume(family.parent.id)

        [event] = queue.take()
        assert event["detail"]["delay"] == 0
        assert family.go_on().has_succeeded

    def test_a_parent_that_is_over_is_left_alone(self, stack: Stack) -> None:
        family = Family(stack, {"n": 1}, {"n": 2}).wait()
        family.stack.claim(family.children[0], execution="child-0")
        stack.tasks.abort(family.parent.id)
        before = [row for row in stack.rows() if row["pk"]["S"] == f"TASK#{family.parent.id}"]

        family.end(0)

        after = [row for row in stack.rows() if row["pk"]["S"] == f"TASK#{family.parent.id}"]
        assert after == before

    def test_a_parent_that_waits_for_one_definition_is_woken_by_its_last(
        self, stack: Stack
    ) -> None:
        @task()
        def other(context: Context) -> Verdict:
            return Done()

        @task(id="chooser")
        def chooser(context: Context) -> Verdict:
            context.trigger(other)
            context.trigger(child, input={"n": 1})
            return context.wait_for_children(joined, definition=child)

        stack.definitions = (chooser, child, other)
        record = stack.tasks.trigger(chooser)
        stack.run(record)
        [wanted] = [
            each for each in stack.store.index.children(record.id) if each.definition_id == child.id
        ]

        stack.run(wanted, execution="child-0")

        assert stack.get(record).execution_name is None


class TestRequests:
    @pytest.mark.parametrize("others", [1, 30])
    def test_the_end_of_a_child_costs_the_same_however_many_there_are(
        self, stack: Stack, others: int
    ) -> None:
        family = Family(stack, *[{"n": n} for n in range(others + 1)]).wait()
        for scope in ("root", STACK):  # each is read twice a minute, whatever runs
            stack.known_settings.unchanged(scope, at=stack.clock.now())
        stack.dynamodb.requests.clear()

        family.end(0)

        # Claim and outcome; it leaves the open ones, looks for others, and clears that it has.
        assert stack.dynamodb.calls == [
            "update_item",
            "transact_write_items",
            "delete_item",
            "query",
            "update_item",
        ]

    def test_a_task_without_a_parent_costs_what_it_did(self, stack: Stack) -> None:
        record = stack.trigger(child, input={"n": 1})
        stack.dynamodb.requests.clear()

        stack.run(record)

        assert stack.dynamodb.calls == ["update_item", "transact_write_items"]


class TestAtOnce:
    @pytest.mark.parametrize("at", range(1, 9))
    def test_two_last_children_that_end_at_once_wake_the_parent(
        self, stack: Stack, at: int
    ) -> None:
        family = Family(stack, {"n": 1}, {"n": 2}).wait()
        left = acting_at(stack, at, lambda: family.end(1))

        family.end(0)

        if left[0] > 0:
            stack.dynamodb.recover()
            family.end(1)
        assert family.is_woken
        assert family.go_on().output == {"states": ["success"] * 2}

    @pytest.mark.parametrize("at", range(1, 14))
    @pytest.mark.parametrize("failures", [None, 0])
    def test_a_child_that_ends_while_its_parent_is_about_to_wait_is_not_missed(
        self, stack: Stack, at: int, failures: int | None
    ) -> None:
        fails = failures is not None
        inputs = [{"fails": True}, {"n": 2}] if fails else [{"n": 1}]
        family = Family(stack, *inputs, failures=failures)

        def end() -> None:
            found = list(stack.store.index.children(family.parent.id))
            if found:
                stack.run(found[0], execution="child-0")
                left.append(1)

        left = acting_at(stack, at, end)

        answer = stack.run(family.parent)
        stack.dynamodb.recover()

        if len(left) == 1:  # it was not there yet, or the iteration has made fewer calls
            assert answer["wait"] == HOUR
            return
        for visit in range(2):
            now = stack.get(family.parent)
            if now.is_open:
                assert not now.waiting_until or now.execution_name is None
                owner = now.execution_name or NEW
                stack.run(family.parent, execution=owner, visit=f"again {visit}")
        states = ["failed", "pending"] if fails else ["success"]
        assert stack.get(family.parent).output == {"states": states}

    @pytest.mark.parametrize("number", range(1, 9))
    def test_an_abort_of_the_parent_at_any_call_stands(self, stack: Stack, number: int) -> None:
        family = Family(stack, {"n": 1}).wait()

        def abort() -> None:
            with suppress(Refused):
                stack.tasks.abort(family.parent.id)

        left = acting_at(stack, number, abort)
        family.end(0)
        stack.dynamodb.recover()
        if left[0] > 0:
            abort()

        assert stack.get(family.parent).status is Status.ABORTED


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(1, 12))
def test_a_child_that_is_killed_at_any_call_of_its_end_wakes_the_parent_by_the_sweep(
    stack: Stack, number: int, after: bool
) -> None:
    family = Family(stack, {"n": 1}).wait()
    with killed_at(stack, number, after=after):
        family.end(0)
    family.end(0)  # Step Functions asks again

    for _ in range(3):
        stack.clock.advance(600)
        stack.system.reconciliation.sweep()

    assert family.is_woken
    assert status(OLD) == "ABORTED"
    assert family.go_on().output == {"states": ["success"]}
    assert open_rows(stack) == 0


class TestFailures:
    @pytest.mark.parametrize("most", [0, 1, 2])
    def test_the_parent_is_woken_by_the_first_failure_too_many(
        self, stack: Stack, most: int
    ) -> None:
        family = Family(stack, *[{"fails": True}] * 4, failures=most).wait()
        woken = []
        for number in range(3):
            family.end(number)
            woken.append(family.is_woken)
            if woken[-1]:
                break

        assert woken == [False] * most + [True]
        states = ["failed"] * (most + 1) + ["pending"] * (3 - most)
        assert family.go_on().output == {"states": states}

    def test_whoever_tells_of_one_late_puts_no_row_that_nothing_ever_removes(
        self, stack: Stack
    ) -> None:
        family = Family(stack, *[{"fails": True}] * 2, failures=1).wait()
        family.end(0)
        told = stack.get(family.children[0])
        late = told.to_call()
        assert rows(stack, "FAILED#") == 1
        stack.dynamodb.delete_item(TableName=TABLE, Key=failed_child_key(told))  # it has expired

        is_news = stack.store.children.add_failed(late)

        assert (is_news, rows(stack, "FAILED#")) == (False, 0)

    def test_the_rest_is_aborted_if_it_is_asked_for(self, stack: Stack) -> None:
        family = Family(stack, {"fails": True}, {"n": 2}, {"n": 3}, failures=0, abort_rest=True)
        family.wait().end(0)

        after = family.go_on()

        assert after.output == {"states": ["failed", "aborted", "aborted"]}
        assert "have not succeeded" in stack.messages(family.children[1])[0]

    def test_failures_that_are_allowed_end_in_the_usual_join(self, stack: Stack) -> None:
        family = Family(stack, {"fails": True}, {"n": 2}, failures=1).wait()
        family.end(0)
        assert not family.is_woken
        family.end(1)

        assert family.go_on().output == {"states": ["failed", "success"]}

    @pytest.mark.parametrize("failures", [-1, 1.5, True, "1"])
    def test_what_is_no_number_fails_the_parent(self, stack: Stack, failures: Any) -> None:
        family = Family(stack, {"n": 1}, failures=failures)

        stack.run(family.parent)

        assert "a whole number from 0 on" in stack.get(family.parent).failure.message


class TestMap:
    def world(self, count: int, **options: Any) -> AbstractContextManager[World]:
        @task(id="mapper", max_iterations=3)
        def mapper(context: Context) -> Verdict:
            inputs = ({"n": number, "fails": number % 100 == 99} for number in range(count))
            return context.map(child, inputs, count_up, **options)

        def count_up(children: list[TaskRecord]) -> Verdict:
            done = sum(each.has_succeeded for each in children)
            return Done(output={"done": done, "of": len(children)})

        return World.of(mapper, child)

    @pytest.mark.parametrize("count", [0, 1, 101])
    def test_it_triggers_one_child_for_each_input_and_joins_them(self, count: int) -> None:
        with self.world(count) as world:
            record = world.tasks.trigger("mapper")
            world.finish()
            result = world.result(record.id)

        assert result.record.output == {"done": count - count // 100, "of": count}

    def test_it_goes_on_with_those_that_are_left_when_the_time_is_short(self, stack: Stack) -> None:
        @task(id="mapper")
        def mapper(context: Context) -> Verdict:
            return context.map(child, [{"n": n} for n in range(130)], joined)

        stack.definitions = (mapper, child)
        record = stack.tasks.trigger(mapper)
        stack.remaining_seconds = 100
        answer = stack.run(record)
        begun = len(stack.store.index.child_ids(record.id))
        stack.remaining_seconds = 900

        again = stack.run(record, visit="visit-2")

        assert (answer["status"], answer.get("wait"), begun) == ("continue", None, 100)
        assert (again["wait"], len(stack.store.index.child_ids(record.id))) == (HOUR, 130)

    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize("number", range(1, 10))
    def test_one_that_is_killed_at_any_call_triggers_each_child_once(
        self, stack: Stack, number: int, after: bool
    ) -> None:
        @task(id="mapper")
        def mapper(context: Context) -> Verdict:
            return context.map(child, [{"n": n} for n in range(3)], joined)

        stack.definitions = (mapper, child)
        record = stack.tasks.trigger(mapper)
        with killed_at(stack, number, after=after):
            stack.run(record)

        stack.run(record)

        inputs = [each.input["n"] for each in stack.store.index.children(record.id)]
        assert sorted(map(str, inputs)) == ["0", "1", "2"]

    def test_an_input_that_does_not_validate_fails_the_parent(self, stack: Stack) -> None:
        @task(id="mapper")
        def mapper(context: Context) -> Verdict:
            return context.map(child, [{"n": 1}, "no mapping"], joined)  # type: ignore[list-item]

        stack.definitions = (mapper, child)
        record = stack.tasks.trigger(mapper)

        stack.run(record)

        failure = stack.get(record).failure
        assert failure.message.startswith('Validation failed. The input of task "child"')
        assert failure.message.endswith("It is at place 1 of the inputs, counted from 0.")
        assert (failure.data or {})["place"] == 1
        with pytest.raises(InvalidInput):
            stack.tasks.trigger(child, input="no mapping")  # type: ignore[arg-type]


def test_a_join_of_children_of_several_definitions_is_woken_by_the_last_of_all() -> None:
    @task(id="quick")
    def quick(context: Context) -> Done:
        return Done()

    @task(id="slow")
    def slow(context: Context) -> Verdict:
        return Done() if context.task.iterations > 1 else Continue(wait=60)

    @task(id="parent")
    def parent(context: Context) -> Verdict:
        context.trigger(quick)
        context.trigger(slow)
        return context.wait_for_children(lambda children: Done(output={"all": len(children)}))

    with World.of(parent, quick, slow) as world:
        world.start(parent, {})
        world.finish()
        result = world.result()

    assert result.record.output == {"all": 2}
    assert result.iterations == 2
