"""Pausing a definition, or all: no task of theirs runs until they are resumed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handler import (
    Context,
    Continue,
    Done,
    Filter,
    Identity,
    Pause,
    TaskRecord,
    Verdict,
    task,
)
from handler.contract import BULK_DEFINITION, Status
from handler.errors import InvalidInput, NotFound, Overtaken, Refused, UnknownDefinition
from handler.lifecycle.pausing import MAX_PAUSES
from handler.record import StoredTask
from handler.table import KnownSettings, Store
from handler.testing import World, kill, run
from handler.wiring import System, build
from tests.handler.lifecycle.sleeping import DAY, NEW, OLD, killed_at, sleeper
from tests.handler.stack import TABLE, BusQueue, Stack, WatchedClock

ANNE = Identity(id="anne", display_name="Anne", type="admin")


@task(id="some", aliases=("older",))
def some(context: Context, input: dict[str, int]) -> Verdict:
    step = input.get("step", 0) + 1
    return Done(output={"steps": step}) if step == 3 else Continue({"step": step})


@task(id="other")
def other(context: Context) -> Done:
    return Done()


@pytest.fixture
def stack(stack: Stack) -> Stack:
    stack.definitions = (some, other, sleeper)
    return stack


def elsewhere(stack: Stack) -> System:
    """Another process, which knows nothing yet."""
    return build(replace(stack.parts(), known_settings=KnownSettings()), remaining=stack.remaining)


def held(stack: Stack, definition_id: str = "some", **options: Any) -> StoredTask:
    """A task that was triggered, and held by the worker."""
    record = stack.tasks.trigger(definition_id, **options)
    assert stack.run(record, execution=f"of-{record.id}")["status"] == "done"
    return stack.get(record)


def work(stack: Stack, bulk: TaskRecord) -> Any:
    """Has the engine's own task run to its end, and returns its output."""
    assert stack.run(bulk, execution=f"of-{bulk.id}")["status"] == "done"
    return stack.get(bulk).output


