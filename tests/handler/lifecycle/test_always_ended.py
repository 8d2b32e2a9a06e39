"""What is accepted can always be ended: whatever it says, and whatever stands in its record."""

import base64
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from handler import Context, Done, task
from handler.contract import MAX_RECORD_PAYLOAD_BYTES, Status
from handler.errors import RequestError, StoreError
from handler.record import Identity
from handler.table import owned_by
from handler.testing.aws import aws_client
from tests.handler.recovering import Recovering
from tests.handler.stack import TABLE, BusQueue, Stack, refusal

# DynamoDB quotas, "Item size"; moto enforces it.
MAX_ITEM_BYTES = 400 * 1024
WIDE = "\U0001f600"  # four bytes a character, and twelve in escaped JSON
# Random, so that compression doesn't make it small; FailStateDetails has no longer one.
LONG_CAUSE = base64.b64encode(random.Random(1).randbytes(24_000)).decode()
LONG_TEXTS = ("", "x" * 500_000, WIDE * 100_000, '"\\' * 200_000, "\x00\x1f" * 100_000, "\ud800")

Item = dict[str, Any]


def abort(recovering: Recovering, id: str) -> None:
    recovering.stack.tasks.abort(id, "A reason. " * 10_000)


def fail_by_its_execution(recovering: Recovering, id: str) -> None:
    recovering.end("execution-1", "FAILED", error="x" * 256, cause=LONG_CAUSE)
    recovering.report("execution-1")


def stop_its_execution(recovering: Recovering, id: str) -> None:
    recovering.end("execution-1", "ABORTED", cause=WIDE * 8_000)
    recovering.report("execution-1")


def fail_by_the_sweep(recovering: Recovering, id: str) -> None:
    recovering.end("execution-1", "TIMED_OUT")
    recovering.wait(3)
    recovering.sweep()


ENDS = (abort, fail_by_its_execution, stop_its_execution, fail_by_the_sweep)
End = Callable[[Recovering, str], None]

texts = st.one_of(st.sampled_from(LONG_TEXTS), st.text(max_size=50))
fields = st.fixed_dictionaries(
    {},
    optional={
        "name": texts,
        "tenant": texts,
        "locale": texts,
        "parent": texts,
        "idempotency_key": texts,
        "input": st.dictionaries(st.text(max_size=20), texts, max_size=3),
        "created_by": st.builds(Identity, id=texts, display_name=texts, type=texts),
    },
)


@pytest.mark.property
@settings(suppress_health_check=list(HealthCheck), max_examples=40)
@given(fields=fields, end=st.sampled_from(ENDS))
@example(fields={"name": "x" * 409_275}, end=abort)
@example(fields={"name": WIDE * 10**5, "input": {"a": "x" * 10**6}}, end=fail_by_its_execution)
def test_whatever_is_triggered_is_refused_or_can_be_ended_and_deleted(
    fields: Mapping[str, Any], end: End
) -> None:
    with Stack.inside_moto() as stack:
        recovering = Recovering(stack, BusQueue())
        [definition] = stack.definitions
        try:
            record = stack.trigger(definition, **fields)
        except RequestError:
            assert stack.rows() == []
            return
        task = stack.claim(record)
        recovering.start("execution-1", task)

        end(recovering, record.id)

        assert stack.get(record).is_over
        stack.tasks.delete(record.id)
        recovering.wait(3)
        recovering.sweep()
        assert [row for row in stack.rows() if row["pk"]["S"] == f"TASK#{record.id}"] == []


