"""What all tests share: the whole system on a local AWS, and the marker `system`."""

from collections.abc import Iterator

import pytest

from tests.running import Running
from tests.starting import started

# The fixtures that start a local AWS.
_STARTING = frozenset({"aws", "access"})


def pytest_configure(config: pytest.Config) -> None:
    # pulumi_aws warns of modules of its own, which it imports itself.
    config.addinivalue_line("filterwarnings", r"ignore::DeprecationWarning:pulumi_aws(\..*)?")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks each test that needs a local AWS as `system`."""
    for item in items:
        if _STARTING & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.system)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The whole system, started as a person starts it, with the tests' definitions added."""
    with started(tmp_path_factory.mktemp("project")) as running:
        yield running
