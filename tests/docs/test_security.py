"""What docs/security.md says of the stack is so."""

import re

import pytest

from infra import alarms, payload_bucket
from infra.storage import UNDELIVERED_SECONDS
from tests.docs.guide import DOCS, anchors_of, links_of
from tests.infra.recording import Program, defaults, run

GUIDE = (DOCS / "security.md").read_text()
TESTS = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", GUIDE)
CLAIMS, _, SCANNERS = GUIDE.partition("## What scanners ask for")
# Every rule that checkov 3.3.30 has for the types in the program (`checkov -l`).
RULES = (
    *(f"CKV_AWS_{number}" for number in (18, 19, 20, 21, 26, 27, 28, 45, 50, 53, 54, 55, 56, 57)),
    *(f"CKV_AWS_{number}" for number in (60, 61, 62, 63, 66, 70, 72, 76, 93, 115, 116, 117, 119)),
    *(f"CKV_AWS_{number}" for number in (143, 144, 145, 158, 168, 169, 173, 272, 274, 284, 285)),
    *(f"CKV_AWS_{number}" for number in (286, 287, 288, 289, 290, 297, 300, 301, 309, 319, 338)),
    *(f"CKV_AWS_{number}" for number in (355, 363, 364, 385, 387, 393)),
    *(f"CKV2_AWS_{number}" for number in (6, 16, 37, 40, 51, 56, 61, 62, 68, 73, 75, 77)),
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


def test_every_rule_is_answered_once() -> None:
    answered = re.findall(r"CKV2?_AWS_\d+", SCANNERS)

    assert sorted(answered) == sorted(RULES)


def test_every_row_says_what_meets_the_rule_or_which_setting_does_or_why_it_is_not_met() -> None:
    rows = [row.split(" | ") for row in re.findall(r"^\| (.*) \|$", SCANNERS, re.MULTILINE)[1:]]

    assert [row[0] for row in rows if not row[1].startswith(("met", "not met", "a setting"))] == []


def test_every_setting_that_an_answer_names_is_one() -> None:
    named = re.findall(r"a setting, `(\w+)`", SCANNERS)

    assert named
    assert set(named) <= defaults().keys()


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
