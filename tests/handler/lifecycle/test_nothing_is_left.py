"""What outlives a task, and what does not: nothing of it is left once its days are over."""

import base64
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handler import Context, Continue, Definition, Done, Failed, TaskRecord, Verdict, task
from handler.contract import MAX_RECORD_PAYLOAD_BYTES
from handler.errors import NotFound, Refused
from handler.record import LogLine, TaskLog
from handler.recovery import RecoveryFailed
from handler.testing import Killed
from handler.testing.aws import aws_client
from handler.wiring import build
from tests.handler.recovering import Recovering
from tests.handler.stack import BUCKET, TABLE, Stack, refusal

DAYS = 14
BIG = base64.b64encode(random.Random(1).randbytes(MAX_RECORD_PAYLOAD_BYTES)).decode()

History = Callable[[Recovering], object]


@pytest.fixture
def recovering(recovering: Recovering) -> Recovering:
    """The stack with its recovery; finished tasks are kept for two weeks."""
    recovering.stack.settings = replace(recovering.stack.settings, retention_days=DAYS)
    return recovering


def rows(stack: Stack) -> list[dict[str, Any]]:
    return [row for row in stack.rows() if row["pk"]["S"] != "SWEEP"]


def objects() -> list[str]:
    found = aws_client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [each["Key"] for each in found]


def sweep(recovering: Recovering) -> None:
    recovering.wait()
    with suppress(RecoveryFailed):
        recovering.sweep()


def days_pass(recovering: Recovering, days: float) -> None:
    """Sweeps as the schedule does, but seldom; DynamoDB removes what has expired."""
    for _ in range(4):
        sweep(recovering)
        recovering.stack.clock.advance(timedelta(days=days / 4))
        now = recovering.stack.clock.now().timestamp()
        for row in recovering.stack.rows():
            if "expiresAt" in row and int(row["expiresAt"]["N"]) < now:
                key = {name: row[name] for name in ("pk", "sk")}
                aws_client("dynamodb").delete_item(TableName=TABLE, Key=key)
    sweep(recovering)


def loud(context: Context) -> None:
    """Logs so much that it is written before the outcome."""
    for number in range(30):
        context.log.info("x" * 3_900, number=number)


def defined(id: str = "some", **options: Any) -> Callable[[Any], Definition]:
    return task(id=id, **options)


def one_loud_iteration(recovering: Recovering) -> None:
    @defined()
    def some(context: Context) -> Done:
        loud(context)
        return Done()

    recovering.stack.run(recovering.stack.trigger(some))


def many_iterations_with_big_payloads(recovering: Recovering) -> None:
    @defined()
    def some(context: Context, input: dict[str, Any]) -> Verdict:
        context.save_output({"text": BIG + str(input["step"])})
        loud(context)
        if input["step"] == 3:
            return Failed("Enough.")
        return Continue({"step": input["step"] + 1, "text": BIG + "x" * input["step"]})

    record = recovering.stack.trigger(some, input={"step": 1, "text": BIG})
    for step in range(3):
        recovering.stack.run(record, visit=f"visit-{step}")
    assert recovering.stack.get(record).has_failed


def lines_and_checkpoints_after_an_abort(recovering: Recovering) -> None:
    @defined()
    def some(context: Context) -> Done:
        context.save_output({"text": BIG})
        loud(context)
        recovering.stack.tasks.abort(context.task.id)
        sweep(recovering)
        loud(context)
        context.save_output({"text": BIG + "!"})
        return Done(output={"text": BIG})

    recovering.stack.run(recovering.stack.trigger(some))


def lines_and_checkpoints_after_a_deletion(recovering: Recovering) -> None:
    @defined()
    def some(context: Context) -> Done:
        loud(context)
        recovering.stack.tasks.abort(context.task.id)
        recovering.stack.tasks.delete(context.task.id)
        sweep(recovering)
        loud(context)
        context.save_output({"text": BIG})
        return Done(output={"text": BIG})

    recovering.stack.run(recovering.stack.trigger(some))


