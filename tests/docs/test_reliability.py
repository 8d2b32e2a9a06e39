"""What docs/reliability.md says of the code is so."""

import re

import pytest

from handler.aws.worker_failures import Crash
from handler.errors import DeliveryError
from handler.lifecycle import reconciliation
from infra.recovery_function import SWEEP
from tests.docs.guide import DOCS, anchors_of, links_of

GUIDE = (DOCS / "reliability.md").read_text()
TESTS = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", GUIDE)


@pytest.mark.parametrize(("file", "test"), TESTS)
def test_each_test_that_it_names_is_there(file: str, test: str) -> None:
    assert f"def {test}(" in (DOCS.parent / file).read_text()


def test_every_promise_names_a_test() -> None:
    promises = GUIDE.partition("## What is promised")[2].partition("\n## ")[0].strip().split("\n\n")
    assert len(promises) >= 10
    assert all("`tests/" in promise and promise.startswith("**") for promise in promises)


def test_each_code_that_it_names_is_one() -> None:
    codes = {crash.error_code for crash in Crash} | {
        reconciliation.NEVER_CLAIMED,
        reconciliation.UNDELIVERED,
        DeliveryError.code,
    }
    named = set(re.findall(r"`((?:WORKER|TRIGGER|NEVER|UNDELIVERED)[A-Z_]*)`", GUIDE))
    assert named == codes


def test_each_of_its_links_leads_somewhere() -> None:
    for link in links_of(GUIDE):
        file, _, anchor = link.partition("#")
        assert (DOCS / file).exists()
        assert not anchor or anchor in anchors_of((DOCS / file).read_text() if file else GUIDE)


def test_the_sweeps_interval_is_what_it_says() -> None:
    assert SWEEP == "rate(5 minutes)"
    assert "every 5 minutes" in GUIDE
