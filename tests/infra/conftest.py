"""The Pulumi program with default config, run once for all tests that only read it."""

import pytest

from tests.infra.recording import Program, run


@pytest.fixture(scope="session")
def program() -> Program:
    return run()
