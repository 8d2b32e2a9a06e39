"""The stacks that the tests of the handler run on."""

from collections.abc import Iterator

import pytest

from tests.handler.recovering import Recovering
from tests.handler.stack import BusQueue, Stack
from tests.modelled import modelled


@pytest.fixture(scope="module", autouse=True)
def quick_table() -> Iterator[None]:
    """The model of DynamoDB, for the module's own fixtures as well."""
    with modelled():
        yield


@pytest.fixture
def stack() -> Iterator[Stack]:
    """The parts of a stack, on moto, with the model of DynamoDB."""
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
