"""Looks at a task again and again until it is over: live on a terminal, else a line a change."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from cli import moments, shown
from cli.printable import printable
from cli.terminal import Terminal
from cli.work import Work
from handler.errors import ApiUnavailable, StoreUnavailable
from handler.record import TaskRecord

if TYPE_CHECKING:
    from rich.live import Live

FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 5.0
_GROWTH: Final = 1.2
_BAR_CELLS: Final = 40


class Pauses:
    """How long to wait before the next look: longer and longer, as long as nothing changes."""

    def __init__(self) -> None:
        self._next = FIRST_PAUSE_SECONDS

    def take(self, *, has_changed: bool) -> float:
        """The seconds until the next look."""
        if has_changed:
            self._next = FIRST_PAUSE_SECONDS
        taken = self._next
        self._next = min(self._next * _GROWTH, LONGEST_PAUSE_SECONDS)
        return taken


class View(Protocol):
    """Shows a task as it changes."""

    def show(self, record: TaskRecord) -> None: ...


def until_over(
    work: Work, record: TaskRecord, *, timeout: timedelta | None = None, is_quiet: bool = False
) -> TaskRecord:
    """Shows a task until it is over, or the time is, and returns it as it then stands.

    While the API does not answer it goes on, and says so. The output has nothing of it but the
    view: lines of a view that is not live go to the standard error.

    Args:
        is_quiet: whether to show nothing.
    """
    begun, pauses, seen = work.now(), Pauses(), record
    with view_of(work.terminal, work.now, is_quiet=is_quiet) as view:
        view.show(record)
        while record.is_open:
            # Two records are equal if their payloads are, which would have to be asked for.
            pause = pauses.take(has_changed=shown.as_json(record) != shown.as_json(seen))
            left = None if timeout is None else (begun + timeout - work.now()).total_seconds()
            if left is not None and left <= 0:
                break
            work.clock.sleep(pause if left is None else min(pause, left))
            seen, record = record, look(work, record)
            view.show(record)
    return record


def look(work: Work, record: TaskRecord) -> TaskRecord:
    """The task as it stands now; as it stood, where the API does not answer."""
    try:
        return work.client.get(record.id)
    except (ApiUnavailable, StoreUnavailable) as error:
        work.terminal.say(f"No answer; trying again. {error.message}")
        return record


def view_of(
    terminal: Terminal, now: Callable[[], datetime], *, is_quiet: bool = False
) -> AbstractContextManager[View]:
    """A live view for a terminal, lines for any other output."""
    if is_quiet:
        return nullcontext(_Nothing())
    return _Live(terminal, now) if terminal.is_live else nullcontext(_Lines(terminal))


class _Nothing:
    def show(self, record: TaskRecord) -> None:
        pass


class _Lines:
    """A line for each change, on the standard error."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._last = ""

    def show(self, record: TaskRecord) -> None:
        text = shown.summary(record)
        if text != self._last:
            self._terminal.say(f"{record.id}: {text}")
            self._last = text


class _Live(AbstractContextManager[View]):
    """A few lines that are written over, with a bar where the task says how far it is."""

    def __init__(self, terminal: Terminal, now: Callable[[], datetime]) -> None:
        self._terminal = terminal
        self._now = now
        self._live: Live | None = None

    def __enter__(self) -> View:
        from rich.live import Live  # noqa: PLC0415  what is no terminal waits for none of it

        self._live = Live(console=self._terminal.console, auto_refresh=False)
        self._live.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        if self._live:
            self._live.__exit__(*raised)

    def show(self, record: TaskRecord) -> None:
        if self._live:
            self._live.update(rendered(record, self._now()), refresh=True)


def rendered(record: TaskRecord, now: datetime) -> Any:
    """A task on a terminal: what it is, where it stands, and a bar."""
    from rich.console import Group  # noqa: PLC0415  as above
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    since = (record.finished_on or now) - record.created_on
    head = Text.assemble(
        (printable(record.definition_id), "bold"), " ", record.id, "  ", printable(record.name)
    )
    state = Text(printable(shown.summary(record)), style=shown.STYLES[record.status])
    lines: list[Any] = [head, Text.assemble(state, (f"  {moments.short(since)}", "dim"))]
    if (progress := record.progress) and progress.total:
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=progress.total, completed=progress.done, width=_BAR_CELLS),
            Text(shown.pace_of(progress)),
        )
        lines.append(bar)
    return Group(*lines)
