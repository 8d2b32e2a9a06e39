"""Which tasks a sweep looks at, and when: all that are due, soon, and nothing that sleeps."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from handler.contract import Status
from handler.record.stored_task import StoredTask
from handler.recovery import RecoveryFailed
from handler.table import keys
from handler.table.conditions import Guard
from handler.testing import Killed
from handler.testing.aws import aws_client
from tests.handler.recovering import PATIENCE, Recovering
from tests.handler.stack import TABLE, BusQueue, Stack, refusal
from tests.measure import watching

LONG = timedelta(minutes=10).total_seconds()
Request = dict[str, Any]


class Running:
    """Step Functions, where every execution runs."""

    def describe_execution(self, **_: Any) -> Any:
        return {"status": "RUNNING"}

    def stop_execution(self, **_: Any) -> Any:
        return {}


class Watched:
    """A stack whose looks are noted: the ids of the tasks that a sweep has put off, in order."""

    def __init__(self, stack: Stack) -> None:
        self.recovering = Recovering(stack, BusQueue())
        self.stack = stack
        self.looked_at: list[str] = []
        stack.stepfunctions.stands_for(Running())
        stack.dynamodb.afterwards = self._note

    def sweep(self) -> list[str]:
        self.looked_at.clear()
        self.recovering.sweep()
        return list(self.looked_at)

    def _note(self, operation: str, request: Request) -> None:
        if operation == "update_item" and "lookToken" in request["UpdateExpression"]:
            self.looked_at.append(keys.task_id(request["Key"]))


class Model:
    """When a task is looked at, as the documents say it."""

    def __init__(self, kind: str, wait: int, now: datetime) -> None:
        self.is_owned = kind != "pending"
        self.wakes = now + timedelta(seconds=wait) if kind == "waiting" else now
        self.due = self.wakes if kind == "waiting" and wait > LONG else now

    def is_looked_at(self, now: datetime, record: StoredTask) -> bool:
        if self.due + PATIENCE > now:
            return False
        sleeps = self.is_owned and self.wakes > now
        idle = PATIENCE if self.is_owned else PATIENCE * 4**record.resends
        if not sleeps and record.saved_on and now - record.saved_on < idle:
            return False
        self.due = self.wakes if sleeps else now
        return True


def make(watched: Watched, kind: str, wait: int) -> StoredTask:
    stack = watched.stack
    task = stack.create(delay=wait if kind == "pending" else 0)
    if kind == "pending":
        return task
    claimed = stack.claim(task)
    if kind == "waiting":
        asleep = claimed.continued(now=stack.clock.now(), input={}, wait=wait)
        stack.store.save(asleep, before=claimed, guard=Guard())
    if kind == "ended":
        ended = claimed.succeeded(now=stack.clock.now(), output=None).due("on_of_newer_code")
        stack.store.save(ended, before=claimed, guard=Guard())
    return claimed


@pytest.mark.property
@settings(max_examples=10, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    tasks=st.lists(
        st.tuples(
            st.sampled_from(["pending", "running", "waiting", "ended"]),
            st.integers(1, 3) | st.integers(100, 5_000) | st.integers(10**5, 10**7),
        ),
        min_size=1,
        max_size=5,
    ),
    steps=st.lists(st.integers(1, 700) | st.integers(10**4, 10**6), min_size=1, max_size=8),
)
@example(tasks=[("waiting", 601), ("waiting", 600)], steps=[120, 300, 300, 300])
def test_a_sweep_looks_at_all_that_is_due_for_an_idle_time_and_at_nothing_else(
    tasks: list[tuple[str, int]], steps: list[int]
) -> None:
    with Stack.inside_moto() as stack:
        watched = Watched(stack)
        models = {}
        for kind, wait in tasks:
            models[make(watched, kind, wait).id] = Model(kind, wait, stack.clock.now())
        for seconds in steps:
            stack.clock.advance(seconds)
            now = stack.clock.now()
            left = [task for task in stack.unfinished() if not task.has_failed]
            expected = [task.id for task in left if models[task.id].is_looked_at(now, task)]

            found = watched.sweep()

            assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("call", range(14))
def test_a_second_sweep_at_the_same_time_sends_no_event_twice(stack: Stack, call: int) -> None:
    watched = Watched(stack)
    lost = [watched.recovering.pending(id=f"t{number}") for number in range(4)]
    watched.recovering.wait()
    calls = 0

    def sweep_meanwhile(operation: str, request: Request) -> None:
        nonlocal calls
        calls += 1
        if calls == call + 1:
            watched.recovering.sweep()

    stack.dynamodb.interference = sweep_meanwhile
    watched.recovering.sweep()

    sent = [event["detail"]["webinyTaskId"] for event in watched.recovering.bus_queue.take()]
    assert sorted(sent) == [task.id for task in lost]
    assert [stack.get(task).resends for task in lost] == [1] * 4
    assert calls > call


@pytest.mark.parametrize("call", range(14))
def test_a_sweep_that_is_cut_off_at_any_call_leaves_the_rest_to_the_next_ones(
    stack: Stack, call: int
) -> None:
    watched = Watched(stack)
    lost = [watched.recovering.pending(id=f"t{number}") for number in range(4)]
    watched.recovering.wait()
    calls = 0

    def kill(operation: str, request: Request) -> None:
        nonlocal calls
        calls += 1
        if calls == call + 1:
            raise Killed

    stack.dynamodb.interference = kill
    with pytest.raises(Killed):
        watched.recovering.sweep()
    watched.recovering.wait()
    watched.recovering.sweep()

    assert all(stack.get(task).resends for task in lost)


def test_a_task_that_has_just_moved_costs_its_share_of_a_read(stack: Stack) -> None:
    watched = Watched(stack)
    task = make(watched, "running", 0)
    watched.recovering.wait()
    stack.claim(task, visit="v2")
    stack.dynamodb.requests.clear()

    assert watched.sweep() == []

    calls = stack.dynamodb.calls
    assert (calls.count("batch_get_item"), calls.count("update_item")) == (1, 0)
    assert stack.stepfunctions.calls == []


def test_a_task_in_a_short_wait_is_put_off_until_it_wakes_and_not_asked_for(stack: Stack) -> None:
    watched = Watched(stack)
    task = make(watched, "waiting", 500)
    wakes = stack.clock.now() + timedelta(seconds=500)
    watched.recovering.wait()

    assert watched.sweep() == [task.id]

    assert stack.get(task).due_on == wakes
    assert stack.stepfunctions.calls == []


@pytest.mark.parametrize("sooner", ["released", "aborted"])
def test_a_sooner_look_that_comes_during_a_sweep_is_not_lost(stack: Stack, sooner: str) -> None:
    watched = Watched(stack)
    task = make(watched, "waiting", 500)
    watched.recovering.wait()

    def act(operation: str, request: Request) -> None:
        if operation == "update_item":
            stack.dynamodb.recover()
            before = stack.get(task)
            moves: Any = {"released": before.released, "aborted": before.aborted}
            after = moves[sooner](now=stack.clock.now())
            stack.store.save(after, before=before, guard=Guard())

    stack.dynamodb.interference = act
    watched.recovering.sweep()

    assert stack.get(task).due_on == stack.clock.now()


def test_executions_that_cannot_be_asked_for_are_first_in_the_next_sweep(
    recovering: Recovering,
) -> None:
    first, second = recovering.running("execution-1"), recovering.running("execution-2")
    lost = recovering.pending()
    for execution in ("execution-1", "execution-2"):
        recovering.end(execution, "ABORTED")
    recovering.wait()
    recovering.stack.stepfunctions.fail(refusal("ThrottlingException"))

    with pytest.raises(RecoveryFailed, match="could not deal with 1 "):
        recovering.sweep()
    recovering.stack.stepfunctions.recover()
    found = recovering.sweep()

    assert recovering.stack.get(lost).resends == 1
    assert found["ended"] == 1
    recovering.wait()
    recovering.sweep()
    assert {recovering.stack.get(task).status for task in (first, second)} == {Status.ABORTED}


def test_a_row_of_no_task_is_reported_and_passed_over(recovering: Recovering) -> None:
    row = {"pk": "somebody", "sk": "TASK", "unfinishedKey": "unfinished#0", "dueOn": "2020"}
    item = {name: {"S": value} for name, value in row.items()}
    aws_client("dynamodb").put_item(TableName=TABLE, Item=item)
    lost = recovering.pending()
    recovering.wait()

    with pytest.raises(RecoveryFailed, match="could not deal with 1 "):
        recovering.sweep()

    assert recovering.stack.get(lost).resends == 1


def test_an_entry_whose_record_is_gone_is_passed_over(recovering: Recovering) -> None:
    gone, lost = recovering.pending(id="gone"), recovering.pending(id="lost")
    recovering.wait()

    def delete(operation: str, request: Request) -> None:
        if operation == "batch_get_item":
            aws_client("dynamodb").delete_item(TableName=TABLE, Key=keys.task_key(gone.id))

    recovering.stack.dynamodb.interference = delete
    found = recovering.sweep()

    assert (found["sent"], found["failed"]) == (1, 0)
    assert recovering.stack.get(lost).resends == 1
    assert recovering.stack.store.find(gone.id) is None


def test_a_task_that_is_due_before_all_others_is_reported_once(recovering: Recovering) -> None:
    odd = recovering.pending()
    aws_client("dynamodb").update_item(
        TableName=TABLE,
        Key=keys.task_key(odd.id),
        UpdateExpression="SET dueOn = :on",
        ExpressionAttributeValues={":on": {"S": "!"}},
    )
    recovering.wait()

    with pytest.raises(RecoveryFailed, match="could not deal with 1 "):
        recovering.sweep()
    recovering.wait()
    found = recovering.sweep()

    assert (found["sent"], found["failed"]) == (1, 0)


class TestTheCost:
    @pytest.mark.slow
    def test_a_sweep_beside_100_000_sleeping_tasks_of_which_10_are_due_makes_30_requests(
        self,
    ) -> None:
        assert watching.requests_of_a_sweep() <= 30

    @pytest.mark.slow
    @pytest.mark.parametrize("number", range(len(watching.FILTERS)))
    def test_a_page_of_50_among_100_000_tasks_makes_three_requests(self, number: int) -> None:
        assert watching.requests_of_a_page(watching.FILTERS[number]) <= 3


@pytest.mark.parametrize("name", [{"S": ""}, {"M": {}}], ids=["empty", "no text"])
def test_a_task_whose_owner_nobody_can_name_is_reported_at_each_look(
    recovering: Recovering, name: Request
) -> None:
    odd = recovering.running()
    change(odd, "executionName", name)
    recovering.wait()

    for _ in range(2):
        with pytest.raises(RecoveryFailed, match="could not deal with 1 "):
            recovering.sweep()
        recovering.wait()


def test_a_record_that_was_saved_in_the_future_is_as_idle_as_one_of_the_past(
    recovering: Recovering,
) -> None:
    odd = recovering.pending()
    change(odd, "savedOn", {"S": "2999-01-01T00:00:00.000Z"})
    recovering.wait()

    assert recovering.sweep()["sent"] == 1


def test_the_last_minute_of_a_sweep_begins_nothing(recovering: Recovering) -> None:
    recovering.pending()
    recovering.running()
    recovering.wait()
    recovering.stack.remaining_seconds = iter([900.0, *[59.0] * 99]).__next__

    found = recovering.stack.system.reconciliation.sweep()

    assert (found["left"], found["sent"]) == (2, 0)


def change(task: StoredTask, attribute: str, value: Request) -> None:
    """What somebody has done to a record."""
    aws_client("dynamodb").update_item(
        TableName=TABLE,
        Key=keys.task_key(task.id),
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": attribute},
        ExpressionAttributeValues={":value": value},
    )
