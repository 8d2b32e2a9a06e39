"""What the tests of the operators' page share: a stack, consoles of it, and a browser."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from tests.browser.callers import CONFIG, as_caller
from tests.browser.doorway import Doorway, behind_a_door
from tests.browser.serving import Served, served
from tests.browser.tenants import Tenant
from tests.browser.watching import Watched, running_browser, watched
from tests.running import Running
from tests.starting import started

DEFINITIONS: Final = Path(__file__).with_name("definitions")

Open = Callable[..., Watched]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack with tasks of all kinds. The one who has deployed it may do everything."""
    folder = tmp_path_factory.mktemp("stack")
    with started(folder, definitions=sorted(DEFINITIONS.glob("*.py")), config=CONFIG) as running:
        yield running


@pytest.fixture
def tenant(stack: Running) -> Tenant:
    """A tenant that nobody else has tasks of."""
    return Tenant(stack.deployed, f"tenant-{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="session")
def console(stack: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The console of whoever may do everything."""
    with served(stack.deployed, tmp_path_factory.mktemp("operator")) as found:
        yield found


@pytest.fixture(scope="session")
def console_of(
    stack: Running, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Served]]:
    """The console of one of `PEOPLE`: `console_of("reader")`."""
    made: dict[str, Served] = {}
    with ExitStack() as open_ones:

        def console_of(name: str) -> Served:
            if name not in made:
                folder = tmp_path_factory.mktemp(name)
                made[name] = open_ones.enter_context(served(as_caller(stack, name), folder))
            return made[name]

        yield console_of


@pytest.fixture
def door(stack: Running, tmp_path: Path) -> Iterator[tuple[Served, Doorway]]:
    """A console whose stack is behind a door, which the test can shut."""
    with behind_a_door(stack.deployed) as (deployed, door), served(deployed, tmp_path) as found:
        yield found, door


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    with running_browser() as found:
        yield found


@pytest.fixture
def open_page(browser: Any, console: Served) -> Iterator[Open]:
    """Opens a view: `open_page("tasks?status=failed")`. What goes wrong in it fails the test.

    Arguments: the view; `console`, another console; and what `watched` takes.
    """
    with ExitStack() as open_ones:

        def open_page(view: str = "tasks", *, console: Served = console, **more: Any) -> Watched:
            return open_ones.enter_context(watched(browser, console.at(view), **more))

        yield open_page
