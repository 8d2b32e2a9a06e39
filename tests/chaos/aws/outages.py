"""A service that fails for a while: longer than a client tries again by itself."""

import time

from tests.chaos.aws.dice import Dice, drawn
from tests.chaos.ledger import Ledger


class Outages:
    """Which requests of a service fail, and how.

    Args:
        service: the name of its dice, and of its outage.
        odds: how a single request fails.
        outages: how often a request begins an outage.
        seconds: how long an outage is.
    """

    def __init__(
        self,
        service: str,
        ledger: Ledger,
        dice: Dice,
        *,
        odds: dict[str, float],
        outages: float,
        seconds: float,
    ) -> None:
        self.outage = f"{service} was out"
        self._service = service
        self._ledger = ledger
        self._dice = dice
        self._odds = odds
        self._outages = outages
        self._seconds = seconds
        self._out_until = 0.0

    def drawn(self) -> str:
        """What goes wrong with the next request; `""` for nothing."""
        if self._ledger.is_calm:
            return ""
        chance = self._dice.roll(self._service)
        if chance.random() < self._outages:
            self._out_until = time.monotonic() + self._seconds
        if time.monotonic() < self._out_until:
            return self.outage
        return drawn(chance, self._odds)
