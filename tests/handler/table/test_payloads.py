"""Inputs and outputs that a record has no room for, and the bucket that keeps them."""

import base64
import gzip
import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError
from pydantic import BaseModel

from handler import Context, Continue, Definition, Done, Verdict, task
from handler.contract import (
    MAX_ANSWER_BYTES,
    MAX_INPUT_BYTES,
    MAX_OUTPUT_BYTES,
    MAX_RECORD_PAYLOAD_BYTES,
    Status,
)
from handler.errors import InvalidInput, StoreError, StoreUnavailable
from handler.table.payloads import (
    BESIDE,
    MAX_INLINE_BYTES,
    Owner,
    PayloadBucket,
    PayloadLost,
    content_of,
    placed,
    places_of,
)
from handler.testing import World, kill, run
from handler.testing.aws import aws_client
from tests.handler.stack import BUCKET, BusQueue, Stack, refusal


def random_text(size: int) -> str:
    """Random text, so that compression doesn't make it fit."""
    return base64.b64encode(random.Random(1).randbytes(size)).decode()


def unpacked(value: Any) -> str:
    return (gzip.decompress(value["B"]) if "B" in value else value["S"].encode()).decode()


BIG = random_text(MAX_RECORD_PAYLOAD_BYTES)
STEPS = 3
CALLS = 2 * STEPS  # a claim and an outcome each
MAX_ITEM_BYTES = 400 * 1024  # DynamoDB quotas, "Item size"


class CarryInput(BaseModel):
    text: str
    step: int = 0


def carrying() -> Definition:
    """A task that carries a text through its iterations, and hands it over at its end."""

    @task(id="carry", in_place=False)
    def carry(context: Context, input: CarryInput) -> Verdict:
        step = input.step + 1
        return Done(output={"text": input.text}) if step == STEPS else Continue({"step": step})

    return carry


def objects() -> list[str]:
    """The keys of what the bucket holds."""
    found = aws_client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [item["Key"] for item in found]


def item_bytes(stack: Stack) -> int:
    return max(
        len(json.dumps(row, default=lambda binary: "x" * len(binary))) for row in stack.rows()
    )


