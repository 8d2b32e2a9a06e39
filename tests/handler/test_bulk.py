"""Verbs that are said of many tasks at once, and the engine's own task that does the work."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handler import (
    BulkResult,
    Context,
    Continue,
    Done,
    Failed,
    Filter,
    Identity,
    TaskRecord,
    TriggerRequest,
    Verdict,
    task,
    tasks,
)
from handler.bulk import MAX_REASONS, Where
from handler.contract import BULK_DEFINITION, Status
from handler.errors import InvalidInput, Refused, UnknownDefinition
from handler.record import StoredTask
from handler.testing import World, kill
from tests.handler.lifecycle.sleeping import killed_at
from tests.handler.stack import RefusingBus, Stack, refusal

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ANNE = Identity(id="anne", display_name="Anne", type="admin")
OPEN = {Status.PENDING, Status.RUNNING}


@task(id="some", title="Some")
def some(context: Context, input: dict[str, int]) -> Verdict:
    return Failed("Not yet.") if input.get("fails") else Done()


@pytest.fixture
def stack(stack: Stack) -> Stack:
    stack.definitions = (some,)
    return stack


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page has two tasks."""
    monkeypatch.setattr("handler.bulk._PAGE", 2)


def create(stack: Stack, number: int, **fields: Any) -> list[StoredTask]:
    """Tasks in the order of their creation, a hundredth of a second apart."""
    made = []
    for _ in range(number):
        made.append(stack.create(definition_id="some", **fields))
        stack.clock.advance(0.01)
    return made


def work(stack: Stack, begun: BulkResult, **more: Any) -> Any:
    """Has the bulk's task run to its end, and returns its output."""
    assert begun.task is not None
    visit = 0
    while (answer := stack.run(begun.task, visit=f"visit-{visit}", **more))["status"] != "done":
        assert answer["status"] == "continue", answer
        stack.clock.advance(answer.get("wait", 0))
        visit += 1
    return stack.get(begun.task).output


def statuses(stack: Stack, made: list[StoredTask]) -> set[Status]:
    return {stack.get(each).status for each in made}


