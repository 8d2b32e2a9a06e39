"""Lists beside thousands of tasks that do not match. moto looks at each of them at every query."""

import base64
import json
import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handler.contract import Status
from handler.errors import InvalidInput
from handler.record.stored_task import StoredTask
from handler.table import items
from handler.table.dynamo import Dynamo
from handler.table.filters import Filter, SortBy
from handler.table.index_query import IndexQuery, Page, TaskIndex
from handler.table.listing import CountBudget, TaskCount, count_tasks, list_tasks
from tests.handler.stack import TABLE, Stack


def test_a_page_ends_with_a_cursor_after_200_tasks_that_do_not_match(stack: Stack) -> None:
    put(stack, [new_task("match", at=0, status=Status.RUNNING)])
    put(stack, [new_task(f"e{number}", at=number) for number in range(1, 202)])
    wanted = Filter(tenant="root", statuses=frozenset({Status.RUNNING}))
    stack.dynamodb.requests.clear()

    first = stack.tasks.list(wanted)
    requests = stack.dynamodb.calls
    last = stack.tasks.list(wanted, after=first.cursor)

    assert (first.items, requests[:3]) == ((), ["query", "batch_get_item", "batch_get_item"])
    assert first.cursor is not None
    assert [record.id for record in last.items] == ["match"]
    assert last.cursor is None


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("limit", [1, 7, 50])
def test_two_groups_of_statuses_are_one_list_page_by_page(
    stack: Stack, newest_first: bool, limit: int
) -> None:
    both = [Status.FAILED, Status.ABORTED, Status.ABORTED]
    tasks = [new_task(f"t{n:03}", at=n, status=both[n % 3]) for n in range(20)]
    put(stack, [*tasks, *(new_task(f"s{n}", at=n, status=Status.SUCCESS) for n in range(20))])
    wanted = Filter(tenant="root", statuses=frozenset(both))
    found: list[str] = []
    cursor, pages = None, 0

    while pages == 0 or cursor:
        stack.dynamodb.requests.clear()
        page = stack.tasks.list(wanted, newest_first=newest_first, limit=limit, after=cursor)
        assert len(stack.dynamodb.calls) <= 3
        found += [record.id for record in page.items]
        cursor, pages = page.cursor, pages + 1

    ids = [task.id for task in tasks]
    assert found == (ids[::-1] if newest_first else ids)
    # The table may say that more follows behind the last (API reference, Query: LastEvaluatedKey).
    assert pages - math.ceil(20 / limit) in (0, 1)


def put(stack: Stack, tasks: list[StoredTask]) -> None:
    """Writes records without their events."""
    dynamo = Dynamo(stack.dynamodb, table=TABLE, clock=stack.clock, remaining=lambda: 900)  # type: ignore[arg-type]
    dynamo.put_many([items.task_item(task) for task in tasks])


def new_task(id: str, *, at: int, status: Status = Status.PENDING) -> StoredTask:
    """A task that was created `at` seconds after the first."""
    now = datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=at)
    return StoredTask.new(
        now=now, id=id, definition_id="someTask", name="n", input={}, status=status
    )


