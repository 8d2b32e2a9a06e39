"""Retrying: a new task takes the place of one that has failed or was aborted, once."""

import itertools
import json
import random
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from handler import (
    Context,
    Continue,
    Definition,
    Done,
    Failed,
    Filter,
    TaskRecord,
    TriggerRequest,
    Verdict,
    task,
)
from handler.clock import to_iso
from handler.contract import Status
from handler.errors import (
    DeliveryError,
    EngineSignal,
    InvalidInput,
    NotFound,
    Refused,
    UnknownDefinition,
)
from handler.record.stored_task import StoredTask, id_of_retry
from handler.record.task_log import LogLine, TaskLog
from handler.record.task_record import Identity, Progress
from handler.table import RecordMoved
from handler.testing import World
from handler.testing.aws import aws_client
from tests.handler.recovering import Recovering
from tests.handler.stack import BUCKET, TABLE, BusQueue, RefusingBus, Stack, refusal

JANE = Identity(id="jane", display_name="Jane", type="iam")
OVER = [Status.FAILED, Status.ABORTED]


class ImportInput(BaseModel):
    rows: int = 10
    cursor: int = 0
    strict: bool = True


class Dies(EngineSignal):
    """The process ends here."""


@task(id="importRows", title="Import rows")
def import_rows(context: Context, input: ImportInput) -> Verdict:
    """Fails at its fifth row, as long as it is strict."""
    for row in context.each(rows(input), input, total=input.rows, per_iteration=5):
        if row == 5 and input.strict:
            return Failed(f"Row {row} is odd.", code="ODD_ROW")
        context.log.info(f"Row {row}.")
    return Done(output={"rows": input.cursor})


def rows(input: ImportInput) -> Iterator[tuple[int, int]]:
    return ((row + 1, row) for row in range(input.cursor, input.rows))


@pytest.fixture
def stack(stack: Stack) -> Stack:
    """A stack that knows the import."""
    stack.definitions = (import_rows,)
    return stack


def failed(stack: Stack, **options: Any) -> StoredTask:
    """An import that has failed at its fifth row."""
    record = stack.tasks.trigger("importRows", **options)
    stack.run(record)
    old = stack.get(record)
    assert old.has_failed
    return old


def over(stack: Stack, status: Status, **fields: Any) -> StoredTask:
    given = {"definition_id": "importRows", "input": {"rows": 10, "cursor": 5, "strict": True}}
    return stack.create(status=status, **given | fields)


class TestWhatARetryIs:
    def test_it_goes_on_from_the_last_checkpoint(self, stack: Stack) -> None:
        old = failed(stack)

        retry = stack.tasks.retry(old.id, {"strict": False})
        stack.run(retry, execution="execution-2")

        done = stack.get(retry)
        assert (done.status, done.output) == (Status.SUCCESS, {"rows": 10})
        assert [line for line in stack.messages(retry) if line.startswith("Row")] == [
            f"Row {row}." for row in range(5, 10)
        ]

    def test_from_the_start_it_has_the_input_that_was_triggered(self, stack: Stack) -> None:
        old = failed(stack, input={"rows": 7})
        assert old.input["cursor"] == 5

        retry = stack.tasks.retry(old.id, {"strict": False}, from_start=True)
        stack.run(retry, execution="execution-2")

        assert retry.input == {"rows": 7, "cursor": 0, "strict": False}
        assert retry.progress is None
        assert "Row 0." in stack.messages(retry)

    def test_from_a_checkpoint_it_keeps_the_progress_and_the_saved_output(
        self, stack: Stack
    ) -> None:
        old = over(
            stack,
            Status.FAILED,
            progress=Progress(done=5, total=10),
            output={"found": 3, "error": {"message": "Boom."}},
            first_input={"rows": 10},
        )

        retry = stack.tasks.retry(old.id)

        assert (retry.progress, retry.output) == (Progress(done=5, total=10), {"found": 3})

    def test_both_name_each_other_and_their_logs_say_who_did_it(self, stack: Stack) -> None:
        old = failed(stack)

        retry = stack.tasks.retry(old.id, by=JANE)

        now = stack.get(old)
        assert (retry.retry_of, retry.retried_by) == (old.id, None)
        assert (now.retry_of, now.retried_by) == (None, retry.id)
        assert retry.created_by == JANE
        told, made = stack.lines(old)[-1], stack.lines(retry)[-1]
        assert told.message == f'It was retried: task "{retry.id}" takes its place.'
        assert made.message == f'This is the retry of task "{old.id}", from its last checkpoint.'
        assert told.created_by == JANE
        assert [log.created_by for log in stack.store.logs.read(retry.id)] == [JANE]

    def test_the_old_task_stays_as_it_ended(self, stack: Stack) -> None:
        old = failed(stack)

        stack.tasks.retry(old.id)

        changed = {"retried_by", "write_token"}
        assert stack.get(old).model_dump(exclude=changed) == old.model_dump(exclude=changed)

    def test_it_has_the_name_the_tenant_and_the_locale_and_no_delay(self, stack: Stack) -> None:
        options: dict[str, Any] = {
            "name": "Tonight",
            "tenant": "acme",
            "locale": "de-DE",
            "delay": 60,
        }
        record = stack.tasks.trigger("importRows", **options)
        stack.tasks.abort(record.id)

        retry = stack.tasks.retry(record.id)

        assert (retry.name, retry.tenant, retry.locale, retry.delay) == (
            "Tonight",
            "acme",
            "de-DE",
            0,
        )

    def test_its_event_is_sent(self, stack: Stack, bus_queue: BusQueue) -> None:
        old = failed(stack)
        bus_queue.take()

        retry = stack.tasks.retry(old.id)

        assert [event["detail"]["webinyTaskId"] for event in bus_queue.take()] == [retry.id]

    def test_a_model_takes_the_place_of_the_input(self, stack: Stack) -> None:
        old = failed(stack)

        retry = stack.tasks.retry(old.id, ImportInput(rows=3))

        assert retry.input == {"rows": 3, "cursor": 0, "strict": True}

    def test_a_definition_that_keeps_no_logs_gets_no_line(self, stack: Stack) -> None:
        @task(id="importRows", database_logs=False)
        def silent(context: Context, input: ImportInput) -> Verdict:
            return Done()

        stack.definitions = (silent,)
        old = over(stack, Status.FAILED)

        retry = stack.tasks.retry(old.id)

        assert stack.lines(old) + stack.lines(retry) == []
        assert stack.get(old).retried_by == retry.id


