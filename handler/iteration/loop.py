"""A loop that resumes itself: `for row in context.each(source, input)`."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Final, Protocol, TypeVar

from pydantic import BaseModel

from handler.clock import Clock
from handler.definition.verdicts import Aborted, Continue
from handler.record.task_record import Progress, TaskRecord

Item = TypeVar("Item")

CURSOR: Final = "cursor"


class Iteration(Protocol):
    """The part of `Context` that a loop needs."""

    @property
    def task(self) -> TaskRecord: ...

    def is_aborted(self) -> bool: ...

    def is_close_to_timeout(self, seconds: float) -> bool: ...

    def save(self, input: BaseModel, progress: Progress) -> None: ...

    def keep(self, input: BaseModel, progress: Progress) -> None: ...


class Leave(BaseException):
    """Ends an iteration with a verdict, from inside a loop; no `except Exception` of the task is in
    its way.
    """

    def __init__(self, verdict: Aborted | Continue) -> None:
        super().__init__(f"The iteration ends with {verdict}.")
        self.verdict = verdict


class Loop:
    """The bookkeeping of one loop: what is done, how fast, and when it was last saved.

    Args:
        context: the running task.
        input: the task's input; its field `cursor` is moved on, and it is what is saved.
        total: how many items there are, if that is known.
        margin_seconds: the loop ends the iteration when less is left of its Lambda.
        save_every: how often the cursor is saved, at most.
        clock: tells the time.
    """

    def __init__(
        self,
        context: Iteration,
        input: BaseModel,
        *,
        total: int | None,
        margin_seconds: float,
        save_every: timedelta,
        clock: Clock,
    ) -> None:
        self._context = context
        self._input = input
        self._total = total
        self._margin_seconds = margin_seconds
        self._save_every = save_every
        self._clock = clock
        before = context.task.progress
        self._done_before = before.done if before else 0
        self._done = 0
        self._started_at = self._saved_at = clock.now()

    def run(
        self,
        source: Iterable[tuple[object, Item]],
        *,
        size: Callable[[Item], int],
        most: int | None,
        pause: timedelta | None,
    ) -> Iterator[Item]:
        """Hands out the items one by one; each counts as done when the next one is asked for."""
        for given, (cursor, item) in enumerate(source, start=1):
            if given > 1:  # the claim has just looked
                self._leave_if_aborted()
            yield item
            setattr(self._input, CURSOR, cursor)
            self._done += size(item)
            if self._context.is_close_to_timeout(self._margin_seconds) or given == most:
                self._leave(pause)
            if self._clock.now() - self._saved_at >= self._save_every:
                self._save()
        self._context.keep(self._input, self.progress())

    def progress(self) -> Progress:
        """How far the task is, over all its iterations, and how fast it went in this one."""
        done = self._done_before + self._done
        seconds = (self._clock.now() - self._started_at).total_seconds()
        rate = round(self._done / seconds, 3) if seconds and self._done else None
        left = (
            round(max(self._total - done, 0) / rate, 1)
            if self._total is not None and rate
            else None
        )
        return Progress(done=done, total=self._total, rate=rate, remaining_seconds=left)

    def _leave_if_aborted(self) -> None:
        if self._context.is_aborted():
            self._context.keep(self._input, self.progress())
            raise Leave(Aborted())

    def _leave(self, pause: timedelta | None) -> None:
        self._context.keep(self._input, self.progress())
        raise Leave(Continue(self._input, wait=pause))

    def _save(self) -> None:
        self._context.save(self._input, self.progress())
        self._saved_at = self._clock.now()
