"""A number that the design promises, and what it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Promise:
    """One line of the report."""

    what: str
    value: float
    most: float
    unit: str = ""

    @property
    def is_kept(self) -> bool:
        return self.value <= self.most