class TestAbortMany:
    def test_it_ends_the_open_tasks_of_a_filter_in_the_name_of_the_caller(
        self, stack: Stack
    ) -> None:
        pending, running = create(stack, 2), create(stack, 2, status=Status.RUNNING)
        others = [stack.create(), *create(stack, 1, tenant="acme")]

        begun = stack.tasks.abort_many(Filter(definition_id="some"), by=ANNE)
        output = work(stack, begun)

        assert begun.count == 4
        assert output == {"done": 4, "skipped": 0, "failed": 0, "reasons": []}
        assert statuses(stack, [*pending, *running]) == {Status.ABORTED}
        assert statuses(stack, others) == {Status.PENDING}
        one = stack.get(pending[0])
        [log] = stack.store.logs.read(one.id)
        assert begun.task is not None
        assert one.aborted_by == (log.lines[0].created_by or log.created_by) == ANNE
        assert log.lines[0].message == f'Aborted with others, by task "{begun.task.id}".'

    def test_it_takes_those_of_whoever_has_triggered_them_and_no_definition_that_is_left_out(
        self, stack: Stack
    ) -> None:
        mine = create(stack, 2, created_by=ANNE)
        others = [*create(stack, 1), stack.create(definition_id="other", created_by=ANNE)]
        both = {"created_by": ANNE.id, "except_definition_ids": ("other",)}

        begun = stack.tasks.abort_many(Filter(**both))  # type: ignore[arg-type]
        output = work(stack, begun)

        assert (begun.count, output["done"]) == (2, 2)
        assert statuses(stack, mine) == {Status.ABORTED}
        assert statuses(stack, others) == {Status.PENDING}

    def test_the_callers_task_has_its_progress_and_a_line_with_the_counts(
        self, stack: Stack
    ) -> None:
        create(stack, 3)

        begun = stack.tasks.abort_many(Filter(), by=ANNE)
        work(stack, begun)

        assert begun.task is not None
        after = stack.get(begun.task)
        assert after.progress is not None
        assert (after.progress.done, after.progress.total) == (4, 3)  # it has met itself
        assert (after.name, after.created_by) == ("Abort tasks in bulk", ANNE)
        assert stack.messages(after) == ["3 tasks were aborted, 1 skipped, and 0 have failed."]

    def test_tasks_that_are_over_are_not_looked_at(self, stack: Stack) -> None:
        create(stack, 2, status=Status.SUCCESS)
        over = Filter(definition_id="some", statuses=frozenset({Status.SUCCESS}))

        for wanted in (Filter(definition_id="some"), over):
            begun = stack.tasks.abort_many(wanted)
            assert (begun.count, work(stack, begun)["skipped"]) == (0, 0)

    def test_pending_ones_alone(self, stack: Stack) -> None:
        pending, running = create(stack, 2), create(stack, 2, status=Status.RUNNING)

        wanted = Filter(definition_id="some", statuses=frozenset({Status.PENDING}))
        begun = stack.tasks.abort_many(wanted)

        assert work(stack, begun)["done"] == begun.count == 2
        assert statuses(stack, pending) == {Status.ABORTED}
        assert statuses(stack, running) == {Status.RUNNING}

    def test_children_that_were_aborted_with_their_parent_are_skipped(self, stack: Stack) -> None:
        [parent] = create(stack, 1)
        children = create(stack, 2, parent_id=parent.id)

        output = work(stack, stack.tasks.abort_many(Filter(definition_id="some")))

        assert (output["done"], output["skipped"]) == (1, 2)
        assert statuses(stack, children) == {Status.ABORTED}

    def test_the_children_of_a_parent(self, stack: Stack) -> None:
        [parent] = create(stack, 1)
        children = create(stack, 3, parent_id=parent.id)

        begun = stack.tasks.abort_many(Filter(parent_id=parent.id))

        assert work(stack, begun)["done"] == begun.count == 3
        assert stack.get(parent).is_open
        assert statuses(stack, children) == {Status.ABORTED}

    def test_tasks_by_their_ids_a_page_at_a_time(self, stack: Stack, small_pages: None) -> None:
        made = create(stack, 7)
        ids = (*(each.id for each in made[:5]), "nothing", "")

        begun = stack.tasks.abort_many(Filter(ids=ids))

        assert work(stack, begun)["done"] == begun.count == 5
        assert statuses(stack, made[5:]) == {Status.PENDING}


def test_an_empty_key_is_refused_before_anything_is_begun(stack: Stack) -> None:
    with pytest.raises(InvalidInput, match="idempotency_key is ''"):
        stack.tasks.abort_many(Filter(), idempotency_key="")

    assert stack.rows() == []


