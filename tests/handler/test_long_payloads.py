"""A long input or output is read by whoever asks for it, and by nobody else."""

import base64
import json
import random
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from handler import Context, Done, TaskRecord, task
from handler.contract import MAX_INPUT_BYTES, MAX_RECORD_PAYLOAD_BYTES
from handler.errors import StoreUnavailable
from handler.table import Filter, owned_by
from handler.table.payloads import MAX_INLINE_BYTES
from handler.testing.aws import aws_client
from tests.handler.graphql.client import Api
from tests.handler.recovering import Recovering
from tests.handler.stack import BUCKET, TABLE, Stack, refusal


def random_text(size: int) -> str:
    """Text of so many bytes or more, however well it is compressed."""
    return base64.b64encode(random.Random(1).randbytes(size)).decode()


# One that goes into the bucket, and one that stands beside its record, in a few KB.
RANDOM = random_text(MAX_RECORD_PAYLOAD_BYTES)
REPEATED = "a line that compresses well\n" * 20_000
ARN = "arn:aws:iam::123456789012:role/tasks"
LONG = pytest.mark.parametrize("text", [RANDOM, REPEATED], ids=["in the bucket", "beside it"])

LIST = "{ backgroundTasks { listTasks { data { id name taskStatus } meta { totalCount } } } }"
GET = "query($i: ID!) { backgroundTasks { getTask(id: $i) { data { id name taskStatus } } } }"


def contents_read(stack: Stack) -> list[str]:
    """The requests that have brought a payload: of the bucket, or of the table."""
    found = [operation for operation in stack.client("s3").calls if operation == "get_object"]
    for operation, request in stack.dynamodb.requests:
        text = json.dumps(request, default=str)
        is_read = operation in ("get_item", "batch_get_item") and "TASK#" in text
        if is_read and ("ProjectionExpression" not in text or "Content" in text):
            found.append(operation)
    return found


def listed(recovering: Recovering, id: str) -> object:
    return [record.id for record in recovering.stack.tasks.list().items]


def counted(recovering: Recovering, id: str) -> object:
    return recovering.stack.tasks.count(Filter(parent_id="parent"))


def read(recovering: Recovering, id: str) -> object:
    return recovering.stack.tasks.get(id).status


def aborted(recovering: Recovering, id: str) -> object:
    return recovering.stack.tasks.abort(id).status


def swept(recovering: Recovering, id: str) -> object:
    recovering.wait(3)
    return recovering.sweep()


def joined(recovering: Recovering, id: str) -> object:
    return [child.status for child in recovering.stack.store.index.children("parent")]


@LONG
@pytest.mark.parametrize("use", [listed, counted, read, joined, swept, aborted])
def test_nobody_reads_a_payload_who_did_not_ask_for_it(
    recovering: Recovering, text: str, use: Callable[[Recovering, str], object]
) -> None:
    record = recovering.pending(input={"text": text}, parent_id="parent")
    recovering.stack.dynamodb.requests.clear()
    recovering.stack.client("s3").requests.clear()

    use(recovering, record.id)

    assert contents_read(recovering.stack) == []


@LONG
@pytest.mark.parametrize("query", [LIST, GET], ids=["listTasks", "getTask"])
def test_the_api_reads_no_payload_that_is_not_selected(stack: Stack, text: str, query: str) -> None:
    api = Api(stack)
    record = stack.create(input={"text": text})
    stack.dynamodb.requests.clear()
    stack.client("s3").requests.clear()

    answer = api.send({"query": query, "variables": {"i": record.id}})

    assert record.id in answer["body"]
    assert contents_read(stack) == []


@LONG
def test_a_payload_is_read_once_by_whoever_asks_for_it(stack: Stack, text: str) -> None:
    record = stack.create(input={"text": text})
    stack.dynamodb.requests.clear()
    [found] = stack.tasks.list().items

    texts = [found.input["text"] for _ in range(3)]

    assert texts == [text] * 3
    assert found.output is None
    assert record.id == found.id
    assert stack.dynamodb.calls == ["query", "batch_get_item", "get_item"]


def test_a_short_payload_comes_with_its_record(stack: Stack) -> None:
    stack.create(input={"text": "x" * 4_000})
    stack.dynamodb.requests.clear()
    [found] = stack.tasks.list().items

    assert found.input == {"text": "x" * 4_000}
    assert stack.dynamodb.calls == ["query", "batch_get_item"]


@LONG
def test_a_record_is_dumped_and_compared_with_its_payloads(stack: Stack, text: str) -> None:
    made = stack.create(input={"text": text})

    found = stack.tasks.get(made.id)

    assert found.model_dump()["input"] == {"text": text}
    assert found == stack.tasks.get(made.id)
    assert found != stack.create(input={"text": text + "!"}).to_record()


