"""Limits at run time: shown, set and taken away by operators."""

import itertools
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from handler import (
    BY_TENANT,
    Concurrency,
    Context,
    Definition,
    Done,
    Identity,
    InvalidInput,
    UnknownDefinition,
    task,
)
from handler.testing.aws import aws_client
from tests.handler.lifecycle.test_slots import (
    HOUR,
    holders,
    limit_rows,
    limited,
    started,
    sweep,
    triggered,
)
from tests.handler.stack import BusQueue, Stack, refusal

ANNE = Identity(id="anne", display_name="Anne", type="admin")
BOB = Identity(id="bob", display_name="Bob", type="admin")


@task(id="plain")
def plain(context: Context) -> Done:
    return Done()


def known(stack: Stack, definition: Definition) -> Definition:
    """A definition that the stack has, of which nothing was triggered."""
    stack.definitions = (definition,)
    return definition


def finish(stack: Stack, id: str) -> None:
    stack.run(stack.get(id), execution=f"execution-of-{id}")


class TestLimits:
    def test_without_limits_in_use_there_are_none(self, stack: Stack) -> None:
        definition = known(stack, limited())
        page = stack.tasks.limits(definition)

        assert (page.items, page.cursor) == ((), None)

    def test_each_says_how_many_slots_are_used_and_how_many_queue(self, stack: Stack) -> None:
        definition = limited(2)
        began = stack.clock.now()
        made = triggered(stack, definition, 4)
        stack.clock.advance(1)
        stack.trigger(definition, input={"customer": "b"})

        first, second = stack.tasks.limits(definition).items

        assert (first.definition_id, first.key, first.tenant) == ("limited", "a", None)
        assert (first.slots, first.deployed, first.used, first.queued) == (2, 2, 2, 2)
        assert not first.is_capped
        assert first.oldest_queued_on == made[2].queued_on == began + timedelta(milliseconds=2)
        assert (first.changed_on, first.changed_by) == (None, None)
        assert (second.key, second.used, second.queued) == ("b", 1, 0)
        assert second.oldest_queued_on is None

    def test_the_oldest_is_not_the_first_where_another_has_a_head_start(self, stack: Stack) -> None:
        definition = limited()
        triggered(stack, definition, 1)
        oldest = stack.trigger(definition)
        stack.clock.advance(1)
        stack.trigger(definition, priority=60)

        [state] = stack.tasks.limits(definition).items

        assert state.oldest_queued_on == oldest.queued_on

    def test_one_is_asked_for_by_its_key(self, stack: Stack) -> None:
        definition = limited()
        for each in "ab":
            stack.trigger(definition, input={"customer": each})

        assert [each.key for each in stack.tasks.limits("limited", key="b").items] == ["b"]
        assert stack.tasks.limits("limited", key="c").items == ()

    def test_they_are_listed_page_by_page(self, stack: Stack) -> None:
        definition = limited()
        for number in range(5):
            stack.trigger(definition, input={"customer": f"{number}"})
            stack.clock.advance(1)

        pages = []
        after = None
        while True:
            page = stack.tasks.limits(definition, limit=2, after=after)
            pages.append([each.key for each in page.items])
            if (after := page.cursor) is None:
                break

        assert pages == [["0", "1"], ["2", "3"], ["4"]]

    def test_a_page_that_ends_with_the_last_has_no_cursor(self, stack: Stack) -> None:
        definition = limited()
        for number in range(2):
            stack.trigger(definition, input={"customer": f"{number}"})

        assert stack.tasks.limits(definition, limit=2).cursor is None

    def test_the_slots_of_a_large_limit_are_counted_in_all_its_parts(self, stack: Stack) -> None:
        definition = limited(60)
        triggered(stack, definition, 62)

        [state] = stack.tasks.limits(definition).items

        assert (state.used, state.queued) == (60, 2)

    def test_more_than_a_thousand_are_a_thousand(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("handler.table.limit_list.MOST_COUNTED", 3)
        definition = limited()
        triggered(stack, definition, 4)
        assert not stack.tasks.limits(definition).items[0].is_capped
        triggered(stack, definition, 1)

        [state] = stack.tasks.limits(definition).items

        assert (state.queued, state.is_capped) == (3, True)

    def test_a_page_costs_two_requests_and_one_for_each_queue(self, stack: Stack) -> None:
        definition = limited()
        for customer in "aabbc":
            stack.trigger(definition, input={"customer": customer})
        stack.dynamodb.requests.clear()

        stack.tasks.limits(definition)

        assert stack.dynamodb.calls == ["query", "batch_get_item", "query", "query"]

    @pytest.mark.parametrize("change", [{"maximum": {"S": "x"}}, {"changedBy": {"S": "{"}}])
    def test_an_odd_item_keeps_no_other_from_being_listed(
        self, stack: Stack, change: dict[str, Any]
    ) -> None:
        definition = limited()
        for each in "ab":
            stack.trigger(definition, input={"customer": each})
            stack.tasks.set_limit(definition, 3, key=each)
        [row, _] = [row for row in stack.rows() if row["sk"]["S"] == "HOLDERS"]
        aws_client("dynamodb").put_item(TableName="tasks", Item=row | change)

        assert len(stack.tasks.limits(definition).items) == 2

    @pytest.mark.parametrize("limit", [0, 101])
    def test_a_page_has_1_to_100(self, stack: Stack, limit: int) -> None:
        definition = known(stack, limited())
        with pytest.raises(InvalidInput, match="it takes 1 to 100"):
            stack.tasks.limits(definition, limit=limit)

    @pytest.mark.parametrize(
        "cursor",
        ["x", "2030-01-01T00:00:00.000Z #", f"\ud800 {'0' * 32}", f"{'~' * 9} {'0' * 32}", "é" * 9],
    )
    def test_a_cursor_that_is_none_is_refused(self, stack: Stack, cursor: str) -> None:
        definition = known(stack, limited())
        with pytest.raises(InvalidInput, match="is not valid"):
            stack.tasks.limits(definition, after=cursor)


@pytest.mark.parametrize(
    "verb",
    [
        lambda tasks, definition: tasks.limits(definition),
        lambda tasks, definition: tasks.set_limit(definition, 3),
        lambda tasks, definition: tasks.reset_limit(definition),
        lambda tasks, definition: tasks.queue(definition),
        lambda tasks, definition: tasks.drain_queue(definition),
    ],
)
class TestDefinitions:
    def test_one_without_a_limit_is_refused_with_words(self, stack: Stack, verb: Any) -> None:
        known(stack, plain)
        with pytest.raises(InvalidInput, match=r'"plain" has no limit\. Next: give it one'):
            verb(stack.tasks, plain)

        assert not stack.rows()

    def test_one_that_is_not_there_is_refused(self, stack: Stack, verb: Any) -> None:
        with pytest.raises(UnknownDefinition):
            verb(stack.tasks, "nothing")


class TestSetLimit:
    def test_a_raised_limit_sends_the_queue_off_at_once(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited(1)
        made = triggered(stack, definition, 4)
        queue.take()

        state = stack.tasks.set_limit(definition, 3, key="a", by=ANNE)

        assert started(queue) == [each.id for each in made[1:3]]
        assert (state.slots, state.deployed, state.used, state.queued) == (3, 1, 3, 1)
        assert (state.changed_on, state.changed_by) == (stack.clock.now(), ANNE)
        assert stack.tasks.limits(definition).items == (state,)

    def test_more_than_a_hundred_are_sent_off(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited(1)
        made = triggered(stack, definition, 131)
        queue.take()

        stack.tasks.set_limit(definition, 130, key="a")

        assert started(queue) == [each.id for each in made[1:130]]
        assert len(holders(stack)) == 130

    def test_a_lowered_one_holds_for_those_who_start_from_then_on(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited(3)
        made = triggered(stack, definition, 3)
        queue.take()

        assert stack.tasks.set_limit(definition, 1, key="a").used == 3
        [late] = triggered(stack, definition, 1)

        assert not started(queue)
        for each in made[:2]:
            finish(stack, each.id)
            assert not started(queue)
        finish(stack, made[2].id)
        assert started(queue) == [late.id]

    def test_none_starts_where_it_is_zero(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        known(stack, definition)
        stack.tasks.set_limit(definition, 0, key="a")

        [made] = triggered(stack, definition, 1)

        assert not started(queue)
        [state] = stack.tasks.limits(definition).items
        assert (state.slots, state.used, state.queued) == (0, 0, 1)
        stack.tasks.reset_limit(definition, key="a")
        assert started(queue) == [made.id]

    @pytest.mark.parametrize("how", ["reject", "return_existing"])
    def test_where_it_is_zero_a_conflict_says_so(self, stack: Stack, how: str) -> None:
        definition = known(stack, limited(on_conflict=how))
        stack.tasks.set_limit(definition, 0, key="a")

        with pytest.raises(Exception, match="none may run") as raised:
            stack.trigger(definition)

        assert raised.value.code == "TASK_CONFLICT"  # type: ignore[attr-defined]

    def test_who_takes_the_place_of_others_takes_no_more_than_one(self, stack: Stack) -> None:
        definition = known(stack, limited(on_conflict="abort_running"))
        stack.tasks.set_limit(definition, 3, key="a")

        made = triggered(stack, definition, 4)

        assert [stack.get(each).was_aborted for each in made] == [True, False, False, False]

    def test_it_is_set_before_anybody_has_used_the_key(self, stack: Stack) -> None:
        queue, definition = BusQueue(), known(stack, limited(1))
        stack.tasks.set_limit(definition, 2, key="a")

        made = triggered(stack, definition, 3)

        assert started(queue) == [each.id for each in made[:2]]

    def test_a_large_number_is_spread_and_a_small_one_counts_all_parts(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited(1)
        made = triggered(stack, definition, 60)
        stack.tasks.set_limit(definition, 60, key="a")
        assert len(started(queue)) == 60
        stack.tasks.set_limit(definition, 10, key="a")

        for number, each in enumerate(made):
            late = stack.trigger(definition)
            if number < 50:
                assert started(queue) == [], number
                stack.tasks.abort(late.id)
            finish(stack, each.id)
            if number < 50:
                assert started(queue) == [], number

        assert len(holders(stack)) == 10

    def test_no_deploy_changes_it(self, stack: Stack) -> None:
        definition = limited(1)
        triggered(stack, definition, 1)
        stack.tasks.set_limit(definition, 2, key="a")

        definition = known(stack, limited(9))
        [state] = stack.tasks.limits(definition).items

        assert (state.slots, state.deployed) == (2, 9)

    def test_it_stays_where_nobody_uses_it(self, stack: Stack) -> None:
        definition = limited(1)
        [made] = triggered(stack, definition, 1)
        stack.tasks.set_limit(definition, 5, key="a", by=ANNE)
        finish(stack, made.id)
        stack.clock.advance(HOUR)

        sweep(stack)

        [state] = stack.tasks.limits(definition).items
        assert (state.slots, state.used, state.changed_by) == (5, 0, ANNE)

    @pytest.mark.parametrize("number", [-1, 1_001, 1.0, "5", True, None])
    def test_a_number_out_of_its_range_is_refused(self, stack: Stack, number: Any) -> None:
        definition = known(stack, limited())
        with pytest.raises(InvalidInput, match="a whole number from 0 to 1,000"):
            stack.tasks.set_limit(definition, number, key="a")

        assert not stack.rows()

    def test_who_did_it_is_logged(self, stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
        definition = known(stack, limited())
        stack.tasks.set_limit(definition, 3, key="a", by=ANNE)
        stack.tasks.set_limit(definition, 4, key="a", by=BOB)
        stack.tasks.reset_limit(definition, key="a", by=ANNE)

        found = [vars(line) for line in caplog.records if hasattr(line, "limit_key")]

        assert [
            (each["action"], each["limit_key"], each["before"], each["after"], each["identity_id"])
            for each in found
        ] == [
            ("limit_set", "a", None, 3, "anne"),
            ("limit_set", "a", 3, 4, "bob"),
            ("limit_reset", "a", 4, None, "anne"),
        ]


class TestResetLimit:
    def test_it_is_as_deployed_and_whoever_may_go_goes(self, stack: Stack) -> None:
        queue, definition = BusQueue(), known(stack, limited(2))
        stack.tasks.set_limit(definition, 1, key="a", by=ANNE)
        made = triggered(stack, definition, 3)
        queue.take()

        state = stack.tasks.reset_limit(definition, key="a")

        assert started(queue) == [made[1].id]
        assert (state.slots, state.used, state.queued) == (2, 2, 1)
        assert (state.changed_on, state.changed_by) == (None, None)

    def test_of_one_that_nobody_uses_nothing_is_left(self, stack: Stack) -> None:
        definition = known(stack, limited())
        stack.tasks.set_limit(definition, 5, key="a")

        state = stack.tasks.reset_limit(definition, key="a")

        assert (state.slots, state.key) == (1, "a")
        assert not stack.rows()

    def test_one_that_is_in_use_stays_and_is_watched(self, stack: Stack) -> None:
        definition = limited()
        [made] = triggered(stack, definition, 1)
        stack.tasks.set_limit(definition, 5, key="a")
        stack.tasks.reset_limit(definition, key="a")

        assert stack.tasks.limits(definition).items[0].used == 1
        finish(stack, made.id)
        stack.clock.advance(HOUR)
        sweep(stack)
        assert limit_rows(stack) == []

    def test_to_say_it_twice_or_of_what_was_not_set_is_as_good_as_once(self, stack: Stack) -> None:
        definition = known(stack, limited())

        for _ in range(2):
            assert stack.tasks.reset_limit(definition, key="a").slots == 1

        assert not stack.rows()

    def test_what_a_person_has_written_is_taken_away_too(self, stack: Stack) -> None:
        definition = limited()
        triggered(stack, definition, 1)
        [row] = [row for row in stack.rows() if row["sk"]["S"] == "HOLDERS"]
        odd = row | {"maximum": {"S": "many"}}
        aws_client("dynamodb").put_item(TableName="tasks", Item=odd)

        stack.tasks.reset_limit(definition, key="a")

        assert all("maximum" not in row for row in stack.rows())


class Colour(StrEnum):
    RED = "red"


class Rich(BaseModel):
    text: str = ""
    number: float = 0
    day: date = date(2030, 1, 1)
    colour: Colour = Colour.RED
    maybe: str | None = None


def keyed(key: Any) -> Definition:
    @task(id="keyed", concurrency=Concurrency(1, key=key))
    def run(context: Context, input: Rich) -> Done:
        return Done()

    return run


class TestKeys:
    @pytest.mark.parametrize(
        ("key", "said"),
        [
            (None, None),
            (None, []),
            ("text", "x"),
            ("text", ["x"]),
            ("text", ("x",)),
            ("number", 3),
            ("number", 3.0),
            ("number", [3]),
            ("day", "2030-01-01"),
            ("day", date(2030, 1, 1)),
            ("colour", "red"),
            ("colour", Colour.RED),
            ("maybe", [None]),
            (lambda given: given.number > 1, True),
            (lambda given: None, [None]),
            (("text", "number"), ["x", 3]),
            (("text", "maybe"), ("x", None)),
            ((BY_TENANT, "text"), ["root", "x"]),
            (BY_TENANT, "root"),
        ],
    )
    def test_a_key_is_said_as_a_task_has_it(self, stack: Stack, key: Any, said: Any) -> None:
        definition = keyed(key)
        stack.trigger(definition, input={"text": "x", "number": 3})

        [state] = stack.tasks.limits(definition, key=said).items

        assert state.used == 1
        assert stack.tasks.set_limit(definition, 7, key=said).used == 1
        assert stack.tasks.reset_limit(definition, key=said).used == 1

    @pytest.mark.parametrize(
        ("key", "said", "words"),
        [
            (None, "x", "it takes none"),
            ("text", ["x", "y"], "it takes one value"),
            ("text", [], "it takes one value"),
            ("text", {"text": "x"}, "a text, a number, a bool or None"),
            (("text", "number"), "x", "a list of 2 values"),
            (("text", "number"), ["x"], "a list of 2 values"),
            ((BY_TENANT, "text"), [None, "x"], "names no tenant"),
            ("text", None, "has a key: say which"),
            ((BY_TENANT, "text"), [7, "x"], "names no tenant"),
            (lambda given: 1, [[1]], "a text, a number, a bool or None"),
        ],
    )
    def test_what_is_no_value_of_the_key_is_refused_with_words(
        self, stack: Stack, key: Any, said: Any, words: str
    ) -> None:
        definition = known(stack, keyed(key))

        with pytest.raises(InvalidInput, match=words):
            stack.tasks.set_limit(definition, 3, key=said)

        assert not stack.rows()

    @example(text="")
    @example(text="#")
    @example(text="LIMIT#x~")
    @example(text="\ud800")
    @example(text="日本 / \x00")
    @example(text="x" * 10_000)
    @given(text=st.text())
    @settings(
        max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    def test_a_key_may_be_any_text(self, stack: Stack, text: str) -> None:
        definition = limited(key=lambda _: text)
        first, second = triggered(stack, definition, 2)
        other = f"{text}."

        queued = stack.tasks.queue(definition, key=text)
        assert [each.id for each in queued.items] == [second.id]
        assert stack.tasks.set_limit(definition, 2, key=text).used == 2
        assert stack.tasks.limits(definition, key=other).items == ()
        [state] = stack.tasks.limits(definition, key=text).items
        assert state.model_dump_json()
        for each in (first, second):
            finish(stack, each.id)
        assert stack.tasks.reset_limit(definition, key=text).used == 0
        assert limit_rows(stack) == []

    def test_a_tuple_is_told_from_a_text_that_looks_like_it(self, stack: Stack) -> None:
        definition = limited(key=lambda given: given.customer)
        stack.trigger(definition, input={"customer": "a / b"})

        @task(id="pairs", concurrency=Concurrency(1, key=("customer", "other")))
        def pairs(context: Context, input: dict[str, str]) -> Done:
            return Done()

        stack.trigger(pairs, input={"customer": "a", "other": "b"})
        stack.trigger(pairs, input={"customer": "a / b", "other": ""})

        assert stack.tasks.limits(pairs, key=["a", "b"]).items[0].used == 1
        assert len(stack.tasks.limits(pairs).items) == 2


class TestTwoOperators:
    def test_of_two_at_once_the_last_one_has_it_and_is_named(self, stack: Stack) -> None:
        definition = known(stack, limited())
        once = iter([True])

        def interfere(operation: str, request: dict[str, Any]) -> None:
            if operation == "update_item" and next(once, False):
                stack.tasks.set_limit(definition, 7, key="a", by=BOB)

        stack.dynamodb.interference = interfere

        state = stack.tasks.set_limit(definition, 3, key="a", by=ANNE)

        assert (state.slots, state.changed_by) == (3, ANNE)

    @pytest.mark.parametrize("operation", ["get_item", "update_item", "query"])
    def test_a_lost_answer_sets_it_once(self, stack: Stack, operation: str) -> None:
        definition = known(stack, limited())
        lost = itertools.chain([True], itertools.repeat(False))

        def lose(name: str, request: dict[str, Any]) -> None:
            if name == operation and next(lost):
                raise refusal("InternalServerError", status=500)

        stack.dynamodb.afterwards = lose

        assert stack.tasks.set_limit(definition, 3, key="a", by=ANNE).slots == 3
        assert stack.tasks.limits(definition, key="a").items[0].slots == 3

    def test_one_whose_answer_was_lost_does_not_undo_what_came_behind_it(
        self, stack: Stack
    ) -> None:
        definition = known(stack, limited())
        lost = itertools.chain([True], itertools.repeat(False))

        def lose(name: str, request: dict[str, Any]) -> None:
            if name == "update_item" and next(lost):
                stack.tasks.set_limit(definition, 7, key="a", by=BOB)
                raise refusal("InternalServerError", status=500)

        stack.dynamodb.afterwards = lose

        state = stack.tasks.set_limit(definition, 3, key="a", by=ANNE)

        assert (state.slots, state.changed_by) == (7, BOB)

    def test_a_reset_whose_answer_was_lost_is_a_reset(self, stack: Stack) -> None:
        definition = known(stack, limited())
        stack.tasks.set_limit(definition, 3, key="a")
        lost = itertools.chain([True], itertools.repeat(False))

        def lose(name: str, request: dict[str, Any]) -> None:
            if name in ("update_item", "delete_item") and next(lost):
                raise refusal("InternalServerError", status=500)

        stack.dynamodb.afterwards = lose

        assert stack.tasks.reset_limit(definition, key="a").slots == 1
        assert not stack.rows()

    def test_a_set_beside_a_reset_makes_it_anew(self, stack: Stack) -> None:
        definition = known(stack, limited())
        stack.tasks.set_limit(definition, 3, key="a")
        once = iter([True])

        def interfere(operation: str, request: dict[str, Any]) -> None:
            if operation == "update_item" and next(once, False):
                stack.tasks.reset_limit(definition, key="a", by=BOB)

        stack.dynamodb.interference = interfere

        assert stack.tasks.set_limit(definition, 5, key="a").slots == 5
        assert stack.tasks.limits(definition).items[0].slots == 5
