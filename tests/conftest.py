"""What all tests share: a running system, for those that ask for one."""

from collections.abc import Iterator

import pytest

from tests.running import Running
from tests.starting import started


def pytest_configure(config: pytest.Config) -> None:
    # pulumi_aws warns of modules of its own, which it imports itself.
    config.addinivalue_line("filterwarnings", r"ignore::DeprecationWarning:pulumi_aws(\..*)?")


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The whole system, started as a person starts it, with a few definitions more than the
    project's.
    """
    with started(tmp_path_factory.mktemp("project")) as running:
        yield running