class TestWhatItLeavesAlone:
    def test_what_is_triggered_after_it_was_said(self, stack: Stack) -> None:
        before = create(stack, 2)
        begun = stack.tasks.abort_many(Filter(definition_id="some"))
        stack.clock.advance(1)
        later = create(stack, 2)

        assert work(stack, begun)["done"] == 2
        assert statuses(stack, before) == {Status.ABORTED}
        assert statuses(stack, later) == {Status.PENDING}

    def test_a_later_task_of_the_same_id(self, stack: Stack) -> None:
        made = create(stack, 3)
        begun = stack.tasks.abort_many(Filter(definition_id="some"))
        stack.clock.advance(1)

        def replace_it(operation: str, request: Any) -> None:
            if operation == "transact_write_items":  # of the first task's abort
                stack.dynamodb.recover()
                stack.tasks.abort(made[2].id)
                stack.tasks.delete(made[2].id)
                stack.create(id=made[2].id, definition_id="some")

        stack.dynamodb.interference = replace_it

        output = work(stack, begun)
        assert (output["done"], output["skipped"]) == (2, 1)
        assert stack.get(made[2].id).is_open

    def test_itself_and_others_of_its_kind_unless_the_filter_names_them(self, stack: Stack) -> None:
        other = stack.tasks.delete_many(Filter()).task
        assert other is not None
        stack.clock.advance(1)

        output = work(stack, stack.tasks.abort_many(Filter()))
        assert (output["done"], output["skipped"]) == (0, 2)
        assert stack.get(other).is_open

        by_definition = Filter(definition_id=BULK_DEFINITION)
        output = work(stack, stack.tasks.abort_many(by_definition), execution="execution-2")
        assert (output["done"], output["skipped"]) == (1, 1)
        assert stack.get(other).was_aborted

    def test_a_task_that_has_vanished_or_ended_in_between_is_skipped(self, stack: Stack) -> None:
        made = create(stack, 4)
        begun = stack.tasks.abort_many(Filter(definition_id="some"))

        def meanwhile(operation: str, request: Any) -> None:
            if operation == "transact_write_items":
                stack.dynamodb.recover()
                stack.tasks.abort(made[1].id)
                stack.tasks.abort(made[2].id)
                stack.tasks.delete(made[2].id)

        stack.dynamodb.interference = meanwhile

        output = work(stack, begun)
        assert (output["done"], output["skipped"], output["failed"]) == (2, 2, 0)

    def test_one_that_somebody_else_retries_between_the_look_and_the_retry_is_skipped(
        self, stack: Stack
    ) -> None:
        (made,) = create(stack, 1, status=Status.FAILED)
        begun = stack.tasks.retry_many(Filter(definition_id="some"))
        names: list[object] = []

        def meanwhile(operation: str, request: Any) -> None:
            if operation == "get_item" and made.id in str(request["Key"]):
                names.append(request)
                if len(names) == 2:  # of the retry; the first is the look
                    stack.dynamodb.recover()
                    stack.tasks.retry(made.id)

        stack.dynamodb.interference = meanwhile

        output = work(stack, begun)
        assert (output["done"], output["skipped"], output["failed"]) == (0, 1, 0)

    def test_one_that_ends_between_the_look_and_the_abort_is_skipped(self, stack: Stack) -> None:
        [one] = create(stack, 1)
        begun = stack.tasks.abort_many(Filter(definition_id="some"))

        def end(operation: str, request: Any) -> None:
            if operation == "transact_write_items":
                stack.dynamodb.recover()
                stack.tasks.abort(one.id, by=ANNE)

        stack.dynamodb.interference = end

        assert work(stack, begun)["skipped"] == 1
        assert stack.get(one).aborted_by == ANNE

    def test_the_tasks_of_other_tenants_whatever_an_event_by_hand_says(self, stack: Stack) -> None:
        own, foreign = create(stack, 1, tenant="acme"), create(stack, 1)
        now = stack.clock.now().isoformat()
        where = {"statuses": ["pending"], "created_before": now, "tenant": "root"}
        input = {"verb": "abort", "where": where, "rate": 25}

        record = stack.tasks.trigger(BULK_DEFINITION, input=input, tenant="acme")

        assert work(stack, BulkResult(count=1, task=record))["done"] == 1
        assert statuses(stack, own) == {Status.ABORTED}
        assert statuses(stack, foreign) == {Status.PENDING}


