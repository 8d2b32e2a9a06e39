"""The queue of a limit: who is in it, and how it is drained."""

import itertools
from typing import Any

import pytest

from handler import (
    BY_TENANT,
    BulkResult,
    Concurrency,
    Context,
    Definition,
    Done,
    Identity,
    InvalidInput,
    TaskRecord,
    task,
)
from handler.contract import BULK_DEFINITION
from handler.testing.aws import aws_client
from tests.handler.lifecycle.test_slots import holders, limited, started, triggered
from tests.handler.stack import BusQueue, Stack, refusal

ANNE = Identity(id="anne", display_name="Anne", type="admin")


def queue_of(stack: Stack, definition: Definition, **more: Any) -> list[str]:
    """Who queues, page by page."""
    found: list[str] = []
    after = None
    while True:
        page = stack.tasks.queue(definition, key="a", after=after, **more)
        assert len(page.items) <= more.get("limit", 50)
        found += [each.id for each in page.items]
        if (after := page.cursor) is None:
            return found


def work(stack: Stack, begun: BulkResult) -> Any:
    """Has the bulk's task run to its end, and returns its output."""
    assert begun.task is not None
    for visit in itertools.count():
        answer = stack.run(begun.task, execution="bulk", visit=f"visit-{visit}")
        if answer["status"] == "done":
            return stack.get(begun.task).output
        assert answer["status"] == "continue", answer
        stack.clock.advance(answer.get("wait", 0))
    return None


def statuses(stack: Stack, made: list[TaskRecord]) -> list[str]:
    return [stack.get(each).status.value for each in made]