@LONG
def test_a_payload_that_is_replaced_while_it_is_read_is_the_new_one(
    stack: Stack, text: str
) -> None:
    seen: list[Any] = []

    @task(id="some")
    def some(context: Context, input: dict[str, Any]) -> Done:
        context.save_input({"text": text + "?"})  # the first input would stay
        record = stack.tasks.get(context.task.id)

        def replace_first(operation: str, _: object) -> None:
            if operation in ("get_object", "get_item"):
                stack.client("s3").recover()
                stack.dynamodb.recover()
                context.save_input({"text": text + "!"})

        service = "s3" if text is RANDOM else "dynamodb"
        stack.client(service).interference = replace_first
        seen.append(record.input["text"])
        return Done()

    stack.run(stack.trigger(some, input={"text": text}))

    assert seen == [text + "!"]


def test_a_payload_that_is_gone_is_a_note_in_its_place(stack: Stack) -> None:
    record = stack.create(input={"text": RANDOM})
    lost, deleted = stack.tasks.get(record.id), stack.tasks.get(record.id)
    for found in aws_client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]:
        aws_client("s3").delete_object(Bucket=BUCKET, Key=found["Key"])

    assert "not in the bucket any more" in str(lost.input["note"])
    stack.tasks.abort(record.id)
    stack.tasks.delete(record.id)
    assert "Its task is gone" in str(deleted.input["note"])


@pytest.mark.parametrize(
    ("error", "is_note"),
    [(refusal(f"Denied to {ARN}", status=403), True), (refusal("x", status=503), False)],
)
def test_a_refusal_of_the_bucket_is_a_note_and_an_outage_an_error(
    stack: Stack, error: Exception, is_note: bool
) -> None:
    found = stack.tasks.get(stack.create(input={"text": RANDOM}).id)
    stack.client("s3").fail(error)

    if is_note:
        assert "can't be read" in str(found.input["note"])
        assert "arn:" not in str(found.input["note"])
    else:
        with pytest.raises(StoreUnavailable):
            _ = found.input


def test_an_output_that_cannot_be_kept_keeps_no_task_from_its_end(recovering: Recovering) -> None:
    record = recovering.running()
    almost_too_long: dict[str, object] = {"text": random_text(MAX_INLINE_BYTES - 8_000)}
    after = record.checkpointed(now=recovering.stack.clock.now(), output=almost_too_long)
    recovering.stack.store.save(after, before=record, guard=owned_by(record))
    recovering.stack.client("s3").fail(refusal("NoSuchBucket", status=404))
    recovering.end("execution-1", "FAILED", error="Lambda.Unknown", cause=random_text(24_000))

    recovering.report("execution-1")

    failed = recovering.stack.get(record)
    assert failed.failure.code == "WORKER_KILLED"
    assert "could not be kept" in str((failed.output or {})["note"])


def test_a_refusal_that_passes_costs_a_task_nothing_of_its_output(recovering: Recovering) -> None:
    record = recovering.running()
    after = record.checkpointed(now=recovering.stack.clock.now(), output={"text": RANDOM})
    recovering.stack.store.save(after, before=record, guard=owned_by(record))
    bucket = recovering.stack.client("s3")
    [kept] = [each["Key"] for each in bucket.list_objects_v2(Bucket=BUCKET)["Contents"]]
    bucket.fail(refusal("AccessDenied", status=403), only="get_object")
    recovering.end("execution-1", "FAILED", error="Lambda.Unknown", cause="It died.")

    recovering.report("execution-1")
    bucket.recover()
    recovering.stack.clock.advance(timedelta(days=2))
    recovering.sweep()

    failed = recovering.stack.get(record)
    assert failed.failure.code == "WORKER_KILLED"
    assert failed.kept_object == kept
    assert [each["Key"] for each in bucket.list_objects_v2(Bucket=BUCKET)["Contents"]] == [kept]


class TestMemory:
    """100 tasks of 5 MB: `tracemalloc` counts what a call takes at its peak."""

    @pytest.fixture
    def hundred(self, recovering: Recovering) -> Recovering:
        text = "x" * (MAX_INPUT_BYTES // 2)
        recovering.pending(id="t000", input={"text": text}, parent_id="parent")
        client: Any = aws_client("dynamodb")
        for row in recovering.stack.rows():
            for number in range(1, 100):
                copy = {
                    name: {"S": value["S"].replace("t000", f"t{number:03}")}
                    if "S" in value
                    else value
                    for name, value in row.items()
                }
                client.put_item(TableName=TABLE, Item=copy)
        return recovering

    @pytest.mark.parametrize("use", [listed, joined, swept])
    def test_a_list_a_join_and_a_sweep_stay_small(
        self, hundred: Recovering, use: Callable[[Recovering, str], object]
    ) -> None:
        use(hundred, "t000")  # what is made once does not count
        tracemalloc.start()

        use(hundred, "t000")

        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 32 * 1024 * 1024


def test_children_are_joined_with_their_outputs(stack: Stack) -> None:
    outputs: list[object] = []

    @task(id="child")
    def child(context: Context) -> Done:
        return Done(output={"text": REPEATED})

    def join(children: list[TaskRecord]) -> Done:
        outputs.extend((each.output or {})["text"] for each in children)
        return Done()

    @task(id="parent")
    def parent(context: Context) -> Any:
        return context.wait_for_children(join)

    stack.definitions = (child,)
    record = stack.trigger(parent)
    for _ in range(3):
        stack.run(stack.trigger(child, parent=record), execution="child")
    stack.run(record)

    assert outputs == [REPEATED] * 3
