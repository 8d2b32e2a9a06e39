"""Whether an iteration may run, and the answer when it may not."""

from typing import Any

import pytest

from handler import Context, Continue, Done, TaskRecord, Verdict, task
from handler.contract import Status
from handler.table.conditions import owned_by
from handler.testing import Killed, kill, run
from tests.handler.simple_tasks import bare, returning
from tests.handler.stack import Stack, moment


@task(id="oneRun", max_iterations=1)
def one_run(context: Context) -> Done:
    return Done()


class TestStarting:
    def test_the_first_iteration_starts_the_task(self, stack: Stack) -> None:
        seen: list[TaskRecord] = []

        def body(context: Context) -> Verdict:
            seen.append(context.task)
            return Continue()

        record = stack.trigger(bare(body))
        stack.clock.advance(3)

        stack.run(record)

        (during,) = seen
        assert (during.status, during.iterations, during.execution_name) == (
            Status.RUNNING,
            1,
            "execution-1",
        )
        assert during.started_on == moment("2030-01-01T00:00:03.000Z")

    def test_the_next_iteration_changes_the_count_alone(self, stack: Stack) -> None:
        record = stack.trigger(returning(Continue()))
        stack.run(record)
        first = stack.get(record)

        stack.run(record, visit="visit-2")

        second = stack.get(record)
        assert (first.iterations, second.iterations) == (1, 2)
        assert (second.started_on, second.execution_name) == (first.started_on, "execution-1")


class TestDelays:
    def test_the_execution_that_waits_for_a_delay_owns_the_task(self, stack: Stack) -> None:
        record = stack.trigger(returning(Done()), delay=60)

        answer = stack.run(record, delay=60)

        after = stack.get(record)
        assert (answer["status"], answer["wait"], answer["delay"]) == ("continue", 60, -1)
        assert "input" not in answer
        assert (after.status, after.iterations, after.execution_name) == (
            Status.PENDING,
            0,
            "execution-1",
        )
        assert after.waiting_until == moment("2030-01-01T00:01:00.000Z")
        assert stack.messages(record) == []

    def test_after_the_delay_the_task_runs(self, stack: Stack) -> None:
        record = stack.trigger(returning(Done()), delay=60)
        stack.run(record, delay=60)

        answer = stack.run(record, visit="visit-2", delay=-1)

        assert answer["status"] == "done"
        assert stack.get(record).waiting_until is None

    def test_a_second_run_of_the_same_visit_repeats_the_answer_to_a_delay(
        self, stack: Stack
    ) -> None:
        record = stack.trigger(returning(Done()), delay=60)
        first = stack.run(record, delay=60)
        stack.clock.advance(1)

        assert stack.run(record, delay=60)["status"] == first["status"] == "continue"

    def test_a_second_execution_of_a_delayed_task_ends_at_once(self, stack: Stack) -> None:
        record = stack.trigger(returning(Done()), delay=60)
        stack.run(record, delay=60)
        before = stack.get(record)

        answer = stack.run(record, execution="execution-2", delay=60)

        assert answer["status"] == "done"
        assert stack.get(record) == before

    def test_a_task_that_was_aborted_while_it_was_delayed_does_not_run(self, stack: Stack) -> None:
        ran: list[bool] = []
        record = stack.trigger(bare(lambda context: ran.append(True)), delay=60)
        stack.run(record, delay=60)
        stack.tasks.abort(record.id)

        answer = stack.run(record, visit="visit-2", delay=-1)

        assert answer["status"] == "aborted"
        assert ran == []

    def test_an_event_that_says_a_delay_delays_no_task_that_has_begun(self, stack: Stack) -> None:
        record = stack.trigger(returning(Continue()), delay=60)
        for delay, visit in ((60, "visit-1"), (-1, "visit-2")):
            stack.run(record, delay=delay, visit=visit)
        running = stack.get(record)
        moved = running.released(now=stack.clock.now())
        stack.store.save(moved, before=running, guard=owned_by(running))

        answer = stack.run(record, execution="late", delay=60)

        assert (answer["status"], answer.get("wait")) == ("continue", None)
        assert stack.get(record).execution_name is None

    @pytest.mark.parametrize(
        ("status", "answered"), [(Status.ABORTED, "aborted"), (Status.SUCCESS, "done")]
    )
    def test_a_finished_task_is_not_delayed(
        self, stack: Stack, status: Status, answered: str
    ) -> None:
        record = stack.create(status=status)

        assert stack.run(record, delay=60)["status"] == answered
        assert stack.get(record) == record


