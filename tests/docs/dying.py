"""Kills the worker of a whole run at each call to its store in turn."""

from collections.abc import Callable, Mapping

from handler.testing import Result, World, kill
from handler.testing.world import Action

Actions = Mapping[int, Action]
Run = Callable[[Actions, Actions], tuple[Result, object]]
"""Runs a task from nothing, with `before` and `after`: its result, and what it did to the world."""


def survives_a_kill_at_every_call(run: Run) -> None:
    """Fails unless the task ends the same wherever its worker dies: right before, or right after,
    any of its calls.
    """
    undisturbed, expected = run({}, {})
    assert len(undisturbed.calls) >= 4, "a run that never continues shows little"
    for number, operation in enumerate(undisturbed.calls, start=1):
        for moment in ("before", "after"):
            where = f"killed {moment} call {number}, {operation}"
            deaths: list[str] = []
            actions = {number: _dies(where, deaths)}
            ended, effects = run(actions, {}) if moment == "before" else run({}, actions)
            assert deaths == [where]
            assert ended.record.status == undisturbed.record.status, (
                f"{where}: {ended.record.output}"
            )
            assert effects == expected, where


def _dies(where: str, deaths: list[str]) -> Action:
    def die(world: World) -> None:
        deaths.append(where)
        kill(world)

    return die
