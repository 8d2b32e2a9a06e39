"""A task's log: what each iteration wrote, line by line."""

import os
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, Field

from handler.contract import MAX_SOURCE_CHARACTERS
from handler.record.failures import TaskFailure, fitting
from handler.record.model import Json, Moment, StoredModel
from handler.record.task_record import Identity
from handler.record.texts import cut, to_text

if TYPE_CHECKING:
    from handler.record.stored_task import StoredTask


# A row of the table has 400 KB (DynamoDB quotas), and a log has many lines.
MAX_LINE_CHARACTERS: Final = 4_000
_MAX_DATA_BYTES: Final = 16 * 1024


def line_data(data: object) -> Json | None:
    """The data of a line; a note in its place if it has more than 16 KiB."""
    return fitting(data, _MAX_DATA_BYTES)


def line_error(error: TaskFailure) -> TaskFailure:
    """The error of a line, whose data is cut as that of a line is."""
    return error.cut_to(_MAX_DATA_BYTES)


def _message(text: str) -> str:
    return cut(to_text(text), MAX_LINE_CHARACTERS)


class LogType(StrEnum):
    INFO = "info"
    ERROR = "error"


class LogLine(StoredModel):
    """One line of a task's log. A message of more than 4,000 characters is cut, with a mark."""

    message: Annotated[str, AfterValidator(_message)]
    created_on: Moment
    type: LogType = LogType.INFO
    data: Json | None = None
    error: TaskFailure | None = None
    created_by: Identity | None = None  # where it is not whoever the log is of

    @classmethod
    def at(
        cls,
        now: datetime,
        message: str,
        error: TaskFailure | None = None,
        *,
        source: str | None = None,
    ) -> "LogLine":
        """A line dated `now`; its type is ERROR when `error` is given.

        Args:
            source: from where it was done: it is in the line's data.
        """
        kind = LogType.ERROR if error else LogType.INFO
        data: Json | None = None
        if source:
            data = {"source": cut(to_text(source), MAX_SOURCE_CHARACTERS)}
        failure = line_error(error) if error else None
        return cls(message=message, created_on=now, type=kind, data=data, error=failure)


class TaskLog(StoredModel):
    """What one iteration of a task logged, or a part of it: the table puts the parts together."""

    task: str  # the task's id
    iteration: int
    execution_name: str = ""
    created_on: Moment
    created_by: Identity  # who wrote it; the iteration itself writes for whoever triggered it
    part: str  # unique among the iteration's parts, and sorts in their order
    lines: tuple[LogLine, ...] = Field(default=(), alias="items")  # Webiny's word on the wire

    @property
    def id(self) -> str:
        return f"{self.task}-{self.iteration}"

    @classmethod
    def of(
        cls,
        task: "StoredTask",
        lines: Iterable[LogLine],
        *,
        part: int | None = None,
        by: Identity | None = None,
    ) -> "TaskLog":
        """Lines of a task's current iteration.

        Args:
            part: the number of the iteration's own part; without it, somebody beside it logs.
            by: who that is; by default, the iteration logs for whoever triggered the task.
        """
        kept = tuple(lines)
        return cls(
            task=task.id,
            iteration=task.iterations,
            execution_name=task.execution_name or "",
            created_on=kept[0].created_on,
            created_by=by.fitting() if by else task.created_by,
            part=f"{part:06d}" if part is not None else f"~{os.urandom(4).hex()}",
            lines=kept,
        )

    @classmethod
    def joined(cls, parts: Iterable["TaskLog"]) -> "TaskLog":
        """The parts of one iteration's log as one, its lines by their time.

        A line of a part that somebody else wrote than the first says who wrote it.
        """
        first, *rest = sorted(parts, key=lambda part: part.created_on)
        lines = [line for part in (first, *rest) for line in part._lines_beside(first)]
        return first.model_copy(
            update={"lines": tuple(sorted(lines, key=lambda line: line.created_on))}
        )

    def _lines_beside(self, first: "TaskLog") -> Iterable[LogLine]:
        if self.created_by == first.created_by:
            return self.lines
        return (line.model_copy(update={"created_by": self.created_by}) for line in self.lines)
