"""`timeout` and `expires_after`: a task whose time is over ends, whatever it is doing."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from handler import (
    Aborted,
    Context,
    Continue,
    Definition,
    DefinitionError,
    Done,
    Failed,
    Retry,
    TaskRecord,
    Verdict,
    task,
)
from handler.contract import RUN_TIMEOUT_SECONDS, Status
from handler.errors import DefinitionUnavailable
from handler.record.task_log import LogType
from handler.table.conditions import owned_by
from handler.testing import ManualClock, World, abort, deliver_again, kill, run
from handler.testing.world import Action
from tests.handler.recovering import Recovering
from tests.handler.simple_tasks import bare, returning
from tests.handler.stack import Stack, moment

HOUR, DAY = 3_600, 24 * 3_600
# So long after its deadline a task comes back that waits for longer.
MARGIN = 10


class Hooks:
    """A task whose hooks say that they ran, and with what."""

    def __init__(self, body: Callable[[Context], Any], **options: Any) -> None:
        self.definition = bare(body, **options)
        self.ran: list[tuple[str, str]] = []
        for name in ("on_done", "on_error", "on_abort", "on_max_iterations"):
            hook: Any = getattr(self.definition, name)
            hook(lambda record, name=name: self.ran.append((name, _code(record))))


def _code(record: TaskRecord) -> str:
    error: Any = (record.output or {}).get("error") or {}
    return str(error.get("code", record.status.value))


def error_of(record: TaskRecord) -> Any:
    error: Any = (record.output or {})["error"]
    return error


class TestATaskThatWaits:
    def test_it_ends_right_behind_its_deadline_with_the_reason(self) -> None:
        slept = Hooks(lambda context: Continue(wait=timedelta(days=30)))

        result = run(slept.definition, timeout=HOUR)

        record = result.record
        assert (record.status, record.iterations) == (Status.FAILED, 2)
        assert record.finished_on == moment("2030-01-01T01:00:10.000Z")
        assert result.waits == (HOUR + MARGIN,)
        assert error_of(record) == {
            "message": (
                f'Task "{record.id}" was not over when its timeout of 3,600 s had passed, '
                "on 2030-01-01T01:00:00.000Z."
            ),
            "code": "TASK_TIMEOUT",
            "data": {"seconds": 3_600.0, "passedOn": "2030-01-01T01:00:00.000Z"},
        }
        assert result.messages == ["Task continuing.", error_of(record)["message"]]
        assert result.answers[-1]["error"] == error_of(record)
        assert slept.ran == [("on_error", "TASK_TIMEOUT")]

    def test_its_code_is_not_called_again(self) -> None:
        calls: list[int] = []

        def body(context: Context) -> Verdict:
            calls.append(context.task.iterations)
            return Continue(wait=DAY)

        run(bare(body), timeout=timedelta(hours=1))

        assert calls == [1]

    def test_a_wait_that_ends_before_the_deadline_is_not_cut(self) -> None:
        def body(context: Context) -> Verdict:
            return Done() if context.task.iterations == 3 else Continue(wait=HOUR)

        result = run(bare(body), timeout=3 * HOUR)

        assert (result.record.status, result.waits) == (Status.SUCCESS, (HOUR, HOUR))

    def test_it_is_due_at_its_deadline_for_the_sweep(self, stack: Stack) -> None:
        record = stack.trigger(returning(Continue(wait=30 * DAY)), timeout=HOUR)

        stack.run(record)

        after = stack.get(record)
        assert after.waiting_until == after.due_on == moment("2030-01-01T01:00:10.000Z")

    def test_an_answer_that_was_lost_is_repeated_with_what_is_left_of_its_time(
        self, stack: Stack
    ) -> None:
        record = stack.trigger(returning(Continue(wait=30 * DAY)), timeout=HOUR)

        first = stack.run(record)
        stack.clock.advance(100)
        second = stack.run(record)

        assert (first["wait"], second["wait"]) == (HOUR + MARGIN, HOUR + MARGIN - 100)

    @pytest.mark.parametrize("behind", [0, 3, 9])
    def test_a_worker_whose_clock_is_seconds_behind_runs_nothing_before_its_wait_is_over(
        self, stack: Stack, behind: int
    ) -> None:
        calls: list[int] = []

        def body(context: Context) -> Verdict:
            calls.append(context.task.iterations)
            return Continue(wait=DAY)

        record = stack.trigger(bare(body), timeout=HOUR)
        wait = stack.run(record)["wait"]
        stack.clock.advance(wait - behind)

        answer = stack.run(record, visit="visit-2")

        assert (answer["status"], answer["error"]["code"]) == ("error", "TASK_TIMEOUT")
        assert calls == [1]

    def test_a_worker_whose_clock_is_ahead_lets_it_sleep(self, stack: Stack) -> None:
        record = stack.trigger(returning(Continue(wait=30 * DAY)), timeout=HOUR)
        stack.clock.advance(5)

        assert stack.run(record)["wait"] == HOUR + MARGIN - 5

    def test_a_parent_that_waits_for_its_children_ends_and_they_go_on(self) -> None:
        @task()
        def child(context: Context) -> Verdict:
            return Done() if context.task.iterations == 2 else Continue(wait=DAY)

        @task()
        def parent(context: Context) -> Verdict:
            context.trigger(child)
            return context.wait_for_children(lambda _: Done())

        result = run(parent, children=[child], timeout=HOUR)

        assert error_of(result.record)["code"] == "TASK_TIMEOUT"
        assert [(each.status, each.deadline) for each in result.children] == [
            (Status.SUCCESS, None)
        ]

    def test_a_task_of_a_year_that_moves_on_to_new_executions_keeps_its_deadline(self) -> None:
        endless = returning(Continue(wait=DAY), max_iterations=10_000)

        with World.of(endless, max_execution_visits=2) as world:
            record = world.start(endless, timeout=timedelta(days=5, hours=1))
            world.finish()
            result = world.result()

        assert result.record.finished_on == record.created_on + timedelta(
            days=5, hours=1, seconds=MARGIN
        )
        assert error_of(result.record)["code"] == "TASK_TIMEOUT"


class TestRetries:
    def test_the_wait_of_a_retry_ends_with_the_time_of_the_task(self) -> None:
        retry = Retry(max_attempts=5, backoff=2 * HOUR, max_backoff=DAY, jitter=False)

        result = run(returning(Failed("It is down."), retry=retry), timeout=HOUR)

        assert result.waits == (HOUR + MARGIN,)
        assert error_of(result.record)["code"] == "TASK_TIMEOUT"
        assert result.messages[0] == (
            "Attempt 1 of 5 failed, its timeout comes before the next one: It is down."
        )

    def test_an_attempt_that_fails_behind_the_deadline_is_the_last_and_its_error_is_kept(
        self,
    ) -> None:
        def body(context: Context) -> Verdict:
            world.clock.advance(2 * HOUR)
            raise ConnectionError("It is down.")

        definition = bare(body, retry=Retry(max_attempts=5))
        with World.of(definition) as world:
            world.start(definition, timeout=HOUR)
            world.finish()
            result = world.result()

        error = error_of(result.record)
        assert (error["code"], result.record.iterations) == ("TASK_TIMEOUT", 1)
        assert error["data"]["lastError"] == {"message": "It is down.", "code": "ConnectionError"}
        line = result.logs[-1].lines[-1]
        assert line.type is LogType.ERROR
        assert line.error
        assert "ConnectionError" in (line.error.stack or "")


class TestAnIterationThatIsStillRunningThen:
    """It is not killed. What it returns decides."""

    @pytest.mark.parametrize(
        ("verdict", "status", "code"),
        [
            (Done(output={"rows": 3}), Status.SUCCESS, None),
            (Failed("No such page.", code="GONE"), Status.FAILED, "GONE"),
            (Continue(), Status.FAILED, "TASK_TIMEOUT"),
            (Continue(wait=5), Status.FAILED, "TASK_TIMEOUT"),
            (Aborted(), Status.FAILED, "TASK_TIMEOUT"),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("in_place", [True, False])
    def test_its_own_end_stands_and_everything_else_is_the_timeout(
        self, verdict: Verdict, status: Status, code: str | None, in_place: bool
    ) -> None:
        def body(context: Context) -> Verdict:
            world.clock.advance(300)
            return verdict

        definition = bare(body, in_place=in_place)
        with World.of(definition) as world:
            world.start(definition, timeout=200)
            world.finish()
            record = world.result().record

        assert (record.status, record.iterations) == (status, 1)
        assert code is None or error_of(record)["code"] == code

    def test_is_aborted_says_so_without_asking_the_table(self) -> None:
        told: list[bool] = []

        def body(context: Context) -> Verdict:
            told.append(context.is_aborted())
            calls = len(world.result().calls)
            world.clock.advance(200)
            told.append(context.is_aborted())
            assert len(world.result().calls) == calls
            return Aborted()

        definition = Hooks(body)
        with World.of(definition.definition) as world:
            world.start(definition.definition, timeout=200)
            world.finish()

        assert told == [False, True]
        assert definition.ran == [("on_error", "TASK_TIMEOUT")]

    def test_a_loop_ends_and_keeps_where_it_was(self) -> None:
        class Cursor(BaseModel):
            cursor: int = 0

        @task()
        def count(context: Context, input: Cursor) -> Done:
            numbers = ((number + 1, number) for number in range(100))
            for _ in context.each(numbers, input, total=100):
                world.clock.advance(10)
            return Done()

        with World.of(count) as world:
            world.start(count, timeout=95)
            world.finish()
            record = world.result().record

        assert error_of(record)["code"] == "TASK_TIMEOUT"
        assert record.input == {"cursor": 10}
        assert record.progress
        assert record.progress.done == 10

    def test_no_iteration_follows_in_place_when_the_time_is_over(self) -> None:
        def body(context: Context) -> Verdict:
            world.clock.advance(30)
            return Continue()

        definition = bare(body, in_place=True)
        with World.of(definition) as world:
            world.start(definition, timeout=100)
            world.finish()
            result = world.result()

        assert (result.record.iterations, len(result.answers)) == (4, 1)
        assert error_of(result.record)["code"] == "TASK_TIMEOUT"

    def test_what_it_saves_is_kept(self) -> None:
        def body(context: Context) -> Verdict:
            world.clock.advance(300)
            context.save_output({"rows": 3})
            return Continue()

        definition = bare(body)
        with World.of(definition) as world:
            world.start(definition, timeout=200)
            world.finish()
            record = world.result().record

        assert (record.output or {})["rows"] == 3
        assert error_of(record)["code"] == "TASK_TIMEOUT"


class TestATaskThatStartsLate:
    def test_it_ends_as_expired_and_has_never_started(self) -> None:
        calls: list[int] = []
        late = Hooks(lambda context: calls.append(1))

        with World.of(late.definition) as world:
            world.start(late.definition, expires_after=600)
            world.clock.advance(601)
            world.finish()
            result = world.result()

        record = result.record
        assert (record.status, record.started_on) == (Status.FAILED, None)
        assert error_of(record) == {
            "message": (
                f'Task "{record.id}" had not started when its expires_after of 600 s had passed, '
                "on 2030-01-01T00:10:00.000Z."
            ),
            "code": "TASK_EXPIRED",
            "data": {"seconds": 600.0, "passedOn": "2030-01-01T00:10:00.000Z"},
        }
        assert (calls, late.ran) == ([], [("on_error", "TASK_EXPIRED")])
        counted = {name for values, _ in world.metrics.counted for name in values}
        assert "TasksFailed" in counted
        assert "TasksStarted" not in counted

    @pytest.mark.parametrize("limit", ["expires_after", "timeout"])
    def test_a_claim_that_the_table_has_taken_late_is_late(self, stack: Stack, limit: str) -> None:
        hooks = Hooks(lambda _: pytest.fail("It ran."))
        record = stack.trigger(hooks.definition, **{limit: 10})

        def be_slow(operation: str, request: object) -> None:
            if operation == "update_item":
                stack.clock.advance(20)
                stack.dynamodb.recover()

        stack.dynamodb.interference = be_slow
        stack.run(record)

        code = "TASK_EXPIRED" if limit == "expires_after" else "TASK_TIMEOUT"
        assert hooks.ran == [("on_error", code)]
        assert stack.get(record).started_on is None

    def test_the_same_with_a_timeout_alone(self) -> None:
        definition = returning(Done())

        with World.of(definition) as world:
            world.start(definition, timeout=600)
            world.clock.advance(600)
            world.finish()
            record = world.result().record

        assert (error_of(record)["code"], record.started_on) == ("TASK_TIMEOUT", None)

    def test_of_two_limits_the_one_that_passed_first_is_named(self) -> None:
        definition = returning(Done())

        def ended(late: int, **limits: Any) -> str:
            with World.of(definition) as world:
                world.start(definition, **limits)
                world.clock.advance(late)
                world.finish()
                return _code(world.result().record)

        assert ended(5, timeout=100, expires_after=60) == "success"
        assert ended(99, timeout=100, expires_after=60) == "TASK_EXPIRED"
        assert ended(999, timeout=100, expires_after=60) == "TASK_EXPIRED"
        assert ended(999, timeout=60, expires_after=100) == "TASK_TIMEOUT"
        assert ended(999, timeout=60, expires_after=60) == "TASK_EXPIRED"

    def test_a_task_that_started_in_time_may_take_as_long_as_it_likes(self) -> None:
        def body(context: Context) -> Verdict:
            return Done() if context.task.iterations == 3 else Continue(wait=DAY)

        result = run(bare(body), expires_after=1)

        assert (result.record.status, result.waits) == (Status.SUCCESS, (DAY, DAY))

    def test_a_delay_that_is_shorter_than_the_limit_is_waited_for(self) -> None:
        definition = returning(Done())

        with World.of(definition) as world:
            world.start(definition, delay=59, expires_after=60, timeout=61)
            world.finish()
            record = world.result().record

        assert record.status is Status.SUCCESS
        assert record.started_on == moment("2030-01-01T00:00:59.000Z")

    def test_an_execution_that_comes_late_to_a_delay_ends_the_task_at_once(
        self, stack: Stack
    ) -> None:
        record = stack.trigger(returning(Done()), delay=59, expires_after=60)
        stack.clock.advance(70)
        stack.dynamodb.requests.clear()

        answer = stack.run(record, delay=59)

        assert answer["error"]["code"] == "TASK_EXPIRED"
        assert stack.get(record).started_on is None
        assert stack.run(record, delay=59) == answer  # if that one was lost

    def test_a_delay_of_an_event_that_is_longer_than_the_records_ends_with_its_time(
        self, stack: Stack
    ) -> None:
        record = stack.trigger(returning(Done()), expires_after=60)

        answer = stack.run(record, delay=DAY)

        assert answer["wait"] == 60 + MARGIN
        stack.clock.advance(60 + MARGIN)
        late = stack.run(record, visit="visit-2", delay=-1)
        assert late["error"]["code"] == "TASK_EXPIRED"

    def test_an_iteration_that_crashed_keeps_the_task_started(self) -> None:
        result = run(bare(_saving), expires_after=60, after={2: _die_late})

        assert result.record.status is Status.SUCCESS

    def test_a_crash_is_told_and_counted_before_the_timeout_of_the_same_claim(self) -> None:
        result = run(bare(_saving), timeout=60, after={2: _die_late})

        assert error_of(result.record)["code"] == "TASK_TIMEOUT"
        assert result.messages[0].startswith("The iteration before did not end")


def _die_late(world: World) -> None:
    world.clock.advance(HOUR)
    kill(world)


def _saving(context: Context) -> Verdict:
    context.save_output({"begun": True})
    return Done()


class TestWhatHappensAtOnce:
    """Every call of the worker, with something happening right before or right after it."""

    @pytest.fixture(params=["asleep", "in place", "late"])
    def scene(self, request: pytest.FixtureRequest) -> "Scene":
        return Scene(request.param)

    @pytest.mark.parametrize("side", ["before", "after"])
    def test_a_worker_that_is_killed_ends_the_task_all_the_same(
        self, scene: "Scene", side: str
    ) -> None:
        for number in scene.calls():
            record, ran = scene.play(side, number, kill)

            assert _code(record) == scene.code, number
            assert set(ran) == {("on_error", scene.code)}, number

    @pytest.mark.parametrize("side", ["before", "after"])
    def test_an_event_that_comes_again_changes_nothing(self, scene: "Scene", side: str) -> None:
        for number in scene.calls():
            record, ran = scene.play(side, number, deliver_again)

            assert _code(record) == scene.code, number
            assert ran == [("on_error", scene.code)], number

    @pytest.mark.parametrize("side", ["before", "after"])
    def test_of_an_abort_and_a_timeout_the_first_that_is_stored_stays(
        self, scene: "Scene", side: str
    ) -> None:
        ends = set()
        for number in scene.calls():
            record, ran = scene.play(side, number, _abort_if_open)

            expected = "on_abort" if record.was_aborted else "on_error"
            assert {name for name, _ in ran} <= {expected}, number
            assert record.was_aborted or _code(record) == scene.code
            ends.add(record.status)
        assert Status.ABORTED in ends


def _abort_if_open(world: World) -> None:
    if world.tasks.get(world.task_id).is_open:
        abort(world)


class Scene:
    """A task whose time will be over, in one of its ways."""

    def __init__(self, way: str) -> None:
        self._way = way
        self.code = "TASK_EXPIRED" if way == "late" else "TASK_TIMEOUT"

    def calls(self) -> Iterator[int]:
        """The number of each call of the worker that nothing disturbs."""
        yield from range(1, self._play()[2] + 1)

    def play(
        self, side: str, number: int, action: Action
    ) -> tuple[TaskRecord, list[tuple[str, str]]]:
        """What becomes of the task, and which hooks ran, if an action comes beside a call."""
        record, ran, _ = self._play(**{side: {number: action}})
        return record, ran

    def _play(self, **actions: Any) -> tuple[TaskRecord, list[tuple[str, str]], int]:
        def body(context: Context) -> Verdict:
            if self._way == "asleep":
                return Continue(wait=DAY)
            world.clock.advance(40)
            context.save_output({"iterations": context.task.iterations})
            return Continue()

        hooks = Hooks(body, in_place=True)
        with World.of(hooks.definition, **actions) as world:
            if self._way == "late":
                world.start(hooks.definition, expires_after=60)
                world.clock.advance(61)
            else:
                world.start(hooks.definition, timeout=100)
            world.finish()
            result = world.result()
        return result.record, hooks.ran, len(result.calls)


class TestTheSweep:
    """It ends whatever has nothing else to end it."""

    def test_a_task_whose_event_was_lost_expires(self, recovering: Recovering) -> None:
        record = recovering.pending(start_by=moment("2030-01-01T00:10:00Z"))
        recovering.stack.clock.advance(600)
        recovering.wait()
        recovering.stack.events.requests.clear()

        found = recovering.sweep()

        assert recovering.error(record)["code"] == "TASK_EXPIRED"
        assert found["ended"] == 1
        assert recovering.ran == [("on_error", "failed")]
        assert recovering.stack.events.calls == []

    def test_it_does_not_wait_for_the_next_time_that_the_event_would_be_sent(
        self, recovering: Recovering
    ) -> None:
        record = recovering.pending(
            start_by=moment("2030-01-01T00:10:00Z"), resends=3, saved_on="2030-01-01T00:09:59Z"
        )
        recovering.stack.clock.advance(600)
        recovering.wait()

        recovering.sweep()

        assert recovering.error(record)["code"] == "TASK_EXPIRED"

    def test_it_ends_a_task_in_the_moment_in_which_it_is_late(self, recovering: Recovering) -> None:
        record = recovering.pending(start_by=moment("2030-01-01T00:10:00Z"))
        recovering.stack.clock.advance(600)

        recovering.sweep()

        assert recovering.error(record)["code"] == "TASK_EXPIRED"

    def test_before_its_time_is_over_the_event_is_sent_again(self, recovering: Recovering) -> None:
        record = recovering.pending(start_by=moment("2030-01-01T00:10:00Z"))
        recovering.wait()

        found = recovering.sweep()

        assert (found["sent"], found["ended"]) == (1, 0)
        assert recovering.stack.get(record).status is Status.PENDING

    def test_a_task_between_two_iterations_ends_though_its_execution_lives(
        self, recovering: Recovering
    ) -> None:
        record = self._between(recovering)
        recovering.stack.clock.advance(HOUR)
        recovering.wait()
        recovering.stack.stepfunctions.requests.clear()

        recovering.sweep()

        assert recovering.error(record)["code"] == "TASK_TIMEOUT"
        assert recovering.ran == [("on_error", "failed")]
        assert "describe_execution" not in recovering.stack.stepfunctions.calls

    def test_an_execution_that_waits_for_longer_is_stopped(self, recovering: Recovering) -> None:
        claimed = recovering.running(deadline=moment("2030-01-01T01:00:00Z"))
        far = moment("2030-06-01T00:00:00Z")
        asleep = claimed.continued(now=recovering.stack.clock.now(), input={}, wait=5).model_copy(
            update={"waiting_until": far, "due_on": claimed.created_on}
        )
        self._save(recovering, claimed, asleep)
        recovering.stack.clock.advance(HOUR)
        recovering.wait()

        recovering.sweep()

        assert recovering.error(claimed)["code"] == "TASK_TIMEOUT"
        assert "stop_execution" in recovering.stack.stepfunctions.calls

    def test_an_iteration_that_runs_is_left_for_as_long_as_its_lambda_may_live(
        self, recovering: Recovering
    ) -> None:
        record = recovering.running(deadline=moment("2030-01-01T01:00:00Z"))
        recovering.stack.clock.advance(HOUR + RUN_TIMEOUT_SECONDS - 1)
        recovering.sweep()
        before = recovering.stack.get(record).status
        recovering.stack.clock.advance(1)

        recovering.sweep()

        assert before is Status.RUNNING
        assert recovering.stack.get(record).status is Status.RUNNING  # it was just looked at
        recovering.wait()
        recovering.sweep()
        assert recovering.error(record)["code"] == "TASK_TIMEOUT"

    def test_what_is_asleep_is_not_looked_at_before_its_deadline(
        self, recovering: Recovering
    ) -> None:
        claimed = recovering.running(deadline=moment("2030-01-01T01:00:00Z"))
        asleep = claimed.continued(now=recovering.stack.clock.now(), input={}, wait=DAY)
        self._save(recovering, claimed, asleep)
        recovering.stack.clock.advance(HOUR - 60)

        recovering.stack.dynamodb.requests.clear()
        recovering.sweep()
        looked = "batch_get_item" in recovering.stack.dynamodb.calls
        recovering.stack.clock.advance(60 + MARGIN)
        recovering.wait()
        recovering.sweep()

        assert not looked
        assert recovering.error(claimed)["code"] == "TASK_TIMEOUT"

    @pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED, Status.ABORTED])
    def test_a_task_that_is_over_stays_as_it_is(
        self, recovering: Recovering, status: Status
    ) -> None:
        record = recovering.stack.create(
            status=status, deadline=moment("2030-01-01T01:00:00Z"), pending_hook="on_done"
        )
        recovering.stack.clock.advance(DAY)

        recovering.sweep()

        after = recovering.stack.get(record)
        assert (after.status, after.output) == (status, None)

    def test_a_task_that_starts_in_this_moment_is_left_to_its_worker(
        self, recovering: Recovering
    ) -> None:
        record = recovering.pending(deadline=moment("2030-01-01T01:00:00Z"))
        recovering.stack.clock.advance(HOUR)
        recovering.wait()

        def claimed_meanwhile(operation: str, request: Any) -> None:
            if operation == "transact_write_items":
                recovering.stack.dynamodb.recover()
                recovering.stack.claim(record)

        recovering.stack.dynamodb.interference = claimed_meanwhile
        recovering.sweep()

        assert recovering.stack.get(record).status is Status.RUNNING
        assert recovering.ran == []

    @pytest.mark.slow
    def test_a_sweep_that_dies_at_any_call_is_finished_by_the_next(
        self, recovering: Recovering
    ) -> None:
        stack, number = recovering.stack, 0
        while True:
            number += 1
            recovering.ran.clear()
            record = self._between(recovering, id=f"task-{number}")
            stack.clock.advance(HOUR)
            recovering.wait()
            if not self._dies(recovering, number):
                break
            recovering.wait()
            recovering.sweep()

            assert recovering.error(record)["code"] == "TASK_TIMEOUT", number
            assert set(recovering.ran) == {("on_error", "failed")}, number
        assert number > 4

    def test_a_task_whose_definition_is_not_imported_ends_and_its_hook_waits_for_it(
        self, recovering: Recovering
    ) -> None:
        stack = recovering.stack
        record = recovering.pending(start_by=moment("2030-01-01T00:10:00Z"))
        known, stack.definitions = stack.definitions, ()
        stack.problems = (DefinitionError("definitions/some_task.py: it can't be imported."),)
        stack.clock.advance(600)
        recovering.wait()

        recovering.sweep()

        assert recovering.error(record)["code"] == "TASK_EXPIRED"
        assert recovering.ran == []
        stack.definitions, stack.problems = known, ()
        recovering.wait()
        recovering.sweep()
        assert recovering.ran == [("on_error", "failed")]

    @staticmethod
    def _between(recovering: Recovering, **fields: Any) -> Any:
        """A running task that has an execution, and no iteration in hand."""
        now = recovering.stack.clock.now()
        claimed = recovering.claimed_by("execution-1", deadline=now + timedelta(hours=1), **fields)
        waiting = claimed.continued(now=now, input={}, wait=60)
        recovering.stack.store.save(waiting, before=claimed, guard=owned_by(claimed))
        return claimed

    @staticmethod
    def _save(recovering: Recovering, before: Any, after: Any) -> None:
        recovering.stack.store.save(after, before=before, guard=owned_by(before))

    @staticmethod
    def _dies(recovering: Recovering, number: int) -> bool:
        """Runs a sweep that dies at its so many-th call. Returns whether it has so many."""
        stack = recovering.stack
        calls = 0

        def die(operation: str, request: Any) -> None:
            nonlocal calls
            calls += 1
            if calls == number:
                raise KeyboardInterrupt

        stack.dynamodb.interference = die
        with suppress(BaseException):  # the process is gone
            recovering.sweep()
        stack.dynamodb.recover()
        return calls >= number


def test_a_visit_that_lacks_its_definition_ends_a_task_whose_time_is_over(stack: Stack) -> None:
    record = stack.trigger(returning(Done()), expires_after=60)
    stack.definitions = ()
    stack.problems = (DefinitionError("definitions/some_task.py: it can't be imported."),)
    with pytest.raises(DefinitionUnavailable):
        stack.run(record)
    stack.clock.advance(61)

    answer = stack.run(record)

    assert answer["error"]["code"] == "TASK_EXPIRED"
    assert stack.get(record).pending_hook == "on_error"


class TestCost:
    def test_a_task_with_limits_makes_the_requests_of_one_without(self) -> None:
        def body(context: Context) -> Verdict:
            context.log.info("Said.")
            done = context.task.iterations == 6
            return Done() if done else Continue(wait=5 if context.task.iterations == 3 else None)

        definition = bare(body, in_place=True)

        with_limits = run(definition, timeout=DAY, expires_after=HOUR)
        without = run(definition)

        assert with_limits.calls == without.calls

    def test_a_task_without_limits_has_nothing_of_them_in_its_record(self, stack: Stack) -> None:
        stack.run(stack.trigger(returning(Continue())))

        [row] = [row for row in stack.rows() if "taskStatus" in row]
        assert {"deadline", "startBy"} & row.keys() == set()

    def test_an_end_takes_no_request_more_than_any_other(self) -> None:
        definition: Definition = returning(Continue(wait=DAY))

        ended = run(definition, timeout=60)

        # The claim, the settings, which are read once in 30 s, and the end.
        assert ended.calls[-3:] == ("update_item", "get_item", "transact_write_items")


def test_a_clock_that_runs_through_a_task_ends_it_in_the_kit() -> None:
    def body(context: Context) -> Verdict:
        while not context.is_aborted():
            pass
        return Aborted()

    result = run(bare(body), timeout=50, clock=ManualClock(tick=1))

    assert error_of(result.record)["code"] == "TASK_TIMEOUT"
