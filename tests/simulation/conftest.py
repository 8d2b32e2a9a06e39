"""A process that runs worlds."""

from collections.abc import Iterator

import pytest

from tests.simulation import process


@pytest.fixture
def prepared() -> Iterator[None]:
    """The process, as long as the test runs."""
    with process.prepared():
        yield
