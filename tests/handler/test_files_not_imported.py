"""One bad file under `definitions/` stops nothing that has nothing to do with it.

Its own tasks wait for the next deploy, as far as the state machine tries again, and then fail with
the reason.
"""

from dataclasses import replace

import pytest

from handler import Context, Continue, Definition, Done, Verdict, task
from handler.contract import Status
from handler.errors import DefinitionError, DefinitionUnavailable, UnknownDefinition
from handler.record import StoredTask
from tests.handler.aws.history import OUT_OF_TIME, History
from tests.handler.graphql.client import (
    ABORT_TASK,
    GET_TASK,
    LIST_DEFINITIONS,
    LIST_TASKS,
    TRIGGER_TASK,
    Api,
)
from tests.handler.recovering import Recovering
from tests.handler.simple_tasks import returning
from tests.handler.stack import STATE_MACHINE, BusQueue, Stack, event_file

BROKEN = DefinitionError(
    "definitions/export.py can't be imported: SyntaxError: invalid syntax.",
    data={"file": "definitions/export.py"},
)
UNAVAILABLE = ("DefinitionUnavailable", "definitions/export.py can't be imported")


@task(id="someTask", max_iterations=2, in_place=False)
def in_two_steps(context: Context) -> Verdict:
    return Done() if context.task.iterations == 2 else Continue()


def break_file(stack: Stack) -> tuple[Definition, ...]:
    """Deploys a bundle whose file of `someTask` is broken; what was deployed before it."""
    before = stack.definitions
    stack.definitions = tuple(each for each in before if each.id != "someTask")
    stack.problems = (BROKEN,)
    return before


def deploy(stack: Stack, definitions: tuple[Definition, ...]) -> None:
    """Deploys a bundle that can be imported."""
    stack.definitions, stack.problems = definitions, ()


def unchanged(record: StoredTask) -> StoredTask:
    """The record without what waiting writes to it."""
    return record.model_copy(update={"problem": None, "write_token": None})