@pytest.mark.parametrize("end", ENDS)
def test_a_record_with_the_longest_of_everything_has_room_for_its_end(
    recovering: Recovering, end: End
) -> None:
    stack = recovering.stack
    longest: dict[str, object] = {"text": WIDE * (MAX_RECORD_PAYLOAD_BYTES // 20)}
    record = recovering.running(
        id="i" * 512,
        definition_id="d" * 512,
        tenant="t" * 256,
        parent_id="p" * 512,
        name=WIDE * 5_000,
        locale=WIDE * 5_000,
        created_by=Identity(id="\x00" * 900, display_name="\x00" * 900, type="\x00" * 900),
        input=longest,
    )
    saved = record.checkpointed(now=stack.clock.now(), output=longest)
    stack.store.save(saved, before=record, guard=owned_by(record))
    [before] = sizes(stack)
    assert before < MAX_ITEM_BYTES - 16 * 1024

    end(recovering, record.id)

    assert stack.get(record).is_over


FILLED = {
    "its name": lambda size: {"name": {"S": "x" * size}},
    "its input": lambda size: {"input": {"S": '{"a":"' + "x" * size + '"}'}},
    "an input that is none": lambda size: {"input": {"S": "x" * size}},
    "its content": lambda size: {
        "input": {"M": {"kind": {"S": "S"}}},
        "inputContent": {"S": '{"a":"' + "x" * size + '"}'},
    },
    "its output": lambda size: {"output": {"S": '{"a":"' + "x" * size + '"}'}},
    "its identity": lambda size: {"createdBy": {"S": "x" * size}},
    "what only newer code knows": lambda size: {"newer": {"S": "x" * size}},
    "bytes that only newer code knows": lambda size: {"newer": {"B": b"x" * size}},
    "many attributes": lambda size: {f"n{n}": {"S": "x" * (size // 100)} for n in range(100)},
    "hundreds of small attributes": lambda size: {
        f"n{n}": {"S": "x" * (size // 450)} for n in range(440)
    },
    "a map": lambda size: {"newer": {"M": {"a": {"S": "x" * size}}}},
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("what", FILLED)
def test_a_record_at_the_limit_can_be_ended_and_deleted(
    recovering: Recovering, what: str, end: End
) -> None:
    record = recovering.running(id="t1")
    fill(recovering.stack, FILLED[what])

    end(recovering, record.id)

    assert recovering.stack.get(record).is_over
    assert recovering.stack.tasks.list().items[0].id == record.id
    recovering.stack.tasks.delete(record.id)
    assert recovering.stack.rows() == []


def test_a_record_at_the_limit_can_be_ended_while_the_bucket_takes_nothing(
    recovering: Recovering,
) -> None:
    record = recovering.running(id="t1")
    fill(recovering.stack, FILLED["its input"])
    recovering.stack.client("s3").fail(refusal("AccessDenied", status=403))

    recovering.stack.tasks.abort(record.id)

    assert recovering.stack.get(record).was_aborted
    assert "can't be read" in str(recovering.stack.get(record).input["note"])


def test_an_odd_child_keeps_no_other_from_its_end(recovering: Recovering) -> None:
    stack = recovering.stack
    parent = recovering.pending(id="parent")
    for id in ("a", "t1", "z"):
        recovering.pending(id=id, parent_id="parent")

    def refuse(operation: str, request: Any) -> None:
        if operation == "transact_write_items" and "TASK#t1" in str(request):
            raise refusal("ValidationException")

    stack.dynamodb.interference = refuse
    with pytest.raises(StoreError):
        stack.tasks.abort(parent.id)
    assert [stack.get(id).was_aborted for id in ("a", "t1", "z")] == [True, False, True]
    assert ("on_abort", "aborted") in recovering.ran
    stack.dynamodb.recover()

    recovering.wait()
    recovering.sweep()

    assert stack.get("t1").was_aborted


def test_a_payload_that_gives_room_stays_readable(recovering: Recovering) -> None:
    record = recovering.running(id="t1")
    fill(recovering.stack, FILLED["its input"])

    recovering.stack.tasks.abort(record.id)

    assert set(str(recovering.stack.get(record).input["a"])) == {"x"}


def test_a_task_at_the_limit_that_no_worker_can_claim_fails(recovering: Recovering) -> None:
    record = recovering.pending(id="t1")
    recovering.start("execution-1", record)
    fill(recovering.stack, FILLED["what only newer code knows"])

    answer = recovering.stack.run(record)
    recovering.end("execution-1", "FAILED", error=answer["error"]["code"], cause="{}")
    recovering.report("execution-1")

    assert answer["status"] == "error"
    assert recovering.stack.get(record).status is Status.FAILED


@pytest.mark.parametrize(
    "name", ["x" * 300_000, "x" * 257, "\ud800", ""], ids=["300 KB", "257", "odd", "empty"]
)
def test_an_execution_of_a_name_that_is_none_is_refused(stack: Stack, name: str) -> None:
    @task(id="some")
    def some(context: Context) -> Done:
        return Done()

    record = stack.trigger(some)

    answer = stack.run(record, execution=name)

    assert answer["status"] == "error"
    assert "executionName" in str(answer["error"])
    assert stack.get(record).status is Status.PENDING


def fill(stack: Stack, changes: Callable[[int], Item]) -> None:
    """Makes the record of `t1` as large as DynamoDB takes it."""
    client: Any = aws_client("dynamodb")
    key = {"pk": {"S": "TASK#t1"}, "sk": {"S": "TASK"}}
    item = client.get_item(TableName=TABLE, Key=key)["Item"]
    smallest, largest = 300_000, MAX_ITEM_BYTES
    while largest - smallest > 1:
        size = (smallest + largest) // 2
        try:
            client.put_item(TableName=TABLE, Item=item | changes(size))
        except client.exceptions.ClientError:
            largest = size
        else:
            smallest = size
    client.put_item(TableName=TABLE, Item=item | changes(smallest))


def sizes(stack: Stack) -> list[int]:
    """About how many bytes each record has."""
    tasks = [row for row in stack.rows() if row["sk"]["S"] == "TASK"]
    return [sum(len(name) + _size(value) for name, value in row.items()) for row in tasks]


def _size(value: Any) -> int:
    [content] = value.values()
    if isinstance(content, dict):
        return sum(len(name) + _size(part) for name, part in content.items())
    return len(content if isinstance(content, bytes) else str(content).encode())
