"""A stack's first five minutes: preview, up, up again, refresh, destroy."""

from dataclasses import dataclass

import pytest

from tests.engine.pulumi_cli import Cli
from tests.engine.setups import SETUPS, stack
from tests.engine.stack import Engine, Ran, Stack


@dataclass(frozen=True)
class Deployed:
    """A stack that is up, and what was said and done on the way."""

    stack: Stack
    previewed: Ran
    brought_up: Ran


@pytest.fixture(scope="module", params=SETUPS)
def deployed(
    request: pytest.FixtureRequest, cli: Cli, tmp_path_factory: pytest.TempPathFactory
) -> Deployed:
    """A stack of each set-up, previewed and brought up."""
    new = stack(Engine(cli, tmp_path_factory.mktemp(request.param)), request.param)
    return Deployed(new, previewed=new.preview().must(), brought_up=new.up().must())


def test_a_preview_from_nothing_names_what_the_up_creates(deployed: Deployed) -> None:
    assert deployed.previewed.changes == deployed.brought_up.changes
    assert list(deployed.brought_up.changes) == ["create"]


def test_a_second_up_changes_nothing(deployed: Deployed) -> None:
    again = deployed.stack.up("--expect-no-changes").must()

    assert again.changes == {}


def test_a_refresh_finds_no_drift(deployed: Deployed) -> None:
    read = deployed.stack.refresh("--expect-no-changes").must()

    assert read.changes == {}
    assert {step.op for step in read.steps} <= {"refresh", "same"}


def test_an_up_from_a_second_checkout_changes_nothing(deployed: Deployed) -> None:
    elsewhere = deployed.stack.engine.checkout("a second checkout", umask=0o077)
    file = f"Pulumi.{deployed.stack.name}.yaml"
    (elsewhere / file).write_text((deployed.stack.folder / file).read_text())

    again = deployed.stack.at(elsewhere).up("--expect-no-changes").must()

    assert again.changes == {}


def test_a_destroy_leaves_nothing_once_no_data_is_protected(deployed: Deployed) -> None:
    if deployed.stack.name == "prod":
        refused = deployed.stack.destroy().must_fail()
        assert "protect" in refused.output
        deployed.stack.set("protectData", False).up().must()

    gone = deployed.stack.destroy().must()

    assert gone.changes["delete"] == deployed.brought_up.changes["create"]
    assert deployed.stack.export() == []
    assert deployed.stack.engine.left() == []
