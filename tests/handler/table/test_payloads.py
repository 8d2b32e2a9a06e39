"""Inputs and outputs that a record has no room for, and the bucket that keeps them."""

import base64
import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
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
from handler.table.payloads import PayloadBucket, offloaded, payload_keys
from handler.testing import World, kill, run
from handler.testing.aws import aws_client
from tests.handler.stack import BUCKET, BusQueue, Stack, refusal

# Random text, so that compression doesn't make it fit.
BIG = base64.b64encode(random.Random(1).randbytes(MAX_RECORD_PAYLOAD_BYTES)).decode()
STEPS = 3
CALLS = 2 * STEPS  # a claim and an outcome each
MAX_ITEM_BYTES = 400 * 1024  # DynamoDB quotas, "Item size"


class CarryInput(BaseModel):
    text: str
    step: int = 0


def carrying() -> Definition:
    """A task that carries a text through its iterations, and hands it over at its end."""

    @task(id="carry")
    def carry(context: Context, input: CarryInput) -> Verdict:
        step = input.step + 1
        return Done(output={"text": input.text}) if step == STEPS else Continue({"step": step})

    return carry


def objects() -> dict[str, dict[str, str]]:
    """What the bucket holds: each key with its tags."""
    found = aws_client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {item["Key"]: _tags(item["Key"]) for item in found}


def _tags(key: str) -> dict[str, str]:
    return {
        tag["Key"]: tag["Value"]
        for tag in aws_client("s3").get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]
    }


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
        assert objects() == {}
        assert stack.get(triggered).input["text"] == text

    def test_a_small_input_stays_in_the_record_beside_a_large_output(self, stack: Stack) -> None:
        @task(id="grow")
        def grow(context: Context, input: dict[str, str]) -> Done:
            return Done(output={"text": BIG})

        triggered = stack.trigger(grow, input={"small": "yes"})
        stack.run(triggered)

        [item] = [row for row in stack.rows() if row["sk"]["S"] == "TASK"]
        assert item["input"] == {"S": '{"small":"yes"}'}
        assert "M" in item["output"]
        assert len(objects()) == 1

    @pytest.mark.parametrize(("retention_days", "left"), [(0, {}), (90, {"expire": "true"})])
    def test_a_replaced_payload_is_deleted_at_once_or_expires_after_the_days_of_retention(
        self, stack: Stack, retention_days: int, left: dict[str, str]
    ) -> None:
        stack.settings = replace(stack.settings, retention_days=retention_days)
        triggered = stack.trigger(carrying(), input={"text": BIG})
        [first] = objects()

        stack.run(triggered, visit="visit-1")

        kept = objects()
        assert (first in kept) is (retention_days > 0)
        assert kept.pop(first, {}) == left
        assert list(kept.values()) == [{}]

    @pytest.mark.parametrize(("retention_days", "tags"), [(0, {}), (90, {"expire": "true"})])
    def test_the_payloads_of_a_finished_task_expire_with_it(
        self, stack: Stack, retention_days: int, tags: dict[str, str]
    ) -> None:
        stack.settings = replace(stack.settings, retention_days=retention_days)
        triggered = stack.trigger(carrying(), input={"text": BIG, "step": STEPS - 1})
        before = objects()

        stack.run(triggered)

        assert list(before.values()) == [{}]
        assert objects()
        assert all(found == tags for found in objects().values())

    def test_deleting_a_task_deletes_its_payloads(self, stack: Stack) -> None:
        triggered = stack.trigger(carrying(), input={"text": BIG, "step": STEPS - 1})
        stack.run(triggered)

        stack.tasks.delete(triggered.id)

        assert objects() == {}
        assert stack.rows() == []

    def test_an_input_beyond_10_mib_is_refused_with_its_limit_and_what_to_do(
        self, stack: Stack
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            stack.trigger(carrying(), input={"text": "x" * MAX_INPUT_BYTES})

        assert f"{MAX_INPUT_BYTES:,}" in refused.value.message
        assert "S3" in refused.value.message
        assert stack.rows() == []
        assert objects() == {}

    def test_an_input_that_grows_beyond_10_mib_fails_the_task_with_the_limit(
        self, stack: Stack
    ) -> None:
        @task(id="grow")
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
        assert objects() == {"key": {}}

    def test_many_payloads_are_written_each_under_its_key(self, bucket: PayloadBucket) -> None:
        bucket.put_all({"a": b"1", "b": b"2"})

        assert (bucket.get("a"), bucket.get("b")) == (b"1", b"2")

    def test_a_payload_that_expires_is_tagged_and_stays_readable(
        self, bucket: PayloadBucket
    ) -> None:
        bucket.put("key", b"content")

        bucket.expire("key")

        assert objects() == {"key": {"expire": "true"}}
        assert bucket.get("key") == b"content"

    def test_a_payload_that_is_deleted_is_gone(self, bucket: PayloadBucket) -> None:
        bucket.put("key", b"content")

        bucket.delete("key")

        assert objects() == {}

    @pytest.mark.parametrize(("retention_days", "left"), [(0, {}), (1, {"a": {"expire": "true"}})])
    def test_discarded_payloads_are_deleted_or_expire_if_there_is_a_retention(
        self, bucket: PayloadBucket, retention_days: int, left: dict[str, dict[str, str]]
    ) -> None:
        bucket.put("a", b"1")

        bucket.discard({"a"}, retention_days=retention_days)

        assert objects() == left

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
            lambda bucket: bucket.expire("key"),
            lambda bucket: bucket.delete("key"),
        ],
        ids=["put", "get", "expire", "delete"],
    )
    def test_a_bucket_without_a_name_is_refused_without_a_request(
        self, stack: Stack, use: Callable[[PayloadBucket], object]
    ) -> None:
        bucket = PayloadBucket(stack.client("s3"), name="")  # type: ignore[arg-type]

        with pytest.raises(StoreError, match="Set PAYLOAD_BUCKET_NAME"):
            use(bucket)

        assert stack.client("s3").calls == []