class TestTasksWithLargePayloads:
    def test_a_task_gets_a_large_input_and_hands_over_a_large_output(self) -> None:
        result = run(carrying(), {"text": BIG})

        assert result.record.status is Status.SUCCESS
        assert (result.record.output or {})["text"] == BIG
        assert result.record.input["text"] == BIG

    def test_no_answer_to_the_state_machine_is_larger_than_its_limit(self) -> None:
        result = run(carrying(), {"text": BIG})

        assert len(result.answers) == STEPS
        assert all(len(json.dumps(answer)) <= MAX_ANSWER_BYTES for answer in result.answers)

    def test_the_event_of_a_task_with_a_large_input_is_small(
        self, stack: Stack, bus_queue: BusQueue
    ) -> None:
        stack.trigger(carrying(), input={"text": BIG})

        [event] = bus_queue.take()
        assert len(json.dumps(event)) < 1_000

    def test_every_item_of_the_table_stays_below_400_kib(self, stack: Stack) -> None:
        triggered = stack.trigger(carrying(), input={"text": BIG})
        sizes = [item_bytes(stack)]

        for step in range(STEPS):
            stack.run(triggered, visit=f"visit-{step}")
            sizes.append(item_bytes(stack))

        assert max(sizes) <= MAX_ITEM_BYTES
        assert (stack.get(triggered).output or {})["text"] == BIG

    @pytest.mark.parametrize("moment", ["before", "after"])
    @pytest.mark.parametrize("number", range(1, CALLS + 1))
    @pytest.mark.slow
    def test_a_worker_killed_at_any_call_loses_no_payload(self, moment: str, number: int) -> None:
        options: dict[str, Any] = {moment: {number: kill}}
        carry = carrying()

        with World.of(carry, **options) as world:
            world.start(carry, CarryInput(text=BIG))
            world.finish()
            result = world.result()

        assert result.record.status is Status.SUCCESS
        assert (result.record.output or {})["text"] == BIG

    def test_the_kills_reach_every_call_of_the_run(self) -> None:
        result = run(carrying(), {"text": BIG})

        assert len(result.calls) == CALLS

    def test_a_large_input_that_compresses_well_stays_in_the_record(self, stack: Stack) -> None:
        text = "the same line over and over\n" * 100_000

        triggered = stack.trigger(carrying(), input={"text": text})

        assert len(text) > 2 * MAX_ITEM_BYTES
        assert objects() == []
        assert stack.get(triggered).input["text"] == text

    def test_a_small_input_stays_in_the_record_beside_a_large_output(self, stack: Stack) -> None:
        @task(id="grow", in_place=False)
        def grow(context: Context, input: dict[str, str]) -> Done:
            return Done(output={"text": BIG})

        triggered = stack.trigger(grow, input={"small": "yes"})
        stack.run(triggered)

        [item] = [row for row in stack.rows() if row["sk"]["S"] == "TASK"]
        assert item["input"] == {"S": '{"small":"yes"}'}
        assert "M" in item["output"]
        assert len(objects()) == 1

    @pytest.mark.parametrize("retention_days", [0, 90])
    def test_a_replaced_payload_is_deleted_at_once_but_for_the_first_input(
        self, stack: Stack, retention_days: int
    ) -> None:
        stack.settings = replace(stack.settings, retention_days=retention_days)
        triggered = stack.trigger(carrying(), input={"text": BIG})
        [first] = objects()
        stack.run(triggered, visit="visit-1")
        [second] = set(objects()) - {first}

        stack.run(triggered, visit="visit-2")

        [third] = set(objects()) - {first}
        assert len({first, second, third}) == 3
        assert first in objects()

    def test_a_payload_that_did_not_change_is_not_written_again(self, stack: Stack) -> None:
        @task(id="keep")
        def keep(context: Context, input: CarryInput) -> Verdict:
            context.save_progress(done=1)
            return Continue(wait=1)

        triggered = stack.trigger(keep, input={"text": BIG})
        first = objects()

        stack.run(triggered)

        assert objects() == first
        assert stack.client("s3").calls.count("put_object") == 1

    @pytest.mark.parametrize("retention_days", [0, 90])
    def test_the_payloads_of_a_finished_task_stay_with_it(
        self, stack: Stack, retention_days: int
    ) -> None:
        stack.settings = replace(stack.settings, retention_days=retention_days)
        triggered = stack.trigger(carrying(), input={"text": BIG, "step": STEPS - 1})

        stack.run(triggered)

        assert len(objects()) == 2
        assert (stack.get(triggered).output or {})["text"] == BIG

    def test_a_refused_deletion_of_a_replaced_payload_costs_the_task_nothing(
        self, stack: Stack
    ) -> None:
        triggered = stack.trigger(carrying(), input={"text": BIG})
        stack.client("s3").fail(refusal("AccessDenied", status=403), only="delete_objects")

        for step in range(STEPS):
            stack.run(triggered, visit=f"visit-{step}")

        assert stack.get(triggered).status is Status.SUCCESS

    def test_a_payload_stays_whose_write_was_carried_out_and_answered_as_refused(
        self, stack: Stack
    ) -> None:
        triggered = stack.trigger(carrying(), input={"text": BIG})
        first = iter((True,))

        def lose(operation: str, request: object) -> None:
            if operation == "transact_write_items" and next(first, False):
                stack.tasks.abort(triggered.id)
                raise ConnectionClosedError(endpoint_url="https://dynamodb")

        stack.dynamodb.afterwards = lose

        answer = stack.run(triggered)

        assert answer["status"] == "aborted"
        assert stack.get(triggered).input == {"text": BIG, "step": 1}

    def test_the_payload_of_a_write_that_was_refused_is_deleted(self, stack: Stack) -> None:
        triggered = stack.trigger(carrying(), input={"text": BIG, "step": STEPS - 1})
        first = objects()

        def abort_first(operation: str, request: object) -> None:
            if operation == "transact_write_items":
                stack.dynamodb.recover()
                stack.tasks.abort(triggered.id)

        stack.dynamodb.interference = abort_first
        stack.run(triggered)

        assert objects() == first

    def test_deleting_a_task_deletes_its_payloads(self, stack: Stack) -> None:
        triggered = stack.trigger(carrying(), input={"text": BIG, "step": STEPS - 1})
        stack.run(triggered)

        stack.tasks.delete(triggered.id)

        assert objects() == []
        assert stack.rows() == []

    def test_an_input_beyond_10_mib_is_refused_with_its_limit_and_what_to_do(
        self, stack: Stack
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            stack.trigger(carrying(), input={"text": "x" * MAX_INPUT_BYTES})

        assert f"{MAX_INPUT_BYTES:,}" in refused.value.message
        assert "S3" in refused.value.message
        assert stack.rows() == []
        assert objects() == []

    def test_an_input_that_grows_beyond_10_mib_fails_the_task_with_the_limit(
        self, stack: Stack
    ) -> None:
        @task(id="grow", in_place=False)
        def grow(context: Context, input: CarryInput) -> Continue:
            return Continue({"text": "x" * MAX_INPUT_BYTES})

        triggered = stack.trigger(grow, input={"text": ""})
        stack.run(triggered)

        failed = stack.get(triggered)
        assert failed.has_failed
        assert failed.failure.code == "INPUT_TOO_LARGE"
        assert f"{MAX_INPUT_BYTES:,}" in failed.failure.message

    def test_an_output_beyond_10_mib_is_replaced_by_a_note_of_its_size(self, stack: Stack) -> None:
        @task(id="grow")
        def grow(context: Context) -> Done:
            return Done(output={"text": "x" * MAX_OUTPUT_BYTES})

        triggered = stack.trigger(grow)
        stack.run(triggered)

        output = stack.get(triggered).output or {}
        assert stack.get(triggered).status is Status.SUCCESS
        assert output["max"] == MAX_OUTPUT_BYTES
        assert int(str(output["size"])) > MAX_OUTPUT_BYTES

    def test_a_large_input_without_a_bucket_is_refused_with_the_variable_to_set(
        self, stack: Stack
    ) -> None:
        stack.settings = replace(stack.settings, payload_bucket_name="")

        with pytest.raises(StoreError, match="PAYLOAD_BUCKET_NAME"):
            stack.trigger(carrying(), input={"text": BIG})

        assert stack.rows() == []


@pytest.fixture
def bucket(stack: Stack) -> PayloadBucket:
    return PayloadBucket(stack.client("s3"), name=BUCKET)  # type: ignore[arg-type]


class TestPayloadBucket:
    def test_a_payload_is_read_as_it_was_written(self, bucket: PayloadBucket) -> None:
        bucket.put("key", b"content")

        content = bucket.get("key")

        assert content == b"content"
        assert objects() == ["key"]

    def test_many_payloads_are_written_each_under_its_key(self, bucket: PayloadBucket) -> None:
        bucket.put_all({"a": b"1", "b": b"2"})

        assert (bucket.get("a"), bucket.get("b")) == (b"1", b"2")

    def test_a_payload_that_is_deleted_is_gone(self, bucket: PayloadBucket) -> None:
        bucket.put("key", b"content")

        bucket.delete(["key"])

        assert objects() == []

    def test_all_payloads_of_a_task_are_deleted_and_none_of_another(
        self, bucket: PayloadBucket
    ) -> None:
        for key in ("tasks/a/1", "tasks/a/2", "tasks/a/b/3", "tasks/ab/4"):
            bucket.put(key, b"content")

        bucket.delete_all(Owner("a", "2026-01-01T00:00:00.000Z"))

        assert objects() == ["tasks/a/b/3", "tasks/ab/4"]

    def test_what_can_not_be_discarded_is_left(self, stack: Stack, bucket: PayloadBucket) -> None:
        bucket.put("a", b"1")
        stack.client("s3").fail(refusal("AccessDenied", status=403), only="delete_objects")

        bucket.discard(["a"])

        assert objects() == ["a"]

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            (refusal("SlowDown", status=503), StoreUnavailable),
            (refusal("TooManyRequests", status=429), StoreUnavailable),
            (EndpointConnectionError(endpoint_url="https://s3"), StoreUnavailable),
            (refusal("AccessDenied", status=403), StoreError),
        ],
        ids=["503", "429", "connection", "403"],
    )
    def test_an_error_of_s3_is_translated_by_whether_it_passes(
        self, stack: Stack, bucket: PayloadBucket, error: Exception, kind: type[Exception]
    ) -> None:
        stack.client("s3").fail(error)

        with pytest.raises(kind, match='S3 could not write "key": '):
            bucket.put("key", b"content")

    @pytest.mark.parametrize(
        "use",
        [
            lambda bucket: bucket.put("key", b""),
            lambda bucket: bucket.get("key"),
            lambda bucket: bucket.page(""),
            lambda bucket: bucket.delete(["key"]),
        ],
        ids=["put", "get", "page", "delete"],
    )
    def test_a_bucket_without_a_name_is_refused_without_a_request(
        self, stack: Stack, use: Callable[[PayloadBucket], object]
    ) -> None:
        bucket = PayloadBucket(stack.client("s3"), name="")  # type: ignore[arg-type]

        with pytest.raises(StoreError, match="Set PAYLOAD_BUCKET_NAME"):
            use(bucket)

        assert stack.client("s3").calls == []