class TestRetryMany:
    def test_it_retries_what_has_failed_or_was_aborted_and_nothing_else(self, stack: Stack) -> None:
        failed = create(stack, 2, status=Status.FAILED, input={"size": 7})
        aborted = create(stack, 1, status=Status.ABORTED)
        create(stack, 1, status=Status.SUCCESS)
        create(stack, 1)

        begun = stack.tasks.retry_many(Filter(definition_id="some"), by=ANNE)
        output = work(stack, begun)

        assert output == {"done": 3, "skipped": 0, "failed": 0, "reasons": []}
        assert begun.count == 3
        for old in (*failed, *aborted):
            retry = stack.get(stack.get(old).retried_by or "")
            assert (retry.retry_of, retry.created_by, retry.input) == (old.id, ANNE, old.input)

    def test_twice_is_as_good_as_once(self, stack: Stack) -> None:
        [old] = create(stack, 1, status=Status.FAILED)
        work(stack, stack.tasks.retry_many(Filter(definition_id="some")))
        first = stack.get(old).retried_by
        stack.clock.advance(1)

        output = work(stack, stack.tasks.retry_many(Filter(definition_id="some")))

        assert (output["done"], output["skipped"]) == (0, 1)
        assert stack.get(old).retried_by == first

    def test_its_own_retries_are_left_alone_though_they_fail_at_once(self) -> None:
        with World.of(some) as world:
            for _ in range(3):
                world.start(some, {"fails": 1})
            world.finish()
            world.clock.advance(1)

            begun = world.tasks.retry_many(Filter(definition_id="some"))
            world.finish()

            assert begun.task is not None
            assert world.tasks.get(begun.task.id).output == {
                "done": 3,
                "skipped": 0,
                "failed": 0,
                "reasons": [],
            }
            assert world.tasks.count(Filter(statuses=frozenset({Status.FAILED}))) == 6

    def test_what_is_refused_for_another_reason_is_told(self, stack: Stack) -> None:
        [good] = create(stack, 1, status=Status.FAILED)
        [gone] = [stack.create(definition_id="gone", status=Status.FAILED)]

        output = work(stack, stack.tasks.retry_many(Filter()))

        assert (output["done"], output["failed"]) == (1, 1)
        message = "Task definition was not found!"
        assert output["reasons"] == [
            {"id": gone.id, "code": "TASK_DEFINITION_ERROR", "message": message}
        ]
        assert stack.get(good).retried_by

    def test_one_with_children_has_failed_and_says_what_to_do(self, stack: Stack) -> None:
        [parent] = create(
            stack, 1, status=Status.FAILED, input={"step": 2}, first_input={"step": 1}
        )
        create(stack, 1, status=Status.SUCCESS, parent_id=parent.id)

        output = work(stack, stack.tasks.retry_many(Filter(definition_id="some")))

        [reason] = output["reasons"]
        assert (output["failed"], reason["code"]) == (1, "TASK_RETRY_ERROR")
        assert "has children" in reason["message"]

    def test_a_veto_of_any_kind_is_a_reason(self, stack: Stack) -> None:
        @task(id="some")
        def vetoed(context: Context) -> Done:
            return Done()

        errors = [ValueError("Odd."), Refused("At night.", code="AT_NIGHT"), SystemExit(3)]

        @vetoed.on_before_trigger
        def veto(request: TriggerRequest) -> TriggerRequest:
            raise errors.pop(0)

        create(stack, 3, status=Status.FAILED)
        stack.definitions = (vetoed,)

        output = work(stack, stack.tasks.retry_many(Filter(definition_id="some")))

        assert output["failed"] == 3
        told = {(reason["code"], reason["message"]) for reason in output["reasons"]}
        assert told >= {("ValueError", "Odd."), ("AT_NIGHT", "At night.")}

    def test_a_refused_event_is_a_reason(self, stack: Stack) -> None:
        create(stack, 1, status=Status.FAILED)
        begun = stack.tasks.retry_many(Filter(definition_id="some"))
        stack.events.stands_for(RefusingBus())

        [reason] = work(stack, begun)["reasons"]

        assert reason["code"] == "TRIGGER_TASK_ERROR"


