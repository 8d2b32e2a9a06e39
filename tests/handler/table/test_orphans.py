"""Payloads that no record names are deleted, a page at a time, and no others."""

import base64
import random
from datetime import timedelta
from typing import Any

import pytest

from handler.contract import MAX_RECORD_PAYLOAD_BYTES
from handler.errors import StoreError
from handler.record import StoredTask
from handler.table import owned_by, payloads
from handler.testing.aws import aws_client
from tests.handler.stack import BUCKET, Stack, refusal

BIG = base64.b64encode(random.Random(1).randbytes(MAX_RECORD_PAYLOAD_BYTES)).decode()


def objects() -> list[str]:
    found = aws_client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [each["Key"] for each in found]


def orphaned(stack: Stack, id: str) -> str:
    """The key of an object whose record is gone."""
    task = stack.create(id=id, input={"text": BIG})
    client: Any = aws_client("dynamodb")
    client.delete_item(TableName="tasks", Key={"pk": {"S": f"TASK#{id}"}, "sk": {"S": "TASK"}})
    [key] = [key for key in objects() if key.startswith(f"tasks/{task.id}/")]
    return key


def named(stack: Stack, id: str) -> StoredTask:
    return stack.create(id=id, input={"text": BIG})


def a_day_passes(stack: Stack) -> None:
    stack.clock.advance(timedelta(days=1))


def test_an_object_that_no_record_names_is_deleted_after_a_day(stack: Stack) -> None:
    orphaned(stack, "t1")

    early = stack.store.orphans.collect()
    a_day_passes(stack)
    late = stack.store.orphans.collect()

    assert (early, late) == (0, 1)
    assert objects() == []


@pytest.mark.parametrize("id", ["t1", "a/b", "a/b/", "ü#x", " "])
def test_an_object_that_its_record_names_stays(stack: Stack, id: str) -> None:
    task = named(stack, id)
    a_day_passes(stack)

    deleted = stack.store.orphans.collect()

    assert deleted == 0
    assert stack.get(task).input == {"text": BIG}


def test_an_object_of_another_payload_of_the_record_is_deleted(stack: Stack) -> None:
    task = named(stack, "t1")
    stack.store._bucket.put("tasks/t1/" + "0" * 24 + "-" + "f" * 64, b"left over")
    a_day_passes(stack)

    deleted = stack.store.orphans.collect()

    assert deleted == 1
    assert stack.get(task).input == {"text": BIG}


def test_each_look_goes_on_behind_the_page_of_the_last(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch)
    for number in range(5):
        orphaned(stack, f"t{number}")
    kept = named(stack, "t9")
    a_day_passes(stack)

    deleted = [stack.store.orphans.collect() for _ in range(4)]

    assert deleted == [2, 2, 1, 0]
    assert stack.get(kept).input == {"text": BIG}
    assert [row["pk"]["S"] for row in stack.rows() if row["sk"]["S"] != "TASK"] == []


@pytest.mark.parametrize("operation", ["delete_objects", "batch_get_item"])
def test_a_page_that_fails_keeps_no_other_from_being_looked_at(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    small_pages(monkeypatch)
    keys = [orphaned(stack, f"t{number}") for number in range(4)]
    a_day_passes(stack)
    service = "s3" if operation == "delete_objects" else "dynamodb"
    stack.client(service).fail(refusal("AccessDenied", status=403), times=1, only=operation)

    with pytest.raises(StoreError):
        stack.store.orphans.collect()
    stack.store.orphans.collect()

    assert objects() == keys[:2]


def test_an_object_that_can_not_be_deleted_is_an_error(stack: Stack) -> None:
    orphaned(stack, "t1")
    a_day_passes(stack)
    stack.client("s3").stands_for(Refusing())

    with pytest.raises(StoreError, match=r'could not delete "tasks/t1/.*Denied'):
        stack.store.orphans.collect()


def test_a_payload_that_is_written_meanwhile_stays(stack: Stack) -> None:
    """A replaced payload comes back as the next one: under a key of its own."""
    task = named(stack, "t1")
    orphaned(stack, "t0")
    a_day_passes(stack)
    claimed = stack.claim(task)

    def toggle(operation: str, _: object) -> None:
        if operation == "delete_objects":
            stack.client("s3").recover()
            now, before = stack.clock.now(), claimed
            for text in ("other", BIG):
                after = before.checkpointed(now=now, input={"text": text * 2})
                before = stack.store.save(after, before=before, guard=owned_by(before))

    stack.client("s3").interference = toggle

    stack.store.orphans.collect()

    assert stack.get(task).input == {"text": BIG * 2}


def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payloads, "PAGE", 2)
    monkeypatch.setattr("handler.table.orphans.PAGE", 2)


class Refusing:
    """S3, which lists, and deletes nothing."""

    def list_objects_v2(self, **request: Any) -> Any:
        return aws_client("s3").list_objects_v2(**request)

    def delete_objects(self, **request: Any) -> Any:
        errors = [
            {"Key": each["Key"], "Message": "Access Denied"}
            for each in request["Delete"]["Objects"]
        ]
        return {"Errors": errors}
