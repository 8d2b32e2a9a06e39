"""The guide for those who look after a stack: its code runs as it stands."""

import inspect
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from handler import (
    Concurrency,
    Context,
    Continue,
    Done,
    Failed,
    Filter,
    Signal,
    Status,
    Verdict,
    task,
)
from handler.contract import STATUS_DETAIL_TYPE, WireKey
from handler.lifecycle import status_events
from handler.record import StoredTask
from handler.testing import World
from tests.docs.guide import DOCS, files_of, links_of, loaded
from tests.handler.graphql.client import Api
from tests.handler.simple_tasks import exporting
from tests.handler.stack import BusQueue, Stack

GUIDE = (DOCS / "operating.md").read_text()
SETTINGS, SET_LIMIT, IN_BULK = re.findall(
    r"^```graphql\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The folder of the guide's code."""
    for file, code in files_of(GUIDE).items():
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    return tmp_path / "shop"


@pytest.fixture
def retention(shop: Path) -> ModuleType:
    return loaded(shop / "retention.py")


@pytest.fixture
def maintenance(shop: Path) -> ModuleType:
    return loaded(shop / "maintenance.py")


@pytest.fixture
def moving(shop: Path) -> ModuleType:
    return loaded(shop / "moving.py")


@pytest.fixture
def morning(shop: Path) -> ModuleType:
    return loaded(shop / "morning.py")


@task(id="export")
def export(context: Context) -> Verdict:
    return Done() if context.task.iterations > 1 else Continue(wait=60)


@task(id="export", concurrency=Concurrency(1, key="customer"))
def limited(context: Context, input: dict[str, str]) -> Done:
    return Done()


@pytest.fixture
def stack() -> Iterator[Stack]:
    with Stack.inside_moto() as stack:
        yield stack


def test_the_shops_tasks_are_kept_for_fewer_days(retention: ModuleType) -> None:
    with World.of() as world:
        assert retention.keep_less(30, "ann") == "They are kept for 30 days from now on."
        assert retention.keep_less(60, "bob") == "They are kept for 30 days as it is."
        assert world.tasks.settings(tenant="shop").retention_days == 30
        assert world.tasks.settings().retention_days == 0


def test_the_exports_are_held_and_go_on_where_they_were(maintenance: ModuleType) -> None:
    with World.of(export) as world:
        ids = [world.start(export).id for _ in range(2)]
        maintenance.hold("export")
        ids.append(world.start(export).id)
        assert not maintenance.is_quiet("export")

        world.finish()
        assert maintenance.is_quiet("export")
        assert {world.tasks.get(id).paused_with for id in ids} == {"definition"}

        bulk = maintenance.let_go("export")
        world.finish()
        assert (world.tasks.result(bulk.id) or {})["done"] == 3
        assert all(world.tasks.get(id).has_succeeded for id in ids)


def test_nothing_of_a_customer_starts_while_its_shop_is_moved(
    stack: Stack, moving: ModuleType
) -> None:
    first = stack.trigger(limited, input={"customer": "acme"})
    assert moving.close("export", "acme") == 1
    stack.run(first)
    late = []
    for _ in range(3):
        late.append(stack.trigger(limited, input={"customer": "acme"}))
        stack.clock.advance(1)
    assert all(stack.get(each).queued_on for each in late)

    assert moving.open_again("export", "acme") == 1
    assert stack.run(late[0], execution="execution-2")["status"] == "done"
    bulk = moving.forget_what_waits("export", "acme")

    stack.run(bulk, execution="execution-3")
    assert stack.messages(late[2]) == ["The customer has gone."]
    statuses = [stack.get(each).status.value for each in late]
    assert statuses == ["success", "pending", "aborted"]


def test_the_document_that_sets_a_limit_is_answered(stack: Stack) -> None:
    api = Api(stack)
    stack.definitions = (*stack.definitions, limited)

    data = api.data(SET_LIMIT)

    assert (data["slots"], data["deployed"], data["used"], data["queued"]) == (5, 1, 0, 0)


def test_the_document_of_the_api_is_answered(stack: Stack) -> None:
    assert Api(stack).data(SETTINGS) == {"retentionDays": 30}


def test_the_exports_of_the_last_year_are_deleted(stack: Stack) -> None:
    stack.create(definition_id="export", status=Status.SUCCESS)
    stack.clock.advance(1)
    stack.create(definition_id="export", status=Status.SUCCESS)
    document = IN_BULK.replace("2030-01-01T00:00:00Z", "2030-01-01T00:00:01Z")

    data = Api(stack).data(document)

    assert (data["count"], data["isCountCapped"]) == (1, False)
    stack.run(stack.get(data["task"]["id"]))
    assert stack.tasks.count(Filter(definition_id="export")) == 1


def test_what_has_failed_in_the_night_is_retried(morning: ModuleType) -> None:
    with World.of(export) as world:
        night = world.clock.now()
        for definition_id in ("export", "export", "gone"):
            world.store.create(
                StoredTask.new(
                    now=night,
                    definition_id=definition_id,
                    name="Export",
                    input={},
                    status=Status.FAILED,
                )
            )
        assert morning.retry_the_night(night, most=2) is None

        record = morning.retry_the_night(night, most=3)
        world.finish()

        said = morning.how_it_went(record.id).splitlines()
        assert said[0] == "2 retried, 1 not."
        assert said[1].endswith(": Task definition was not found!")
        assert world.tasks.count(Filter(statuses=frozenset({Status.SUCCESS}))) == 3


class TestHearOfTasks:
    @pytest.fixture
    def told(self, stack: Stack) -> BusQueue:
        """What the rule of the guide lets through, of a stack whose config has the bus told."""
        stack.settings = replace(stack.settings, status_events=True)
        (pattern,) = re.findall(r"^```json\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
        return BusQueue(STATUS_DETAIL_TYPE, pattern=json.loads(pattern))

    @pytest.fixture
    def telling(self, shop: Path) -> ModuleType:
        return loaded(shop / "told.py")

    def test_the_rule_lets_a_failed_export_through_and_no_other(
        self, stack: Stack, told: BusQueue, telling: ModuleType
    ) -> None:
        @task(id="export")
        def failing(context: Context) -> Verdict:
            return Failed("The disk is full.")

        record = stack.trigger(failing)
        stack.run(record)
        stack.run(stack.trigger(exporting()))
        stack.run(stack.trigger(export))  # waits for a minute

        [event] = told.take()
        assert telling.handler(event, None) == f"export {record.id} has failed: The disk is full."

    def test_the_rule_lets_a_long_wait_through(
        self, stack: Stack, told: BusQueue, telling: ModuleType
    ) -> None:
        @task(id="export")
        def sleeping(context: Context) -> Verdict:
            return Continue(wait=4_000)

        record = stack.trigger(sleeping)
        stack.run(record)
        waiting = telling.handler(told.take()[0], None)
        stack.tasks.abort(record.id)
        aborted = telling.handler(told.take()[0], None)

        assert waiting.startswith(f"export {record.id} waits until 20")
        assert aborted == f"export {record.id} is aborted."

    def test_the_table_has_every_key_that_an_event_may_have(self, stack: Stack) -> None:
        source = inspect.getsource(status_events)
        section = GUIDE.partition("| in the detail |")[2].partition("\n\n")[0]
        listed = {
            name
            for row in re.findall(r"^\|(.*?)\|", section, re.MULTILINE)
            for name in re.findall(r"`(\w+)`", row)
        }

        keys = {
            WireKey.TASK_ID,
            WireKey.DEFINITION_ID,
            WireKey.TENANT,
            WireKey.NAME,
            WireKey.STATUS,
        }
        others = set(re.findall(r'"(\w+)": (?:task\.|self\.)', source))
        assert listed == {*keys, *others, "waitSeconds", "error"} - {"code"}


def test_each_link_leads_somewhere() -> None:
    for link in links_of(GUIDE):
        assert (DOCS / link.partition("#")[0]).exists(), link


def test_the_event_of_a_signal_reaches_the_task_that_waits_for_it(stack: Stack) -> None:
    @task()
    def waiter(context: Context) -> Verdict:
        return context.wait_for_signal("approved", approved, timeout=60)

    def approved(signal: Signal | None) -> Verdict:
        return Done(output=(signal and signal.data) or {})

    record = stack.trigger(waiter)
    stack.run(record)
    (command,) = re.findall(r"^```sh\n(aws .*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    *words, entries = shlex.split(command)
    (entry,) = json.loads(entries)
    detail = json.loads(entry["Detail"]) | {"webinyTaskId": record.id}

    event = {"id": "e1", "detail-type": entry["DetailType"], "detail": detail}
    assert stack.system.signal_events.receive(event)
    stack.run(record, execution="woken")

    assert words == ["aws", "events", "put-events", "--entries"]
    assert stack.get(record).output == {"by": "Anne"}
