"""The client's lists, definitions, settings, and what it deletes, against the real API."""

import sys
from datetime import timedelta

import pytest

from handler.client import Client, DefinitionSummary
from handler.contract import Status
from handler.errors import InvalidInput, NotFound, Refused
from tests.handler.client.conftest import Server, lost
from tests.handler.client.test_client import end
from tests.handler.stack import Stack


def triggered(client: Client, stack: Stack, count: int) -> list[str]:
    """The ids of so many tasks, the newest first."""
    ids: list[str] = []
    for _ in range(count):
        ids.insert(0, client.trigger("testingRun").id)
        stack.clock.advance(1)
    return ids


def test_a_list_has_the_tasks_of_a_filter_the_newest_first(client: Client, stack: Stack) -> None:
    ids = triggered(client, stack, 3)
    end(stack, ids[0])
    client.trigger("exportUsers", {"size": 1})

    open_ones = client.list({"definitionId": "testingRun", "taskStatus": "pending"})
    oldest_first = client.list({"definitionId": "testingRun"}, sort="createdOn_ASC")

    assert [record.id for record in open_ones] == ids[1:]
    assert [record.id for record in oldest_first] == ids[::-1]
    assert len(list(client.list())) == 4


def test_a_moment_in_a_filter_is_a_datetime(client: Client, stack: Stack) -> None:
    ids = triggered(client, stack, 3)
    since = stack.clock.now() - timedelta(seconds=2)

    found = client.list({"createdOn_gte": since})

    assert [record.id for record in found] == ids[:2]


def test_a_list_reads_no_more_than_its_limit(client: Client, stack: Stack, server: Server) -> None:
    ids = triggered(client, stack, 3)
    del server.bodies[:]

    found = list(client.list(limit=2))

    assert [record.id for record in found] == ids[:2]
    assert [body["variables"]["limit"] for body in server.bodies] == [2]


def test_a_long_list_is_read_page_by_page(
    client: Client, stack: Stack, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[Client.__module__], "_TASKS_PER_PAGE", 2)
    ids = triggered(client, stack, 5)
    del server.bodies[:]

    assert [record.id for record in client.list()] == ids
    assert len(server.bodies) == 3


@pytest.mark.parametrize("limit", [0, -1])
def test_a_list_of_none_is_refused(client: Client, limit: int) -> None:
    with pytest.raises(InvalidInput, match="it takes 1 or more"):
        client.list(limit=limit)


def test_the_definitions_are_those_that_the_api_triggers(client: Client) -> None:
    assert client.definitions() == (
        DefinitionSummary(id="testingRun", title="A test run", fields=[]),
        DefinitionSummary(
            id="exportUsers", title="Export users", description="Exports them all.", fields=[]
        ),
    )


def test_a_task_that_is_over_is_deleted_once(client: Client, stack: Stack) -> None:
    [id] = triggered(client, stack, 1)
    with pytest.raises(Refused):
        client.delete(id)
    end(stack, id)

    client.delete(id)

    with pytest.raises(NotFound):
        client.get(id)
    with pytest.raises(NotFound):
        client.delete(id)


def test_a_deletion_whose_answer_is_lost_has_been_made(
    client: Client, stack: Stack, server: Server
) -> None:
    [id] = triggered(client, stack, 1)
    end(stack, id)
    assert client.get(id).status is Status.SUCCESS
    server.faults = [lost]

    client.delete(id)

    assert not server.faults
    with pytest.raises(NotFound):
        client.get(id)


def test_settings_are_read_and_changed(client: Client) -> None:
    before = client.settings().retention_days

    assert client.update_settings().retention_days == before
    assert client.update_settings(retention_days=30).retention_days == 30
    assert client.settings().retention_days == 30
    with pytest.raises(Refused) as raised:
        client.update_settings(retention_days=-1)
    assert "retentionDays" in str(raised.value.data)
