"""A stack that an earlier release has deployed: `tests/engine/releases/` has the state of each.

`RELEASE=write make pulumi` writes the state of the release that pyproject.toml names. What is
released is never written again.
"""

import json
import os
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from tests.engine.setups import SMALL, stack
from tests.engine.stack import ROOT, Engine, Stack

FOLDER: Final = ROOT / "tests" / "engine" / "releases"
# What keeps data, or runs tasks: executions end with their state machine.
HOLDS_DATA: Final = (
    "aws:cloudwatch/eventBus:EventBus",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:dynamodb/table:Table",
    "aws:s3/bucket:Bucket",
    "aws:sfn/stateMachine:StateMachine",
    "aws:sqs/queue:Queue",
)


def _this_release() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def test_the_state_of_this_release_is_kept(engine: Engine) -> None:
    file = FOLDER / f"{_this_release()}.json"
    if os.environ.get("RELEASE") == "write":
        new = stack(engine, "dev", SMALL)
        new.up().must()
        exported = engine.run("stack", "export", "--stack", "dev", cwd=new.folder).must()
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(_kept(json.loads(exported.output)), indent=1) + "\n")

    assert file.exists(), "Next: RELEASE=write make pulumi"


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_nothing_that_holds_data_is_replaced_or_deleted_when_a_release_is_followed_by_this_code(
    engine: Engine, file: Path
) -> None:
    deployed = Stack(engine, "dev", engine.checkout()).init()
    deployed.set("vendorDependencies", False)
    engine.run("stack", "import", "--stack", "dev", "--file", str(file), cwd=deployed.folder).must()

    changes = deployed.preview().must().changes

    lost = [
        f"{op} {resource}"
        for op, resources in changes.items()
        for resource in resources
        if op not in ("create", "update") and resource.startswith(HOLDS_DATA)
    ]
    assert lost == []


def _kept(state: Any) -> Any:
    """A state without what says where on a machine the program's frames were."""
    if isinstance(state, list):
        return [_kept(each) for each in state]
    if not isinstance(state, dict):
        return state
    of_the_machine = ("sourcePosition", "stackTrace")
    return {key: _kept(value) for key, value in state.items() if key not in of_the_machine}
