"""Inputs and outputs that a record has no room for: kept in S3, and nobody notices."""

import base64
import json
import random
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from handler import Context, Continue, Definition, Done, Verdict, task
from handler.contract import (
    MAX_ANSWER_BYTES,
    MAX_INPUT_BYTES,
    MAX_OUTPUT_BYTES,
    MAX_RECORD_PAYLOAD_BYTES,
    Status,
)
from handler.errors import InvalidInput, StoreError
from handler.testing import World, kill, run
from handler.testing.aws import aws_client
from tests.handler.stack import BUCKET, BusQueue, Stack

# Random text, so that compression doesn't make it fit.
BIG = base64.b64encode(random.Random(1).randbytes(MAX_RECORD_PAYLOAD_BYTES)).decode()
STEPS = 3
MOST_ITEM_BYTES = 400 * 1024  # DynamoDB quotas, "Item size"


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


def test_a_task_gets_what_it_was_given_and_hands_it_over() -> None:
    result = run(carrying(), {"text": BIG})

    assert result.record.status is Status.SUCCESS
    assert (result.record.output or {})["text"] == BIG
    assert result.record.input["text"] == BIG


def test_nothing_big_ever_enters_the_state_machine() -> None:
    result = run(carrying(), {"text": BIG})

    assert len(result.answers) == STEPS
    assert all(len(json.dumps(answer)) <= MAX_ANSWER_BYTES for answer in result.answers)


def test_nothing_big_is_in_the_event(stack: Stack, bus_queue: BusQueue) -> None:
    stack.trigger(carrying(), input={"text": BIG})

    [event] = bus_queue.take()
    assert len(json.dumps(event)) < 1_000


def test_every_item_fits_the_table(stack: Stack) -> None:
    record = stack.trigger(carrying(), input={"text": BIG})
    for step in range(STEPS):
        stack.run(record, visit=f"visit-{step}")
        assert item_bytes(stack) <= MOST_ITEM_BYTES

    assert (stack.get(record).output or {})["text"] == BIG


CALLS = 2 * STEPS


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_a_worker_killed_at_any_call_loses_none_of_it(moment: str, number: int) -> None:
    options: dict[str, Any] = {moment: {number: kill}}
    carry = carrying()
    with World.of(carry, **options) as world:
        world.start(carry, CarryInput(text=BIG))
        world.finish()
        result = world.result()

    assert result.record.status is Status.SUCCESS
    assert (result.record.output or {})["text"] == BIG


def test_the_kills_reach_every_call_of_the_run() -> None:
    assert len(run(carrying(), {"text": BIG}).calls) == CALLS


def test_what_compresses_stays_in_the_record(stack: Stack) -> None:
    text = "the same line over and over\n" * 100_000
    record = stack.trigger(carrying(), input={"text": text})

    assert len(text) > 2 * MOST_ITEM_BYTES
    assert objects() == {}
    assert stack.get(record).input["text"] == text


def test_the_small_one_of_two_stays_in_the_record(stack: Stack) -> None:
    @task(id="grow")
    def grow(context: Context, input: dict[str, str]) -> Done:
        return Done(output={"text": BIG})

    record = stack.trigger(grow, input={"small": "yes"})
    stack.run(record)

    [item] = [row for row in stack.rows() if row["sk"]["S"] == "TASK"]
    assert item["input"] == {"S": '{"small":"yes"}'}
    assert "M" in item["output"]
    assert len(objects()) == 1


@pytest.mark.parametrize(("retention_days", "left"), [(0, {}), (90, {"expire": "true"})])
def test_what_was_replaced_goes_at_once_or_after_the_days_of_retention(
    stack: Stack, retention_days: int, left: dict[str, str]
) -> None:
    stack.settings = replace(stack.settings, retention_days=retention_days)
    record = stack.trigger(carrying(), input={"text": BIG})
    [first] = objects()

    stack.run(record, visit="visit-1")

    kept = objects()
    assert kept.pop(first, {}) == left
    assert list(kept.values()) == [{}]


@pytest.mark.parametrize(("retention_days", "tags"), [(0, {}), (90, {"expire": "true"})])
def test_what_a_task_that_is_over_holds_expires_with_it(
    stack: Stack, retention_days: int, tags: dict[str, str]
) -> None:
    stack.settings = replace(stack.settings, retention_days=retention_days)
    record = stack.trigger(carrying(), input={"text": BIG, "step": STEPS - 1})
    assert list(objects().values()) == [{}]

    stack.run(record)

    assert objects()
    assert all(found == tags for found in objects().values())


def test_deleting_a_task_deletes_what_it_held(stack: Stack) -> None:
    record = stack.trigger(carrying(), input={"text": BIG, "step": STEPS - 1})
    stack.run(record)

    stack.tasks.delete(record.id)

    assert objects() == {}
    assert stack.rows() == []


def test_an_input_beyond_the_limit_is_refused_with_both_sizes_and_what_to_do(stack: Stack) -> None:
    with pytest.raises(InvalidInput) as refused:
        stack.trigger(carrying(), input={"text": "x" * MAX_INPUT_BYTES})

    assert f"{MAX_INPUT_BYTES:,}" in refused.value.message
    assert "S3" in refused.value.message
    assert stack.rows() == []
    assert objects() == {}


def test_an_input_that_grows_beyond_the_limit_fails_the_task_in_the_same_words(
    stack: Stack,
) -> None:
    @task(id="grow")
    def grow(context: Context, input: CarryInput) -> Continue:
        return Continue({"text": "x" * MAX_INPUT_BYTES})

    record = stack.trigger(grow, input={"text": ""})
    stack.run(record)

    error: Any = (stack.get(record).output or {})["error"]
    assert stack.get(record).status is Status.FAILED
    assert error["code"] == "INPUT_TOO_LARGE"
    assert f"{MAX_INPUT_BYTES:,}" in error["message"]


def test_an_output_beyond_the_limit_is_replaced_by_a_note_of_its_size(stack: Stack) -> None:
    @task(id="grow")
    def grow(context: Context) -> Done:
        return Done(output={"text": "x" * MAX_OUTPUT_BYTES})

    record = stack.trigger(grow)
    stack.run(record)

    output = stack.get(record).output or {}
    assert stack.get(record).status is Status.SUCCESS
    assert output["max"] == MAX_OUTPUT_BYTES
    assert int(str(output["size"])) > MAX_OUTPUT_BYTES


def test_without_a_bucket_it_is_refused_and_the_message_says_what_to_set(stack: Stack) -> None:
    stack.settings = replace(stack.settings, payload_bucket_name="")

    with pytest.raises(StoreError, match="PAYLOAD_BUCKET_NAME"):
        stack.trigger(carrying(), input={"text": BIG})

    assert stack.rows() == []
