"""The program, run once as the defaults have it, for all tests that only look at it."""

import pytest

from tests.infra.recording import Program, run


@pytest.fixture(scope="session")
def program() -> Program:
    return run()