class TestTheWorker:
    def test_a_task_that_has_not_started_waits_and_starts_with_the_next_deploy(
        self, stack: Stack
    ) -> None:
        record = stack.trigger(returning(Done("fine")))
        before = stack.get(record)
        deployed = break_file(stack)

        for _ in range(5):
            with pytest.raises(DefinitionUnavailable, match=r"export\.py can't be imported"):
                stack.run(record)
        while_broken = stack.get(record)
        deploy(stack, deployed)
        answer = stack.run(record)

        assert "export.py can't be imported" in str(while_broken.problem)
        assert unchanged(while_broken) == unchanged(before)
        assert answer["status"] == "done"
        assert stack.get(record).problem is None
        assert stack.get(record).iterations == 1
        assert stack.messages(record) == ["fine"]

    def test_a_task_that_goes_on_has_no_problem_any_more(self, stack: Stack) -> None:
        seen: list[str | None] = []

        @task(id="someTask")
        def look(context: Context) -> Verdict:
            seen.append(context.task.problem)
            return Done()

        record = stack.trigger(look)
        deployed = break_file(stack)
        with pytest.raises(DefinitionUnavailable):
            stack.run(record)
        deploy(stack, deployed)

        stack.run(record)

        assert seen == [None]

    def test_a_task_that_is_aborted_while_it_waits_has_no_problem_any_more(
        self, stack: Stack
    ) -> None:
        record = stack.trigger(returning(Done()))
        break_file(stack)
        with pytest.raises(DefinitionUnavailable):
            stack.run(record)

        stack.tasks.abort(record.id)

        assert stack.get(record).problem is None

    def test_a_task_in_the_middle_of_its_work_waits_and_none_of_it_is_a_crash(
        self, stack: Stack
    ) -> None:
        record = stack.trigger(in_two_steps)
        stack.run(record)
        before = stack.get(record)
        deployed = break_file(stack)

        for _ in range(5):
            with pytest.raises(DefinitionUnavailable):
                stack.run(record, visit="visit-2")
        while_broken = stack.get(record)
        deploy(stack, deployed)
        stack.run(record, visit="visit-2")

        assert "export.py can't be imported" in str(while_broken.problem)
        assert unchanged(while_broken) == unchanged(before)
        assert stack.get(record).status is Status.SUCCESS
        assert stack.messages(record) == ["Task continuing.", "Task done."]

    def test_a_crash_before_the_broken_deploy_is_named_by_its_own_cause(self, stack: Stack) -> None:
        history = History()
        stack.stepfunctions.stands_for(history)
        stack.settings = replace(stack.settings, state_machine_arn=STATE_MACHINE)
        record = stack.trigger(returning(Done(), crash_retries=1))
        stack.claim(stack.get(record), visit="visit-1")
        history.fail(OUT_OF_TIME, UNAVAILABLE, UNAVAILABLE)

        stack.run(record)

        assert "ran out of time" in stack.messages(record)[0]

    def test_other_tasks_run(self, stack: Stack) -> None:
        record = stack.trigger(named("otherTask", "other"))
        stack.trigger(in_two_steps)
        break_file(stack)

        answer = stack.run(record)

        assert (answer["status"], answer["message"]) == ("done", "other")

    def test_an_event_that_names_another_definition_than_the_record_waits_too(
        self, stack: Stack
    ) -> None:
        other = named("otherTask", "other")
        record, of_other = stack.trigger(in_two_steps), stack.trigger(other)
        break_file(stack)

        with pytest.raises(DefinitionUnavailable, match='"someTask" was not found'):
            stack.run(record, webinyTaskDefinitionId="otherTask")
        answer = stack.run(of_other, webinyTaskDefinitionId="someTask")

        assert stack.get(record).iterations == 0
        assert answer["message"] == "other"

    def test_a_task_that_is_over_or_of_another_execution_is_answered(self, stack: Stack) -> None:
        over = stack.create(status=Status.SUCCESS, execution_name="execution-1")
        theirs = stack.claim(stack.create(), execution="execution-2")
        break_file(stack)

        answers = [stack.run(over), stack.run(theirs), stack.run(over, execution="execution-3")]

        assert [answer["status"] for answer in answers] == ["error", "done", "done"]

    def test_a_lost_answer_is_given_again(self, stack: Stack) -> None:
        record = stack.trigger(in_two_steps)
        first = stack.run(record)
        break_file(stack)

        again = stack.run(record)

        assert again == first

    def test_a_delay_passes_meanwhile(self, stack: Stack) -> None:
        record = stack.trigger(in_two_steps, delay=60)
        break_file(stack)

        answer = stack.run(record, delay=60)

        assert (answer["status"], answer["wait"]) == ("continue", 60)

    def test_an_event_by_hand_waits_and_makes_its_record_with_the_next_deploy(
        self, stack: Stack
    ) -> None:
        stack.definitions = (named("exportUsers"),)
        deployed, stack.definitions, stack.problems = stack.definitions, (), (BROKEN,)
        event = event_file("worker_by_hand")
        event["payload"] |= {"webinyTaskDefinitionId": "exportUsers", "input": {}}
        id = event["payload"]["webinyTaskId"]

        with pytest.raises(DefinitionUnavailable):
            stack.invoke(event)
        while_broken = stack.store.find(id)
        deploy(stack, deployed)
        answer = stack.invoke(event)

        assert while_broken is None
        assert answer["status"] == "done"

    def test_a_child_of_a_broken_file_is_refused_and_its_parent_says_why(
        self, stack: Stack
    ) -> None:
        @task()
        def parent(context: Context) -> Done:
            context.trigger("someTask")
            return Done()

        record = stack.trigger(parent)
        stack.problems = (BROKEN,)

        answer = stack.run(record)

        assert answer["error"]["message"] == "Task definition was not found!"
        assert answer["error"]["data"]["notImported"] == [BROKEN.message]


