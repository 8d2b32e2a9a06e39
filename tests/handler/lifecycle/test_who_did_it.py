"""Who aborted or deleted a task is in its log, on its record and in the log of the process."""

import logging
from typing import Any

import pytest

from handler import (
    Context,
    Continue,
    Done,
    Filter,
    Identity,
    InvalidInput,
    TaskRecord,
    Verdict,
    task,
)
from handler.contract import Status
from handler.record import SYSTEM_IDENTITY
from handler.testing import abort, run
from tests.handler.graphql.client import ABORT_TASK, LIST_LOGS, Api
from tests.handler.recovering import Recovering
from tests.handler.stack import Stack

ALICE = Identity(id="alice", display_name="Alice", type="iam")
EVE = Identity(id="eve", display_name="Eve", type="iam")
LONG = Identity(id="x" * 5_000, display_name="y" * 5_000, type="z" * 5_000)


def writers(stack: Stack, id: str) -> dict[str, str]:
    """Who wrote each line of a task's log, by what it says."""
    return {
        line.message: (line.created_by or log.created_by).id
        for log in stack.store.logs.read(id)
        for line in log.lines
    }


class TestAbort:
    def test_its_line_is_of_whoever_aborted_and_not_of_whoever_triggered(
        self, stack: Stack
    ) -> None:
        record = stack.create(created_by=ALICE)

        after = stack.tasks.abort(record.id, "Enough.", by=EVE)

        (log,) = stack.tasks.logs(record.id)
        assert log.created_by == EVE
        assert (after.created_by, after.aborted_by) == (ALICE, EVE)

    def test_beside_the_lines_of_the_iteration_each_line_has_its_writer(self, stack: Stack) -> None:
        @task()
        def logs_and_waits(context: Context) -> Verdict:
            context.log.info("Working.")
            return Continue(wait=60)

        record = stack.trigger(logs_and_waits, created_by=ALICE)
        stack.run(record)
        stack.clock.advance(1)

        stack.tasks.abort(record.id, "Enough.", by=EVE)

        found = writers(stack, record.id)
        assert (found["Working."], found["Enough."]) == ("alice", "eve")

    def test_children_and_grandchildren_are_aborted_by_the_same(self, stack: Stack) -> None:
        parent = stack.create(created_by=ALICE)
        child = stack.create(parent_id=parent.id, created_by=ALICE)
        grandchild = stack.create(parent_id=child.id, created_by=ALICE)

        stack.tasks.abort(parent.id, by=EVE)

        for one in (child, grandchild):
            assert stack.get(one).aborted_by == EVE
            assert set(writers(stack, one.id).values()) == {"eve"}

    def test_children_that_a_sweep_aborts_are_aborted_by_the_same(self, stack: Stack) -> None:
        parent = stack.create(created_by=ALICE)
        child = stack.create(parent_id=parent.id, created_by=ALICE)

        class Killed(BaseException):
            pass

        def die(operation: str, request: object) -> None:
            if operation == "query":
                raise Killed

        stack.dynamodb.interference = die
        with pytest.raises(Killed):
            stack.tasks.abort(parent.id, by=EVE)
        stack.dynamodb.recover()
        stack.clock.advance(600)

        stack.system.reconciliation.sweep()

        assert stack.get(child).aborted_by == EVE

    def test_an_execution_that_somebody_stopped_is_the_systems_abort(
        self, recovering: Recovering
    ) -> None:
        record = recovering.running(created_by=ALICE)
        child = recovering.pending(parent_id=record.id, created_by=ALICE)
        recovering.end("execution-1", "ABORTED")

        recovering.report("execution-1")

        for one in (record, child):
            assert recovering.stack.get(one).aborted_by == SYSTEM_IDENTITY
            assert set(writers(recovering.stack, one.id).values()) == {"system"}

    def test_code_that_names_nobody_is_the_system(self, stack: Stack) -> None:
        record = stack.create(created_by=ALICE)

        stack.tasks.abort(record.id)

        assert stack.get(record).aborted_by == SYSTEM_IDENTITY
        assert writers(stack, record.id) == {"Task aborted.": "system"}

    def test_a_task_that_aborts_itself_is_aborted_by_nobody_else(self) -> None:
        @task()
        def child(context: Context) -> Verdict:
            return Continue(wait=60)

        @task()
        def parent(context: Context) -> Verdict:
            context.trigger(child)
            return context.wait_for_children(lambda children: Done())

        result = run(parent, children=[child], before={2: abort})

        assert result.record.aborted_by == SYSTEM_IDENTITY
        assert [one.aborted_by for one in result.children] == [SYSTEM_IDENTITY]

    def test_names_that_are_too_long_are_cut(self, stack: Stack) -> None:
        record = stack.create()

        stack.tasks.abort(record.id, by=LONG)

        kept = stack.get(record).aborted_by
        (log,) = stack.tasks.logs(record.id)
        assert kept == log.created_by
        assert kept is not None
        assert max(map(len, (kept.id, kept.display_name, kept.type))) <= 500

    def test_the_api_shows_who_aborted(self, stack: Stack) -> None:
        api = Api(stack)
        record = stack.create(created_by=ALICE)

        api.data(ABORT_TASK, id=record.id, message="Enough.")

        shown = api.ask(
            f"""{{ backgroundTasks {{
                getTask(id: "{record.id}") {{ data {{ abortedBy {{ displayName }} }} }}
                listLogs(where: {{ task: "{record.id}" }}) {{
                    data {{ createdBy {{ displayName }} items {{ createdBy {{ displayName }} }} }}
                }}
            }} }}"""
        )["data"]["backgroundTasks"]
        jane = {"displayName": "jane"}
        assert shown["getTask"]["data"] == {"abortedBy": jane}
        assert shown["listLogs"]["data"] == [{"createdBy": jane, "items": [{"createdBy": jane}]}]
        assert api.data(LIST_LOGS, where={"task": record.id})


