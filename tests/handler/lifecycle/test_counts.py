"""What is counted of tasks: each thing once, and by a definition that is deployed."""

from collections.abc import Callable
from typing import Any

import pytest

from handler import Context, Continue, Done, Verdict, task
from handler.contract import MAX_WAIT_SECONDS
from handler.recovery import RecoveryFailed
from handler.table.conditions import Guard
from handler.table.keys import task_key
from tests.handler.recovering import Recovering
from tests.handler.simple_tasks import returning
from tests.handler.stack import TABLE, Stack, refusal


def counted(stack: Stack, name: str) -> list[tuple[float, str]]:
    """The values of one metric, each with its definition."""
    found = stack.metrics_counted.counted
    return [(values[name], definition) for values, definition in found if name in values]


def measured(stack: Stack) -> dict[str, dict[str, float]]:
    """What sweeps have measured last, by definition; the stack's own under `""`."""
    found: dict[str, dict[str, float]] = {}
    for values, definition in stack.metrics_counted.measured:
        found.setdefault(definition, {}).update(values)
    return found


def at(recovering: Recovering, *, minute: int) -> None:
    """Moves the clock to a minute of the hour: in the first five, a survey follows a sweep."""
    now = recovering.stack.clock.now()
    recovering.stack.clock.move_to(now.replace(minute=minute))


def change(stack: Stack, id: str, **attributes: Any) -> None:
    """Writes attributes to a record, as code of another version would."""
    stack.dynamodb.update_item(
        TableName=TABLE,
        Key=task_key(id),
        UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in attributes),
        ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
    )


class TestStartsAndEnds:
    def test_a_task_starts_once_however_often_it_runs_or_crashes(self, stack: Stack) -> None:
        @task(in_place=False)
        def walking(context: Context) -> Verdict:
            return Done() if context.task.iterations == 4 else Continue()

        record = stack.trigger(walking)
        stack.run(record, visit="visit-1")
        stack.claim(record)
        for visit in ("visit-2", "visit-3"):
            stack.run(record, visit=visit)

        assert stack.get(record).has_succeeded
        assert counted(stack, "TasksStarted") == [(1, "walking")]
        assert counted(stack, "Iterations") == [(4, "walking")]
        assert counted(stack, "CrashesOther") == [(1, "walking")]

    def test_a_start_whose_response_was_lost_is_counted_once(self, stack: Stack) -> None:
        record = stack.trigger(returning(Done()))
        left = [refusal("InternalServerError", status=500)]

        def afterwards(operation: str, request: object) -> None:
            if operation == "update_item" and left:
                raise left.pop()

        stack.dynamodb.afterwards = afterwards

        stack.run(record)

        assert len(counted(stack, "TasksStarted")) == 1

    def test_an_end_says_how_long_it_took_from_the_trigger_and_from_the_start(
        self, stack: Stack
    ) -> None:
        @task()
        def slow(context: Context) -> Done:
            stack.clock.advance(30)
            return Done()

        record = stack.trigger(slow)
        stack.clock.advance(100)
        stack.run(record)

        assert counted(stack, "TaskSeconds") == [(130, "slow")]
        assert counted(stack, "RunSeconds") == [(30, "slow")]

    def test_a_task_that_never_started_has_no_time_of_running(self, recovering: Recovering) -> None:
        record = recovering.pending()
        recovering.stack.clock.advance(7)

        recovering.stack.tasks.abort(record.id)

        assert counted(recovering.stack, "TasksAborted") == [(1, "someTask")]
        assert counted(recovering.stack, "TaskSeconds") == [(7, "someTask")]
        assert counted(recovering.stack, "RunSeconds") == []
        assert counted(recovering.stack, "Iterations") == [(0, "someTask")]

    def test_a_definition_that_is_not_deployed_is_unknown_whatever_its_name(
        self, stack: Stack
    ) -> None:
        stack.definitions = ()
        for number in range(3):
            stack.run(stack.create(definition_id=f"made-up-{number}"))

        names = {definition for _, definition in stack.metrics_counted.counted}
        assert names == {"unknown"}


class TestCrashes:
    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            ("Sandbox.Timedout", "CrashesTimeout"),
            ("Runtime.OutOfMemory", "CrashesOutOfMemory"),
            ("Runtime.ExitError", "CrashesOther"),
            ("Lambda.TooManyRequestsException", "CrashesOther"),
        ],
    )
    def test_a_crash_that_ends_its_execution_is_counted_by_its_class(
        self, recovering: Recovering, error: str, kind: str
    ) -> None:
        recovering.running()
        recovering.end("execution-1", "FAILED", error=error)

        for _ in range(2):
            recovering.report("execution-1")

        assert counted(recovering.stack, "Crashes") == [(1, "someTask")]
        assert counted(recovering.stack, kind) == [(1, "someTask")]