NOW = datetime(2030, 1, 1, tzinfo=UTC)
OWNER = Owner("t1", "2030-01-01T00:00:00.000Z")


class TestPlaces:
    def test_a_short_payload_is_an_attribute_that_people_can_read(self) -> None:
        attributes, objects = placed("input", '{"a": 1}', of=OWNER, now=NOW)

        assert (attributes, objects) == ({"input": {"S": '{"a": 1}'}}, {})
        assert places_of(attributes) == {}

    @pytest.mark.parametrize("text", ["x" * 100_000, random_text(100_000)], ids=["packed", "plain"])
    def test_a_long_one_stands_beside_it(self, bucket: PayloadBucket, text: str) -> None:
        attributes, objects = placed("input", text, of=OWNER, now=NOW)

        assert objects == {}
        assert attributes.keys() == {"input", "inputContent"}
        assert len(str(attributes["input"])) < 50
        assert places_of(attributes) == {"input": BESIDE}
        assert unpacked(content_of(attributes, "input", bucket)) == text

    @pytest.mark.parametrize("has_room", [True, False])
    def test_one_without_room_goes_into_the_bucket(
        self, bucket: PayloadBucket, has_room: bool
    ) -> None:
        text = random_text(2 * MAX_INLINE_BYTES if has_room else 10_000)

        attributes, objects = placed("output", text, of=OWNER, now=NOW, has_room=has_room)
        bucket.put_all(objects)

        [key] = objects
        assert key.startswith("tasks/t1/")
        assert places_of(attributes) == {"output": key}
        assert unpacked(content_of(attributes, "output", bucket)) == text

    def test_a_key_is_written_once(self) -> None:
        text = random_text(2 * MAX_INLINE_BYTES)

        keys = [list(placed("input", text, of=OWNER, now=NOW)[1]) for _ in range(2)]

        assert keys[0] != keys[1]

    def test_a_content_that_is_missing_is_lost(self, bucket: PayloadBucket) -> None:
        attributes, _ = placed("input", "x" * 100_000, of=OWNER, now=NOW)
        del attributes["inputContent"]

        with pytest.raises(PayloadLost, match="does not have it"):
            content_of(attributes, "input", bucket)
