"""The example of another program, on the engine, with the package that it installs."""

import shutil
from pathlib import Path

import pytest

from tests.engine.aws_provider import server
from tests.engine.pulumi_cli import Cli
from tests.engine.stack import Engine, Stack
from tests.installing import EXAMPLE, ROOT, Installed


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed.into(tmp_path_factory.mktemp("an environment") / "venv")


@pytest.fixture(scope="module")
def shop(cli: Cli, tmp_path_factory: pytest.TempPathFactory, installed: Installed) -> Stack:
    """A stack of the example in a folder of its own, with the package alone, that is up."""
    engine = Engine(cli, tmp_path_factory.mktemp("shop"))
    stack = Stack(engine, "dev", checkout(engine.folder / "a shop", installed)).init()
    stack.up().must()
    return stack


def checkout(folder: Path, installed: Installed) -> Path:
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", ".build"))
    (folder / ".venv").symlink_to(installed.folder)
    (folder / ".wheels").symlink_to((ROOT / ".wheels").resolve())
    return folder


@pytest.mark.xdist_group("embedded")
def test_a_preview_from_nothing_passes_that_knows_no_output(
    cli: Cli, tmp_path: Path, installed: Installed
) -> None:
    engine = Engine(cli, tmp_path)
    new = Stack(engine, "dev", checkout(engine.folder / "a shop", installed)).init()
    new.environment[server.UNKNOWN] = "true"

    previewed = new.preview().must()

    assert (
        "aws:cloudwatch/eventRule:EventRule::order-tasks-event-routing"
        in (previewed.changes["create"])
    )


@pytest.mark.xdist_group("embedded")
def test_a_refresh_finds_no_drift(shop: Stack) -> None:
    assert shop.refresh("--expect-no-changes").must().changes == {}


@pytest.mark.xdist_group("embedded")
def test_a_second_up_changes_nothing(shop: Stack) -> None:
    shop.up("--expect-no-changes").must()


@pytest.mark.xdist_group("embedded")
def test_an_up_from_another_folder_changes_nothing(shop: Stack, installed: Installed) -> None:
    elsewhere = checkout(shop.engine.folder / "another shop", installed)
    shutil.copy(shop.folder / "Pulumi.dev.yaml", elsewhere)

    shop.at(elsewhere).up("--expect-no-changes").must()


@pytest.mark.xdist_group("embedded")
def test_no_path_of_this_machine_reaches_the_state(shop: Stack) -> None:
    # Where the program's own frames were is Pulumi's to say.
    of_pulumi = ("sourcePosition", "stackTrace")
    state = str([{k: v for k, v in each.items() if k not in of_pulumi} for each in shop.export()])

    assert ".build/order-tasks-arm64.zip" in state
    assert str(shop.engine.folder) not in state
    assert str(ROOT) not in state


@pytest.mark.xdist_group("embedded")
def test_what_is_refused_of_an_output_is_told_without_a_traceback(
    shop: Stack, installed: Installed
) -> None:
    folder = checkout(shop.engine.folder / "wrong", installed)
    program = (folder / "__main__.py").read_text()
    (folder / "__main__.py").write_text(program.replace("=bus.arn", "=orders.arn"))
    shutil.copy(shop.folder / "Pulumi.dev.yaml", folder)

    refused = shop.at(folder).preview().must_fail()

    assert 'BackgroundTasksArgs(event_bus_arn="arn:aws:dynamodb:' in refused.output
    assert "Traceback" not in refused.output


@pytest.mark.xdist_group("embedded")
def test_a_destroy_leaves_nothing(shop: Stack) -> None:
    shop.destroy().must()

    assert shop.export() == []
    assert shop.engine.left() == []
