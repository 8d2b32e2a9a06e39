"""A handler with something left out breaks a rule."""

import re
from pathlib import Path

import pytest

from tests.simulation.mutations import MUTATIONS, found

ROOT = Path(__file__).parents[2]
# Each is found in the first world. `python -m tests.simulation.mutations` tries all of them.
_QUICK = {
    "the claim does not ask for the owner": "one owner",
    "the claim takes a task that is over": "a status only moves forward",
    "a hook is cleared before it has run": "a follow-up is done",
    "the log is written after the outcome": "outcome and log are one write",
    "a verb in bulk leaves out one of a page": "a verb in bulk takes all of its tasks",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", _QUICK)
def test_a_mutation_of_the_handler_is_found(prepared: None, name: str) -> None:
    [mutation] = [each for each in MUTATIONS if each.name == name]

    by = found(mutation)

    assert by is not None
    assert by.rule == _QUICK[name]


def test_the_docs_list_every_mutation() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text()

    section = text.partition("### What it finds")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)

    assert listed[1:] == [mutation.name for mutation in MUTATIONS]
