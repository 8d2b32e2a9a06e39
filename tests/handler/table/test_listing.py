"""Which tasks are listed and counted: every filter, page by page."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler.contract import Status
from handler.errors import InvalidInput
from handler.record.task_record import Identity, TaskRecord
from handler.table.filters import Filter
from tests.handler.stack import Stack

OPEN = frozenset({Status.PENDING, Status.RUNNING})
START = datetime(2030, 1, 1, tzinfo=UTC)
ANN, ANN_BY_TOKEN, BOB = PEOPLE = [
    Identity(id=id, display_name=id, type=kind)
    for id, kind in (("ann", "iam"), ("ann", "jwt"), ("bob", "iam"))
]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One stack for every test of this file: they only read."""
    with Stack.inside_moto() as stack:
        yield stack


@pytest.fixture(scope="module")
def records(stack: Stack) -> list[TaskRecord]:
    """Two tenants' tasks, of two definitions, of every status, one a second; some are children."""
    records: list[TaskRecord] = []
    for number, (tenant, definition, status) in enumerate(
        itertools.product(("root", "acme"), ("first", "second"), Status)
    ):
        task = stack.create(
            id=f"t{number:02}",
            tenant=tenant,
            definition_id=definition,
            status=status,
            parent_id="p1" if number % 3 == 0 else None,
            created_by=PEOPLE[number % len(PEOPLE)],
        )
        records.append(task.to_record())
        stack.clock.advance(1)
    return records


def second(number: float, *, hours_from_utc: int = 0) -> datetime:
    """A moment after the first task, in a time zone of that many hours from UTC."""
    moment = START + timedelta(seconds=number)
    return moment.astimezone(timezone(timedelta(hours=hours_from_utc)))


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
    "every status": {"statuses": frozenset(Status)},
    "no status": {"statuses": frozenset()},
    "created between": {"created_after": second(2), "created_before": second(5)},
    "created after": {"created_after": second(5)},
    "created before": {"created_before": second(5)},
    "created between two milliseconds": {
        "created_after": second(2.0005),
        "created_before": second(5.0005),
    },
    "parent and definition": {"parent_id": "p1", "definition_id": "first"},
    "parent and created": {
        "parent_id": "p1",
        "created_after": second(3),
        "created_before": second(6),
    },
    "definition and open": {"definition_id": "first", "statuses": OPEN},
    "definition and pending": {
        "definition_id": "first",
        "statuses": frozenset({Status.PENDING}),
    },
    "definition and status": {"definition_id": "first", "statuses": frozenset({Status.ABORTED})},
    "ids and status": {"ids": ("t00", "t01", "t02"), "statuses": OPEN},
    "ids and parent": {"ids": ("t00", "t01", "t02", "t03"), "parent_id": "p1"},
    "ids and created": {"ids": ("t00", "t01", "t02", "t03"), "created_after": second(2)},
    "all of it": {
        "tenant": "acme",
        "parent_id": "p1",
        "definition_id": "first",
        "statuses": frozenset({Status.SUCCESS}),
        "created_after": second(0),
        "created_before": second(60),
    },
    "created by an id": {"created_by": "ann"},
    "created by an identity": {"created_by": ANN},
    "created by nobody": {"created_by": "eve"},
    "created by and definition": {"created_by": BOB, "definition_id": "first"},
    "created by and open": {"created_by": BOB, "statuses": OPEN},
    "created by and ids": {"created_by": ANN_BY_TOKEN, "ids": ("t00", "t01", "t02", "t04")},
    "created by and parent": {"created_by": ANN, "parent_id": "p1"},
    "without a definition": {"except_definition_ids": tuple({"first", "nothing"})},
    "without a definition and open": {
        "except_definition_ids": tuple({"first"}),
        "statuses": OPEN,
    },
    "without a definition and pending": {
        "except_definition_ids": tuple({"second"}),
        "statuses": frozenset({Status.PENDING}),
    },
    "without a definition, and another": {
        "except_definition_ids": tuple({"first"}),
        "definition_id": "second",
    },
    "without the definition that is asked for": {
        "except_definition_ids": tuple({"first"}),
        "definition_id": "first",
    },
    "without a definition, of a parent": {
        "except_definition_ids": tuple({"first"}),
        "parent_id": "p1",
    },
    "nothing there": {"tenant": "nobody"},
}


