"""Which tasks are listed: every filter, page by page."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from handler.contract import Status
from handler.errors import InvalidInput
from handler.record.task_record import TaskRecord
from handler.table.listing import Filter
from tests.handler.stack import Stack

OPEN = frozenset({Status.PENDING, Status.RUNNING})


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One stack for all of them: they only read."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        yield Stack(patch)


@pytest.fixture(scope="module")
def records(stack: Stack) -> list[TaskRecord]:
    """Two tenants' tasks, of two definitions, of every status, one a second; some are children."""
    records = []
    for number, (tenant, definition, status) in enumerate(
        itertools.product(("root", "acme"), ("first", "second"), Status)
    ):
        parent = "p1" if number % 3 == 0 else None
        records.append(
            stack.create(
                id=f"t{number:02}",
                tenant=tenant,
                definition_id=definition,
                status=status,
                parent_id=parent,
            )
        )
        stack.clock.advance(1)
    return records


FILTERS: dict[str, dict[str, Any]] = {
    "everything": {},
    "tenant": {"tenant": "acme"},
    "ids": {"ids": ("t07", "t03", "t12", "nothing")},
    "no ids": {"ids": ()},
    "parent": {"parent_id": "p1"},
    "definition": {"definition_id": "second"},
    "status": {"statuses": frozenset({Status.FAILED})},
    "pending": {"statuses": frozenset({Status.PENDING})},
    "open": {"statuses": OPEN},
    "statuses of two groups": {"statuses": frozenset({Status.RUNNING, Status.SUCCESS})},
    "no status": {"statuses": frozenset()},
    "created": {"created": ("2030-01-01T00:00:02.000Z", "2030-01-01T00:00:05.000Z")},
    "created since": {"created": ("2030-01-01T00:00:05.000Z", "~")},
    "parent and definition": {"parent_id": "p1", "definition_id": "first"},
    "parent and created": {
        "parent_id": "p1",
        "created": ("2030-01-01T00:00:03.000Z", "2030-01-01T00:00:06.000Z"),
    },
    "definition and open": {"definition_id": "first", "statuses": OPEN},
    "definition and status": {"definition_id": "first", "statuses": frozenset({Status.ABORTED})},
    "ids and status": {"ids": ("t00", "t01", "t02"), "statuses": OPEN},
    "ids and parent": {"ids": ("t00", "t01", "t02", "t03"), "parent_id": "p1"},
    "all of it": {
        "tenant": "acme",
        "parent_id": "p1",
        "definition_id": "first",
        "statuses": frozenset({Status.SUCCESS}),
        "created": ("2030-01-01T00:00:00.000Z", "2030-01-01T00:01:00.000Z"),
    },
    "nothing there": {"tenant": "nobody"},
}


def expected(records: list[TaskRecord], wanted: Filter) -> list[str]:
    return [record.id for record in reversed(records) if wanted.lets_through(record)]


@pytest.mark.parametrize("fields", FILTERS.values(), ids=FILTERS)
@pytest.mark.parametrize("limit", [1, 3, 50])
def test_every_filter_lists_what_it_lets_through_newest_first_page_by_page(
    stack: Stack, records: list[TaskRecord], fields: dict[str, Any], limit: int
) -> None:
    wanted = Filter(**fields)
    if wanted.ids is not None:
        limit = 50
    found: list[str] = []
    cursor = None
    for _ in range(50):
        page = stack.tasks.list(wanted, limit=limit, after=cursor)
        assert len(page.items) <= limit
        found += [record.id for record in page.items]
        cursor = page.cursor
        if cursor is None:
            break

    assert found == expected(records, wanted)
    assert stack.tasks.count(wanted) == len(found)


def test_the_filters_do_filter(records: list[TaskRecord]) -> None:
    sizes = {name: len(expected(records, Filter(**fields))) for name, fields in FILTERS.items()}

    assert sizes["everything"] == sizes["tenant"] == 10
    assert sizes["statuses of two groups"] == 4
    assert {name for name, size in sizes.items() if size == 0} == {
        "no ids",
        "no status",
        "nothing there",
    }