def family(recovering: Recovering, *, child_ends_first: bool) -> None:
    @defined("child")
    def child(context: Context, input: dict[str, Any]) -> Done:
        loud(context)
        context.trigger(grandchild, input={"text": BIG})
        return Done(output={"text": BIG})

    @defined("grandchild")
    def grandchild(context: Context, input: dict[str, Any]) -> Done:
        return Done()

    @defined("parent")
    def parent(context: Context) -> Verdict:
        context.trigger(child, input={"text": BIG})
        return Continue(wait=timedelta(days=100)) if context.task.iterations == 1 else Done()

    stack = recovering.stack
    stack.definitions = (child, grandchild)
    record = stack.trigger(parent)
    recovering.start("execution-1")
    stack.run(record, visit="1")
    [one] = stack.store.index.children(record.id)
    if not child_ends_first:
        stack.run(record, visit="2")
        sweep(recovering)
    stack.run(one, execution="child")
    [other] = stack.store.index.children(one.id)
    sweep(recovering)
    stack.run(other, execution="grandchild")
    if child_ends_first:
        days_pass(recovering, 10 * DAYS)
        assert [each.id for each in stack.store.index.children(record.id)] == [one.id]
        assert [each.id for each in stack.store.index.children(one.id)] == [other.id]
        assert stack.get(one).input == {"text": BIG}
        stack.run(record, visit="2")
    assert stack.get(record).is_over


def a_child_that_ends_before_its_parent(recovering: Recovering) -> None:
    family(recovering, child_ends_first=True)


def a_child_that_ends_after_its_parent(recovering: Recovering) -> None:
    family(recovering, child_ends_first=False)


def a_child_that_others_have_triggered(recovering: Recovering) -> None:
    @defined()
    def some(context: Context) -> Done:
        return Done()

    stack = recovering.stack
    parent = stack.trigger(some)
    child = stack.trigger(some, parent=parent)
    stack.run(child, execution="child")
    days_pass(recovering, 2 * DAYS)
    stack.run(parent)


def a_child_of_a_parent_that_is_gone(recovering: Recovering) -> None:
    @defined()
    def some(context: Context) -> Done:
        return Done()

    stack = recovering.stack
    parent = stack.trigger(some)
    early = stack.trigger(some, parent=parent)
    stack.run(parent)
    stack.tasks.delete(parent.id)
    late = stack.trigger(some, parent=parent)
    stack.run(early, execution="early")
    stack.run(late, execution="late")


def a_deleted_child_of_a_parent_that_is_gone(recovering: Recovering) -> None:
    child = recovering.pending(id="child", parent_id="nobody")
    recovering.stack.tasks.abort(child.id)
    recovering.stack.tasks.delete(child.id)


def a_family_that_was_aborted(recovering: Recovering) -> None:
    stack = recovering.stack
    parent = recovering.pending(id="parent")
    recovering.pending(id="child", parent_id="parent", input={"text": BIG})
    stack.tasks.abort(parent.id)


def a_deleted_parent_with_children(recovering: Recovering) -> None:
    a_family_that_was_aborted(recovering)
    recovering.stack.tasks.delete("parent")


def a_child_that_waited_for_a_parent_that_is_deleted(recovering: Recovering) -> None:
    stack = recovering.stack
    parent = recovering.pending(id="parent")
    stack.run(recovering.pending(id="child", parent_id="parent"), execution="child")
    sweep(recovering)
    assert not stack.get("child").has_follow_ups
    stack.tasks.abort(parent.id)
    stack.tasks.delete(parent.id)


def a_deleted_child(recovering: Recovering) -> None:
    a_family_that_was_aborted(recovering)
    recovering.stack.tasks.delete("child")


def retries(recovering: Recovering, *, parent_ends: bool) -> None:
    """A child fails, and so does its retry, but not the retry of that one."""

    @defined("parent")
    def parent(context: Context) -> Verdict:
        return Done() if parent_ends else Continue(wait=timedelta(days=100))

    @defined("child")
    def child(context: Context, input: dict[str, Any]) -> Verdict:
        loud(context)
        if input["step"] % 2 == 0:
            return Continue({"step": input["step"] + 1, "text": BIG + "!"})
        return Failed("Once more.") if input["step"] < 5 else Done()

    stack = recovering.stack
    stack.definitions = (parent,)
    above = stack.trigger(parent)
    recovering.start("execution-1")
    record = stack.trigger(child, input={"step": 0, "text": BIG}, parent=above)
    stack.run(record, execution="child-0")
    stack.run(above)
    for number in (1, 2):
        sweep(recovering)
        record = stack.tasks.retry(record.id, {"step": 2 * number}, from_start=number == 1)
        stack.run(record, execution=f"child-{number}")
    assert stack.get(record).has_succeeded
    if not parent_ends:
        days_pass(recovering, 2 * DAYS)
        assert sum(each.has_failed for each in stack.store.index.children(above.id)) == 2
        stack.tasks.abort(above.id)


