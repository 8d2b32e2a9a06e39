"""The lines of a task's log, each once, in their order, with their iterations."""

import json
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cli import watching
from cli.printable import printable, printable_lines
from cli.terminal import Terminal
from cli.work import Work
from handler.clock import to_iso
from handler.errors import ApiUnavailable, StoreUnavailable
from handler.record import LogLine, LogType, TaskLog, TaskRecord

# Lines may still come to the iteration before the last one that was seen: an abort, or a signal,
# is logged beside it.
_STILL_COMING: Final = 1


@dataclass(frozen=True)
class Line:
    """A line, and where it is from."""

    log: TaskLog
    line: LogLine

    @property
    def is_error(self) -> bool:
        return self.line.type is LogType.ERROR

    @property
    def iteration(self) -> int:
        return self.log.iteration

    def to_json(self) -> dict[str, Any]:
        """The line, and its iteration, as the API names their fields."""
        own = self.line.model_dump(mode="json", by_alias=True)
        by = own["createdBy"] or self.log.created_by.model_dump(mode="json", by_alias=True)
        return {
            "task": self.log.task,
            "iteration": self.log.iteration,
            "executionName": self.log.execution_name,
            **own,
            "createdBy": by,
        }


class Follower:
    """Reads the lines of a task's log that it has not read before."""

    def __init__(self, read: Callable[..., Iterable[TaskLog]], id: str) -> None:
        self._read = read
        self._id = id
        self._last = 0
        self.count = 0  # of the lines that it has read
        self._seen: dict[int, Counter[str]] = {}

    def all(self) -> Iterator[Line]:
        """The lines that there are, as they are read. They count as read one by one."""
        for log in self._read(self._id):
            yield from self._new_of(log)

    def new(self) -> Iterator[Line]:
        """The lines that have come since. It reads no older iterations than it needs to."""
        logs = []
        for log in self._read(self._id, newest_first=True):
            if log.iteration < self._last - _STILL_COMING:
                break
            logs.append(log)
        for log in reversed(logs):
            yield from self._new_of(log)

    def _new_of(self, log: TaskLog) -> Iterator[Line]:
        before = self._seen.get(log.iteration, Counter())
        now: Counter[str] = Counter()
        for line in log.lines:
            identity = line.model_dump_json()
            now[identity] += 1
            if now[identity] > before[identity]:
                self._seen.setdefault(log.iteration, Counter())[identity] += 1
                self._last = max(self._last, log.iteration)
                self.count += 1
                yield Line(log, line)
        for old in [each for each in self._seen if each < self._last - _STILL_COMING]:
            del self._seen[old]


@dataclass(frozen=True)
class Wanted:
    """Which lines."""

    iteration: int | None = None
    errors: bool = False
    since: datetime | None = None

    def takes(self, line: Line) -> bool:
        """Whether a line is one of them."""
        return (
            (self.iteration is None or line.iteration == self.iteration)
            and (not self.errors or line.is_error)
            and (self.since is None or line.line.created_on >= self.since)
        )


def lines_now(work: Work, id: str, wanted: Wanted, *, tail: int | None = None) -> Iterator[Line]:
    """The lines that there are, or the last of them."""
    found = filter(wanted.takes, Follower(work.client.logs, id).all())
    yield from found if tail is None else deque(found, maxlen=tail)


def lines_until_over(
    work: Work, record: TaskRecord, wanted: Wanted, *, tail: int | None = None
) -> Iterator[Line]:
    """The lines that there are, and those that come until the task is over.

    While the API does not answer it goes on, and says so on the standard error.
    """
    follower, pauses = Follower(work.client.logs, record.id), watching.Pauses()
    first = _patient(work, follower.all, wanted)
    yield from first if tail is None else deque(first, maxlen=tail)
    may_have_more = record.is_open
    while True:
        before = follower.count
        is_whole = yield from _patient(work, follower.new, wanted)
        if record.is_over and is_whole:
            if not may_have_more:
                return
            may_have_more = False  # a hook may yet log that it has raised: once more
        work.terminal.flush()
        work.clock.sleep(pauses.take(has_changed=follower.count > before))
        record = watching.look(work, record)


def _patient(
    work: Work, read: Callable[[], Iterator[Line]], wanted: Wanted
) -> Generator[Line, None, bool]:
    """The lines, as far as they can be read. Returns whether these are all that there are by now.

    What is missing comes with the next look.
    """
    try:
        yield from filter(wanted.takes, read())
    except (ApiUnavailable, StoreUnavailable) as error:
        work.terminal.say(f"No answer; trying again. {error.message}")
        return False
    return True


def write(terminal: Terminal, format: str, line: Line) -> None:
    """Writes a line: as text with its time and its iteration, or as JSON."""
    if format != "table":
        terminal.json(line.to_json(), is_compact=True)
        return
    first, *others = printable_lines(line.line.message)
    more = json.dumps(line.line.data, ensure_ascii=False) if line.line.data else ""
    kind = line.line.type.value
    head = f"{to_iso(line.line.created_on)} #{line.iteration} {kind:<5} "
    terminal.styled(f"{head}{printable(' '.join(filter(None, (first, more))))}", _style(line))
    for other in [*others, *_error_of(line)]:
        terminal.styled(f"    {printable(other)}", _style(line))


def _style(line: Line) -> str:
    return "red" if line.is_error else ""


def _error_of(line: Line) -> Iterator[str]:
    if (error := line.line.error) is None:
        return
    if error.code or error.message != line.line.message:
        yield ": ".join(filter(None, (error.code, error.message)))
    if error.data:
        yield json.dumps(error.data, ensure_ascii=False)
    if error.stack:
        yield from printable_lines(error.stack.rstrip())
