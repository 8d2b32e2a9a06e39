"""Signals: what is handed to a task, whenever it comes, and how it wakes a task that waits."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from handler import Context, Continue, Done, Retry, Signal, TaskRecord, Verdict, task
from handler.contract import MAX_SIGNAL_BYTES, Status
from handler.errors import InvalidInput, NotFound, Refused
from handler.record import Identity, StoredTask
from tests.handler.lifecycle.sleeping import (
    DAY,
    NEW,
    OLD,
    acting_at,
    begin_to_wait,
    killed_at,
    sleeper,
    status,
)
from tests.handler.stack import TABLE, BusQueue, Stack

ANNE = Identity(id="anne", display_name="Anne", type="admin")


@task()
def waiter(context: Context) -> Verdict:
    """Waits for a day for an approval, and hands over what it got."""
    return context.wait_for_signal("approved", given, timeout=DAY)


def given(signal: Signal | None) -> Verdict:
    return Done(output={"data": signal.data if signal else "nothing"})


@task()
def collector(context: Context, input: dict[str, list[Any]]) -> Verdict:
    """Collects three signals, each in a wait of its own."""
    got = input.get("got", [])

    def more(signal: Signal | None) -> Verdict:
        found = [*got, signal.data if signal else None]
        return Done(output={"got": found}) if len(found) == 3 else Continue({"got": found})

    return context.wait_for_signal("item", more, timeout=DAY)


@pytest.fixture
def waiting(stack: Stack) -> TaskRecord:
    """A task that waits for a signal, in an execution that waits."""
    begin_to_wait(stack, seconds=DAY)
    record = stack.trigger(waiter)
    answer = stack.run(record)
    assert (answer["status"], answer["wait"]) == ("continue", DAY)
    return record


def finish(stack: Stack, record: TaskRecord, *, execution: str = NEW) -> StoredTask:
    stack.run(record, execution=execution, visit="visit-2")
    return stack.get(record)


class TestATaskThatWaits:
    def test_it_says_what_for(self, stack: Stack, waiting: TaskRecord) -> None:
        record = stack.tasks.get(waiting.id)

        assert record.waiting_for is not None
        assert record.waiting_for.signal == "approved"
        assert record.waiting_for.until == stack.clock.now() + timedelta(days=1)
        assert record.waiting_until == record.waiting_for.until

    def test_it_is_woken_and_gets_the_signal(self, stack: Stack, waiting: TaskRecord) -> None:
        queue = BusQueue()

        signal = stack.tasks.signal(waiting.id, "approved", {"by": "Anne"}, by=ANNE)

        assert (signal.number, signal.data, signal.created_by) == (1, {"by": "Anne"}, ANNE)
        assert [event["detail"]["webinyTaskId"] for event in queue.take()] == [waiting.id]
        assert status() == "ABORTED"
        after = finish(stack, waiting)
        assert (after.output, after.waiting_for) == ({"data": {"by": "Anne"}}, None)
        assert after.counted_iterations == 1

    def test_a_signal_of_another_name_wakes_it_and_it_waits_on_to_the_same_end(
        self, stack: Stack, waiting: TaskRecord
    ) -> None:
        stack.clock.advance(600)
        stack.tasks.signal(waiting.id, "refused")

        answer = stack.run(waiting, execution=NEW, visit="visit-2")

        assert (answer["status"], answer["wait"]) == ("continue", DAY - 600)

    def test_without_one_it_gets_none_at_the_end_of_its_wait(
        self, stack: Stack, waiting: TaskRecord
    ) -> None:
        stack.clock.advance(DAY)

        assert finish(stack, waiting, execution=OLD).output == {"data": "nothing"}

    def test_one_that_is_paused_gets_it_when_it_is_resumed(
        self, stack: Stack, waiting: TaskRecord
    ) -> None:
        stack.tasks.pause(waiting.id)
        queue = BusQueue()
        stack.tasks.signal(waiting.id, "approved", {"n": 1})
        assert queue.take() == []

        stack.tasks.resume(waiting.id)

        [event] = queue.take()
        assert event["detail"]["delay"] == 0
        assert finish(stack, waiting).output == {"data": {"n": 1}}

    def test_one_that_is_told_to_run_now_waits_on_to_the_same_end(
        self, stack: Stack, waiting: TaskRecord
    ) -> None:
        stack.clock.advance(600)
        stack.tasks.run_now(waiting.id)

        answer = stack.run(waiting, execution=NEW, visit="visit-2")

        assert answer["wait"] == DAY - 600

    @pytest.mark.parametrize("beats", [0, 1, 3])
    def test_with_a_heartbeat_it_goes_on_without_when_one_is_missed(
        self, stack: Stack, beats: int
    ) -> None:
        @task()
        def listener(context: Context) -> Verdict:
            return context.wait_for_signal("approved", given, timeout=DAY, heartbeat=600)

        record = stack.trigger(listener)
        assert stack.run(record)["wait"] == 600
        for number in range(beats):
            stack.clock.advance(300)
            stack.tasks.heartbeat(record.id, "approved")
            stack.clock.advance(300)
            answer = stack.run(record, visit=f"beat {number}")
            assert (answer["status"], answer["wait"]) == ("continue", 300)
        stack.clock.advance(600)

        assert finish(stack, record, execution=OLD).output == {"data": "nothing"}

    @pytest.mark.parametrize("number", range(1, 4))
    def test_a_heartbeat_at_once_with_its_deletion_leaves_nothing(
        self, stack: Stack, waiting: TaskRecord, number: int
    ) -> None:
        def delete() -> None:
            stack.tasks.abort(waiting.id)
            stack.tasks.delete(waiting.id)

        left = acting_at(stack, number, delete)
        with suppress(Refused, NotFound):
            stack.tasks.heartbeat(waiting.id, "approved")
        stack.dynamodb.recover()
        if left[0] > 0:
            delete()

        assert stack.rows() == []


class TestATaskThatDoesNot:
    def test_a_signal_before_its_start_is_kept(self, stack: Stack) -> None:
        record = stack.trigger(waiter)
        stack.tasks.signal(record.id, "approved", {"early": True})

        stack.run(record)

        assert stack.get(record).output == {"data": {"early": True}}

    def test_signals_come_one_by_one_in_order_each_once(self, stack: Stack) -> None:
        record = stack.trigger(collector)
        for number in range(3):
            stack.tasks.signal(record.id, "item", {"n": number})

        for visit in range(4):
            stack.run(record, visit=f"visit-{visit}")

        assert stack.get(record).output == {"got": [{"n": 0}, {"n": 1}, {"n": 2}]}

    def test_each_wait_has_a_time_of_its_own(self, stack: Stack) -> None:
        record = stack.trigger(collector)
        waits = []
        for number in range(3):
            waits.append(stack.run(record, visit=f"wait {number}")["wait"])
            stack.clock.advance(DAY)
            stack.run(record, visit=f"end {number}")

        assert waits == [DAY] * 3
        assert stack.get(record).output == {"got": [None] * 3}

    def test_one_that_waits_for_something_else_sleeps_on(
        self, stack: Stack, asleep: TaskRecord
    ) -> None:
        queue = BusQueue()

        stack.tasks.signal(asleep.id, "approved")

        assert (queue.take(), status()) == ([], "RUNNING")

    def test_one_that_raises_gets_the_same_signal_again_within_the_same_wait(
        self, stack: Stack
    ) -> None:
        tries: list[object] = []

        @task(retry=Retry(max_attempts=2, backoff=0))
        def weak(context: Context) -> Verdict:
            def then(signal: Signal | None) -> Verdict:
                tries.append(signal and signal.data)
                if len(tries) == 1:
                    raise ValueError("Once.")
                return Done()

            return context.wait_for_signal("approved", then, timeout=DAY)

        record = stack.trigger(weak)
        stack.tasks.signal(record.id, "approved", {"n": 1})
        stack.tasks.signal(record.id, "approved", {"n": 2})
        stack.run(record)
        stack.run(record, visit="visit-2")

        assert tries == [{"n": 1}, {"n": 1}]

    @pytest.mark.parametrize("ends", [Status.SUCCESS, Status.FAILED, Status.ABORTED])
    def test_one_that_is_over_refuses_it_and_logs_that_it_came(
        self, stack: Stack, ends: Status
    ) -> None:
        record = stack.create(status=ends)
        stack.definitions = (waiter,)

        with pytest.raises(Refused, match=rf'is {ends}; it does not take the signal "approved"'):
            stack.tasks.signal(record.id, "approved", by=ANNE)
        with pytest.raises(Refused, match="does not take a heartbeat"):
            stack.tasks.heartbeat(record.id, "approved")

        assert [line.message for log in stack.tasks.logs(record.id) for line in log.lines] == [
            'The signal "approved" came when it was over.'
        ]

    def test_one_that_was_retried_names_its_retry(self, stack: Stack, waiting: TaskRecord) -> None:
        stack.tasks.abort(waiting.id)
        retry = stack.tasks.retry(waiting.id).id
        refused = rf'any more\. Next: send it to its retry, task "{retry}"\.$'

        with pytest.raises(Refused, match=refused) as raised:
            stack.tasks.signal(waiting.id, "approved")
        with pytest.raises(Refused, match=refused):
            stack.tasks.heartbeat(waiting.id, "approved")

        assert (raised.value.data or {})["retriedBy"] == retry

    def test_one_that_was_not_retried_names_none(self, stack: Stack, waiting: TaskRecord) -> None:
        stack.tasks.abort(waiting.id)

        with pytest.raises(Refused, match=r"any more\.$") as raised:
            stack.tasks.signal(waiting.id, "approved")

        assert "retriedBy" not in (raised.value.data or {})

    def test_one_that_is_not_there_is_not_found(self, stack: Stack) -> None:
        with pytest.raises(NotFound):
            stack.tasks.signal("nobody", "approved")
        with pytest.raises(NotFound):
            stack.tasks.heartbeat("nobody", "approved")


class TestKeys:
    def test_the_same_key_is_one_signal_and_its_first_data_stands(
        self, stack: Stack, waiting: TaskRecord
    ) -> None:
        first = stack.tasks.signal(waiting.id, "approved", {"n": 1}, key="payment-1")

        again = stack.tasks.signal(waiting.id, "approved", {"n": 2}, key="payment-1")

        assert again == first
        assert finish(stack, waiting).output == {"data": {"n": 1}}

    def test_it_is_the_same_when_the_task_has_got_it_and_when_it_is_over(
        self, stack: Stack, waiting: TaskRecord
    ) -> None:
        first = stack.tasks.signal(waiting.id, "approved", key="payment-1")
        finish(stack, waiting)

        assert stack.tasks.signal(waiting.id, "approved", key="payment-1") == first

    def test_two_names_with_one_key_are_two(self, stack: Stack, waiting: TaskRecord) -> None:
        stack.tasks.signal(waiting.id, "approved", key="1")
        stack.tasks.signal(waiting.id, "paid", key="1")

        assert sum(row["sk"]["S"].startswith("SIGNAL#") for row in stack.rows()) == 2

    @pytest.mark.parametrize("key", [None, "one"])
    @pytest.mark.parametrize("at", range(1, 8))
    def test_one_that_comes_at_any_call_of_another_is_there_too(
        self, stack: Stack, waiting: TaskRecord, key: str | None, at: int
    ) -> None:
        numbers = []

        def send(number: int) -> None:
            sent = stack.tasks.signal(waiting.id, "approved", {"n": number}, key=key)
            numbers.append(sent.number)

        left = acting_at(stack, at, lambda: send(2))

        send(1)

        if left[0] > 0:  # the call has made fewer
            stack.dynamodb.recover()
            send(2)
        assert sorted(numbers) == ([1, 1] if key else [1, 2])


class TestBetweenLookAndCommit:
    """A signal that comes while its task is about to wait is never missed."""

    @pytest.mark.parametrize("at", range(1, 6))
    @pytest.mark.parametrize("paused", [False, True])
    def test_whenever_it_comes_the_next_iteration_gets_it(
        self, stack: Stack, at: int, paused: bool
    ) -> None:
        def act() -> None:
            if paused:
                stack.tasks.pause(record.id)
            stack.tasks.signal(record.id, "approved", {"n": 1})
            if paused:
                stack.tasks.resume(record.id)

        begin_to_wait(stack, seconds=DAY)
        record = stack.trigger(waiter)
        left = acting_at(stack, at, act)

        answer = stack.run(record)

        if left[0] > 0:  # the iteration has made fewer calls
            stack.dynamodb.recover()
            act()
        for visit in range(2):
            if stack.get(record).is_open:
                owner = stack.get(record).execution_name or NEW
                assert stack.get(record).waiting_until is None or owner == NEW, answer
                answer = stack.run(record, execution=owner, visit=f"again {visit}")
        assert stack.get(record).output == {"data": {"n": 1}}


class TestKilled:
    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize("number", range(1, 12))
    def test_whoever_is_killed_at_a_call_has_sent_it_or_not_and_the_sweep_wakes_the_task(
        self, stack: Stack, waiting: TaskRecord, number: int, after: bool
    ) -> None:
        with killed_at(stack, number, after=after):
            stack.tasks.signal(waiting.id, "approved", {"n": 1})
        is_sent = any(row["sk"]["S"].startswith("SIGNAL#") for row in stack.rows())
        stack.clock.advance(900)

        for _ in range(2):
            stack.system.reconciliation.sweep()
            stack.clock.advance(900)
        answer = stack.run(waiting, execution=NEW, visit="visit-2")

        if is_sent:
            assert stack.get(waiting).output == {"data": {"n": 1}}
            assert status() == "ABORTED"
        else:
            assert answer["status"] != "error"
            assert stack.get(waiting).is_open

    @pytest.mark.parametrize("number", range(1, 12))
    def test_an_abort_at_any_call_stands(
        self, stack: Stack, waiting: TaskRecord, number: int
    ) -> None:
        def abort() -> None:
            with suppress(Refused):
                stack.tasks.abort(waiting.id)

        left = acting_at(stack, number, abort)
        with suppress(Refused):
            stack.tasks.signal(waiting.id, "approved")
        stack.dynamodb.recover()
        if left[0] > 0:
            stack.tasks.abort(waiting.id)

        assert stack.get(waiting).status is Status.ABORTED


class TestWhatIsNoSignal:
    @pytest.mark.parametrize("name", ["", "a b", "a#b", "ä", "x" * 65, None, 7])
    def test_a_name_that_is_none(self, stack: Stack, waiting: TaskRecord, name: Any) -> None:
        rows = stack.rows()

        for send in (stack.tasks.signal, stack.tasks.heartbeat):
            with pytest.raises(InvalidInput, match=r"signal's name is .*; it takes 1 to 64"):
                send(waiting.id, name)

        assert stack.rows() == rows

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ([1], "neither a mapping nor a model"),
            ({"text": "x" * MAX_SIGNAL_BYTES}, "it may have 65,536"),
        ],
    )
    def test_data_that_is_none(
        self, stack: Stack, waiting: TaskRecord, data: Any, message: str
    ) -> None:
        with pytest.raises(InvalidInput, match=message):
            stack.tasks.signal(waiting.id, "approved", data)

    @pytest.mark.parametrize("key", ["", "x" * 513, "\ud800"])
    def test_a_key_that_is_none(self, stack: Stack, waiting: TaskRecord, key: str) -> None:
        with pytest.raises(InvalidInput, match="signal's key"):
            stack.tasks.signal(waiting.id, "approved", key=key)

    @pytest.mark.parametrize("timeout", [0, -1, float("inf"), 356 * DAY])
    def test_a_timeout_that_is_none_fails_the_task(self, stack: Stack, timeout: float) -> None:
        @task()
        def wrong(context: Context) -> Verdict:
            return context.wait_for_signal("approved", given, timeout=timeout)

        record = stack.trigger(wrong)
        stack.run(record)

        assert "it takes more than 0" in stack.get(record).failure.message


def test_what_a_person_has_written_in_its_place_is_a_signal_without_data(stack: Stack) -> None:
    record = stack.trigger(waiter)
    stack.tasks.signal(record.id, "approved", {"n": 1})
    [row] = [row for row in stack.rows() if row["sk"]["S"].startswith("SIGNAL#")]
    stack.dynamodb.put_item(
        TableName=TABLE, Item={"pk": row["pk"], "sk": row["sk"], "data": {"S": "{"}}
    )

    stack.run(record)

    assert stack.get(record).output == {"data": None}


def test_a_deletion_leaves_no_row_of_a_signal(stack: Stack, waiting: TaskRecord) -> None:
    stack.tasks.signal(waiting.id, "approved", key="1")
    stack.tasks.heartbeat(waiting.id, "approved")
    finish(stack, waiting)

    stack.tasks.delete(waiting.id)

    assert stack.rows() == []


def test_a_task_without_signals_makes_the_requests_that_it_made(stack: Stack) -> None:
    record = stack.trigger(sleeper)
    stack.dynamodb.requests.clear()

    stack.run(record)

    assert stack.dynamodb.calls == ["update_item", "transact_write_items"]


async def hears(_: object) -> Verdict:
    return Done()


@pytest.mark.parametrize("then", [None, "done", hears])
@pytest.mark.parametrize("wait", ["wait_for_signal", "wait_for_children", "map"])
def test_what_can_not_be_called_for_a_verdict_fails_the_task_before_it_waits(
    stack: Stack, wait: str, then: Any
) -> None:
    @task(id="waits")
    def waits(context: Context) -> Verdict:
        match wait:
            case "wait_for_signal":
                return context.wait_for_signal("go", then, timeout=60)
            case "wait_for_children":
                return context.wait_for_children(then)
        return context.map("waits", [{}], then)

    record = stack.trigger(waits)
    stack.run(record)

    after = stack.get(record)
    assert after.has_failed
    assert f"context.{wait}(then=" in after.failure.message
    assert not stack.store.has_children(after)
