"""The guide to schedules: its code runs as it stands, and its numbers are the code's."""

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handler import Schedule
from handler.definition import discover
from handler.definition.cron import FIELDS
from handler.definition.schedule import MAX_EXPRESSION_CHARACTERS
from handler.definition.schedule_input import MAX_SCHEDULE_INPUT_BYTES
from handler.testing import run
from infra.event_routing import MAX_EVENT_AGE_SECONDS, MAX_RETRY_ATTEMPTS
from tests.docs.guide import DOCS, anchors_of, files_of, laid_out, links_of, loaded

GUIDE = (DOCS / "schedules.md").read_text()
FILES = files_of(GUIDE)
TESTS = re.findall(r"^def (test_\w+)", FILES["tests/test_schedules.py"], re.MULTILINE)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The guide's files; those of `definitions/` can be imported beside the project's."""
    with laid_out(tmp_path_factory.mktemp("schedules"), FILES) as folder:
        yield folder


@pytest.mark.parametrize("name", TESTS)
def test_each_test_in_the_guide_passes(project: Path, name: str) -> None:
    test: Callable[[], None] = getattr(loaded(project / "tests" / "test_schedules.py"), name)
    test()


def test_each_task_in_the_guide_is_triggered_by_the_clock(project: Path) -> None:
    found = {each.id: each for each in discover() if each.schedule}

    assert set(found) == {"tidyUp", "makeNightlyReport"}
    assert run(found["tidyUp"]).record.has_succeeded


def test_every_expression_in_the_guide_is_one() -> None:
    expressions = set(re.findall(r"(?:rate|cron|at)\([^)`]+\)", GUIDE)) - {"rate(1 minutes)"}

    assert len(expressions) >= 6
    for expression in expressions:
        Schedule(expression)


def test_the_guide_names_every_field_with_its_values() -> None:
    for field in FIELDS:
        assert re.search(rf"^\| {field.name} \| {field.first}\b.*\b{field.last}\b", GUIDE, re.M)


def test_the_guide_names_every_argument_of_a_schedule() -> None:
    table = GUIDE.partition("| `Schedule(expression, ...)`")[2].partition("\n\n")[0]

    named = set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))
    assert named == set(inspect.signature(Schedule).parameters) - {"expression"}


def test_the_numbers_in_the_guide_are_the_codes() -> None:
    assert MAX_EVENT_AGE_SECONDS == 60 * 60
    assert "tried again for an hour" in GUIDE
    assert f"up to {MAX_RETRY_ATTEMPTS} times" in GUIDE
    assert f"at most {MAX_SCHEDULE_INPUT_BYTES // 1024} KiB" in GUIDE
    assert f"an expression has at most {MAX_EXPRESSION_CHARACTERS} characters" in GUIDE


def test_every_link_in_the_guide_leads_somewhere() -> None:
    for link in links_of(GUIDE):
        file, _, anchor = link.partition("#")
        assert (DOCS / file).exists(), link
        assert not anchor or anchor in anchors_of((DOCS / file).read_text()), link
