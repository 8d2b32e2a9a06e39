"""What all tests share: the whole system on a local AWS, and the marker `system`."""

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import quick_botocore, quick_moto
from tests.running import Running
from tests.starting import started

# What surrounds a developer's machine is not the tests': each sets what it needs.
_PREFIXES = ("AWS_", "PULUMI_", "POWERTOOLS_", "BOTO_", "BACKGROUND_TASKS_")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
for _name in list(os.environ):
    if _name.startswith(_PREFIXES) or _name.upper() in _PROXIES:
        del os.environ[_name]
os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}

# The fixtures that start a local AWS.
_STARTING = frozenset({"aws", "access"})

# The suite looks at a few examples of each property, the same ones at every run. `make test-fast`
# looks at fewer; `make soak` looks at others for as long as it is asked to. A slow machine is no
# reason to fail.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
settings.register_profile("suite", _PATIENT, max_examples=20, derandomize=True)
settings.register_profile("fast", _PATIENT, max_examples=5, derandomize=True)
settings.register_profile("soak", _PATIENT, max_examples=2_000)
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    # pulumi_aws warns of modules of its own, which it imports itself.
    config.addinivalue_line("filterwarnings", r"ignore::DeprecationWarning:pulumi_aws(\..*)?")
    quick_moto.install()
    quick_botocore.install()
    gc.disable()  # until all tests are found, which makes no garbage and takes seconds


def pytest_collection_finish() -> None:
    """What all tests share is no garbage: nobody looks through it again and again."""
    gc.enable()
    gc.collect()
    gc.freeze()


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
