"""How an outcome is stored with its log, and how its answer is repeated."""

import pytest

from handler import Aborted, Context, Continue, Done, Failed, Verdict, task
from handler.contract import Status
from handler.testing import Killed, ManualClock, abort, run
from tests.handler.simple_tasks import bare, returning
from tests.handler.stack import Stack


@task(id="oneRun", max_iterations=1)
def one_run(context: Context) -> Done:
    return Done()


class TestDiscardedOutcomes:
    @pytest.mark.parametrize(
        "verdict", [Done(output={"a": 1}), Continue({}), Failed("boom"), Aborted()]
    )
    def test_an_abort_during_an_iteration_is_never_overwritten(
        self, stack: Stack, verdict: Verdict
    ) -> None:
        def body(context: Context) -> Verdict:
            context.log.info("What it did.")
            stack.tasks.abort(context.task.id, "Stop it.")
            return verdict

        record = stack.trigger(bare(body))

        answer = stack.run(record)

        after = stack.get(record)
        assert answer["status"] == "aborted"
        assert (after.status, after.output) == (Status.ABORTED, None)
        assert {"Stop it.", "What it did."} <= set(stack.messages(record))

    def test_a_task_deleted_while_it_runs_is_not_stored_again(self, stack: Stack) -> None:
        def body(context: Context) -> Verdict:
            stack.tasks.abort(context.task.id)
            stack.tasks.delete(context.task.id)
            return Done()

        record = stack.trigger(bare(body))

        answer = stack.run(record)

        assert answer["error"]["code"] == "TASK_NOT_FOUND"
        assert stack.rows() == []

    def test_the_outcome_of_an_aborted_iteration_is_marked_as_discarded(self) -> None:
        result = run(one_run, before={2: abort})

        assert "This outcome was discarded: the task is aborted meanwhile." in result.messages


class TestSameVisit:
    """A worker's answer that was lost on the way: the state machine runs the same visit again."""

    @pytest.mark.parametrize(
        "verdict",
        [
            Done(output={"a": 1}),
            Failed("boom", code="C", data={"k": 1}),
            Continue(wait=30),
            Continue(),
            Aborted(),
        ],
    )
    def test_the_same_visit_gets_the_same_answer_and_runs_nothing(
        self, stack: Stack, verdict: Verdict
    ) -> None:
        ran: list[int] = []

        def body(context: Context) -> Verdict:
            ran.append(1)
            return verdict

        record = stack.trigger(bare(body))
        first = stack.run(record)
        before = stack.get(record)

        assert stack.run(record) == first
        assert ran == [1]
        assert stack.get(record) == before

    def test_an_abort_since_the_answer_replaces_it(self, stack: Stack) -> None:
        record = stack.trigger(returning(Continue(wait=30)))
        stack.run(record)
        stack.tasks.abort(record.id)

        assert stack.run(record)["status"] == "aborted"

    def test_the_same_visit_of_another_execution_gets_another_answer(self, stack: Stack) -> None:
        record = stack.trigger(returning(Failed("boom")))
        stack.run(record, execution="execution-1", visit="2030-01-01T00:00:00.000Z")

        answer = stack.run(record, execution="execution-2", visit="2030-01-01T00:00:00.000Z")

        assert answer["status"] == "done"

    @pytest.mark.parametrize(
        ("first", "second", "earlier"),
        [
            ("00:00:01.000Z", "00:00:02.000Z", "00:00:00.000Z"),
            ("00:00:01Z", "00:00:01.500Z", "00:00:01.200Z"),
            ("00:00:01.200Z", "00:00:02Z", "00:00:01.500Z"),
        ],
    )
    def test_a_late_invocation_of_an_earlier_visit_runs_nothing_and_leaves_the_later_one_its_task(
        self, stack: Stack, first: str, second: str, earlier: str
    ) -> None:
        ran: list[str] = []

        def body(context: Context) -> Verdict:
            ran.append("iteration")
            if len(ran) == 2:
                late = stack.run(record, visit=f"2030-01-01T{earlier}")
                ran.append(late["message"])
            return Continue()

        record = stack.trigger(bare(body))
        stack.run(record, visit=f"2030-01-01T{first}")

        answer = stack.run(record, visit=f"2030-01-01T{second}")

        assert answer["status"] == "continue"
        assert ran[:2] == ["iteration", "iteration"]
        assert "this one changed nothing" in ran[2]
        assert (stack.get(record).iterations, len(ran)) == (2, 3)


class TestLogs:
    def test_a_log_has_its_iteration_and_its_execution(self, stack: Stack) -> None:
        def body(context: Context) -> Verdict:
            context.log.info("Working.", rows=3)
            return Continue() if context.task.iterations == 1 else Done()

        record = stack.trigger(bare(body))
        for visit in ("visit-1", "visit-2"):
            stack.run(record, visit=visit)

        logs = list(stack.store.logs.read(record.id))
        assert [(log.iteration, log.execution_name) for log in logs] == [
            (1, "execution-1"),
            (2, "execution-1"),
        ]
        assert [[line.message for line in log.lines] for log in logs] == [
            ["Working.", "Task continuing."],
            ["Working.", "Task done."],
        ]

    @pytest.mark.parametrize("verdict", [Done(), Continue(), Failed("boom"), Aborted()])
    def test_without_database_logs_nothing_is_logged(self, stack: Stack, verdict: Verdict) -> None:
        def body(context: Context) -> Verdict:
            context.log.info("Working.")
            context.log.error("Failing.", error=ValueError("v"))
            return verdict

        record = stack.trigger(bare(body, database_logs=False))
        stack.run(record)
        if verdict == Continue():
            stack.tasks.abort(record.id)

        assert stack.messages(record) == []

    def test_a_crash_does_not_lose_the_log_of_the_iteration_before(self, stack: Stack) -> None:
        def body(context: Context) -> Verdict:
            context.log.info(f"Iteration {context.task.iterations}.")
            if context.task.iterations == 2:
                raise Killed
            return Continue()

        record = stack.trigger(bare(body))
        stack.run(record, visit="a")
        with pytest.raises(Killed):
            stack.run(record, visit="b")

        assert stack.messages(record) == ["Iteration 1.", "Task continuing."]

    def test_a_log_line_after_half_a_minute_costs_no_extra_request(self) -> None:
        clock = ManualClock()

        @task()
        def slow(context: Context) -> Done:
            context.log.info("Started.")
            clock.advance(40)
            return Done()

        # What the process knows of the settings is older than 30 seconds: they are read.
        assert run(slow, clock=clock).calls == ("update_item", "get_item", "transact_write_items")