def retries_of_a_child_of_an_open_parent(recovering: Recovering) -> None:
    retries(recovering, parent_ends=False)


def retries_of_a_child_of_a_parent_that_is_over(recovering: Recovering) -> None:
    retries(recovering, parent_ends=True)


def an_event_by_hand_that_can_not_run(recovering: Recovering) -> None:
    event = {"id": "e1", "detail": {"webinyTaskDefinitionId": "nobody", "input": {"text": BIG}}}
    recovering.send_to_dlq(event)
    recovering.sweep()
    assert recovering.stack.get("e1").has_failed


def a_hook_that_logs_after_the_end(recovering: Recovering) -> None:
    recovering.hook_error = ValueError("The hook fails.")
    recovering.stack.run(recovering.pending())


def a_payload_whose_record_was_never_written(recovering: Recovering) -> None:
    client: Any = recovering.stack.dynamodb
    client.fail(refusal("ValidationException"), only="put_item")
    with suppress(Exception):
        recovering.pending(id="never", input={"text": BIG})
    client.recover()
    assert objects()


def objects_that_somebody_else_has_left(recovering: Recovering) -> None:
    for key in ("tasks/x/y", "tasks/x", "tasks/a/b/" + "0" * 24 + "-" + "f" * 64):
        aws_client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"x")


HISTORIES: tuple[History, ...] = (
    one_loud_iteration,
    many_iterations_with_big_payloads,
    lines_and_checkpoints_after_an_abort,
    lines_and_checkpoints_after_a_deletion,
    a_child_that_ends_before_its_parent,
    a_child_that_ends_after_its_parent,
    a_child_that_others_have_triggered,
    a_child_of_a_parent_that_is_gone,
    a_deleted_child_of_a_parent_that_is_gone,
    a_family_that_was_aborted,
    a_deleted_parent_with_children,
    a_child_that_waited_for_a_parent_that_is_deleted,
    a_deleted_child,
    retries_of_a_child_of_an_open_parent,
    retries_of_a_child_of_a_parent_that_is_over,
    an_event_by_hand_that_can_not_run,
    a_hook_that_logs_after_the_end,
    a_payload_whose_record_was_never_written,
    objects_that_somebody_else_has_left,
)


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.__name__)
def test_nothing_is_left_of_a_task_when_its_days_are_over(
    recovering: Recovering, history: History
) -> None:
    history(recovering)

    days_pass(recovering, 4 * DAYS)

    assert rows(recovering.stack) == []
    assert objects() == []


@pytest.mark.slow
@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.__name__)
def test_a_payload_is_there_for_as_long_as_its_record(
    recovering: Recovering, history: History
) -> None:
    history(recovering)
    kept = [task.id for task in recovering.stack.store.index.tasks(ids(recovering))]

    for _ in range(4):
        days_pass(recovering, DAYS / 5)
        for found in recovering.stack.store.index.tasks(ids(recovering)):
            assert "note" not in found.input
            assert "note" not in (found.output or {})

    assert kept or history in (
        a_deleted_child_of_a_parent_that_is_gone,
        lines_and_checkpoints_after_a_deletion,
        a_payload_whose_record_was_never_written,
        objects_that_somebody_else_has_left,
    )


def ids(recovering: Recovering) -> Iterator[str]:
    found = [row["pk"]["S"] for row in recovering.stack.rows() if row["sk"]["S"] == "TASK"]
    return (key.removeprefix("TASK#") for key in found)


def test_the_payload_of_a_task_that_ran_for_a_year_stays_with_its_record(
    recovering: Recovering,
) -> None:
    record = recovering.pending(input={"text": BIG})
    recovering.stack.clock.advance(timedelta(days=350))
    recovering.stack.run(record)

    days_pass(recovering, DAYS - 1)

    assert recovering.stack.tasks.get(record.id).input == {"text": BIG}