class TestTheRecovery:
    def test_an_execution_that_has_tried_for_long_enough_fails_its_task_with_the_reason(
        self, recovering: Recovering
    ) -> None:
        stack, record = recovering.stack, recovering.running()
        deployed = break_file(stack)
        recovering.end("execution-1", "FAILED", error=UNAVAILABLE[0], cause=UNAVAILABLE[1])

        recovering.report("execution-1")

        error = recovering.error(record)
        assert stack.get(record).status is Status.FAILED
        assert error["code"] == "WORKER_DEFINITION_UNAVAILABLE"
        assert "correct it and deploy again" in error["message"]
        assert UNAVAILABLE[1] in error["message"]
        assert recovering.ran == []

        deploy(stack, deployed)
        recovering.wait()
        recovering.sweep()

        assert recovering.ran == [("on_error", "failed")]
        assert stack.get(record).pending_hook is None

    def test_hooks_wait_for_their_definition_for_as_long_as_it_takes(
        self, recovering: Recovering
    ) -> None:
        stack, record = recovering.stack, recovering.running()
        child = recovering.pending(parent_id=record.id)
        deployed = break_file(stack)
        stack.tasks.abort(record.id)

        for _ in range(10):
            recovering.wait()
            recovering.sweep()
        waiting = stack.get(record)
        deploy(stack, deployed)
        recovering.wait()
        recovering.sweep()

        assert (waiting.pending_hook, waiting.pending_hook_attempts) == ("on_abort", 0)
        assert recovering.ran == [("on_abort", "aborted"), ("on_abort", "aborted")]
        assert stack.get(child).status is Status.ABORTED
        assert not stack.get(record).has_follow_ups

    def test_a_definition_without_that_hook_clears_it(self, recovering: Recovering) -> None:
        stack, record = recovering.stack, recovering.running()
        break_file(stack)
        stack.tasks.abort(record.id)

        deploy(stack, (returning(Done()),))
        recovering.wait()
        recovering.sweep()

        assert not stack.get(record).has_follow_ups

    def test_a_sweep_ends_and_closes_what_has_nothing_to_do_with_it(
        self, recovering: Recovering
    ) -> None:
        stack, record = recovering.stack, recovering.claimed_by("execution-1")
        other = stack.claim(stack.create(definition_id="otherTask"), execution="execution-2")
        stack.definitions = (*stack.definitions, named("otherTask"))
        break_file(stack)
        recovering.wait()

        found = recovering.sweep()

        assert found["ended"] == 2
        assert stack.get(record).status is stack.get(other).status is Status.FAILED

    def test_a_task_without_an_execution_is_neither_sent_again_nor_given_up(
        self, recovering: Recovering, bus_queue: BusQueue
    ) -> None:
        record = recovering.pending()
        deployed = break_file(recovering.stack)

        for _ in range(10):
            recovering.wait(times=100)
            recovering.sweep()
        while_broken = recovering.stack.get(record)
        deploy(recovering.stack, deployed)
        recovering.wait()
        recovering.sweep()

        assert while_broken.to_record() == record.to_record()
        assert len(bus_queue.take()) == 1

    def test_a_dead_letter_by_hand_stays_in_the_queue_until_its_definition_is_there(
        self, recovering: Recovering
    ) -> None:
        stack = recovering.stack
        detail = {"webinyTaskDefinitionId": "someTask", "input": {}}
        recovering.send_to_dlq({"id": "event-1", "detail": detail})
        deployed = break_file(stack)

        recovering.sweep()
        letters = recovering.letters()

        assert letters == 1
        assert stack.store.find("event-1") is None

        recovering.send_to_dlq({"id": "event-2", "detail": detail})
        deploy(stack, deployed)
        recovering.sweep()

        assert stack.get("event-2").status is Status.PENDING

    def test_an_execution_by_hand_that_is_over_leaves_a_failed_task_with_the_reason(
        self, recovering: Recovering
    ) -> None:
        detail = {"webinyTaskDefinitionId": "someTask", "input": {"size": 3}}
        recovering.start("execution-1", event={"id": "event-1", "detail": detail})
        recovering.end("execution-1", "FAILED", error=UNAVAILABLE[0], cause=UNAVAILABLE[1])
        break_file(recovering.stack)

        recovering.report("execution-1")

        failed = recovering.stack.get("event-1")
        assert failed.status is Status.FAILED
        assert failed.input == {"size": 3}
        assert (failed.failure.data or {})["notImported"] == [BROKEN.message]


class TestTheApi:
    def test_it_lists_reads_and_aborts_the_tasks_and_lists_the_other_definitions(
        self, stack: Stack
    ) -> None:
        api = Api(stack)
        record = stack.trigger(in_two_steps)
        break_file(stack)

        read = api.data(GET_TASK, id=record.id)
        listed = api.data(LIST_TASKS)
        aborted = api.data(ABORT_TASK, id=record.id)
        definitions = api.data(LIST_DEFINITIONS)

        assert read["taskStatus"] == "pending"
        assert [each["id"] for each in listed] == [record.id]
        assert aborted["taskStatus"] == "aborted"
        assert [definition["id"] for definition in definitions] == ["testingRun", "exportUsers"]

    def test_a_trigger_of_a_missing_definition_says_which_file_and_where_the_reason_is(
        self, stack: Stack
    ) -> None:
        api = Api(stack)
        stack.trigger(in_two_steps)
        break_file(stack)

        answer = api.ask(TRIGGER_TASK, definition="someTask")

        (error,) = answer["errors"]
        assert "testingRun, exportUsers" in error["message"]
        assert "as the log of the API explains: definitions/export.py." in error["message"]
        assert "SyntaxError" not in error["message"]

    def test_without_any_definition_it_still_lists_reads_and_aborts(self, stack: Stack) -> None:
        api = Api(stack)
        record = stack.trigger(in_two_steps)
        stack.definitions, stack.problems = (), (BROKEN,)

        aborted = api.data(ABORT_TASK, id=record.id)
        envelope = api.envelope(TRIGGER_TASK, definition="Empty")

        assert aborted["taskStatus"] == "aborted"
        assert api.data(LIST_DEFINITIONS) == []
        assert envelope["error"]["message"] == "Task definition was not found!"
        assert "notImported" not in envelope["error"]["data"]

    def test_code_that_triggers_it_hears_which_file_and_why(self, stack: Stack) -> None:
        stack.problems = (BROKEN,)

        with pytest.raises(UnknownDefinition, match="Task definition was not found!") as refused:
            stack.tasks.trigger("someTask")

        assert (refused.value.data or {})["notImported"] == [BROKEN.message]


def named(id: str, message: str = "") -> Definition:
    """A task that is done at once."""

    @task(id=id)
    def done(context: Context) -> Done:
        return Done(message)

    return done
