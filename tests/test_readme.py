"""What the README says can be done as it says."""

import json
import re
import types
from pathlib import Path

from handler.contract import DETAIL_TYPE
from handler.definition.definition import Definition
from handler.testing import run

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_task_in_the_readme_runs_and_has_at_most_fifteen_lines_of_code() -> None:
    [source] = re.findall(r"```python\n# definitions/count_words\.py\n(.*?)```", README, re.DOTALL)
    module = types.ModuleType("count_words")
    exec(source, vars(module))  # the README's own text
    [definition] = [value for value in vars(module).values() if isinstance(value, Definition)]

    result = run(definition, {"texts": ["one two", "three"]})

    assert result.record.output == {"words": 3}
    assert len([line for line in source.splitlines() if line.strip()]) <= 15


def test_every_word_of_make_in_the_readme_is_one() -> None:
    targets = set(re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"^make ([\w./-]+)", README, re.MULTILINE)) <= targets


def test_the_event_by_hand_in_the_readme_is_one_that_the_rule_takes() -> None:
    [entries] = re.findall(r"put-events --entries '(.*?)'", README, re.DOTALL)
    [entry] = json.loads(entries)

    assert entry["DetailType"] == DETAIL_TYPE
    assert json.loads(entry["Detail"])["webinyTaskDefinitionId"] == "testingRun"


def test_every_file_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\(([\w/.-]+)\)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
