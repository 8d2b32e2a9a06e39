"""The keys of the table and its indexes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.contract import Status
from handler.record.stored_task import StoredTask
from handler.record.task_log import LogLine, TaskLog
from handler.table import keys

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def task(**fields: Any) -> StoredTask:
    fields = {"id": "t1", "definition_id": "someTask", "name": "n", "input": {}} | fields
    return StoredTask.new(now=NOW, **fields)


def log(iteration: int = 1, *, second: int = 0, part: int | None = None) -> TaskLog:
    line = LogLine.at(NOW + timedelta(seconds=second), "m")
    return TaskLog.of(task(iterations=iteration), [line], part=part)


def test_the_key_of_a_task_names_its_id() -> None:
    key = keys.task_key("t1")

    assert keys.texts(key) == {"pk": "TASK#t1", "sk": "TASK"}
    assert keys.task_id(key) == "t1"


def test_the_key_of_a_child_is_in_its_parents_partition_and_names_the_child() -> None:
    child = task(id="c1", parent_id="p1")

    key = keys.child_key(child)

    assert keys.texts(key) == {"pk": "TASK#p1", "sk": "CHILD#2030-01-01T00:00:00.000Z#c1"}
    assert keys.task_id(key) == "c1"


def test_the_key_of_a_log_is_in_its_tasks_partition() -> None:
    key = keys.log_key(log(12, second=3, part=4))

    assert keys.texts(key) == {
        "pk": "TASK#t1",
        "sk": "LOG#0000000012#2030-01-01T00:00:03.000Z#000004",
    }


def test_logs_sort_by_iteration_then_by_time() -> None:
    logs = [log(2, second=1), log(2, second=2), log(10), log(1_000)]

    rows = [keys.texts(keys.log_key(each))["sk"] for each in logs]

    assert rows == sorted(rows)


def test_two_parts_of_one_log_have_different_keys() -> None:
    first, second = keys.log_key(log()), keys.log_key(log())

    assert first != second


@pytest.mark.parametrize("rows", [keys.LOG_ROWS, keys.CHILD_ROWS])
def test_every_row_of_a_kind_sorts_before_the_end_of_its_range(rows: str) -> None:
    everything = [f"{rows}{text}" for text in ("", "0", "zz", "2030-01-01T00:00:00.000Z#c1")]

    assert max(everything) < f"{rows}{keys.LAST}"


@pytest.mark.parametrize(
    ("status", "group"),
    [
        (Status.PENDING, "open"),
        (Status.RUNNING, "open"),
        (Status.SUCCESS, "success"),
        (Status.FAILED, "failed"),
        (Status.ABORTED, "aborted"),
    ],
)
def test_pending_and_running_tasks_are_one_group_and_every_end_is_its_own(
    status: Status, group: str
) -> None:
    found = keys.status_group(status)

    assert found == group


texts = st.text(st.sampled_from("ab#%23"), max_size=6)


@given(texts, texts, texts, texts)
def test_a_partition_is_of_one_tenant_and_one_definition(
    tenant: str, definition: str, other_tenant: str, other_definition: str
) -> None:
    is_same = (tenant, definition) == (other_tenant, other_definition)

    first = keys.definition_partition(tenant, definition)
    second = keys.definition_partition(other_tenant, other_definition)

    assert (first == second) is is_same


@given(texts, texts, st.sampled_from(Status), st.sampled_from(Status))
def test_a_partition_is_of_one_tenant_and_one_status(
    tenant: str, other_tenant: str, status: Status, other_status: Status
) -> None:
    group, other_group = keys.status_group(status), keys.status_group(other_status)
    is_same = (tenant, group) == (other_tenant, other_group)

    first = keys.status_partition(tenant, group)
    second = keys.status_partition(other_tenant, other_group)

    assert (first == second) is is_same


def test_a_definition_has_the_partition_that_its_tasks_always_had() -> None:
    assert keys.definition_partition("a#b", "someTask") == "a#b#someTask"


def test_an_escaped_definition_is_not_taken_for_one_that_looks_so() -> None:
    partitions = {keys.definition_partition("a", id) for id in ("b#c", "b%23c", "b%2523c")}

    assert len(partitions) == 3