def test_a_task_whose_days_are_over_is_gone_before_dynamodb_removes_it(
    recovering: Recovering,
) -> None:
    @defined()
    def some(context: Context) -> Done:
        return Done()

    stack = recovering.stack
    record = stack.trigger(some, idempotency_key="k")
    stack.run(record)
    stack.clock.advance(timedelta(days=DAYS, seconds=1))

    assert stack.tasks.list().items == ()
    with pytest.raises(NotFound):
        stack.tasks.get(record.id)
    again = stack.trigger(some, idempotency_key="k")

    assert (again.id, again.is_open) == (record.id, True)


def test_a_keyed_child_runs_once_in_however_long_a_life_of_its_parent(
    recovering: Recovering,
) -> None:
    ran: list[str] = []
    joined: list[TaskRecord] = []

    def join(children: list[TaskRecord]) -> Done:
        joined.extend(children)
        return Done()

    @defined("child")
    def child(context: Context) -> Done:
        ran.append(context.task.id)
        return Done(output={"rows": 7})

    @defined("parent")
    def parent(context: Context) -> Verdict:
        context.trigger(child, idempotency_key="once")
        if context.task.iterations < 3:
            return Continue(wait=timedelta(days=3 * DAYS))
        return context.wait_for_children(join)

    stack = recovering.stack
    stack.definitions = (child,)
    record = stack.trigger(parent)
    recovering.start("execution-1")
    for visit in range(3):
        stack.run(record, visit=str(visit))
        for one in stack.store.index.children(record.id):
            stack.run(one, execution="child", visit="1")
        days_pass(recovering, 3 * DAYS)

    assert len(ran) == 1
    assert [each.output for each in joined] == [{"rows": 7}]


@pytest.mark.parametrize("ends_by", ["deletion", "expiry"])
def test_a_task_of_a_key_that_is_used_again_has_nothing_of_the_one_before(
    recovering: Recovering, ends_by: str
) -> None:
    joined: list[str] = []

    def join(children: list[TaskRecord]) -> Done:
        joined.extend(child.id for child in children)
        return Done()

    @defined("child")
    def child(context: Context) -> Done:
        return Done()

    @defined("parent")
    def parent(context: Context) -> Verdict:
        loud(context)
        context.trigger(child, idempotency_key="only")
        if context.task.iterations == 1:
            return Continue(wait=60)
        return context.wait_for_children(join)

    def run_family(number: int) -> TaskRecord:
        record = stack.trigger(parent, idempotency_key="k")
        stack.run(record, execution=f"parent-{number}", visit="1")
        for one in stack.store.index.children(record.id):
            stack.run(one, execution=f"child-{number}")
        stack.run(record, execution=f"parent-{number}", visit="2")
        return record

    stack = recovering.stack
    stack.definitions = (child,)
    first = run_family(1)
    lines = len(stack.lines(first))
    sweep(recovering)
    if ends_by == "deletion":
        stack.tasks.delete(first.id)
    stack.clock.advance(timedelta(days=DAYS, hours=1))

    again = run_family(2)

    assert again.id == first.id
    assert len(joined) == len(set(joined)) == 2
    assert len(stack.lines(again)) == lines
    days_pass(recovering, 4 * DAYS)
    assert rows(stack) == []


def test_a_deleted_child_of_a_parent_that_has_its_date_leaves_no_row(
    recovering: Recovering,
) -> None:
    stack = recovering.stack
    [definition] = stack.definitions
    parent = stack.trigger(definition)
    stack.run(parent)
    sweep(recovering)
    child = stack.trigger(definition, parent=parent)
    stack.tasks.abort(child.id)
    stack.tasks.delete(child.id)

    days_pass(recovering, 4 * DAYS)

    assert rows(stack) == []


