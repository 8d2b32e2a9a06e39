"""`self_cleanup`: a task that deletes itself at its end, with its descendants, after its hook."""

import base64
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handler import (
    Aborted,
    Context,
    Continue,
    Definition,
    DefinitionError,
    Done,
    Failed,
    NotFound,
    TaskRecord,
    Verdict,
    task,
)
from handler.contract import MAX_RECORD_PAYLOAD_BYTES, Status
from handler.record import StoredTask
from handler.recovery import RecoveryFailed
from handler.table import ANY_OWNER
from handler.testing import Killed, run
from handler.testing.aws import aws_client
from handler.wiring import build
from tests.handler.recovering import Recovering
from tests.handler.stack import BUCKET, Stack, moment

BIG = base64.b64encode(random.Random(1).randbytes(MAX_RECORD_PAYLOAD_BYTES)).decode()
ENDS: dict[str, Verdict] = {"success": Done(), "failed": Failed("No."), "aborted": Aborted()}
_ANY_DAY = "2030-01-01T00:00:00Z"
ALL = ("success", "failed", "aborted")


def ending(
    verdict: Verdict = ENDS["success"], *, id: str = "some", ends: tuple[str, ...] = ALL
) -> Definition:
    @task(id=id, self_cleanup=ends)
    def some(context: Context) -> Verdict:
        context.log.info("Working.")
        return verdict

    return some


def ended(stack: Stack, definition: Definition, **options: Any) -> TaskRecord:
    record = stack.trigger(definition, **options)
    stack.run(record)
    return record


def rows(stack: Stack, id: str = "") -> list[dict[str, Any]]:
    """What the table has, of a task or at all."""
    found = [row for row in stack.rows() if row["pk"]["S"].startswith("TASK#")]
    return [row for row in found if not id or id in f"{row['pk']['S']} {row['sk']['S']}"]


def sweep(recovering: Recovering, times: int = 1) -> None:
    for _ in range(times):
        recovering.stack.clock.advance(300)
        with suppress(RecoveryFailed):
            recovering.sweep()


def is_gone(stack: Stack, record: TaskRecord | str) -> bool:
    try:
        stack.get(record)
    except NotFound:
        return True
    return False


class TestHowItEnds:
    @pytest.mark.parametrize("end", ALL)
    @pytest.mark.parametrize("cleaned", ALL)
    def test_it_goes_where_it_ends_as_its_definition_says_and_stays_else(
        self, recovering: Recovering, end: str, cleaned: str
    ) -> None:
        stack = recovering.stack
        record = ended(stack, ending(ENDS[end], ends=(cleaned,)))

        assert is_gone(stack, record) == (end == cleaned)

        sweep(recovering, 2)
        assert (rows(stack) == []) == (end == cleaned)
        assert recovering.sweep()["failed"] == 0

    @pytest.mark.parametrize("claimed", [False, True])
    def test_one_that_somebody_aborts_goes_too(self, recovering: Recovering, claimed: bool) -> None:
        stack = recovering.stack
        record = stack.trigger(ending())
        if claimed:
            stack.claim(record)

        after = stack.tasks.abort(record.id)

        assert after.status is Status.ABORTED
        assert is_gone(stack, record)
        with pytest.raises(NotFound):
            stack.tasks.abort(record.id)
        sweep(recovering)
        assert rows(stack) == []

    def test_it_keeps_its_log_until_then_and_where_it_stays(self, stack: Stack) -> None:
        record = ended(stack, ending(ENDS["failed"], ends=("success",)))

        assert stack.messages(record) == ["Working.", "No."]

    def test_nobody_finds_it_any_more(self, stack: Stack) -> None:
        record = ended(stack, ending())

        assert stack.tasks.list().items == ()
        with pytest.raises(NotFound):
            stack.tasks.get(record.id)
        with pytest.raises(NotFound):
            stack.tasks.delete(record.id)

    def test_its_payloads_go_with_it(self, recovering: Recovering) -> None:
        stack = recovering.stack
        ended(stack, ending(Done(output={"big": BIG})))
        assert aws_client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 1

        sweep(recovering)

        assert rows(stack) == []
        assert aws_client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0

    def test_the_log_of_the_process_says_that_it_was_there(
        self, recovering: Recovering, caplog: pytest.LogCaptureFixture
    ) -> None:
        record = ended(recovering.stack, ending())

        sweep(recovering)

        said = [vars(line) for line in caplog.records]
        (line,) = [each for each in said if each.get("action") == "task_cleaned_up"]
        assert (line["about_task_id"], line["status"]) == (record.id, "success")

    def test_a_key_that_is_used_again_makes_a_new_task(self, recovering: Recovering) -> None:
        stack, definition = recovering.stack, ending()
        first = ended(stack, definition, idempotency_key="once")

        again = stack.trigger(definition, idempotency_key="once")

        assert again.id == first.id
        assert again.status is Status.PENDING
        sweep(recovering)
        assert not is_gone(stack, again)

    def test_with_an_unknown_hook_of_newer_code_it_goes_all_the_same(
        self, recovering: Recovering
    ) -> None:
        stack = recovering.stack
        stack.definitions = (ending(),)
        record = stack.create(definition_id="some")
        stack.tasks.abort(record.id)

        sweep(recovering)

        assert rows(stack) == []


