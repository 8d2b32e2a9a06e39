"""What is paused with others in a world, as the table says it: from when to when."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from handler.table import items

Whose = tuple[str | None, str | None]
"""The definition, and the tenant; `None` is all."""

# How old what a process knows may be, and how wrong two clocks are.
KNOWN_FOR_SECONDS: Final = 30.0 + 2 * 5.0 + 2.0


class Pauses:
    """The pauses that there are, and those that there were. All tasks of a world are of one tenant.

    A definition is held from one moment to another also where one pause follows another.
    """

    def __init__(self) -> None:
        self._since: dict[Whose, float] = {}
        self._over: list[tuple[Whose, float, float]] = []

    def changed(self, item: Mapping[str, Any] | None, at: float) -> None:
        """The table has another item of the stack's settings."""
        given = {name: value for name, value in (item or {}).items() if name == "pauses"}
        stored: Any = items.decoded(given).get("pauses", [])
        now = {(each.get("definitionId"), each.get("tenant")) for each in stored}
        for whose in set(self._since) - now:
            self._over.append((whose, self._since.pop(whose), at))
        for whose in now - set(self._since):
            self._since[whose] = at

    def in_force(self) -> Sequence[Whose]:
        """What is paused now: in an order that each replay has."""
        return sorted(self._since, key=lambda whose: (whose[0] or "", whose[1] or ""))

    def held_since(self, definition: str, at: float) -> float | None:
        """Since when its tasks had been held at that moment; `None`: they were not."""
        since, spans = None, self._spans(definition)
        start = at
        while earlier := [begin for begin, end in spans if begin < start <= end]:
            since = start = min(earlier)
        return since

    def was_held(self, definition: str, begin: float, end: float) -> bool:
        """Whether its tasks were held at any moment between two."""
        return any(first <= end and last >= begin for first, last in self._spans(definition))

    def longest(self, definition: str) -> float:
        """For how many seconds its tasks were held at most."""
        ends = [end for _, end in self._spans(definition) if end < float("inf")]
        return max((end - (self.held_since(definition, end) or end) for end in ends), default=0.0)

    def last_end(self, definition: str) -> float:
        """When its tasks were held last; 0: never."""
        return max((end for _, end in self._spans(definition)), default=0.0)

    def _spans(self, definition: str) -> list[tuple[float, float]]:
        over = [(whose, begin, end) for whose, begin, end in self._over]
        now = [(whose, begin, float("inf")) for whose, begin in self._since.items()]
        return [(begin, end) for (id, _), begin, end in over + now if id in (None, definition)]
