"""The task as the engine stores it, and the moves that its status may make."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handler.contract import AnswerStatus, Status
from handler.record.failures import TaskFailure
from handler.record.stored_task import StoredTask, new_id
from handler.record.task_record import TaskRecord
from handler.table.conditions import owned_by
from tests.handler.stack import Stack

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
CLOSED = [Status.SUCCESS, Status.FAILED, Status.ABORTED]


def new(**fields: Any) -> StoredTask:
    return StoredTask.new(
        now=NOW, definition_id="someTask", name="Some task", input={"a": 1}, **fields
    )


def running(**fields: Any) -> StoredTask:
    """A task in its first iteration."""
    claimed = {
        "status": Status.RUNNING,
        "iterations": 1,
        "counted_iterations": 1,
        "attempts": 1,
        "claims_since_outcome": 1,
        "visit": "visit-1",
    }
    return new(**claimed | fields)


MOVES: dict[str, Callable[[StoredTask], StoredTask]] = {
    "continued": lambda task: task.continued(now=LATER, input={}, wait=0),
    "retried": lambda task: task.retried(now=LATER, wait=0),
    "succeeded": lambda task: task.succeeded(now=LATER, output=None),
    "failed": lambda task: task.failed(now=LATER, failure=TaskFailure(message="boom")),
    "aborted": lambda task: task.aborted(now=LATER),
}


class TestNewTasks:
    def test_a_new_task_is_pending_without_an_execution(self) -> None:
        task = new()

        assert (task.status, task.iterations, task.execution_name) == (Status.PENDING, 0, None)
        assert task.created_on == task.saved_on == NOW
        assert (task.started_on, task.finished_on, task.output) == (None, None, None)
        assert (task.tenant, task.locale) == ("root", "en-US")
        assert not task.has_follow_ups

    def test_ids_are_24_hex_digits_and_sort_by_time(self) -> None:
        ids = [new_id(NOW + timedelta(seconds=second)) for second in range(5)]

        assert ids == sorted(ids)
        assert all(len(id) == 24 and int(id, 16) for id in ids)

    def test_two_ids_of_one_moment_differ(self) -> None:
        ids = {new_id(NOW), new_id(NOW)}

        assert len(ids) == 2


class TestToRecord:
    def test_a_record_has_the_values_of_a_task_record_and_no_other_fields(self) -> None:
        task = running(write_token="w", pending_hook="on_done", output={"b": 2}, parent_id="p")

        record = task.to_record()

        assert type(record) is TaskRecord
        assert set(vars(record)) == set(TaskRecord.model_fields)
        assert vars(record) == {name: getattr(task, name) for name in TaskRecord.model_fields}

    def test_a_record_is_equal_to_one_that_was_validated(self) -> None:
        task = running()

        record = task.to_record()

        assert record == TaskRecord.model_validate(vars(record))
        assert record.model_dump(mode="json") == TaskRecord.model_validate(vars(record)).model_dump(
            mode="json"
        )


class TestOutcomes:
    @pytest.mark.parametrize("closed", CLOSED)
    @pytest.mark.parametrize("move", MOVES)
    def test_a_closed_task_makes_no_move(self, closed: Status, move: str) -> None:
        task = running(status=closed)

        with pytest.raises(
            ValueError, match=f"is {closed}; it can't .* A status only moves forward"
        ):
            MOVES[move](task)

    @pytest.mark.parametrize("move", MOVES)
    def test_each_outcome_keeps_its_visit_and_ends_the_claim(self, move: str) -> None:
        task = running(waiting_until=NOW)

        after = MOVES[move](task)

        assert after.last_answer is not None
        assert after.answered_visit == "visit-1"
        assert after.claims_since_outcome == 0
        assert after.waiting_until is None
        assert after.saved_on == LATER

    def test_an_outcome_answers_the_visit_that_was_given_last(self) -> None:
        task = running().visited("visit-2")

        after = task.succeeded(now=LATER, output=None)

        assert after.answered_visit == "visit-2"

    def test_a_task_that_continues_stays_running_with_its_next_input(self) -> None:
        task = running()

        after = task.continued(now=LATER, input={"b": 2}, wait=0)

        assert (after.status, after.input) == (Status.RUNNING, {"b": 2})
        assert (after.waiting_until, after.counted_iterations) == (None, 1)
        assert after.last_answer is AnswerStatus.CONTINUE

    def test_a_wait_of_30_seconds_is_a_moment_on_the_record(self) -> None:
        task = running()

        after = task.continued(now=LATER, input={}, wait=30)

        assert after.waiting_until == LATER + timedelta(seconds=30)

    @pytest.mark.parametrize(("passed", "left"), [(0, 30), (29.5, 1), (31, 0)])
    def test_a_task_that_waits_has_the_rest_of_its_wait_left(
        self, passed: float, left: int
    ) -> None:
        task = running().continued(now=LATER, input={}, wait=30)

        seconds = task.delay_left(LATER + timedelta(seconds=passed))

        assert seconds == left

    def test_an_iteration_that_does_not_count_is_taken_off_the_counted_ones(self) -> None:
        task = running(counted_iterations=3)

        after = task.continued(now=LATER, input={}, wait=0, counts=False)

        assert after.counted_iterations == 2

    @pytest.mark.parametrize("claims", [1, 2, 4])
    def test_crashed_iterations_are_taken_off_the_counted_ones(self, claims: int) -> None:
        task = running(counted_iterations=5, claims_since_outcome=claims)

        after = task.continued(now=LATER, input={}, wait=0)

        assert after.counted_iterations == 5 - (claims - 1)

    def test_a_continue_starts_the_attempts_anew(self) -> None:
        task = running(attempts=2)

        after = task.continued(now=LATER, input={}, wait=0)

        assert after.attempts == 0

    def test_a_retry_keeps_the_attempts_and_the_input(self) -> None:
        task = running(attempts=2)

        after = task.retried(now=LATER, wait=10)

        assert (after.attempts, after.input) == (2, {"a": 1})
        assert (after.status, after.last_answer) == (Status.RUNNING, AnswerStatus.CONTINUE)
        assert after.waiting_until == LATER + timedelta(seconds=10)

    @pytest.mark.parametrize(
        ("output", "kept"), [(None, {"saved": 1}), ({}, {}), ({"own": 2}, {"own": 2})]
    )
    def test_success_keeps_the_saved_output_if_it_brings_none(
        self, output: dict[str, object] | None, kept: dict[str, object]
    ) -> None:
        task = running(output={"saved": 1})

        after = task.succeeded(now=LATER, output=output)

        assert after.output == kept
        assert (after.status, after.finished_on) == (Status.SUCCESS, LATER)

    def test_a_failure_stands_beside_the_saved_output_without_its_stack(self) -> None:
        task = running(output={"saved": 1})
        failure = TaskFailure(message="boom", code="C", data={"d": 1}, stack="Traceback")

        after = task.failed(now=LATER, failure=failure)

        error = {"message": "boom", "code": "C", "data": {"d": 1}}
        assert after.output == {"saved": 1, "error": error}
        assert (after.status, after.finished_on) == (Status.FAILED, LATER)
        assert after.failure == failure.model_copy(update={"stack": None})

    def test_an_aborted_task_has_an_end_and_its_children_to_abort(self) -> None:
        task = new()

        after = task.aborted(now=LATER)

        assert (after.status, after.finished_on) == (Status.ABORTED, LATER)
        assert after.children_abort_pending


class TestFollowUps:
    def test_a_hook_that_is_due_is_a_follow_up_until_it_has_run(self) -> None:
        ended = running().succeeded(now=LATER, output=None)

        due = ended.due("on_done").hook_started()
        done = due.hook_ran()

        assert not ended.has_follow_ups
        assert (due.pending_hook, due.pending_hook_attempts, due.has_follow_ups) == (
            "on_done",
            1,
            True,
        )
        assert (done.pending_hook, done.pending_hook_attempts, done.has_follow_ups) == (
            None,
            0,
            False,
        )

    def test_the_childrens_abort_is_a_follow_up_until_they_are_aborted(self) -> None:
        aborted = new().aborted(now=LATER)

        done = aborted.family_told()

        assert aborted.has_follow_ups
        assert not done.has_follow_ups

    def test_the_expiry_is_a_follow_up_until_each_row_has_a_date(self) -> None:
        ended = running().succeeded(now=LATER, output=None)

        asked = ended.asked_for_expiry(now=LATER)

        assert not ended.has_follow_ups
        assert asked.has_follow_ups
        assert not asked.dated().has_follow_ups


class TestOtherMoves:
    def test_a_deferred_task_belongs_to_its_execution_and_stays_pending(self) -> None:
        task = new(delay=60)

        after = task.deferred(now=NOW, until=LATER, execution_name="execution-1")

        assert (after.status, after.execution_name) == (Status.PENDING, "execution-1")
        assert after.waiting_until == LATER

    @pytest.mark.parametrize(("passed", "left"), [(0, 60), (0.5, 60), (59.5, 1), (60, 0), (100, 0)])
    def test_a_pending_task_has_the_rest_of_its_delay_left(self, passed: float, left: int) -> None:
        task = new(delay=60)

        seconds = task.delay_left(NOW + timedelta(seconds=passed))

        assert seconds == left

    def test_a_running_task_has_no_delay_left(self) -> None:
        task = running(delay=60)

        seconds = task.delay_left(NOW)

        assert seconds == 0

    def test_a_checkpoint_changes_what_is_given_and_keeps_the_rest(self) -> None:
        task = running(output={"saved": 1})

        after = task.checkpointed(now=LATER, input={"b": 2})

        assert (after.input, after.output, after.progress) == ({"b": 2}, {"saved": 1}, None)
        assert after.saved_on == LATER

    def test_a_resend_is_counted(self) -> None:
        task = new(resends=1)

        after = task.resent(now=LATER)

        assert (after.resends, after.saved_on) == (2, LATER)

    def test_a_released_task_has_no_execution_and_counts_anew(self) -> None:
        task = running(execution_name="execution-1", execution_visits=2_000, resends=2)

        after = task.released(now=LATER)

        assert (after.execution_name, after.execution_visits, after.resends) == (None, 0, 0)
        assert after.iterations == 1


class TestDue:
    """When the sweep looks at a task next."""

    @pytest.mark.parametrize(
        ("move", "due_on"),
        [
            (lambda task: task, NOW),
            (lambda task: task.continued(now=LATER, input={}, wait=0), NOW),
            (lambda task: task.continued(now=LATER, input={}, wait=600), NOW),
            (
                lambda task: task.continued(now=LATER, input={}, wait=601),
                LATER + timedelta(seconds=601),
            ),
            (lambda task: task.retried(now=LATER, wait=3_600), LATER + timedelta(hours=1)),
            (lambda task: task.checkpointed(now=LATER, output={"rows": 3}), NOW),
            (lambda task: task.held_up("Its file can't be imported."), NOW),
            (lambda task: task.released(now=LATER), LATER),
            (lambda task: task.resent(now=LATER), LATER),
            (MOVES["succeeded"], LATER),
            (MOVES["aborted"], LATER),
            (lambda task: MOVES["succeeded"](task).asked_for_expiry(now=LATER), LATER),
            (lambda task: MOVES["succeeded"](task).deleted(now=LATER), LATER),
        ],
    )
    def test_a_move_says_when_a_task_is_due(
        self, move: Callable[[StoredTask], StoredTask], due_on: datetime
    ) -> None:
        assert move(running()).due_on == due_on

    @pytest.mark.parametrize(("seconds", "is_long"), [(60, False), (3_600, True)])
    def test_a_delay_that_an_execution_waits_for_is_due_at_its_end_if_it_is_long(
        self, seconds: int, is_long: bool
    ) -> None:
        until = NOW + timedelta(seconds=seconds)

        task = new(delay=seconds).deferred(now=NOW, until=until, execution_name="execution-1")

        assert task.due_on == (until if is_long else NOW)

    @pytest.mark.parametrize(
        ("fields", "is_asleep"),
        [
            ({"execution_name": "e", "waiting_until": LATER}, True),
            ({"execution_name": "e", "waiting_until": NOW}, False),
            ({"execution_name": "e"}, False),
            ({"waiting_until": LATER}, False),  # nobody waits for it
            ({"execution_name": "e", "waiting_until": LATER, "status": Status.FAILED}, False),
            ({"execution_name": "e", "waiting_until": NOW + timedelta(days=356)}, False),
        ],
        ids=str,
    )
    def test_what_was_looked_at_is_due_when_it_wakes_or_anew(
        self, fields: dict[str, Any], is_asleep: bool
    ) -> None:
        task = running(**fields)

        assert task.is_asleep(NOW) is is_asleep
        assert task.looked_at(now=NOW).due_on == (LATER if is_asleep else NOW)


class TestTimeLimits:
    SOON, FAR = NOW + timedelta(minutes=10), NOW + timedelta(days=1)

    @pytest.mark.parametrize(
        ("fields", "ends_by"),
        [
            ({}, None),
            ({"deadline": FAR}, FAR),
            ({"start_by": SOON}, SOON),
            ({"start_by": SOON, "deadline": FAR}, SOON),
            ({"start_by": FAR, "deadline": SOON}, SOON),
            ({"start_by": SOON, "started_on": LATER}, None),
            ({"start_by": SOON, "deadline": FAR, "started_on": LATER}, FAR),
            ({"start_by": SOON, "deadline": FAR, "started_on": SOON}, SOON),
            ({"start_by": FAR, "deadline": SOON, "started_on": SOON}, SOON),
        ],
        ids=str,
    )
    def test_its_time_ends_with_its_deadline_or_without_a_start_before(
        self, fields: dict[str, Any], ends_by: datetime | None
    ) -> None:
        task = new(**fields)

        assert task.ends_by == ends_by
        if ends_by:
            assert task.out_of_time(ends_by - timedelta(milliseconds=1)) is None
            assert task.out_of_time(ends_by) is not None

    @pytest.mark.parametrize(
        ("started_on", "code"),
        [(None, "TASK_EXPIRED"), (LATER, "TASK_TIMEOUT"), (SOON, "TASK_EXPIRED")],
    )
    def test_of_two_limits_at_one_moment_it_is_the_one_that_it_has_missed(
        self, started_on: datetime | None, code: str
    ) -> None:
        task = new(start_by=self.SOON, deadline=self.SOON, started_on=started_on)

        failure = task.out_of_time(self.SOON)

        assert failure
        assert failure.code == code

    @pytest.mark.parametrize("status", CLOSED)
    def test_a_task_that_is_over_is_never_out_of_time(self, status: Status) -> None:
        assert new(status=status, deadline=NOW).out_of_time(LATER) is None

    @pytest.mark.parametrize(
        "move",
        [
            lambda task: task.continued(now=LATER, input={}, wait=30 * 24 * 3_600),
            lambda task: task.retried(now=LATER, wait=30 * 24 * 3_600),
            lambda task: task.deferred(
                now=LATER, until=LATER + timedelta(days=30), execution_name="e"
            ),
        ],
    )
    def test_no_wait_ends_later_than_ten_seconds_behind_its_time(
        self, move: Callable[[StoredTask], StoredTask]
    ) -> None:
        after = move(running(deadline=self.FAR))

        assert after.waiting_until == after.due_on == self.FAR + timedelta(seconds=10)

    def test_a_sleeper_wakes_for_the_sweep_when_its_time_is_over(self) -> None:
        far = NOW + timedelta(days=30)
        task = running(execution_name="e", waiting_until=far, deadline=self.SOON)

        assert task.is_asleep(LATER)
        assert task.looked_at(now=LATER).due_on == self.SOON + timedelta(seconds=10)
        assert not task.is_asleep(self.SOON + timedelta(seconds=10))


def counts(task: StoredTask) -> tuple[int, int, int, int]:
    """The four numbers of the table in `StoredTask`'s docstring."""
    return (
        task.iterations,
        task.counted_iterations,
        task.attempts,
        task.claims_since_outcome,
    )


class TestCounting:
    def test_claims_are_counted_as_in_the_docstrings_example(self, stack: Stack) -> None:
        created = stack.create()

        first = stack.claim(created, visit="visit-1")
        after_crash = stack.claim(created, visit="visit-1")
        stack.store.save(
            after_crash.retried(now=NOW, wait=0), before=after_crash, guard=owned_by(after_crash)
        )
        retried = stack.get(created)
        third = stack.claim(created, visit="visit-2")
        stack.store.save(
            third.continued(now=NOW, input={}, wait=0), before=third, guard=owned_by(third)
        )
        continued = stack.get(created)

        assert [counts(task) for task in (first, after_crash, retried, third, continued)] == [
            (1, 1, 1, 1),
            (2, 2, 2, 2),
            (2, 1, 2, 0),
            (3, 2, 3, 1),
            (3, 2, 0, 0),
        ]
