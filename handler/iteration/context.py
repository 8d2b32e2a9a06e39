"""What a running task is given."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, TypeVar

from pydantic import BaseModel

from handler.clock import Clock, RemainingSeconds
from handler.contract import Status
from handler.definition.definition import Definition
from handler.definition.values import next_input, stored_input, stored_output
from handler.definition.verdicts import Aborted, Continue, Verdict
from handler.iteration.log_buffer import Journal
from handler.iteration.loop import CURSOR, Leave, Loop
from handler.lifecycle.service import Tasks
from handler.record.jsonable import jsonable
from handler.record.task_record import Progress, TaskRecord
from handler.table.conditions import Guard
from handler.table.store import Store, Superseded

Item = TypeVar("Item")

DEFAULT_TIMEOUT_MARGIN_SECONDS: Final = 180.0
_ABORT_CHECK_INTERVAL: Final = timedelta(seconds=1)


def _one(_: object) -> int:
    return 1


class Context:
    """What a task knows of itself, and what it can do beside its own work.

    Args:
        record: the task, as it was claimed.
        definition: its definition.
        store: the table.
        tasks: triggers its children.
        journal: its log.
        clock: tells the time.
        remaining: how many seconds the invocation has left.
    """

    def __init__(
        self,
        record: TaskRecord,
        *,
        definition: Definition,
        store: Store,
        tasks: Tasks,
        journal: Journal,
        clock: Clock,
        remaining: RemainingSeconds,
    ) -> None:
        self.log = journal
        self._record = record
        self._definition = definition
        self._store = store
        self._tasks = tasks
        self._clock = clock
        self._remaining = remaining
        self._is_aborted = False
        self._asked_at: datetime | None = None
        self._kept: dict[str, object] = {}

    @property
    def task(self) -> TaskRecord:
        """The record, with what this iteration has saved."""
        return self._record

    @property
    def tenant(self) -> str:
        return self._record.tenant

    @property
    def locale(self) -> str:
        return self._record.locale

    def remaining_seconds(self) -> float:
        """How many seconds this iteration has left before its Lambda is ended."""
        return self._remaining()

    def is_close_to_timeout(self, seconds: float = DEFAULT_TIMEOUT_MARGIN_SECONDS) -> bool:
        """Whether less than `seconds` are left: time to return `Continue`."""
        return self._remaining() < seconds

    def is_aborted(self) -> bool:
        """Whether the task was aborted, or deleted, meanwhile. It reads the table, at most once a
        second.
        """
        now = self._clock.now()
        if not self._is_aborted and (
            self._asked_at is None or now - self._asked_at >= _ABORT_CHECK_INTERVAL
        ):
            self._asked_at = now
            self._is_aborted = self._store.status(self._record.id) not in (
                Status.PENDING,
                Status.RUNNING,
            )
        return self._is_aborted

    def save_input(self, input: Mapping[str, object] | BaseModel) -> None:
        """Saves a checkpoint: what the next iteration, or this one after a crash, starts with.

        A model replaces the input, a mapping is merged over it. On a task that was aborted
        meanwhile nothing is saved.

        Raises:
            InvalidInput: it doesn't validate, or is too large.
        """
        self._save(input=next_input(self._definition, self.unsaved().input, input))

    def save_output(self, output: Mapping[str, object] | BaseModel) -> None:
        """Saves an output, in place of the one before; a later `Done` without one keeps it."""
        self._save(output=stored_output(output))

    def save_progress(self, done: int, total: int | None = None) -> None:
        """Says how far the task is, for people to see on the record."""
        self._save(progress=Progress(done=done, total=total))

    def trigger(
        self,
        definition: str | Definition,
        *,
        input: Mapping[str, object] | BaseModel | None = None,
        name: str | None = None,
        delay: float = 0,
        key: str | None = None,
    ) -> TaskRecord:
        """Triggers a child of this task, as `tasks.trigger` does, in the name of whoever triggered
        this one.

        Args: definition: the definition, or its id. input: what its input model takes. name: for
            people. delay: seconds to wait before its first iteration. key: what makes this child
            this child: triggered again with the same key, after a crash, it is still one.
                Without it, the input and the name are the key.
        """
        known = definition if isinstance(definition, str) else definition.id
        own_key = key if key is not None else f"{name}\n{jsonable(input or {})}"
        return self._tasks.trigger(
            known,
            input=input,
            name=name,
            delay=delay,
            parent=self._record,
            idempotency_key=f"{self._record.id}\n{own_key}",
            tenant=self.tenant,
            locale=self.locale,
            created_by=self._record.created_by,
        )

    def children(self, definition: str | Definition | None = None) -> list[TaskRecord]:
        """The children of this task, oldest first, as they now stand."""
        id = definition.id if isinstance(definition, Definition) else definition
        return [
            child
            for child in self._store.children(self._record.id)
            if id in (None, child.definition_id)
        ]

    def each(
        self,
        source: Iterable[tuple[object, Item]],
        input: BaseModel,
        *,
        total: int | None = None,
        size: Callable[[Item], int] = _one,
        per_iteration: int | None = None,
        pause: timedelta | None = None,
        margin_seconds: float = DEFAULT_TIMEOUT_MARGIN_SECONDS,
        save_every: timedelta = timedelta(seconds=5),
    ) -> Iterator[Item]:
        """A loop that resumes itself: `for row in context.each(rows_from(input.cursor), input):
        ...`.

        It moves `input.cursor` on as items are done, saves the input with the progress every few
        seconds, and ends the iteration by itself when the task is aborted, or when the Lambda is
        close to its timeout: the next iteration gets the input as it was left. Whatever else the
        body keeps in `input` is saved in the same write. After a crash, what was done since the
        last save is done again.

        Args:
            source: yields `(cursor, item)`: the cursor is where to go on once the item is done.
            input: the task's input; a model with a field `cursor`, not frozen.
            total: how many items there are, for the progress and its estimate.
            size: how many items one item stands for, where the source yields batches (`size=len`).
            per_iteration: ends the iteration after so many items of the source, too.
            pause: how long to wait before the next iteration.
            margin_seconds: ends the iteration when less is left.
            save_every: how often the input is saved, at most.
        """
        fields = type(input).model_fields
        if CURSOR not in fields or type(input).model_config.get("frozen"):
            name = type(input).__name__
            raise TypeError(
                f'context.each() moves {name}.{CURSOR} on: give {name} a field "{CURSOR}", and'
                " don't freeze it."
            )
        loop = Loop(
            self,
            input,
            total=total,
            margin_seconds=margin_seconds,
            save_every=save_every,
            clock=self._clock,
        )
        return loop.run(source, size=size, most=per_iteration, pause=pause)

    def wait_for_children(
        self,
        then: Callable[[list[TaskRecord]], Verdict],
        *,
        definition: str | Definition | None = None,
        first_wait: timedelta = timedelta(seconds=5),
        longest_wait: timedelta = timedelta(minutes=5),
    ) -> Verdict:
        """Waits until every child is over, then returns what `then` makes of them: `return
        context.wait_for_children(join)`.

        The wait grows with the time that the children have been running. It doesn't count against
        `max_iterations`.

        Args:
            then: given the children, oldest first, each with its status and output.
            definition: only children of that definition.
            first_wait: the shortest wait between two looks.
            longest_wait: the longest one.
        """
        children = self.children(definition)
        if not any(child.status.is_open for child in children):
            return then(children)
        running_for = self._clock.now() - max(
            datetime.fromisoformat(child.created_on) for child in children
        )
        return Continue(wait=min(max(running_for / 2, first_wait), longest_wait), counts=False)

    def save(self, input: BaseModel, progress: Progress) -> None:
        """Saves the input and the progress in one write."""
        self._save(input=stored_input(self._definition, input), progress=progress)

    def keep(self, input: BaseModel, progress: Progress) -> None:
        """Has the input and the progress stored with the outcome."""
        self._kept = {"input": stored_input(self._definition, input), "progress": progress}

    def unsaved(self) -> TaskRecord:
        """The record with what is to be stored with the outcome."""
        return (
            self._record.checkpointed(now=self._clock.now(), **self._kept)
            if self._kept
            else self._record
        )

    def _save(self, **saved: object) -> None:
        after = self._record.checkpointed(now=self._clock.now(), **(self._kept | saved))
        self._kept = {}
        try:
            self._store.save(after, before=self._record, guard=owned_by(self._record))
        except Superseded as superseded:
            if superseded.record is None or not superseded.record.status.is_open:
                self._is_aborted = (
                    True  # what the task should do about it, it learns from is_aborted()
                )
                return
            raise Leave(Aborted()) from superseded  # another invocation runs this task now
        self._record = after


def owned_by(record: TaskRecord) -> Guard:
    """Holds while `record`'s iteration is the last one, and its execution the owner."""
    return Guard(execution_name=record.execution_name or "", iterations=record.iterations)
