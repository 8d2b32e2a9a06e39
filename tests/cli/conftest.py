"""What the tests of the command line share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, command_line
from tests.modelled import modelled


@pytest.fixture(scope="module")
def quick_table() -> Iterator[None]:
    with modelled("dynamodb"):
        yield


@pytest.fixture
def cli(tmp_path: Path, quick_table: None) -> Iterator[CommandLine]:
    with command_line(tmp_path) as line:
        yield line
