"""Any filter, of any tasks: its pages have the tasks that a plain Python filter keeps."""

import itertools
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler.contract import Status
from handler.errors import InvalidInput
from handler.record.stored_task import StoredTask
from handler.table import items, keys
from handler.table.dynamo import Dynamo
from handler.table.filters import Filter, SortBy
from handler.table.listing import CountBudget, count_tasks
from tests.handler.stack import TABLE, Stack

START = datetime(2030, 1, 1, tzinfo=UTC)
NAMES = ["", "a", "ab", "a b", "ünï", "\U0010ffff", "x" * 300, "x" * 299 + "y", "a\0b", "a\1"]
TAGS: list[dict[str, str]] = [{}, {"c": "1"}, {"c": "2"}, {"c": "1", "k=#%": "1"}, {"k=#%": "1"}]
CODES = [None, "NO", "NO #1", "x" * 256]
NARROW = {"parent_id", "parent_ids", "name", "error_code", "error_codes"}
_numbers = itertools.count()


def moment(dice: random.Random) -> datetime:
    return START + timedelta(seconds=dice.randint(0, 300))


def times(dice: random.Random) -> tuple[tuple[datetime, datetime], ...]:
    pairs = ((moment(dice), moment(dice)) for _ in range(dice.randint(1, 2)))
    return tuple((min(pair), max(pair)) for pair in pairs)


def some(dice: random.Random, values: list[Any], *, most: int) -> tuple[Any, ...]:
    return tuple(dice.sample(values, dice.randint(0 if dice.random() < 0.1 else 1, most)))


# Each draws a value of one word of a filter.
WORDS: dict[str, Callable[[random.Random], Any]] = {
    "parent_id": lambda dice: dice.choice(["p1", "p2", "nobody"]),
    "parent_ids": lambda dice: some(dice, ["p1", "p2", "p3"], most=2),
    "definition_id": lambda dice: dice.choice(["one", "o#e", "nothing"]),
    "definition_ids": lambda dice: some(dice, ["one", "two", "three", "o#e"], most=4),
    "statuses": lambda dice: frozenset(some(dice, list(Status), most=4)),
    "created_after": moment,
    "created_before": moment,
    "started_after": moment,
    "started_before": moment,
    "finished_after": moment,
    "finished_before": moment,
    "name": lambda dice: dice.choice(NAMES),
    "name_prefix": lambda dice: dice.choice(["", "a", "ab", "x" * 299, "x" * 300, "\U0010ffff"]),
    "tags": lambda dice: dice.choice(TAGS),
    "error_code": lambda dice: dice.choice(["NO", "NO #1", "nothing"]),
    "error_codes": lambda dice: some(dice, ["NO", "NO #1", "x" * 256], most=2),
    "except_ids": lambda dice: some(dice, [f"t{number:02}" for number in range(9)], most=5),
    "except_parent_ids": lambda dice: some(dice, ["p1", "p3"], most=2),
    "except_definition_ids": lambda dice: some(dice, ["one", "two"], most=2),
    "except_created": times,
    "except_started": times,
    "except_finished": times,
}


def a_task(dice: random.Random) -> dict[str, Any]:
    """The fields of a task, but for its id and its tenant."""
    status = dice.choice(list(Status))
    created = moment(dice)
    started = created + timedelta(seconds=dice.randint(-5, 100))  # two machines have two clocks
    is_over = status in (Status.SUCCESS, Status.FAILED, Status.ABORTED)
    return {
        "definition_id": dice.choice(["one", "two", "three", "o#e"]),
        "name": dice.choice(NAMES),
        "parent_id": dice.choice([None, "p1", "p2", "p3"]),
        "status": status,
        "tags": dice.choice(TAGS),
        "error_code": dice.choice(CODES) if status is Status.FAILED else None,
        "created_on": created,
        "started_on": None if status is Status.PENDING else started,
        "finished_on": started + timedelta(seconds=dice.randint(0, 100)) if is_over else None,
    }


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One stack for every test of this file: each example has tenants of its own."""
    with Stack.inside_moto() as stack:
        yield stack


def put(stack: Stack, tasks: list[StoredTask]) -> None:
    """Writes records, with the rows that name them."""
    dynamo = Dynamo(stack.dynamodb, table=TABLE, clock=stack.clock, remaining=lambda: 900)  # type: ignore[arg-type]
    dynamo.put_many([items.task_item(task) for task in tasks])
    dynamo.put_many([row for task in tasks for row in keys.tag_keys(task)])
    dynamo.put_many([keys.child_row(task) for task in tasks if task.parent_id])


def made(tenant: str, fields: list[dict[str, Any]]) -> list[StoredTask]:
    """The tasks of a tenant, each of a time of its own."""
    tasks = []
    for number, each in enumerate(fields):
        apart = timedelta(milliseconds=number)
        dates = {name: each[name] and each[name] + apart for name in each if name.endswith("_on")}
        parent = each["parent_id"] and f"{tenant}-{each['parent_id']}"
        given = each | dates | {"tenant": tenant, "parent_id": parent}
        created = given.pop("created_on")
        tasks.append(StoredTask.new(now=created, id=f"{tenant}-t{number:02}", input={}, **given))
    return tasks


def own(tenant: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """A filter whose ids are those of a tenant's tasks."""
    found = dict(wanted)
    for name in ("parent_ids", "except_parent_ids", "except_ids"):
        if found.get(name):
            found[name] = tuple(f"{tenant}-{id}" for id in found[name])
    if found.get("parent_id"):
        found["parent_id"] = f"{tenant}-{found['parent_id']}"
    return found


