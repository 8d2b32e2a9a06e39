"""The API that the tests of its resolvers ask."""

import pytest

from tests.handler.graphql.client import Api
from tests.handler.stack import Stack


@pytest.fixture
def api(stack: Stack) -> Api:
    """A client of the API."""
    return Api(stack)
