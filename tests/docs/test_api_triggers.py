"""The guide of the API, on mutations for each definition, and on many triggers in one request."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, print_type

from handler import Definition
from handler.graphql.schema import Schemas
from tests.docs.guide import DOCS, anchors_of, documents_of, files_of, links_of, loaded
from tests.handler.graphql.client import Api
from tests.handler.stack import Stack

GUIDE = (DOCS / "api.md").read_text()
EACH, MANY = "A mutation for each definition", "Many triggers in one request"


def section(heading: str) -> str:
    return GUIDE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.fixture
def reindex(tmp_path: Path) -> Definition:
    """The guide's task."""
    ((file, code),) = files_of(section(EACH)).items()
    path = tmp_path / Path(file).name
    path.write_text(code)
    found: Definition = loaded(path).reindex
    return found


@pytest.fixture
def stack() -> Iterator[Stack]:
    with Stack.inside_moto() as stack:
        yield stack


@pytest.fixture
def api(stack: Stack, reindex: Definition) -> Api:
    api = Api(stack)
    stack.definitions = (reindex,)
    return api


def test_a_task_is_triggered_by_the_mutation_of_its_definition(stack: Stack, api: Api) -> None:
    trigger, _ = documents_of(GUIDE, EACH)

    sources = [{"folderName": "news"}, {"folderName": "shop", "deep": False}]
    answer = api.ask(trigger, index="pages", sources=sources)
    data = answer["data"]["trigger"]["reindex"]["data"]

    record = stack.get(data["id"])
    assert record.delay == 60
    assert record.input == {
        "index": "pages",
        "mode": "changes",
        "sources": [{"folderName": "news", "deep": True}, {"folderName": "shop", "deep": False}],
        "most": None,
        "labels": {},
    }


def test_the_types_are_those_that_it_shows(reindex: Definition) -> None:
    (shown,) = re.findall(r"^```gql\n(.*?)^```$", section(EACH), re.MULTILINE | re.DOTALL)
    types = Schemas((reindex,)).whole.type_map
    names = re.findall(r"^(?:input|enum) (\w+)", shown, re.MULTILINE)

    assert "\n\n".join(print_type(types[name]) for name in names) == shown.strip()
    assert {name for name in types if name.startswith("ReindexTask")} == set(names)
    assert build_schema(f"scalar JSON\n{shown}")


def test_the_definitions_are_listed_with_what_they_take(api: Api) -> None:
    _, listing = documents_of(GUIDE, EACH)

    (definition,) = api.data(listing)

    assert definition["inputSchema"]["required"] == ["index"]
    assert json.dumps(definition["inputSchema"]).count("folderName") == 2


def test_many_are_triggered_and_the_request_may_be_sent_again(stack: Stack, api: Api) -> None:
    (document,) = documents_of(GUIDE, MANY)
    inputs: list[Any] = [{"index": "pages"}, {"index": 5}, {"index": "news"}]

    first = api.data(document, inputs=inputs, key="night-1")
    inputs[1] = {"index": "shop"}
    again = api.data(document, inputs=inputs, key="night-1")

    assert [entry["task"] is not None for entry in first] == [True, False, True]
    assert first[1]["error"]["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
    assert [again[0], again[2]] == [first[0], first[2]]
    assert again[1]["error"] is None
    assert {stack.get(entry["task"]["id"]).name for entry in again} == {"Night"}


@pytest.mark.parametrize("heading", [EACH, MANY])
def test_its_links_lead_somewhere(heading: str) -> None:
    for link in links_of(section(heading)):
        path, _, anchor = link.partition("#")
        target = DOCS / path if path else DOCS / "api.md"
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target.read_text()), link
