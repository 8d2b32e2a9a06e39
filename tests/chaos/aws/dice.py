"""Chance that repeats: what happens to the n-th request of a kind follows from the seed alone."""

import random
import threading
from collections import Counter


class Dice:
    """Draws for the first, the second, the third request of each kind.

    Requests of several threads come in an order that no seed decides: a seed repeats which numbers
    are hit, not whose.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._count: Counter[str] = Counter()
        self._lock = threading.Lock()

    def roll(self, kind: str) -> random.Random:
        """The chance of the next request of a kind."""
        with self._lock:
            self._count[kind] += 1
            return random.Random(f"{self._seed} {kind} {self._count[kind]}")


def drawn(chance: random.Random, odds: dict[str, float]) -> str:
    """One of the keys, each as likely as its number says, or `""`."""
    left = chance.random()
    for outcome, probability in odds.items():
        left -= probability
        if left < 0:
            return outcome
    return ""
