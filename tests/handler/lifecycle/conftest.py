"""What the tests of a task's life share."""

from collections.abc import Callable

import pytest

from handler import Definition, TaskRecord
from tests.handler.lifecycle.sleeping import DAY, begin_to_wait, sleeper
from tests.handler.simple_tasks import exporting
from tests.handler.stack import RefusingBus, Stack


@pytest.fixture
def definition(stack: Stack) -> Definition:
    """The only definition of the stack: `exportUsers`."""
    definition = exporting()
    stack.definitions = (definition,)
    return definition


@pytest.fixture
def refuse_events(stack: Stack) -> Callable[..., None]:
    """Has EventBridge refuse the events of the tasks of some sizes; of all without sizes."""

    def refuse(*sizes: int) -> None:
        def refuses(id: str) -> bool:
            return not sizes or stack.get(id).input.get("size", 1) in sizes

        stack.events.stands_for(RefusingBus(refuses))

    return refuse


@pytest.fixture
def asleep(stack: Stack) -> TaskRecord:
    """A task whose execution waits for a day, a minute of which has passed."""
    begin_to_wait(stack, seconds=DAY)
    record = stack.trigger(sleeper)
    stack.run(record)
    stack.clock.advance(60)
    return stack.get(record)
