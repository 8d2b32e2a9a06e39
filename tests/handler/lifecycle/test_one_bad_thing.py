"""One odd record, letter or refused request harms nothing beside it."""

import gzip
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from handler.contract import INDEX_KEYS, Status
from handler.errors import Refused
from handler.record import StoredTask
from handler.recovery import RecoveryFailed
from handler.table import Filter
from handler.testing import Killed
from tests.handler.recovering import Recovering
from tests.handler.stack import BUCKET, TABLE, BusQueue, Stack

Item = dict[str, Any]

# What the table itself demands to be a text, if it is there: the keys of its indexes.
NEWER: dict[str, Item] = {
    "a status": {"taskStatus": {"S": "paused"}},
    "an answer": {"lastAnswer": {"S": "paused"}},
    "a hook": {"pendingHook": {"S": "on_pause"}},
    "a number that has a fraction": {"iterations": {"N": "1.5"}},
    "an attribute of true and false": {"isPaused": {"BOOL": True}},
    "a known attribute of true and false": {"visit": {"BOOL": True}},
    "bytes": {"newBytes": {"B": b"\x00"}},
    "a map": {"progress": {"M": {"done": {"N": "1"}}}},
    "an identity without a name": {"createdBy": {"S": '{"id": 5}'}},
}
BROKEN: dict[str, Item] = {
    "JSON that is none": {"input": {"S": "{"}},
    "JSON that is no object": {"input": {"S": "[1]"}},
    "an output that is no JSON": {"output": {"S": "nothing"}},
    "an identity that is none": {"createdBy": {"S": "{"}},
    "bytes that are no gzip": {"input": {"B": b"hello"}},
    "gzip that is no JSON": {"input": {"B": gzip.compress(b"hello")}},
    "gzip that is cut": {"input": {"B": gzip.compress(b"[" * 1000)[:-4]}},
    "a pointer to nothing": {"input": {"M": {"key": {"S": "tasks/x/y"}, "kind": {"S": "B"}}}},
    "a pointer to nothing in its output": {
        "output": {"M": {"key": {"S": "tasks/x/y"}, "kind": {"S": "S"}}}
    },
    "half a pointer": {"input": {"M": {"key": {"S": "tasks/x/y"}}}},
    "a date that is none": {"savedOn": {"S": "yesterday"}},
    "a date of creation that is none": {"createdOn": {"S": "yesterday"}},
    "due before all others": {"dueOn": {"S": "!"}},
    "due at no time": {"dueOn": {"S": "whenever"}},
    "due in a thousand years": {"dueOn": {"S": "3030-01-01T00:00:00.000Z"}},
    "asleep for a thousand years": {"waitingUntil": {"S": "3030-01-01T00:00:00.000Z"}},
    "a number beyond all others": {"resends": {"N": "9" * 20}},
    "as many resends as a count may have": {"resends": {"N": str(10**9)}},
    "a date without a zone": {"savedOn": {"S": "2030-01-01T00:00:00"}},
    "a date that UTC does not have": {"savedOn": {"S": "0001-01-01T00:00:00+23:59"}},
    "a delay beyond all others": {"delay": {"N": "9" * 20}},
    "a number below all others": {"iterations": {"N": "-5"}},
    "no definition": {"definitionId": None},
    "no name": {"name": None},
    "no status": {"taskStatus": None},
    "no input": {"input": None},
}


@pytest.fixture
def beside(recovering: Recovering) -> StoredTask:
    """Another tenant's task, younger than the odd one, whose event was lost."""
    recovering.stack.clock.advance(1)
    return recovering.pending(id="beside", tenant="acme")


def make_odd(recovering: Recovering, id: str, changes: Item) -> None:
    """Changes attributes of a record; `None` removes one."""
    client: Any = recovering.stack.dynamodb
    key = {"pk": {"S": f"TASK#{id}"}, "sk": {"S": "TASK"}}
    item = client.get_item(TableName=TABLE, Key=key)["Item"] | changes
    client.put_item(
        TableName=TABLE, Item={name: value for name, value in item.items() if value is not None}
    )


def sweep(recovering: Recovering) -> None:
    """A sweep, which may say at its end that something failed."""
    recovering.wait()
    with suppress(RecoveryFailed):
        recovering.sweep()


def rows(recovering: Recovering) -> list[Item]:
    client: Any = recovering.stack.dynamodb
    found: list[Item] = client.scan(TableName=TABLE)["Items"]
    return found


def assert_harmless(recovering: Recovering, odd: StoredTask, beside: StoredTask) -> None:
    """Lists, joins and sweeps go on beside it; it can be read, aborted and deleted."""
    stack = recovering.stack
    sweep(recovering)
    assert stack.get(beside).resends == 1
    for wanted in (Filter(), Filter(tenant="root"), Filter(ids=(odd.id, beside.id))):
        assert odd.id in [record.id for record in stack.tasks.list(wanted).items]
    assert (stack.tasks.count(), stack.tasks.count(Filter(tenant="acme"))) == (1, 1)
    assert [child.id for child in stack.store.index.children("parent")] == [odd.id]
    assert stack.tasks.get(odd.id).id == odd.id
    list(stack.tasks.logs(odd.id))
    try:
        stack.tasks.abort(odd.id)
    except Refused:
        assert not stack.get(odd).is_open
    assert stack.get(odd).is_over
    sweep(recovering)
    stack.tasks.delete(odd.id)
    assert not [row for row in rows(recovering) if odd.id in row["pk"]["S"]]