class TestDefinitions:
    def test_a_task_without_a_definition_fails_in_webinys_words_and_says_what_next(
        self, stack: Stack
    ) -> None:
        record = stack.create(definition_id="gone")

        answer = stack.run(record)

        error = {
            "message": (
                f'Task "{record.id}" cannot be executed because there is no "gone" definition'
                " plugin. Next: deploy a task of this id, or name it among the aliases of the one"
                " that took its place; then trigger the task anew."
            ),
            "code": "TASK_DEFINITION_ERROR",
            "data": {"definitionId": "gone"},
        }
        after = stack.get(record)
        assert answer["error"] == error
        assert (after.status, after.output) == (Status.FAILED, {"error": error})
        assert stack.messages(record) == [error["message"]]

    def test_the_definition_of_the_record_runs_and_that_of_the_event_is_echoed(
        self, stack: Stack
    ) -> None:
        record = stack.trigger(returning(Done("mine")))

        answer = stack.run(record, webinyTaskDefinitionId="otherTask")

        assert (answer["status"], answer["message"]) == ("done", "mine")
        assert answer["webinyTaskDefinitionId"] == "otherTask"


class TestClosedTasks:
    @pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED])
    def test_a_duplicate_event_of_a_finished_task_is_answered_with_done(
        self, stack: Stack, status: Status
    ) -> None:
        record = stack.create(status=status, execution_name="execution-1")

        answer = stack.run(record, execution="execution-2")

        assert answer["status"] == "done"
        assert (
            answer["message"]
            == f'Task "{record.id}" ({status}) belongs to the execution "execution-1"; this one'
            " changed nothing."
        )
        assert stack.get(record) == record
        assert stack.messages(record) == []

    def test_every_execution_of_an_aborted_task_is_answered_with_aborted(
        self, stack: Stack
    ) -> None:
        record = stack.create(status=Status.ABORTED, execution_name="execution-1")

        assert stack.run(record)["status"] == "aborted"
        assert stack.run(record, execution="execution-2")["status"] == "aborted"
        assert stack.get(record) == record

    @pytest.mark.parametrize(
        ("status", "message"),
        [
            (Status.SUCCESS, "Task is already done, cannot run it again."),
            (Status.FAILED, "Task has failed, cannot run it again."),
        ],
    )
    def test_the_owner_of_a_finished_task_is_answered_in_webinys_words(
        self, stack: Stack, status: Status, message: str
    ) -> None:
        record = stack.create(status=status, execution_name="execution-1")

        assert stack.run(record, visit="later")["error"] == {"message": message}
        assert stack.get(record) == record