@pytest.mark.parametrize(
    "fields", [{}, {"parent_id": "p1"}, {"definition_id": "first"}, {"statuses": OPEN}]
)
def test_oldest_first_is_the_other_way_round(
    stack: Stack, records: list[TaskRecord], fields: dict[str, Any]
) -> None:
    newest = stack.tasks.list(Filter(**fields)).items

    assert stack.tasks.list(Filter(**fields), newest_first=False).items == newest[::-1]


def test_ids_are_listed_by_the_time_of_creation(stack: Stack, records: list[TaskRecord]) -> None:
    wanted = Filter(ids=("t03", "t09", "t01"))

    assert [record.id for record in stack.tasks.list(wanted).items] == ["t09", "t03", "t01"]
    assert [record.id for record in stack.tasks.list(wanted, newest_first=False).items] == [
        "t01",
        "t03",
        "t09",
    ]


def test_a_page_that_ends_exactly_at_the_last_task_is_the_last(
    stack: Stack, records: list[TaskRecord]
) -> None:
    assert stack.tasks.list(limit=10).cursor is None
    assert stack.tasks.list(limit=9).cursor is not None


def test_without_a_filter_the_tasks_of_the_root_tenant_are_listed(
    stack: Stack, records: list[TaskRecord]
) -> None:
    assert {record.tenant for record in stack.tasks.list().items} == {"root"}


@pytest.mark.parametrize("limit", [0, -1, 1_001])
def test_a_limit_out_of_its_range_is_refused_with_it(stack: Stack, limit: int) -> None:
    with pytest.raises(InvalidInput, match=f"limit is {limit}; it takes 1 to 1000"):
        stack.tasks.list(limit=limit)


@pytest.mark.parametrize("cursor", ["nonsense", "ünï", "bnVsbA==", "WzFd", "eyJhIjogMX0=", "////"])
def test_a_cursor_that_is_not_ours_is_refused_with_what_to_pass_on(
    stack: Stack, cursor: str
) -> None:
    with pytest.raises(InvalidInput, match="is not one of ours; pass on"):
        stack.tasks.list(after=cursor)


@pytest.mark.parametrize(
    ("fields", "requests"),
    [
        ({}, ["query", "batch_get_item"]),
        ({"ids": ("t01", "t02")}, ["batch_get_item"]),
        ({"statuses": OPEN}, ["query", "batch_get_item"]),
        ({"parent_id": "p1"}, ["query", "batch_get_item"]),
    ],
)
def test_a_page_costs_two_requests_at_most(
    stack: Stack, records: list[TaskRecord], fields: dict[str, Any], requests: list[str]
) -> None:
    stack.dynamodb.requests.clear()

    stack.tasks.list(Filter(**fields))

    assert stack.dynamodb.calls == requests


@pytest.mark.parametrize(
    "fields",
    [{}, {"definition_id": "first"}, {"statuses": frozenset({Status.SUCCESS})}, {"statuses": OPEN}],
)
def test_what_an_index_can_count_is_counted_without_being_read(
    stack: Stack, records: list[TaskRecord], fields: dict[str, Any]
) -> None:
    stack.dynamodb.requests.clear()

    stack.tasks.count(Filter(**fields))

    assert stack.dynamodb.calls == ["query"]
    assert stack.dynamodb.requests[0][1]["Select"] == "COUNT"


def test_a_filter_that_lets_few_through_ends_its_page_early_with_a_cursor(stack: Stack) -> None:
    for number in range(8):
        stack.create(
            id=f"e{number}", tenant="early", status=Status.PENDING if number else Status.RUNNING
        )
        stack.clock.advance(1)
    wanted = Filter(tenant="early", statuses=frozenset({Status.RUNNING}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("handler.table.listing._PAGE", 2)
        patch.setattr("handler.table.listing._MOST_READ", 4)
        first = stack.tasks.list(wanted)
        second = stack.tasks.list(wanted, after=first.cursor)

    assert (first.items, [record.id for record in second.items]) == ((), ["e0"])
    assert first.cursor is not None