class TestWhatIsRefused:
    @pytest.mark.parametrize("status", [Status.PENDING, Status.RUNNING, Status.SUCCESS])
    def test_a_task_that_has_not_failed_is_refused_with_what_to_do(
        self, stack: Stack, status: Status, bus_queue: BusQueue
    ) -> None:
        old = over(stack, status)

        with pytest.raises(Refused, match=f"is {status}; only a task that is failed") as refused:
            stack.tasks.retry(old.id)

        next_step = "Trigger a new task" if status is Status.SUCCESS else "Abort it first"
        assert next_step in refused.value.message
        assert refused.value.code == "TASK_RETRY_ERROR"
        assert stack.get(old) == old
        assert bus_queue.take() == []

    @pytest.mark.parametrize("status", OVER)
    def test_a_task_that_failed_or_was_aborted_is_retried(
        self, stack: Stack, status: Status
    ) -> None:
        assert stack.tasks.retry(over(stack, status).id).status is Status.PENDING

    def test_a_task_that_was_deleted_has_expired_or_never_was_is_not_found(
        self, stack: Stack
    ) -> None:
        deleted = over(stack, Status.FAILED, id="deleted")
        set_attribute(deleted, "deletionPending", {"N": "1"})
        expired = over(stack, Status.FAILED, id="expired")
        set_attribute(expired, "expiresAt", {"N": "1"})

        for id in (deleted.id, expired.id, "nothing", ""):
            with pytest.raises(NotFound):
                stack.tasks.retry(id)

    def test_a_task_whose_definition_is_gone_is_refused_and_nothing_is_changed(
        self, stack: Stack
    ) -> None:
        old = over(stack, Status.FAILED, definition_id="gone")
        before = stack.rows()

        with pytest.raises(UnknownDefinition):
            stack.tasks.retry(old.id)

        assert stack.rows() == before

    def test_a_definition_that_was_renamed_is_found_by_its_alias(self, stack: Stack) -> None:
        @task(id="loadRows", aliases=("importRows",))
        def load_rows(context: Context, input: ImportInput) -> Verdict:
            return Done()

        stack.definitions = (load_rows,)

        assert stack.tasks.retry(over(stack, Status.FAILED).id).definition_id == "loadRows"

    def test_an_input_that_does_not_validate_is_refused_and_nothing_is_changed(
        self, stack: Stack, bus_queue: BusQueue
    ) -> None:
        old = over(stack, Status.FAILED)
        before = stack.rows()

        with pytest.raises(InvalidInput, match="rows"):
            stack.tasks.retry(old.id, {"rows": "many"})

        assert stack.rows() == before
        assert bus_queue.take() == []

    def test_a_stored_input_that_no_longer_validates_is_mended_by_the_new_one(
        self, stack: Stack
    ) -> None:
        class Stricter(ImportInput):
            bucket: str

        @task(id="importRows")
        def stricter(context: Context, input: Stricter) -> Verdict:
            return Done()

        stack.definitions = (stricter,)
        old = over(stack, Status.FAILED)

        with pytest.raises(InvalidInput, match=r"bucket.*hand over the fields"):
            stack.tasks.retry(old.id)

        retry = stack.tasks.retry(old.id, {"bucket": "uploads"})
        assert retry.input == {"rows": 10, "cursor": 5, "strict": True, "bucket": "uploads"}

    def test_a_task_that_takes_no_input_any_more_is_refused(self, stack: Stack) -> None:
        @task(id="importRows")
        def bare(context: Context) -> Verdict:
            return Done()

        stack.definitions = (bare,)

        with pytest.raises(InvalidInput, match="takes no input"):
            stack.tasks.retry(over(stack, Status.FAILED).id)

    def test_a_veto_of_the_hook_is_told_and_nothing_is_changed(self, stack: Stack) -> None:
        @task(id="importRows")
        def vetoed(context: Context, input: ImportInput) -> Verdict:
            return Done()

        @vetoed.on_before_trigger
        def veto(request: TriggerRequest) -> TriggerRequest:
            raise PermissionError("Not at night.")

        stack.definitions = (vetoed,)
        old = over(stack, Status.FAILED)
        before = stack.rows()

        with pytest.raises(PermissionError, match=r"Not at night\."):
            stack.tasks.retry(old.id)

        assert stack.rows() == before

    def test_the_hook_may_change_the_request(self, stack: Stack) -> None:
        @task(id="importRows")
        def changed(context: Context, input: ImportInput) -> Verdict:
            return Done()

        changed.on_before_trigger(lambda request: replace(request, name="Changed"))
        stack.definitions = (changed,)

        assert stack.tasks.retry(over(stack, Status.FAILED).id).name == "Changed"

    @pytest.mark.parametrize("attribute", ["taskStatus", "tenant", "createdOn"])
    def test_a_record_that_newer_code_or_a_person_has_written_is_refused(
        self, stack: Stack, attribute: str
    ) -> None:
        old = over(stack, Status.FAILED)
        # What is a key of an index is always a text: the table refuses anything else.
        odd: dict[str, Any] = {"M": {}} if attribute == "tenant" else {"S": "paused"}
        set_attribute(old, attribute, odd)

        with pytest.raises(Refused) as refused:
            stack.tasks.retry(old.id)

        assert refused.value.code == "TASK_RETRY_ERROR"

    def test_an_input_that_is_lost_is_refused_and_no_note_takes_its_place(
        self, stack: Stack
    ) -> None:
        old = over(stack, Status.FAILED, input={"rows": 1, "text": noise(1)})
        delete_objects()

        with pytest.raises(Refused, match=r"its input can't be read.* Next: trigger") as refused:
            stack.tasks.retry(old.id)

        assert refused.value.code == "INPUT_UNREADABLE"
        assert stack.get(old).retried_by is None

    def test_a_parent_is_not_retried_from_a_checkpoint_where_it_would_wait_for_nobody(
        self, stack: Stack
    ) -> None:
        old = over(stack, Status.FAILED, first_input={"rows": 10})
        stack.create(id="child", parent_id=old.id)

        with pytest.raises(Refused, match="has children") as refused:
            stack.tasks.retry(old.id)

        assert refused.value.code == "TASK_RETRY_ERROR"
        assert stack.tasks.retry(old.id, from_start=True).input["cursor"] == 0

    def test_a_parent_whose_last_checkpoint_is_its_start_is_retried(self, stack: Stack) -> None:
        old = over(stack, Status.FAILED)
        stack.create(id="child", parent_id=old.id)

        assert stack.tasks.retry(old.id).retry_of == old.id


