"""The stacks that the tests of the handler run on."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.handler.stack import BusQueue, Stack


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """The parts of a stack, on moto."""
    with mock_aws():
        yield Stack(monkeypatch)


@pytest.fixture
def bus_queue(stack: Stack) -> BusQueue:
    """What the stack's bus is sent."""
    return BusQueue()