class TestQueue:
    def test_it_has_those_that_queue_in_the_order_in_which_they_go(self, stack: Stack) -> None:
        definition = limited()
        made = triggered(stack, definition, 3)
        stack.clock.advance(1)
        first = stack.trigger(definition, priority=60)
        stack.trigger(definition, input={"customer": "b"})
        stack.trigger(definition, input={"customer": "b"})

        page = stack.tasks.queue(definition, key="a")

        assert [each.id for each in page.items] == [first.id, made[1].id, made[2].id]
        assert page.items[0] == stack.tasks.get(first.id)
        assert page.cursor is None

    def test_of_a_key_that_nobody_uses_it_is_empty(self, stack: Stack) -> None:
        definition = limited()
        triggered(stack, definition, 2)

        assert stack.tasks.queue(definition, key="nobody").items == ()

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
    def test_it_is_listed_page_by_page(self, stack: Stack, limit: int) -> None:
        definition = limited()
        made = triggered(stack, definition, 5)

        assert queue_of(stack, definition, limit=limit) == [each.id for each in made[1:]]

    def test_a_page_goes_on_where_the_last_one_has_ended_whoever_has_left(
        self, stack: Stack
    ) -> None:
        definition = limited()
        made = triggered(stack, definition, 5)
        page = stack.tasks.queue(definition, key="a", limit=2)

        stack.tasks.abort(made[2].id)

        rest = stack.tasks.queue(definition, key="a", limit=2, after=page.cursor)
        assert [each.id for each in rest.items] == [made[3].id, made[4].id]

    def test_stale_places_are_passed_over(self, stack: Stack) -> None:
        definition = limited()
        first, second, third, fourth = triggered(stack, definition, 4)
        rows = [row for row in stack.rows() if row["sk"]["S"].startswith("QUEUE#")]
        stack.tasks.abort(second.id)
        stack.tasks.pause(third.id)
        stack.tasks.resume(third.id)
        stack.run(third)  # it queues anew, at the end
        for row in rows:
            aws_client("dynamodb").put_item(TableName="tasks", Item=row)

        assert queue_of(stack, definition) == [fourth.id, third.id]
        assert first.id not in queue_of(stack, definition)

    def test_those_of_one_tenant_alone(self, stack: Stack) -> None:
        definition = limited()
        made = [stack.trigger(definition, tenant=tenant) for tenant in ("one", "two", "one", "two")]

        page = stack.tasks.queue(definition, key="a", tenant="two")

        assert {each.id for each in page.items} == {made[1].id, made[3].id}

    def test_a_tenants_cursors_tell_nothing_of_others(self, stack: Stack) -> None:
        definition = limited()
        made = []
        for number in range(9):
            tenant = "own" if number % 3 == 2 else "other"
            made.append(stack.trigger(definition, tenant=tenant))
            stack.clock.advance(1)
        own = [each.id for each in made if each.tenant == "own"]

        found, after = [], None
        while True:
            page = stack.tasks.queue(definition, key="a", tenant="own", limit=1, after=after)
            found += [each.id for each in page.items]
            if (after := page.cursor) is None:
                break
            assert after.endswith(found[-1])

        assert found == own

    def test_where_more_of_others_stand_than_it_looks_at_it_says_so(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("handler.table.limit_list._REQUESTS", 2)
        definition = limited()
        made = [stack.trigger(definition, tenant="other") for _ in range(3)]
        rows = [row for row in stack.rows() if row["sk"]["S"].startswith("QUEUE#")]
        pages = itertools.cycle([{"Items": [], "LastEvaluatedKey": rows[0]}])
        stack.client("dynamodb").stands_for(Answering(pages))

        with pytest.raises(InvalidInput, match="More of other tenants stand here"):
            stack.tasks.queue(definition, key="a", tenant="own")
        assert made

    @pytest.mark.parametrize(
        "cursor", ["x", "QUEUE", "QUEUE~", "QUEUE#\ud800", "QUEUE#" + "é" * 999]
    )
    def test_a_cursor_that_is_none_is_refused(self, stack: Stack, cursor: str) -> None:
        definition = limited()
        triggered(stack, definition, 1)

        with pytest.raises(InvalidInput, match="is not valid"):
            stack.tasks.queue(definition, key="a", after=cursor)

    @pytest.mark.parametrize("limit", [0, 1_001])
    def test_a_page_has_1_to_1000(self, stack: Stack, limit: int) -> None:
        definition = limited()
        triggered(stack, definition, 1)

        with pytest.raises(InvalidInput, match="it takes 1 to 1000"):
            stack.tasks.queue(definition, key="a", limit=limit)


class Answering:
    """A table that answers each query with the next of some pages."""

    def __init__(self, pages: Any) -> None:
        self._pages = pages

    def query(self, **_: Any) -> Any:
        return next(self._pages)


class TestDrain:
    def test_all_that_queue_are_aborted_and_none_that_runs(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited(2)
        made = triggered(stack, definition, 5)
        stack.claim(made[0])
        other = stack.trigger(definition, input={"customer": "b"})
        stack.trigger(definition, input={"customer": "b"})
        queued_elsewhere = stack.trigger(definition, input={"customer": "b"})
        queue.take()

        begun = stack.tasks.drain_queue(definition, key="a", by=ANNE, message="Enough.")
        output = work(stack, begun)

        assert (begun.count, begun.is_capped) == (3, False)
        assert output == {"done": 3, "skipped": 0, "failed": 0, "reasons": []}
        assert statuses(stack, made) == ["running", "pending", "aborted", "aborted", "aborted"]
        assert statuses(stack, [other, queued_elsewhere]) == ["pending", "pending"]
        one = stack.get(made[2])
        assert one.aborted_by == ANNE
        assert stack.messages(one) == ["Enough."]
        assert queue_of(stack, definition) == []
        assert set(holders(stack)) >= {made[0].id, made[1].id}

    def test_the_task_that_does_it_is_the_engines_and_has_its_progress(self, stack: Stack) -> None:
        definition = limited()
        made = triggered(stack, definition, 3)

        begun = stack.tasks.drain_queue(definition, key="a", by=ANNE)
        work(stack, begun)

        assert begun.task is not None
        after = stack.get(begun.task)
        assert (after.definition_id, after.created_by) == (BULK_DEFINITION, ANNE)
        assert after.name == 'Drain a queue of "limited"'
        assert after.progress is not None
        assert (after.progress.done, after.progress.total) == (2, 2)
        assert stack.messages(made[1]) == [f'Its queue was drained, by task "{after.id}".']

    def test_a_dry_run_counts_them(self, stack: Stack) -> None:
        definition = limited()
        made = triggered(stack, definition, 3)

        assert stack.tasks.drain_queue(definition, key="a", dry_run=True) == BulkResult(count=2)
        assert statuses(stack, made) == ["pending"] * 3

    def test_many_pages_are_drained(self, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("handler.bulk._PAGE", 2)
        definition = limited()
        made = triggered(stack, definition, 8)

        output = work(stack, stack.tasks.drain_queue(definition, key="a", rate=1_000))

        assert output["done"] == 7
        assert statuses(stack, made) == ["pending", *["aborted"] * 7]

    def test_whoever_comes_later_is_left_alone(self, stack: Stack) -> None:
        definition = limited()
        made = triggered(stack, definition, 2)
        begun = stack.tasks.drain_queue(definition, key="a")
        stack.clock.advance(1)
        later = [stack.trigger(definition), stack.trigger(definition, priority=3_600)]

        output = work(stack, begun)

        assert output["done"] == 1
        assert statuses(stack, [*made, *later]) == ["pending", "aborted", "pending", "pending"]

    def test_whoever_has_got_a_slot_meanwhile_runs(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first, second, third = triggered(stack, definition, 3)
        begun = stack.tasks.drain_queue(definition, key="a")

        def run_first(operation: str, request: dict[str, Any]) -> None:
            is_abort = operation == "transact_write_items" and second.id in str(request)
            if is_abort and stack.get(first).is_open:
                stack.run(first, execution="execution-1")

        stack.dynamodb.interference = run_first

        output = work(stack, begun)

        assert (output["done"], output["skipped"]) == (1, 1)
        assert statuses(stack, [first, second, third]) == ["success", "pending", "aborted"]
        assert second.id in started(queue)
        assert stack.get(second).slot

    def test_no_slot_is_lost_and_whoever_comes_next_runs(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first, *_ = triggered(stack, definition, 4)
        work(stack, stack.tasks.drain_queue(definition, key="a"))
        stack.run(first, execution="execution-1")
        queue.take()

        new = stack.trigger(definition)

        assert started(queue) == [new.id]

    def test_those_of_one_tenant_alone(self, stack: Stack) -> None:
        definition = limited()
        made = []
        for tenant in ("one", "two", "one", "two"):
            made.append(stack.trigger(definition, tenant=tenant))
            stack.clock.advance(0.001)

        begun = stack.tasks.drain_queue(definition, key="a", tenant="two")
        output = work(stack, begun)

        assert begun.task is not None
        assert begun.task.tenant == "two"
        assert (begun.count, output["done"]) == (2, 2)
        assert statuses(stack, made) == ["pending", "aborted", "pending", "aborted"]

    def test_whatever_a_place_says_a_task_is_its_tenants(self, stack: Stack) -> None:
        definition = limited()
        made = [stack.trigger(definition, tenant="other") for _ in range(2)]
        [row] = [row for row in stack.rows() if row["sk"]["S"].startswith("QUEUE#")]
        forged = row | {"tenant": {"S": "own"}}
        aws_client("dynamodb").put_item(TableName="tasks", Item=forged)

        assert stack.tasks.queue(definition, key="a", tenant="own").items == ()
        output = work(stack, stack.tasks.drain_queue(definition, key="a", tenant="own"))

        assert (output["done"], output["skipped"]) == (0, 1)
        assert statuses(stack, made) == ["pending", "pending"]

    def test_the_same_key_begins_one_task(self, stack: Stack) -> None:
        definition = limited()
        triggered(stack, definition, 2)

        one, two = (
            stack.tasks.drain_queue(definition, key="a", idempotency_key="k") for _ in range(2)
        )

        assert one.task is not None
        assert two.task is not None
        assert one.task.id == two.task.id

    def test_a_lost_answer_aborts_each_once(self, stack: Stack) -> None:
        definition = limited()
        made = triggered(stack, definition, 4)
        begun = stack.tasks.drain_queue(definition, key="a")
        number = itertools.count()

        def lose(operation: str, request: dict[str, Any]) -> None:
            if operation == "transact_write_items" and next(number) % 2 == 0:
                raise refusal("InternalServerError", status=500)

        stack.dynamodb.afterwards = lose

        output = work(stack, begun)

        stack.dynamodb.afterwards = lambda *_: None
        assert output["done"] == 3
        assert statuses(stack, made)[1:] == ["aborted"] * 3
        assert all(len(stack.messages(each)) == 1 for each in made[1:])

    def test_it_is_drained_where_the_limit_is_zero(self, stack: Stack) -> None:
        definition = limited()
        stack.definitions = (definition,)
        stack.tasks.set_limit(definition, 0, key="a")
        made = triggered(stack, definition, 3)

        work(stack, stack.tasks.drain_queue(definition, key="a"))

        assert statuses(stack, made) == ["aborted"] * 3

    def test_each_abort_is_logged_with_who_did_it(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        definition = limited()
        made = triggered(stack, definition, 2)
        begun = stack.tasks.drain_queue(definition, key="a", by=ANNE)
        work(stack, begun)

        assert begun.task is not None
        found = [vars(line) for line in caplog.records if hasattr(line, "about_task_id")]
        assert [(each["action"], each["about_task_id"], each["identity_id"]) for each in found] == [
            ("queue_drained_in_bulk", begun.task.id, "anne"),
            ("task_aborted", made[1].id, "anne"),
        ]

    @pytest.mark.parametrize("rate", [0, 1_001, "5"])
    def test_a_rate_out_of_its_range_is_refused(self, stack: Stack, rate: Any) -> None:
        definition = limited()
        triggered(stack, definition, 1)

        with pytest.raises(InvalidInput, match="tasks a second"):
            stack.tasks.drain_queue(definition, key="a", rate=rate)

    @pytest.mark.parametrize(
        "input",
        [
            {"verb": "delete", "queue": {"limit_id": "x", "until": "2030-01-01T00:00:00Z"}},
            {"verb": "resume", "queue": {"limit_id": "x", "until": "2030-01-01T00:00:00Z"}},
            {"verb": "abort"},
        ],
    )
    def test_no_other_verb_has_a_queue(self, stack: Stack, input: Any) -> None:
        with pytest.raises(InvalidInput, match="queue"):
            stack.tasks.trigger(BULK_DEFINITION, input={**input, "rate": 25})


@task(id="ofTenants", concurrency=Concurrency(1, key=(BY_TENANT, "customer")))
def of_tenants(context: Context, input: dict[str, str]) -> Done:
    return Done()


def test_the_limits_of_a_tenant_are_its_own(stack: Stack) -> None:
    for tenant in ("one", "two"):
        for _ in range(2):
            stack.trigger(of_tenants, input={"customer": "a"}, tenant=tenant)

    assert [(each.tenant, each.queued) for each in stack.tasks.limits(of_tenants).items] == [
        ("one", 1),
        ("two", 1),
    ]
    assert len(stack.tasks.queue(of_tenants, key=["two", "a"]).items) == 1
    assert stack.tasks.queue(of_tenants, key=["two", "a"], tenant="one").items == ()
    state = stack.tasks.set_limit(of_tenants, 5, key=("three", "a"))
    assert state.tenant == "three"
