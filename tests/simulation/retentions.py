"""For how many days finished tasks are kept in a world, as people change it while it runs."""

from dataclasses import dataclass, field, replace

# How old what a process knows of a setting may be, and how wrong a clock is.
_KNOWN_FOR_SECONDS = 45.0


@dataclass(frozen=True, slots=True)
class _Change:
    begin: float
    end: float
    days: int
    is_sure: bool


@dataclass(slots=True)
class Retentions:
    """The retention that was deployed, and each change of it, one after another.

    Args:
        deployed: in days; 0 is for ever.
    """

    deployed: int
    _changes: list[_Change] = field(default_factory=list)

    def is_about_to_change(self, days: int, *, begin: float) -> None:
        """Somebody changes it from now on: it may be so long before anybody is told."""
        self._changes.append(_Change(begin, float("inf"), days, is_sure=False))

    def was_changed(self, *, end: float, is_sure: bool) -> None:
        """Somebody has changed it; or perhaps not, if no answer came."""
        self._changes[-1] = replace(self._changes[-1], end=end, is_sure=is_sure)

    def between(self, begin: float, end: float) -> frozenset[int]:
        """What may have held for whoever asked between two moments, however late it heard."""
        found = {self.deployed}
        for change in self._changes:
            if change.begin > end:
                break
            is_known = change.is_sure and change.end < begin - _KNOWN_FOR_SECONDS
            found = {change.days} if is_known else found | {change.days}
        return frozenset(found)
