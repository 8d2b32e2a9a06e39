"""The records of the tasks: create, claim, save, read, delete."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from handler.contract import Status
from handler.errors import NotFound, StoreError, StoreUnavailable
from handler.record.failures import TaskFailure
from handler.record.stored_task import StoredTask
from handler.record.task_log import LogLine, TaskLog
from handler.table.conditions import ANY_OWNER, ClaimRequest, owned_by
from handler.table.index_query import IndexQuery
from handler.table.store import RecordMoved, Store
from tests.handler.stack import Stack, refusal

CLAIM = ClaimRequest(
    task_id="t1",
    tenant="root",
    definition_ids=("someTask",),
    execution_name="execution-1",
    visit="visit-1",
    max_iterations=3,
)
NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(stack: Stack) -> Store:
    return stack.store


def changed(task: StoredTask, **changes: object) -> StoredTask:
    return task.model_copy(update=changes)


def log_of(task: StoredTask, message: str = "A line.", *, part: int | None = None) -> TaskLog:
    return TaskLog.of(task, [LogLine.at(NOW, message)], part=part)


def new_task(**fields: Any) -> StoredTask:
    """A task that is not in the table."""
    fields = {"id": "t1", "definition_id": "someTask", "name": "n", "input": {}} | fields
    return StoredTask.new(now=NOW, **fields)


def lose_response(
    stack: Stack, operation: str, *, then: Callable[[], object] | None = None
) -> None:
    """The next request of an operation takes effect, and its response is lost.

    Args:
        then: what happens before the request is sent again.
    """
    lost = iter([True])

    def lose(sent: str, request: dict[str, Any]) -> None:
        if sent == operation and next(lost, False):
            if then:
                then()
            raise ConnectionClosedError(endpoint_url="https://dynamodb")

    stack.dynamodb.requests.clear()
    stack.dynamodb.afterwards = lose


class TestCreating:
    def test_a_task_is_read_back_as_it_was_created(self, stack: Stack, store: Store) -> None:
        task = new_task(input={"a": [1, {"b": None}]}, delay=5)

        is_new = store.create(task)

        assert is_new
        assert store.get("t1") == store.find("t1")
        assert store.get("t1").to_record() == task.to_record()
        assert store.exists("t1")

    def test_a_second_task_of_the_same_id_changes_nothing(self, stack: Stack, store: Store) -> None:
        first = stack.create(id="t1", name="first")

        is_new = store.create(changed(first, name="second"))

        assert not is_new
        assert store.get("t1") == first

    def test_a_task_that_does_not_exist_is_not_found(self, store: Store) -> None:
        with pytest.raises(NotFound, match='Task "nothing" was not found!'):
            store.get("nothing")

        assert store.find("nothing") is None
        assert not store.exists("nothing")

    def test_a_child_and_its_parents_row_of_it_are_one_transaction(
        self, stack: Stack, store: Store
    ) -> None:
        stack.dynamodb.requests.clear()

        store.create(new_task(id="c1", parent_id="p1"))

        assert stack.dynamodb.calls == ["transact_write_items"]
        assert [child.id for child in store.index.children("p1")] == ["c1"]

    def test_a_second_child_of_the_same_id_adds_no_row_to_its_parent(
        self, stack: Stack, store: Store
    ) -> None:
        child = stack.create(parent_id="p1")
        stack.clock.advance(1)

        is_new = store.create(changed(child, created_on=stack.clock.now()))

        assert not is_new
        assert list(store.index.children("p1")) == [child]
        assert len(stack.rows()) == 3  # its record, its name at its parent, its place as open

    def test_a_task_that_failed_before_its_start_is_created_with_its_log(
        self, stack: Stack, store: Store
    ) -> None:
        failed = new_task().failed(now=NOW, failure=TaskFailure(message="boom"))

        is_new = store.create(failed, log=log_of(failed))

        assert is_new
        assert store.get("t1").to_record() == failed.to_record()
        assert stack.messages("t1") == ["A line."]


class TestClaiming:
    def test_a_claim_counts_owns_and_returns_the_record_in_one_request(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        stack.dynamodb.requests.clear()

        task = store.claim(CLAIM)

        assert stack.dynamodb.calls == ["update_item"]
        assert (task.status, task.started_on) == (Status.RUNNING, NOW)
        assert (task.iterations, task.counted_iterations, task.claims_since_outcome) == (1, 1, 1)
        assert (task.attempts, task.execution_visits) == (1, 1)
        assert (task.execution_name, task.visit) == ("execution-1", "visit-1")
        assert task == store.get("t1")

    def test_the_second_iteration_keeps_the_date_of_the_start(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        first = store.claim(CLAIM)
        waiting = first.continued(now=stack.clock.now(), input={}, wait=60)
        store.save(waiting, before=first, guard=owned_by(first))
        stack.clock.advance(60)

        second = store.claim(CLAIM._replace(visit="visit-2"))

        assert second.iterations == 2
        assert second.started_on == first.started_on
        assert second.waiting_until is None
        assert second.claims_since_outcome == 1


class TestSaving:
    def test_a_checkpoint_of_an_output_writes_the_output_the_date_and_the_token_alone(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1", input={"a": 1})
        task = store.claim(CLAIM)
        stack.dynamodb.requests.clear()
        stack.clock.advance(1)
        after = task.checkpointed(now=stack.clock.now(), output={"b": 2})

        store.save(after, before=task, guard=owned_by(task))

        ((operation, request),) = stack.dynamodb.requests
        assert operation == "update_item"
        assert set(request["ExpressionAttributeNames"].values()) == {
            "output",
            "savedOn",
            "writeToken",
        }
        assert (store.get("t1").input, store.get("t1").output) == ({"a": 1}, {"b": 2})

    def test_an_outcome_and_its_log_are_one_transaction(self, stack: Stack, store: Store) -> None:
        stack.create(id="t1")
        task = store.claim(CLAIM)
        stack.dynamodb.requests.clear()
        after = task.succeeded(now=stack.clock.now(), output=None)

        store.save(after, before=task, guard=owned_by(task), log=log_of(task))

        assert stack.dynamodb.calls == ["transact_write_items"]
        assert store.get("t1").to_record() == after.to_record()
        assert stack.messages("t1") == ["A line."]

    def test_a_guard_that_does_not_hold_writes_neither_the_outcome_nor_its_log(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        task = store.claim(CLAIM)
        stack.tasks.abort("t1")
        aborted = store.get("t1")
        after = task.succeeded(now=stack.clock.now(), output=None)

        with pytest.raises(RecordMoved) as refused:
            store.save(after, before=task, guard=owned_by(task), log=log_of(task))

        assert refused.value.task == store.get("t1") == aborted
        assert stack.messages("t1") == ["Task aborted."]

    def test_a_save_of_a_task_that_is_gone_creates_none(self, stack: Stack, store: Store) -> None:
        gone = new_task()

        with pytest.raises(RecordMoved) as refused:
            store.save(gone.aborted(now=NOW), before=gone, guard=ANY_OWNER)

        assert refused.value.task is None
        assert stack.rows() == []

    @pytest.mark.parametrize("log", [True, False], ids=["with a log", "alone"])
    def test_two_saves_of_one_task_have_different_write_tokens(
        self, stack: Stack, store: Store, log: bool
    ) -> None:
        created = stack.create(id="t1")
        claimed = store.claim(CLAIM)
        checkpoint = claimed.checkpointed(now=NOW, output={"a": 1})
        lines = log_of(claimed) if log else None

        store.save(checkpoint, before=claimed, guard=ANY_OWNER, log=lines)
        first = store.get("t1")
        store.save(checkpoint, before=claimed, guard=ANY_OWNER, log=lines)
        second = store.get("t1")

        tokens = {task.write_token for task in (created, claimed, first, second)}
        assert len(tokens) == 4
        assert None not in tokens


class TestLostResponses:
    @pytest.mark.parametrize(
        ("parent_id", "operation"), [(None, "put_item"), ("p1", "transact_write_items")]
    )
    def test_a_create_whose_response_is_lost_has_created_the_task(
        self, stack: Stack, store: Store, parent_id: str | None, operation: str
    ) -> None:
        task = new_task(parent_id=parent_id)
        lose_response(stack, operation)

        is_new = store.create(task)

        assert is_new
        assert stack.dynamodb.calls == [operation] * 2
        assert store.get("t1").to_record() == task.to_record()

    def test_a_create_whose_response_is_lost_is_not_new_after_another_write(
        self, stack: Stack, store: Store
    ) -> None:
        lose_response(stack, "put_item", then=lambda: store.claim(CLAIM))

        is_new = store.create(new_task())

        assert not is_new
        assert store.get("t1").iterations == 1

    def test_a_claim_whose_response_is_lost_counts_once(self, stack: Stack, store: Store) -> None:
        stack.create(id="t1")
        lose_response(stack, "update_item")

        task = store.claim(CLAIM)

        assert stack.dynamodb.calls == ["update_item"] * 2
        assert task == store.get("t1")
        assert (task.iterations, task.counted_iterations, task.claims_since_outcome) == (1, 1, 1)
        assert (task.attempts, task.execution_visits) == (1, 1)

    def test_a_claim_whose_response_is_lost_counts_once_though_somebody_has_written_since(
        self, stack: Stack, store: Store
    ) -> None:
        def meddle() -> None:
            stack.tasks.pause("t1")
            stack.tasks.resume("t1")

        stack.create(id="t1")
        lose_response(stack, "update_item", then=meddle)

        task = store.claim(CLAIM)

        assert task == store.get("t1")
        assert (task.iterations, task.claims_since_outcome, task.is_paused) == (1, 1, False)

    def test_a_claim_whose_response_is_lost_holds_though_the_task_is_paused_since(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        lose_response(stack, "update_item", then=lambda: stack.tasks.pause("t1"))

        task = store.claim(CLAIM)

        assert (task.iterations, task.is_in_hand, task.is_paused) == (1, True, True)

    def test_a_claim_whose_response_is_lost_is_refused_after_an_abort(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        lose_response(stack, "update_item", then=lambda: stack.tasks.abort("t1"))

        with pytest.raises(RecordMoved) as refused:
            store.claim(CLAIM)

        assert refused.value.task is not None
        assert (refused.value.task.status, refused.value.task.iterations) == (Status.ABORTED, 1)

    @pytest.mark.parametrize(
        ("has_log", "operation"),
        [(False, "update_item"), (True, "transact_write_items")],
        ids=["alone", "with a log"],
    )
    def test_a_save_whose_response_is_lost_is_written_once(
        self, stack: Stack, store: Store, has_log: bool, operation: str
    ) -> None:
        stack.create(id="t1")
        task = store.claim(CLAIM)
        after = task.succeeded(now=NOW, output={"a": 1})
        lose_response(stack, operation)

        store.save(
            after, before=task, guard=owned_by(task), log=log_of(task, part=1) if has_log else None
        )

        assert stack.dynamodb.calls == [operation] * 2
        assert store.get("t1").to_record() == after.to_record()
        assert stack.messages("t1") == (["A line."] if has_log else [])

    @pytest.mark.parametrize(
        ("has_log", "operation"),
        [(False, "update_item"), (True, "transact_write_items")],
        ids=["alone", "with a log"],
    )
    def test_a_save_whose_response_is_lost_is_refused_after_another_write(
        self, stack: Stack, store: Store, has_log: bool, operation: str
    ) -> None:
        stack.create(id="t1")
        task = store.claim(CLAIM)
        after = task.continued(now=NOW, input={"a": 1}, wait=0)
        next_claim = CLAIM._replace(visit="visit-2")
        lose_response(stack, operation, then=lambda: store.claim(next_claim))

        with pytest.raises(RecordMoved) as refused:
            store.save(
                after,
                before=task,
                guard=owned_by(task),
                log=log_of(task, part=1) if has_log else None,
            )

        assert refused.value.task == store.get("t1")
        assert (store.get("t1").iterations, store.get("t1").input) == (2, {"a": 1})

    @pytest.mark.parametrize("operation", ["transact_write_items", "delete_item"])
    def test_a_delete_whose_response_is_lost_has_deleted_the_task(
        self, stack: Stack, store: Store, operation: str
    ) -> None:
        task = stack.create(id="t1", status=Status.SUCCESS)
        store.logs.append(log_of(task))
        lose_response(stack, operation)

        store.delete(task)

        assert stack.dynamodb.calls.count(operation) == 2
        assert stack.rows() == []


def test_a_deletion_leaves_a_task_that_was_made_with_the_same_key_since(
    stack: Stack, store: Store
) -> None:
    deleted = stack.create(id="t1", status=Status.SUCCESS)
    store.delete(deleted)
    stack.clock.advance(1)
    stack.create(id="t1")

    store.delete(deleted)

    assert store.get("t1").status is Status.PENDING


class TestFollowUps:
    def test_a_hook_that_has_run_is_cleared_and_a_second_time_changes_nothing(
        self, stack: Stack, store: Store
    ) -> None:
        task = stack.create(status=Status.SUCCESS, pending_hook="on_done")
        assert [due.id for due in stack.unfinished()] == [task.id]

        store.clear_follow_up(task.hook_ran(), before=task)
        once = stack.rows()
        store.clear_follow_up(task.hook_ran(), before=task)

        assert stack.rows() == once
        assert store.get(task.id).pending_hook is None
        assert stack.unfinished() == []

    def test_a_task_with_another_follow_up_stays_unfinished(
        self, stack: Stack, store: Store
    ) -> None:
        task = stack.create(
            status=Status.ABORTED, pending_hook="on_abort", children_abort_pending=True
        )

        store.clear_follow_up(task.family_told(), before=task)

        assert [due.id for due in stack.unfinished()] == [task.id]
        assert store.get(task.id).pending_hook == "on_abort"

    def test_a_follow_up_that_is_added_as_the_last_one_is_cleared_is_found_by_the_sweep(
        self, stack: Stack, store: Store
    ) -> None:
        task = stack.create(status=Status.SUCCESS, pending_hook="on_done")
        store.clear_follow_up(task.hook_ran(), before=task)

        store.add_follow_up(task.deleted(now=stack.clock.now()), before=task)

        assert [found.id for found in stack.unfinished()] == [task.id]

    def test_a_task_whose_two_follow_ups_were_cleared_at_once_leaves_the_index_at_the_next_sweep(
        self, stack: Stack, store: Store
    ) -> None:
        task = stack.create(
            status=Status.ABORTED, pending_hook="on_abort", children_abort_pending=True
        )
        store.clear_follow_up(task.family_told(), before=task)
        store.clear_follow_up(task.hook_ran(), before=task)

        for left in stack.unfinished():
            store.clear_follow_up(left, before=left)

        assert not store.get(task.id).has_follow_ups
        assert not any("unfinishedKey" in row for row in stack.rows())

    def test_clearing_a_follow_up_of_a_task_that_is_gone_creates_none(
        self, stack: Stack, store: Store
    ) -> None:
        gone = new_task(status=Status.SUCCESS, pending_hook="on_done")

        store.clear_follow_up(gone.hook_ran(), before=gone)

        assert stack.rows() == []


class TestExpiry:
    def test_a_finished_task_expires_with_its_log_after_the_days_of_retention(
        self, stack: Stack
    ) -> None:
        stack.settings = replace(stack.settings, retention_days=90)
        task = stack.create(id="t1", input={"a": 1})
        assert not any("expiresAt" in row for row in stack.rows())

        stack.store.save(
            stack.store.expiring(task.succeeded(now=stack.clock.now(), output=None)),
            before=task,
            guard=ANY_OWNER,
            log=log_of(task),
        )

        expiry = datetime(2030, 4, 1, tzinfo=UTC).timestamp()
        assert [int(row["expiresAt"]["N"]) for row in stack.rows()] == [expiry, expiry]

    @pytest.mark.parametrize("days", [36_500, 9_999_999, 10**30])
    def test_more_days_than_there_are_dates_are_a_hundred_years(
        self, stack: Stack, days: int
    ) -> None:
        stack.settings = replace(stack.settings, retention_days=days)

        expiry = stack.store.expiry("root")

        assert expiry == (stack.clock.now() + timedelta(days=36_500)).timestamp()

    def test_without_days_of_retention_nothing_expires(self, stack: Stack, store: Store) -> None:
        task = stack.create()

        store.save(
            task.aborted(now=stack.clock.now()), before=task, guard=ANY_OWNER, log=log_of(task)
        )

        assert len(stack.rows()) == 2
        assert not any("expiresAt" in row for row in stack.rows())


class TestDeleting:
    def test_a_delete_leaves_no_row_of_the_task(self, stack: Stack, store: Store) -> None:
        task = stack.create(id="t1", status=Status.SUCCESS)
        for number in range(60):  # more than two batches
            store.logs.append(log_of(changed(task, iterations=number)))
        child = stack.create(id="c1", parent_id="t1")

        store.delete(task)

        assert {row["pk"]["S"] for row in stack.rows()} == {f"TASK#{child.id}"}

    def test_a_second_delete_raises_nothing(self, stack: Stack, store: Store) -> None:
        task = stack.create(status=Status.SUCCESS)
        store.delete(task)

        store.delete(task)

        assert stack.rows() == []


def random_text(size: int) -> str:
    # Pseudo-random, the same each time: gzip finds little in it.
    return random.Random(7).randbytes(size // 2).hex()


class TestLargePayloads:
    @pytest.mark.parametrize("size", [100, 10_000, 500_000, 2_000_000])
    @pytest.mark.parametrize("compressible", [True, False])
    def test_an_input_and_an_output_of_any_size_come_back(
        self, stack: Stack, store: Store, size: int, compressible: bool
    ) -> None:
        text = "é" * (size // 2) if compressible else random_text(size)
        task = stack.create(id="t1", input={"text": text})
        failure = TaskFailure(message="boom", data={"text": text})
        after = task.failed(now=stack.clock.now(), failure=failure)

        store.save(after, before=task, guard=ANY_OWNER)

        assert store.get("t1").to_record() == after.to_record()
        assert store.index.tasks(["t1"]) == [store.get("t1")]

    def test_a_refused_claim_brings_a_large_input_along(self, stack: Stack, store: Store) -> None:
        text = random_text(500_000)
        stack.create(id="t1", input={"text": text}, status=Status.FAILED)

        with pytest.raises(RecordMoved) as refused:
            store.claim(CLAIM)

        assert refused.value.task is not None
        assert refused.value.task.input == {"text": text}


class TestFaults:
    def test_a_missing_permission_is_a_store_error(self, stack: Stack, store: Store) -> None:
        stack.dynamodb.fail(refusal("AccessDeniedException"))

        with pytest.raises(StoreError):
            store.find("t1")

    def test_throttling_until_the_timeout_is_store_unavailable(
        self, stack: Stack, store: Store
    ) -> None:
        stack.dynamodb.fail(refusal("ThrottlingException"))
        stack.remaining_seconds = lambda: 5.01

        with pytest.raises(StoreUnavailable):
            store.find("t1")

    def test_no_read_and_no_delete_scans_the_table(self, stack: Stack, store: Store) -> None:
        task = stack.create(parent_id="p1", status=Status.SUCCESS)
        store.logs.append(log_of(task))

        for read in (
            lambda: store.watch.due_by(stack.clock.now()),
            lambda: store.index.children("p1"),
            lambda: store.logs.read(task.id),
        ):
            list(read())
        store.index.count(IndexQuery(None, "p1"), at_most=9)
        store.delete(task)

        assert "query" in stack.dynamodb.calls
        assert "scan" not in stack.dynamodb.calls
