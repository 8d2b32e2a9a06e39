"""Asks Step Functions how executions stand, no faster and no more often than it lets a sweep."""

from typing import Final

from handler.aws import Execution, Executions, ExecutionsThrottled
from handler.clock import Clock, RemainingSeconds

# DescribeExecution has a bucket of 250 requests in most regions, and 10 more a second (300 and 15
# in three of them; Step Functions quotas, "Quotas related to API action throttling"). The account
# shares it with its people and its other programs: a sweep takes 100 at once, then 8 a second, and
# as many as that makes in four of the five minutes until the next one.
_AT_ONCE: Final = 100
_A_SECOND: Final = 8
_MOST: Final = 2_000
# What is begun last still has to be ended: in a minute, or a fifth of what a shorter sweep has.
_LAST_SECONDS: Final = 60.0
_LAST_PART: Final = 0.2


class Inquiries:
    """What one sweep may ask. The tasks that it can't ask for are the first of the next sweep.

    Args:
        remaining: how many seconds the sweep has left.
    """

    def __init__(
        self, executions: Executions, *, clock: Clock, remaining: RemainingSeconds
    ) -> None:
        self._executions = executions
        self._clock = clock
        self._remaining = remaining
        self._last_seconds = min(_LAST_SECONDS, _LAST_PART * remaining())
        self._asked = 0
        self._is_throttled = False

    @property
    def are_over(self) -> bool:
        """Whether no more may be asked in this sweep."""
        return self._is_throttled or self._asked >= _MOST or self.is_last_minute

    @property
    def is_last_minute(self) -> bool:
        """Whether nothing more should be begun in this sweep."""
        return self._remaining() < self._last_seconds

    def describe(self, name: str) -> Execution:
        """How an execution stands. Raises as `Executions.describe`; a throttled one ends it."""
        self._asked += 1
        if self._asked > _AT_ONCE:
            self._clock.sleep(1 / _A_SECOND)
        try:
            return self._executions.describe(name)
        except ExecutionsThrottled:
            self._is_throttled = True
            raise
