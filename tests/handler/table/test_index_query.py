"""Reading many tasks: one partition of an index, or the children of a task."""

from typing import Any

import pytest

from handler.clock import to_iso
from handler.contract import Index, Status
from handler.table.index_query import IndexQuery
from handler.table.store import Store
from tests.handler.stack import Stack

ROOT = IndexQuery(Index.BY_TENANT, "root")
CHILDREN = IndexQuery(None, "p1")


@pytest.fixture
def store(stack: Stack) -> Store:
    return stack.store


def test_101_tasks_are_read_in_two_batches_in_the_order_of_their_ids(
    stack: Stack, store: Store
) -> None:
    ids = [stack.create(id=f"t{number:03}").id for number in range(101)]
    wanted = [*reversed(ids), "nothing", ids[0]]
    stack.dynamodb.requests.clear()

    found = store.index.tasks(wanted)

    assert [task.id for task in found] == ids[::-1]
    assert stack.dynamodb.calls == ["batch_get_item"] * 2


def test_pages_follow_each_other_without_a_gap(stack: Stack, store: Store) -> None:
    for number in range(5):
        stack.create(id=f"t{number}")
        stack.clock.advance(1)

    first = store.index.page(ROOT, limit=2)
    second = store.index.page(ROOT, limit=2, cursor=first.cursor)
    third = store.index.page(ROOT, limit=2, cursor=second.cursor)

    assert (first.ids, second.ids, third.ids) == (("t4", "t3"), ("t2", "t1"), ("t0",))
    assert third.cursor is None


@pytest.mark.parametrize("query", [ROOT, CHILDREN], ids=["tenant", "children"])
def test_a_page_goes_on_behind_the_task_of_a_cursor(
    stack: Stack, store: Store, query: IndexQuery
) -> None:
    tasks = []
    for number in range(3):
        tasks.append(stack.create(id=f"t{number}", parent_id="p1"))
        stack.clock.advance(1)

    cursor = store.index.page(query, limit=5).cursors[tasks[0].id]
    page = store.index.page(query, newest_first=False, limit=5, cursor=cursor)

    assert page.ids == ("t1", "t2")


@pytest.mark.parametrize("query", [ROOT, CHILDREN], ids=["tenant", "children"])
def test_a_query_accepts_its_own_cursors(stack: Stack, store: Store, query: IndexQuery) -> None:
    first = stack.create(id="t1", parent_id="p1")
    stack.create(id="t2", parent_id="p1")

    of_task = store.index.page(query, limit=5).cursors[first.id]
    of_page = store.index.page(query, limit=1).cursor or {}

    assert query.accepts_cursor(of_task)
    assert query.accepts_cursor(of_page)
    assert of_task.keys() == of_page.keys()


@pytest.mark.parametrize(
    "other",
    [
        IndexQuery(Index.BY_TENANT, "acme"),
        IndexQuery(Index.BY_DEFINITION, "root"),
        IndexQuery(None, "p1"),
        IndexQuery(None, "root"),
    ],
    ids=str,
)
def test_a_query_does_not_accept_the_cursor_of_another(
    stack: Stack, store: Store, other: IndexQuery
) -> None:
    task = stack.create(parent_id="p1")
    cursor = store.index.page(ROOT, limit=5).cursors[task.id]

    accepted = other.accepts_cursor(cursor)

    assert not accepted


@pytest.mark.parametrize("change", [{"more": "x"}, {"createdOn": None}], ids=["more", "less"])
def test_a_query_does_not_accept_a_cursor_of_other_names(
    stack: Stack, store: Store, change: dict[str, str | None]
) -> None:
    task = stack.create()
    whole = {**store.index.page(ROOT, limit=5).cursors[task.id], **change}
    cursor = {name: value for name, value in whole.items() if value is not None}

    accepted = ROOT.accepts_cursor(cursor)

    assert not accepted


@pytest.mark.parametrize(
    ("created", "ids"), [(("", "~"), "012"), ((1, "~"), "12"), (("", 1), "01"), ((1, 1), "1")]
)
@pytest.mark.parametrize("of_parent", [True, False], ids=["children", "tenant"])
def test_a_query_finds_and_counts_tasks_from_its_first_to_its_last_moment(
    stack: Stack, store: Store, created: Any, ids: str, of_parent: bool
) -> None:
    moments = []
    for number in range(3):
        moments.append(to_iso(stack.create(id=str(number), parent_id="p1").created_on))
        stack.clock.advance(0.001)
    first, last = (moments[bound] if isinstance(bound, int) else bound for bound in created)
    index, partition = (None, "p1") if of_parent else (Index.BY_TENANT, "root")
    query = IndexQuery(index, partition, (first, last))

    found = "".join(store.index.page(query, newest_first=False, limit=9).ids)
    counted = store.index.count(query, at_most=9)

    assert found == ids
    assert counted == len(ids)


def test_the_children_of_a_task_are_read_consistently_oldest_first(
    stack: Stack, store: Store
) -> None:
    children = []
    for _ in range(2):
        children.append(stack.create(parent_id="p1"))
        stack.clock.advance(1)
    stack.create(parent_id="p2")
    stack.dynamodb.requests.clear()

    found = list(store.index.children("p1"))

    assert found == children
    query, batch = (request for _, request in stack.dynamodb.requests)
    assert query["ConsistentRead"] is True
    assert batch["RequestItems"]["tasks"]["ConsistentRead"] is True


def test_a_child_that_is_gone_is_there_as_failed_with_the_reason(
    stack: Stack, store: Store
) -> None:
    gone = stack.create(parent_id="p1", status=Status.SUCCESS)
    stack.clock.advance(1)
    left = stack.create(parent_id="p1")
    store.delete(gone)

    first, second = store.index.children("p1")

    assert (first.id, first.definition_id, first.status) == (gone.id, "someTask", Status.FAILED)
    assert first.created_on == gone.created_on
    assert first.failure.code == "CHILD_GONE"
    assert second == left
