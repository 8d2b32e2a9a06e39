"""The list of differences: every one of them names a test that there is."""

import ast
import re
from pathlib import Path

import pytest

from handler import Context, Continue, Done, Verdict, task
from handler.testing import run
from tests.docs.guide import DOCS

ROOT = DOCS.parent
PAGE = (DOCS / "webiny-differences.md").read_text()
_ENTRY = re.compile(r"^- .*?(?=^- |^#|\Z)", re.MULTILINE | re.DOTALL)
_TEST = re.compile(r"`(tests/[\w/]+\.py::[\w:]+)`")

ENTRIES = _ENTRY.findall(PAGE)


def nodes_of(path: Path) -> set[str]:
    """The ids that pytest gives to the tests of a file, behind the file's own."""
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
    return found


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry[2:50])
def test_each_difference_names_a_test_that_there_is(entry: str) -> None:
    named = _TEST.findall(entry)
    assert named, f"no test is named in: {entry}"
    for test in named:
        file, _, node = test.partition("::")
        assert node in nodes_of(ROOT / file), f"there is no test {test}"


def test_the_page_has_differences() -> None:
    assert len(ENTRIES) > 40


def test_that_a_task_continues_is_logged_with_the_wait_and_not_with_the_input() -> None:
    @task(id="goesOn")
    def goes_on(context: Context, input: dict[str, object]) -> Verdict:
        return Done() if input else Continue({"secret": 1}, wait=5)

    log = run(goes_on).logs[0]
    assert [(line.message, line.data) for line in log.items] == [("Task continuing.", {"wait": 5})]