def keeps(wanted: dict[str, Any], task: StoredTask) -> bool:
    """Whether a task has all that a filter says: each word of it, in plain Python."""
    return all(
        says(name, value, task) for name, value in wanted.items() if value not in (None, ())
    ) and all(wanted.get(name) != () for name in ("parent_ids", "definition_ids", "error_codes"))


def says(name: str, value: Any, task: StoredTask) -> bool:
    """Whether a task has what one word of a filter says."""
    dates = {"created": task.created_on, "started": task.started_on, "finished": task.finished_on}
    first, _, rest = name.partition("_")
    if first in dates:
        moment = dates[first]
        return moment is not None and (moment >= value if rest == "after" else moment <= value)
    if first == "except" and rest in dates:
        moment = dates[rest]
        return moment is None or not any(start <= moment <= end for start, end in value)
    if name == "tags":
        return all(task.tags.get(key) == text for key, text in value.items())
    if name == "name_prefix":
        return task.name.startswith(value)
    if name == "statuses":
        return task.status in value
    known = {"parent": task.parent_id, "definition": task.definition_id, "ids": task.id}
    known |= {"name": task.name, "error": task.error_code}
    if first == "except":
        return known[rest.partition("_")[0]] not in value
    return known[first] in (value if isinstance(value, tuple) else (value,))


def place(task: StoredTask, sort_by: SortBy) -> Any:
    """What a task is sorted by; those of one name by their creation."""
    if sort_by is SortBy.NAME:
        return task.name.encode()[:256], task.created_on
    return {
        SortBy.CREATED: task.created_on,
        SortBy.STARTED: task.started_on,
        SortBy.FINISHED: task.finished_on,
    }[sort_by]


@pytest.mark.property
@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(seed=st.integers())
def test_the_pages_of_any_filter_have_its_tasks_in_order_and_once_each(
    stack: Stack, seed: int
) -> None:
    dice, tenant = random.Random(seed), f"n{next(_numbers)}"
    tasks = made(tenant, [a_task(dice) for _ in range(25)])
    others = [a_task(dice) for _ in range(5)]
    put(stack, [*tasks, *made(f"{tenant}#", others), *made(f"{tenant}#one", others)])

    for _ in range(25):
        words = dice.sample(sorted(WORDS), dice.randint(1, 3))
        wanted = own(tenant, {word: WORDS[word](dice) for word in words})
        check(stack, tasks, tenant, wanted, dice)


def check(
    stack: Stack,
    tasks: list[StoredTask],
    tenant: str,
    wanted: dict[str, Any],
    dice: random.Random,
) -> None:
    """Walks through a list in some order, and counts it."""
    filter, sort_by = Filter(tenant=tenant, **wanted), dice.choice([None, *SortBy])
    if (message := refusal(stack, filter, sort_by)) is not None:
        assert "is to be sorted by" in message
        assert "Next: " in message
        assert sort_by not in (None, SortBy.CREATED)
        return
    down, limit = dice.random() < 0.5, dice.choice([1, 3, 50])

    found, requests = walked(stack, filter, sort_by, newest_first=down, limit=limit)

    order = sort_by or own_order(wanted)
    matching = [task for task in tasks if keeps(wanted, task)]
    kept = [task for task in matching if place(task, order) is not None]
    kept.sort(key=lambda task: place(task, order), reverse=down)
    assert found == [task.id for task in kept], (wanted, sort_by)
    assert requests <= 3
    counted = count_tasks(stack.store.index, filter, CountBudget(left=10_000))
    assert (counted.number, counted.is_capped) == (len(matching), False), wanted


