"""What an iteration of a task returns: Done, Continue, Failed or Aborted."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel

from handler.contract import MAX_WAIT_SECONDS


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

    Args: input: the next iteration's input. A model replaces the input, a mapping is merged over
        it, nothing keeps it. wait: how long to wait first: seconds, a `timedelta`, or an aware
        `datetime` to wait for. Rounded up to whole
            seconds; longer than 355 days is cut to 355 days.
        counts: whether the iteration counts against `max_iterations`; `False` for one that only
            looked whether something else has come to its end.
    """

    input: Mapping[str, object] | BaseModel | None = None
    wait: int | float | timedelta | datetime | None = None
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


def whole_seconds(wait: int | float | timedelta | datetime | None, *, now: datetime) -> int:
    """`wait` as the state machine takes it: whole seconds, rounded up, from 0 to 355 days.

    Raises:
        ValueError: a `datetime` without a time zone, or a number that isn't one (NaN).
        TypeError: anything else.
    """
    match wait:
        case None:
            seconds = 0.0
        case bool():
            raise TypeError(
                f"wait={wait} is no wait. Give seconds, a timedelta or an aware datetime."
            )
        case int() | float():
            seconds = float(wait)
        case timedelta():
            seconds = wait.total_seconds()
        case datetime():
            if wait.tzinfo is None:
                raise ValueError(
                    f"wait={wait.isoformat()} has no time zone. Use an aware datetime, such as"
                    " datetime.now(UTC)."
                )
            seconds = (wait - now).total_seconds()
        case _:
            raise TypeError(
                f"wait={wait!r} is a {type(wait).__name__}. Give seconds, a timedelta or an aware"
                " datetime."
            )
    if math.isnan(seconds):
        raise ValueError("wait=nan is no wait. Give a number of seconds.")
    return math.ceil(min(max(seconds, 0.0), float(MAX_WAIT_SECONDS)))


def _check_message(verdict: object, message: object) -> None:
    if not isinstance(message, str):
        kind = type(verdict).__name__
        raise TypeError(
            f"{kind}({message!r:.60}): the first argument is the message, a string. Give the others"
            " by name."
        )