@pytest.mark.parametrize("status", [Status.PENDING, Status.FAILED])
@pytest.mark.parametrize("name", [*NEWER, *BROKEN])
def test_an_odd_record_harms_nothing_beside_it(
    recovering: Recovering, beside: StoredTask, name: str, status: Status
) -> None:
    odd = recovering.pending(id="odd", parent_id="parent", status=status)
    make_odd(recovering, "odd", {**NEWER, **BROKEN}[name])

    assert_harmless(recovering, odd, beside)


attributes = st.one_of(
    st.none(),
    st.builds(lambda text: {"S": text}, st.text(min_size=1, max_size=20)),
    st.builds(lambda number: {"N": str(number)}, st.integers(-(10**20), 10**20)),
    st.builds(lambda data: {"B": data}, st.binary(min_size=1, max_size=20)),
    st.sampled_from([{"BOOL": True}, {"NULL": True}, {"L": []}, {"M": {}}, {"SS": ["a"]}]),
)
names = st.sampled_from(
    sorted(
        {str(field.alias) for field in StoredTask.model_fields.values()}
        - {"id", "tenant", "unreadable"}
    )
)


@pytest.mark.property
@settings(suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@given(changes=st.dictionaries(names, attributes, min_size=1, max_size=4))
@example(changes={"taskStatus": {"S": "paused"}, "input": {"S": "{"}, "createdOn": {"S": "?"}})
def test_any_odd_record_harms_nothing_beside_it(changes: Item) -> None:
    for name in changes.keys() & INDEX_KEYS:
        if not changes[name] or "S" not in changes[name]:
            del changes[name]
    with Stack.inside_moto() as stack:
        recovering = Recovering(stack, BusQueue())
        odd = recovering.pending(id="odd", parent_id="parent")
        stack.clock.advance(1)
        beside = recovering.pending(id="beside", tenant="acme")
        make_odd(recovering, "odd", changes)

        assert_harmless(recovering, odd, beside)


@pytest.mark.parametrize(
    "name",
    ["JSON that is none", "bytes that are no gzip", "a pointer to nothing", "half a pointer"],
)
def test_a_task_whose_input_cannot_be_read_fails_with_the_reason_and_runs_nothing(
    recovering: Recovering, name: str
) -> None:
    record = recovering.pending(id="odd")
    make_odd(recovering, "odd", BROKEN[name])

    answer = recovering.stack.run(record)

    after = recovering.stack.get(record)
    assert (answer["status"], after.status) == ("error", Status.FAILED)
    assert after.failure.code == "INPUT_UNREADABLE"
    assert "can't be read" in after.failure.message


def test_a_task_of_an_unknown_status_is_left_to_the_version_that_knows_it(
    recovering: Recovering,
) -> None:
    pending, running = recovering.pending(id="pending"), recovering.claimed_by("execution-1")
    for task in (pending, running):
        make_odd(recovering, task.id, {"taskStatus": {"S": "paused"}})

    for _ in range(5):
        recovering.wait(1_000)
        with pytest.raises(RecoveryFailed, match="could not deal with 2 "):
            recovering.sweep()

    stored = [row["taskStatus"]["S"] for row in rows(recovering) if row["sk"]["S"] == "TASK"]
    assert stored == ["paused", "paused"]
    assert recovering.bus_queue.take() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"items": {"S": "{"}},
        {"items": {"S": '[{"message": 5}]'}},
        {"items": {"L": []}},
        {"createdBy": {"BOOL": True}},
        {"createdOn": {"S": "yesterday"}},
        {"iteration": None},
    ],
    ids=str,
)
def test_a_part_of_a_log_that_cannot_be_read_says_so_among_the_others(
    recovering: Recovering, changes: Item
) -> None:
    record = recovering.pending(id="odd")
    recovering.stack.run(record)
    [log_row] = [row for row in rows(recovering) if row["sk"]["S"].startswith("LOG#")]
    client: Any = recovering.stack.dynamodb
    odd = log_row | {"sk": {"S": log_row["sk"]["S"] + "-odd"}} | changes
    client.put_item(
        TableName=TABLE, Item={name: value for name, value in odd.items() if value is not None}
    )

    [log] = recovering.stack.tasks.logs("odd")

    messages = sorted(line.message for line in log.lines)
    assert messages == ["Task done.", "This part of the log can't be read."]


