"""What Pulumi writes: the stack's file, and the state."""

import difflib
import json
from pathlib import Path

import pytest

from tests.engine.setups import SMALL, stack
from tests.engine.stack import ROOT, Engine, Stack


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_new_stack_adds_its_salt_to_its_file_and_changes_no_other_line(
    engine: Engine, name: str
) -> None:
    new = Stack(engine, name, engine.checkout())
    file = new.folder / f"Pulumi.{name}.yaml"
    before = file.read_text().splitlines()

    new.init()

    after = file.read_text().splitlines()
    changed = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    assert [line.partition(":")[0] for line in changed] == ["+ encryptionsalt"]


def test_the_state_has_no_path_of_this_machine(engine: Engine) -> None:
    new = stack(engine, "dev", SMALL)

    new.up().must()

    # Where the program's own frames were is Pulumi's to say: beside the project, in `stackTrace`.
    resources = [
        {key: value for key, value in each.items() if key not in ("sourcePosition", "stackTrace")}
        for each in new.export()
    ]
    state = json.dumps(resources)
    assert ".build/" in state  # the archive's path, which begins at the project's folder
    assert [each for each in (engine.folder, ROOT, Path.home()) if str(each) in state] == []
