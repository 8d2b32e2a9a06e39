"""Shows followed executions: as a live table on a terminal, as plain lines elsewhere."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from local.watch import Execution, Step

_LAST_STATES = 5
_COLOURS = {"RUNNING": "cyan", "SUCCEEDED": "green"}

Progress = Callable[[], tuple[int, int]]  # done, total


class View(AbstractContextManager["View"], Protocol):
    """Shows steps as they happen."""

    def show(self, steps: Sequence[Step], /) -> None:
        """Shows the steps of one poll."""


def view_for(console: Console, executions: Sequence[Execution], progress: Progress) -> View:
    """A live table for a terminal, plain lines for any other output."""
    return (
        LiveView(console, executions, progress)
        if console.is_terminal
        else PlainView(console, progress)
    )


class PlainView:
    """A line for each step, and a line of progress after each poll that has steps."""

    def __init__(self, console: Console, progress: Progress) -> None:
        self._console = console
        self._progress = progress

    def __enter__(self) -> "PlainView":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def show(self, steps: Sequence[Step]) -> None:
        """Prints a line for each step, then the progress."""
        for step in steps:
            self._console.print(f"  {step}", markup=False, highlight=False, soft_wrap=True)
        if steps:
            done, total = self._progress()
            self._console.print(
                f"{'':12}{done:,} of {total:,} rows", style="dim", highlight=False, soft_wrap=True
            )


class LiveView:
    """A table with a row for each execution, and a bar of progress below it."""

    def __init__(
        self, console: Console, executions: Sequence[Execution], progress: Progress
    ) -> None:
        self._executions = executions
        self._progress = progress
        self._live = Live(console=console, auto_refresh=False)

    def __enter__(self) -> "LiveView":
        self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.update(self._render(), refresh=True)
        self._live.__exit__(kind, error, trace)

    def show(self, _steps: Sequence[Step]) -> None:
        """Redraws the table, which has the steps already."""
        self._live.update(self._render(), refresh=True)

    def _render(self) -> RenderableType:
        table = Table(
            "task", "status", "states", "last note", box=None, header_style="dim", pad_edge=False
        )
        for execution in self._executions:
            table.add_row(*_row(execution))
        done, total = self._progress()
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=total, completed=done, width=40), f"{done:,} of {total:,} rows"
        )
        return Group(table, bar)


def _row(execution: Execution) -> tuple[RenderableType, ...]:
    status = Text(execution.status, style=_COLOURS.get(execution.status, "red"))
    states = execution.states
    earlier = f"({len(states) - _LAST_STATES} before) " if len(states) > _LAST_STATES else ""
    notes = [step.note for step in execution.steps if step.note]
    return (
        execution.task,
        status,
        earlier + " → ".join(states[-_LAST_STATES:]),
        notes[-1] if notes else "",
    )
