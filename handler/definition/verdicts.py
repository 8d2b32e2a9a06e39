"""What an iteration of a task returns: Done, Continue, Failed or Aborted."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel

from handler.clock import Seconds, to_seconds
from handler.contract import MAX_WAIT_SECONDS

Wait = Seconds | datetime
"""How long to wait, or the moment to wait for, with a time zone."""


@dataclass(frozen=True, slots=True)
class Done:
    """The task has ended well.

    Args:
        message: one line for the task's log; `Task done.` when empty.
        output: what the task hands over. Without one, an output that was saved earlier stays.
    """

    message: str = ""
    output: Mapping[str, object] | BaseModel | None = None

    def __post_init__(self) -> None:
        _check_message(self, self.message)
        if not isinstance(self.output, Mapping | BaseModel | None):
            raise TypeError(
                f"Done(output={self.output!r:.60}): an output is a mapping or a model, such as"
                " {'rows': [...]}."
            )


@dataclass(frozen=True, slots=True)
class Continue:
    """The task needs another iteration.

    Args:
        input: the next iteration's input. A model replaces the input, a mapping is merged over it,
            `None` keeps it.
        wait: how long to wait first: seconds or a `timedelta`; or an aware `datetime` to wait for.
            It is rounded up to whole seconds; more than 355 days are cut to 355 days. What is over
            already, or below 0, is no wait.
        counts: whether the iteration counts toward `max_iterations`. `False` is for an iteration
            that only looked whether something else is over.
    """

    input: Mapping[str, object] | BaseModel | None = None
    wait: Wait | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Failed:
    """The task has ended badly.

    Args:
        message: what happened.
        code: what to group failures by; `TASK_ERROR` when there is none.
        data: JSON-ready details.
    """

    message: str
    code: str | None = None
    data: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        _check_message(self, self.message)


@dataclass(frozen=True, slots=True)
class Aborted:
    """The task has stopped because it was asked to, or because it chose to."""


Verdict = Done | Continue | Failed | Aborted


def whole_seconds(wait: Wait | None, *, now: datetime) -> int:
    """`wait` as the state machine takes it: whole seconds, rounded up, from 0 to 355 days.

    Raises:
        ValueError: a `datetime` without a time zone, or NaN.
        TypeError: it is neither a duration nor a moment.
    """
    if wait is None:
        return 0
    if isinstance(wait, datetime):
        if wait.tzinfo is None:
            raise ValueError(
                f"wait={wait.isoformat()} has no time zone. "
                "Use an aware datetime, such as datetime.now(UTC)."
            )
        seconds = (wait - now).total_seconds()
    else:
        seconds = to_seconds(wait, name="wait")
    return math.ceil(min(max(seconds, 0.0), float(MAX_WAIT_SECONDS)))


def _check_message(verdict: object, message: object) -> None:
    if not isinstance(message, str):
        kind = type(verdict).__name__
        raise TypeError(
            f"{kind}({message!r:.60}): the first argument is the message, a string. Give the others"
            " by name."
        )
