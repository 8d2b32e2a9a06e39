"""A short simulation, as `make simulate` runs a long one."""

import pytest

from tests.simulation.campaign import Totals, run_here, scenarios
from tests.simulation.faults import Kind
from tests.simulation.scenario import Scenario
from tests.simulation.scopes import SCOPES
from tests.simulation.world import World

# It takes seconds, and stands for much.
pytestmark = pytest.mark.slow

_SMALL = ("an event that is delivered twice", "a task of two iterations")
_MIN_KINDS = 15
_OF_MANY = (Kind.SAID_OF_MANY, Kind.DEFINITION_PAUSED, Kind.ALL_PAUSED, Kind.HELD_WITH_OTHERS)


def test_no_rule_is_broken_whatever_goes_wrong() -> None:
    totals = Totals()

    for result in run_here(scenarios("7", 200)):
        totals.add(result)

    assert [str(each) for result in totals.broken for each in result.violations] == []
    assert totals.tasks >= 200
    assert len(totals.faults) >= _MIN_KINDS
    assert all(totals.faults[kind] for kind in _OF_MANY)


@pytest.mark.parametrize("name", _SMALL)
def test_no_order_of_a_small_scope_breaks_a_rule(prepared: None, name: str) -> None:
    [scope] = [scope for scope in SCOPES if scope.name == name]

    explored = scope.explore()
    for script in scope.scripts(explored)[:10]:
        explored.add(scope.explore(script))

    assert explored.violations == []
    assert explored.orders >= 1
    assert explored.with_fault >= 10


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(seed="7/1", tasks=10),
        Scenario(seed="900/0", tasks=25, is_operated=True, is_in_bulk=True),
    ],
    ids=["a small one", "one with attempts that are apart by chance, and all that operators do"],
)
def test_the_same_scenario_goes_the_same_way(prepared: None, scenario: Scenario) -> None:
    first, again = (World(scenario).run() for _ in range(2))

    assert (first.steps, first.places, first.outcomes) == (
        again.steps,
        again.places,
        again.outcomes,
    )


def test_a_world_without_some_tasks_leaves_the_others_as_they_are(prepared: None) -> None:
    whole = World(Scenario(seed="7/1", tasks=10)).run()
    part = World(Scenario(seed="7/1", tasks=10, only=(1, 2, 3))).run()

    # Sweeps see all tasks; who triggers one has dice of its own.
    first, second = (
        {
            fault.place
            for fault in result.places
            if "/caller" in fault.actor and fault.task in (1, 2, 3)
        }
        for result in (whole, part)
    )
    assert first == second
    assert first