class TestDeleteMany:
    def test_it_deletes_what_is_over_and_leaves_what_is_open(self, stack: Stack) -> None:
        over = [
            each
            for status in (Status.SUCCESS, Status.FAILED, Status.ABORTED)
            for each in create(stack, 2, status=status)
        ]
        still_open = create(stack, 2)

        begun = stack.tasks.delete_many(Filter(definition_id="some"), by=ANNE)
        output = work(stack, begun)

        assert output == {"done": 6, "skipped": 0, "failed": 0, "reasons": []}
        assert begun.count == 6
        assert all(stack.store.find(each.id) is None for each in over)
        assert statuses(stack, still_open) == {Status.PENDING}

    def test_the_log_of_the_process_names_each_with_who_did_it(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        [one] = create(stack, 1, status=Status.SUCCESS)

        begun = stack.tasks.delete_many(Filter(definition_id="some"), by=ANNE)
        work(stack, begun)

        assert begun.task is not None
        lines = [
            (line.__dict__["action"], line.__dict__["about_task_id"], line.__dict__["identity_id"])
            for line in caplog.records
            if "about_task_id" in line.__dict__
        ]
        assert lines == [
            ("tasks_delete_in_bulk", begun.task.id, "anne"),
            ("task_deleted", one.id, "anne"),
        ]

    def test_pages_without_a_match_are_passed(self, stack: Stack) -> None:
        # Success, failed and aborted together have no index: each task of the tenant is looked at.
        create(stack, 310)
        create(stack, 2, status=Status.SUCCESS)

        begun = stack.tasks.delete_many(Filter())

        assert (begun.count, work(stack, begun)["done"]) == (2, 2)


class TestSaying:
    @pytest.mark.parametrize("verb", ["abort_many", "retry_many", "delete_many"])
    def test_a_dry_run_counts_and_changes_nothing(self, stack: Stack, verb: str) -> None:
        made = create(stack, 2) + create(stack, 3, status=Status.FAILED)
        before = [stack.get(each) for each in made]

        begun = getattr(stack.tasks, verb)(Filter(definition_id="some"), dry_run=True)

        assert (begun.count, begun.task) == (2 if verb == "abort_many" else 3, None)
        assert [stack.get(each) for each in made] == before
        assert stack.tasks.count() == 5

    def test_the_same_key_begins_one_task_of_a_verb(self, stack: Stack) -> None:
        first, again = (
            stack.tasks.abort_many(Filter(), idempotency_key="k").task for _ in range(2)
        )
        other = stack.tasks.delete_many(Filter(), idempotency_key="k").task

        assert first is not None
        assert again is not None
        assert other is not None
        assert first.id == again.id != other.id

    @pytest.mark.parametrize("rate", [0, -1, 0.0001, 1_001, float("nan"), float("inf"), True, "5"])
    def test_a_rate_out_of_its_range_is_refused(self, stack: Stack, rate: Any) -> None:
        with pytest.raises(InvalidInput, match=r"it takes 0.001 to 1,000 tasks a second"):
            stack.tasks.abort_many(Filter(), rate=rate)

        assert stack.tasks.count() == 0

    def test_too_many_ids_are_refused(self, stack: Stack) -> None:
        ids = tuple(map(str, range(1_001)))

        with pytest.raises(InvalidInput, match="ids has 1,001 ids; a verb in bulk takes 1,000"):
            stack.tasks.abort_many(Filter(ids=ids))

    def test_what_is_no_filter_is_refused(self, stack: Stack) -> None:
        with pytest.raises(InvalidInput, match="it takes a Filter"):
            stack.tasks.abort_many({"definitionId": "some"})  # type: ignore[arg-type]

    def test_moments_between_two_milliseconds_stay(self, stack: Stack) -> None:
        [one] = create(stack, 1)
        a_little_later = one.created_on + timedelta(microseconds=1)

        begun = stack.tasks.abort_many(Filter(created_after=a_little_later))

        assert (begun.count, work(stack, begun)["done"]) == (0, 0)


def test_the_task_keeps_each_word_of_a_filter_but_its_tenant() -> None:
    assert {*Where.model_fields, "tenant"} == {each.name for each in fields(Filter)}


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(tags={"a": "b"}, error_codes=("X", "Y"), name="n", name_prefix="n"),
        Filter(ids=(), parent_ids=("p",), definition_ids=("d",), except_ids=("x",)),
        Filter(started_after=NOW, finished_before=NOW, except_created=((NOW, NOW),)),
        Filter(
            except_parent_ids=("p",), except_definition_ids=("d",), except_started=((NOW, NOW),)
        ),
    ],
    ids=str,
)
def test_the_filter_of_the_task_is_the_one_that_was_given(stack: Stack, wanted: Filter) -> None:
    begun = stack.tasks.delete_many(wanted)
    assert begun.task is not None
    where = Where.model_validate(stack.get(begun.task).input["where"])

    over = frozenset({Status.SUCCESS, Status.FAILED, Status.ABORTED})
    taken = replace(wanted, statuses=over, created_before=stack.clock.now())
    assert where.to_filter("root") == taken


