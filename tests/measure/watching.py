"""What a sweep, a count and a page of a list ask for, beside a hundred thousand tasks."""

import functools
import itertools
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from handler.clock import to_iso
from handler.contract import Status
from handler.record import StoredTask
from handler.table import Filter, items, keys
from tests.measure.promise import Promise
from tests.measure.requests import NOW, Requests, Row, system_on, table_of
from tests.simulation.services.dynamodb import DynamoDB

TASKS = 100_000
CHILDREN = 5_000
DUE = 10
PAGE = 50
HOUR = timedelta(hours=1)
STATUSES = frozenset(Status)
CLOSED = frozenset({Status.SUCCESS, Status.FAILED, Status.ABORTED})
BETWEEN = {"created_after": NOW - 9 * HOUR, "created_before": NOW - HOUR}

FILTERS: list[dict[str, Any]] = [
    {},
    BETWEEN,
    {"parent_id": "parent"},
    {"parent_id": "parent", "definition_id": "task-7"},
    {"parent_id": "parent", "statuses": frozenset({Status.PENDING})},
    {"ids": tuple(f"t{number}" for number in range(0, 300 * TASKS // PAGE, TASKS // PAGE))},
    *(
        {"statuses": frozenset(some), **definition, **created}
        for number in (1, 2, 3, 5)
        for some in itertools.combinations(Status, number)
        for definition in ({}, {"definition_id": "task-1"})
        for created in ({}, BETWEEN)
    ),
    *({"definition_id": f"task-{number}", **BETWEEN} for number in (0, 9, 99)),
]


def promises() -> list[Promise]:
    return [
        Promise("requests of a sweep, 100,000 tasks asleep, 10 due", requests_of_a_sweep(), 30),
        Promise(
            "requests of a page of 50 among 100,000 tasks, the costliest filter",
            max(requests_of_a_page(fields) for fields in FILTERS),
            3,
        ),
    ]


def requests_of_a_sweep() -> int:
    """All that it asks of any service. Its due tasks are owned, and their executions run."""
    clients = clients_of(table_of(sleeping()))
    found = system_on(clients).reconciliation.sweep()
    assert not any(found.values()), found
    assert clients["stepfunctions"].made == ["describe_execution"] * DUE
    return sum(len(client.made) for client in clients.values())


def requests_of_a_page(fields: Mapping[str, Any]) -> int:
    """What the first or the second page asks of the table, in either order; the most of them."""
    rows = _listed_rows()
    most = 0
    for newest_first in (True, False):
        after = None
        for _ in range(2):
            clients = clients_of(rows)
            page = system_on(clients).tasks.list(
                Filter(**fields), newest_first=newest_first, limit=PAGE, after=after
            )
            most = max(most, len(clients["dynamodb"].made))
            if (after := page.cursor) is None:
                break
    return most


def clients_of(dynamodb: DynamoDB) -> dict[str, Requests]:
    """A client for each service that a sweep asks. Nothing waits in the queue or the bucket."""
    return {
        "dynamodb": Requests(dynamodb),
        "sqs": Requests(SimpleNamespace(receive_message=lambda **_: {})),
        "s3": Requests(SimpleNamespace(list_objects_v2=lambda **_: {})),
        "stepfunctions": Requests(
            SimpleNamespace(describe_execution=lambda **_: {"status": "RUNNING"})
        ),
    }


def sleeping() -> Iterator[Row]:
    """Tasks that sleep for a month, and some that should have woken an hour ago."""
    for number in range(TASKS):
        wakes = NOW + timedelta(days=30) if number >= DUE else NOW - HOUR
        yield row(number, Status.RUNNING, created=NOW - 9 * HOUR) | {
            "executionName": {"S": f"execution-{number}"},
            "waitingUntil": {"S": to_iso(wakes)},
            "dueOn": {"S": to_iso(wakes)},
        }


@functools.cache
def _listed_rows() -> DynamoDB:
    """Tasks of a hundred definitions and of all statuses; the rare ones are a handful."""
    rare = {1: Status.PENDING, 2: Status.FAILED, 3: Status.ABORTED, 4: Status.RUNNING}
    rows = [
        row(
            number,
            rare.get(number // 100 % 1_000, Status.SUCCESS),
            created=NOW - timedelta(seconds=number / 3),
        )
        | ({"parentId": {"S": "parent"}} if number < CHILDREN else {})
        for number in range(TASKS)
    ]
    children = [
        {
            "pk": {"S": keys.task_partition("parent")},
            "sk": {"S": f"{keys.CHILD_ROWS}{row['createdOn']['S']}#t{number}"},
        }
        for number, row in enumerate(rows[:CHILDREN])
    ]
    return table_of([*rows, *children])


def row(number: int, status: Status, *, created: datetime) -> dict[str, Any]:
    """A record, made quickly: of its like, all but a few attributes are the same."""
    id, definition_id = f"t{number}", f"task-{number % 100}"
    group = keys.status_group(status)
    like = _like(status)
    return (
        like
        | {
            "pk": {"S": keys.task_partition(id)},
            "definitionId": {"S": definition_id},
            "createdOn": {"S": to_iso(created)},
            "byDefinitionKey": {"S": keys.definition_partition("root", definition_id)},
            "byDefinitionAndStatusKey": {
                "S": keys.definition_and_status_partition("root", definition_id, group)
            },
        }
        | ({"unfinishedKey": {"S": keys.watched_partition(id)}} if status.is_open else {})
    )


@functools.cache
def _like(status: Status) -> dict[str, Any]:
    task = StoredTask.new(
        now=NOW - 9 * HOUR, definition_id="task", name="A task", input={}, status=status
    )
    return dict(items.task_item(task))