def test_a_lost_payload_is_a_note_in_its_place(recovering: Recovering) -> None:
    record = recovering.pending(id="odd", input={"text": "x" * 2_000_000 + "ü"})
    big = recovering.pending(id="big", input={"noise": list(range(200_000))})
    bucket = recovering.stack.client("s3")
    for found in bucket.list_objects_v2(Bucket=BUCKET)["Contents"]:
        bucket.delete_object(Bucket=BUCKET, Key=found["Key"])

    shown = recovering.stack.tasks.get(big.id)

    note = "This input can't be read. Its object is not in the bucket any more."
    assert shown.input == {"note": note}
    assert recovering.stack.tasks.get(record.id).id == "odd"


class TestSteps:
    """Each request of a sweep fails, or each letter; the rest of the sweep is done."""

    REFUSALS: ClassVar[dict[str, Callable[[], Exception]]] = {
        "throttled": lambda: _refusal("ThrottlingException", 400),
        "denied": lambda: _refusal("AccessDeniedException", 403),
        "no connection": lambda: EndpointConnectionError(endpoint_url="https://aws"),
    }

    @pytest.mark.parametrize("refusal", REFUSALS)
    @pytest.mark.parametrize(
        ("service", "operation"),
        [
            ("sqs", "receive_message"),
            ("sqs", "delete_message"),
            ("stepfunctions", "describe_execution"),
        ],
    )
    def test_a_refused_request_ends_no_sweep(
        self,
        recovering: Recovering,
        service: str,
        operation: str,
        refusal: str,
    ) -> None:
        owned = recovering.claimed_by("execution-1")
        lost = recovering.pending()
        recovering.send_to_dlq({"detail": {"webinyTaskId": "nothing"}})
        recovering.wait()
        client = recovering.stack.client(service)
        client.fail(self.REFUSALS[refusal](), only=operation)

        with pytest.raises(RecoveryFailed, match="could not deal with 1 "):
            recovering.sweep()

        assert recovering.stack.get(lost).resends == 1
        counted = [metric for metric, _ in recovering.stack.metrics_counted.take()]
        assert counted.count("RecoveryErrors") == 1
        client.recover()
        recovering.wait()
        recovering.sweep()
        assert recovering.stack.get(owned).status is Status.FAILED

    @pytest.mark.parametrize(
        "letter",
        [
            "",
            "[]",
            "no JSON",
            {"id": "e", "detail": {"webinyTaskId": "x" * 5_000}},
            {"id": "e", "detail": {"webinyTaskId": "\ud800"}},
            {"id": "e", "detail": {"webinyTaskDefinitionId": "someTask", "input": "\ud800"}},
            {"id": "\ud800", "detail": {}},
            {"id": "e", "detail": None},
            {"id": 5, "detail": 7},
        ],
    )
    def test_a_letter_of_any_content_keeps_no_other_from_being_delivered(
        self, recovering: Recovering, letter: Any
    ) -> None:
        lost = recovering.pending()
        recovering.send_to_dlq(letter or " ")
        recovering.send_to_dlq(recovering.event_of(lost))

        sweep(recovering)

        assert recovering.stack.get(lost).resends == 1


def _refusal(code: str, status: int) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": code},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "An operation")


class TestProgress:
    """A sweep that is cut off: the next one goes on behind it, and comes to all in the end."""

    @pytest.fixture
    def many(self, recovering: Recovering, monkeypatch: pytest.MonkeyPatch) -> list[StoredTask]:
        """Tasks whose events were lost: several pages of each partition."""
        monkeypatch.setattr("handler.table.watch._PAGE", 3)
        tasks = []
        for number in range(25):
            recovering.stack.clock.advance(0.001)
            tasks.append(recovering.pending(id=f"t{number:03}"))
        recovering.wait()
        return tasks

    @pytest.mark.parametrize("poison", [0, 9, 15, 24])
    def test_whatever_one_task_does_to_the_sweep_all_others_are_looked_at(
        self, recovering: Recovering, many: list[StoredTask], poison: int
    ) -> None:
        def kill(operation: str, request: dict[str, Any]) -> None:
            is_put_off = "lookToken" in request.get("UpdateExpression", "")
            if operation == "update_item" and not is_put_off and f"t{poison:03}" in str(request):
                raise Killed

        recovering.stack.dynamodb.interference = kill
        for _ in range(2):
            with suppress(Killed):
                recovering.sweep()

        recovering.stack.dynamodb.recover()
        left = [task.id for task in many if not recovering.stack.get(task).resends]
        assert left == [f"t{poison:03}"]
        recovering.wait()
        recovering.sweep()
        assert recovering.stack.get(many[poison]).resends == 1

    def test_a_sweep_that_is_cut_off_at_each_of_its_writes_gets_to_all_tasks(
        self, recovering: Recovering, many: list[StoredTask]
    ) -> None:
        writes = 0

        def kill(operation: str, request: dict[str, Any]) -> None:
            nonlocal writes
            writes += operation == "update_item"
            if writes == 3:
                raise Killed

        recovering.stack.dynamodb.interference = kill
        for _ in many:  # one task a sweep, and the first write of the next one
            writes = 0
            with suppress(Killed):
                recovering.sweep()
            recovering.stack.clock.advance(1)

        assert all(recovering.stack.get(task).resends == 1 for task in many)