def test_a_child_that_was_deleted_is_told_to_the_join(recovering: Recovering) -> None:
    joined: list[TaskRecord] = []

    def join(children: list[TaskRecord]) -> Done:
        joined.extend(children)
        return Done()

    @defined("parent")
    def parent(context: Context) -> Verdict:
        return context.wait_for_children(join)

    stack = recovering.stack
    record = stack.trigger(parent)
    child = recovering.pending(parent_id=record.id)
    stack.run(child, execution="child")
    stack.tasks.delete(child.id)
    sweep(recovering)

    stack.run(record)

    assert [(each.id, each.has_failed) for each in joined] == [(child.id, True)]
    assert "CHILD_GONE" in str(joined[0].output)


@pytest.mark.parametrize("number", range(6))
def test_a_parent_that_ends_at_any_call_of_its_childs_closing_dates_it(
    recovering: Recovering, number: int
) -> None:
    stack = recovering.stack
    parent = recovering.pending(id="parent")
    child = recovering.pending(id="child", parent_id="parent")
    stack.run(child, execution="child")
    recovering.wait()
    calls = iter(range(number))

    def end_first(*_: object) -> None:
        if next(calls, None) is None:
            stack.dynamodb.recover()
            stack.tasks.abort(parent.id)
            stack.clock.advance(timedelta(minutes=10))
            aborted = stack.get(parent)
            stack.system.reconciliation._finish_follow_ups(aborted)

    stack.dynamodb.interference = end_first
    recovering.sweep()
    stack.dynamodb.recover()

    days_pass(recovering, 4 * DAYS)

    assert rows(stack) == []


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["interference", "afterwards"])
@pytest.mark.parametrize("service", ["dynamodb", "s3"])
def test_a_deletion_that_is_cut_off_at_any_call_is_finished_by_the_sweep(
    recovering: Recovering, service: str, moment: str
) -> None:
    client = recovering.stack.client(service)
    for number in range(20):
        record = recovering.pending(id=f"t{number}", input={"text": BIG})
        recovering.pending(id=f"c{number}", parent_id=record.id)
        recovering.stack.run(recovering.stack.get(f"c{number}"), execution=f"c{number}")
        recovering.stack.run(record, execution=f"t{number}")
        left = iter(range(number))

        def cut_off(*_: object, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise Killed

        setattr(client, moment, cut_off)
        try:
            recovering.stack.tasks.delete(record.id)
        except Killed:
            is_cut_off = True
        else:
            is_cut_off = False
        setattr(client, moment, lambda *_: None)

        if recovering.stack.store.find(record.id):
            continue  # it was cut off before anybody heard of it
        for _ in range(3):
            sweep(recovering)
        assert not [row for row in rows(recovering.stack) if row["pk"]["S"] == f"TASK#t{number}"]
        assert not [key for key in objects() if f"/t{number}/" in key]
        if not is_cut_off:
            return
    raise AssertionError("A deletion has more than 20 calls.")


def recovering_family(recovering: Recovering) -> str:
    """A task that is over, with a hook to run, rows to date and a child that waits for its date."""
    stack = recovering.stack
    record = recovering.pending(id="parent")
    stack.run(recovering.pending(id="child", parent_id="parent"), execution="child")
    sweep(recovering)
    api = build(stack.parts(), remaining=stack.remaining, runs_hooks=False).tasks
    api.abort(record.id)
    recovering.ran.clear()
    recovering.wait()
    return record.id


@pytest.mark.slow
@pytest.mark.parametrize("runs_hooks", [True, False], ids=["by a worker", "by the API"])
@pytest.mark.parametrize("number", range(16))
def test_a_task_that_is_deleted_at_any_call_of_a_sweep_is_removed_after_its_hook(
    recovering: Recovering, number: int, runs_hooks: bool
) -> None:
    stack = recovering.stack
    id = recovering_family(recovering)
    other = build(stack.parts(), remaining=stack.remaining, runs_hooks=runs_hooks).tasks
    calls = iter(range(number))

    def delete_first(*_: object) -> None:
        if next(calls, None) is None:
            stack.dynamodb.recover()
            other.delete(id)

    stack.dynamodb.interference = delete_first
    recovering.sweep()
    stack.dynamodb.recover()

    for _ in range(3):
        sweep(recovering)

    assert ("on_abort", "aborted") in recovering.ran
    assert [row for row in rows(stack) if row["pk"]["S"] == "TASK#parent"] == []
    days_pass(recovering, 4 * DAYS)
    assert rows(stack) == []


def test_a_line_of_a_task_that_is_being_removed_is_dropped(recovering: Recovering) -> None:
    stack = recovering.stack
    record = recovering.running()
    api = build(stack.parts(), remaining=stack.remaining, runs_hooks=False).tasks
    api.abort(record.id)
    api.delete(record.id)
    before = rows(stack)

    stack.store.logs.append(TaskLog.of(record, [LogLine.at(stack.clock.now(), "late")]))

    assert rows(stack) == before


class TestDeletion:
    def test_abort_and_delete_by_the_api_run_the_hook_once(self, recovering: Recovering) -> None:
        api = build(
            recovering.stack.parts(), remaining=recovering.stack.remaining, runs_hooks=False
        ).tasks
        record = recovering.running()

        api.abort(record.id)
        api.delete(record.id)

        with pytest.raises(NotFound):
            api.get(record.id)
        assert api.list().items == ()
        assert api.count() == 0
        sweep(recovering)
        assert recovering.ran == [("on_abort", "aborted")]
        sweep(recovering)
        assert rows(recovering.stack) == []
        assert recovering.ran == [("on_abort", "aborted")]

    def test_the_iteration_that_still_ran_runs_the_hook(self, recovering: Recovering) -> None:
        record = recovering.pending()
        api = build(
            recovering.stack.parts(), remaining=recovering.stack.remaining, runs_hooks=False
        ).tasks

        def delete_meanwhile(operation: str, _: object) -> None:
            if operation == "transact_write_items":
                recovering.stack.dynamodb.recover()
                api.abort(record.id)
                api.delete(record.id)

        recovering.stack.dynamodb.interference = delete_meanwhile
        answer = recovering.stack.run(record)

        assert answer["status"] == "aborted"
        assert recovering.ran == [("on_abort", "aborted")]
        assert rows(recovering.stack) == []

    def test_a_hook_that_deletes_its_own_task_runs_once(self, recovering: Recovering) -> None:
        ran: list[str] = []

        @defined()
        def some(context: Context) -> Done:
            return Done()

        @some.on_done
        def clean_up(record: TaskRecord) -> None:
            ran.append(record.id)
            recovering.stack.tasks.delete(record.id)

        record = recovering.stack.trigger(some)
        recovering.stack.run(record)
        sweep(recovering)

        assert ran == [record.id]
        assert rows(recovering.stack) == []

    @pytest.mark.parametrize("ends", ["by itself", "aborted"])
    def test_a_deleted_event_by_hand_runs_nothing_though_its_worker_asks_again(
        self, recovering: Recovering, ends: str
    ) -> None:
        stack, ran = recovering.stack, list[str]()

        @defined()
        def by_hand(context: Context) -> Done:
            ran.append(context.task.id)
            context.log.info("A line.")
            if ends == "aborted":
                stack.tasks.abort("e1")
            return Done(output={"text": BIG})

        stack.definitions = (by_hand,)
        sent = TaskRecord(id="e1", definition_id="some", name="x", created_on=stack.clock.now())

        def ask_again() -> object:
            return stack.run(sent, byHand=True)["status"]

        first = ask_again()
        stack.tasks.delete("e1")

        for hours in (0, 1, 12, 10):
            stack.clock.advance(timedelta(hours=hours))
            assert ask_again() == first
            sweep(recovering)
            with pytest.raises(NotFound):
                stack.tasks.get("e1")
            assert (ran, stack.tasks.count(), objects()) == (["e1"], 0, [])
            assert [row["sk"]["S"] for row in rows(stack)] == ["TASK"]
        days_pass(recovering, 2)
        assert rows(stack) == []

    def test_a_key_whose_task_is_being_deleted_is_refused_until_it_is_gone(
        self, recovering: Recovering
    ) -> None:
        stack = recovering.stack
        [definition] = stack.definitions
        api = build(stack.parts(), remaining=stack.remaining, runs_hooks=False).tasks
        record = stack.trigger(definition, idempotency_key="k")
        api.abort(record.id)
        api.delete(record.id)

        with pytest.raises(Refused, match="is still to be removed"):
            api.trigger(definition, idempotency_key="k")

        sweep(recovering)
        assert api.trigger(definition, idempotency_key="k").id == record.id
