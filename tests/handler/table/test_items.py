"""How a record and a log stand in the table."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handler.contract import Index, Status
from handler.record.stored_task import StoredTask
from handler.record.task_log import LogLine, TaskLog
from handler.record.task_record import Identity, Progress
from handler.table import items
from handler.table.keys import WATCHED_PARTITIONS

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def task(**fields: Any) -> StoredTask:
    fields = {"id": "t1", "definition_id": "someTask", "name": "n", "input": {}} | fields
    return StoredTask.new(now=NOW, **fields)


def texts(item: Any) -> dict[str, str]:
    return {name: value.get("S", value.get("N")) for name, value in item.items()}


@pytest.mark.parametrize(
    "whole",
    [
        task(),
        task(
            parent_id="p",
            input={"nested": {"deep": [1, 2.5, None, "ünï"]}, "empty": {}},
            output={"big": 10**30},
            created_by=Identity(id="i", display_name="Jane", type="iam"),
            progress=Progress(done=3, total=4, rate=0.5),
            waiting_until=NOW + timedelta(milliseconds=1),
            pending_hook="on_done",
        ),
        task(iterations=2).aborted(now=NOW),
    ],
    ids=["new", "full", "aborted"],
)
def test_a_task_comes_back_from_its_item_unchanged(whole: StoredTask) -> None:
    item = items.task_item(whole)

    without = whole.model_copy(update={"input": {}, "output": None})
    assert items.stored_task(item) == without


def test_a_log_comes_back_from_its_item_unchanged() -> None:
    line = LogLine(message="ünï", created_on=NOW, data={"a": [1]})
    log = TaskLog.of(task(iterations=3), [line])

    item = items.log_item(log)

    assert items.task_log(item) == log
    assert texts(item)["items"].startswith('[{"message":"ünï"')


def test_an_attribute_of_a_newer_version_is_ignored() -> None:
    item = items.task_item(task()) | {"newer": {"S": "x"}}

    read = items.stored_task(item)

    assert read == task()


def test_the_item_of_a_new_task_has_no_attribute_that_is_at_its_default() -> None:
    item = texts(items.task_item(task()))

    assert set(item) == {
        "pk",
        "sk",
        "definitionId",
        "name",
        "taskStatus",
        "createdOn",
        "savedOn",
        "dueOn",
        "nameKey",
        *(index.partition_key for index in Index if index is not Index.BY_ERROR_CODE),
    }


def test_an_open_task_is_in_every_index() -> None:
    item = texts(items.task_item(task(tenant="acme", status=Status.RUNNING)))

    assert item[Index.BY_TENANT.partition_key] == "acme"
    assert item[Index.BY_DEFINITION.partition_key] == "acme#someTask"
    assert item[Index.BY_STATUS.partition_key] == "acme#open"
    assert item[Index.BY_DEFINITION_AND_STATUS.partition_key] == "acme#someTask#open"
    assert item[Index.UNFINISHED.partition_key] in WATCHED_PARTITIONS
    assert item["dueOn"] == item["createdOn"]


def test_a_failed_task_is_in_the_index_of_its_errors_code() -> None:
    failed = task(tenant="acme", status=Status.FAILED, error_code="NO #1%")

    item = texts(items.task_item(failed))

    assert item[Index.BY_ERROR_CODE.partition_key] == "acme#NO %231%25"
    assert items.changes(failed, failed.deleted(now=failed.created_on))[1] >= {"byErrorCodeKey"}


def test_a_task_that_starts_to_run_changes_its_status_and_no_index() -> None:
    pending = texts(items.task_item(task(status=Status.PENDING)))
    running = texts(items.task_item(task(status=Status.RUNNING)))

    different = {name for name in pending if pending[name] != running[name]}

    assert different == {"taskStatus"}


@pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED, Status.ABORTED])
def test_a_closed_task_is_in_the_indexes_of_its_status_alone(status: Status) -> None:
    item = texts(items.task_item(task(status=status)))

    assert item[Index.BY_STATUS.partition_key] == f"root#{status}"
    assert item[Index.BY_DEFINITION_AND_STATUS.partition_key] == f"root#someTask#{status}"
    assert not {Index.UNFINISHED.partition_key, Index.UNFINISHED.sort_key} & item.keys()


@pytest.mark.parametrize(
    "follow_up",
    [
        {"pending_hook": "on_done"},
        {"children_abort_pending": True},
        {"expiry_pending": 1},
        {"deletion_pending": True},
        {"cleanup_pending": True},
        {"end_event_pending": True},
    ],
    ids=str,
)
def test_a_closed_task_with_a_follow_up_is_in_the_index_of_unfinished_ones(
    follow_up: dict[str, Any],
) -> None:
    item = texts(items.task_item(task(status=Status.SUCCESS, **follow_up)))

    assert item[Index.UNFINISHED.partition_key] in WATCHED_PARTITIONS
    assert item["dueOn"] == item["createdOn"]


def test_an_expiry_is_a_number_of_seconds_for_time_to_live() -> None:
    item = items.task_item(task().expires(5))

    assert item["expiresAt"] == {"N": "5"}


def test_an_item_that_stays_has_no_expiry() -> None:
    item = items.task_item(task())

    assert "expiresAt" not in item


def test_changes_are_the_attributes_to_set_and_to_remove() -> None:
    before = task(waiting_until=NOW, pending_hook="on_done", iterations=2)
    after = task(iterations=1)

    changed, removed = items.changes(before, after)

    assert changed == {"iterations": {"N": "1"}}
    assert removed == {"waitingUntil", "pendingHook"}


def test_the_end_of_a_task_changes_the_keys_of_its_indexes() -> None:
    before = task(status=Status.RUNNING)
    after = before.succeeded(now=NOW, output=None)

    changed, removed = items.changes(before, after)

    assert changed == {
        "taskStatus": {"S": "success"},
        "finishedOn": {"S": "2030-01-01T00:00:00.000Z"},
        "lastAnswer": {"S": "done"},
        Index.BY_STATUS.partition_key: {"S": "root#success"},
        Index.BY_DEFINITION_AND_STATUS.partition_key: {"S": "root#someTask#success"},
    }
    assert removed == {Index.UNFINISHED.partition_key, Index.UNFINISHED.sort_key}


@pytest.mark.parametrize("values", [3, 200_000])
def test_what_is_not_json_is_stored_as_far_as_it_can_be_shown(values: int) -> None:
    item = items.encoded({"input": {"means": [float("nan")] * values}})

    shown = {"means": ["NaN"] * 3} if values == 3 else {"omitted": "more than 100,000 values"}
    assert items.decoded(item)["input"] == shown
