"""A definition was renamed while its tasks are open: it runs them, and each keeps its id."""

from typing import Any

import pytest

from handler import Aborted, Context, Continue, Definition, Done, TaskRecord, Verdict, task
from handler.clock import to_iso
from handler.record import StoredTask
from handler.table import Filter
from handler.testing import run
from tests.handler.graphql.client import GET_TASK, LIST_DEFINITIONS, TRIGGER_TASK, Api
from tests.handler.recovering import Recovering
from tests.handler.stack import Stack, event_file


def definition(id: str, *aliases: str, ran: list[Any] | None = None, **options: Any) -> Definition:
    """A task of two iterations with a hook."""

    @task(id=id, aliases=aliases, in_place=False, **options)
    def two_steps(context: Context) -> Verdict:
        context.log.info(f"Run by {context.definition.id}.")
        return Done() if context.task.iterations > 1 else Continue()

    two_steps.on_done(lambda record: ran.append(("on_done", record.definition_id)) if ran else None)
    two_steps.on_abort(lambda record: ran.append(("on_abort", record.definition_id)))  # type: ignore[union-attr]
    return two_steps


OLD, NEW = definition("oldId"), definition("newId", "oldId")


def by_hand(stack: Stack, visit: str, id: str = "oldId") -> Any:
    payload = event_file("worker_by_hand")["payload"] | {"visit": visit, "input": {}}
    payload["executionStartedOn"] = to_iso(stack.clock.now())
    return stack.invoke({"payload": payload | {"webinyTaskDefinitionId": id}})


def task_of_hand(stack: Stack) -> StoredTask:
    return stack.get(event_file("worker_by_hand")["payload"]["webinyTaskId"])


class TestOpenTasks:
    def test_one_in_the_middle_of_its_work_goes_on_under_its_own_id(self, stack: Stack) -> None:
        record = stack.trigger(OLD)
        stack.run(record, visit="visit-1")
        stack.definitions = (NEW,)

        answer = stack.run(record, visit="visit-2")

        assert answer["status"] == "done"
        assert stack.get(record).definition_id == "oldId"
        assert "Run by oldId." in stack.messages(record)
        assert "Run by newId." in stack.messages(record)

    def test_its_limits_and_its_hooks_are_those_of_the_new_definition(self, stack: Stack) -> None:
        ran: list[Any] = ["ready"]
        new = definition("newId", "oldId", ran=ran, max_iterations=1)
        first, second = stack.trigger(OLD), stack.trigger(definition("anotherOld"))
        stack.run(first, visit="visit-1")
        stack.definitions = (new, definition("another", "anotherOld", ran=ran))
        stack.tasks.abort(second.id)

        answer = stack.run(first, visit="visit-2")

        assert answer["error"]["code"] == "MAX_ITERATIONS"
        assert ran == ["ready", ("on_abort", "anotherOld")]

    def test_an_event_that_waits_for_its_delay_is_taken(self, stack: Stack) -> None:
        record = stack.trigger(OLD, delay=60)
        stack.definitions = (NEW,)

        deferred = stack.run(record, delay=60)
        stack.clock.advance(60)
        stack.run(record, delay=-1, visit="visit-2")

        assert deferred["wait"] == 60
        assert stack.get(record).iterations == 1

    def test_the_recovery_sends_its_event_again_and_runs_its_hook(
        self, recovering: Recovering
    ) -> None:
        ran: list[Any] = []
        stack = recovering.stack
        lost = recovering.pending(definition_id="oldId")
        stopped = recovering.running(definition_id="oldId")
        stack.definitions = (definition("newId", "oldId", ran=ran),)
        recovering.end("execution-1", "ABORTED")
        recovering.report("execution-1")
        recovering.wait()

        recovering.sweep()

        assert stack.get(lost).resends == 1
        assert stack.get(stopped).was_aborted
        assert ran == [("on_abort", "oldId")]

    def test_it_costs_no_request_more(self, stack: Stack) -> None:
        record = stack.trigger(OLD)
        stack.definitions = (NEW,)
        before = len(stack.dynamodb.calls)

        stack.run(record)

        assert len(stack.dynamodb.calls) - before == 2


class TestEventsByHand:
    def test_one_that_names_the_old_id_makes_a_task_of_the_new_one(self, stack: Stack) -> None:
        stack.definitions = (NEW,)

        by_hand(stack, "visit-1")

        assert task_of_hand(stack).definition_id == "newId"

    @pytest.mark.parametrize("first", [OLD, NEW], ids=["made before", "made after"])
    def test_its_iterations_cost_no_request_more(self, stack: Stack, first: Definition) -> None:
        stack.definitions = (first,)
        by_hand(stack, "visit-1")
        stack.definitions = (NEW,)
        before = len(stack.dynamodb.calls)

        answer = by_hand(stack, "visit-2")

        assert answer["status"] == "done"
        # Is it there, the claim, the commit; then the hook is cleared: as of any event by hand.
        calls = ["get_item", "update_item", "transact_write_items", "update_item"]
        assert stack.dynamodb.calls[before:] == calls
        assert task_of_hand(stack).definition_id == first.id

    def test_one_that_is_refused_is_a_failed_task_of_the_new_id(self, stack: Stack) -> None:
        stack.definitions = (NEW,)
        payload = event_file("worker_by_hand")["payload"]

        stack.invoke({"payload": payload | {"webinyTaskDefinitionId": "oldId", "tenant": 7}})

        assert task_of_hand(stack).has_failed
        assert task_of_hand(stack).definition_id == "newId"


