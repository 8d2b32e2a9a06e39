"""The guide for those who look after a stack: its code runs as it stands."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from handler.testing import World
from tests.docs.guide import DOCS, files_of, links_of, loaded
from tests.handler.graphql.client import Api
from tests.handler.stack import Stack

GUIDE = (DOCS / "operating.md").read_text()
(DOCUMENT,) = re.findall(r"^```graphql\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def retention(tmp_path: Path) -> ModuleType:
    for file, code in files_of(GUIDE).items():
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    return loaded(tmp_path / "shop" / "retention.py")


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


def test_the_document_of_the_api_is_answered(stack: Stack) -> None:
    assert Api(stack).data(DOCUMENT) == {"retentionDays": 30}


def test_each_link_leads_somewhere() -> None:
    for link in links_of(GUIDE):
        assert (DOCS / link.partition("#")[0]).exists(), link
