"""The guide to the API, on lists: each document is answered, and what it says is the code's."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from handler.contract import PARTITION_KEY, SORT_KEY, Index, Status
from handler.graphql.logs import _MAX_PASSED_BYTES
from handler.record import StoredTask
from handler.table import items
from tests.docs.guide import DOCS, anchors_of, documents_of, links_of
from tests.handler.graphql.client import Api
from tests.handler.graphql.test_filters import REFUSED, fields_of
from tests.handler.stack import Stack
from tests.measure.meter import Item, size_of

GUIDE = (DOCS / "api.md").read_text()
FAILED, REFUSAL, TAGGED, OF_A_CUSTOMER, LOGS, DEFINITIONS = documents_of(GUIDE, "Lists")
LISTS = GUIDE.partition("\n## Lists\n")[2].partition("\n## ")[0]


@pytest.fixture
def stack() -> Iterator[Stack]:
    with Stack.inside_moto() as stack:
        yield stack


@pytest.fixture
def api(stack: Stack) -> Api:
    return Api(stack)


def test_what_has_failed_is_listed_by_its_end(stack: Stack, api: Api) -> None:
    for number in range(3):
        end = stack.clock.now() + timedelta(hours=3 - number)
        stack.create(id=f"t{number}", status=Status.FAILED, finished_on=end, error_code="NO")
    stack.create(status=Status.SUCCESS, finished_on=stack.clock.now())

    envelope = api.envelope(FAILED)

    assert [(task["id"], task["errorCode"]) for task in envelope["data"]] == [
        ("t0", "NO"),
        ("t1", "NO"),
        ("t2", "NO"),
    ]
    assert envelope["meta"]["totalCount"] == 3


def test_what_is_refused_says_what_to_ask_instead(api: Api) -> None:
    error = api.envelope(REFUSAL)["error"]

    assert error["data"] == {"filter": "name_contains"}
    assert error["message"] == (
        "The filter name_contains is 'port'; nothing answers it."
        " Next: filter by name, or by name_startsWith."
    )


def test_a_task_is_found_by_its_tags(stack: Stack, api: Api) -> None:
    made = api.data(TAGGED)
    stack.tasks.trigger("exportUsers", tags={"customer": "7"})

    found = api.data(OF_A_CUSTOMER)

    assert made["tags"] == {"customer": "42", "region": "eu"}
    assert [task["id"] for task in found] == [made["id"]]


def test_the_logs_of_a_task_are_listed(stack: Stack, api: Api) -> None:
    record = stack.tasks.trigger("exportUsers", input={"size": 1})
    stack.run(record)

    data = api.data(LOGS, task=record.id)

    assert [log["iteration"] for log in data] == [1, 2]


def test_the_definitions_have_counts(stack: Stack, api: Api) -> None:
    stack.create(definition_id="exportUsers")
    stack.dynamodb.requests.clear()

    data: dict[str, Any] = {each["id"]: each["counts"] for each in api.data(DEFINITIONS)}

    assert (data["exportUsers"]["pending"], data["testingRun"]["pending"]) == (1, 0)
    # Four for each, and the one open task is read.
    assert len(stack.dynamodb.calls) == 2 * 4 + 1


def test_each_filter_that_is_answered_is_in_the_table_or_the_list_below_it() -> None:
    answered = set(fields_of("WebinyBackgroundTaskListWhereInput")) - REFUSED

    for field in {name.partition("_")[0] for name in answered}:
        assert re.search(rf"`{field}[`_:]", LISTS), field
    for field in {name for name in REFUSED if "_" not in name}:
        assert f"`{field}`" in LISTS.partition("What nothing answers is refused")[2], field


def test_a_page_of_logs_goes_past_as_much_as_the_guide_says() -> None:
    assert f"goes past {_MAX_PASSED_BYTES / 1e6:g} MB of logs" in LISTS


def test_one_request_has_the_keys_of_as_many_names_as_the_guide_says() -> None:
    record = StoredTask.new(
        now=datetime(2030, 1, 1, tzinfo=UTC),
        definition_id="exportUsers",
        name="The export of a night",
        input={},
    )
    index = Index.BY_NAME
    names = {PARTITION_KEY, SORT_KEY, index.partition_key, index.sort_key}
    entry = {name: value for name, value in items.task_item(record).items() if name in names}

    fits = 2**20 // size_of(cast("Item", entry))  # API reference, Query: 1 MB

    assert 9_000 < fits < 11_000
    assert "some ten thousand" in LISTS


def test_each_link_leads_somewhere() -> None:
    for link in links_of(LISTS):
        file, _, anchor = link.partition("#")
        assert anchor in anchors_of((DOCS / file).read_text()), link
