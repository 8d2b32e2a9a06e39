"""A limit: so many of a key run at a time, and the others queue, one after the other."""

import itertools
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from handler import (
    BY_TENANT,
    Concurrency,
    Context,
    Continue,
    Definition,
    DefinitionError,
    Done,
    InvalidInput,
    Refused,
    TaskRecord,
    Verdict,
    task,
)
from handler.contract import Status
from handler.record import TaskFailure
from handler.table.conditions import as_read, owned_by
from handler.table.limits import SLOTS_A_PART, shares_of
from handler.testing.aws import aws_client
from handler.testing.world import Killed
from tests.handler.stack import STATE_MACHINE, BusQueue, Stack, refusal

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class Input(BaseModel):
    customer: str = "a"
    wait: float = 0


def limited(limit: int = 1, key: Any = "customer", **more: Any) -> Definition:
    @task(id="limited", concurrency=Concurrency(limit, key=key, **more))
    def run(context: Context, input: Input) -> Verdict:
        if input.wait and context.task.iterations == 1:
            return Continue(wait=input.wait)
        return Done()

    return run


def started(queue: BusQueue) -> list[str]:
    """The tasks whose events were sent since the last look."""
    return [event["detail"]["webinyTaskId"] for event in queue.take()]


def triggered(stack: Stack, definition: Definition, number: int) -> list[TaskRecord]:
    """So many tasks, a moment apart."""
    made = []
    for _ in range(number):
        made.append(stack.trigger(definition))
        stack.clock.advance(0.001)
    return made


def holders(stack: Stack) -> list[str]:
    """The tasks that hold a slot, as the items of the limits say."""
    rows = [row for row in stack.rows() if row["pk"]["S"].startswith("LIMIT#")]
    names = itertools.chain(*(row["holders"]["SS"] for row in rows if "holders" in row))
    return sorted(name.rpartition("@")[0] for name in names)


def sweep(stack: Stack) -> dict[str, int]:
    """What a sweep found."""
    queue = aws_client("sqs").create_queue(QueueName="undelivered")["QueueUrl"]
    arns = {"state_machine_arn": STATE_MACHINE, "dead_letter_queue_url": queue}
    stack.settings = replace(stack.settings, **arns)
    found = stack.system.reconciliation.sweep()
    assert not found["failed"]
    return found


def limit_rows(stack: Stack) -> list[str]:
    return [row["sk"]["S"] for row in stack.rows() if row["pk"]["S"].startswith("LIMIT#")]


