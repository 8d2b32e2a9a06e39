"""The guide to the API: its documents are run, and its numbers are the code's."""

import json
import re
from collections.abc import Iterator

import pytest
from graphql import parse

from handler.graphql.limits import MAX_FIELDS
from handler.graphql.operation import Operation
from tests.docs.guide import DOCS, anchors_of, documents_of, links_of
from tests.handler.graphql.client import Api
from tests.handler.stack import Stack

GUIDE = (DOCS / "api.md").read_text()


@pytest.fixture
def api() -> Iterator[Api]:
    with Stack.inside_moto() as stack:
        yield Api(stack)


@pytest.mark.parametrize("type_", ["String!", "WebinyBackgroundTaskDefinitionEnum!"])
def test_a_client_triggers_a_task_by_its_document(api: Api, type_: str) -> None:
    (trigger,) = documents_of(GUIDE, "Clients")

    shown = api.data(trigger.replace("String!", type_), definition="testingRun")

    assert (shown["taskStatus"], shown["executionName"]) == ("pending", "")


def test_a_batch_of_it_is_answered_in_its_order(api: Api) -> None:
    (trigger,) = documents_of(GUIDE, "Clients")
    one = {"query": trigger, "variables": {"definition": "testingRun"}}

    answers = json.loads(api.send([one, {"query": "{ nope }"}, one])["body"])

    assert ["errors" in answer for answer in answers] == [False, True, False]


def test_what_fits_has_as_many_fields_as_it_says(api: Api) -> None:
    (fits,) = documents_of(GUIDE, "Limits of a request")
    (operation,) = parse(fits).definitions

    asked = Operation(operation, {}, {}).asked()  # type: ignore[arg-type]

    assert f"These are {asked.fields:,} fields of {MAX_FIELDS:,}" in GUIDE
    assert api.envelope(fits)["error"] is None


def test_its_links_lead_somewhere() -> None:
    for link in links_of(GUIDE):
        file, _, anchor = link.partition("#")
        path = DOCS / file if file else DOCS / "api.md"
        assert path.exists(), link
        assert not anchor or anchor in anchors_of(path.read_text()), link


def test_each_section_says_something() -> None:
    sections = re.split(r"^## (.+)$", GUIDE, flags=re.MULTILINE)[1:]
    written = dict(zip(sections[::2], sections[1::2], strict=True))
    assert all(
        text.strip() for name, text in written.items() if name in ("Clients", "Limits of a request")
    )
