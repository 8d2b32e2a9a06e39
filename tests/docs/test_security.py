"""What docs/security.md says of the stack is so."""

import re

import pytest

from infra import alarms, payload_bucket
from infra.storage import UNDELIVERED_SECONDS
from tests.docs.guide import DOCS, anchors_of, links_of
from tests.infra.recording import Program, run

GUIDE = (DOCS / "security.md").read_text()
TESTS = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", GUIDE)
CLAIMS, _, SCANNERS = GUIDE.partition("## What scanners ask for")
# What the deployed documents were found to break.
RULES = (
    *("CKV_AWS_18", "CKV_AWS_21", "CKV_AWS_50", "CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117"),
    *("CKV_AWS_119", "CKV_AWS_144", "CKV_AWS_145", "CKV_AWS_158", "CKV_AWS_173", "CKV_AWS_272"),
    *("CKV_AWS_284", "CKV_AWS_300", "CKV_AWS_338", "CKV2_AWS_62"),
)


@pytest.fixture(scope="module")
def stack() -> Program:
    return run({"vendorDependencies": False})


@pytest.mark.parametrize(("file", "test"), TESTS)
def test_each_test_that_it_names_is_there(file: str, test: str) -> None:
    assert f"def {test}(" in (DOCS.parent / file).read_text()


def test_every_claim_names_a_test() -> None:
    claims = [each for each in CLAIMS.split("\n\n") if each.startswith("**")]
    assert len(claims) >= 18
    assert [each for each in claims if "`tests/" not in each and "\n|" not in each] == []


def test_every_rule_is_answered() -> None:
    assert [
        rule for rule in RULES if f"{rule}," not in SCANNERS and f"{rule}:" not in SCANNERS
    ] == []


def test_each_of_its_links_leads_somewhere() -> None:
    for link in links_of(GUIDE):
        file, _, anchor = link.partition("#")
        assert (DOCS / file).exists()
        assert not anchor or anchor in anchors_of((DOCS / file).read_text() if file else GUIDE)


def test_it_has_every_alarm_and_no_other(stack: Program) -> None:
    deployed = {
        alarm["name"].removeprefix("background-tasks-dev-")
        for alarm in stack.all("aws:cloudwatch/metricAlarm:MetricAlarm")
    }

    rows = GUIDE.partition("| alarm | goes off when |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `([\w-]+)`", rows, re.MULTILINE)) == deployed


def test_its_numbers_are_the_codes() -> None:
    assert "after a day" in GUIDE
    assert payload_bucket.ABORT_UPLOADS_AFTER_DAYS == 1
    assert "for half an hour" in GUIDE
    assert alarms.PATIENT_PERIODS * alarms.PERIOD_SECONDS == 30 * 60
    assert "stay there for two weeks" in GUIDE
    assert UNDELIVERED_SECONDS == 14 * 24 * 60 * 60


def test_the_roles_that_it_lists_are_those_of_the_stack(stack: Program) -> None:
    rows = GUIDE.partition("| role | may |")[2].partition("\n\n")[0]
    listed = re.findall(r"^\| (\w[\w ]*) \|", rows, re.MULTILINE)

    # Schedules have a role where a task has a schedule.
    assert len(listed) == len(stack.all("aws:iam/role:Role")) + 1


def test_no_function_of_the_stack_waits_for_a_notification_of_the_bucket(stack: Program) -> None:
    assert stack.all("aws:s3/bucketNotification:BucketNotification") == []
    assert stack.all("aws:s3/bucketVersioning:BucketVersioning") == []
