"""The Pulumi program with default config, run once for all tests that only read it.

And the marker `program`: of a module whose tests run the program, or parts of it, each anew.
"""

from pathlib import Path

import pytest

from tests.infra import recording, variants
from tests.infra.recording import Program, run

_HERE = Path(__file__).parent
_RUNNING = (
    recording.run,
    recording.record,
    recording.run_program,
    variants.deployed,
    variants.run_variant,
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        module = getattr(item, "module", None)
        is_here = item.path.is_relative_to(_HERE)
        if is_here and any(each in _RUNNING for each in vars(module).values() if callable(each)):
            item.add_marker(pytest.mark.program)


@pytest.fixture(scope="session")
def program() -> Program:
    return run()