class TestToRetryTwice:
    def test_is_to_get_the_same_task_as_it_stands(self, stack: Stack, bus_queue: BusQueue) -> None:
        old = failed(stack)
        first = stack.tasks.retry(old.id, {"strict": False})
        stack.run(first, execution="execution-2")
        bus_queue.take()
        before = stack.rows()

        second = stack.tasks.retry(old.id, {"rows": "no number"}, from_start=True, by=JANE)

        assert second == stack.get(first).to_record()
        assert second.has_succeeded
        assert stack.rows() == before
        assert bus_queue.take() == []

    def test_ten_at_once_make_one_task_and_a_line_each(self) -> None:
        with World.of(import_rows) as world:
            old = world.start(import_rows)
            world.finish()

            with ThreadPoolExecutor(10) as pool:
                found = list(pool.map(lambda _: world.tasks.retry(old.id).id, range(10)))

            assert len(set(found)) == 1
            assert world.tasks.count() == 2
            assert sum("It was retried" in line for line in world.result(old.id).messages) == 1
            retry = world.result(found[0])
            assert sum("This is the retry" in line for line in retry.messages) == 1
            world.finish()
            assert world.result(found[0]).record.iterations == 1

    def test_a_retry_that_fails_is_retried_in_turn(self, stack: Stack) -> None:
        old = failed(stack)
        first = stack.tasks.retry(old.id)
        stack.run(first, execution="execution-2")
        assert stack.tasks.retry(old.id).has_failed

        second = stack.tasks.retry(first.id, {"strict": False})
        stack.run(second, execution="execution-3")

        assert second.retry_of == first.id
        assert stack.get(first).retried_by == second.id
        assert stack.get(second).has_succeeded

    def test_a_later_task_of_the_same_key_has_a_retry_of_its_own(self, stack: Stack) -> None:
        old = failed(stack, idempotency_key="k")
        first = stack.tasks.retry(old.id)
        stack.tasks.delete(old.id)
        stack.clock.advance(1)
        again = failed(stack, idempotency_key="k")

        second = stack.tasks.retry(again.id)

        assert again.id == old.id
        assert first.id != second.id

    def test_a_retry_that_was_deleted_is_made_again(self, stack: Stack) -> None:
        old = failed(stack)
        first = stack.tasks.retry(old.id)
        stack.tasks.abort(first.id)
        stack.tasks.delete(first.id)

        again = stack.tasks.retry(old.id)

        assert again.id == first.id
        assert stack.get(again).status is Status.PENDING

    def test_a_key_is_never_taken_for_a_retry(self, stack: Stack) -> None:
        old = failed(stack)
        retry = stack.tasks.retry(old.id)

        for key in (old.id, retry.id, f"retry\n{old.id}"):
            assert stack.tasks.trigger("importRows", idempotency_key=key).id != retry.id


