"""What docs/deploying.md says is so. tests/engine/test_deploying.py walks through it."""

import json
import re
import subprocess

import pytest

from cli.first_deploy.__main__ import CHECKS
from infra import state_machine
from infra.names import MAX_PREFIX_CHARACTERS
from tests.docs.guide import DOCS, anchors_of, links_of

GUIDE = (DOCS / "deploying.md").read_text()
SHELL = re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
MAKEFILE = (DOCS.parent / "Makefile").read_text()


def test_each_of_its_links_leads_somewhere() -> None:
    for link in links_of(GUIDE):
        file, _, anchor = link.partition("#")
        assert (DOCS / file).exists(), link
        assert not anchor or anchor in anchors_of((DOCS / file).read_text() if file else GUIDE), (
            link
        )


@pytest.mark.parametrize("block", SHELL)
def test_each_of_its_commands_is_one_for_bash(block: str) -> None:
    parsed = subprocess.run(
        ["bash", "-n"], input=block, check=False, capture_output=True, text=True
    )

    assert (parsed.returncode, parsed.stderr) == (0, "")


def test_every_word_of_make_in_it_is_one() -> None:
    words = re.findall(r"^make ([\w./-]+)", "".join(SHELL), re.MULTILINE)

    assert words
    assert set(words) <= set(re.findall(r"^([\w./-]+):", MAKEFILE, re.MULTILINE))


def test_its_documents_are_json() -> None:
    for block in re.findall(r"^```json\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL):
        json.loads(block)


def test_its_table_has_the_ten_checks_in_their_order() -> None:
    rows = re.findall(r"^\| \d+\. ([^|]+) \|", GUIDE, re.MULTILINE)

    assert rows == [check.title for check in CHECKS]


def test_its_numbers_are_the_codes() -> None:
    hyphen = 1
    assert f"names together have at most {MAX_PREFIX_CHARACTERS - hyphen} characters" in GUIDE
    assert state_machine.DELETE_TIMEOUT == "30m"
    assert "gives up after 30 minutes" in GUIDE