def test_a_task_that_an_index_has_and_that_is_not_started_any_more_is_passed_over(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(stack, [new_task("t1", at=0)])
    behind = Page({"t1": {"startedOn": "2030-01-01T00:00:00.000Z"}}, None)
    monkeypatch.setattr("handler.table.index_query.TaskIndex.page", lambda *_, **__: behind)

    page = list_tasks(
        stack.store.index,
        Filter(),
        sort_by=SortBy.STARTED,
        newest_first=True,
        limit=9,
        after=None,
    )

    assert (page.items, page.cursor) == ((), None)


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("few", ["", "1", "11", "1111111111", "0101010101", "1010101010"])
def test_tasks_of_a_name_as_they_were_created_are_one_list_also_once_there_are_many(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, few: str, newest_first: bool
) -> None:
    own = [new_task(f"t{number:02}", at=number) for number in range(9)]
    put(stack, [task.model_copy(update={"name": f"a {9 - n}"}) for n, task in enumerate(own)])
    put(stack, [new_task(f"e{number}", at=number) for number in range(9)])
    all_rows, asked = TaskIndex.all_rows, iter(range(1_000))

    def rows(index: TaskIndex, query: IndexQuery) -> Any:
        found = all_rows(index, query)
        return found if few[next(asked) :].startswith("1") else None

    monkeypatch.setattr("handler.table.index_query.TaskIndex.all_rows", rows)
    found: list[str] = []
    cursor, pages = None, 0
    while pages == 0 or cursor:
        stack.dynamodb.requests.clear()
        page = stack.tasks.list(
            Filter(name_prefix="a"),
            sort_by=SortBy.CREATED,
            newest_first=newest_first,
            limit=2,
            after=cursor,
        )
        assert len(stack.dynamodb.calls) <= 3
        found += [record.id for record in page.items]
        cursor, pages = page.cursor, pages + 1

    ids = [task.id for task in own]
    assert found == (ids[::-1] if newest_first else ids)


def test_a_page_of_a_search_looks_at_a_hundred_for_what_is_asked_besides(stack: Stack) -> None:
    stack.create(id="failed", name="a", status=Status.FAILED)
    for number in range(60):
        stack.clock.advance(1)
        stack.create(id=f"t{number:02}", name="a")
    wanted = Filter(name_prefix="a", statuses=frozenset({Status.FAILED}))

    page = stack.tasks.list(wanted, sort_by=SortBy.CREATED, limit=1)

    assert [record.id for record in page.items] == ["failed"]


def test_a_cursor_of_a_name_is_none_of_other_lists(stack: Stack) -> None:
    stack.create(id="t1", name="a1")
    stack.create(id="t2", name="a2")
    wanted = Filter(name_prefix="a")
    cursor = stack.tasks.list(wanted, sort_by=SortBy.CREATED, limit=1).cursor

    for other in (Filter(), Filter(definition_id="someTask"), wanted):
        with pytest.raises(InvalidInput, match="is not valid; pass on"):
            stack.tasks.list(other, after=cursor)


def test_a_page_of_several_tags_looks_at_those_of_the_first(stack: Stack) -> None:
    stack.create(id="both", tags={"a": "1", "b": "1"})
    for number in range(60):
        stack.clock.advance(1)
        stack.create(id=f"t{number:02}", tags={"a": "1"})
    stack.dynamodb.requests.clear()

    page = stack.tasks.list(Filter(tags={"a": "1", "b": "1"}), limit=1)

    assert [record.id for record in page.items] == ["both"]
    assert len(stack.dynamodb.calls) == 2


@pytest.fixture
def short_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page looks at 4 tasks, in two requests."""
    monkeypatch.setattr("handler.table.listing._PAGE", 2)


def children_of(stack: Stack, parent: str, *tenants: str) -> list[str]:
    """The ids of children of a task, oldest first, one of each of the tenants."""
    ids: list[str] = []
    for number, tenant in enumerate(tenants):
        ids.append(stack.create(id=f"c{number:02}", tenant=tenant, parent_id=parent).id)
        stack.clock.advance(1)
    return ids


@pytest.mark.usefixtures("short_lists")
def test_a_cursor_tells_nothing_of_the_children_of_another_tenants_task(stack: Stack) -> None:
    children_of(stack, "p1", *["acme"] * 9)

    page = stack.tasks.list(Filter(tenant="root", parent_id="p1"), limit=3)

    assert (page.items, page.cursor) == ((), None)


@pytest.mark.usefixtures("short_lists")
def test_a_page_that_has_passed_by_other_tenants_children_alone_is_the_last(stack: Stack) -> None:
    children_of(stack, "p1", "root", *["acme"] * 9)
    wanted = Filter(tenant="root", parent_id="p1")

    first = stack.tasks.list(wanted, newest_first=False, limit=1)
    second = stack.tasks.list(wanted, newest_first=False, limit=1, after=first.cursor)

    assert [record.id for record in first.items] == ["c00"]
    assert (second.items, second.cursor) == ((), None)


@pytest.mark.usefixtures("short_lists")
def test_a_page_that_can_go_on_nowhere_is_refused_with_words_to_whom_the_parent_belongs(
    stack: Stack,
) -> None:
    stack.create(id="p1", tenant="root")
    children_of(stack, "p1", *["acme"] * 9, "root")

    with pytest.raises(InvalidInput, match="more children of other tenants than a page looks at"):
        stack.tasks.list(Filter(tenant="root", parent_id="p1"), newest_first=False, limit=3)


class Lagging:
    """An index that lags behind: it has a task in each partition."""

    def __init__(self, task: StoredTask) -> None:
        self._task = task

    def page(self, query: IndexQuery, **_: object) -> Page:
        return Page(cursors={self._task.id: {"createdOn": "2030"}}, cursor=None)

    def tasks(self, ids: Iterable[str]) -> list[StoredTask]:
        return [self._task for id in dict.fromkeys(ids) if id == self._task.id]


def test_a_task_that_an_index_has_twice_is_listed_and_counted_once() -> None:
    index: Any = Lagging(new_task("t1", at=0, status=Status.RUNNING))
    wanted = Filter(statuses=frozenset({Status.RUNNING, Status.SUCCESS}))

    page = list_tasks(index, wanted, newest_first=True, limit=5, after=None)
    count = count_tasks(index, wanted, CountBudget(left=100))

    assert [record.id for record in page.items] == ["t1"]
    assert count == TaskCount(1)


@pytest.mark.usefixtures("short_lists")
@pytest.mark.parametrize("newest_first", [True, False])
def test_children_of_one_tenant_are_listed_beside_those_of_another_and_no_cursor_tells_of_these(
    stack: Stack, newest_first: bool
) -> None:
    tenants = ["root", "acme", "acme", "root", "acme", "acme", "acme", "root", "root", "acme"]
    ids = children_of(stack, "p1", *tenants)
    own = [id for id, tenant in zip(ids, tenants, strict=True) if tenant == "root"]

    found: list[str] = []
    cursor: str | None = None
    for _ in range(9):
        page = stack.tasks.list(
            Filter(tenant="root", parent_id="p1"),
            newest_first=newest_first,
            limit=2,
            after=cursor,
        )
        found += [record.id for record in page.items]
        if (cursor := page.cursor) is None:
            break
        told = base64.urlsafe_b64decode(cursor).decode()
        assert any(id in told for id in own)

    assert found == (own[::-1] if newest_first else own)


@pytest.mark.parametrize(
    "sort_key", ["LOG#1", "TASK", "", "CHILD", "CHILD#" + "x" * 2_000, "CHILD#\ud800", "zzz"]
)
def test_a_cursor_that_names_no_child_is_refused_and_the_table_is_not_asked(
    stack: Stack, sort_key: str
) -> None:
    text = json.dumps([{"pk": "TASK#p1", "sk": sort_key}])
    stack.dynamodb.requests.clear()

    with pytest.raises(InvalidInput, match="is not valid"):
        stack.tasks.list(
            Filter(parent_id="p1"), after=base64.urlsafe_b64encode(text.encode()).decode()
        )

    assert stack.dynamodb.requests == []