class TestDelivery:
    def test_a_retry_whose_event_is_refused_is_failed_and_can_be_retried_in_turn(
        self, stack: Stack
    ) -> None:
        old = failed(stack)
        stack.events.stands_for(RefusingBus())
        with pytest.raises(DeliveryError) as first:
            stack.tasks.retry(old.id)
        with pytest.raises(DeliveryError) as second:  # as the first call has heard
            stack.tasks.retry(old.id)
        stack.events.stands_for(aws_client("events"))

        lost = stack.get(str((first.value.data or {})["id"]))
        third = stack.tasks.retry(lost.id, {"strict": False})
        stack.run(third, execution="execution-2")

        assert first.value.data == second.value.data
        assert "Next: retry that task." in first.value.message
        assert (lost.status, lost.retry_of) == (Status.FAILED, old.id)
        assert stack.get(old).retried_by == lost.id
        assert stack.get(third).has_succeeded

    def test_a_trigger_that_could_not_be_sent_can_be_retried(self, stack: Stack) -> None:
        stack.events.stands_for(RefusingBus())
        with pytest.raises(DeliveryError) as refused:
            stack.tasks.trigger("importRows", idempotency_key="k")
        stack.events.stands_for(aws_client("events"))

        retry = stack.tasks.retry(str((refused.value.data or {})["id"]))

        assert retry.status is Status.PENDING


def retried_after(stack: Stack, disturb: Callable[[int], None]) -> tuple[StoredTask, int]:
    """A failed task, of which the first retry is disturbed at each call; how many there were."""
    old = failed(stack)
    numbers = itertools.count(1)

    def interfere(operation: str, request: dict[str, Any]) -> None:
        disturb(next(numbers))

    stack.dynamodb.interference = stack.events.interference = interfere
    with suppress(Dies, Refused, NotFound, DeliveryError):
        stack.tasks.retry(old.id, {"strict": False}, by=JANE)
    stack.dynamodb.recover()
    stack.events.recover()
    return old, next(numbers) - 1


def calls_of_a_retry() -> int:
    with Stack.inside_moto() as stack:
        stack.definitions = (import_rows,)
        return retried_after(stack, lambda number: None)[1]


def test_a_retry_that_is_killed_at_any_call_is_completed_by_the_next() -> None:
    expected: list[str] | None = None
    for call in range(calls_of_a_retry() + 1):
        with Stack.inside_moto() as stack:
            stack.definitions = (import_rows,)
            queue = BusQueue()

            def die(number: int, call: int = call) -> None:
                if number == call:
                    raise Dies

            old, _ = retried_after(stack, die)
            retry = stack.tasks.retry(old.id, {"strict": False}, by=JANE)

            sent = [event["detail"]["webinyTaskId"] for event in queue.take()]
            stored = sorted(scrubbed(row) for row in stack.rows())
            expected = expected or stored
            assert retry.id in sent, call
            assert stack.get(old).retried_by == retry.id
            assert stored == expected, call


