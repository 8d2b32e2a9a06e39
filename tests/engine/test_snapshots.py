"""What the program declares for dev and prod, as reviewed: `tests/engine/snapshots/`.

A change of the program changes these files; a review sees what it does to a stack. `SNAPSHOTS=write
make pulumi` writes them anew.
"""

import json
import os
from typing import Any, Final

import pytest

from tests.engine.aws_provider.kinds import kind
from tests.engine.aws_provider.naming import DEFAULTS
from tests.engine.setups import SMALL, stack
from tests.engine.stack import ROOT, Engine, Stack, short

FOLDER: Final = ROOT / "tests" / "engine" / "snapshots"


@pytest.mark.parametrize("setup", ["dev", "prod"])
def test_the_program_declares_what_has_been_reviewed(engine: Engine, setup: str) -> None:
    new = stack(engine, setup, SMALL)
    new.up().must()

    declared = json.dumps(_declared(new), indent=1) + "\n"

    file = FOLDER / f"{setup}.json"
    if os.environ.get("SNAPSHOTS") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(declared)
    assert declared == file.read_text(), "Next: SNAPSHOTS=write make pulumi, and review the change"


def _declared(stack: Stack) -> dict[str, Any]:
    """The inputs of each resource, without what another day or another code makes of it."""
    ours = [each for each in stack.export() if each["type"].startswith("aws:")]
    inputs = {short(each["urn"]): _reviewed(each["inputs"]) for each in ours}
    text = json.dumps(dict(sorted(inputs.items())))
    for each in ours:
        if "{unique}" in kind(each["type"]).id:
            text = text.replace(each["id"], f"<id of {short(each['urn'])}>")
        if each["type"] == "aws:lambda/function:Function":
            text = text.replace(each["inputs"]["code"]["hash"], "<hash of the bundle>")
            text = text.replace(_code_version(each), "<version of the code>")
    declared: dict[str, Any] = json.loads(text)
    return declared


def _code_version(function: dict[str, Any]) -> str:
    return str(function["inputs"]["environment"]["variables"]["CODE_VERSION"])


def _reviewed(inputs: dict[str, Any]) -> dict[str, Any]:
    """What the program has said: no name and no other input that the provider has filled in."""
    filled = {DEFAULTS, "region", "tagsAll", *inputs.get(DEFAULTS, [])}
    return {key: _parsed(value) for key, value in inputs.items() if key not in filled}


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value
    except ValueError:
        return value
