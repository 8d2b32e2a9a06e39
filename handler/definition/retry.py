"""How often a failing task is tried again, and how long it waits in between."""

import math
import random as random_numbers
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from handler.clock import Seconds, to_seconds
from handler.definition.names import objection_to_worker, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """A task's own retries: a failed iteration is followed by another one, after a growing wait.

    Args:
        max_attempts: how often the same step is tried at most, the first time included; 1 to 100.
            An attempt that kills its Lambda counts too. A `Continue` starts the count anew.
        backoff: the wait after the first attempt; 0 or more.
        factor: what each further wait is multiplied by, 1 to 10.
        max_backoff: the longest wait, not shorter than `backoff`.
        jitter: draws each wait from the upper half of its length, so that tasks that failed
            together do not come back together.
        exclude: exceptions, and codes of `Failed`, that are final at once.
        on_out_of_memory: the worker that the task moves to, and stays at, when an iteration runs
            out of memory: one of the stack's config (`workers`), or `"default"`. It happens once,
            and counts as an attempt, but not in `crash_retries`.

    Raises:
        ValueError: a number is out of its range, or `on_out_of_memory` is no worker's name.
        TypeError: a wait is neither a number nor a `timedelta`; `exclude` is not a tuple of
            exceptions and codes; `on_out_of_memory` is no text.
    """

    max_attempts: int = 3
    backoff: Seconds = timedelta(seconds=10)
    factor: float = 2.0
    max_backoff: Seconds = timedelta(hours=1)
    jitter: bool = True
    exclude: tuple[type[BaseException] | str, ...] = ()
    on_out_of_memory: str | None = None

    def __post_init__(self) -> None:
        if type(self.max_attempts) is not int or not 1 <= self.max_attempts <= 100:
            raise ValueError(f"Retry(max_attempts={self.max_attempts!r}): it takes 1 to 100.")
        _check_exclude(self.exclude)
        _check_worker(self.on_out_of_memory)
        backoff, max_backoff = self._seconds()
        factor = to_seconds(self.factor, name="Retry(factor)")
        is_endless = math.isinf(max_backoff)
        if not 1 <= factor <= 10 or backoff < 0 or max_backoff < backoff or is_endless:
            raise ValueError(
                f"Retry(backoff={self.backoff}, factor={self.factor}, "
                f"max_backoff={self.max_backoff}): the backoff is 0 or more, the factor 1 to 10, "
                "and max_backoff is not shorter than the backoff, nor infinite."
            )

    def allows(self, attempt: int, *, code: str | None, error: BaseException | None) -> bool:
        """Whether another attempt follows attempt number `attempt` (from 1)."""
        excluded = tuple(kind for kind in self.exclude if isinstance(kind, type))
        is_excluded = code in self.exclude or isinstance(error, excluded)
        return attempt < self.max_attempts and not is_excluded

    def wait_after(
        self, attempt: int, *, random: Callable[[], float] = random_numbers.random
    ) -> timedelta:
        """How long to wait after attempt number `attempt` (from 1).

        Args:
            random: gives a number from 0 to 1.
        """
        backoff, max_backoff = self._seconds()
        # The exponent is bounded so that a hundred attempts don't overflow a float.
        grown = backoff * self.factor ** min(attempt - 1, 30)
        wait = timedelta(seconds=min(grown, max_backoff))
        return wait * (0.5 + random() / 2) if self.jitter else wait

    def _seconds(self) -> tuple[float, float]:
        backoff = to_seconds(self.backoff, name="Retry(backoff)")
        return backoff, to_seconds(self.max_backoff, name="Retry(max_backoff)")


def _check_exclude(exclude: object) -> None:
    """A text is a sequence too: `"ABC"` would exclude the code `"AB"`."""
    kinds = exclude if isinstance(exclude, tuple) else (exclude,)
    is_valid = isinstance(exclude, tuple) and all(
        isinstance(kind, str) or (isinstance(kind, type) and issubclass(kind, BaseException))
        for kind in kinds
    )
    if not is_valid:
        raise TypeError(
            f"Retry(exclude={exclude!r:.60}): it takes a tuple of exceptions and codes, such as "
            '(PermissionError, "NO_SUCH_PAGE").'
        )


def _check_worker(name: object) -> None:
    if name is None:
        return
    if not isinstance(name, str):
        raise TypeError(
            f"Retry(on_out_of_memory={name!r:.60}): it takes the name of a worker, such as "
            '"large", or None.'
        )
    if objection := objection_to_worker(name):
        raise ValueError(
            f'Retry(on_out_of_memory="{shown(name)}"): no worker has this name. {objection}.'
        )