def test_a_retry_that_is_killed_after_its_record_is_made_runs_by_itself() -> None:
    for call in range(1, calls_of_a_retry() + 1):
        with Stack.inside_moto() as stack:
            recovering = Recovering(stack, BusQueue())
            stack.definitions = (import_rows,)

            def die(number: int, call: int = call) -> None:
                if number == call:
                    raise Dies

            old, _ = retried_after(stack, die)
            found = stack.store.find(id_of_retry(old))
            recovering.bus_queue.take()
            recovering.wait(3)
            recovering.sweep()

            sent = [event["detail"]["webinyTaskId"] for event in recovering.bus_queue.take()]
            assert sent == ([found.id] if found else []), call


@pytest.mark.parametrize("what", ["delete", "abort the retry"])
def test_what_happens_at_once_at_any_call_brings_nothing_back(what: str) -> None:
    for call in range(1, calls_of_a_retry() + 1):
        with Stack.inside_moto() as stack:
            stack.definitions = (import_rows,)
            busy: list[int] = []

            def interfere(number: int, call: int = call, busy: list[int] = busy) -> None:
                if busy or number < call:
                    return
                busy.append(number)
                [old] = [each for each in stack.store.index.tasks(ids(stack)) if not each.retry_of]
                with suppress(NotFound, Refused):
                    if what == "delete":
                        stack.tasks.delete(old.id)
                    else:
                        stack.tasks.abort(id_of_retry(old))

            old, _ = retried_after(stack, interfere)

            retry = stack.store.find(id_of_retry(old))
            if what == "delete":
                assert [row for row in stack.rows() if row["pk"]["S"] == f"TASK#{old.id}"] == []
                assert retry is None or retry.retry_of == old.id
            else:
                assert retry
                assert stack.get(old).retried_by == retry.id
                assert retry.status in (Status.PENDING, Status.ABORTED)


def test_a_task_that_is_being_removed_gets_no_line_that_would_stay(stack: Stack) -> None:
    old = failed(stack)
    line = LogLine.at(stack.clock.now(), "It was retried.")
    refused: list[RecordMoved] = []

    def retry_meanwhile(operation: str, request: dict[str, Any]) -> None:
        if operation != "delete_item":
            return
        stack.dynamodb.recover()  # its rows are removed, and its record is not
        log = TaskLog.of(old, [line], by=JANE)
        with pytest.raises(RecordMoved) as moved:
            stack.store.name_retry(old.retried_as("retry"), before=old, log=log)
        refused.append(moved.value)

    stack.dynamodb.interference = retry_meanwhile
    stack.tasks.delete(old.id)

    assert refused
    assert stack.rows() == []


def test_a_task_that_gets_its_date_meanwhile_gets_its_line_with_that_date(stack: Stack) -> None:
    stack.settings = replace(stack.settings, retention_days=14)
    old = failed(stack)
    undated = old.expires(None)
    client: Any = aws_client("dynamodb")
    client.update_item(TableName=TABLE, Key=key(old), UpdateExpression="REMOVE expiresAt")

    def date(operation: str, request: dict[str, Any]) -> None:
        if operation == "transact_write_items" and "Update" in request["TransactItems"][0]:
            stack.dynamodb.recover()
            stack.store.add_follow_up(undated.expires(old.expires_at), before=undated)

    stack.dynamodb.interference = date
    retry = stack.tasks.retry(old.id)

    [line] = [row for row in stack.rows() if "It was retried" in str(row)]
    assert stack.get(old).retried_by == retry.id
    assert line["expiresAt"] == {"N": str(old.expires_at)}