class TestHooks:
    def test_its_hook_still_finds_it(self, stack: Stack) -> None:
        definition, seen = ending(), []

        @definition.on_done
        def look(record: TaskRecord) -> None:
            seen.append(stack.get(record.id).status)

        record = ended(stack, definition)

        assert seen == [Status.SUCCESS]
        assert is_gone(stack, record)

    def test_a_hook_that_raises_keeps_nothing(self, recovering: Recovering) -> None:
        definition = ending()

        @definition.on_done
        def complain(record: TaskRecord) -> None:
            raise ValueError("No.")

        ended(recovering.stack, definition)
        sweep(recovering)

        assert rows(recovering.stack) == []

    def test_the_api_which_runs_no_hook_leaves_both_to_the_sweep(
        self, recovering: Recovering
    ) -> None:
        stack, definition, seen = recovering.stack, ending(), []

        @definition.on_abort
        def look(record: TaskRecord) -> None:
            seen.append(record.id)

        record = stack.trigger(definition)
        build(stack.parts(), remaining=stack.remaining, runs_hooks=False).tasks.abort(record.id)
        assert not is_gone(stack, record)
        assert seen == []

        sweep(recovering)

        assert seen == [record.id]
        assert rows(stack) == []

    def test_a_hook_that_deletes_its_own_task_changes_nothing(self, recovering: Recovering) -> None:
        stack, definition = recovering.stack, ending()

        @definition.on_done
        def delete(record: TaskRecord) -> None:
            stack.tasks.delete(record.id)

        ended(stack, definition)
        sweep(recovering)

        assert rows(stack) == []


class TestTheAnswer:
    def test_a_worker_that_dies_before_it_answers_answers_when_it_is_asked_again(
        self, stack: Stack
    ) -> None:
        record = ended(stack, ending(Done("All done.")))

        assert stack.run(record)["status"] == "done"
        assert is_gone(stack, record)

    def test_a_copy_of_its_event_runs_nothing(self, stack: Stack) -> None:
        record = ended(stack, ending())
        before = len(rows(stack))

        answer = stack.run(record, execution="execution-2", visit="visit-2")

        assert answer["status"] == "done"
        assert len(rows(stack)) == before

    def test_a_copy_of_an_event_by_hand_runs_nothing_for_a_day(
        self, recovering: Recovering
    ) -> None:
        stack, ran = recovering.stack, []

        @task(self_cleanup=ALL)
        def by_hand(context: Context) -> Done:
            ran.append(context.task.id)
            return Done()

        stack.definitions = (by_hand,)
        sent = TaskRecord(id="e1", definition_id="byHand", name="x", created_on=stack.clock.now())
        for hours in (0, 1, 12, 22):
            stack.clock.advance(timedelta(hours=hours).total_seconds() / 2)
            sweep(recovering)
            stack.run(sent, execution=f"e-{hours}", visit=f"v-{hours}", byHand=True)
            assert is_gone(stack, "e1")
        assert ran == ["e1"]

        stack.clock.advance(timedelta(days=2).total_seconds())
        sweep(recovering)

        assert rows(stack) == []


