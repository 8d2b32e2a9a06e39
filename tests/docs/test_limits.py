"""What docs/limits.md says is what the code, its requests and AWS's quotas make."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from handler import contract
from handler.contract import Index
from handler.record import StoredTask
from handler.table import items
from tests.docs.figures import limits
from tests.docs.figures.blocks import differences
from tests.docs.figures.facts import LOOKED_UP, QUOTAS, Quota
from tests.docs.guide import DOCS, anchors_of, links_of
from tests.infra.recording import run

pytestmark = pytest.mark.program


GUIDE = DOCS / "limits.md"


def test_every_number_of_its_tables_is_the_codes_and_the_quotas() -> None:
    found = differences(GUIDE, limits.blocks())

    assert not found, "\n".join(found)


def test_a_constant_that_changes_is_a_cell_that_must_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(contract, "MAX_WAIT_SECONDS", 300 * contract.DAY_SECONDS)

    assert differences(GUIDE, limits.blocks()) == [
        (
            'limits.md, "task": row "a wait or a delay", column "limit", says "355 days" and'
            ' must say "300 days". Next: `.venv/bin/python -m tests.docs.figures` writes it anew.'
        )
    ]


def test_a_quota_that_changes_is_a_cell_that_must_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(QUOTAS, "start_execution", replace(QUOTAS["start_execution"], number=1_000))

    found = "\n".join(differences(GUIDE, limits.blocks()))

    assert 'row "StartExecution", column "tasks a second", says "300" and must say "1,000"' in found
    assert 'row "their start", column "by default", says "300 a second"' in found


@pytest.mark.parametrize("index", Index)
def test_every_index_of_the_table_has_its_rate(index: Index) -> None:
    assert f"| the index `{index.value}`, " in GUIDE.read_text()


def test_an_index_of_more_partitions_takes_more_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    of_one = limits.rate_of(Index.UNFINISHED)

    def spread_out(task: StoredTask) -> Mapping[str, Any]:
        key = {"S": f"unfinished#{int(task.id) % 4}"}
        return {Index.UNFINISHED.partition_key: key}

    monkeypatch.setattr(items, "task_item", spread_out)

    of_four = limits.rate_of(Index.UNFINISHED)

    assert limits.spread_of(Index.UNFINISHED) == limits.Spread(of="the stack", partitions=4)
    assert of_four.most == 4 * 1_000
    assert of_four.need == of_one.need


def test_the_alarm_that_it_names_is_one() -> None:
    alarms = run({"vendorDependencies": False}).all("aws:cloudwatch/metricAlarm:MetricAlarm")

    assert "the alarm `throttled`" in GUIDE.read_text()
    assert "background-tasks-dev-throttled" in [alarm["name"] for alarm in alarms]


@pytest.mark.parametrize("quota", QUOTAS.values(), ids=QUOTAS)
def test_every_quota_has_its_source_and_says_how_it_was_checked(quota: Quota) -> None:
    assert quota.url.startswith(("https://docs.aws.amazon.com/", "https://repost.aws/"))
    assert quota.source
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", quota.as_of or LOOKED_UP)
    assert quota.checked in ("AWS page", "another page that quotes it", "no")
    assert f"Looked up on {LOOKED_UP}" in GUIDE.read_text()


def test_each_of_its_links_leads_somewhere() -> None:
    text = GUIDE.read_text()
    for link in links_of(text):
        file, _, anchor = link.partition("#")
        assert (DOCS / file).exists()
        assert not anchor or anchor in anchors_of((DOCS / file).read_text() if file else text)
