"""One local AWS for all tests of local/, with a program of one resource of each type."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.access import Access
from local.deployment import deploy
from local.emulator import Options, running_emulator
from local.project import Project

Outputs = dict[str, Any]
Until = Callable[[Callable[[], Any]], Any]

PROGRAM = Path(__file__).parent / "program"
REGION = "eu-central-1"


@pytest.fixture(scope="session")
def access() -> Iterator[Access]:
    """A local AWS with nothing in it, in `REGION`."""
    with running_emulator(Options(region=REGION, wait_scale=0.01)) as emulator:
        yield emulator.access


@pytest.fixture(scope="session")
def project() -> Project:
    return Project.from_folder(PROGRAM).with_config({"policy": [{"Effect": "Allow"}]})


@pytest.fixture(scope="session")
def outputs(access: Access, project: Project) -> Outputs:
    """The outputs of the program, deployed once."""
    return deploy(project, access)


@pytest.fixture
def until() -> Until:
    """Waits until a condition returns a true value, and returns it."""

    def wait(condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + 60
        while not (result := condition()):
            assert time.monotonic() < deadline, "the condition is still false after a minute"
            time.sleep(0.02)
        return result

    return wait