class Family:
    """A parent whose children end before it, and what its join has seen."""

    def __init__(self, recovering: Recovering, *, ends: tuple[str, ...] = ()) -> None:
        self.stack = recovering.stack
        self.joined: list[tuple[Status, Any]] = []
        child = ending(Done(output={"rows": 3}), id="child")

        @task(id="parent", self_cleanup=ends)
        def parent(context: Context) -> Verdict:
            context.trigger("child")
            return context.wait_for_children(self.join)

        self.stack.definitions = (child, parent)
        self.parent = self.stack.tasks.trigger(parent)
        recovering.start("execution-1", self.stack.get(self.parent))
        self.stack.run(self.parent)
        (self.child,) = self.stack.store.index.children(self.parent.id)

    def join(self, children: list[TaskRecord]) -> Verdict:
        self.joined = [(child.status, child.output) for child in children]
        return Done()

    def go_on(self) -> None:
        self.stack.clock.advance(3600)
        owner = self.stack.get(self.parent).execution_name or "execution-2"
        self.stack.run(self.parent, execution=owner, visit="visit-2")


class TestParents:
    @pytest.mark.parametrize("days", [0, 90])
    def test_a_child_stays_until_its_parent_is_over_and_then_goes(
        self, recovering: Recovering, days: int
    ) -> None:
        stack = recovering.stack
        stack.settings = replace(stack.settings, retention_days=days)
        family = Family(recovering)
        stack.run(family.child, execution="execution-2", visit="v1")
        sweep(recovering, 3)
        assert stack.get(family.child).has_succeeded

        family.go_on()

        assert family.joined == [(Status.SUCCESS, {"rows": 3})]
        for _ in range(8):
            stack.clock.advance(1800)
            sweep(recovering)
        assert rows(stack, family.child.id) == []
        assert not is_gone(stack, family.parent)
        assert list(stack.store.index.children(family.parent.id)) == []

    def test_a_child_of_a_worker_whose_clock_is_behind_stays_as_well(
        self, recovering: Recovering
    ) -> None:
        stack = recovering.stack
        stack.definitions = (ending(id="child"),)
        stack.create(id="parent", created_on=stack.clock.now() + timedelta(seconds=5))
        child = stack.create(id="child", definition_id="child", parent_id="parent")

        stack.run(child)
        sweep(recovering, 3)

        assert stack.get(child).has_succeeded

    def test_a_child_that_waits_for_a_month_is_looked_at_seldom(self, stack: Stack) -> None:
        now = stack.clock.now()
        child = stack.create(parent_id="parent").succeeded(now=now, output=None).to_clean_up()
        end, looks = now + timedelta(days=30), 0

        while now < end:
            now = max(now + timedelta(minutes=5), child.due_on or now)
            child = child.looked_at(now=now)
            looks += 1

        assert looks < 45

    def test_it_stays_for_the_hook_of_its_parent(self, recovering: Recovering) -> None:
        stack = recovering.stack
        stack.definitions = (ending(id="child"),)
        parent = stack.create(id="parent")
        child = stack.create(id="child", definition_id="child", parent_id="parent")
        over = parent.aborted(now=stack.clock.now()).due("on_abort")
        stack.store.save(over, before=parent, guard=ANY_OWNER)

        stack.run(child)

        assert not is_gone(stack, child)

    def test_one_whose_parent_was_deleted_goes_at_once(self, recovering: Recovering) -> None:
        stack = recovering.stack
        stack.definitions = (ending(id="child"),)
        child = stack.create(id="child", definition_id="child", parent_id="gone")

        stack.run(child)
        sweep(recovering)

        assert rows(stack) == []

    def test_a_person_who_deletes_it_meanwhile_is_told_to_the_parent_as_before(
        self, recovering: Recovering
    ) -> None:
        stack, family = recovering.stack, Family(recovering)
        stack.run(family.child, execution="execution-2", visit="v1")
        stack.tasks.delete(family.child.id)
        sweep(recovering)

        (told,) = stack.store.index.children(family.parent.id)

        assert is_gone(stack, family.child)
        assert told.failure.code == "CHILD_GONE"


