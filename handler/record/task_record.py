"""The task record, its log, and the moves that a status may make."""

import math
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from handler.clock import to_iso
from handler.contract import DEFAULT_LOCALE, DEFAULT_TENANT, AnswerStatus, Status

Json = dict[str, object]


class _Frozen(BaseModel):
    # Names are camelCase in the table, on the wire and in GraphQL, and snake_case in Python.
    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore"
    )


class Identity(_Frozen):
    """Who triggered a task."""

    id: str
    display_name: str
    type: str


SYSTEM = Identity(id="system", display_name="System", type="system")


class ErrorRecord(_Frozen):
    """An error as the record, the log and the wire have it."""

    message: str
    code: str | None = None
    data: Json | None = None
    stack: str | None = None  # for the log alone

    def to_wire(self) -> Json:
        return self.model_dump(by_alias=True, exclude_none=True, exclude={"stack"})


class Progress(_Frozen):
    """How far a task is, as it last said."""

    done: int
    total: int | None = None
    rate: float | None = None  # items a second
    remaining_seconds: float | None = None  # an estimate; needs a total and a rate


class LogType(StrEnum):
    INFO = "info"
    ERROR = "error"


class LogLine(_Frozen):
    """One line of a task's log."""

    message: str
    created_on: str
    type: LogType = LogType.INFO
    data: Json | None = None
    error: ErrorRecord | None = None

    @classmethod
    def at(cls, now: datetime, message: str, error: ErrorRecord | None = None) -> "LogLine":
        """A line of now; one with an error is an error."""
        return cls(
            message=message,
            created_on=to_iso(now),
            type=LogType.ERROR if error else LogType.INFO,
            error=error,
        )


class TaskLog(_Frozen):
    """What one iteration of a task logged, or a part of it: the store puts the parts together."""

    task: str  # the task's id
    iteration: int
    execution_name: str = ""
    created_on: str
    created_by: Identity
    part: str  # tells it from the other parts, and stands in their order
    items: tuple[LogLine, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.task}-{self.iteration}"

    @classmethod
    def joined(cls, parts: Iterable["TaskLog"]) -> "TaskLog":
        """The parts of one iteration's log as one, its lines by their time."""
        first, *rest = sorted(parts, key=lambda part: part.created_on)
        lines = [line for part in (first, *rest) for line in part.items]
        return first.model_copy(
            update={"items": tuple(sorted(lines, key=lambda line: line.created_on))}
        )


