"""What a preview makes of outputs that AWS has not said yet."""

import pytest

from tests.engine.aws_provider import server
from tests.engine.setups import SETUPS, SMALL, stack
from tests.engine.stack import Engine


@pytest.mark.parametrize("setup", SETUPS)
def test_a_preview_passes_while_no_output_of_any_resource_is_known(
    engine: Engine, setup: str
) -> None:
    new = stack(engine, setup, SMALL)
    new.environment[server.UNKNOWN] = "yes"

    previewed = new.preview().must()

    assert previewed.warnings == ()
    assert len(previewed.changes["create"]) == len(engine.record.calls("Create"))
    assert engine.left() == []
