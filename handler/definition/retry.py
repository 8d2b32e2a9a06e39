"""How often a failing task is tried again, and how long it waits in between."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """A task's own retries: a `Failed` or an exception becomes another iteration after a wait that
    grows.

    Args: max_attempts: how many times the same step is tried at most, the first one counted; 1 to
        100. A killed Lambda
            counts too: attempts are counted before the task's code runs. A `Continue` starts the
            count anew.
        backoff: the wait after the first attempt.
        factor: what each further wait is multiplied by, 1 to 10.
        max_backoff: the longest wait.
        jitter: each wait is drawn from the upper half of its length, so that tasks that failed
            together don't come back together.
        exclude: exceptions, and codes of `Failed`, that are final at once.

    Raises:
        ValueError: a number is out of its range.
    """

    max_attempts: int = 3
    backoff: timedelta = timedelta(seconds=10)
    factor: float = 2.0
    max_backoff: timedelta = timedelta(hours=1)
    jitter: bool = True
    exclude: tuple[type[BaseException] | str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.max_attempts <= 100:
            raise ValueError(f"Retry(max_attempts={self.max_attempts}): it takes 1 to 100.")
        if (
            not 1 <= self.factor <= 10
            or self.backoff < timedelta(0)
            or self.max_backoff < self.backoff
        ):
            raise ValueError(
                f"Retry(backoff={self.backoff}, factor={self.factor},"
                f" max_backoff={self.max_backoff}): the backoff is 0 or more, the factor 1 to 10,"
                " and max_backoff is no less than the backoff."
            )

    def allows(self, attempt: int, *, code: str | None, error: BaseException | None) -> bool:
        """Whether another attempt follows attempt number `attempt` (from 1)."""
        excluded = tuple(kind for kind in self.exclude if isinstance(kind, type))
        return (
            attempt < self.max_attempts
            and code not in self.exclude
            and not isinstance(error, excluded)
        )

    def wait_after(self, attempt: int, *, draw: Callable[[], float] = random.random) -> timedelta:
        """How long to wait after attempt number `attempt` (from 1)."""
        # The exponent is bounded so that a hundred attempts don't overflow a float.
        grown = self.backoff.total_seconds() * self.factor ** min(attempt - 1, 30)
        longest = timedelta(seconds=min(grown, self.max_backoff.total_seconds()))
        return longest * (0.5 + draw() / 2) if self.jitter else longest
