"""What a running iteration has saved, and what it will save with its outcome."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import RLock
from typing import Final

from pydantic import BaseModel

from handler.clock import Clock
from handler.definition import Aborted, Continue, TaskCode, next_input, stored_input, stored_output
from handler.errors import EngineSignal, Refused
from handler.record import (
    Json,
    Progress,
    Signal,
    StoredTask,
    TaskRecord,
    WaitingFor,
    short_repr,
    with_own_payloads,
)
from handler.table import RecordMoved, Standing, Store, running

_ABORT_CHECK_INTERVAL: Final = timedelta(seconds=1)


class EndIteration(EngineSignal):
    """Ends an iteration with a verdict, from inside the author's code.

    It is not an `Exception`: a task that catches those must not catch this. The author's `finally`
    blocks run.
    """

    def __init__(self, verdict: Aborted | Continue) -> None:
        super().__init__(f"The iteration ends with {verdict}.")
        self.verdict = verdict


class Checkpoints:
    """The task of a running iteration: as it is stored, and as it will be.

    `Context`, its loop and the runner share one. What is kept (`keep`) is stored by whichever write
    comes next: a save, or the outcome.
    """

    def __init__(self, task: StoredTask, *, code: TaskCode, store: Store, clock: Clock) -> None:
        self.stored = task
        self.ended_with: Aborted | Continue | None = None
        self.loop_input: BaseModel | None = None  # of a loop that runs
        self.taken: dict[str, int] = {}  # the signals that it got, by name; stored with its outcome
        self.is_paused = False  # when `is_over` last asked the table
        self.margin = 0.0  # the largest that the author's code asked for, in seconds
        self._code = code
        self._store = store
        self._clock = clock
        self._record: TaskRecord | None = None
        self._kept: tuple[Json, Progress] | None = None
        self._wait_is_over = False
        self._is_over = False
        self._is_overtaken = False
        self._is_closed = False
        self._lock = RLock()  # a task may save from its threads
        self._asked_at: datetime | None = None

    @property
    def record(self) -> TaskRecord:
        """The task as it is stored, for the author: what becomes of its payloads there is not."""
        if self._record is None:
            self._record = with_own_payloads(self.stored.to_record())
        return self._record

    def with_taken(self) -> StoredTask:
        """The task as it is stored, with the signals that this iteration got."""
        return self.stored.took(self.taken) if self.taken else self.stored

    def take(self, signal: Signal) -> None:
        """The iteration has got a signal. Whatever it waits for next is another wait."""
        self.taken[signal.name] = signal.number
        self.end_wait()

    def end_wait(self) -> None:
        """What the task has waited for until now, it does not wait for any more."""
        self._wait_is_over = True

    def wait_for(self, signal: str | None) -> WaitingFor | None:
        """The wait that the task is in, if it is for this signal; `None`: for its children."""
        wait = None if self._wait_is_over else self.stored.waiting_for
        return wait if wait and wait.signal == signal else None

    def is_short_of_time(self, margin: float, remaining: float) -> bool:
        """Whether less than a margin is left, all in seconds. What asks for it needs it again."""
        self.margin = max(self.margin, margin)
        return remaining < margin

    def is_over(self) -> bool:
        """Whether the iteration is one of the past: nothing that it does counts any more.

        Its task was aborted or deleted, its time is over, another invocation runs it, or the
        iteration has ended and left a thread behind. It asks the table once a second.
        """
        now = self._clock.now()
        self._is_over |= self.stored.out_of_time(now) is not None
        if self._is_over or (self._asked_at and now - self._asked_at < _ABORT_CHECK_INTERVAL):
            return self._is_over
        self._asked_at = now
        standing = self._store.standing(self.stored)
        self._is_over |= standing in (Standing.OVER, Standing.OVERTAKEN)
        self._is_overtaken |= standing is Standing.OVERTAKEN
        self.is_paused = standing is Standing.PAUSED
        return self._is_over

    def check_may_trigger(self) -> None:
        """Keeps what outlives its iteration from triggering children.

        Raises:
            Refused: the iteration has ended.
            EndIteration: another invocation runs the task.
        """
        if self._is_closed:
            raise Refused(
                f'An iteration of task "{self.stored.id}" triggers a child after its end: a thread '
                "of it is still at work. Next: join the task's threads before it returns."
            )
        if self._is_overtaken:
            raise self.end_iteration(Aborted())

    def close(self) -> StoredTask:
        """Ends the iteration: from here on nothing of it is saved.

        Returns:
            The task with what the outcome stores.
        """
        with self._lock:
            self._is_closed = self._is_over = True
            return self.unsaved()

    def save_input(self, input: Mapping[str, object] | BaseModel) -> None:
        if self.loop_input is not None and input is not self.loop_input:
            raise TypeError(
                "context.save_input() inside a context.each() loop takes the loop's own input: the "
                "loop saves that one, and would save over any other. Set its field, and save it: "
                "input.note = ...; context.save_input(input)."
            )
        self._save(input=next_input(self._code, self.unsaved().input, input))

    def save_output(self, output: Mapping[str, object] | BaseModel) -> None:
        if not isinstance(output, Mapping | BaseModel | None):
            raise TypeError(
                f"context.save_output({short_repr(output)}): an output is a mapping or a model,"
                " such as {'rows': [...]}."
            )
        self._save(output=stored_output(output))

    def save_progress(self, progress: Progress) -> None:
        self._save(progress=progress)

    def save_step(self, input: BaseModel, progress: Progress) -> None:
        """Saves the input and the progress in one write."""
        self.keep(input, progress)
        self._save()

    def keep(self, input: BaseModel, progress: Progress) -> None:
        """Has the input and the progress stored with the next write."""
        self._kept = stored_input(self._code, input), progress

    def unsaved(self) -> StoredTask:
        """The task with what the next write will store."""
        if self._kept is None:
            return self.stored
        input, progress = self._kept
        return self.stored.checkpointed(now=self._clock.now(), input=input, progress=progress)

    def end_iteration(self, verdict: Aborted | Continue) -> EndIteration:
        """What ends the iteration with `verdict`, even if the author's code swallows it."""
        self.ended_with = verdict
        return EndIteration(verdict)

    def _save(
        self,
        *,
        input: Json | None = None,
        output: Json | None = None,
        progress: Progress | None = None,
    ) -> None:
        with self._lock:
            if self._is_closed:
                return  # the task learns of it from is_aborted()
            after = self.unsaved().checkpointed(
                now=self._clock.now(), input=input, output=output, progress=progress
            )
            self._kept = None
            guard = running(self.stored)
            try:
                self.stored = self._store.save(after, before=self.stored, guard=guard)
            except RecordMoved as moved:
                self._is_over = True
                if moved.task is None or moved.task.is_over:
                    return  # as above
                self._is_overtaken = True
                raise self.end_iteration(Aborted()) from moved
            self._record = None