class TestChildren:
    def family(self, stack: Stack, *children: Definition) -> TaskRecord:
        @task(id="parent", in_place=False)
        def parent(context: Context) -> Verdict:
            self.seen = [(child.id, child.status) for child in context.children()]
            return context.wait_for_children(self.joined)

        self.ended: list[list[TaskRecord]] = []
        self.visits = itertools.count(1)
        stack.definitions = (*stack.definitions, parent)
        record = stack.tasks.trigger("parent")
        self.look(stack, record)
        return record

    def joined(self, children: list[TaskRecord]) -> Verdict:
        self.ended.append(children)
        return Continue(wait=1)

    def look(self, stack: Stack, parent: TaskRecord) -> list[str]:
        """Which children the parent sees at its next visit."""
        visit = f"visit-{next(self.visits)}"
        owner = stack.get(parent).execution_name or f"execution of {visit}"
        stack.run(parent, execution=owner, visit=visit)
        return [id for id, _ in self.seen]

    def test_a_retry_takes_the_place_of_its_child_in_the_join(self, stack: Stack) -> None:
        parent = self.family(stack)
        old = failed(stack, parent=parent)

        retry = stack.tasks.retry(old.id, {"strict": False})
        during = self.look(stack, parent)
        stack.run(retry, execution="execution-2")
        after = self.look(stack, parent)

        assert retry.parent_id == parent.id
        assert during == after == [retry.id]
        assert [child.has_succeeded for child in self.ended[-1]] == [True]

    def test_so_does_that_of_a_child_whose_clock_was_behind(self, stack: Stack) -> None:
        parent = self.family(stack)
        later = stack.clock.now() + timedelta(seconds=5)
        set_attribute(stack.get(parent), "createdOn", {"S": to_iso(later)})
        old = failed(stack, parent=parent)

        retry = stack.tasks.retry(old.id)

        assert retry.parent_id == parent.id
        assert self.look(stack, parent) == [retry.id]

    def test_so_does_the_last_of_a_chain_without_any_mark(self, stack: Stack) -> None:
        parent = self.family(stack)
        old = failed(stack, parent=parent)
        other = failed(stack, parent=parent)
        chain = [old.id]
        for number in range(3):
            retry = stack.tasks.retry(chain[-1])
            stack.run(retry, execution=f"execution-{number + 2}")
            chain.append(retry.id)
        for id in chain:
            set_attribute(stack.get(id), "retriedBy", None)

        assert set(self.look(stack, parent)) == {other.id, chain[-1]}

    def test_so_does_the_retry_of_a_child_that_was_deleted_since(self, stack: Stack) -> None:
        parent = self.family(stack)
        old = failed(stack, parent=parent)
        retry = stack.tasks.retry(old.id)
        stack.tasks.delete(old.id)

        assert self.look(stack, parent) == [retry.id]

    def test_a_retry_that_was_deleted_stands_for_its_child_as_gone(self, stack: Stack) -> None:
        parent = self.family(stack)
        old = failed(stack, parent=parent)
        retry = stack.tasks.retry(old.id)
        stack.tasks.abort(retry.id)
        stack.tasks.delete(retry.id)

        assert self.look(stack, parent) == [retry.id]

    def test_a_later_child_of_the_same_key_is_not_left_out(self, stack: Stack) -> None:
        parent = self.family(stack)
        old = failed(stack, parent=parent, idempotency_key="k")
        retry = stack.tasks.retry(old.id)
        stack.tasks.delete(old.id)
        stack.clock.advance(1)
        again = stack.tasks.trigger("importRows", parent=parent, idempotency_key="k")

        assert again.id == old.id
        assert sorted(self.look(stack, parent)) == sorted([retry.id, again.id])

    @pytest.mark.parametrize("status", [Status.SUCCESS, Status.FAILED, Status.ABORTED])
    def test_a_child_of_a_parent_that_is_over_is_retried_without_one(
        self, stack: Stack, status: Status
    ) -> None:
        parent = stack.create(status=status)
        old = over(stack, Status.FAILED, parent_id=parent.id)

        assert stack.tasks.retry(old.id).parent_id is None

    def test_a_child_of_a_parent_that_is_gone_is_retried_without_one(self, stack: Stack) -> None:
        old = over(stack, Status.FAILED, parent_id="nobody")

        assert stack.tasks.retry(old.id).parent_id is None

    def test_an_aborted_parent_takes_the_retry_along(self, stack: Stack) -> None:
        parent = self.family(stack)
        retry = stack.tasks.retry(failed(stack, parent=parent).id)

        stack.tasks.abort(parent.id)

        assert stack.get(retry).was_aborted

    def test_no_retry_runs_on_whose_parent_is_aborted_at_any_call(self) -> None:
        for call in itertools.count(1):
            with Stack.inside_moto() as stack:
                stack.definitions = (import_rows,)
                parent = self.family(stack)
                old = failed(stack, parent=parent)
                numbers, busy = itertools.count(1), list[int]()

                def abort(
                    operation: str,
                    request: dict[str, Any],
                    numbers: Iterator[int] = numbers,
                    busy: list[int] = busy,
                    call: int = call,
                    stack: Stack = stack,
                    parent: TaskRecord = parent,
                ) -> None:
                    if not busy and next(numbers) == call:
                        busy.append(call)
                        stack.tasks.abort(parent.id, by=JANE)

                stack.dynamodb.interference = stack.events.interference = abort
                retry = stack.tasks.retry(old.id)
                stack.dynamodb.recover()
                stack.events.recover()
                if not busy:
                    return

                now = stack.get(retry)
                assert now.was_aborted or now.parent_id is None, call


