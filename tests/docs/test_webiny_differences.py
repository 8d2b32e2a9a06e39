"""The list of differences: each of them names a test that exists."""

import ast
import functools
import re
from pathlib import Path

import pytest

from handler import Context, Continue, Done, Verdict, task
from handler.testing import run
from tests.docs.guide import DOCS, anchors_of, links_of

ROOT = DOCS.parent
PAGE = (DOCS / "webiny-differences.md").read_text()
LIST, _, TABLE = PAGE.partition("## The tests")

DIFFERENCES: list[str] = re.findall(r"^- \*\*(.+?)\.\*\* ", LIST, re.MULTILINE)
# A difference, and the ids of its tests.
ROWS: list[tuple[str, str]] = re.findall(r"^\| (.+?) \| (`tests/.+`) \|$", TABLE, re.MULTILINE)


@functools.cache
def names_in(path: Path) -> frozenset[str]:
    """The ids that pytest gives to the tests of a file, without the file's own name."""
    found: set[str] = set()
    for statement in ast.parse(path.read_text()).body:
        if isinstance(statement, ast.FunctionDef):
            found.add(statement.name)
        if isinstance(statement, ast.ClassDef):
            found |= {
                f"{statement.name}::{inner.name}"
                for inner in statement.body
                if isinstance(inner, ast.FunctionDef)
            }
    return frozenset(found)


def test_the_table_has_the_differences_of_the_list_in_their_order() -> None:
    assert len(DIFFERENCES) > 60
    assert len(set(DIFFERENCES)) == len(DIFFERENCES)
    assert [difference for difference, _ in ROWS] == DIFFERENCES


def test_each_item_of_the_list_is_a_difference() -> None:
    assert len(re.findall(r"^- ", LIST, re.MULTILINE)) == len(DIFFERENCES)


@pytest.mark.parametrize(("difference", "tests"), ROWS)
def test_each_difference_names_a_test_that_exists(difference: str, tests: str) -> None:
    for test in re.findall(r"`(.+?)`", tests):
        file, _, name = test.partition("::")
        assert name in names_in(ROOT / file), f"{difference}: there is no test {test}"


def test_no_test_is_named_outside_of_the_table() -> None:
    assert "tests/" not in LIST


def test_each_link_leads_somewhere() -> None:
    for link in links_of(PAGE):
        assert link.removeprefix("#") in anchors_of(PAGE)


def test_the_log_of_a_task_that_continues_has_the_wait_and_not_the_input() -> None:
    @task(id="goesOn")
    def goes_on(context: Context, input: dict[str, object]) -> Verdict:
        return Done() if input else Continue({"secret": 1}, wait=5)

    log = run(goes_on).logs[0]

    assert [(line.message, line.data) for line in log.lines] == [("Task continuing.", {"wait": 5})]
