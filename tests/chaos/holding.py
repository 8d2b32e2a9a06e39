"""A definition is paused while its tasks come, and resumed."""

import time
from datetime import timedelta

from handler.clock import to_iso
from handler.table.settings_table import KNOWN_FOR
from tests.chaos.ledger import Fault
from tests.chaos.plan import HELD
from tests.chaos.stack import Stack, again

HOLD = "A definition was paused and resumed"
# A process that has asked a moment before the pause was stored is that much later.
_KNOWN_WITHIN = KNOWN_FOR + timedelta(seconds=2)
_A_SECOND = 100


class Holding:
    """Pauses a definition for a while.

    Attributes:
        periods: from when, and until when, nothing may begin an iteration of it.
    """

    def __init__(self, stack: Stack, seconds: float) -> None:
        self._stack = stack
        self._seconds = seconds
        self.is_begun = False
        self.periods: list[tuple[str, str]] = []

    def run(self) -> None:
        again(lambda: self._stack.say("pause_definition", id=HELD, everyTenant=False))
        self._stack.ledger.add(Fault(kind=HOLD))
        known_on = self._stack.now() + _KNOWN_WITHIN
        time.sleep(self._seconds)
        self.periods.append((to_iso(known_on), to_iso(self._stack.now())))
        again(
            lambda: self._stack.say("resume_definition", id=HELD, everyTenant=False, rate=_A_SECOND)
        )
