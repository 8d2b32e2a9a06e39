"""The engine, for the tests that run on it, and the marker `engine`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.pulumi_cli import Cli, found
from tests.engine.stack import Engine, Stack

NewStack = Callable[..., Stack]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks each test that needs the Pulumi CLI as `engine`."""
    for item in items:
        if "cli" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.engine)


@pytest.fixture(scope="session")
def cli() -> Cli:
    return found()


@pytest.fixture(scope="module")
def machine(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """An engine, with an account, that the tests of a module share."""
    return Engine(cli, tmp_path_factory.mktemp("engine"))


@pytest.fixture
def engine(cli: Cli, tmp_path: Path) -> Engine:
    """An engine, with an account, of the test's own."""
    return Engine(cli, tmp_path)
