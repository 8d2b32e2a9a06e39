"""What an iteration logs: kept until its outcome is stored with it, written earlier when it grows large or old."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from handler.clock import Clock, to_iso
from handler.failures import error_of, readable
from handler.jsonable import size_of
from handler.records import ErrorRecord, Json, LogLine, LogType, TaskLog, TaskRecord
from handler.store import Store

# A line is lost with its Lambda until it is written: not for longer than this, and not more than this.
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
        self, message: str, error: BaseException | ErrorRecord | Mapping[str, object] | None = None, **data: object
    ) -> None:
        """Logs an error: an exception with its type and trace, or a mapping with a `message`."""
        self._add(message, LogType.ERROR, data, _error_record(message, error))

    def record_error(self, error: ErrorRecord) -> None:
        """Logs the error that ends the iteration."""
        self._add(error.message, LogType.ERROR, {}, error)

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

    def _add(self, message: str, type: LogType, data: Mapping[str, object], error: ErrorRecord | None) -> None:
        if not self._enabled:
            return
        now = self._clock.now()
        text = str(message)[:_LONGEST_MESSAGE] or "(no message)"
        line = LogLine(message=text, created_on=to_iso(now), type=type, data=_fitting(data), error=error)
        self._oldest = self._oldest if self._lines else now
        self._lines.append(line)
        self._bytes += size_of(line.model_dump(exclude_none=True))
        if self._bytes >= _LARGEST_BYTES or now - self._oldest >= _OLDEST:
            self.flush()


def _fitting(data: Mapping[str, object]) -> Json | None:
    if not data:
        return None
    kept = readable(data)
    size = size_of(kept)
    return kept if size <= _LARGEST_DATA_BYTES else {"omitted": f"{size:,} bytes; a line takes {_LARGEST_DATA_BYTES:,}."}


def _error_record(message: str, error: BaseException | ErrorRecord | Mapping[str, object] | None) -> ErrorRecord | None:
    if error is None or isinstance(error, ErrorRecord):
        return error
    if isinstance(error, BaseException):
        return error_of(error)
    code = error.get("code")
    return ErrorRecord(message=str(error.get("message") or message), code=str(code) if code else None, data=readable(error))
