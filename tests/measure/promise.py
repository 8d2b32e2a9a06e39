"""A number that the design promises, and what it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Promise:
    """One line of the report.

    Args:
        measured: what the value is made of.
    """

    what: str
    value: float
    most: float
    measured: str = ""

    @property
    def is_kept(self) -> bool:
        return self.value <= self.most