class TestPausingADefinition:
    def test_a_task_that_is_triggered_then_waits_and_has_no_execution(self, stack: Stack) -> None:
        pause = stack.tasks.pause_definition("some", by=ANNE)
        record = stack.tasks.trigger(some)
        stack.clock.advance(1)

        answer = stack.run(record)

        after = stack.get(record)
        assert answer["status"] == "done"
        assert "is paused" in answer["message"]
        assert (after.status, after.execution_name, after.iterations) == (Status.PENDING, None, 0)
        assert (after.paused_on, after.paused_with) == (stack.clock.now(), "definition")
        assert (pause.definition_id, pause.tenant, pause.paused_by) == ("some", None, ANNE)
        assert stack.tasks.pauses() == (pause,)

    def test_one_that_is_told_to_run_now_says_what_holds_it(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        record = held(stack)

        with pytest.raises(Refused, match=r"paused with its definition.* Next: resume that\."):
            stack.tasks.run_now(record.id)

        assert stack.get(record) == record

    def test_tasks_of_other_definitions_run(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")

        record = stack.tasks.trigger(other)
        stack.run(record)

        assert stack.get(record).has_succeeded

    def test_one_that_sleeps_is_held_when_it_wakes(self, stack: Stack, asleep: TaskRecord) -> None:
        stack.tasks.pause_definition(sleeper)
        stack.clock.advance(DAY)

        answer = stack.run(asleep, execution=OLD, visit="visit-2")

        after = stack.get(asleep)
        assert answer["status"] == "done"
        assert (after.status, after.execution_name) == (Status.RUNNING, None)
        assert (after.paused_with, after.iterations) == ("definition", 1)

    def test_one_that_is_resumed_by_itself_in_the_moment_of_its_event_is_not_claimed(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        record, find = stack.tasks.trigger(some), Store.find
        stack.tasks.pause(record.id)
        stack.tasks.pause_definition("some")

        def find_and_resume(self: Store, id: str, **options: Any) -> StoredTask | None:
            found = find(self, id, **options)
            monkeypatch.setattr(Store, "find", find)
            stack.tasks.resume(id)
            return found

        monkeypatch.setattr(Store, "find", find_and_resume)
        answer = stack.run(record)

        after = stack.get(record)
        assert answer["status"] == "done"
        assert (after.iterations, after.is_paused) == (0, False)
        assert stack.run(record, execution=NEW)["status"] == "done"
        assert stack.get(record).paused_with == "definition"

    def test_one_in_its_delay_is_held_when_that_has_passed(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        record = stack.tasks.trigger(some, delay=DAY)

        assert stack.run(record, delay=DAY)["wait"] == DAY
        stack.clock.advance(DAY)

        assert stack.run(record, visit="visit-2")["status"] == "done"
        assert stack.get(record).paused_with == "definition"

    def test_the_iteration_in_hand_goes_on_and_the_next_one_in_place_waits(
        self, stack: Stack
    ) -> None:
        @task(id="pausing")
        def pausing(context: Context, input: dict[str, int]) -> Verdict:
            stack.tasks.pause_definition("pausing")
            return Continue({"step": 1})

        record = stack.trigger(pausing)

        assert stack.run(record)["status"] == "continue"
        assert stack.run(record, visit="visit-2")["status"] == "done"
        after = stack.get(record)
        assert (after.input, after.iterations, after.paused_with) == ({"step": 1}, 1, "definition")

    def test_an_iteration_that_ends_the_task_ends_it(self, stack: Stack) -> None:
        @task(id="pausing")
        def pausing(context: Context) -> Done:
            stack.tasks.pause_definition("pausing")
            return Done()

        record = stack.trigger(pausing)

        stack.run(record)

        assert stack.get(record).has_succeeded

    def test_it_is_paused_under_each_of_its_ids(self, stack: Stack) -> None:
        pause = stack.tasks.pause_definition("older")
        old = stack.create(definition_id="older")

        stack.run(old)

        assert pause.definition_id == "some"
        assert stack.get(old).paused_with == "definition"

    def test_an_event_by_hand_is_held_as_well(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        payload: Any = {"webinyTaskId": "event-1", "byHand": True, "input": {}}

        answer = stack.run(stack.create(id="unused", definition_id="some"), **payload)

        assert answer["status"] == "done"
        assert stack.get("event-1").paused_with == "definition"

    def test_the_tasks_of_one_tenant(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some", tenant="acme")

        assert held(stack, tenant="acme").paused_with == "definition"
        ours = stack.tasks.trigger(some)
        stack.run(ours)
        assert stack.get(ours).has_succeeded

    def test_all_tasks_of_the_stack(self, stack: Stack) -> None:
        stack.tasks.pause_all()

        for definition_id in ("some", "other"):
            for tenant in ("root", "acme"):
                assert held(stack, definition_id, tenant=tenant).paused_with == "all"

    def test_the_engines_own_tasks_are_not_held(self, stack: Stack) -> None:
        stack.tasks.pause_all()
        one = held(stack)

        begun = stack.tasks.abort_many(Filter(definition_id="some"))

        assert begun.task is not None
        assert work(stack, begun.task)["done"] == 1
        assert stack.get(one).was_aborted
        with pytest.raises(Refused, match="is the engine's own definition"):
            stack.tasks.pause_definition(BULK_DEFINITION)

    def test_an_abort_ends_one_that_is_held(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        one = held(stack)

        after = stack.tasks.abort(one.id)

        assert (after.status, after.paused_on, after.paused_with) == (Status.ABORTED, None, None)

    def test_one_whose_time_is_over_fails(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        late = stack.tasks.trigger(some, timeout=60)
        early = held(stack, timeout=60)
        stack.clock.advance(2_000)

        stack.run(late)
        found = stack.system.reconciliation.sweep()

        assert stack.get(late).failure.code == "TASK_TIMEOUT"
        assert (found["ended"], stack.get(early).failure.code) == (1, "TASK_TIMEOUT")

    def test_the_retry_of_a_dead_workers_visit_is_held(self, stack: Stack) -> None:
        record = stack.tasks.trigger(some)
        stack.claim(record, execution=OLD, visit="visit-1")
        stack.tasks.pause_definition("some")

        assert stack.run(record, execution=OLD, visit="visit-1")["status"] == "done"

        after = stack.get(record)
        assert (after.execution_name, after.paused_with) == (None, "definition")

    def test_a_lost_answer_is_repeated_all_the_same(self, stack: Stack) -> None:
        record = stack.tasks.trigger(sleeper)
        first = stack.run(record)
        stack.tasks.pause_definition(sleeper)

        assert stack.run(record) == first
        assert stack.get(record).paused_on is None

    def test_a_duplicate_of_a_task_that_runs_changes_nothing(self, stack: Stack) -> None:
        record = stack.tasks.trigger(sleeper)
        stack.run(record)
        stack.tasks.pause_definition(sleeper)
        before = stack.get(record)

        assert "belongs to" in stack.run(record, execution=NEW)["message"]
        assert stack.get(record) == before

    def test_one_that_is_gone_or_over_is_answered_as_ever(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        over = stack.create(definition_id="some", status=Status.SUCCESS)
        gone = stack.create(definition_id="some")
        stack.tasks.abort(gone.id)
        stack.tasks.delete(gone.id)

        assert stack.run(over)["status"] == "done"
        assert stack.run(gone)["error"]["code"] == "TASK_NOT_FOUND"

    def test_one_that_is_moved_in_that_moment_is_asked_for_again(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        record = stack.tasks.trigger(some)

        def pause(operation: str, request: Any) -> None:
            if operation == "update_item":
                stack.dynamodb.recover()
                stack.tasks.pause(record.id)

        stack.dynamodb.interference = pause

        with pytest.raises(Overtaken, match="while it was held"):
            stack.run(record)
        assert stack.run(record)["status"] == "done"
        assert stack.get(record).paused_with is None


class TestWhoKnows:
    def test_another_process_knows_within_30_seconds(self, stack: Stack) -> None:
        other_process = elsewhere(stack)
        assert other_process.tasks.pauses() == ()
        stack.tasks.pause_definition("some")
        record = stack.tasks.trigger(some)
        stack.clock.advance(30)

        other_process.runner.run(event_of(record))

        assert stack.get(record).paused_with == "definition"

    def test_who_knows_of_a_pause_that_is_over_runs_the_task(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        other_process = elsewhere(stack)
        other_process.tasks.pauses()
        stack.tasks.resume_definition("some")
        record = stack.tasks.trigger(some)

        other_process.runner.run(event_of(record))

        assert stack.get(record).has_succeeded

    def test_a_process_asks_once_in_30_seconds_and_not_for_each_iteration(
        self, stack: Stack
    ) -> None:
        records = [stack.tasks.trigger(some) for _ in range(3)]
        stack.clock.advance(30)
        stack.dynamodb.requests.clear()

        for record in records:
            stack.run(record)

        asked = [
            request["Key"]["pk"]["S"]
            for operation, request in stack.dynamodb.requests
            if operation == "get_item"
        ]
        assert asked.count("SETTINGS#") == 1

    def test_the_log_of_the_process_says_who_did_it(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        stack.tasks.pause_definition("some", tenant="acme", by=ANNE)
        stack.tasks.resume_definition("some", tenant="acme", by=ANNE)
        stack.tasks.pause_all(by=ANNE)
        stack.tasks.resume_all(by=ANNE)

        said = [
            (line.__dict__["action"], line.__dict__.get("tenant"), line.__dict__["identity_id"])
            for line in caplog.records
            if line.__dict__.get("action")
        ]
        assert said == [
            ("definition_paused", "acme", "anne"),
            ("definition_resumed", "acme", "anne"),
            ("all_paused", None, "anne"),
            ("all_resumed", None, "anne"),
        ]

    def test_an_item_that_is_odd_pauses_nothing_and_is_reported(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        stack.tasks.pause_definition("some")
        stack.dynamodb.update_item(
            TableName=TABLE,
            Key={"pk": {"S": "SETTINGS#"}, "sk": {"S": "SETTINGS"}},
            UpdateExpression="SET pauses = :odd",
            ExpressionAttributeValues={":odd": {"S": "[3]"}},
        )

        assert stack.tasks.pauses() == ()
        assert "The settings of the stack can't be read: pauses." in caplog.text
        assert stack.tasks.pause_definition("some").definition_id == "some"
        assert len(stack.tasks.pauses()) == 1


def event_of(record: TaskRecord) -> Any:
    payload = {
        "webinyTaskId": record.id,
        "webinyTaskDefinitionId": record.definition_id,
        "tenant": record.tenant,
        "locale": record.locale,
        "delay": 0,
        "endpoint": "manage",
        "executionName": OLD,
        "stateMachineId": "tasks",
        "visit": "visit-1",
    }
    return {"name": "background-task", "payload": payload}


class TestResuming:
    def test_each_task_that_was_held_goes_on(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        tasks = [held(stack), held(stack, tenant="acme")]
        queue = BusQueue()

        bulk = stack.tasks.resume_definition("some", by=ANNE)
        output = work(stack, bulk)

        assert output == {"done": 2, "skipped": 0, "failed": 0, "reasons": []}
        assert (bulk.created_by, bulk.tenant) == (ANNE, "root")
        assert stack.tasks.pauses() == ()
        sent = {event["detail"]["webinyTaskId"] for event in queue.take()}
        assert {each.id for each in tasks} <= sent
        for each in tasks:
            after = stack.get(each)
            assert (after.paused_on, after.paused_with) == (None, None)
            assert stack.run(each, execution=NEW)["status"] == "done"
            assert stack.get(each).output == {"steps": 3}

    def test_what_is_left_of_its_wait_has_still_to_pass(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        one = held(stack)
        stack.tasks.resume_definition("some")

        assert stack.get(one).delay_left(stack.clock.now()) == 0

    def test_one_that_somebody_has_paused_by_itself_stays_paused(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        before, while_held = stack.tasks.trigger(some), held(stack)
        stack.tasks.pause(before.id)
        stack.run(before)
        stack.tasks.pause(while_held.id, by=ANNE)

        output = work(stack, stack.tasks.resume_definition("some"))

        assert output["done"] == 0
        for each in (before, while_held):
            assert stack.get(each).is_paused
            assert stack.get(each).paused_with is None
            stack.tasks.resume(each.id)
            assert stack.run(each, execution=NEW)["output"] == {"steps": 3}

    def test_one_that_is_paused_by_itself_while_it_is_let_go_stays_paused(
        self, stack: Stack
    ) -> None:
        stack.tasks.pause_definition("some")
        one = held(stack)
        bulk = stack.tasks.resume_definition("some")

        def pause(operation: str, request: Any) -> None:
            if operation == "update_item" and f"TASK#{one.id}" in str(request):
                stack.dynamodb.recover()
                stack.tasks.pause(one.id)

        stack.dynamodb.interference = pause

        assert work(stack, bulk)["skipped"] == 1
        assert stack.get(one).is_paused

    def test_one_that_another_pause_holds_stays(self, stack: Stack) -> None:
        stack.tasks.pause_all(tenant="acme")
        stack.tasks.pause_definition("some")
        tasks = [held(stack, tenant="acme"), held(stack)]

        assert work(stack, stack.tasks.resume_definition("some")) == {
            "done": 1,
            "skipped": 1,
            "failed": 0,
            "reasons": [],
        }
        assert [stack.get(each).is_paused for each in tasks] == [True, False]
        assert work(stack, stack.tasks.resume_all(tenant="acme"))["done"] == 1
        assert not stack.get(tasks[0]).is_paused

    def test_one_alone_is_not_resumed_while_its_definition_is_paused(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        one = held(stack)

        with pytest.raises(Refused, match=r'since its definition "some" is paused.*resume its'):
            stack.tasks.resume(one.id)

        stack.tasks.resume_definition("some")
        stack.tasks.resume(one.id)
        assert stack.run(one, execution=NEW)["output"] == {"steps": 3}

    def test_one_alone_is_not_resumed_while_all_are_paused(self, stack: Stack) -> None:
        stack.tasks.pause_all()
        one = held(stack)

        with pytest.raises(Refused, match=r"since all tasks are paused\. Next: resume all"):
            stack.tasks.resume(one.id)

    def test_at_a_rate(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        for _ in range(3):
            held(stack)
        started_on = stack.clock.now()

        work(stack, stack.tasks.resume_definition("some", rate=2))

        assert stack.clock.now() - started_on == timedelta(seconds=1)

    def test_a_page_at_a_time(self, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("handler.table.watch._PAGE", 2)
        stack.tasks.pause_definition("some")
        tasks = [held(stack) for _ in range(9)]
        for _ in range(5):
            stack.tasks.trigger(other, delay=60)

        assert work(stack, stack.tasks.resume_definition("some"))["done"] == 9
        assert not any(stack.get(each).is_paused for each in tasks)

    def test_one_that_was_held_for_long_is_found(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        one = held(stack)
        for _ in range(40):
            stack.clock.advance(DAY)
            stack.system.reconciliation.sweep()

        assert stack.get(one).is_paused
        assert work(stack, stack.tasks.resume_definition("some"))["done"] == 1


class TestTheSweep:
    def test_one_that_was_held_when_the_resume_had_passed_is_let_go(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        one = held(stack)
        stack.tasks.resume_definition("some")  # and its task never runs
        stack.clock.advance(300)
        queue = BusQueue()

        found = stack.system.reconciliation.sweep()

        assert found["sent"] >= 1
        assert one.id in {event["detail"]["webinyTaskId"] for event in queue.take()}
        assert stack.run(one, execution=NEW)["output"] == {"steps": 3}

    def test_it_looks_soon_and_then_more_and_more_rarely(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        one = held(stack)
        looks = []
        for minutes in range(0, 12 * 60, 5):
            stack.clock.advance(300)
            before = stack.get(one).due_on
            stack.system.reconciliation.sweep()
            if stack.get(one).due_on != before:
                looks.append(minutes + 5)

        assert looks[0] == 5
        assert len(looks) <= 9
        assert stack.get(one).is_paused

    def test_one_that_is_paused_by_itself_is_left(self, stack: Stack, asleep: TaskRecord) -> None:
        stack.tasks.pause(asleep.id)
        stack.clock.advance(360 * DAY)

        stack.system.reconciliation.sweep()

        assert stack.get(asleep).is_paused


class TestSaying:
    @pytest.mark.parametrize("verb", ["pause_definition", "resume_definition"])
    def test_a_definition_that_is_not_there_is_refused(self, stack: Stack, verb: str) -> None:
        with pytest.raises(UnknownDefinition):
            getattr(stack.tasks, verb)("nothing")

    def test_the_pause_of_one_that_is_gone_can_be_ended(self, stack: Stack) -> None:
        stack.tasks.pause_definition("other")
        stack.definitions = (some,)

        stack.tasks.resume_definition("other")

        assert stack.tasks.pauses() == ()

    def test_one_that_was_renamed_meanwhile_is_resumed_by_any_of_its_ids(
        self, stack: Stack
    ) -> None:
        @task(id="older")
        def older(context: Context) -> Done:
            return Done()

        stack.definitions = (older,)
        stack.tasks.pause_definition("older")
        stack.definitions = (some,)

        assert held(stack).paused_with == "definition"
        assert stack.tasks.pause_definition("some").definition_id == "older"
        assert work(stack, stack.tasks.resume_definition("some"))["done"] == 1

    def test_a_pause_of_others_is_not_ended_by_mistake(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")
        stack.tasks.pause_definition("other", tenant="acme")

        with pytest.raises(Refused, match=r'"some" is paused for every tenant.*tenant=None'):
            stack.tasks.resume_definition("some", tenant="acme")
        with pytest.raises(Refused, match=r'"other" is paused for tenant "acme" alone') as raised:
            stack.tasks.resume_definition("other")

        assert 'tenant="acme" from code; as that tenant, without everyTenant' in str(raised.value)

        assert len(stack.tasks.pauses()) == 2

    def test_twice_is_as_good_as_once(self, stack: Stack) -> None:
        first = stack.tasks.pause_definition("some")
        stack.clock.advance(60)

        assert stack.tasks.pause_definition("some", by=ANNE) == first
        assert stack.tasks.pauses() == (first,)
        for _ in range(2):
            assert work(stack, stack.tasks.resume_definition("some"))["done"] == 0
        assert stack.tasks.pauses() == ()

    def test_a_rate_that_is_none_ends_no_pause(self, stack: Stack) -> None:
        stack.tasks.pause_definition("some")

        with pytest.raises(InvalidInput, match="rate is 0"):
            stack.tasks.resume_definition("some", rate=0)

        assert len(stack.tasks.pauses()) == 1

    @pytest.mark.parametrize("verb", ["pause_all", "resume_all"])
    def test_a_tenant_that_can_be_none_is_refused(self, stack: Stack, verb: str) -> None:
        with pytest.raises(InvalidInput, match='tenant is ""'):
            getattr(stack.tasks, verb)(tenant="")

    def test_too_many_are_refused(self, stack: Stack) -> None:
        pause = Pause(definition_id="x", paused_on=stack.clock.now(), paused_by=ANNE)
        many = [pause.model_copy(update={"tenant": str(n)}) for n in range(MAX_PAUSES)]
        stack.store.settings.change_pauses(lambda _: many, by=ANNE)

        with pytest.raises(Refused, match=f"There are {MAX_PAUSES} pauses"):
            stack.tasks.pause_definition("some")

    def test_two_at_once_lose_nothing_of_each_other(self, stack: Stack) -> None:
        def meanwhile(operation: str, request: Any) -> None:
            if operation == "update_item":
                stack.dynamodb.recover()
                stack.tasks.pause_definition("other")

        stack.dynamodb.interference = meanwhile

        stack.tasks.pause_definition("some")

        assert {each.definition_id for each in stack.tasks.pauses()} == {"some", "other"}

    def test_resuming_a_task_that_is_not_there_is_not_found(self, stack: Stack) -> None:
        with pytest.raises(NotFound):
            stack.tasks.resume("nothing")


@pytest.mark.parametrize("number", range(1, 8))
@pytest.mark.parametrize("after", [False, True])
def test_a_worker_that_is_killed_while_it_holds_leaves_a_task_that_can_go_on(
    stack: Stack, number: int, after: bool
) -> None:
    stack.tasks.pause_definition("some")
    record = stack.tasks.trigger(some)
    with killed_at(stack, number, after=after):
        stack.run(record)
    assert stack.run(record)["status"] == "done"
    assert stack.get(record).paused_with == "definition"

    work(stack, stack.tasks.resume_definition("some"))

    assert stack.run(record, execution=NEW)["output"] == {"steps": 3}


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_the_task_that_resumes_can_be_killed_at_any_call(after: bool) -> None:
    for number in range(1, 40):
        when = {"after" if after else "before": {number: kill}}
        with World.of(some, **when) as world:
            world.tasks.pause_definition("some")
            ids = [world.start(some).id for _ in range(2)]
            world.finish()
            assert all(world.tasks.get(id).paused_with for id in ids)
            world._worker_client.calls.clear()
            world.tasks.resume_definition("some")
            world.finish()
            calls = len(world._worker_client.calls)
            world.clock.advance(600)
            world.system.reconciliation.sweep()  # an event may not have been sent
            world.finish()

            assert all(world.tasks.get(id).has_succeeded for id in ids), number
        if calls < number:
            return
    raise AssertionError("It makes more calls than are killed here.")


@pytest.mark.parametrize("number", range(1, 13))
def test_a_worker_that_knew_of_the_pause_alone_goes_on_where_another_was_killed(
    stack: Stack, number: int
) -> None:
    stack.tasks.pause_definition("some")
    ids = [held(stack).id for _ in range(3)]
    knows_little = KnownSettings()
    parts = replace(stack.parts(), known_settings=knows_little)
    build(parts, remaining=stack.remaining).tasks.pauses()
    bulk = stack.tasks.resume_definition("some")

    with killed_at(stack, number, after=True):
        stack.run(bulk, execution=NEW)
    stack.known_settings.by_tenant.update(knows_little.by_tenant)
    for visit in ("again", "once more"):
        stack.run(bulk, execution=NEW, visit=visit)

    assert stack.get(bulk).has_succeeded
    assert not any(stack.get(id).is_paused for id in ids)


@pytest.mark.parametrize("verb", ["pause_definition", "resume_definition"])
@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("after", [False, True])
def test_whoever_says_it_can_be_killed_at_any_call_and_say_it_again(
    stack: Stack, verb: str, number: int, after: bool
) -> None:
    if verb == "resume_definition":
        stack.tasks.pause_definition("some")
        one = held(stack)
    with killed_at(stack, number, after=after):
        getattr(stack.tasks, verb)("some")

    said = getattr(stack.tasks, verb)("some")

    if verb == "resume_definition":
        work(stack, said)
        assert not stack.get(one).is_paused
    assert len(stack.tasks.pauses()) == (verb == "pause_definition")


def test_in_the_test_kit_children_of_a_paused_definition_wait_for_it() -> None:
    @task(id="parent")
    def parent(context: Context) -> Verdict:
        from handler import tasks

        if not context.children():
            tasks.pause_definition("some")
            context.trigger("some")
            return Continue(wait=60)
        if tasks.pauses():
            tasks.resume_definition("some")
        return context.wait_for_children(lambda children: Done(output=children[0].output))

    result = run(parent, children=[some])

    assert result.record.output == {"steps": 3}


def test_a_pause_is_read_again_in_a_world_after_30_seconds() -> None:
    clock = WatchedClock()
    with World.of(sleeper, clock=clock) as world:
        world.start(sleeper)
        world.finish()

        # A claim and an end; what is paused, a claim, what holds for the tenant, an end.
        assert world.result().calls == (
            *("update_item", "transact_write_items"),
            *("get_item", "update_item", "get_item", "transact_write_items"),
        )
