"""Aborting a task from outside its iterations: its children, its hook and its execution."""

from typing import Any

import pytest

from handler import Context, Continue, Definition, Done, TaskRecord, Verdict, task
from handler.contract import Status
from handler.errors import NotFound, Refused
from handler.testing import abort, run
from tests.handler.lifecycle.sleeping import begin_to_wait, status
from tests.handler.stack import Stack, moment, refusal


@task(id="oneRun", max_iterations=1)
def one_run(context: Context) -> Done:
    return Done()


class TestAbort:
    def test_a_pending_task_is_aborted_with_a_date_a_line_and_its_hook(
        self, stack: Stack, definition: Definition
    ) -> None:
        hooks: list[TaskRecord] = []
        definition.on_abort(hooks.append)
        record = stack.tasks.trigger("exportUsers")
        stack.clock.advance(5)

        after = stack.tasks.abort(record.id, "Not needed any more.")

        stored = stack.get(record)
        assert (stored.status, stored.finished_on) == (
            Status.ABORTED,
            moment("2030-01-01T00:00:05.000Z"),
        )
        assert (after.status, after.finished_on) == (stored.status, stored.finished_on)
        assert stack.messages(record) == ["Not needed any more."]
        assert [hook.status for hook in hooks] == [Status.ABORTED]

    def test_an_abort_without_a_message_is_logged_in_webinys_words(
        self, stack: Stack, definition: Definition
    ) -> None:
        record = stack.tasks.trigger("exportUsers")
        stack.tasks.abort(record.id)

        assert stack.messages(record) == ["Task aborted."]

    def test_a_task_that_does_not_exist_is_not_found(self, stack: Stack) -> None:
        with pytest.raises(NotFound, match='Task "nothing" was not found!') as refused:
            stack.tasks.abort("nothing")

        assert refused.value.code == "NOT_FOUND"

    @pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED, Status.ABORTED])
    def test_a_task_that_is_over_is_refused_in_webinys_words(
        self, stack: Stack, status: Status
    ) -> None:
        record = stack.create(status=status)

        with pytest.raises(
            Refused, match="Cannot abort a task that is not pending or running!"
        ) as refused:
            stack.tasks.abort(record.id)

        assert refused.value.code == "TASK_ABORT_ERROR"
        assert refused.value.data == {"id": record.id, "status": status}
        assert stack.get(record) == record

    def test_a_task_whose_definition_is_gone_can_be_aborted(self, stack: Stack) -> None:
        record = stack.create(definition_id="gone")

        stack.tasks.abort(record.id)

        assert stack.get(record).status is Status.ABORTED

    def test_a_hook_that_raises_does_not_undo_the_abort(
        self, stack: Stack, definition: Definition
    ) -> None:
        @definition.on_abort
        def fail(record: TaskRecord) -> None:
            raise ValueError("of the hook")

        record = stack.tasks.trigger("exportUsers")

        stack.tasks.abort(record.id)

        assert stack.get(record).status is Status.ABORTED
        assert any("on_abort" in message for message in stack.messages(record))

    def test_open_children_and_grandchildren_are_aborted(self, stack: Stack) -> None:
        parent = stack.create()
        child = stack.create(parent_id=parent.id)
        ended = stack.create(parent_id=parent.id, status=Status.SUCCESS)
        grandchild = stack.create(parent_id=child.id)
        stranger = stack.create(parent_id="another")

        stack.tasks.abort(parent.id)

        statuses = [stack.get(record).status for record in (child, ended, grandchild, stranger)]
        assert statuses == [Status.ABORTED, Status.SUCCESS, Status.ABORTED, Status.PENDING]
        assert stack.messages(child) == [f'Its parent task "{parent.id}" was aborted.']

    def test_a_task_that_ends_in_the_same_moment_is_refused(
        self, stack: Stack, definition: Definition
    ) -> None:
        record = stack.tasks.trigger("exportUsers")

        def end_first(operation: str, request: dict[str, Any]) -> None:
            if operation == "transact_write_items":
                stack.dynamodb.recover()
                stack.run(record)

        stack.dynamodb.interference = end_first

        with pytest.raises(Refused):
            stack.tasks.abort(record.id)

        assert stack.get(record).status is Status.SUCCESS

    def test_an_iteration_that_starts_in_the_same_moment_is_aborted(
        self, stack: Stack, definition: Definition
    ) -> None:
        @task(id="exportUsers")
        def continuing(context: Context) -> Verdict:
            return Continue()

        record = stack.trigger(continuing)

        def start_first(operation: str, request: dict[str, Any]) -> None:
            if operation == "transact_write_items":
                stack.dynamodb.recover()
                stack.run(record)

        stack.dynamodb.interference = start_first

        stack.tasks.abort(record.id)

        assert stack.get(record).status is Status.ABORTED

    def test_children_triggered_after_the_abort_are_aborted(self) -> None:
        @task()
        def child(context: Context) -> Done:
            return Done()

        @task()
        def parent(context: Context) -> Verdict:
            context.trigger(child)
            return context.wait_for_children(lambda children: Done())

        result = run(parent, children=[child], before={2: abort})

        assert result.record.status is Status.ABORTED
        assert [one.status for one in result.children] == [Status.ABORTED]

    def test_the_hook_of_an_abort_gets_what_the_iteration_saved_meanwhile(self) -> None:
        seen: list[dict[str, object]] = []

        @task()
        def saving(context: Context, input: dict[str, int]) -> Done:
            context.save_input({"cursor": 7})
            return Done()

        saving.on_abort(lambda record: seen.append(record.input))

        run(saving, after={2: abort})

        assert seen == [{"cursor": 7}]


class TestStoppingExecutions:
    @pytest.fixture
    def waiting(self, stack: Stack) -> TaskRecord:
        """A task whose execution waits."""
        begin_to_wait(stack, seconds=1000)

        @task()
        def waiting(context: Context) -> Verdict:
            return Continue(wait=1000)

        record = stack.trigger(waiting)
        stack.run(record)
        return stack.get(record)

    def test_an_execution_that_waits_is_stopped(self, stack: Stack, waiting: TaskRecord) -> None:
        stack.tasks.abort(waiting.id)

        assert status() == "ABORTED"
        assert stack.get(waiting).status is Status.ABORTED

    def test_an_execution_that_runs_ends_by_itself(self, stack: Stack, waiting: TaskRecord) -> None:
        stack.clock.advance(1000)
        seen: list[str] = []

        @task(id="waiting")
        def aborted_while_it_runs(context: Context) -> Verdict:
            stack.tasks.abort(context.task.id)
            seen.append(status())
            return Done()

        stack.definitions = (aborted_while_it_runs,)

        assert stack.run(waiting, visit="visit-2")["status"] == "aborted"
        assert seen == ["RUNNING"]

    def test_an_abort_holds_although_its_execution_is_gone(
        self, stack: Stack, waiting: TaskRecord
    ) -> None:
        stack.stepfunctions.fail(refusal("ExecutionDoesNotExist"), only="stop_execution")

        stack.tasks.abort(waiting.id)

        assert stack.get(waiting).status is Status.ABORTED

    def test_an_abort_holds_although_its_execution_may_not_be_stopped(self, stack: Stack) -> None:
        record = stack.trigger(one_run, delay=60)
        stack.run(record, delay=60)
        stack.stepfunctions.fail(refusal("AccessDeniedException"))

        assert stack.system.tasks.abort(record.id).status is Status.ABORTED
