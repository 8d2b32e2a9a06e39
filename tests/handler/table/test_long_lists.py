"""Lists beside thousands of tasks that do not match. moto looks at each of them at every query."""

from datetime import UTC, datetime, timedelta

import pytest

from handler.contract import Status
from handler.record.stored_task import StoredTask
from handler.table import items
from handler.table.dynamo import Dynamo
from handler.table.listing import Filter
from tests.handler.stack import TABLE, Stack


@pytest.mark.slow
def test_a_page_ends_with_a_cursor_after_2_000_tasks_that_do_not_match(stack: Stack) -> None:
    dynamo = Dynamo(stack.dynamodb, table=TABLE, clock=stack.clock, remaining=lambda: 900)  # type: ignore[arg-type]
    match = new_task("match", at=0, status=Status.RUNNING)
    others = [new_task(f"e{number}", at=number) for number in range(1, 2_002)]
    dynamo.put_many([items.task_item(task) for task in (match, *others)])
    wanted = Filter(tenant="root", statuses=frozenset({Status.RUNNING}))
    stack.dynamodb.requests.clear()

    first = stack.tasks.list(wanted)
    requests = len(stack.dynamodb.calls)
    last = stack.tasks.list(wanted, after=first.cursor)

    assert (first.items, requests) == ((), 40)
    assert first.cursor is not None
    assert [record.id for record in last.items] == ["match"]
    assert last.cursor is None


def new_task(id: str, *, at: int, status: Status = Status.PENDING) -> StoredTask:
    """A task that was created `at` seconds after the first."""
    now = datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=at)
    return StoredTask.new(
        now=now, id=id, definition_id="someTask", name="n", input={}, status=status
    )
