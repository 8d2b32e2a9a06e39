"""What an iteration logs: kept until its outcome is stored with it."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from handler import process_log
from handler.clock import Clock
from handler.record import (
    LogLine,
    LogType,
    StoredTask,
    TaskFailure,
    TaskLog,
    line_data,
    line_error,
    to_text,
)
from handler.table import Logs

# Unwritten lines die with the Lambda, so they are written at this age or size.
_MAX_AGE: Final = timedelta(seconds=30)
_MAX_BYTES: Final = 64 * 1024

LoggedError = BaseException | TaskFailure | Mapping[str, object] | str
"""What `error` takes: an exception, a mapping with a `message`, or a text."""


class LogBuffer:
    """The lines of one iteration that are not written yet.

    Args:
        enabled: whether lines are kept at all (`@task(database_logs=...)`).
        claimed: whether the task's iteration is this one. A visit without a claim logs beside it.
    """

    def __init__(
        self,
        task: StoredTask,
        *,
        logs: Logs,
        clock: Clock,
        enabled: bool = True,
        claimed: bool = True,
    ) -> None:
        self._claimed = claimed
        self._task = task
        self._logs = logs
        self._clock = clock
        self._enabled = enabled
        self._lines: list[LogLine] = []
        self._bytes = 0
        self._part = 0
        self.has_spoken = False  # whether the iteration has said something, kept or not
        self._is_closed = False

    def of_next(self, task: StoredTask) -> "LogBuffer":
        """The buffer of the iteration that goes on where this one has ended."""
        return LogBuffer(task, logs=self._logs, clock=self._clock, enabled=self._enabled)

    def add(
        self,
        message: object,
        *,
        data: Mapping[str, object],
        failure: TaskFailure | None = None,
        is_error: bool = False,
    ) -> None:
        """Adds a line. Lines that have grown old or large are written at once."""
        self.has_spoken = True
        self.conclude(message, data=data, failure=failure, is_error=is_error)
        if not self._lines:
            return
        age = self._lines[-1].created_on - self._lines[0].created_on
        if self._bytes >= _MAX_BYTES or age >= _MAX_AGE:
            self._flush()

    def conclude(
        self,
        message: object,
        *,
        data: Mapping[str, object] | None = None,
        failure: TaskFailure | None = None,
        is_error: bool = False,
    ) -> None:
        """Adds the line that says what becomes of the iteration: it waits for the outcome."""
        line = LogLine(
            message=to_text(message) or "(no message)",
            created_on=self._clock.now(),
            type=LogType.ERROR if failure or is_error else LogType.INFO,
            data=line_data(data),
            error=line_error(failure) if failure else None,
        )
        _to_process_log(line)
        if not self._enabled or self._is_closed:
            return
        self._lines.append(line)
        self._bytes += len(line.model_dump_json(exclude_none=True).encode())

    def close(self) -> TaskLog | None:
        """Takes the lines out, for the write that stores the outcome.

        What is logged from here on is in the process's log alone: the iteration is over.
        """
        self._is_closed = True
        return self.take()

    def take(self) -> TaskLog | None:
        """Takes the lines out, to be written."""
        lines, self._lines, self._bytes = self._lines, [], 0
        if not lines:
            return None
        self._part += 1
        return TaskLog.of(self._task, lines, part=self._part if self._claimed else None)

    def _flush(self) -> None:
        if log := self.take():
            self._logs.append(log)


class TaskLogger:
    """`context.log`: adds lines to the task's log."""

    def __init__(self, buffer: LogBuffer) -> None:
        self._buffer = buffer

    def info(self, message: str, /, **data: object) -> None:
        """Logs a line. Data of more than 16 KiB is left out, with a note of its size."""
        self._buffer.add(message, data=data)

    def error(self, message: str, /, error: LoggedError | None = None, **data: object) -> None:
        """Logs an error: an exception with its type and trace, or a mapping with a `message`."""
        failure = TaskFailure.from_logged(error, message=message)
        self._buffer.add(message, data=data, failure=failure, is_error=True)


def _to_process_log(line: LogLine) -> None:
    """Puts a line beside what the iteration logs and prints. It is there even if it is not kept."""
    level = logging.ERROR if line.type is LogType.ERROR else logging.INFO
    if not process_log.takes(level):
        return
    more = line.model_dump(include={"data", "error"}, exclude_none=True, mode="json")
    process_log.write(level, line.message, more)
