"""The index of unfinished tasks: what is due, what was looked at, and what no sweep would see."""

from datetime import timedelta
from typing import Any

import pytest

from handler.clock import to_iso
from handler.contract import Index, Status
from handler.record.stored_task import StoredTask
from handler.table import keys
from handler.table.conditions import Guard
from handler.table.store import Store
from handler.testing.aws import aws_client
from tests.handler.stack import TABLE, Stack, refusal


@pytest.fixture
def store(stack: Stack) -> Store:
    return stack.store


def due_ids(stack: Stack) -> list[str]:
    return [due.task_id for due in stack.store.watch.due_by(stack.clock.now())]


def one_a_second(stack: Stack, number: int) -> list[str]:
    ids = []
    for n in range(number):
        ids.append(stack.create(id=f"t{n:03}").id)
        stack.clock.advance(1)
    return ids


def test_tasks_are_spread_over_the_partitions_and_each_is_always_in_the_same() -> None:
    ids = [f"t{number}" for number in range(1_000)]

    of_each = [
        [id for id in ids if keys.watched_partition(id) == partition]
        for partition in keys.WATCHED_PARTITIONS
    ]

    assert sum(map(len, of_each)) == 1_000
    assert min(map(len, of_each)) > 200
    assert keys.watched_partition("t0") == "unfinished#1"  # in whatever process


def test_what_is_due_is_found_those_first_that_have_been_due_for_longest(stack: Stack) -> None:
    ids = one_a_second(stack, 20)
    asleep = stack.create(id="asleep", due_on=stack.clock.now() + timedelta(milliseconds=1))

    found = due_ids(stack)

    assert found == ids
    assert asleep.id not in found


def test_every_page_of_every_partition_is_read_and_none_twice(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handler.table.watch._PAGE", 2)
    ids = one_a_second(stack, 25)

    found = due_ids(stack)

    assert sorted(found) == ids


def test_what_is_put_off_while_it_is_read_does_not_come_again(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handler.table.watch._PAGE", 2)
    ids = one_a_second(stack, 25)
    until, found = stack.clock.now(), []

    for due in stack.store.watch.due_by(until):
        found.append(due.task_id)
        stack.clock.advance(1)
        assert stack.store.watch.put_off(due, stack.clock.now())

    assert sorted(found) == ids


def test_what_somebody_else_has_moved_meanwhile_is_left_as_it_is(
    stack: Stack, store: Store
) -> None:
    task = stack.claim(stack.create())
    [due] = store.watch.due_by(stack.clock.now())
    stack.clock.advance(5)
    released = task.released(now=stack.clock.now())
    store.save(released, before=task, guard=Guard())
    far = stack.clock.now() + timedelta(days=30)

    is_put_off = store.watch.put_off(due, far)

    assert not is_put_off
    assert stack.get(task).due_on == released.due_on


@pytest.mark.parametrize("left", [[], ["over"]], ids=["gone", "over"])
def test_what_is_gone_or_finished_meanwhile_does_not_come_back(
    stack: Stack, store: Store, left: list[str]
) -> None:
    task = stack.create()
    [due] = store.watch.due_by(stack.clock.now())
    if left:
        store.save(task.succeeded(now=stack.clock.now(), output=None), before=task, guard=Guard())
    else:
        aws_client("dynamodb").delete_item(TableName=TABLE, Key=keys.task_key(task.id))

    is_put_off = store.watch.put_off(due, stack.clock.now())

    assert not is_put_off
    assert stack.unfinished() == []
    assert len(stack.rows()) == len(left)


def test_a_record_without_room_for_a_date_is_looked_at_all_the_same(
    stack: Stack, store: Store
) -> None:
    stack.create()
    [due] = store.watch.due_by(stack.clock.now())
    message = "Item size to update has exceeded the maximum allowed size"
    error = refusal("ValidationException")
    error.args = (message,)
    stack.dynamodb.fail(error, only="update_item")

    assert store.watch.put_off(due, stack.clock.now())


@pytest.mark.parametrize(
    ("due_on", "is_out_of_sight"),
    [("whenever", True), ("~", True), ("3030-01-01T00:00:00.000Z", True), ("!", False)],
)
def test_what_is_due_at_no_time_or_too_late_is_out_of_sight(
    stack: Stack, store: Store, due_on: str, is_out_of_sight: bool
) -> None:
    task = stack.create()
    change(task, due_on)
    stack.create(due_on=stack.clock.now() + timedelta(days=355))

    found = [due.task_id for due in store.watch.out_of_sight(stack.clock.now() + A_YEAR)]

    assert found == [task.id] * is_out_of_sight
    assert due_ids(stack) == [task.id] * (not is_out_of_sight)


@pytest.mark.parametrize(("at_most", "counted"), [(100, 7), (7, 7), (2, 3)])
def test_a_count_has_every_unfinished_task_and_ends_behind_its_limit(
    stack: Stack, store: Store, at_most: int, counted: int
) -> None:
    for number in range(6):
        stack.create(due_on=stack.clock.now() + timedelta(days=number))
    stack.create(status=Status.SUCCESS, pending_hook="on_done")
    stack.create(status=Status.SUCCESS)

    found = store.watch.count(at_most=at_most)

    assert found >= counted if at_most == 2 else found == counted


def test_a_row_that_is_no_record_stands_for_no_task(stack: Stack, store: Store) -> None:
    put(pk="TASK#t1", sk="LOG#1")
    put(pk="somebody", sk="TASK")

    found = [due.task_id for due in store.watch.due_by(stack.clock.now())]

    assert found == ["", ""]


A_YEAR = timedelta(days=365)


def change(task: StoredTask, due_on: str) -> None:
    aws_client("dynamodb").update_item(
        TableName=TABLE,
        Key=keys.task_key(task.id),
        UpdateExpression="SET dueOn = :on",
        ExpressionAttributeValues={":on": {"S": due_on}},
    )


def put(**key: Any) -> None:
    """A row that a person has written into the index of unfinished tasks."""
    row = {
        **{name: {"S": value} for name, value in key.items()},
        Index.UNFINISHED.partition_key: {"S": keys.WATCHED_PARTITIONS[0]},
        Index.UNFINISHED.sort_key: {"S": "2020-01-01T00:00:00.000Z"},
    }
    aws_client("dynamodb").put_item(TableName=TABLE, Item=row)


def test_an_iteration_that_begins_a_long_wait_moves_its_entry(stack: Stack, store: Store) -> None:
    task = stack.claim(stack.create())
    asleep = task.continued(now=stack.clock.now(), input={}, wait=3_600)

    store.save(asleep, before=task, guard=Guard())

    [row] = stack.rows()
    assert row["dueOn"]["S"] == to_iso(stack.clock.now() + timedelta(hours=1))
