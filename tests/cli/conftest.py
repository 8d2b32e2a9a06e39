"""What the tests of the command line share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, command_line
from tests.kept_schemas import kept_schemas
from tests.modelled import modelled


@pytest.fixture(scope="module")
def quick_aws() -> Iterator[None]:
    """The models of what a stack asks most, and its schemas made once."""
    with modelled("dynamodb", "events", "s3", "sqs"), kept_schemas():
        yield


@pytest.fixture
def cli(tmp_path: Path, quick_aws: None) -> Iterator[CommandLine]:
    with command_line(tmp_path) as line:
        yield line
