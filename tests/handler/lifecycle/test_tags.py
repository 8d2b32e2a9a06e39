"""Tags: what a task is found by. Rows of their own name it, and go when it goes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handler import (
    Context,
    Continue,
    Debounce,
    Definition,
    DefinitionError,
    Done,
    Failed,
    InvalidInput,
    Refused,
    TaskRecord,
    TriggerRequest,
    Verdict,
    task,
)
from handler.contract import DAY_SECONDS, Status
from handler.events import WorkerEvent, payload_by_hand
from handler.record import checked_tags
from handler.table import Filter
from handler.testing.aws import aws_client
from tests.handler.recovering import Recovering
from tests.handler.stack import TABLE, BusQueue, RefusingBus, Stack, refusal

CUSTOMER = {"customer": "42"}


@task(id="some")
def some(context: Context, input: dict[str, Any]) -> Verdict:
    return Failed("No.", code="NO") if input.get("fails") else Done()


@task(id="tagged", tags={"team": "billing", "kind": "nightly"})
def tagged(context: Context) -> Verdict:
    return Done()


@pytest.fixture
def stack(stack: Stack) -> Stack:
    stack.definitions = (some, tagged)
    return stack


def tag_rows(stack: Stack) -> list[dict[str, Any]]:
    return [row for row in stack.rows() if row["pk"]["S"].startswith("TAG#")]


def found(stack: Stack, tags: Mapping[str, str], *, tenant: str = "root") -> list[str]:
    return [task.id for task in stack.tasks.list(Filter(tenant=tenant, tags=tags)).items]


class TestATrigger:
    def test_a_task_is_found_by_its_tags(self, stack: Stack) -> None:
        made = stack.tasks.trigger("some", tags={"customer": "42", "region": "eu"})
        stack.tasks.trigger("some", tags={"customer": "7", "region": "eu"})

        assert stack.get(made).tags == made.tags == {"customer": "42", "region": "eu"}
        assert found(stack, CUSTOMER) == [made.id]
        assert found(stack, {"customer": "42", "region": "us"}) == []
        assert len(found(stack, {"region": "eu"})) == 2

    def test_those_of_the_definition_are_the_tasks_too_and_a_triggers_own_win(
        self, stack: Stack
    ) -> None:
        made = stack.tasks.trigger("tagged", tags={"kind": "by hand"})

        assert made.tags == {"team": "billing", "kind": "by hand"}

    def test_the_hook_may_change_them(self, stack: Stack) -> None:
        @task(id="hooked", tags={"a": "b"})
        def hooked(context: Context, input: dict[str, str]) -> Done:
            return Done()

        @hooked.on_before_trigger
        def with_customer(request: TriggerRequest) -> TriggerRequest:
            customer: Any = request.input["customer"]
            return replace(request, tags={**request.tags, "customer": customer})

        assert stack.trigger(hooked, input={"customer": "42"}).tags == {"a": "b", "customer": "42"}
        with pytest.raises(InvalidInput, match="A tag is 'customer': ''; a task takes up to 10"):
            stack.trigger(hooked, input={"customer": ""})

    def test_those_of_many_are_each_of_theirs(self, stack: Stack) -> None:
        made = stack.tasks.trigger_many("some", [{"a": 1}, {"a": 2}], tags=CUSTOMER)

        assert set(found(stack, CUSTOMER)) == {one.record.id for one in made if one.record}

    def test_a_child_has_those_that_it_was_triggered_with_and_none_of_its_parents(
        self, stack: Stack
    ) -> None:
        @task(id="parent")
        def parent(context: Context) -> Done:
            context.trigger(some, input={"a": 1}, tags={"of": "mine"})
            context.trigger(tagged)
            return Done()

        record = stack.trigger(parent, tags=CUSTOMER)
        stack.run(record)

        children = {child.definition_id: child.tags for child in stack.tasks.list().items}
        assert children == {"parent": CUSTOMER, "some": {"of": "mine"}, "tagged": tagged.tags}
        assert found(stack, CUSTOMER) == [record.id]

    def test_a_retry_keeps_them(self, stack: Stack) -> None:
        old = stack.tasks.trigger("some", input={"fails": True}, tags=CUSTOMER)
        stack.run(old)

        retry = stack.tasks.retry(old.id)

        assert retry.tags == CUSTOMER
        assert set(found(stack, CUSTOMER)) == {retry.id, old.id}

    def test_a_retry_keeps_what_its_definition_would_not_give_it_any_more(
        self, stack: Stack
    ) -> None:
        full = {f"k{number}": "v" for number in range(10)}
        old = stack.tasks.trigger("some", input={"fails": True}, tags=full)
        stack.run(old)

        @task(id="some", tags={"new": "one"})
        def newer(context: Context, input: dict[str, Any]) -> Verdict:
            return Done()

        stack.definitions = (newer,)

        assert stack.tasks.retry(old.id).tags == full

    def test_the_same_key_is_the_same_task_with_its_first_tags(self, stack: Stack) -> None:
        first = stack.tasks.trigger("some", tags=CUSTOMER, idempotency_key="k")
        again = stack.tasks.trigger("some", tags={"other": "1"}, idempotency_key="k")

        assert (again.id, again.tags) == (first.id, CUSTOMER)
        assert found(stack, {"other": "1"}) == []

    def test_a_burst_has_those_of_its_first_trigger(self, stack: Stack) -> None:
        burst = Debounce("k", delay=timedelta(minutes=1))
        stack.tasks.trigger("some", tags=CUSTOMER, debounce=burst)
        again = stack.tasks.trigger("some", tags={"other": "1"}, debounce=burst)

        assert again.tags == CUSTOMER
        assert len(tag_rows(stack)) == 1

    def test_what_the_table_refuses_leaves_no_row(self, stack: Stack) -> None:
        stack.dynamodb.fail(refusal("ValidationException"), only="transact_write_items")
        with pytest.raises(Exception, match="ValidationException"):
            stack.tasks.trigger("some", tags=CUSTOMER)
        stack.dynamodb.recover()

        assert stack.rows() == []

    def test_a_task_without_tags_is_written_as_before(self, stack: Stack) -> None:
        stack.dynamodb.requests.clear()

        stack.tasks.trigger("some")

        assert stack.dynamodb.calls == ["put_item"]
        assert tag_rows(stack) == []

    @pytest.mark.parametrize(
        ("tags", "message"),
        [
            ("customer", "tags is 'customer'"),
            ([("a", "b")], "tags is [('a', 'b')]"),
            ({f"k{number}": "v" for number in range(11)}, "There are 11 tags"),
            ({"a": 1}, "A tag is 'a': 1"),
            ({"a": None}, "A tag is 'a': None"),
            ({1: "a"}, "A tag is 1: 'a'"),
            ({"": "a"}, "A tag is '': 'a'"),
            ({"a": ""}, "A tag is 'a': ''"),
            ({"k" * 129: "a"}, "A tag is 'k"),
            ({"a": "ü" * 129}, "A tag is 'a': 'ü"),
            ({"a": "\ud800"}, "A tag is 'a': '"),
        ],
        ids=lambda value: ascii(value)[:30],
    )
    def test_what_can_be_no_tag_is_refused_and_nothing_is_stored(
        self, stack: Stack, tags: Any, message: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            stack.tasks.trigger("some", tags=tags)

        assert refused.value.message.startswith(message)
        assert "a task takes up to 10 tags, each a text of 1 to 128" in refused.value.message
        assert "Next: " in refused.value.message
        assert stack.rows() == []
        with pytest.raises(DefinitionError, match="has tags that it can't have"):
            task(id="wrong", tags=tags)(lambda context: Done())

    def test_the_longest_tags_can_be_stored_and_are_found(self, stack: Stack) -> None:
        # Each character of the key takes three bytes in a partition key: 2,048 are the limit.
        tenant, longest = "#" * 256, {"#" * 128: "=" * 256}

        made = stack.tasks.trigger("some", tags=longest, tenant=tenant)

        [row] = tag_rows(stack)
        assert len(row["pk"]["S"].encode()) <= 2_048
        assert len(row["sk"]["S"].encode()) <= 1_024
        assert found(stack, longest, tenant=tenant) == [made.id]


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (("a", {"k": "v"}), ("a#k", {"": "v"})),
        (("a", {"b#k": "v"}), ("a#b", {"k": "v"})),
        (("a", {"k": "v=w"}), ("a", {"k=v": "w"})),
        (("a", {"k": "v#w"}), ("a", {"k": "v%23w"})),
        (("a#k=v", {"k": "v"}), ("a", {"k": "v"})),
    ],
)
def test_no_two_tenants_and_tags_share_a_partition(
    stack: Stack, mine: tuple[str, dict[str, str]], theirs: tuple[str, dict[str, str]]
) -> None:
    tenant, tags = mine
    made = stack.tasks.trigger("some", tags=tags, tenant=tenant)
    other, others = theirs
    if all(others):
        stack.tasks.trigger("some", tags=others, tenant=other)

        assert len({row["pk"]["S"] for row in tag_rows(stack)}) == 2

    assert found(stack, tags, tenant=tenant) == [made.id]


class TestAnEventByHand:
    def accept(self, stack: Stack, **detail: Any) -> None:
        event = {"id": "event-1", "detail": {"webinyTaskDefinitionId": "some", **detail}}
        payload = payload_by_hand(event)
        stack.system.by_hand.accept(WorkerEvent.from_lambda({"payload": payload}))

    def test_it_may_have_tags(self, stack: Stack) -> None:
        self.accept(stack, tags=CUSTOMER)

        assert stack.get("event-1").tags == CUSTOMER
        assert found(stack, CUSTOMER) == ["event-1"]

    def test_null_is_as_good_as_none(self, stack: Stack) -> None:
        self.accept(stack, tags=None)

        assert stack.get("event-1").tags == {}

    @pytest.mark.parametrize("tags", ["x", [], {"a": 1}, {"a": None}, 5])
    def test_tags_of_a_wrong_type_are_named(self, stack: Stack, tags: Any) -> None:
        with pytest.raises(InvalidInput) as refused:
            self.accept(stack, tags=tags)

        assert refused.value.code == "VALIDATION_FAILED_INVALID_FIELDS"
        assert "tags" in str(refused.value.data)

    def test_too_many_make_a_failed_task_with_the_reason(self, stack: Stack) -> None:
        with pytest.raises(Refused, match="There are 11 tags"):
            self.accept(stack, tags={f"k{number}": "v" for number in range(11)})

        record = stack.get("event-1")
        assert (record.status, record.tags) == (Status.FAILED, {})
        assert record.error_code == "VALIDATION_FAILED_INVALID_FIELDS"


class TestTheirEnd:
    @pytest.fixture
    def recovering(self, recovering: Recovering) -> Recovering:
        recovering.stack.definitions = (some, tagged)
        recovering.stack.settings = replace(recovering.stack.settings, retention_days=9)
        return recovering

    def over(self, stack: Stack, **options: Any) -> TaskRecord:
        record = stack.tasks.trigger("some", tags=CUSTOMER, **options)
        stack.run(record)
        return record

    def test_a_task_that_is_deleted_leaves_none(self, stack: Stack) -> None:
        record = self.over(stack)

        stack.tasks.delete(record.id)

        assert tag_rows(stack) == []
        assert stack.rows() == []

    def test_one_of_a_later_task_of_the_same_key_stays(self, stack: Stack) -> None:
        record = self.over(stack, idempotency_key="k")
        stack.tasks.delete(record.id)
        stack.clock.advance(1)

        again = stack.tasks.trigger("some", tags=CUSTOMER, idempotency_key="k")

        assert again.id == record.id
        assert found(stack, CUSTOMER) == [again.id]

    def test_they_expire_with_their_task(self, recovering: Recovering) -> None:
        stack = recovering.stack
        record = self.over(stack)
        assert "expiresAt" not in tag_rows(stack)[0]
        ended = stack.clock.now()
        recovering.wait()

        recovering.sweep()

        [row] = tag_rows(stack)
        assert int(row["expiresAt"]["N"]) == stack.get(record).expires_at
        assert int(row["expiresAt"]["N"]) == int(ended.timestamp()) + 9 * DAY_SECONDS

    def test_those_of_a_child_expire_when_its_parent_does(self, recovering: Recovering) -> None:
        stack = recovering.stack

        @task(id="parent")
        def parent(context: Context) -> Verdict:
            if context.task.iterations == 1:
                context.trigger(some, tags=CUSTOMER)
                return Continue()
            return Done()

        record = stack.trigger(parent)
        stack.run(record)
        [child] = stack.store.index.children(record.id)
        stack.run(child)
        for _ in range(3):
            recovering.wait()
            recovering.sweep()

        [row] = tag_rows(stack)
        expires_at = stack.get(child).expires_at
        assert expires_at is not None
        assert expires_at >= (stack.get(record).expires_at or 0)
        assert row["expiresAt"]["N"] == str(expires_at)

    def test_a_task_that_cleans_itself_up_leaves_none(self, recovering: Recovering) -> None:
        stack = recovering.stack

        @task(id="clean", self_cleanup=("success",))
        def clean(context: Context) -> Done:
            return Done()

        record = stack.trigger(clean, tags=CUSTOMER)
        stack.run(record)
        assert found(stack, CUSTOMER) == []
        for _ in range(3):
            recovering.wait()
            recovering.sweep()

        assert stack.rows() == []

    def test_those_of_many_are_deleted_with_them(self, stack: Stack) -> None:
        for _ in range(3):
            self.over(stack)
        kept = stack.tasks.trigger("some", tags={"other": "1"})
        stack.run(kept)

        begun = stack.tasks.delete_many(Filter(tags=CUSTOMER))
        assert begun.task is not None
        stack.run(begun.task)

        assert begun.count == 3
        assert [row["pk"]["S"] for row in tag_rows(stack)] == ["TAG#root#other=1"]

    def test_a_row_whose_task_is_gone_is_passed_over(self, stack: Stack) -> None:
        gone, kept = self.over(stack), self.over(stack)
        key = {"pk": {"S": f"TASK#{gone.id}"}, "sk": {"S": "TASK"}}
        aws_client("dynamodb").delete_item(TableName=TABLE, Key=key)

        assert found(stack, CUSTOMER) == [kept.id]
        assert stack.tasks.count(Filter(tags=CUSTOMER)) == 1

    def test_a_record_whose_tags_are_odd_is_read_without_them(self, stack: Stack) -> None:
        odd, kept = self.over(stack), self.over(stack)
        aws_client("dynamodb").update_item(
            TableName=TABLE,
            Key={"pk": {"S": f"TASK#{odd.id}"}, "sk": {"S": "TASK"}},
            UpdateExpression="SET tags = :odd",
            ExpressionAttributeValues={":odd": {"S": '{"customer": 42}'}},
        )

        assert (stack.get(odd).tags, stack.get(odd).unreadable) == ({}, ("tags",))
        assert found(stack, CUSTOMER) == [kept.id]

    def test_a_task_whose_event_was_refused_keeps_its_tags(self, stack: Stack) -> None:
        stack.events.stands_for(RefusingBus())
        with pytest.raises(Exception, match="Could not trigger"):
            stack.tasks.trigger("some", tags=CUSTOMER)

        [id] = found(stack, CUSTOMER)
        assert stack.get(id).error_code == "TRIGGER_TASK_ERROR"


class TestTheErrorsCode:
    @pytest.mark.parametrize("code", ["NO", "NO #1%=", "x" * 256])
    def test_a_failed_task_is_found_by_it(self, stack: Stack, code: str) -> None:
        @task(id="failing")
        def failing(context: Context) -> Failed:
            return Failed("No.", code=code)

        record = stack.trigger(failing)
        stack.run(record)

        assert stack.get(record).error_code == code
        wanted = Filter(error_code=code)
        assert [task.id for task in stack.tasks.list(wanted).items] == [record.id]
        assert stack.tasks.count(wanted) == 1
        assert stack.tasks.list(Filter(tenant="acme", error_code=code)).items == ()

    def test_a_task_that_has_failed_without_one_has_none(self, stack: Stack) -> None:
        @task(id="failing")
        def failing(context: Context) -> Failed:
            return Failed("No.")

        record = stack.trigger(failing)
        stack.run(record)

        error: Any = (stack.get(record).output or {})["error"]
        assert stack.get(record).error_code == error.get("code")


def test_tags_that_are_checked_are_plain_texts() -> None:
    class Text(str):
        pass

    tags = checked_tags({Text("a"): Text("b")})

    assert (tags, {type(key) for key in tags}) == ({"a": "b"}, {str})


def test_a_definition_shows_its_tags() -> None:
    assert isinstance(tagged, Definition)
    assert tagged.tags == {"team": "billing", "kind": "nightly"}
    assert some.tags == {}


def test_an_event_of_a_stored_task_cannot_change_its_tags(
    bus_queue: BusQueue, stack: Stack
) -> None:
    stack.tasks.trigger("some", tags=CUSTOMER)

    [event] = bus_queue.take()

    assert "tags" not in event["detail"]


def test_a_record_of_older_code_which_has_no_key_of_its_name_is_listed_runs_and_ends(
    stack: Stack,
) -> None:
    record = stack.tasks.trigger("some", input={"fails": True})
    aws_client("dynamodb").update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"TASK#{record.id}"}, "sk": {"S": "TASK"}},
        UpdateExpression="REMOVE nameKey",
    )

    stack.run(record)

    assert (stack.get(record).error_code, stack.get(record).tags) == ("NO", {})
    for wanted in (Filter(), Filter(error_code="NO"), Filter(definition_id="some")):
        assert [task.id for task in stack.tasks.list(wanted).items] == [record.id]
    assert stack.tasks.list(Filter(name=record.name)).items == ()
    stack.tasks.delete(record.id)
    assert stack.rows() == []