def expected(records: list[TaskRecord], fields: dict[str, Any]) -> list[str]:
    """The ids of the tasks that match, newest first: each condition takes some of them away."""
    left = [record for record in records if record.tenant == fields.get("tenant", "root")]
    for name, value in fields.items():
        if name == "ids":
            left = [record for record in left if value.count(record.id)]
        elif name == "parent_id":
            left = [record for record in left if record.parent_id == value]
        elif name == "definition_id":
            left = [record for record in left if record.definition_id == value]
        elif name == "statuses":
            left = [record for record in left if record.status.value in list(map(str, value))]
        elif name == "created_after":
            left = [record for record in left if record.created_on.timestamp() >= value.timestamp()]
        elif name == "created_before":
            left = [record for record in left if record.created_on.timestamp() <= value.timestamp()]
        elif name == "created_by":
            left = [record for record in left if value in (record.created_by.id, record.created_by)]
        elif name == "except_definition_ids":
            left = [record for record in left if record.definition_id not in value]
    return sorted((record.id for record in left), reverse=True)


def listed(stack: Stack, wanted: Filter, *, limit: int = 50) -> list[str]:
    """The ids of every page of a filter."""
    found: list[str] = []
    cursor = None
    for _ in range(50):
        page = stack.tasks.list(wanted, limit=limit, after=cursor)
        assert len(page.items) <= limit
        found += [record.id for record in page.items]
        if (cursor := page.cursor) is None:
            return found
    raise AssertionError("The pages do not end.")


@pytest.mark.parametrize("fields", FILTERS.values(), ids=FILTERS)
@pytest.mark.parametrize("limit", [1, 3, 50])
def test_every_filter_lists_the_tasks_that_match_newest_first_page_by_page(
    stack: Stack, records: list[TaskRecord], fields: dict[str, Any], limit: int
) -> None:
    wanted = Filter(**fields)

    found = listed(stack, wanted, limit=limit if wanted.ids is None else 50)

    assert found == expected(records, fields)


@pytest.mark.parametrize("fields", FILTERS.values(), ids=FILTERS)
def test_every_filter_counts_the_tasks_that_match(
    stack: Stack, records: list[TaskRecord], fields: dict[str, Any]
) -> None:
    counted = stack.tasks.count(Filter(**fields))

    assert counted == len(expected(records, fields))


def test_the_expected_tasks_of_the_filters_differ(records: list[TaskRecord]) -> None:
    sizes = {name: len(expected(records, fields)) for name, fields in FILTERS.items()}

    assert sizes["everything"] == sizes["tenant"] == sizes["every status"] == 10
    assert sizes["statuses of two groups"] == sizes["created between"] == 4
    assert sizes["created between two milliseconds"] == 3
    assert {name for name, size in sizes.items() if size == 0} == {
        "no ids",
        "no status",
        "created by nobody",
        "without the definition that is asked for",
        "nothing there",
    }


@pytest.mark.parametrize("value", [5, ("ann",), {"id": "ann"}])
def test_who_has_triggered_them_is_a_text_or_an_identity(value: Any) -> None:
    with pytest.raises(InvalidInput, match=r"created_by is .*; it takes the id of an identity"):
        Filter(created_by=value)


@pytest.mark.parametrize("hours", [-11, 0, 2, 14])
@pytest.mark.parametrize("others", [{}, {"parent_id": "p1"}, {"ids": ("t01", "t03", "t06")}])
def test_a_filter_of_another_time_zone_finds_the_same_tasks(
    stack: Stack, records: list[TaskRecord], hours: int, others: dict[str, Any]
) -> None:
    wanted = Filter(
        created_after=second(2, hours_from_utc=hours),
        created_before=second(5, hours_from_utc=hours),
        **others,
    )
    in_utc = {"created_after": second(2), "created_before": second(5), **others}

    found, counted = listed(stack, wanted), stack.tasks.count(wanted)

    assert found == expected(records, in_utc)
    assert counted == len(found) > 0