def three_generations(
    recovering: Recovering, *, child: Status, grandchild: Status, number: int = 0
) -> StoredTask:
    """A running task that cleans itself up, with a child and a grandchild that don't."""

    @task(id="plain")
    def plain(context: Context) -> Done:
        return Done()

    stack = recovering.stack
    stack.definitions = (ending(), plain)
    root = stack.create(id="root", definition_id="some")
    for id, parent, status in (("child", "root", child), ("grandchild", "child", grandchild)):
        made = stack.create(id=id, definition_id="plain", parent_id=parent)
        if status is Status.RUNNING:
            stack.claim(made, execution=f"of-{id}-{number}")
            recovering.start(f"of-{id}-{number}", made)
        elif status is Status.SUCCESS:
            stack.run(made, execution=f"of-{id}")
        elif status is not Status.PENDING:
            before = stack.get(made)
            after = before.aborted(now=stack.clock.now())
            stack.store.save(after, before=before, guard=ANY_OWNER)
    return root


class TestDescendants:
    @pytest.mark.parametrize("days", [0, 90])
    @pytest.mark.parametrize("child", [Status.PENDING, Status.RUNNING, Status.SUCCESS])
    @pytest.mark.parametrize("grandchild", [Status.RUNNING, Status.SUCCESS, Status.ABORTED])
    def test_nothing_is_left_of_three_generations(
        self, recovering: Recovering, days: int, child: Status, grandchild: Status
    ) -> None:
        stack = recovering.stack
        stack.settings = replace(stack.settings, retention_days=days)
        root = three_generations(recovering, child=child, grandchild=grandchild)

        stack.run(root)
        sweep(recovering, 4)

        assert rows(stack) == []
        assert stack.unfinished() == []

    def test_those_that_are_open_are_aborted_first_and_leave_a_trace(
        self, recovering: Recovering, caplog: pytest.LogCaptureFixture
    ) -> None:
        stack = recovering.stack
        root = three_generations(recovering, child=Status.RUNNING, grandchild=Status.RUNNING)
        stack.run(root)

        with caplog.at_level(logging.INFO):
            sweep(recovering)
            running = stack.run(stack_task("child"), execution="of-child-0", visit="v")
            sweep(recovering, 3)

        assert running["status"] == "aborted"
        cleaned = [vars(line) for line in caplog.records if hasattr(line, "about_task_id")]
        assert [(each["about_task_id"], each["status"]) for each in cleaned] == [
            ("root", "success"),
            ("child", "aborted"),
            ("grandchild", "aborted"),
        ]

    def test_ten_children_go_with_it(self, recovering: Recovering) -> None:
        stack = recovering.stack
        root = three_generations(recovering, child=Status.SUCCESS, grandchild=Status.SUCCESS)
        for number in range(10):
            stack.create(id=f"more-{number}", definition_id="plain", parent_id="root")

        stack.run(root)
        sweep(recovering, 3)

        assert rows(stack) == []


def stack_task(id: str) -> Any:
    return TaskRecord(id=id, definition_id="plain", name="x", created_on=moment(_ANY_DAY))


def killed_at(stack: Stack, number: int, *, after: bool) -> Callable[[], bool]:
    """Kills whoever makes this call. Returns whether it has."""
    calls: list[str] = []

    def die(operation: str, request: dict[str, Any]) -> None:
        calls.append(operation)
        if len(calls) == number:
            raise Killed

    setattr(stack.dynamodb, "afterwards" if after else "interference", die)
    return lambda: len(calls) >= number


def revive(stack: Stack) -> None:
    stack.dynamodb.recover()
    stack.dynamodb.afterwards = lambda operation, request: None