class TestPayloads:
    def test_a_retry_has_its_own_copy_of_5_mb(self, stack: Stack) -> None:
        text = noise(1, size=5_000_000)
        old = over(stack, Status.FAILED, definition_id="anything", input={"text": text})
        stack.definitions = (*stack.definitions, anything)

        retry = stack.tasks.retry(old.id)
        stack.tasks.delete(old.id)

        assert stack.get(retry).input == {"text": text}
        assert len(objects()) == 1

    @pytest.mark.parametrize("first", [10, 2_000, 20_000, 400_000], ids=str)
    @pytest.mark.parametrize("then", [10, 400_000], ids=str)
    def test_what_a_task_was_triggered_with_is_kept_at_any_size(
        self, stack: Stack, first: int, then: int
    ) -> None:
        old = changed(stack, {"text": noise(1, size=first)}, {"text": noise(2, size=then)})

        retry = stack.tasks.retry(old.id, from_start=True)
        checkpoint = stack.get(old).input
        stack.tasks.delete(old.id)

        assert stack.get(retry).input == {"text": noise(1, size=first)}
        assert checkpoint == {"text": noise(2, size=then)}
        assert len(objects()) == (first == 400_000)

    @pytest.mark.parametrize("size", [10, 20_000, 400_000], ids=str)
    def test_a_retry_of_a_retry_may_begin_where_the_first_of_them_did(
        self, stack: Stack, size: int
    ) -> None:
        first = {"text": noise(1, size=size), "n": 0}
        old = changed(stack, first, {"n": 1})

        middle = stack.get(stack.tasks.retry(old.id, {"n": 2}))
        stack.tasks.delete(old.id)
        stack.clock.advance(timedelta(days=2))
        stack.store.orphans.collect()
        stack.run(middle, execution="execution-2")
        retry = stack.tasks.retry(middle.id, from_start=True)

        assert middle.input == {"n": 2}
        assert retry.input == first

    def test_a_start_that_was_not_kept_is_not_kept_by_the_retry(self, stack: Stack) -> None:
        old = over(stack, Status.FAILED, first_input_key="")

        retry = stack.tasks.retry(old.id)
        stack.tasks.abort(retry.id)

        with pytest.raises(Refused, match="what it was triggered with can't be read"):
            stack.tasks.retry(retry.id, from_start=True)

    def test_it_is_the_first_input_however_often_it_changes(self, stack: Stack) -> None:
        old = changed(stack, {"n": 0}, {"n": 1}, {"n": 0}, {"n": 2}, {"n": 3})

        assert old.input == {"n": 3}
        assert stack.tasks.retry(old.id, from_start=True).input == {"n": 0}

    def test_an_input_of_nothing_is_one_too(self, stack: Stack) -> None:
        old = changed(stack, {}, {"n": 1})

        assert stack.tasks.retry(old.id, from_start=True).input == {}

    def test_a_task_whose_input_never_changed_keeps_nothing(self, stack: Stack) -> None:
        old = changed(stack, {"n": 1}, {"n": 1})

        assert (old.first_input, old.first_input_key) == (None, None)

    @pytest.mark.parametrize("first", [2_000, 20_000, 400_000], ids=str)
    def test_its_object_is_no_orphan(self, stack: Stack, first: int) -> None:
        old = changed(stack, {"text": noise(1, size=first)}, {"n": 1})
        stack.clock.advance(timedelta(days=2))

        stack.store.orphans.collect()

        assert stack.tasks.retry(old.id, from_start=True).input["text"] == noise(1, size=first)

    @pytest.mark.parametrize(("first", "is_kept"), [(2_000, True), (20_000, False)])
    def test_a_bucket_that_takes_nothing_fails_no_iteration(
        self, stack: Stack, first: int, is_kept: bool
    ) -> None:
        stack.client("s3").fail(refusal("AccessDenied"), only="put_object")

        old = changed(stack, {"text": noise(1, size=first)}, {"n": 1})

        stack.client("s3").recover()
        if is_kept:
            assert stack.tasks.retry(old.id, from_start=True).input["text"]
            return
        with pytest.raises(Refused, match="what it was triggered with can't be read") as refused:
            stack.tasks.retry(old.id, from_start=True)
        assert refused.value.code == "INPUT_UNREADABLE"
        assert stack.tasks.retry(old.id).input == {"n": 1}

    def test_a_stack_without_a_bucket_fails_no_iteration(self, stack: Stack) -> None:
        stack.settings = replace(stack.settings, payload_bucket_name="")

        old = changed(stack, {"text": noise(1, size=20_000)}, {"n": 1})

        assert old.input == {"n": 1}

    def test_a_first_input_that_is_lost_is_refused(self, stack: Stack) -> None:
        old = changed(stack, {"text": noise(1)}, {"n": 1})
        delete_objects()

        with pytest.raises(Refused, match="what it was triggered with can't be read"):
            stack.tasks.retry(old.id, from_start=True)

    @pytest.mark.parametrize("size", [0, 100, 200, 300, 400, 800, 1_200])
    def test_it_takes_no_write_unit_more(self, stack: Stack, size: int) -> None:
        old = changed(stack, {"text": "x" * size, "n": 0}, {"text": "x" * size, "n": 1})
        [item] = [row for row in stack.rows() if row["sk"]["S"] == "TASK"]

        bare = {name: item[name] for name in item if not name.startswith("firstInput")}

        assert old.first_input or old.first_input_key
        # The key of an object is as long as a short input: it may begin another unit, once.
        assert units(item) <= units(bare) + (old.first_input is None)

    def test_an_object_of_a_write_that_was_refused_is_deleted(self, stack: Stack) -> None:
        @task(id="anything")
        def aborted(context: Context, input: dict[str, Any]) -> Verdict:
            stack.tasks.abort(context.task.id)
            return Continue({"text": "short"})

        record = stack.trigger(aborted, input={"text": noise(1, size=20_000)})
        stack.run(record)

        assert stack.get(record).input == {"text": noise(1, size=20_000)}
        assert objects() == []