class TestTheDefinition:
    def test_it_is_listed_nowhere_and_known_everywhere(self, stack: Stack) -> None:
        assert stack.tasks.definitions(private=True) == (some,)
        with pytest.raises(UnknownDefinition) as unknown:
            stack.tasks.trigger("nothing")
        assert unknown.value.data == {"id": "nothing", "known": ["some"]}
        with World.of() as world:
            begun = world.tasks.abort_many(Filter())
            world.finish()
            assert begun.task is not None
            assert world.tasks.get(begun.task.id).has_succeeded

    def test_a_file_that_is_not_imported_does_not_hold_it_up(self, stack: Stack) -> None:
        from handler.errors import DefinitionError

        stack.problems = (DefinitionError("definitions/odd.py can't be imported."),)
        [one] = create(stack, 1)

        work(stack, stack.tasks.abort_many(Filter(ids=(one.id,))))

        assert stack.get(one).was_aborted

    def test_it_can_be_aborted_as_any_task(self, stack: Stack) -> None:
        made = create(stack, 3)
        begun = stack.tasks.abort_many(Filter(definition_id="some"), rate=0.5)
        assert begun.task is not None

        assert stack.run(begun.task)["wait"] == 2
        stack.tasks.abort(begun.task.id)

        assert stack.run(begun.task, visit="visit-2")["status"] == "aborted"
        assert [stack.get(each).status for each in made] == ["aborted", "pending", "pending"]

    def test_a_failed_one_is_retried_and_goes_on_where_it_was(self, stack: Stack) -> None:
        made = create(stack, 3, status=Status.FAILED)
        begun = stack.tasks.retry_many(Filter(definition_id="some"), rate=0.5)
        assert begun.task is not None
        stack.run(begun.task)
        stack.tasks.abort(begun.task.id)
        stack.clock.advance(5)

        retry = stack.tasks.retry(begun.task.id, by=ANNE)

        assert work(stack, BulkResult(count=0, task=retry))["done"] == 3
        assert all(stack.get(each).retried_by for each in made)


class TestHowFast:
    def test_no_faster_than_the_rate(self, stack: Stack) -> None:
        create(stack, 11)
        begun = stack.tasks.abort_many(Filter(definition_id="some"), rate=5)
        started_on = stack.clock.now()

        work(stack, begun)

        assert stack.clock.now() - started_on == timedelta(seconds=2)

    def test_a_slow_one_waits_in_its_execution_and_not_in_a_worker(self, stack: Stack) -> None:
        create(stack, 3)
        begun = stack.tasks.abort_many(Filter(definition_id="some"), rate=0.1)
        assert begun.task is not None

        waits = [stack.run(begun.task, visit=f"v{number}").get("wait") for number in range(2)]

        assert waits == [10, 10]

    def test_it_goes_on_in_another_invocation_when_its_time_is_over(
        self, stack: Stack, small_pages: None
    ) -> None:
        create(stack, 7)
        begun = stack.tasks.abort_many(Filter(definition_id="some"))
        assert begun.task is not None
        stack.remaining_seconds = 100.0

        assert stack.run(begun.task)["status"] == "continue"
        first = stack.get(begun.task)
        assert first.progress is not None
        assert first.progress.done == 1
        stack.remaining_seconds = 900.0

        assert work(stack, begun)["done"] == 7