class TestSweeps:
    def test_a_sweep_tells_how_long_pending_tasks_wait_in_all_and_by_definition(
        self, recovering: Recovering
    ) -> None:
        at(recovering, minute=7)
        recovering.running("execution-1")
        recovering.pending()
        recovering.stack.clock.advance(50)
        recovering.pending(definition_id="removed")
        recovering.stack.clock.advance(120)

        recovering.sweep()

        assert measured(recovering.stack) == {
            "someTask": {"OldestPendingSeconds": 170},
            "unknown": {"OldestPendingSeconds": 120},
            "": {"OldestPendingSeconds": 170, "DeadLetters": 0},
        }

    def test_a_task_that_was_sent_again_is_told_of_by_each_sweep(
        self, recovering: Recovering
    ) -> None:
        recovering.pending()
        told = []

        for _ in range(5):
            recovering.stack.clock.advance(300)
            recovering.sweep()
            told.append(measured(recovering.stack)[""]["OldestPendingSeconds"])

        assert told == [300, 600, 900, 1_200, 1_500]

    def test_where_nothing_is_due_a_sweep_tells_the_zeros_of_the_stack(
        self, recovering: Recovering
    ) -> None:
        at(recovering, minute=7)

        recovering.sweep()

        assert measured(recovering.stack) == {"": {"OldestPendingSeconds": 0, "DeadLetters": 0}}

    def test_a_delay_is_no_time_of_waiting(self, recovering: Recovering) -> None:
        recovering.pending(delay=200)
        recovering.stack.clock.advance(190)
        recovering.sweep()
        early = measured(recovering.stack)[""]["OldestPendingSeconds"]

        recovering.stack.clock.advance(140)
        recovering.sweep()

        assert early == 0
        assert measured(recovering.stack)[""]["OldestPendingSeconds"] == 130

    def test_dead_letters_are_counted_by_the_definition_that_they_name(
        self, recovering: Recovering
    ) -> None:
        recovering.send_to_dlq({"id": "e1", "detail": {"webinyTaskDefinitionId": "someTask"}})
        for odd in ("no JSON", {"detail": {"webinyTaskDefinitionId": [1]}}, {"detail": 7}):
            recovering.send_to_dlq(odd)

        recovering.sweep()

        found = measured(recovering.stack)
        assert found["someTask"]["DeadLetters"] == 1
        assert found["unknown"]["DeadLetters"] == 3
        assert found[""]["DeadLetters"] == 4

    @pytest.mark.parametrize(
        ("attribute", "late"), [("createdOn", 0), ("delay", 120), ("waitingUntil", 120)]
    )
    def test_a_record_of_an_odd_time_says_no_more_than_it_can_of_how_long_it_waits(
        self, recovering: Recovering, attribute: str, late: float
    ) -> None:
        odd = recovering.pending()
        change(recovering.stack, odd.id, **{attribute: {"S": "whenever"}})
        recovering.wait()

        recovering.sweep()

        assert measured(recovering.stack)[""]["OldestPendingSeconds"] == late

    def test_an_error_is_counted_under_the_definition_of_its_task(
        self, recovering: Recovering
    ) -> None:
        odd = recovering.pending()
        change(recovering.stack, odd.id, taskStatus={"S": "newer"})
        recovering.wait()

        with pytest.raises(RecoveryFailed):
            recovering.sweep()

        assert counted(recovering.stack, "RecoveryErrors") == [(1, "someTask")]

    def test_a_sweep_that_cannot_read_what_is_due_does_not_say_that_nothing_waits(
        self, recovering: Recovering
    ) -> None:
        at(recovering, minute=7)
        recovering.stack.dynamodb.fail(refusal("ValidationException"), only="query")

        with pytest.raises(RecoveryFailed):
            recovering.sweep()

        assert measured(recovering.stack) == {"": {"DeadLetters": 0}}

    def test_what_is_measured_costs_the_table_nothing(
        self, recovering: Recovering, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        recovering.running()
        recovering.wait()
        before = _calls_of(recovering, recovering.sweep)
        recovering.wait()
        monkeypatch.setattr("handler.lifecycle.counts.Counts.swept", lambda *_: None)
        monkeypatch.setattr("handler.lifecycle.census.Census.add_task", lambda *_, **__: None)

        assert _calls_of(recovering, recovering.sweep) == before


class TestSurveys:
    def test_the_first_sweep_of_an_hour_tells_how_many_tasks_are_unfinished(
        self, recovering: Recovering
    ) -> None:
        recovering.running()
        recovering.pending()
        recovering.pending(status="success", pending_hook="on_done")
        recovering.pending(status="success")

        recovering.sweep()

        assert measured(recovering.stack)[""]["OpenTasks"] == 3

    def test_other_sweeps_do_not_count(self, recovering: Recovering) -> None:
        for minute in range(5, 60, 5):
            at(recovering, minute=minute)
            recovering.sweep()

        assert "OpenTasks" not in measured(recovering.stack)[""]

    def test_a_count_ends_at_its_cap_and_tells_so_many(
        self, recovering: Recovering, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("handler.lifecycle.survey.MAX_COUNTED", 2)
        for _ in range(9):
            recovering.pending()

        recovering.sweep()

        assert measured(recovering.stack)[""]["OpenTasks"] == 2

    @pytest.mark.parametrize("due_on", ["whenever", "~", "3030-01-01T00:00:00.000Z"])
    def test_a_task_that_is_due_never_is_reported_and_dealt_with_by_the_next_sweep(
        self, recovering: Recovering, due_on: str
    ) -> None:
        odd = recovering.pending()
        change(recovering.stack, odd.id, dueOn={"S": due_on})
        recovering.wait()
        with pytest.raises(RecoveryFailed, match="could not deal with 1 "):
            recovering.sweep()
        before = recovering.stack.get(odd).resends

        recovering.wait()
        recovering.sweep()

        assert counted(recovering.stack, "RecoveryErrors") == [(1, "")]
        assert (before, recovering.stack.get(odd).resends) == (0, 1)

    def test_a_task_that_sleeps_for_the_longest_time_is_in_sight(
        self, recovering: Recovering
    ) -> None:
        record = recovering.running()
        now = recovering.stack.clock.now()
        asleep = record.continued(now=now, input={}, wait=MAX_WAIT_SECONDS)
        recovering.stack.store.save(asleep, before=record, guard=Guard())

        recovering.sweep()

        assert counted(recovering.stack, "RecoveryErrors") == []


def _calls_of(recovering: Recovering, act: Callable[[], object]) -> list[str]:
    seen = len(recovering.stack.dynamodb.calls)
    act()
    return recovering.stack.dynamodb.calls[seen:]