def test_the_kit_retries_a_task() -> None:
    with World.of(import_rows) as world:
        world.start(import_rows)
        world.finish()
        old = world.result().record

        retry = world.retry(input={"strict": False})
        world.finish()

        assert world.result().record.has_succeeded
        assert world.result(old.id).record.retried_by == retry.id
        assert [task.id for task in world.tasks.list(Filter(ids=(retry.id,))).items] == [retry.id]


class Anything(BaseModel, extra="allow"):
    """Takes the place of the whole input."""


@task(id="anything")
def anything(context: Context, input: dict[str, Any]) -> Verdict:
    return Done()


def changed(stack: Stack, *inputs: dict[str, Any]) -> StoredTask:
    """A failed task that was triggered with the first input and went on with each of the others."""

    @task(id="anything")
    def changing(context: Context, input: dict[str, Any]) -> Verdict:
        number = context.task.iterations
        if number == len(inputs):
            return Failed("At last.")

        return Continue(Anything(**inputs[number]))

    record = stack.trigger(changing, input=inputs[0])
    stack.run(record)
    old = stack.get(record)
    assert old.has_failed
    return old


def noise(seed: int, *, size: int = 700_000) -> str:
    """Text that gzip makes hardly smaller."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    return "".join(random.Random(seed).choices(letters, k=size))


def ids(stack: Stack) -> list[str]:
    tasks = [row for row in stack.rows() if row["sk"]["S"] == "TASK"]
    return [row["pk"]["S"].removeprefix("TASK#") for row in tasks]


def objects() -> list[str]:
    found = aws_client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [each["Key"] for each in found]


def delete_objects() -> None:
    for name in objects():
        aws_client("s3").delete_object(Bucket=BUCKET, Key=name)


def key(task: TaskRecord) -> dict[str, Any]:
    return {"pk": {"S": f"TASK#{task.id}"}, "sk": {"S": "TASK"}}


def set_attribute(task: TaskRecord, name: str, value: Any) -> None:
    """Sets an attribute of a record as somebody else would; `None` removes it."""
    client: Any = aws_client("dynamodb")
    item = client.get_item(TableName=TABLE, Key=key(task))["Item"]
    kept = {known: value for known, value in item.items() if known != name}
    client.put_item(TableName=TABLE, Item=kept | ({name: value} if value else {}))


def scrubbed(row: object) -> str:
    """A row without what differs from run to run: ids, tokens and parts of logs."""
    text = json.dumps(row, sort_keys=True, default=str)
    text = re.sub(r'"(write|claim)Token": \{"S": "[0-9a-f]+"\}', "TOKEN", text)
    text = re.sub(r"unfinished#\d", "unfinished#N", text)
    text = re.sub(r"~[0-9a-f]{8}\b", "PART", text)
    return re.sub(r"\b[0-9a-f]{24}\b", "ID", text)


def units(item: dict[str, Any]) -> int:
    size = sum(len(name) + len(str(next(iter(value.values())))) for name, value in item.items())
    return -(-size // 1024)
