"""What simulations have found: each was a bug of the handler, or of a model."""

import pytest

from tests.simulation.faults import Kind
from tests.simulation.scenario import Scenario
from tests.simulation.world import World

FOUND = {
    "an outcome whose response was lost, and an abort after it: its log row was written over": (
        Scenario(seed="1/7", tasks=25)
    ),
    "a deletion while the last follow-up was cleared: nothing removed the task any more": (
        Scenario(seed="17/38", tasks=25)
    ),
    "the report of a stopped execution made the record of a deleted task anew": (
        Scenario(seed="21/22", tasks=25)
    ),
    "a deletion that was slow removed the task that was triggered since with its key": (
        Scenario(seed="81/5", tasks=25)
    ),
    "the late report of a failed execution made the record of a deleted task anew": (
        Scenario(
            seed="3/37",
            tasks=25,
            only=(4,),
            faults=(
                (Kind.DELETED, "t4/meddler", 0),
                (Kind.STATUS_LATE, "x-0755358cd8e28828-1+0/end", 0),
            ),
        )
    ),
}


@pytest.mark.parametrize("scenario", FOUND.values(), ids=FOUND)
def test_what_was_found_is_mended(prepared: None, scenario: Scenario) -> None:
    assert [str(each) for each in World(scenario).run().violations] == []
