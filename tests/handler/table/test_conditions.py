"""The conditions of a write: who may claim a record, and who may write to one."""

from typing import Any

import pytest

from handler.contract import Status
from handler.record.stored_task import StoredTask
from handler.table.conditions import ANY_OWNER, NO_OWNER, ClaimRequest, Guard, owned_by, running
from handler.table.store import RecordMoved, Store
from tests.handler.stack import Stack

CLAIM = ClaimRequest(
    task_id="t1",
    tenant="root",
    definition_ids=("someTask",),
    execution_name="execution-1",
    visit="visit-1",
    max_iterations=3,
)
CLOSED = [Status.SUCCESS, Status.FAILED, Status.ABORTED]


@pytest.fixture
def store(stack: Stack) -> Store:
    return stack.store


def go_on(stack: Stack, task: StoredTask, **options: Any) -> None:
    """Ends the running iteration with a `Continue`."""
    after = task.continued(now=stack.clock.now(), input={}, wait=0, **options)
    stack.store.save(after, before=task, guard=owned_by(task))


class TestClaims:
    @pytest.mark.parametrize("status", CLOSED)
    def test_a_closed_task_is_not_claimed(self, stack: Stack, store: Store, status: Status) -> None:
        task = stack.create(id="t1", status=status)

        with pytest.raises(RecordMoved) as refused:
            store.claim(CLAIM)

        assert refused.value.task == store.get("t1") == task

    def test_a_task_of_another_execution_is_not_claimed(self, stack: Stack, store: Store) -> None:
        stack.create(id="t1")
        task = store.claim(CLAIM)

        with pytest.raises(RecordMoved) as refused:
            store.claim(CLAIM._replace(execution_name="execution-2", visit="visit-2"))

        assert refused.value.task == store.get("t1") == task

    def test_a_task_of_another_definition_is_not_claimed(self, stack: Stack, store: Store) -> None:
        task = stack.create(id="t1", definition_id="otherTask")

        with pytest.raises(RecordMoved) as refused:
            store.claim(CLAIM)

        assert refused.value.task == store.get("t1") == task

    def test_a_claim_of_a_task_that_does_not_exist_creates_none(
        self, stack: Stack, store: Store
    ) -> None:
        with pytest.raises(RecordMoved) as refused:
            store.claim(CLAIM)

        assert refused.value.task is None
        assert stack.rows() == []

    def test_a_fourth_iteration_is_not_claimed_if_three_are_allowed(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        for number in range(3):
            go_on(stack, store.claim(CLAIM._replace(visit=f"visit-{number}")))

        with pytest.raises(RecordMoved) as refused:
            store.claim(CLAIM._replace(visit="visit-3"))

        assert refused.value.task is not None
        assert refused.value.task.iterations == 3

    def test_iterations_that_do_not_count_are_claimed_beyond_the_limit(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        for number in range(5):
            go_on(stack, store.claim(CLAIM._replace(visit=f"visit-{number}")), counts=False)

        task = store.claim(CLAIM._replace(visit="visit-5"))

        assert (task.iterations, task.counted_iterations) == (6, 1)

    def test_the_last_iteration_is_claimed_again_after_a_crash(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        last = CLAIM._replace(max_iterations=1)
        store.claim(last)

        task = store.claim(last)

        assert (task.iterations, task.claims_since_outcome) == (2, 2)

    def test_a_visit_that_was_answered_is_not_claimed_again(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        go_on(stack, store.claim(CLAIM))

        with pytest.raises(RecordMoved):
            store.claim(CLAIM)

        assert store.get("t1").iterations == 1

    def test_a_visit_that_crashed_is_claimed_again_and_counted(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        store.claim(CLAIM)

        task = store.claim(CLAIM)

        assert (task.iterations, task.claims_since_outcome, task.attempts) == (2, 2, 2)

    def test_a_claim_without_a_visit_is_made_each_time(self, stack: Stack, store: Store) -> None:
        stack.create(id="t1")
        iterations = []

        for _ in range(3):
            task = store.claim(CLAIM._replace(visit=""))
            iterations.append(task.iterations)
            go_on(stack, task)

        assert iterations == [1, 2, 3]


class TestGuards:
    @pytest.mark.parametrize(
        "guard",
        [
            Guard(execution_name="execution-2"),
            NO_OWNER,
            Guard(iterations=2),
            Guard(iterations=0),
            Guard(execution_name="execution-1", iterations=0),
            Guard(execution_name="execution-1", iterations=2),
            Guard(execution_name="execution-2", iterations=1),
        ],
        ids=str,
    )
    def test_a_guard_of_another_owner_or_iteration_refuses_a_write(
        self, stack: Stack, store: Store, guard: Guard
    ) -> None:
        stack.create(id="t1")
        task = store.claim(CLAIM)
        after = task.succeeded(now=stack.clock.now(), output=None)

        with pytest.raises(RecordMoved):
            store.save(after, before=task, guard=guard)

        assert store.get("t1") == task

    @pytest.mark.parametrize(
        "guard",
        [
            ANY_OWNER,
            Guard(execution_name="execution-1"),
            Guard(iterations=1),
            Guard(execution_name="execution-1", iterations=1),
        ],
        ids=str,
    )
    def test_a_guard_of_the_owner_and_its_iteration_lets_a_write_happen(
        self, stack: Stack, store: Store, guard: Guard
    ) -> None:
        stack.create(id="t1")
        task = store.claim(CLAIM)
        after = task.succeeded(now=stack.clock.now(), output=None)

        store.save(after, before=task, guard=guard)

        assert store.get("t1").status is Status.SUCCESS

    @pytest.mark.parametrize(
        "guard", [ANY_OWNER, NO_OWNER, Guard(execution_name="", iterations=0)], ids=str
    )
    def test_a_pending_task_has_no_owner_and_no_iteration(
        self, stack: Stack, store: Store, guard: Guard
    ) -> None:
        task = stack.create(id="t1")

        store.save(task.aborted(now=stack.clock.now()), before=task, guard=guard)

        assert store.get("t1").status is Status.ABORTED

    def test_the_guard_of_a_task_names_its_execution_and_its_iteration(
        self, stack: Stack, store: Store
    ) -> None:
        pending = stack.create(id="t1")
        running = store.claim(CLAIM)

        guards = (owned_by(pending), owned_by(running))

        assert guards == (
            Guard(execution_name="", iterations=0),
            Guard(execution_name="execution-1", iterations=1),
        )

    def test_a_running_iterations_guard_holds_until_its_outcome(
        self, stack: Stack, store: Store
    ) -> None:
        stack.create(id="t1")
        task = store.claim(CLAIM)
        early = task.checkpointed(now=stack.clock.now(), input={"cursor": 1})
        late = task.checkpointed(now=stack.clock.now(), input={"cursor": 2})
        store.save(early, before=task, guard=running(task))
        go_on(stack, task)

        with pytest.raises(RecordMoved):
            store.save(late, before=task, guard=running(task))

        assert store.get("t1").input == {"cursor": 1}

    @pytest.mark.parametrize("status", CLOSED)
    def test_a_closed_task_is_not_saved_under_any_guard(
        self, stack: Stack, store: Store, status: Status
    ) -> None:
        closed = stack.create(id="t1", status=status)
        after = closed.checkpointed(now=stack.clock.now(), output={"a": 1})

        with pytest.raises(RecordMoved):
            store.save(after, before=closed, guard=ANY_OWNER)

        assert store.get("t1") == closed