class TestTheEngine:
    def test_what_it_writes_beside_an_iteration_is_the_systems(self, stack: Stack) -> None:
        @task()
        def of_alice(context: Context) -> Done:
            return Done("Done.")

        @of_alice.on_done
        def fail(record: TaskRecord) -> None:
            raise ValueError("of the hook")

        record = stack.trigger(of_alice, created_by=ALICE)

        stack.run(record)

        found = writers(stack, record.id)
        assert found.pop("Done.") == "alice"
        assert list(found.values()) == ["system"]


class TestTheLogOfTheProcess:
    @pytest.mark.parametrize("by", [EVE, None])
    def test_a_deletion_is_logged_with_the_task_and_whoever_deleted_it(
        self, stack: Stack, caplog: pytest.LogCaptureFixture, by: Identity | None
    ) -> None:
        record = stack.create(status=Status.SUCCESS, created_by=ALICE, tenant="acme")

        stack.tasks.delete(record.id, **({"by": by} if by else {}))

        (line,) = (vars(line) for line in caplog.records if line.levelno == logging.INFO)
        assert line["action"] == "task_deleted"
        assert (line["about_task_id"], line["tenant"]) == (record.id, "acme")
        assert line["identity_id"] == (by.id if by else "system")

    def test_an_abort_is_logged_although_its_definition_keeps_no_log(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        @task(database_logs=False)
        def quiet(context: Context) -> Done:
            return Done()

        record = stack.trigger(quiet)

        stack.tasks.abort(record.id, by=EVE)

        (line,) = (vars(line) for line in caplog.records if line.levelno == logging.INFO)
        assert (line["action"], line["identity_id"]) == ("task_aborted", "eve")
        assert stack.get(record).aborted_by == EVE


class TestNobody:
    @pytest.mark.parametrize("by", [None, "anne", {"id": "anne"}])
    @pytest.mark.parametrize("verb", ["abort", "run_now", "pause", "resume", "retry", "delete"])
    def test_a_verb_of_nobodys_is_refused_and_changes_nothing(
        self, stack: Stack, verb: str, by: Any
    ) -> None:
        over = verb in ("retry", "delete")
        record = stack.create(status=Status.FAILED if over else Status.PENDING)
        before = stack.rows()

        with pytest.raises(InvalidInput, match=r"by is .*; it takes an Identity"):
            getattr(stack.tasks, verb)(record.id, by=by)

        assert stack.rows() == before

    def test_so_is_a_trigger_and_a_verb_of_many(self, stack: Stack) -> None:
        nobody: Any = "anne"

        with pytest.raises(InvalidInput, match=r"created_by is .*anne"):
            stack.tasks.trigger("someTask", created_by=nobody)
        with pytest.raises(InvalidInput, match="by is"):
            stack.tasks.abort_many(Filter(), by=nobody)

        assert stack.rows() == []