class TestTriggers:
    @pytest.mark.parametrize("id", ["newId", "oldId", NEW])
    def test_a_new_task_has_the_new_id(self, stack: Stack, id: str | Definition) -> None:
        stack.definitions = (NEW,)

        assert stack.tasks.trigger(id).definition_id == "newId"

    @pytest.mark.parametrize("id", ["newId", "oldId"])
    def test_a_key_that_was_used_before_is_still_one_task(self, stack: Stack, id: str) -> None:
        first = stack.trigger(OLD, idempotency_key="tonight")
        stack.definitions = (NEW,)

        again = stack.tasks.trigger(id, idempotency_key="tonight")
        other = stack.tasks.trigger(id, idempotency_key="tomorrow")
        other_again = stack.tasks.trigger(id, idempotency_key="tomorrow")

        assert again.id == first.id
        assert again.definition_id == "oldId"
        assert other.definition_id == "newId"
        assert other_again.id == other.id != first.id

    def test_a_key_whose_task_was_deleted_is_free(self, stack: Stack) -> None:
        first = stack.trigger(OLD, idempotency_key="tonight")
        stack.tasks.abort(first.id)
        stack.tasks.delete(first.id)
        stack.definitions = (NEW,)

        again = stack.tasks.trigger("newId", idempotency_key="tonight")

        assert again.definition_id == "newId"


class TestLists:
    def test_a_task_is_found_under_its_own_id(self, stack: Stack) -> None:
        old = stack.trigger(OLD)
        stack.definitions = (NEW,)
        new = stack.tasks.trigger("oldId")

        def listed(id: str) -> list[str]:
            return [record.id for record in stack.tasks.list(Filter(definition_id=id)).items]

        assert (listed("oldId"), listed("newId")) == ([old.id], [new.id])

    @pytest.mark.parametrize("asked", ["newId", "oldId", NEW])
    def test_a_parent_finds_its_children_of_both_ids(
        self, stack: Stack, asked: str | Definition
    ) -> None:
        found: list[set[str]] = []

        @task()
        def parent(context: Context) -> Verdict:
            found.append({child.id for child in context.children(asked)})
            return Done()

        record = stack.trigger(parent)
        stack.definitions = (parent, OLD, definition("other"))
        children = {stack.tasks.trigger("oldId", parent=record).id}
        stack.tasks.trigger("other", parent=record)
        stack.definitions = (parent, NEW, definition("other"))
        children.add(stack.tasks.trigger("newId", parent=record).id)

        stack.run(record)

        assert found == [children]

    def test_a_parent_that_runs_again_triggers_no_child_twice(self, stack: Stack) -> None:
        @task(in_place=False)
        def parent(context: Context) -> Verdict:
            context.trigger("oldId")
            return Continue()

        record = stack.trigger(parent)
        stack.definitions = (parent, OLD)
        stack.run(record, visit="visit-1")
        stack.definitions = (parent, NEW)

        stack.run(record, visit="visit-2")

        assert [child.definition_id for child in stack.store.index.children(record.id)] == ["oldId"]


class TestApi:
    @pytest.fixture
    def api(self, stack: Stack) -> Api:
        api = Api(stack)
        stack.definitions = (NEW, definition("hidden", "oldHidden", private=True))
        return api

    @pytest.mark.parametrize("id", ["newId", "oldId"])
    def test_a_document_of_before_still_triggers(self, api: Api, id: str) -> None:
        made = api.data(TRIGGER_TASK, definition=id)

        assert api.data(GET_TASK, id=made["id"])["definitionId"] == "newId"

    def test_the_old_id_is_deprecated_and_listed_nowhere(self, api: Api) -> None:
        values = api.ask(
            '{ __type(name: "WebinyBackgroundTaskDefinitionEnum") {'
            " enumValues(includeDeprecated: true) { name isDeprecated deprecationReason } } }"
        )["data"]["__type"]["enumValues"]

        assert [tuple(value.values()) for value in values] == [
            ("newId", False, None),
            ("oldId", True, "It is newId now."),
        ]
        assert [each["id"] for each in api.data(LIST_DEFINITIONS)] == ["newId"]


def test_the_test_kit_takes_a_task_with_aliases() -> None:
    @task(id="newId", aliases=("oldId",))
    def aborting(context: Context) -> Aborted:
        return Aborted()

    record: TaskRecord = run(aborting).record

    assert record.was_aborted