class TestAdmission:
    def test_one_more_than_its_limit_queues_without_an_execution(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited(2)

        made = triggered(stack, definition, 3)

        assert started(queue) == [each.id for each in made[:2]]
        last = stack.get(made[2])
        assert (last.status, last.execution_name) == (Status.PENDING, None)
        assert last.queued_on is not None
        assert last.concurrency_key == "a"
        assert holders(stack) == sorted(each.id for each in made[:2])

    def test_each_key_has_slots_of_its_own(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()

        made = [stack.trigger(definition, input={"customer": each}) for each in "aab"]

        assert started(queue) == [made[0].id, made[2].id]

    def test_who_ends_sends_the_next_one_off(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first, second, third = triggered(stack, definition, 3)
        queue.take()

        assert stack.run(first)["status"] == "done"

        assert started(queue) == [second.id]
        assert stack.get(second).queued_on is None
        assert stack.run(second, execution="execution-2")["status"] == "done"
        assert started(queue) == [third.id]
        assert stack.run(third, execution="execution-3")["status"] == "done"
        assert not holders(stack)

    def test_a_task_that_queues_is_not_run_by_whoever_has_an_event_of_it(
        self, stack: Stack
    ) -> None:
        definition = limited()
        _, second = triggered(stack, definition, 2)

        answer = stack.run(second)

        assert answer["status"] == "done"
        assert "queues for a slot" in answer["message"]
        assert stack.get(second).iterations == 0

    def test_a_priority_is_a_head_start(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first = stack.trigger(definition)
        late = stack.trigger(definition)
        stack.clock.advance(MINUTE)
        early = stack.trigger(definition, priority=61)
        later = stack.trigger(definition, priority=30)
        queue.take()

        order: list[str] = []
        for number in itertools.count():
            running = first if number == 0 else stack.get(order[-1])
            stack.run(running, execution=f"execution-{number}")
            if not (sent := started(queue)):
                break
            order += sent

        assert order == [early.id, late.id, later.id]

    def test_without_a_key_all_of_a_definition_share_the_slots(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited(key=None)

        made = [stack.trigger(definition, tenant=tenant) for tenant in ("one", "two")]

        assert started(queue) == [made[0].id]

    def test_a_tenant_may_be_a_part_of_the_key(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited(key=(BY_TENANT, "customer"))

        made = [stack.trigger(definition, tenant=tenant) for tenant in ("one", "two", "one")]

        assert started(queue) == [each.id for each in made[:2]]
        assert stack.get(made[2]).concurrency_key == "one / a"

    @pytest.mark.parametrize("text", ["", "#", "a" * 5_000, "\ud800", "TASK#x", "\n", "日本"])
    def test_a_key_may_be_any_text(self, stack: Stack, text: str) -> None:
        queue, definition = BusQueue(), limited(key=lambda _: text)

        first, second = triggered(stack, definition, 2)

        assert started(queue) == [first.id]
        stack.run(first)
        assert started(queue) == [second.id]

    def test_a_key_that_is_none_refuses_the_request(self, stack: Stack) -> None:
        with pytest.raises(InvalidInput, match="it takes a text, a number, a bool or None"):
            stack.trigger(limited(key=lambda given: [given]))

        assert not stack.rows()

    def test_a_task_with_a_delay_gets_its_slot_when_that_is_over(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        delayed = stack.trigger(definition, delay=60)
        other = stack.trigger(definition)
        assert started(queue) == [delayed.id, other.id]
        answer = stack.run(delayed, delay=60)
        stack.clock.advance(MINUTE)

        assert answer["wait"] == 60
        assert "queues" in stack.run(delayed, delay=-1, visit="visit-2")["message"]
        stack.run(other, execution="execution-2")
        assert started(queue) == [delayed.id]
        assert stack.run(delayed, execution="execution-3")["status"] == "done"

    def test_an_event_that_says_a_delay_and_comes_late_delays_nobody_who_has_a_slot(
        self, stack: Stack
    ) -> None:
        definition = limited()
        other, delayed = stack.trigger(definition), stack.trigger(definition, delay=3600)
        stack.tasks.run_now(delayed.id)
        assert "queues" in stack.run(delayed, execution="execution-2")["message"]
        stack.run(other)
        assert stack.get(delayed).slot

        answer = stack.run(delayed, execution="late", delay=3600)

        assert (answer["status"], answer.get("wait")) == ("continue", None)
        assert stack.run(delayed, execution="late", delay=-1, visit="next")["status"] == "done"

    def test_it_is_triggered_once_by_a_key_also_while_it_queues(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first = stack.trigger(definition, idempotency_key="first")
        second = stack.trigger(definition, idempotency_key="second")
        queue.take()

        again = [stack.trigger(definition, idempotency_key=key) for key in ("first", "second")]

        assert [each.id for each in again] == [first.id, second.id]
        assert started(queue) == [first.id]
        assert holders(stack) == [first.id]

    def test_many_are_triggered_and_the_first_are_sent(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited(3)
        stack.definitions = (definition,)

        made = stack.tasks.trigger_many(definition, [{} for _ in range(12)])

        ids = [each.record.id for each in made if each.record]
        assert len(ids) == 12
        assert started(queue) == ids[:3]

    def test_of_two_that_come_at_once_one_gets_the_last_slot(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        stack.definitions = (definition,)
        other: list[TaskRecord] = []

        def be_faster(operation: str, _: object) -> None:
            stack.dynamodb.interference = lambda *_: None
            other.append(stack.trigger(definition))

        stack.dynamodb.interference = be_faster
        made = stack.trigger(definition)

        assert started(queue) == holders(stack) == [other[0].id]
        assert stack.get(made).queued_on is not None

    def test_one_that_comes_when_the_last_one_is_about_to_go_finds_its_slot(
        self, stack: Stack
    ) -> None:
        definition = limited()
        first = stack.trigger(definition)
        writes = itertools.count(1)

        def end_before_it_queues(operation: str, _: object) -> None:
            if next(writes) == 2:  # the first one has seen that no slot is free
                stack.dynamodb.interference = lambda *_: None
                assert stack.run(first)["status"] == "done"

        stack.dynamodb.interference = end_before_it_queues
        second = stack.trigger(definition)

        assert stack.get(second).queued_on is None
        assert holders(stack) == [second.id]

    def test_an_event_by_hand_queues_too(self, stack: Stack) -> None:
        definition = limited()
        first = stack.trigger(definition)
        queue = BusQueue()

        answer = stack.run(first, webinyTaskId="by-hand", byHand=True, execution="execution-2")

        assert "queues" in answer["message"]
        stack.run(first)
        assert started(queue) == ["by-hand"]
        assert stack.run(stack.get("by-hand"), execution="execution-3")["status"] == "done"

    def test_one_that_is_sent_off_in_the_moment_in_which_it_has_queued_is_due(
        self, stack: Stack
    ) -> None:
        definition = limited()
        first, second = (stack.trigger(definition) for _ in range(2))

        stack.run(first)

        assert stack.get(second).due_on == stack.clock.now()

    def test_one_that_has_moved_to_another_worker_is_sent_there(self, stack: Stack) -> None:
        definition, queue = limited(), BusQueue()
        stack.definitions = (definition,)
        first = stack.trigger(definition)
        stack.create(definition_id="limited", id="moved", worker="large", limit_id="x")
        moved = stack.get("moved")
        limit = stack.get(first).limit_id
        changed = moved.model_copy(update={"limit_id": limit})
        stack.store.save(changed, before=moved, guard=as_read(moved))
        queue.take()
        assert "queues" in stack.run(moved, execution="execution-2")["message"]

        stack.run(first)

        [event] = queue.take()
        assert event["detail"]["worker"] == "large"


class TestLending:
    def test_a_task_that_waits_for_longer_than_a_minute_lends_its_slot(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first = stack.trigger(definition, input={"wait": 61})
        second = stack.trigger(definition)
        queue.take()

        assert stack.run(first)["wait"] == 61

        assert started(queue) == [second.id]
        stack.clock.advance(timedelta(seconds=61))
        assert "queues" in stack.run(first, visit="visit-2")["message"]
        assert stack.get(first).execution_name is None
        stack.run(second, execution="execution-2")
        assert started(queue) == [first.id]
        assert stack.run(first, execution="execution-3")["status"] == "done"

    def test_the_event_of_its_wait_that_comes_late_delays_it_no_more(self, stack: Stack) -> None:
        definition = limited()
        record = stack.trigger(definition, input={"wait": 3600})
        stack.run(record)
        other = stack.trigger(definition)
        stack.tasks.run_now(record.id)
        assert "queues" in stack.run(record, execution="woken")["message"]
        stack.run(other, execution="other")

        answer = stack.run(record, execution="late", delay=3600)

        assert (answer["status"], answer.get("wait")) == ("continue", None)

    def test_one_that_finds_a_free_slot_goes_on_at_once(self, stack: Stack) -> None:
        definition = limited()
        first = stack.trigger(definition, input={"wait": 61})
        stack.run(first)
        assert not holders(stack)
        stack.clock.advance(timedelta(seconds=61))

        assert stack.run(first, visit="visit-2")["status"] == "done"

        assert stack.get(first).iterations == 2

    def test_a_shorter_wait_keeps_it(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first = stack.trigger(definition, input={"wait": 60})
        stack.trigger(definition)
        queue.take()

        stack.run(first)

        assert not started(queue)
        assert holders(stack) == [first.id]

    def test_a_paused_task_gives_it_up_and_queues_when_it_is_resumed(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first, second = triggered(stack, definition, 2)
        queue.take()

        stack.tasks.pause(first.id)

        assert started(queue) == [second.id]
        stack.tasks.resume(first.id)
        assert "queues" in stack.run(first)["message"]
        assert stack.get(first).queued_on is not None

    def test_one_that_queues_can_be_paused(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first, second, third = triggered(stack, definition, 3)
        stack.tasks.pause(second.id)
        queue.take()

        stack.run(first)

        assert started(queue) == [third.id]
        assert stack.get(second).queued_on is None

    def test_run_now_of_one_that_queues_says_so(self, stack: Stack) -> None:
        definition = limited()
        _, second = triggered(stack, definition, 2)

        with pytest.raises(Refused, match="queues for a slot"):
            stack.tasks.run_now(second.id)

    def test_who_gives_a_slot_back_late_takes_none_that_was_taken_since(self, stack: Stack) -> None:
        definition = limited()
        made = stack.trigger(definition, input={"wait": 1})
        before = stack.get(made)
        stack.tasks.pause(made.id)
        stack.tasks.resume(made.id)
        assert stack.run(made)["status"] == "continue"

        stack.store.when_left(before)

        assert holders(stack) == [made.id]

    def test_what_queues_stays_there_while_its_definition_is_paused(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first, second = triggered(stack, definition, 2)
        stack.claim(first)
        queue.take()
        stack.tasks.pause_definition(definition)

        stack.tasks.abort(first.id)
        stack.clock.advance(HOUR)
        sweep(stack)

        assert not started(queue)
        assert stack.get(second).queued_on is not None
        stack.tasks.resume_definition(definition)
        stack.clock.advance(HOUR)
        sweep(stack)
        assert second.id in started(queue)


class TestFaults:
    """Whoever gives a slot back is in nobody's way, whatever the table does."""

    def test_an_end_stands_though_its_slot_cannot_be_given_back(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first, second = triggered(stack, definition, 2)
        queue.take()
        throttled = refusal("ProvisionedThroughputExceededException")

        def refuse(operation: str, request: dict[str, Any]) -> None:
            if "DELETE holders" in request.get("UpdateExpression", ""):
                raise throttled

        stack.dynamodb.interference = refuse
        before = stack.clock.now()
        assert stack.run(first)["status"] == "done"

        assert stack.clock.now() - before < timedelta(seconds=30)
        assert not started(queue)
        stack.dynamodb.recover()
        stack.clock.advance(HOUR)
        sweep(stack)
        assert started(queue) == [second.id]

    @pytest.mark.parametrize("at", range(1, 14))
    @pytest.mark.parametrize("is_after", [False, True])
    def test_a_worker_that_is_killed_at_any_call_keeps_nobody_waiting(
        self, stack: Stack, at: int, is_after: bool
    ) -> None:
        queue, definition = BusQueue(), limited()
        made = triggered(stack, definition, 3)
        calls = itertools.count(1)

        def kill(operation: str, request: object) -> None:
            if next(calls) == at:
                raise Killed

        queue.take()
        for client in (stack.dynamodb, stack.events):
            setattr(client, "afterwards" if is_after else "interference", kill)
        with suppress(Killed):
            stack.run(made[0])
        for client in (stack.dynamodb, stack.events):
            client.afterwards = client.interference = lambda *_: None

        ran = Counter[str]()
        for _ in range(12):
            for id in [made[0].id, *started(queue)]:
                if stack.get(id).is_open:
                    stack.run(stack.get(id), execution=f"{id}-{ran[id]}"[:80])
                    ran[id] += 1
            assert len(holders(stack)) <= 1
            stack.clock.advance(HOUR)
            sweep(stack)

        assert all(stack.get(each).is_over for each in made)
        assert not limit_rows(stack)

    def test_a_holder_that_asks_again_has_it_already(self, stack: Stack) -> None:
        definition = limited()
        made = stack.trigger(definition, input={"wait": 61})

        def die(operation: str, request: dict[str, Any]) -> None:
            if "DELETE holders" in request.get("UpdateExpression", ""):
                raise Killed

        stack.dynamodb.interference = die
        with suppress(Killed):
            stack.run(made)
        stack.dynamodb.recover()
        assert (stack.get(made).slot, holders(stack)) == (None, [made.id])
        stack.clock.advance(61)

        assert stack.run(made, visit="visit-2")["status"] == "done"
        assert not holders(stack)


class TestAborts:
    def test_one_that_queues_leaves_the_queue(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first, second, third = triggered(stack, definition, 3)
        queue.take()

        stack.tasks.abort(second.id)
        stack.run(first)

        assert started(queue) == [third.id]

    def test_one_that_has_not_begun_gives_its_slot_back(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first, second = triggered(stack, definition, 2)
        queue.take()

        stack.tasks.abort(first.id)

        assert started(queue) == [second.id]

    def test_an_iteration_in_hand_has_its_slot_until_it_knows(self, stack: Stack) -> None:
        queue = BusQueue()

        @task(id="limited", concurrency=Concurrency(1))
        def runs_on(context: Context) -> Done:
            stack.tasks.abort(context.task.id)
            assert not started(queue)
            return Done()

        first, second = triggered(stack, runs_on, 2)
        queue.take()

        assert stack.run(first)["status"] == "aborted"

        assert started(queue) == [second.id]

    def test_one_that_gets_its_slot_in_the_same_moment_leaves_none_behind(
        self, stack: Stack
    ) -> None:
        queue, definition = BusQueue(), limited()
        first, second, third = triggered(stack, definition, 3)
        queue.take()

        def end_the_first(operation: str, _: object) -> None:
            if operation == "transact_write_items":
                stack.dynamodb.interference = lambda *_: None
                assert stack.run(first)["status"] == "done"

        stack.dynamodb.interference = end_the_first
        stack.tasks.abort(second.id)

        assert stack.get(second).was_aborted
        assert holders(stack) == [third.id]
        assert started(queue)[-1] == third.id

    def test_one_that_has_failed_in_the_queue_when_it_got_its_slot_leaves_none_for_long(
        self, stack: Stack
    ) -> None:
        definition = limited()
        first, second = triggered(stack, definition, 2)
        queued = stack.get(second)
        stack.run(first)
        failure = TaskFailure(message="Its time was over.", code="TASK_EXPIRED")

        assert stack.system.reconciliation._ending.end_failed(
            queued, failure, guard=owned_by(queued)
        )
        stack.clock.advance(HOUR)
        sweep(stack)

        assert not holders(stack)

    @pytest.mark.parametrize("moment", ["before its iteration", "behind its iteration"])
    def test_one_that_begins_or_ends_an_iteration_in_the_same_moment(
        self, stack: Stack, moment: str
    ) -> None:
        queue, definition = BusQueue(), limited()
        first = stack.trigger(definition, input={"wait": 1})
        second = stack.trigger(definition)
        begins = moment == "before its iteration"
        claimed = [] if begins else [stack.claim(first)]
        queue.take()

        def move(operation: str, request: Any) -> None:
            if operation != "transact_write_items":
                return
            stack.dynamodb.interference = lambda *_: None
            if begins:
                claimed.append(stack.claim(first))
            else:
                after = claimed[0].continued(now=stack.clock.now(), input={}, wait=1)
                stack.store.save(after, before=claimed[0], guard=as_read(claimed[0]))

        stack.dynamodb.interference = move
        stack.tasks.abort(first.id)

        assert stack.get(first).was_aborted
        assert started(queue) == ([] if begins else [second.id])
        assert holders(stack) == ([first.id] if begins else [second.id])

    def test_the_sweep_frees_it_when_no_worker_can_run_it_any_more(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first, second = triggered(stack, definition, 2)
        stack.claim(first)
        queue.take()
        stack.tasks.abort(first.id)

        stack.clock.advance(timedelta(minutes=10))
        sweep(stack)
        assert not started(queue)
        stack.clock.advance(timedelta(minutes=10))
        sweep(stack)

        assert started(queue) == [second.id]
        assert holders(stack) == [second.id]


class TestRequests:
    @pytest.mark.parametrize("in_place", [True, False])
    def test_a_free_slot_costs_one_request_more_for_the_whole_task(
        self, stack: Stack, in_place: bool
    ) -> None:
        plain, bound = (requests(stack, limit, in_place=in_place) for limit in (None, 1))

        assert sum(bound.values()) == sum(plain.values()) + 1

    def test_one_that_queues_costs_one_more_and_whoever_sends_it_off_two(
        self, stack: Stack
    ) -> None:
        plain, alone = requests(stack, None), requests(stack, 1)
        queued = requests(stack, 1, ahead=1)

        # Two tasks: each gives its slot back; one is stored at the second try, and is sent off.
        assert sum(queued.values()) == 2 * sum(plain.values()) + 2 + 1 + 2
        assert sum(alone.values()) == sum(plain.values()) + 1

    def test_a_record_without_a_limit_has_nothing_of_it(self, stack: Stack) -> None:
        @task(id="plain")
        def plain(context: Context) -> Done:
            return Done()

        made = stack.trigger(plain)
        stack.run(made)

        [record] = [row for row in stack.rows() if row["sk"]["S"] == "TASK"]
        assert not {"limitId", "slot", "queuedOn", "concurrencyKey", "priority"} & set(record)


def requests(
    stack: Stack, limit: int | None, *, ahead: int = 0, in_place: bool = True
) -> Counter[str]:
    """The requests to the table of some tasks, from their triggers to their ends."""

    @task(
        id="counted", concurrency=None if limit is None else Concurrency(limit), in_place=in_place
    )
    def counted(context: Context) -> Verdict:
        return Done() if context.task.iterations == 5 else Continue()

    stack.dynamodb.requests.clear()
    made = triggered(stack, counted, 1 + ahead)
    for number, each in enumerate(made):
        for visit in range(5):
            answer = stack.run(each, execution=f"execution-{number}", visit=f"visit-{visit}")
            if answer["status"] == "done":
                break
    assert all(stack.get(each).has_succeeded for each in made)
    reads = len(made)  # those of the line above
    return Counter(stack.dynamodb.calls) - Counter({"get_item": reads})


class TestLargeLimits:
    @pytest.mark.parametrize("slots", [1, 49, 50, 51, 99, 100, 101, 500, 999, 1_000])
    def test_its_slots_are_spread_over_its_parts(self, slots: int) -> None:
        shares = shares_of(slots)

        assert sum(shares) == slots
        assert max(shares) <= SLOTS_A_PART
        assert max(shares) - min(shares) <= 1

    def test_as_many_run_as_may_and_the_others_queue(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited(101)

        made = triggered(stack, definition, 105)

        assert started(queue) == [each.id for each in made[:101]]
        assert len(holders(stack)) == 101
        for number, each in enumerate(made[:101]):
            stack.run(each, execution=f"execution-{number}")
        assert started(queue) == [each.id for each in made[101:]]
        for number, each in enumerate(made[101:]):
            stack.run(each, execution=f"execution-{200 + number}")
        assert not holders(stack)
        stack.clock.advance(HOUR)
        sweep(stack)
        assert not limit_rows(stack)

    def test_a_deploy_may_make_it_small_and_large_again(self, stack: Stack) -> None:
        queue = BusQueue()
        many = triggered(stack, limited(60), 60)
        assert len(started(queue)) == 60
        few = triggered(stack, limited(2), 3)
        assert not started(queue)

        for number, each in enumerate(many):
            stack.run(each, execution=f"execution-{number}")
        assert started(queue) == [each.id for each in few[:2]]
        assert holders(stack) == sorted(each.id for each in few[:2])

        stack.definitions = (limited(70),)
        stack.run(few[0], execution="execution-100")
        more = triggered(stack, limited(70), 5)
        assert started(queue) == [few[2].id, *(each.id for each in more)]


class TestDeploys:
    def test_a_definition_that_has_no_limit_any_more_runs_what_queues(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first, second, third = triggered(stack, definition, 3)
        queue.take()

        @task(id="limited")
        def unlimited(context: Context, input: Input) -> Done:
            return Done()

        stack.definitions = (unlimited,)
        stack.run(first)

        assert sorted(started(queue)) == sorted([second.id, third.id])
        for number, each in enumerate([second, third]):
            assert stack.run(each, execution=f"execution-1{number}")["status"] == "done"
        assert not holders(stack)

    def test_one_that_is_gone_sends_off_what_queues_so_that_it_fails(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        _, second = triggered(stack, definition, 2)
        queue.take()
        stack.definitions = ()
        stack.clock.advance(HOUR)
        sweep(stack)

        assert second.id in started(queue)
        assert stack.run(second)["error"]["code"] == "TASK_DEFINITION_ERROR"

    def test_what_was_triggered_before_the_limit_runs_without_one(self, stack: Stack) -> None:
        @task(id="limited")
        def unlimited(context: Context, input: Input) -> Done:
            return Done()

        old = stack.trigger(unlimited)
        new = triggered(stack, limited(), 1)

        assert stack.run(old)["status"] == "done"
        assert holders(stack) == [new[0].id]


class TestTheSweep:
    def test_a_slot_whose_holder_is_gone_is_free_within_one_sweep(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first, second = triggered(stack, definition, 2)
        queue.take()
        aws_client("dynamodb").delete_item(
            TableName="tasks", Key={"pk": {"S": f"TASK#{first.id}"}, "sk": {"S": "TASK"}}
        )
        stack.clock.advance(HOUR)

        assert sweep(stack)["freed"] == 1

        assert started(queue) == [second.id]
        assert holders(stack) == [second.id]

    def test_it_looks_at_a_limit_in_use_each_time(self, stack: Stack) -> None:
        triggered(stack, limited(), 1)
        looks = []
        for _ in range(3):
            stack.clock.advance(timedelta(minutes=5))
            stack.dynamodb.requests.clear()
            sweep(stack)
            looks.append(sum("LIMIT#" in str(request) for _, request in stack.dynamodb.requests))

        assert looks == [looks[0]] * 3
        assert looks[0]

    def test_a_limit_that_nobody_uses_is_removed(self, stack: Stack) -> None:
        [only] = triggered(stack, limited(), 1)
        stack.run(only)
        assert limit_rows(stack) == ["HOLDERS"]
        stack.clock.advance(HOUR)

        sweep(stack)

        assert limit_rows(stack) == []

    def test_a_place_that_a_person_has_taken_out_is_put_back(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        first, second = triggered(stack, definition, 2)
        [row] = [row for row in stack.rows() if row["sk"]["S"].startswith("QUEUE#")]
        key = {name: row[name] for name in ("pk", "sk")}
        aws_client("dynamodb").delete_item(TableName="tasks", Key=key)
        stack.run(first)
        queue.take()
        stack.clock.advance(timedelta(days=1, hours=1))

        sweep(stack)

        assert started(queue) == [second.id]

    def test_one_whose_definition_may_be_in_a_file_that_is_not_imported_queues_on(
        self, stack: Stack
    ) -> None:
        queue, definition = BusQueue(), limited()
        first, second = triggered(stack, definition, 2)
        queue.take()
        stack.definitions, stack.problems = (), (DefinitionError("It can't be imported."),)
        stack.clock.advance(timedelta(days=1, hours=1))
        sweep(stack)

        assert stack.get(second).queued_on is not None
        assert second.id not in started(queue)
        stack.definitions, stack.problems = (definition,), ()
        stack.run(first)
        assert second.id in started(queue)

    def test_one_whose_limit_is_gone_is_sent_and_is_due(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited()
        _, second = triggered(stack, definition, 2)

        @task(id="limited")
        def unlimited(context: Context, input: Input) -> Done:
            return Done()

        stack.definitions = (unlimited,)
        queue.take()
        assert stack.system.reconciliation._slots.queue_again(stack.get(second))

        assert started(queue) == [second.id]
        assert stack.get(second).due_on == stack.clock.now()

    @pytest.mark.parametrize(
        "change",
        [
            {"definitionId": {"N": "1"}, "queuedOn": {"S": "never"}},
            {"queuedOn": {"S": "2001-01-01T00:00:00.000Z"}},
            {"taskCreatedOn": {"S": "2001-01-01T00:00:00.000Z"}},
        ],
    )
    def test_an_odd_place_keeps_nobody_else_from_going(
        self, stack: Stack, change: dict[str, Any]
    ) -> None:
        queue, definition = BusQueue(), limited()
        first, second, third = triggered(stack, definition, 3)
        queue.take()
        rows = [row for row in stack.rows() if row["sk"]["S"].startswith("QUEUE#")]
        odd = next(row for row in rows if row["sk"]["S"].endswith(second.id))
        aws_client("dynamodb").put_item(TableName="tasks", Item=odd | change)

        stack.run(first)

        assert started(queue) == [third.id]
        stack.run(third, execution="execution-3")
        stack.clock.advance(timedelta(days=1, hours=1))
        sweep(stack)
        assert started(queue) == [second.id]

    def test_odd_holders_are_reported_and_keep_nobody_for_ever(self, stack: Stack) -> None:
        definition = limited()
        triggered(stack, definition, 1)
        [row] = [row for row in stack.rows() if row["sk"]["S"] == "HOLDERS"]
        odd = row | {"holders": {"SS": ["nobody", "@", "gone@0.000000000000"]}}
        aws_client("dynamodb").put_item(TableName="tasks", Item=odd)
        stack.clock.advance(HOUR)

        assert sweep(stack)["freed"] == 3


class TestConflicts:
    def test_the_caller_gets_the_task_that_runs(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited(on_conflict="return_existing")

        first, second = triggered(stack, definition, 2)

        assert second.id == first.id
        assert set(started(queue)) == {first.id}  # as with a key: it may have been lost
        stack.run(first)
        [third] = triggered(stack, definition, 1)
        assert third.id != first.id

    def test_a_refusal_names_the_task_that_runs(self, stack: Stack) -> None:
        definition = limited(on_conflict="reject")
        [first] = triggered(stack, definition, 1)

        message = f'No slot of "limited" for "a" is free: task "{first.id}" runs'
        with pytest.raises(Refused, match=message) as refused:
            triggered(stack, definition, 1)

        assert refused.value.code == "TASK_CONFLICT"
        assert refused.value.data == {"definitionId": "limited", "id": first.id}
        assert len([row for row in stack.rows() if row["sk"]["S"] == "TASK"]) == 1

    @pytest.mark.parametrize("how", ["return_existing", "reject", "abort_running"])
    def test_nobody_is_told_of_another_tenants_task_or_aborts_it(
        self, stack: Stack, how: str
    ) -> None:
        definition = limited(on_conflict=how)
        first = stack.trigger(definition, tenant="one")

        with pytest.raises(Refused) as refused:
            stack.trigger(definition, tenant="two")

        assert first.id not in str(refused.value) + str(refused.value.data)
        assert stack.get(first).is_open

    def test_the_old_one_is_aborted_and_the_new_one_starts_when_it_has_ended(
        self, stack: Stack
    ) -> None:
        queue = BusQueue()

        @task(id="limited", concurrency=Concurrency(1, on_conflict="abort_running"))
        def runs_on(context: Context) -> Done:
            if context.task.id == first.id:
                newer.append(stack.tasks.trigger(runs_on))
                assert context.is_aborted()
                assert not started(queue)
            return Done()

        newer: list[TaskRecord] = []
        [first] = triggered(stack, runs_on, 1)
        queue.take()

        assert stack.run(first)["status"] == "aborted"

        assert started(queue) == [newer[0].id]
        assert stack.run(newer[0], execution="execution-2")["status"] == "done"
        assert any("takes its place" in line for line in stack.messages(first))

    def test_the_last_one_takes_the_place_of_those_that_queue_too(self, stack: Stack) -> None:
        queue, definition = BusQueue(), limited(on_conflict="abort_running")
        [first] = triggered(stack, definition, 1)
        stack.claim(first)
        second, third = triggered(stack, definition, 2)
        queue.take()

        assert stack.get(second).was_aborted
        assert stack.run(first)["status"] == "aborted"
        stack.clock.advance(HOUR)
        sweep(stack)

        assert started(queue) == [third.id]

    def test_of_those_who_come_at_once_the_youngest_stays(self, stack: Stack) -> None:
        """Each has stored its task before it looks at the others."""
        definition = limited(on_conflict="abort_running")
        stack.definitions = (definition,)
        made: list[TaskRecord] = []

        def let_others_come(operation: str, request: Any) -> None:
            if operation == "query" and len(made) < 4:
                stack.clock.advance(0.001)
                made.append(stack.trigger(definition))

        stack.dynamodb.interference = let_others_come
        made.append(stack.trigger(definition))
        stack.dynamodb.recover()
        stack.clock.advance(0.001)
        last = stack.trigger(definition)

        alive = [each.id for each in [*made, last] if stack.get(each).is_open]
        assert alive == [last.id]
        stack.clock.advance(HOUR)
        sweep(stack)
        assert stack.run(last)["status"] == "done"

    def test_slots_that_nobody_has_any_more_are_no_conflict(self, stack: Stack) -> None:
        definition = limited(on_conflict="reject")
        [first] = triggered(stack, definition, 1)
        aws_client("dynamodb").delete_item(
            TableName="tasks", Key={"pk": {"S": f"TASK#{first.id}"}, "sk": {"S": "TASK"}}
        )

        [second] = triggered(stack, definition, 1)

        assert holders(stack) == [second.id]

    def test_a_key_finds_its_own_task_before_there_is_a_conflict(self, stack: Stack) -> None:
        definition = limited(on_conflict="reject")
        first = stack.trigger(definition, idempotency_key="k")

        assert stack.trigger(definition, idempotency_key="k").id == first.id

    @pytest.mark.parametrize("how", ["return_existing", "reject"])
    def test_an_event_by_hand_becomes_a_failed_task_that_says_why(
        self, stack: Stack, how: str
    ) -> None:
        definition = limited(on_conflict=how)
        [first] = triggered(stack, definition, 1)

        answer = stack.run(first, webinyTaskId="by-hand", byHand=True, execution="execution-2")

        assert answer["error"]["code"] == "TASK_CONFLICT"
        failed = stack.get("by-hand")
        assert (failed.status, failed.failure.code) == (Status.FAILED, "TASK_CONFLICT")
        assert first.id in failed.failure.message
