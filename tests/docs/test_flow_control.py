"""The guide to flow control: its code runs as it stands, and does what the text says."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from handler import Definition, Status, TaskRecord
from handler.definition import MAX_CONCURRENCY, OnConflict, discover
from handler.table.limits import SLOTS_A_PART
from handler.testing import World
from tests.docs.guide import DOCS, anchors_of, files_of, laid_out, links_of, loaded

GUIDE = (DOCS / "flow-control.md").read_text()
FILES = files_of(GUIDE)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The guide's files; those of `definitions/` can be imported beside the project's."""
    with laid_out(tmp_path_factory.mktemp("flow"), FILES) as folder:
        yield folder


@pytest.fixture
def known(project: Path) -> dict[str, Definition]:
    return {each.id: each for each in discover()}


def triggered(world: World, definition: Definition, inputs: list[Any]) -> list[TaskRecord]:
    return [world.tasks.trigger(definition, input=input) for input in inputs]


def test_each_customer_has_three_imports_at_a_time(known: dict[str, Definition]) -> None:
    definition = known["importOrders"]
    inputs = [{"customer": name, "pages": 2} for name in ("ann", "ann", "ann", "ann", "bob")]
    with World.of(definition) as world:
        made = triggered(world, definition, inputs)

        assert [bool(each.queued_on) for each in made] == [False, False, False, True, False]
        world.finish()
        assert all(world.tasks.get(each.id).has_succeeded for each in made)


def test_ten_start_a_second(known: dict[str, Definition]) -> None:
    definition = known["syncContact"]
    with World.of(definition) as world:
        made = triggered(world, definition, [{"contact": str(each)} for each in range(11)])

        first = made[0].created_on
        starts = [(each.starts_on or first) - first for each in made]
        assert starts == [timedelta(milliseconds=100) * each for each in range(11)]
        world.finish()
        ended = [world.tasks.get(each.id) for each in made]
        assert all(each.has_succeeded for each in ended)
        for record, start in zip(ended, starts, strict=True):
            assert record.started_on
            assert record.started_on >= first + start


def test_who_asks_while_an_import_runs_gets_that_one(known: dict[str, Definition]) -> None:
    definition = known["importCatalog"]
    with World.of(definition) as world:
        first, second, other = triggered(
            world, definition, [{"shop": "a"}, {"shop": "a"}, {"shop": "b"}]
        )

        assert first.id == second.id != other.id
        world.finish()
        [third] = triggered(world, definition, [{"shop": "a"}])
        assert third.id != first.id


def test_a_storm_is_one_task(project: Path, known: dict[str, Definition]) -> None:
    with World.of(known["indexOrder"]) as world:
        webhooks = loaded(project / "shop" / "webhooks.py")
        ids = {webhooks.order_changed("17", version) for version in range(100)}

        assert len(ids) == 1
        world.finish()
        record = world.tasks.get(ids.pop())
        assert (record.status, record.output) == (Status.SUCCESS, {"version": 99})
        assert record.started_on
        assert record.started_on - record.created_on >= timedelta(seconds=10)


def test_it_names_every_way_to_settle_a_conflict() -> None:
    table = GUIDE.partition("| `on_conflict` |")[2].partition("\n\n")[0]

    assert set(re.findall(r'^\| `"(\w+)"`', table, re.MULTILINE)) == {
        each.value for each in OnConflict
    }


def test_its_numbers_are_the_codes() -> None:
    assert f"A key of up to {SLOTS_A_PART} slots is one item" in GUIDE
    assert f"{MAX_CONCURRENCY:,} slots are the most" in GUIDE


def test_every_link_leads_somewhere() -> None:
    for target in links_of(GUIDE):
        file, _, anchor = target.partition("#")
        assert (DOCS / file).exists(), target
        assert not anchor or anchor in anchors_of((DOCS / file).read_text() if file else GUIDE)