class TestReasons:
    def test_the_first_20_are_told_each_cut_and_all_are_counted(self, stack: Stack) -> None:
        for _ in range(25):
            stack.create(definition_id="gone", status=Status.FAILED)

        output = work(stack, stack.tasks.retry_many(Filter()))

        assert (output["failed"], len(output["reasons"])) == (25, MAX_REASONS)

    def test_a_table_that_refuses_one_task_is_no_end_of_the_others(self, stack: Stack) -> None:
        made = create(stack, 3)
        begun = stack.tasks.abort_many(Filter(definition_id="some"))
        refused = refusal("ValidationException")

        def refuse(operation: str, request: Any) -> None:
            if operation == "transact_write_items" and f"TASK#{made[1].id}" in str(request):
                raise refused

        stack.dynamodb.interference = refuse

        output = work(stack, begun)
        assert (output["done"], output["failed"]) == (2, 1)
        assert output["reasons"][0]["id"] == made[1].id


def counted(output: Any) -> int:
    return int(output["done"] + output["skipped"] + output["failed"])


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["abort_many", "retry_many", "delete_many"])
@pytest.mark.parametrize("after", [False, True])
def test_a_worker_that_is_killed_at_any_call_leaves_no_task_out_and_counts_each_once(
    verb: str, after: bool, small_pages: None
) -> None:
    for number in range(1, 40):
        when = {"after" if after else "before": {number: kill}}
        with World.of(some, **when) as world:
            ids = [world.start(some, {"fails": 1}).id for _ in range(3)]
            if verb != "abort_many":
                for id in ids:
                    world.tasks.abort(id)
                world.finish()
            world._worker_client.calls.clear()
            world.clock.advance(1)
            begun = getattr(world.tasks, verb)(Filter(definition_id="some"))
            deliver_only(world, begun.task)
            calls = len(world._worker_client.calls)

            output = world.tasks.get(begun.task.id).output
            assert counted(output) == 3, (number, output)
            assert all(is_done(world, verb, id) for id in ids), number
        if calls < number:
            return
    raise AssertionError("It makes more calls than are killed here.")


def deliver_only(world: World, bulk: TaskRecord) -> None:
    """Runs the bulk's task alone."""
    world.detail = world._events.details[-1]
    world._events.details.clear()
    world._events.details.append(world.detail)
    world.finish()


def is_done(world: World, verb: str, id: str) -> bool:
    found = world.store.find(id)
    if verb == "delete_many":
        return found is None
    assert found is not None
    return found.was_aborted if verb == "abort_many" else found.retried_by is not None


@pytest.mark.parametrize("number", range(1, 5))
@pytest.mark.parametrize("after", [False, True])
def test_whoever_says_it_can_be_killed_at_any_call_and_say_it_again(
    stack: Stack, number: int, after: bool
) -> None:
    made = create(stack, 2)
    wanted = Filter(definition_id="some")
    with killed_at(stack, number, after=after):
        stack.tasks.abort_many(wanted, idempotency_key="k")

    begun = stack.tasks.abort_many(wanted, idempotency_key="k")

    assert work(stack, begun)["done"] == 2
    assert statuses(stack, made) == {Status.ABORTED}


def test_two_at_once_do_each_task_once(stack: Stack) -> None:
    made = create(stack, 4, status=Status.FAILED)
    one = stack.tasks.retry_many(Filter(definition_id="some"))
    other = stack.tasks.retry_many(Filter(definition_id="some"))

    first, second = work(stack, one), work(stack, other, execution="execution-2")

    assert (first["done"], second["done"], second["skipped"]) == (4, 0, 4)
    assert stack.tasks.count(Filter(definition_id="some")) == 2 * len(made)


def test_authors_use_it_from_a_task() -> None:
    @task()
    def tidy(context: Context) -> Verdict:
        if context.task.iterations == 1:
            tasks.delete_many(Filter(definition_id="some"))
            return Continue(wait=60)
        return Done(output={"left": tasks.count(Filter(definition_id="some"))})

    with World.of(tidy, some) as world:
        world.start(some)
        world.finish()
        world.clock.advance(1)
        world.start(tidy)
        world.finish()

        assert world.result().record.output == {"left": 0}
