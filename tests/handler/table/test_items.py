"""How a record and a log stand in the table."""

from datetime import UTC, datetime
from typing import Any

import pytest

from handler.contract import Index, Status
from handler.record.task_record import Identity, LogLine, Progress, TaskRecord
from handler.table import items

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def record(**fields: Any) -> TaskRecord:
    return TaskRecord.new(
        now=NOW, **{"id": "t1", "definition_id": "someTask", "name": "n", "input": {}} | fields
    )


def texts(item: Any) -> dict[str, str]:
    return {name: value.get("S", value.get("N")) for name, value in item.items()}


@pytest.mark.parametrize(
    "whole",
    [
        record(),
        record(
            parent_id="p",
            input={"nested": {"deep": [1, 2.5, None, "ünï"]}, "empty": {}},
            output={"big": 10**30},
            created_by=Identity(id="i", display_name="Jane", type="iam"),
            progress=Progress(done=3, total=4, rate=0.5),
            waiting_until="2030-01-01T00:00:00.000Z",
            hook="on_done",
        ),
        record().aborted(now=NOW),
    ],
)
def test_a_record_comes_back_as_it_was(whole: TaskRecord) -> None:
    assert items.task_record(items.task_item(whole, expires_at=5)) == whole


def test_a_log_comes_back_as_it_was() -> None:
    log = record(iterations=3).log(
        [LogLine(message="ünï", created_on="2030-01-01T00:00:00.000Z", data={"a": [1]})]
    )

    assert items.task_log(items.log_item(log)) == log


def test_a_field_of_a_newer_version_does_not_stop_an_older_one() -> None:
    item = items.task_item(record()) | {"newer": {"S": "x"}}

    assert items.task_record(item) == record()


def test_an_open_task_stands_in_every_index() -> None:
    item = texts(items.task_item(record(tenant="acme", status=Status.RUNNING)))

    assert item[Index.BY_TENANT.partition_key] == "acme"
    assert item[Index.BY_DEFINITION.partition_key] == "acme#someTask"
    assert item[Index.BY_STATUS.partition_key] == "acme#open"
    assert item[Index.OPEN.partition_key] == "open"


def test_pending_and_running_stand_at_the_same_places() -> None:
    pending, running = (
        texts(items.task_item(record(status=status))) for status in (Status.PENDING, Status.RUNNING)
    )

    assert {name for name in pending if pending[name] != running[name]} == {"taskStatus"}


@pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED, Status.ABORTED])
def test_a_closed_task_leaves_the_index_of_open_ones_once_its_hook_has_run(status: Status) -> None:
    closed = texts(items.task_item(record(status=status)))
    hook_due = texts(items.task_item(record(status=status, hook="on_done")))

    assert closed[Index.BY_STATUS.partition_key] == f"root#{status}"
    assert Index.OPEN.partition_key not in closed
    assert hook_due[Index.OPEN.partition_key] == "open"


def test_a_date_of_expiry_is_a_number_for_time_to_live() -> None:
    assert items.task_item(record(), expires_at=5)["expiresAt"] == {"N": "5"}
    assert "expiresAt" not in items.task_item(record())


def test_logs_sort_by_iteration_then_by_time() -> None:
    def row(iteration: int, second: int) -> str:
        line = LogLine(message="m", created_on=f"2030-01-01T00:00:{second:02}.000Z")
        return texts(items.log_item(record(iterations=iteration).log([line])))["sk"]

    rows = [row(2, 1), row(2, 2), row(10, 0), row(1_000, 0)]

    assert rows == sorted(rows)


def test_two_parts_of_one_log_never_share_a_row() -> None:
    line = LogLine(message="m", created_on="2030-01-01T00:00:00.000Z")

    assert items.log_item(record().log([line]))["sk"] != items.log_item(record().log([line]))["sk"]


def test_a_child_is_found_from_its_parents_partition() -> None:
    key = items.child_key(record(id="c1", parent_id="p1"))

    assert texts(key) == {"pk": "TASK#p1", "sk": "CHILD#2030-01-01T00:00:00.000Z#c1"}
    assert items.task_id(key) == "c1"
    assert items.task_id(items.task_key("t1")) == "t1"


def test_changes_are_what_is_set_and_what_is_removed() -> None:
    before = items.task_item(record(waiting_until="2030-01-01T00:00:00.000Z", hook="on_done"))
    after = items.task_item(record(iterations=1))

    changed, removed = items.changes(before, after)

    assert changed == {"iterations": {"N": "1"}}
    assert removed == {"waitingUntil", "hook"}
