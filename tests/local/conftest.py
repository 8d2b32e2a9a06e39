"""One local AWS for all tests of local/, with a program of one resource of each type."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.access import Access
from local.deployment import deploy
from local.emulator import ACCOUNT_ID, Options, running_emulator
from local.project import Project
from local.resources import Account, Declaration, Existing, create, delete, update

Outputs = dict[str, Any]
Until = Callable[[Callable[[], Any]], Any]
Make = Callable[..., Existing]

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


@pytest.fixture(scope="session")
def account(access: Access, tmp_path_factory: pytest.TempPathFactory) -> Account:
    """The account of a project without files."""
    return Account(access, ACCOUNT_ID, tmp_path_factory.mktemp("project"))


@pytest.fixture
def make(account: Account) -> Iterator[Make]:
    """Creates a resource by kind and inputs; the end of the test deletes it, the last one first."""
    there: list[Existing] = []

    def resource(kind: str, **inputs: Any) -> Existing:
        there.append(made(account, kind, **inputs))
        return there[-1]

    yield resource
    for each in reversed(there):
        delete(account, each)


def made(account: Account, kind: str, **inputs: Any) -> Existing:
    """Creates a resource, and returns it as Pulumi's state has it."""
    outputs = create(account, Declaration(kind, "thing", inputs))
    return Existing(kind, "thing", str(outputs["id"]), inputs | outputs)


def changed(account: Account, before: Existing, **inputs: Any) -> Existing:
    """Updates a resource, and returns it as Pulumi's state has it."""
    outputs = update(account, before, Declaration(before.kind, before.name, inputs))
    return Existing(before.kind, before.name, str(outputs["id"]), inputs | outputs)


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
