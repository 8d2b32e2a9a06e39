"""The client's verbs of limits, and what a trigger says of flow control."""

import sys
from datetime import timedelta
from typing import Any

import pytest

from handler import BY_TENANT, Concurrency, Context, Debounce, Done, LimitState, task
from handler.client import Client
from handler.contract import BULK_DEFINITION
from handler.errors import InvalidInput, Refused, UnknownDefinition
from tests.handler.client.conftest import UNAVAILABLE, Server, lost
from tests.handler.stack import Stack


@task(id="limited", concurrency=Concurrency(1, key="customer"))
def limited(context: Context, input: dict[str, Any]) -> Done:
    return Done()


@task(id="ofTenants", concurrency=Concurrency(1, key=(BY_TENANT, "customer")))
def of_tenants(context: Context, input: dict[str, Any]) -> Done:
    return Done()


@task(id="rejecting", concurrency=Concurrency(1, on_conflict="reject"))
def rejecting(context: Context) -> Done:
    return Done()


@pytest.fixture(autouse=True)
def flowing(stack: Stack, server: Server) -> None:
    stack.definitions = (*stack.definitions, limited, of_tenants, rejecting)


def triggered(stack: Stack, client: Client, number: int) -> list[str]:
    made = []
    for _ in range(number):
        made.append(client.trigger("limited", {"customer": "a"}).id)
        stack.clock.advance(0.001)
    return made


def test_a_limit_is_shown_set_and_reset(client: Client, stack: Stack) -> None:
    triggered(stack, client, 3)

    [shown] = client.limits("limited")
    raised = client.set_limit("limited", 2, key="a", every_tenant=True)
    [again] = client.limits("limited", key="a")
    reset = client.reset_limit("limited", key="a", every_tenant=True)

    assert [shown] != [again] == [raised]
    assert (shown.slots, shown.used, shown.queued) == (1, 1, 2)
    assert (raised.slots, raised.used, raised.queued) == (2, 2, 1)
    assert raised.changed_by is not None
    inside = stack.tasks.limits("limited").items
    assert (reset,) == inside
    assert isinstance(reset, LimitState)


def test_limits_of_many_pages_follow_each_other(
    client: Client, stack: Stack, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["handler.client.client"], "_LIMITS_PER_PAGE", 2)
    for customer in "abcde":
        client.trigger("limited", {"customer": customer})
        stack.clock.advance(1)

    assert [each.key for each in client.limits("limited")] == list("abcde")
    assert sum("getLimits" in body["query"] for body in server.bodies) == 3


def test_a_limit_of_the_tenants_own_is_set_without_more(client: Client) -> None:
    state = client.set_limit("ofTenants", 4, key=["root", "a"])

    assert (state.tenant, state.slots) == ("root", 4)


def test_one_of_every_tenant_is_not(client: Client) -> None:
    with pytest.raises(InvalidInput, match="everyTenant: true"):
        client.set_limit("limited", 4, key="a")


def test_none_may_start_where_it_is_zero(client: Client, stack: Stack) -> None:
    client.set_limit("limited", 0, key="a", every_tenant=True)

    [id] = triggered(stack, client, 1)

    assert client.get(id).queued_on is not None


def test_the_queue_is_read_page_by_page_in_its_order(
    client: Client, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["handler.client.client"], "_TASKS_PER_PAGE", 2)
    made = triggered(stack, client, 5)
    first = client.trigger("limited", {"customer": "a"}, priority=timedelta(minutes=1))

    found = list(client.queue("limited", key="a"))

    assert [each.id for each in found] == [first.id, *made[1:]]
    assert (found[0].priority, found[0].concurrency_key) == (60, "a")
    assert found[0].queued_on == first.queued_on
    assert found[0].input == {"customer": "a"}


def test_a_queue_is_drained(client: Client, stack: Stack) -> None:
    made = triggered(stack, client, 3)
    assert client.drain_queue("limited", key="a", dry_run=True).count == 2

    begun = client.drain_queue("limited", key="a", message="Enough.", rate=100)

    assert begun.task is not None
    assert (begun.count, begun.task.definition_id) == (2, BULK_DEFINITION)
    stack.run(begun.task)
    assert [client.get(id).status.value for id in made] == ["pending", "aborted", "aborted"]
    assert stack.messages(made[1]) == ["Enough."]


@pytest.mark.parametrize("fault", [lost, UNAVAILABLE])
def test_what_is_not_answered_is_said_again_and_done_once(
    client: Client, stack: Stack, server: Server, fault: Any
) -> None:
    triggered(stack, client, 3)

    server.faults = [fault]
    assert client.set_limit("limited", 2, key="a", every_tenant=True).slots == 2
    server.faults = [fault]
    assert client.reset_limit("limited", key="a", every_tenant=True).slots == 1
    server.faults = [fault]
    begun = client.drain_queue("limited", key="a")

    assert begun.task is not None
    bulk = [each for each in stack.tasks.list().items if each.definition_id == BULK_DEFINITION]
    assert [each.id for each in bulk] == [begun.task.id]


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, name: list(client.limits(name)),
        lambda client, name: client.set_limit(name, 2),
        lambda client, name: client.reset_limit(name),
        lambda client, name: list(client.queue(name)),
        lambda client, name: client.drain_queue(name),
    ],
)
def test_a_definition_that_is_not_there_and_one_without_a_limit_are_told(
    client: Client, ask: Any
) -> None:
    with pytest.raises(UnknownDefinition, match="nothing"):
        ask(client, "nothing")
    with pytest.raises(InvalidInput, match="has no limit"):
        ask(client, "exportUsers")


def test_a_burst_is_one_task(client: Client, stack: Stack) -> None:
    burst = Debounce("k", delay=timedelta(seconds=5), max_delay=60)

    first = client.trigger("exportUsers", {"size": 1}, debounce=burst)
    stack.clock.advance(1)
    second = client.trigger("exportUsers", {"size": 2}, debounce=burst)

    assert first.id == second.id
    assert second.input == {"size": 2}
    assert first.starts_on == stack.clock.now() + timedelta(seconds=4)
    assert second.starts_on == stack.clock.now() + timedelta(seconds=5)


def test_a_burst_without_a_longest_delay_is_one_task(client: Client) -> None:
    ids = {client.trigger("testingRun", debounce=Debounce("k", 5)).id for _ in range(2)}

    assert len(ids) == 1


@pytest.mark.parametrize("given", ["k", 5, {"key": "k", "delay": 5}])
def test_what_is_no_debounce_is_refused_with_words(
    client: Client, server: Server, given: Any
) -> None:
    with pytest.raises(InvalidInput, match=r"^debounce is .*; it takes a Debounce"):
        client.trigger("testingRun", debounce=given)

    assert server.bodies == []


@pytest.mark.parametrize("given", ["5", None])
def test_what_is_no_priority_is_refused_with_words(client: Client, given: Any) -> None:
    with pytest.raises(InvalidInput, match="priority is"):
        client.trigger("testingRun", priority=given)


def test_a_conflict_is_told_with_its_code_and_the_task_that_runs(client: Client) -> None:
    first = client.trigger("rejecting")

    with pytest.raises(Refused) as raised:
        client.trigger("rejecting")

    assert raised.value.code == "TASK_CONFLICT"
    assert raised.value.data == {"definitionId": "rejecting", "id": first.id}
