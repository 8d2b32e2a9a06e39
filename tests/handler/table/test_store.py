"""The table: create, claim, save, read."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handler.contract import Index, Status
from handler.errors import NotFound, StoreError, StoreUnavailable
from handler.record.task_record import ErrorRecord, LogLine, TaskRecord
from handler.table.conditions import Claim, Guard
from handler.table.index_query import Selection
from handler.table.store import Store, Superseded
from tests.handler.stack import Stack, refusal

CLAIM = Claim(
    task_id="t1",
    execution_name="execution-1",
    visit="visit-1",
    invocation="invocation-1",
    max_iterations=3,
)


@pytest.fixture
def store(stack: Stack) -> Store:
    return stack.store


def line(message: str = "A line.", created_on: str = "2030-01-01T00:00:00.000Z") -> LogLine:
    return LogLine(message=message, created_on=created_on)


def owned(record: TaskRecord) -> Guard:
    return Guard(execution_name=record.execution_name or "", iterations=record.iterations)


class TestCreating:
    def test_a_record_is_read_back_as_it_was_written(self, stack: Stack, store: Store) -> None:
        record = stack.create(input={"a": [1, {"b": None}]}, delay=5)

        assert store.get(record.id) == store.find(record.id) == record
        assert store.status(record.id) is Status.PENDING

    def test_a_second_record_of_the_same_id_changes_nothing(
        self, stack: Stack, store: Store
    ) -> None:
        first = stack.create(id="t1", name="first")

        assert not store.create(replaced(first, name="second"))

        assert store.get("t1").name == "first"

    def test_a_task_that_does_not_exist_is_not_found(self, store: Store) -> None:
        with pytest.raises(NotFound, match='Task "nothing" was not found!'):
            store.get("nothing")
        assert store.find("nothing") is None
        assert store.status("nothing") is None

    def test_a_child_and_its_parents_note_of_it_are_written_together(
        self, stack: Stack, store: Store
    ) -> None:
        child = stack.create(parent_id="p1")
        stack.dynamodb.requests.clear()

        assert store.children("p1") == [child]
        assert stack.dynamodb.requests[0][1]["ConsistentRead"] is True

    def test_a_second_child_of_the_same_id_is_no_second_child(
        self, stack: Stack, store: Store
    ) -> None:
        child = stack.create(parent_id="p1")
        stack.clock.advance(1)

        assert not store.create(replaced(child, created_on="2030-01-01T00:00:01.000Z"))

        assert store.children("p1") == [child]


def replaced(record: TaskRecord, **changes: object) -> TaskRecord:
    return record.model_copy(update=changes)


class TestClaiming:
    def test_a_claim_counts_owns_and_returns_the_record_in_one_request(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        stack.dynamodb.requests.clear()

        record = store.claim(CLAIM)

        assert stack.dynamodb.calls == ["update_item"]
        assert (record.status, record.iterations, record.claims, record.attempts) == (
            Status.RUNNING,
            1,
            1,
            1,
        )
        assert (record.execution_name, record.visit, record.invocation) == (
            "execution-1",
            "visit-1",
            "invocation-1",
        )
        assert record.started_on == "2030-01-01T00:00:00.000Z"
        assert record == store.get("t1")

    def test_the_next_iteration_keeps_the_date_of_the_start(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        first = store.claim(CLAIM)
        store.save(
            first.continued(now=stack.clock.now(), input={}, wait=60),
            before=first,
            guard=owned(first),
        )
        stack.clock.advance(60)

        second = store.claim(replace(CLAIM, visit="visit-2", invocation="invocation-2"))

        assert second.iterations == 2
        assert second.started_on == first.started_on
        assert second.waiting_until is None
        assert second.claims == 1

    @pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED, Status.ABORTED])
    def test_a_closed_task_is_not_claimed(self, stack: Stack, store: Store, status: Status) -> None:
        record = stack.create(id="t1", status=status)

        with pytest.raises(Superseded) as refused:
            store.claim(CLAIM)

        assert refused.value.record == store.get("t1") == record

    def test_another_executions_task_is_not_claimed(self, stack: Stack, store: Store) -> None:
        stack.create(id="t1")
        record = store.claim(CLAIM)

        with pytest.raises(Superseded) as refused:
            store.claim(
                replace(
                    CLAIM, execution_name="execution-2", visit="visit-2", invocation="invocation-2"
                )
            )

        assert refused.value.record == store.get("t1") == record

    def test_a_task_that_does_not_exist_is_not_made(self, stack: Stack, store: Store) -> None:
        with pytest.raises(Superseded) as refused:
            store.claim(CLAIM)

        assert refused.value.record is None
        assert stack.rows() == []

    def test_a_task_is_claimed_as_often_as_it_may_run(self, stack: Stack, store: Store) -> None:
        stack.create(id="t1")
        for number in range(3):
            record = store.claim(
                replace(CLAIM, visit=f"visit-{number}", invocation=f"invocation-{number}")
            )
            store.save(
                record.continued(now=stack.clock.now(), input={}, wait=0),
                before=record,
                guard=owned(record),
            )

        with pytest.raises(Superseded) as refused:
            store.claim(replace(CLAIM, visit="visit-3", invocation="invocation-3"))

        assert refused.value.record is not None
        assert refused.value.record.iterations == 3

    def test_a_visit_that_was_answered_is_not_claimed_again(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        record = store.claim(CLAIM)
        store.save(
            record.continued(now=stack.clock.now(), input={}, wait=0),
            before=record,
            guard=owned(record),
        )

        with pytest.raises(Superseded):
            store.claim(replace(CLAIM, invocation="invocation-2"))

        assert store.get("t1").iterations == 1

    def test_a_visit_that_crashed_is_claimed_again_and_counted(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        store.claim(CLAIM)

        record = store.claim(replace(CLAIM, invocation="invocation-2"))

        assert (record.iterations, record.claims, record.attempts) == (2, 2, 2)

    def test_a_claim_whose_answer_was_lost_is_counted_once(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        first = store.claim(CLAIM)

        assert store.claim(CLAIM) == first == store.get("t1")

    def test_a_state_machine_that_tells_no_visit_is_claimed_each_time(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        for number in range(1, 4):
            record = store.claim(replace(CLAIM, visit="", invocation=f"invocation-{number}"))
            assert record.iterations == number
            store.save(
                record.continued(now=stack.clock.now(), input={}, wait=0),
                before=record,
                guard=owned(record),
            )


class TestSaving:
    def test_only_what_changed_is_written(self, stack: Stack, store: Store) -> None:
        stack.create(id="t1", input={"a": 1})
        record = store.claim(CLAIM)
        stack.dynamodb.requests.clear()
        stack.clock.advance(1)

        store.save(
            record.checkpointed(now=stack.clock.now(), output={"b": 2}),
            before=record,
            guard=owned(record),
        )

        ((operation, request),) = stack.dynamodb.requests
        assert operation == "update_item"
        assert set(request["ExpressionAttributeNames"].values()) == {"output", "savedOn"}
        assert (store.get("t1").input, store.get("t1").output) == ({"a": 1}, {"b": 2})

    def test_the_outcome_and_its_log_are_one_transaction(self, stack: Stack, store: Store) -> None:
        stack.create(id="t1")
        record = store.claim(CLAIM)
        stack.dynamodb.requests.clear()

        store.save(
            record.succeeded(now=stack.clock.now(), output=None),
            before=record,
            guard=owned(record),
            log=record.log([line()]),
        )

        assert stack.dynamodb.calls == ["transact_write_items"]
        assert stack.messages("t1") == ["A line."]

    def test_where_the_guard_fails_neither_is_written(self, stack: Stack, store: Store) -> None:
        stack.create(id="t1")
        record = store.claim(CLAIM)
        stack.tasks.abort("t1")
        aborted = store.get("t1")

        with pytest.raises(Superseded) as refused:
            store.save(
                record.succeeded(now=stack.clock.now(), output=None),
                before=record,
                guard=owned(record),
                log=record.log([line()]),
            )

        assert refused.value.record == store.get("t1") == aborted
        assert stack.messages("t1") == ["Task aborted."]

    @pytest.mark.parametrize(
        "guard",
        [
            Guard(execution_name="execution-2"),
            Guard(execution_name=""),
            Guard(iterations=2),
            Guard(iterations=0),
            Guard(execution_name="execution-1", iterations=0),
        ],
    )
    def test_a_guard_holds_for_one_iteration_of_one_owner(
        self, stack: Stack, store: Store, guard: Guard
    ) -> None:
        stack.create(id="t1")
        record = store.claim(CLAIM)

        with pytest.raises(Superseded):
            store.save(
                record.succeeded(now=stack.clock.now(), output=None), before=record, guard=guard
            )

        assert store.get("t1") == record

    @pytest.mark.parametrize(
        "guard", [Guard(), Guard(execution_name=""), Guard(execution_name="", iterations=0)]
    )
    def test_a_pending_task_belongs_to_nobody(
        self, stack: Stack, store: Store, guard: Guard
    ) -> None:
        record = stack.create(id="t1")

        store.save(record.aborted(now=stack.clock.now()), before=record, guard=guard)

        assert store.get("t1").status is Status.ABORTED

    @pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED, Status.ABORTED])
    def test_a_closed_task_is_never_written_to(
        self, stack: Stack, store: Store, status: Status
    ) -> None:
        closed = stack.create(id="t1", status=status)

        with pytest.raises(Superseded):
            store.save(
                closed.checkpointed(now=stack.clock.now() + timedelta(1), output={"a": 1}),
                before=closed,
                guard=Guard(),
            )

        assert store.get("t1") == closed

    def test_a_record_that_is_gone_is_told(self, stack: Stack, store: Store) -> None:
        gone = TaskRecord.new(now=stack.clock.now(), definition_id="d", name="n", input={})

        with pytest.raises(Superseded) as refused:
            store.save(gone.aborted(now=stack.clock.now()), before=gone, guard=Guard())

        assert refused.value.record is None
        assert stack.rows() == []


class TestClosedTasks:
    def test_a_hook_that_has_run_is_noted_once(self, stack: Stack, store: Store) -> None:
        record = stack.create(status=Status.SUCCESS, hook="on_done")
        assert [due.id for due in store.open_tasks()] == [record.id]

        store.settle(record.hook_ran(), before=record)
        store.settle(record.hook_ran(), before=record)

        assert store.get(record.id).hook is None
        assert list(store.open_tasks()) == []

    def test_to_settle_what_is_gone_makes_no_record(self, stack: Stack, store: Store) -> None:
        record = TaskRecord.new(
            now=stack.clock.now(),
            definition_id="d",
            name="n",
            input={},
            status=Status.SUCCESS,
            hook="on_done",
        )

        store.settle(record.hook_ran(), before=record)

        assert stack.rows() == []

    def test_open_tasks_of_every_tenant_are_found_oldest_first(
        self, stack: Stack, store: Store
    ) -> None:
        ids = []
        for tenant, status in (("a", Status.PENDING), ("b", Status.RUNNING), ("a", Status.SUCCESS)):
            ids.append(stack.create(tenant=tenant, status=status).id)
            stack.clock.advance(1)

        assert [record.id for record in store.open_tasks()] == ids[:2]

    def test_what_is_over_expires_with_its_logs(self, stack: Stack) -> None:
        stack.settings = replace(stack.settings, retention_days=90)
        record = stack.create(id="t1", input={"a": 1})
        assert not any("expiresAt" in row for row in stack.rows())

        stack.store.save(
            record.succeeded(now=stack.clock.now(), output=None),
            before=record,
            guard=Guard(),
            log=record.log([line()]),
        )

        expiry = datetime(2030, 4, 1, tzinfo=UTC).timestamp()
        assert [int(row["expiresAt"]["N"]) for row in stack.rows()] == [expiry, expiry]

    def test_without_retention_nothing_expires(self, stack: Stack, store: Store) -> None:
        record = stack.create()

        store.save(
            record.aborted(now=stack.clock.now()),
            before=record,
            guard=Guard(),
            log=record.log([line()]),
        )

        assert not any("expiresAt" in row for row in stack.rows())

    def test_to_delete_leaves_nothing_of_the_task_behind(self, stack: Stack, store: Store) -> None:
        record = stack.create(id="t1", status=Status.SUCCESS)
        for number in range(60):  # more than two batches
            store.append(replaced(record, iterations=number).log([line()]))
        child = stack.create(id="c1", parent_id="t1")

        store.delete(record)

        assert {row["pk"]["S"] for row in stack.rows()} == {f"TASK#{child.id}"}

    def test_to_delete_twice_is_told(self, stack: Stack, store: Store) -> None:
        record = stack.create(status=Status.SUCCESS)
        store.delete(record)

        with pytest.raises(Superseded) as refused:
            store.delete(record)

        assert refused.value.record is None


class TestReading:
    def test_many_records_come_in_the_order_of_their_ids_and_without_those_that_are_gone(
        self, stack: Stack, store: Store
    ) -> None:
        ids = [stack.create(id=f"t{number}").id for number in range(7)]
        wanted = [*reversed(ids), "nothing"]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("handler.table.store._BATCH_GET", 3)
            stack.dynamodb.requests.clear()
            found = store.records(wanted)

        assert [record.id for record in found] == wanted[:-1]
        assert stack.dynamodb.calls == ["batch_get_item"] * 3

    def test_pages_follow_each_other_without_gaps(self, stack: Stack, store: Store) -> None:
        for number in range(5):
            stack.create(id=f"t{number}")
            stack.clock.advance(1)
        selection = Selection(Index.BY_TENANT, "root")

        first = store.page(selection, limit=2)
        second = store.page(selection, limit=2, cursor=first.cursor)
        third = store.page(selection, limit=2, cursor=second.cursor)

        assert (first.ids, second.ids, third.ids) == (("t4", "t3"), ("t2", "t1"), ("t0",))
        assert third.cursor is None

    def test_a_page_may_go_on_behind_any_record(self, stack: Stack, store: Store) -> None:
        records = []
        for number in range(3):
            records.append(stack.create(id=f"t{number}", parent_id="p1"))
            stack.clock.advance(1)

        for selection in (Selection(Index.BY_TENANT, "root"), Selection(None, "p1")):
            page = store.page(
                selection, newest_first=False, limit=5, cursor=selection.position(records[0])
            )
            assert page.ids == ("t1", "t2")

    @pytest.mark.parametrize(
        ("created", "ids"), [(("", "~"), "012"), ((1, "~"), "12"), (("", 1), "01"), ((1, 1), "1")]
    )
    @pytest.mark.parametrize("of_parent", [True, False])
    def test_a_selection_is_bounded_by_moments_both_included(
        self, stack: Stack, store: Store, created: Any, ids: str, of_parent: bool
    ) -> None:
        moments = []
        for number in range(3):
            moments.append(stack.create(id=str(number), parent_id="p1").created_on)
            stack.clock.advance(0.001)
        bounds = tuple(moments[bound] if isinstance(bound, int) else bound for bound in created)
        index, partition = (None, "p1") if of_parent else (Index.BY_TENANT, "root")
        selection = Selection(index, partition, bounds)  # type: ignore[arg-type]

        assert "".join(record.id for record in store.select(selection)) == ids
        assert store.count(selection) == len(ids)

    def test_logs_come_one_per_iteration(self, stack: Stack, store: Store) -> None:
        record = stack.create(id="t1")
        for iteration, message in ((1, "a"), (2, "b"), (2, "c"), (10, "d")):
            stack.clock.advance(1)
            moment = f"2030-01-01T00:00:{iteration:02}.{ord(message)}Z"
            store.append(replaced(record, iterations=iteration).log([line(message, moment)]))

        logs = [(log.iteration, [item.message for item in log.items]) for log in store.logs("t1")]

        assert logs == [(1, ["a"]), (2, ["b", "c"]), (10, ["d"])]

    @pytest.mark.parametrize(
        ("newest_first", "beyond", "iterations"),
        [
            (False, None, [1, 2, 3]),
            (True, None, [3, 2, 1]),
            (False, 1, [2, 3]),
            (True, 3, [2, 1]),
            (False, 3, []),
            (True, 1, []),
        ],
    )
    def test_logs_go_on_behind_an_iteration(
        self,
        stack: Stack,
        store: Store,
        newest_first: bool,
        beyond: int | None,
        iterations: list[int],
    ) -> None:
        record = stack.create(id="t1")
        for iteration in (1, 2, 3):
            store.append(replaced(record, iterations=iteration).log([line()]))

        found = [
            log.iteration for log in store.logs("t1", newest_first=newest_first, beyond=beyond)
        ]

        assert found == iterations

    def test_another_tasks_logs_are_its_own(self, stack: Stack, store: Store) -> None:
        store.append(stack.create(id="t1").log([line("of t1")]))
        store.append(stack.create(id="t10").log([line("of t10")]))

        assert stack.messages("t1") == ["of t1"]


class TestLargePayloads:
    @pytest.mark.parametrize("size", [100, 10_000, 500_000, 2_000_000])
    @pytest.mark.parametrize("compressible", [True, False])
    def test_an_input_and_an_output_of_any_size_come_back(
        self, stack: Stack, store: Store, size: int, compressible: bool
    ) -> None:
        text = "é" * (size // 2) if compressible else random_text(size)
        record = stack.create(id="t1", input={"text": text})
        after = record.failed(
            now=stack.clock.now(), error=ErrorRecord(message="boom", data={"text": text})
        )

        store.save(after, before=record, guard=Guard())

        assert store.get("t1") == after
        assert store.records(["t1"]) == [after]


def random_text(size: int) -> str:
    # Pseudo-random, the same each time: gzip finds little in it.
    return random.Random(7).randbytes(size // 2).hex()


class TestFaults:
    def test_a_missing_permission_is_a_store_error(self, stack: Stack, store: Store) -> None:
        stack.dynamodb.fail(refusal("AccessDeniedException"))

        with pytest.raises(StoreError):
            store.find("t1")

    def test_a_store_that_stays_away_is_unavailable(self, stack: Stack, store: Store) -> None:
        stack.dynamodb.fail(refusal("ThrottlingException"))
        stack.remaining_seconds = lambda: 5.01

        with pytest.raises(StoreUnavailable):
            store.find("t1")

    def test_no_request_is_a_scan(self, stack: Stack, store: Store) -> None:
        record = stack.create(parent_id="p1", status=Status.SUCCESS)
        store.append(record.log([line()]))
        for read in (store.open_tasks, lambda: store.children("p1"), lambda: store.logs(record.id)):
            list(read())
        store.count(Selection(Index.BY_TENANT, "root"))
        store.delete(record)

        assert "scan" not in stack.dynamodb.calls