class TestKilled:
    @pytest.mark.parametrize("after", [False, True])
    def test_the_worker_at_every_call_loses_nothing_and_runs_the_hook(
        self, recovering: Recovering, after: bool
    ) -> None:
        stack, definition, seen = recovering.stack, ending(), []

        @definition.on_done
        def note(record: TaskRecord) -> None:
            seen.append(record.id)

        for number in range(1, 50):
            seen.clear()
            record = stack.trigger(definition)
            was_killed = killed_at(stack, number, after=after)
            with suppress(Killed):
                stack.run(record, execution=f"e-{number}", visit="v")
            revive(stack)
            if not was_killed():
                break
            answer = stack.run(record, execution=f"e-{number}", visit="v")

            assert answer["status"] == "done"
            sweep(recovering, 3)
            assert set(seen) == {record.id}
            assert rows(stack) == [], number
        assert number > 5

    @pytest.mark.slow
    @pytest.mark.parametrize("after", [False, True])
    def test_a_sweep_at_every_call_is_made_good_by_the_next(
        self, recovering: Recovering, after: bool
    ) -> None:
        stack = recovering.stack
        for number in range(1, 200):
            running = Status.RUNNING
            root = three_generations(recovering, child=running, grandchild=running, number=number)
            stack.run(root)
            stack.clock.advance(300)
            was_killed = killed_at(stack, number, after=after)
            with suppress(Killed, RecoveryFailed):
                recovering.sweep()
            revive(stack)

            for _ in range(6):
                stack.clock.advance(600)
                recovering.sweep()
            assert rows(stack) == [], number
            if not was_killed():
                break
        assert number > 10


class TestAtOnce:
    @pytest.mark.parametrize("cleaned", [("success",), ("aborted",), ALL])
    def test_with_an_abort_what_is_stored_decides(
        self, recovering: Recovering, cleaned: tuple[str, ...]
    ) -> None:
        stack, definition = recovering.stack, ending(ends=cleaned)
        record = stack.trigger(definition)
        aborted: list[bool] = []

        def interfere(operation: str, request: dict[str, Any]) -> None:
            if operation == "transact_write_items" and not aborted:
                aborted.append(True)
                stack.tasks.abort(record.id)

        stack.dynamodb.interference = interfere
        answer = stack.run(record)
        revive(stack)

        assert answer["status"] == "aborted"
        sweep(recovering, 2)
        assert (rows(stack) == []) == ("aborted" in cleaned)

    def test_with_a_delete_it_goes_once(self, recovering: Recovering) -> None:
        stack = recovering.stack
        stack.definitions = (ending(id="child"),)
        stack.create(id="parent")
        child = stack.create(id="child", definition_id="child", parent_id="parent")
        stack.run(child)

        stack.tasks.delete("child")
        with pytest.raises(NotFound):
            stack.tasks.delete("child")
        sweep(recovering)

        assert rows(stack, "TASK#child") == []

    def test_two_sweeps_do_nothing_twice(
        self, recovering: Recovering, caplog: pytest.LogCaptureFixture
    ) -> None:
        stack = recovering.stack
        inside: list[bool] = []
        ended(stack, ending())
        stack.clock.advance(300)

        def interfere(operation: str, request: dict[str, Any]) -> None:
            if operation == "delete_item" and not inside:
                inside.append(True)
                recovering.sweep()

        stack.dynamodb.interference = interfere
        recovering.sweep()
        revive(stack)

        assert rows(stack) == []
        lines = [line for line in caplog.records if "task_cleaned_up" in line.getMessage()]
        assert len(lines) == 1


class TestDeclaring:
    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ("success", 'such as \\("success",\\)'),
            (("onSuccess",), 'Webiny\'s "onSuccess" is "success" here'),
            (("running",), 'it takes "success", "failed" and "aborted"'),
            ((1,), "it takes a tuple"),
            (None, "it takes a tuple"),
        ],
    )
    def test_what_is_no_end_is_refused_with_what_is(self, given: Any, said: str) -> None:
        with pytest.raises(DefinitionError, match=said):

            @task(self_cleanup=given)
            def some(context: Context) -> Done:
                return Done()

    def test_a_list_and_statuses_are_taken(self) -> None:
        @task(self_cleanup=[Status.SUCCESS])
        def some(context: Context) -> Done:
            return Done()

        assert some.self_cleanup == ("success",)

    def test_the_kit_shows_what_became_of_it(self) -> None:
        result = run(ending(Done(output={"rows": 3})))

        assert result.record.output == {"rows": 3}
        assert result.is_deleted
        assert result.messages[0] == "Working."
        assert not run(ending(ends=())).is_deleted


def test_a_task_that_does_not_use_it_makes_the_same_requests(stack: Stack) -> None:
    @task()
    def plain(context: Context) -> Continue | Done:
        return Done()

    record = stack.trigger(plain)
    stack.store.settings.of("root")
    before = len(stack.dynamodb.calls)

    stack.run(record)

    assert stack.dynamodb.calls[before:] == ["update_item", "transact_write_items"]
