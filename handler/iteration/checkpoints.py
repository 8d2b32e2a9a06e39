"""What a running iteration has saved, and what it will save with its outcome."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel

from handler.clock import Clock
from handler.contract import Status
from handler.definition import Aborted, Continue, TaskCode, next_input, stored_input, stored_output
from handler.errors import EngineSignal
from handler.record import Json, Progress, StoredTask, TaskRecord, short_repr
from handler.table import RecordMoved, Store, owned_by

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
        self.record: TaskRecord = task.to_record()
        self.ended_with: Aborted | Continue | None = None
        self.loop_input: BaseModel | None = None  # of a loop that runs
        self._code = code
        self._store = store
        self._clock = clock
        self._kept: tuple[Json, Progress] | None = None
        self._is_over = False
        self._asked_at: datetime | None = None

    def is_over(self) -> bool:
        """Whether the task was aborted, or deleted, meanwhile. It asks the table once a second."""
        now = self._clock.now()
        if self._is_over or (self._asked_at and now - self._asked_at < _ABORT_CHECK_INTERVAL):
            return self._is_over
        self._asked_at = now
        status = self._store.status(self.stored.id)
        self._is_over = status not in (Status.PENDING, Status.RUNNING)
        return self._is_over

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
        after = self.unsaved().checkpointed(
            now=self._clock.now(), input=input, output=output, progress=progress
        )
        self._kept = None
        try:
            self._store.save(after, before=self.stored, guard=owned_by(self.stored))
        except RecordMoved as moved:
            if moved.task is None or moved.task.is_over:
                self._is_over = True  # the task learns of it from is_aborted()
                return
            # Another invocation runs this task now.
            raise self.end_iteration(Aborted()) from moved
        self.stored = after
        self.record = after.to_record()