class TestMaxIterations:
    @pytest.mark.parametrize("most", [1, 3])
    def test_a_task_runs_exactly_max_iterations_times(self, stack: Stack, most: int) -> None:
        ran: list[int] = []

        def body(context: Context) -> Verdict:
            ran.append(context.task.iterations)
            return Continue()

        record = stack.trigger(bare(body, max_iterations=most))
        answers = []
        for number in range(most + 1):
            stack.clock.advance(1)
            answers.append(stack.run(record, visit=f"visit-{number}"))

        after = stack.get(record)
        assert ran == list(range(1, most + 1))
        assert [answer["status"] for answer in answers] == ["continue"] * most + ["error"]
        assert answers[-1]["error"] == {
            "message": "Task reached max iterations.",
            "code": "MAX_ITERATIONS",
        }
        assert (after.status, after.output) == (Status.FAILED, {"error": answers[-1]["error"]})
        assert after.iterations == most
        assert stack.messages(record)[-1] == "Task reached max iterations."

    def test_done_in_the_last_allowed_iteration_ends_the_task_with_success(
        self, stack: Stack
    ) -> None:
        record = stack.trigger(returning(Done(), max_iterations=1))

        assert stack.run(record)["status"] == "done"

    def test_a_second_run_of_the_visit_over_the_limit_gets_the_same_answer(
        self, stack: Stack
    ) -> None:
        record = stack.trigger(returning(Continue(), max_iterations=1))
        stack.run(record)

        first = stack.run(record, visit="visit-2")

        assert stack.run(record, visit="visit-2") == first

    def test_on_max_iterations_runs_instead_of_on_error(self, stack: Stack) -> None:
        definition = returning(Continue(), max_iterations=1)
        hooks: list[str] = []
        definition.on_max_iterations(
            lambda record: hooks.append(f"on_max_iterations {record.status}")
        )
        definition.on_error(lambda record: hooks.append("on_error"))
        record = stack.trigger(definition)

        for visit in ("visit-1", "visit-2"):
            stack.run(record, visit=visit)

        assert hooks == ["on_max_iterations failed"]

    def test_without_on_max_iterations_on_error_runs(self, stack: Stack) -> None:
        definition = returning(Continue(), max_iterations=1)
        hooks: list[TaskRecord] = []
        definition.on_error(hooks.append)
        record = stack.trigger(definition)

        for visit in ("visit-1", "visit-2"):
            stack.run(record, visit=visit)

        assert len(hooks) == 1

    def test_the_limit_of_the_records_definition_holds(self, stack: Stack) -> None:
        @task(id="many", max_iterations=3, in_place=False)
        def many(context: Context) -> Verdict:
            return Done() if context.task.iterations == 3 else Continue()

        record = stack.trigger(many)
        stack.definitions = (many, one_run)
        answers = [
            stack.run(record, visit=f"visit-{number}", delay=-1, webinyTaskDefinitionId="oneRun")[
                "status"
            ]
            for number in range(3)
        ]

        assert answers == ["continue", "continue", "done"]


class TestCrashes:
    def crashing(self, stack: Stack, **options: Any) -> TaskRecord:
        def body(context: Context) -> Verdict:
            raise Killed

        return stack.trigger(bare(body, **options))

    def crash(self, stack: Stack, record: TaskRecord) -> None:
        with pytest.raises(Killed):
            stack.run(record)

    def test_a_second_crash_in_a_row_fails_the_task_and_the_log_says_so(self, stack: Stack) -> None:
        record = self.crashing(stack)
        self.crash(stack, record)
        self.crash(stack, record)

        answer = stack.run(record)

        after: Any = stack.get(record)
        assert answer["status"] == "error"
        assert "crashed its Lambda 2 times in a row" in answer["error"]["message"]
        assert answer["error"]["data"]["crashes"] == 2
        assert (after.status, after.output["error"]["code"]) == (
            Status.FAILED,
            answer["error"]["code"],
        )
        assert any(
            "The iteration before did not end" in message for message in stack.messages(record)
        )

    @pytest.mark.parametrize("retries", [0, 2])
    def test_crash_retries_of_a_definition_limit_its_crashes(
        self, stack: Stack, retries: int
    ) -> None:
        record = self.crashing(stack, crash_retries=retries)
        for _ in range(retries + 1):
            self.crash(stack, record)

        assert stack.run(record)["status"] == "error"

    def test_a_crash_in_every_second_iteration_does_not_end_the_task(self, stack: Stack) -> None:
        def body(context: Context) -> Verdict:
            if context.task.iterations % 2:  # the first claim of each visit
                raise Killed
            return Continue()

        record = stack.trigger(bare(body))
        for number in range(5):
            with pytest.raises(Killed):
                stack.run(record, visit=str(number))
            assert stack.run(record, visit=str(number))["status"] == "continue"

    def test_a_crash_in_the_last_allowed_iteration_runs_it_again(self) -> None:
        result = run(one_run, before={2: kill})

        assert result.record.status is Status.SUCCESS
