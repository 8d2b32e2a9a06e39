"""From a world that breaks a rule to the fewest tasks and faults that still break it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from tests.simulation.scenario import Scenario
from tests.simulation.world import Result, World

Element = TypeVar("Element")
_MAX_RUNS: Final = 400


def shrunk(found: Result) -> Result:
    """The smallest scenario that breaks the same rule, and what became of it.

    Tasks are left out, then faults, as long as the rule is still broken ("Simplifying and isolating
    failure-inducing input", Zeller and Hildebrandt). A scenario that does not break it again when
    its faults are told by their places comes back as it was.
    """
    rule = found.violations[0].rule
    runs = 0
    best = found

    def breaks(scenario: Scenario) -> bool:
        nonlocal runs, best
        runs += 1
        if runs > _MAX_RUNS:
            return False
        result = World(scenario).run()
        is_broken = any(each.rule == rule for each in result.violations)
        if is_broken:
            best = result
        return is_broken

    places = tuple(dict.fromkeys(fault.place for fault in found.places))
    start = replace(found.scenario, faults=places)
    if not breaks(start):
        return found
    numbers = [task.number for task in start.planned]
    fewer = fewest(numbers, lambda some: breaks(replace(start, only=tuple(some))))
    start = replace(start, only=tuple(fewer))
    kept = fewest(list(places), lambda some: breaks(replace(start, faults=tuple(some))))
    breaks(replace(start, faults=tuple(kept)))
    return best


def fewest(elements: list[Element], fails: Callable[[Sequence[Element]], bool]) -> list[Element]:
    """A part of `elements` that fails, of which nothing can be left out."""
    if fails([]):
        return []
    parts = 2
    while len(elements) >= 2:
        size = -(-len(elements) // parts)
        chunks = [elements[start : start + size] for start in range(0, len(elements), size)]
        rests = [
            [each for other in chunks if other is not chunk for each in other] for chunk in chunks
        ]
        failing = next((rest for rest in rests if fails(rest)), None)
        if failing is not None:
            elements, parts = failing, max(parts - 1, 2)
        elif parts >= len(elements):
            break
        else:
            parts = min(parts * 2, len(elements))
    return elements
