"""The stacks that the tests of the handler run on."""

from collections.abc import Iterator

import pytest

from tests.handler.recovering import Recovering
from tests.handler.stack import BusQueue, Stack
from tests.kept_schemas import kept_schemas
from tests.modelled import modelled


@pytest.fixture(scope="module", autouse=True)
def quick_aws() -> Iterator[None]:
    """The models of what the handler asks most, for the module's own fixtures as well."""
    with modelled("dynamodb", "events", "s3", "sqs"):
        yield


@pytest.fixture(scope="session", autouse=True)
def schemas_made_once() -> Iterator[None]:
    """The API keeps the schema of its definitions; here each request has definitions of its own."""
    with kept_schemas():
        yield


@pytest.fixture
def stack() -> Iterator[Stack]:
    """The parts of a stack, on moto, with models of most services."""
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
