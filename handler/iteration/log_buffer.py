"""What an iteration logs: kept until its outcome is stored with it, written earlier when it grows
large or old.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from handler.clock import Clock, to_iso
from handler.record.failures import error_of, readable, readable_text
from handler.record.jsonable import size_of
from handler.record.task_record import ErrorRecord, Json, LogLine, LogType, TaskLog, TaskRecord
from handler.table.store import Store

# A line is lost with its Lambda until it is written: not for longer than this, and not more than
# this.
_OLDEST: Final = timedelta(seconds=30)
_LARGEST_BYTES: Final = 64 * 1024
_LARGEST_DATA_BYTES: Final = 16 * 1024
_LONGEST_MESSAGE: Final = 4_000


class Journal:
    """`context.log`: lines for the task's log. With `database_logs=False` none are kept.

    Args:
        record: the task, as it was claimed.
        store: where lines go that can't wait.
        clock: dates them.
        enabled: whether lines are kept at all.
    """

    def __init__(self, record: TaskRecord, *, store: Store, clock: Clock, enabled: bool) -> None:
        self._record = record
        self._store = store
        self._clock = clock
        self._enabled = enabled
        self._lines: list[LogLine] = []
        self._bytes = 0
        self._part = 0
        self._oldest = clock.now()

    def info(self, message: str, **data: object) -> None:
        """Logs a line. Data beyond 16 KiB is left out, with a note of its size."""
        self._add(message, LogType.INFO, data, None)

    def error(
        self,
        message: str,
        error: BaseException | ErrorRecord | Mapping[str, object] | str | None = None,
        **data: object,
    ) -> None:
        """Logs an error: an exception with its type and trace, or a mapping with a `message`."""
        self._add(message, LogType.ERROR, data, _error_record(message, error))

    def conclude(self, message: str, error: ErrorRecord | None = None, **data: object) -> None:
        """Logs what becomes of the iteration: written with the outcome, however old or large the
        log has grown.
        """
        self._add(message, LogType.ERROR if error else LogType.INFO, data, error, may_wait=True)

    def take(self) -> TaskLog | None:
        """The lines that are not written yet, for the write that stores the outcome."""
        lines, self._lines, self._bytes = self._lines, [], 0
        if not lines:
            return None
        self._part += 1
        return self._record.log(lines, part=self._part)

    def flush(self) -> None:
        """Writes the lines that are not written yet."""
        if log := self.take():
            self._store.append(log)

    def _add(
        self,
        message: str,
        type: LogType,
        data: Mapping[str, object],
        error: ErrorRecord | None,
        *,
        may_wait: bool = False,
    ) -> None:
        if not self._enabled:
            return
        now = self._clock.now()
        text = readable_text(message)[:_LONGEST_MESSAGE] or "(no message)"
        if error:
            error = error.model_copy(update={"data": _fitting(error.data or {})})
        line = LogLine(
            message=text, created_on=to_iso(now), type=type, data=_fitting(data), error=error
        )
        self._oldest = self._oldest if self._lines else now
        self._lines.append(line)
        self._bytes += size_of(line.model_dump(exclude_none=True))
        if may_wait:
            return
        if self._bytes >= _LARGEST_BYTES or now - self._oldest >= _OLDEST:
            self.flush()


def _fitting(data: Mapping[str, object]) -> Json | None:
    if not data:
        return None
    kept = readable(data)
    size = size_of(kept)
    return (
        kept
        if size <= _LARGEST_DATA_BYTES
        else {"omitted": f"{size:,} bytes; a line takes {_LARGEST_DATA_BYTES:,}."}
    )


def _error_record(
    message: str, error: BaseException | ErrorRecord | Mapping[str, object] | str | None
) -> ErrorRecord | None:
    if error is None or isinstance(error, ErrorRecord):
        return error
    if isinstance(error, str):
        return ErrorRecord(message=readable_text(error)[:_LONGEST_MESSAGE])
    if isinstance(error, BaseException):
        return error_of(error)
    code = error.get("code")
    text = readable_text(error.get("message") or message)[:_LONGEST_MESSAGE]
    return ErrorRecord(
        message=text, code=readable_text(code) if code else None, data=readable(error)
    )