@pytest.mark.parametrize("name", ["created_after", "created_before"])
@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2030, 1, 1), "2030-01-01T00:00:00"),  # noqa: DTZ001  the mistake in question
        ("2030-01-01T00:00:00.000Z", "'2030-01-01T00:00:00.000Z'"),
    ],
    ids=["naive", "text"],
)
def test_a_moment_without_a_time_zone_is_refused_with_its_name_and_value(
    name: str, moment: Any, shown: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        Filter(**{name: moment})

    assert refused.value.message == (
        f"{name} is {shown}; it takes a datetime with a time zone, such as datetime.now(UTC)."
    )


@pytest.mark.parametrize(
    "fields", [{}, {"parent_id": "p1"}, {"definition_id": "first"}, {"statuses": OPEN}]
)
def test_oldest_first_lists_the_same_tasks_in_reverse(
    stack: Stack, records: list[TaskRecord], fields: dict[str, Any]
) -> None:
    newest = stack.tasks.list(Filter(**fields)).items

    oldest = stack.tasks.list(Filter(**fields), newest_first=False).items

    assert len(oldest) > 1
    assert oldest == newest[::-1]


@pytest.mark.parametrize(
    ("newest_first", "ids"), [(True, ["t09", "t03", "t01"]), (False, ["t01", "t03", "t09"])]
)
def test_tasks_of_given_ids_are_listed_by_the_time_of_creation(
    stack: Stack, records: list[TaskRecord], newest_first: bool, ids: list[str]
) -> None:
    wanted = Filter(ids=("t03", "t09", "t01"))

    page = stack.tasks.list(wanted, newest_first=newest_first)

    assert [record.id for record in page.items] == ids


@pytest.mark.parametrize("newest_first", [True, False])
def test_more_ids_than_the_limit_are_pages(
    stack: Stack, records: list[TaskRecord], newest_first: bool
) -> None:
    wanted = Filter(ids=("t03", "t09", "t01", "t12"))
    found: list[list[str]] = []
    cursor = None
    while not found or cursor:
        page = stack.tasks.list(wanted, newest_first=newest_first, limit=2, after=cursor)
        found.append([record.id for record in page.items])
        cursor = page.cursor

    assert found == ([["t09", "t03"], ["t01"]] if newest_first else [["t01", "t03"], ["t09"]])


def test_a_cursor_of_another_list_is_none_of_ids(stack: Stack, records: list[TaskRecord]) -> None:
    cursor = stack.tasks.list(limit=1).cursor

    with pytest.raises(InvalidInput, match="is not valid; pass on"):
        stack.tasks.list(Filter(ids=("t01",)), after=cursor)


def test_a_page_that_ends_at_the_last_task_has_no_cursor(
    stack: Stack, records: list[TaskRecord]
) -> None:
    whole, short = stack.tasks.list(limit=10), stack.tasks.list(limit=9)

    assert whole.cursor is None
    assert short.cursor is not None


def test_without_a_filter_the_tasks_of_the_root_tenant_are_listed(
    stack: Stack, records: list[TaskRecord]
) -> None:
    page = stack.tasks.list()

    assert {record.tenant for record in page.items} == {"root"}
    assert {type(record) for record in page.items} == {TaskRecord}


@pytest.mark.parametrize("limit", [0, -1, 1_001])
def test_a_limit_out_of_its_range_is_refused_with_its_value(stack: Stack, limit: int) -> None:
    with pytest.raises(InvalidInput, match=f"limit is {limit}; it takes 1 to 1000"):
        stack.tasks.list(limit=limit)


@pytest.mark.parametrize("cursor", ["nonsense", "ünï", "bnVsbA==", "WzFd", "eyJhIjogMX0=", "////"])
def test_a_cursor_that_no_page_gave_out_is_refused_with_its_value(
    stack: Stack, cursor: str
) -> None:
    with pytest.raises(InvalidInput, match=f'The cursor "{cursor}" is not valid; pass on'):
        stack.tasks.list(after=cursor)


def test_a_cursor_of_another_filter_is_refused(stack: Stack, records: list[TaskRecord]) -> None:
    cursor = stack.tasks.list(limit=1).cursor

    with pytest.raises(InvalidInput, match="is not valid; pass on"):
        stack.tasks.list(Filter(tenant="acme"), after=cursor)


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
def test_a_filter_that_is_one_whole_partition_is_counted_without_reading_its_tasks(
    stack: Stack, records: list[TaskRecord], fields: dict[str, Any]
) -> None:
    stack.dynamodb.requests.clear()

    stack.tasks.count(Filter(**fields))

    assert stack.dynamodb.calls == ["query"]
    assert stack.dynamodb.requests[0][1]["Select"] == "COUNT"


def test_statuses_may_be_given_as_their_texts() -> None:
    wanted = Filter(statuses={"failed", "aborted"})  # type: ignore[arg-type]

    assert wanted == Filter(statuses=frozenset({Status.FAILED, Status.ABORTED}))


@pytest.mark.parametrize("statuses", [{"done"}, "failed", {7}])
def test_a_status_that_is_not_one_is_refused_with_those_that_are(statuses: Any) -> None:
    with pytest.raises(InvalidInput, match="it takes a set of pending, running, success"):
        Filter(statuses=statuses)


MIN, MAX = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
BEYOND_UTC = [
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
]


class TestNothing:
    """Filters that no task can match: the list is empty, and the table is asked nothing."""

    def assert_empty(self, stack: Stack, wanted: Filter, **options: Any) -> None:
        before = len(stack.dynamodb.calls)

        page = stack.tasks.list(wanted, **options)

        assert (page.items, page.cursor, stack.tasks.count(wanted)) == ((), None, 0)
        assert len(stack.dynamodb.calls) == before

    @pytest.mark.parametrize("name", FILTERS)
    @pytest.mark.parametrize("options", [{}, {"limit": 1, "newest_first": False}, {"after": "x"}])
    def test_a_range_that_is_upside_down_is_empty_and_asks_the_table_nothing(
        self, stack: Stack, name: str, options: dict[str, Any]
    ) -> None:
        wanted = FILTERS[name] | {"created_after": second(5), "created_before": second(4.999)}

        self.assert_empty(stack, Filter(**wanted), **options)

    @pytest.mark.parametrize(
        "wanted",
        [
            {"statuses": frozenset()},
            {"ids": ("", "x" * 5_000, "\ud800")},
            {"tenant": ""},
            {"tenant": "t" * 3_000},
            {"definition_id": "\ud800"},
            {"parent_id": "p" * 5_000},
            {"created_after": second(1.0001), "created_before": second(1.0009)},
            {"created_after": MAX, "created_before": MIN},
        ],
        ids=lambda wanted: ascii(wanted)[:40],
    )
    def test_what_no_task_can_be_is_not_asked_for(
        self, stack: Stack, records: list[TaskRecord], wanted: dict[str, Any]
    ) -> None:
        self.assert_empty(stack, Filter(**wanted))

    def test_a_range_of_one_moment_has_the_task_of_that_moment(
        self, stack: Stack, records: list[TaskRecord]
    ) -> None:
        wanted = Filter(created_after=second(3), created_before=second(3))

        assert [task.id for task in stack.tasks.list(wanted).items] == ["t03"]

    @pytest.mark.parametrize("first", [MIN, BEYOND_UTC[0]])
    @pytest.mark.parametrize("last", [MAX, BEYOND_UTC[1]])
    def test_the_first_and_the_last_moment_that_there_is_are_a_range(
        self, stack: Stack, records: list[TaskRecord], first: datetime, last: datetime
    ) -> None:
        everything = Filter(created_after=first, created_before=last)

        assert stack.tasks.count(everything) == stack.tasks.count() > 0
        assert stack.tasks.count(Filter(created_before=first)) == 0
        assert stack.tasks.count(Filter(created_after=last)) == 0

    @pytest.mark.property
    @settings(suppress_health_check=list(HealthCheck))
    @given(
        name=st.sampled_from(sorted(FILTERS)),
        first=st.none() | st.datetimes(timezones=st.timezones()),
        last=st.none() | st.floats(-5, 30).map(second),
    )
    def test_a_range_of_any_two_moments_lists_what_lies_between(
        self,
        stack: Stack,
        records: list[TaskRecord],
        name: str,
        first: datetime | None,
        last: datetime | None,
    ) -> None:
        others = {key: value for key, value in FILTERS[name].items() if "created" not in key}
        wanted = Filter(**others, created_after=first, created_before=last)

        found = {task.id for task in stack.tasks.list(wanted).items}

        without = {task.id: task for task in stack.tasks.list(Filter(**others)).items}
        assert found == {
            id
            for id, task in without.items()
            if (first is None or task.created_on >= first)
            and (last is None or task.created_on <= last)
        }
        assert stack.tasks.count(wanted) == len(found)


@pytest.mark.parametrize("name", ["parent_ids", "error_codes"])
def test_more_partitions_than_a_page_reads_are_refused_with_their_number(
    stack: Stack, name: str
) -> None:
    values: dict[str, Any] = {name: ("a", "b", "c")}

    with pytest.raises(InvalidInput, match=f"{name} has 3 values; a list takes 2 of them. Next: "):
        stack.tasks.list(Filter(**values))


@pytest.mark.parametrize(
    "fields",
    [
        {"definition_id": 5},
        {"ids": "t1"},
        {"parent_ids": ("a", 1)},
        {"name_prefix": b"a"},
        {"tags": {"a": 1}},
        {"except_created": ((datetime(2030, 1, 1), START),)},  # noqa: DTZ001  the mistake in question
    ],
    ids=str,
)
def test_a_value_of_another_type_is_refused_with_what_it_takes(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"; it takes a |a task takes up to 10 tags"):
        Filter(**fields)


@pytest.mark.parametrize("sort_by", ["createdOn", "startedOn", "finishedOn", "name"])
def test_an_order_may_be_its_text(stack: Stack, records: list[TaskRecord], sort_by: Any) -> None:
    assert stack.tasks.list(sort_by=sort_by).cursor is None


@pytest.mark.parametrize("sort_by", ["taskStatus", 5, ["name"]])
def test_an_order_that_is_none_is_refused_with_those_that_are(stack: Stack, sort_by: Any) -> None:
    with pytest.raises(
        InvalidInput, match="it takes one of createdOn, startedOn, finishedOn, name"
    ):
        stack.tasks.list(sort_by=sort_by)
