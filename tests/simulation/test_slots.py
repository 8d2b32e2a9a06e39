"""A thousand tasks share the slots of twenty keys, while machines die and calls fail."""

import pytest

from tests.simulation.plan import SHARED_KEYS, SHARED_SLOTS
from tests.simulation.scenario import Scenario
from tests.simulation.world import World

TASKS = 1_000


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["shared/0", "shared/3"])
def test_never_more_than_three_of_a_key_run_and_all_end(prepared: None, seed: str) -> None:
    world = World(Scenario(seed=seed, tasks=TASKS, is_shared=True))

    result = world.run()

    slots = world.watch.slots
    assert result.violations == ()
    assert result.tasks >= TASKS * 0.95  # a trigger may be refused, and tells its caller
    assert result.faults.total() > TASKS / 3
    assert len(slots.most) == SHARED_KEYS
    assert set(slots.most.values()) == {SHARED_SLOTS}
    assert len(slots.queued) > TASKS / 10
    assert not list(slots.left())