def refusal(stack: Stack, wanted: Filter, sort_by: SortBy | None) -> str | None:
    """Why a list is refused; `None`: it is not."""
    try:
        stack.tasks.list(wanted, sort_by=sort_by)
    except InvalidInput as refused:
        return refused.message
    return None


def walked(
    stack: Stack, wanted: Filter, sort_by: SortBy | None, *, newest_first: bool, limit: int
) -> tuple[list[str], int]:
    """The ids of every page of a list, and the most requests that a page has made."""
    found: list[str] = []
    cursor, requests = None, 0
    for _ in range(200):
        stack.dynamodb.requests.clear()
        options: dict[str, Any] = {"limit": limit, "after": cursor}
        page = stack.tasks.list(wanted, sort_by=sort_by, newest_first=newest_first, **options)
        requests = max(requests, len(stack.dynamodb.calls))
        found += [task.id for task in page.items]
        if (cursor := page.cursor) is None:
            return found, requests
    raise AssertionError("The pages do not end.")


def own_order(wanted: dict[str, Any]) -> SortBy:
    """The order of a list that says none."""
    given = {name for name, value in wanted.items() if value}
    given |= {name for name in NARROW if wanted.get(name) is not None}
    if given & {*NARROW, "tags"}:
        return SortBy.CREATED
    if "name_prefix" in given:
        return SortBy.NAME
    if given & {"finished_after", "finished_before"}:
        return SortBy.FINISHED
    return SortBy.STARTED if given & {"started_after", "started_before"} else SortBy.CREATED


DRIVERS: dict[str, tuple[dict[str, Any], SortBy]] = {
    "nothing": ({}, SortBy.CREATED),
    "a start": ({"started_after": START}, SortBy.STARTED),
    "an end": ({"finished_before": START}, SortBy.FINISHED),
    "a start and an end": ({"started_after": START, "finished_after": START}, SortBy.FINISHED),
    "how a name begins": ({"name_prefix": "a", "finished_after": START}, SortBy.NAME),
    "a name": ({"name": "a", "finished_after": START}, SortBy.CREATED),
    "tags": ({"tags": {"c": "1"}, "name_prefix": "a"}, SortBy.CREATED),
    "a code": ({"error_code": "NO", "finished_after": START}, SortBy.CREATED),
    "a parent": ({"parent_id": "p1", "started_after": START}, SortBy.CREATED),
}


@pytest.mark.parametrize(("fields", "order"), DRIVERS.values(), ids=DRIVERS)
def test_a_list_without_an_order_has_that_of_its_filter(
    stack: Stack, fields: dict[str, Any], order: SortBy
) -> None:
    tenant = f"n{next(_numbers)}"
    base = {"name": "a", "tags": {"c": "1"}, "status": Status.FAILED, "error_code": "NO"}
    number = {"created_on": [3, 1, 2], "started_on": [5, 6, 4], "finished_on": [8, 7, 9]}
    tasks = []
    for which in range(3):
        moments = {n: START + timedelta(seconds=s[which]) for n, s in number.items()}
        created = moments.pop("created_on")
        if "finished_before" in fields:
            moments["finished_on"] = START - timedelta(seconds=which)
        given: dict[str, Any] = {**base, **moments, "tenant": tenant, "parent_id": "p1"}
        id = f"{tenant}-{which}"
        tasks.append(StoredTask.new(now=created, id=id, definition_id="d", input={}, **given))
    put(stack, tasks)

    page = stack.tasks.list(Filter(tenant=tenant, **fields))

    # The newest are first; names go from A to Z, and those of one name are the oldest first.
    tasks.sort(key=lambda task: place(task, order), reverse=order is not SortBy.NAME)
    assert [task.id for task in page.items] == [task.id for task in tasks]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_counted_and_found_beside_those_that_look_alike(stack: Stack, name: str) -> None:
    tenant, others = f"n{next(_numbers)}", [*NAMES, "a\0", "a\1\1", "a\1\2", "a\0\0"]
    fields = [a_task(random.Random(number)) | {"name": each} for number, each in enumerate(others)]
    tasks = made(tenant, fields)
    put(stack, tasks)

    [mine] = [task.id for task in tasks if task.name == name]
    starts = {task.id for task in tasks if task.name.startswith(name)}
    assert stack.tasks.count(Filter(tenant=tenant, name=name)) == 1
    assert [task.id for task in stack.tasks.list(Filter(tenant=tenant, name=name)).items] == [mine]
    assert stack.tasks.count(Filter(tenant=tenant, name_prefix=name)) == len(starts)
    found = stack.tasks.list(Filter(tenant=tenant, name_prefix=name)).items
    assert {task.id for task in found} == starts