class TaskRecord(_Frozen):
    """A task as it is stored. A change makes a new record; the methods are the only moves there
    are.
    """

    id: str
    definition_id: str
    name: str
    tenant: str = DEFAULT_TENANT
    locale: str = DEFAULT_LOCALE
    parent_id: str | None = None
    status: Status = Field(default=Status.PENDING, alias="taskStatus")
    input: Json = {}
    output: Json | None = None
    delay: int = 0  # seconds to wait before the first iteration
    created_on: str  # every date is ISO 8601, UTC, milliseconds
    created_by: Identity = SYSTEM
    saved_on: str | None = None
    started_on: str | None = None
    finished_on: str | None = None
    execution_name: str | None = None  # the execution that owns the task
    execution_iterations: int = 0  # how many of the iterations that execution ran
    # how many times it was claimed: those that a crash cut off, or that only found it, included
    iterations: int = 0
    # how many of them count against max_iterations: those that only looked after children don't
    spent: int = 0
    attempts: int = 0  # how many of them since the task last got on: what its Retry counts
    claims: int = 0  # how many of them since an outcome was last stored: more than 1 after a crash
    deliveries: int = 0  # how many times its event was sent again
    visit: str | None = None  # the visit of `Run` that the running iteration answers
    invocation: str | None = None  # the Lambda invocation that runs it
    # What the worker answered last, and which visit: to tell it again when it was lost on the way.
    answer: AnswerStatus | None = None
    answered_visit: str | None = None
    waiting_until: str | None = None
    progress: Progress | None = None
    hook: str | None = None  # the hook that is due since the outcome was stored, until it has run
    hook_attempts: int = 0  # how often the recovery has tried to run it
    closing: bool = (
        False  # whether logs of earlier iterations still have to be told that they expire
    )

    @classmethod
    def new(
        cls,
        *,
        now: datetime,
        definition_id: str,
        name: str,
        id: str | None = None,
        input: Json,
        **fields: object,
    ) -> "TaskRecord":
        """A record of a task that nothing has run yet."""
        return cls.model_validate(
            {
                "id": id or new_id(now),
                "definition_id": definition_id,
                "name": name,
                "input": input,
                "created_on": to_iso(now),
                "saved_on": to_iso(now),
                **fields,
            }
        )

    def log(self, lines: Iterable[LogLine], *, part: int | None = None) -> TaskLog:
        """`lines` as a log of the current iteration: its own, part by part, or of somebody beside
        it.
        """
        items = tuple(lines)
        return TaskLog(
            task=self.id,
            iteration=self.iterations,
            execution_name=self.execution_name or "",
            created_on=items[0].created_on,
            created_by=self.created_by,
            part=f"{part:06d}" if part is not None else f"~{os.urandom(4).hex()}",
            items=items,
        )

    def deferred(self, *, now: datetime, until: datetime, execution_name: str) -> "TaskRecord":
        """An execution waits for the task's delay to pass: the record belongs to it, and stays
        pending.
        """
        return self._changed(now, execution_name=execution_name, waiting_until=to_iso(until))

    def checkpointed(self, *, now: datetime, **saved: object) -> "TaskRecord":
        """The running iteration saves its input, its output or its progress."""
        return self._changed(now, **saved)

    def continued(
        self, *, now: datetime, input: Json, wait: int, attempts: int = 0, free: bool = False
    ) -> "TaskRecord":
        """The iteration has ended and another follows; `attempts` are kept when it is a retry; a
        `free` one doesn't count.
        """
        until = to_iso(now + timedelta(seconds=wait)) if wait else None
        # Neither an iteration that a crash cut off counts, nor one that only looked after
        # something.
        spent = self.spent - max(self.claims - 1, 0) - (1 if free else 0)
        return self._answered(
            now,
            AnswerStatus.CONTINUE,
            input=input,
            waiting_until=until,
            attempts=attempts,
            spent=spent,
        )

    def succeeded(
        self, *, now: datetime, output: Json | None, hook: str | None = None
    ) -> "TaskRecord":
        """The task has ended well. Without an output, the one that was saved stays."""
        kept = self.output if output is None else output
        return self._ended(now, AnswerStatus.DONE, Status.SUCCESS, hook, output=kept)

    def failed(self, *, now: datetime, error: ErrorRecord, hook: str | None = None) -> "TaskRecord":
        """The task has ended badly. An output that was saved stays beside the error."""
        output = (self.output or {}) | {"error": error.to_wire()}
        return self._ended(now, AnswerStatus.ERROR, Status.FAILED, hook, output=output)

    def aborted(self, *, now: datetime, hook: str | None = None) -> "TaskRecord":
        """The task was stopped."""
        return self._ended(now, AnswerStatus.ABORTED, Status.ABORTED, hook)

    def delay_left(self, now: datetime) -> int:
        """How many seconds its next iteration still has to wait, rounded up: of its delay, or of
        the wait that it is in.
        """
        delayed_until = datetime.fromisoformat(self.created_on) + timedelta(seconds=self.delay)
        until = datetime.fromisoformat(self.waiting_until) if self.waiting_until else delayed_until
        return (
            max(0, math.ceil((until - now).total_seconds()))
            if not self.iterations or self.waiting_until
            else 0
        )

    def hook_ran(self) -> "TaskRecord":
        """The hook that was due has run."""
        return self.model_copy(update={"hook": None, "hook_attempts": 0})

    def hook_tried(self) -> "TaskRecord":
        """The recovery is about to run the hook."""
        return self.model_copy(update={"hook_attempts": self.hook_attempts + 1})

    def closed(self) -> "TaskRecord":
        """Its logs have been told when they expire."""
        return self.model_copy(update={"closing": False})

    def redelivered(self, *, now: datetime) -> "TaskRecord":
        """Its event was sent again."""
        return self._changed(now, deliveries=self.deliveries + 1)

    def released(self, *, now: datetime) -> "TaskRecord":
        """The execution has let go of the task, for the next one to take it up."""
        return self._changed(now, execution_name=None, execution_iterations=0, deliveries=0)

    def _ended(
        self,
        now: datetime,
        answer: AnswerStatus,
        status: Status,
        hook: str | None,
        **changes: object,
    ) -> "TaskRecord":
        closing = self.closing or self.iterations > 1
        return self._answered(
            now,
            answer,
            status=status,
            finished_on=to_iso(now),
            hook=hook,
            closing=closing,
            **changes,
        )

    def _answered(self, now: datetime, answer: AnswerStatus, **changes: object) -> "TaskRecord":
        self._must_be_open(f"move on with `{answer}`")
        return self._changed(
            now,
            **{
                "answer": answer,
                "answered_visit": self.visit,
                "claims": 0,
                "waiting_until": None,
                **changes,
            },
        )

    def _must_be_open(self, what: str) -> None:
        if not self.status.is_open:
            raise ValueError(
                f'Task "{self.id}" is {self.status}; it can\'t {what}. A status only moves forward.'
            )

    def _changed(self, now: datetime, **changes: object) -> "TaskRecord":
        return self.model_copy(update={**changes, "saved_on": to_iso(now)})


def new_id(now: datetime) -> str:
    """24 hex digits, the first eight of them the time in seconds: ids made later sort later."""
    return f"{int(now.timestamp()):08x}{os.urandom(8).hex()}"
