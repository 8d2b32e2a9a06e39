"""A failure becomes small."""

import pytest

from handler.table.logs import Logs
from tests.simulation.report import code_of
from tests.simulation.scenario import Scenario
from tests.simulation.shrinking import fewest, shrunk
from tests.simulation.world import World


def test_what_is_left_of_a_list_fails_and_nothing_of_it_can_be_left_out() -> None:
    assert fewest(list(range(20)), lambda some: {3, 11} <= set(some)) == [3, 11]
    assert fewest(list(range(20)), lambda some: True) == []
    assert fewest([5], lambda some: 5 in some) == [5]


@pytest.mark.slow
def test_a_broken_rule_is_shrunk_to_a_few_tasks_and_faults_and_told_as_code(
    prepared: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Logs, "append", lambda *_: None)
    monkeypatch.setattr("handler.table.store.Store.date_rows", lambda *_: None)
    found = World(Scenario(seed="7/1", tasks=10)).run()

    small = shrunk(found)

    assert small.violations[0].rule == found.violations[0].rule
    assert len(small.scenario.planned) <= 2
    assert len(small.scenario.faults or ()) <= 2
    scope: dict[str, object] = {}
    imports = (
        "from tests.simulation.faults import Kind",
        "from tests.simulation.scenario import Scenario",
    )
    exec("\n".join([*imports, code_of(small.scenario)]), scope)
    again = scope["SCENARIO"]
    assert isinstance(again, Scenario)
    assert World(again).run().violations == small.violations
