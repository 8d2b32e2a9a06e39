"""What the tests of the guides share: an AWS in this process, empty at first."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.modelled import modelled


@pytest.fixture(scope="module", autouse=True)
def quick_table() -> Iterator[None]:
    """The model of DynamoDB: some guides trigger hundreds of tasks."""
    with modelled("dynamodb"):
        yield


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the examples' own clients are made from; each is made once."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
def moto() -> Iterator[None]:
    """Tables, buckets and the rest, for one run of one task: `handler.testing.run` makes its own
    table beside them.
    """
    with mock_aws():
        yield
