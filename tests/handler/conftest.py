"""The stacks that the tests of the handler run on."""

from collections.abc import Iterator

import pytest

from tests.handler.recovering import Recovering
from tests.handler.stack import BusQueue, Stack


@pytest.fixture
def stack() -> Iterator[Stack]:
    """The parts of a stack, on moto."""
    with Stack.inside_moto() as stack:
        yield stack


@pytest.fixture
def bus_queue(stack: Stack) -> BusQueue:
    """What the stack's bus is sent."""
    return BusQueue()


@pytest.fixture
def recovering(stack: Stack, bus_queue: BusQueue) -> Recovering:
    """The stack with executions and dead letters."""
    return Recovering(stack, bus_queue)
