"""Two things measured in turn, so that what else the machine does meets both."""

import statistics
from collections.abc import Callable
from typing import Final

from tests.measure.promise import Promise

# Half of the rounds may lie this far apart, as a part of their median, before there are more.
_MAX_SPREAD: Final = 0.15
_MAX_TRIES: Final = 3


def ratio(
    what: str,
    *,
    ours: Callable[[], float],
    theirs: Callable[[], float],
    rounds: int,
    most: float,
) -> Promise:
    """How many times as long ours takes, by the least time of each.

    Nothing makes a program faster than it is, and much makes it slower: the least time is the one
    that was disturbed least. Where the rounds lie far apart, there are as many again, twice at
    most.
    """
    mine, other = list[float](), list[float]()
    for _ in range(_MAX_TRIES):
        for _ in range(rounds):
            mine.append(ours())
            other.append(theirs())
        ratios = [one / another for one, another in zip(mine, other, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        if (high - low) / middle < _MAX_SPREAD:
            break
    least, least_other = min(mine), min(other)
    shown = (
        f"{least * 1000:,.0f} ms, {least_other * 1000:,.0f} ms; "
        f"{len(ratios)} rounds, half from {low:.2f} to {high:.2f}"
    )
    return Promise(what, least / least_other, most, shown)
