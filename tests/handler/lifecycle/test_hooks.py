"""The hooks of a task: which one runs, when, and what it is given."""

import pytest

from handler import Aborted, Continue, Done, Failed, TaskRecord, Verdict, process_log
from handler.contract import Status
from handler.testing import Killed
from tests.handler.recovering import Recovering
from tests.handler.simple_tasks import returning
from tests.handler.stack import Stack


class TestHooks:
    @pytest.mark.parametrize(
        ("verdict", "hook", "status"),
        [
            (Done(output={"a": 1}), "on_done", Status.SUCCESS),
            (Failed("boom"), "on_error", Status.FAILED),
            (Aborted(), "on_abort", Status.ABORTED),
        ],
    )
    def test_a_hook_gets_the_record_as_it_is_stored(
        self, stack: Stack, verdict: Verdict, hook: str, status: Status
    ) -> None:
        definition = returning(verdict)
        given: list[tuple[TaskRecord, TaskRecord]] = []
        getattr(definition, hook)(
            lambda record: given.append((record, stack.get(record).to_record()))
        )
        record = stack.trigger(definition)

        stack.run(record)

        ((record_given, stored),) = given
        assert record_given == stored
        assert record_given.status is status
        assert record_given.finished_on is not None

    def test_no_hook_runs_when_a_task_continues(self, stack: Stack) -> None:
        definition = returning(Continue())
        hooks: list[TaskRecord] = []
        for set_hook in (
            definition.on_done,
            definition.on_error,
            definition.on_abort,
            definition.on_max_iterations,
        ):
            set_hook(hooks.append)

        stack.run(stack.trigger(definition))

        assert hooks == []

    @pytest.mark.parametrize("error", [ValueError("of the hook"), SystemExit(1)])
    def test_a_hook_that_raises_is_logged_and_changes_nothing(
        self, stack: Stack, error: BaseException
    ) -> None:
        definition = returning(Done("Done.", output={"a": 1}))

        @definition.on_done
        def fail(record: TaskRecord) -> None:
            raise error

        record = stack.trigger(definition)

        answer = stack.run(record)

        after = stack.get(record)
        assert (answer["status"], answer["output"]) == ("done", {"a": 1})
        assert (after.status, after.pending_hook) == (Status.SUCCESS, None)
        line = next(line for line in stack.lines(record) if line.type == "error")
        assert line.message == f'Error executing on_done hook for task "{record.id}".'
        assert line.error is not None
        assert line.error.code == type(error).__name__

    def test_a_hook_whose_worker_died_runs_when_the_visit_is_tried_again(
        self, stack: Stack
    ) -> None:
        definition = returning(Done("Done."))
        ran: list[str] = []

        @definition.on_done
        def die_once(record: TaskRecord) -> None:
            ran.append(record.id)
            if len(ran) == 1:
                raise Killed

        record = stack.trigger(definition)
        with pytest.raises(Killed):
            stack.run(record)

        answer = stack.run(record)

        assert answer["status"] == "done"
        assert ran == [record.id] * 2
        assert stack.run(record)["status"] == "done"
        assert len(ran) == 2

    def test_a_pending_hook_that_was_removed_from_the_definition_is_cleared(
        self, stack: Stack
    ) -> None:
        stack.definitions = (returning(Done()),)
        record = stack.create(
            status=Status.SUCCESS, pending_hook="on_done", execution_name="execution-1"
        )

        stack.run(record, visit="later")

        assert stack.get(record).pending_hook is None

    def test_a_duplicate_leaves_the_hook_to_the_owner(self, stack: Stack) -> None:
        definition = returning(Done())
        hooks: list[TaskRecord] = []
        definition.on_done(hooks.append)
        stack.definitions = (definition,)
        record = stack.create(
            status=Status.SUCCESS, pending_hook="on_done", execution_name="execution-1"
        )

        stack.run(record, execution="execution-2")

        assert hooks == []
        assert stack.get(record).pending_hook == "on_done"


def test_a_hook_that_the_recovery_runs_logs_with_the_ids_of_its_task(
    recovering: Recovering,
) -> None:
    definition, ids = returning(Done()), list[dict[str, object]]()
    definition.on_error(lambda _: ids.append(process_log._ids()))
    recovering.stack.definitions = (definition,)
    record = recovering.running("execution-1", definition_id=definition.id)
    recovering.end("execution-1", "FAILED", error="Runtime.ExitError")

    recovering.report("execution-1")

    assert ids == [
        {
            "task_id": record.id,
            "definition_id": definition.id,
            "tenant": "root",
            "execution_name": "execution-1",
            "iteration": 1,
            "request_id": "request-1",
        }
    ]
    assert process_log._about == []
