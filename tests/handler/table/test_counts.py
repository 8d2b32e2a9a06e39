"""What counts read is taken off a budget: without it, they end with what they have found."""

from typing import Any

import pytest

from handler.contract import Status
from handler.lifecycle import count_within
from handler.table.filters import Filter
from handler.table.listing import CountBudget, TaskCount
from tests.handler.stack import Stack


def count(stack: Stack, budget: CountBudget, **fields: Any) -> TaskCount:
    return count_within(stack.tasks, Filter(**fields), budget)


@pytest.mark.parametrize(
    ("left", "counted"),
    [(3, TaskCount(3)), (2, TaskCount(2, is_capped=True)), (0, TaskCount(0, is_capped=True))],
)
def test_an_index_is_counted_up_to_what_is_left(
    stack: Stack, left: int, counted: TaskCount
) -> None:
    for _ in range(3):
        stack.create()

    assert count(stack, CountBudget(left=left)) == counted


@pytest.mark.parametrize(
    ("left", "counted", "after"),
    [
        (1_001, TaskCount(201), 0),
        (1_000, TaskCount(200, is_capped=True), 0),
        (501, TaskCount(200, is_capped=True), 0),
        (500, TaskCount(100, is_capped=True), 0),
        (0, TaskCount(0, is_capped=True), 0),
        (2_000, TaskCount(201), 995),
    ],
)
@pytest.mark.parametrize("by_ids", [True, False])
def test_records_are_read_up_to_a_fifth_of_what_is_left(
    stack: Stack, left: int, counted: TaskCount, after: int, by_ids: bool
) -> None:
    ids = []
    for _ in range(201):
        ids.append(stack.create(status=Status.PENDING).id)
        stack.clock.advance(0.001)
    fields = {"ids": tuple(ids)} if by_ids else {"statuses": {Status.PENDING}}
    budget = CountBudget(left=left)

    assert count(stack, budget, **fields) == counted
    assert budget.left == after


@pytest.mark.parametrize("fields", [{}, {"parent_id": "p1"}, {"ids": ("t1",)}])
def test_a_budget_that_is_used_up_asks_the_table_nothing(
    stack: Stack, fields: dict[str, Any]
) -> None:
    budget = CountBudget(left=1)
    stack.create()
    count(stack, budget)
    stack.dynamodb.requests.clear()

    assert count(stack, budget, **fields) == TaskCount(0, is_capped=True)
    assert stack.dynamodb.calls == []


def test_an_index_of_many_pages_is_read_no_further_than_the_budget(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages_left = iter([{"Count": 7_000}] * 5)
    monkeypatch.setattr("handler.table.Dynamo.pages", lambda *_: pages_left)

    counted = count(stack, CountBudget(left=10_000))

    assert counted == TaskCount(10_000, is_capped=True)
    assert len(list(pages_left)) == 3