def texts(**sizes: int) -> Any:
    """An item with payloads of as many bytes."""
    return {name: {"S": "x" * size} for name, size in sizes.items()}


class TestOffloading:
    def test_payloads_that_fit_together_stay_in_the_item(self) -> None:
        item = texts(input=MAX_RECORD_PAYLOAD_BYTES - 10, output=10)

        left, contents = offloaded(item, "t1")

        assert (left, contents) == (item, {})
        assert payload_keys(left) == set()

    @pytest.mark.parametrize("larger", ["input", "output"])
    def test_the_larger_of_two_payloads_leaves_the_item(self, larger: str) -> None:
        sizes = {"input": 10, "output": 10} | {larger: MAX_RECORD_PAYLOAD_BYTES}
        item = texts(**sizes)

        left, contents = offloaded(item, "t1")

        [(key, content)] = contents.items()
        assert content == item[larger]["S"].encode()
        assert key.startswith("tasks/t1/")
        assert {name for name in left if "M" in left[name]} == {larger}
        assert payload_keys(left) == {key}

    def test_two_large_payloads_both_leave_the_item(self) -> None:
        item = texts(input=2 * MAX_RECORD_PAYLOAD_BYTES, output=3 * MAX_RECORD_PAYLOAD_BYTES)

        left, contents = offloaded(item, "t1")

        assert len(contents) == 2
        assert payload_keys(left) == set(contents)

    def test_the_same_payload_has_the_same_key_and_another_has_another(self) -> None:
        keys = [
            payload_keys(offloaded(texts(input=MAX_RECORD_PAYLOAD_BYTES + more), "t1")[0])
            for more in (1, 1, 2)
        ]

        assert keys[0] == keys[1] != keys[2]

    @pytest.mark.parametrize("kind", ["S", "B"])
    def test_an_item_gets_its_payload_back(self, bucket: PayloadBucket, kind: str) -> None:
        content: Any = b"x" * (MAX_RECORD_PAYLOAD_BYTES + 1)
        item: Any = {"input": {kind: content if kind == "B" else content.decode()}}
        left, contents = offloaded(item, "t1")
        bucket.put_all(contents)

        loaded = bucket.loaded(left)

        assert loaded == (item, set())
