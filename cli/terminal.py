"""Where the command line writes, and whom it asks."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, TextIO

from cli.printable import printable, printable_json
from local.terminal import take_any_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

# A table that is no terminal's is not cut: no line is longer than this.
_ENDLESS: Final = 100_000
# Between two columns; and what is left of one that gives way.
_GAP: Final = 2
_LEAST: Final = 6
_YES: Final = frozenset({"y", "yes"})


@dataclass(frozen=True)
class Terminal:
    """Standard output has what was asked for, standard error what there is to say of it.

    What others have written is made printable by whoever prints it: `line` and `say` do it.

    Args:
        is_live: whether the output is a terminal that can be written over.
        has_colour: whether it is to have colours.
        columns: the width of the terminal; `None`: as it says itself.
    """

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    is_live: bool = False
    has_colour: bool = False
    columns: int | None = None

    @classmethod
    def of(
        cls,
        stdin: TextIO,
        stdout: TextIO,
        stderr: TextIO,
        *,
        environ: Mapping[str, str],
        no_color: bool = False,
    ) -> "Terminal":
        """The terminal of streams. NO_COLOR and TERM=dumb take its colours (no-color.org)."""
        for stream in (stdout, stderr):
            take_any_text(stream)
        is_terminal = stdout.isatty() and environ.get("TERM") != "dumb"
        return cls(
            stdin,
            stdout,
            stderr,
            is_live=is_terminal,
            has_colour=is_terminal and not no_color and not environ.get("NO_COLOR"),
            columns=_columns(environ),
        )

    @cached_property
    def console(self) -> "Console":
        """rich's console of the standard output."""
        from cli.consoles import OwnConsole  # noqa: PLC0415  what prints no table waits for none

        return OwnConsole(
            file=self.stdout,
            force_terminal=self.is_live,
            color_system="auto" if self.has_colour else None,
            no_color=not self.has_colour,
            width=self.columns if self.is_live else _ENDLESS,
            markup=False,
            highlight=False,
            emoji=False,
            soft_wrap=False,
        )

    def line(self, text: str = "") -> None:
        """Writes a line to the standard output."""
        self.stdout.write(f"{printable(text)}\n")

    def styled(self, text: str, style: str) -> None:
        """Writes a line of printable text, in a style of rich's where there are colours."""
        if not (style and self.has_colour):
            self.stdout.write(f"{text}\n")
            return
        from rich.text import Text  # noqa: PLC0415  as above

        self.console.print(Text(text, style=style), soft_wrap=True)

    def say(self, text: str) -> None:
        """Writes a line to the standard error."""
        self.stdout.flush()
        self.stderr.write(f"{printable(text)}\n")
        self.stderr.flush()

    def json(self, value: object, *, is_compact: bool = False) -> None:
        """Writes a value as JSON."""
        text = json.dumps(value, ensure_ascii=False, indent=None if is_compact else 2, default=str)
        self.stdout.write(f"{printable_json(text)}\n")

    def json_lines(self, values: Iterable[object]) -> None:
        """Writes values as JSON, one a line."""
        for value in values:
            self.json(value, is_compact=True)

    def flush(self) -> None:
        self.stdout.flush()

    def asks(self, question: str) -> bool | None:
        """Whether somebody says yes. `None`: there is nobody to ask."""
        if not (self.stdin.isatty() and self.stderr.isatty()):
            return None
        self.stdout.flush()
        self.stderr.write(f"{printable(question)} [y/N] ")
        self.stderr.flush()
        return self.stdin.readline().strip().lower() in _YES

    def table(self, heads: Sequence[str], rows: Sequence[Sequence["Cell"]]) -> None:
        """Writes a table: to a terminal in its width, elsewhere whole, without colours."""
        self.print(table(heads, rows, columns=self.console.width))

    def print(self, shown: object) -> None:
        """Writes what rich can render, without spaces at the ends of lines."""
        with self.console.capture() as captured:
            self.console.print(shown, crop=False)
        self.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _columns(environ: Mapping[str, str]) -> int | None:
    """The width that the environment says; `None`: the terminal is asked."""
    said = environ.get("COLUMNS", "")
    return int(said) if said.isdecimal() and int(said) else None


@dataclass(frozen=True)
class Cell:
    """What stands in a cell of a table: text of anybody's, a style of rich's, and what may go.

    Args:
        keeps: whether it is never cut, however narrow the terminal is.
    """

    text: str
    style: str = ""
    keeps: bool = False


def table(heads: Sequence[str], rows: Sequence[Sequence[Cell]], *, columns: int) -> "Table":
    """rich's table of cells. What is too long for the terminal is cut with an ellipsis."""
    from rich.table import Table  # noqa: PLC0415  as above
    from rich.text import Text  # noqa: PLC0415

    widths = _widths(heads, rows, columns)
    made = Table(
        box=None,
        header_style="bold",
        pad_edge=False,
        padding=(0, _GAP, 0, 0),
        width=sum(widths)
        + _GAP * (len(widths) - 1),  # of a narrow terminal, too: it wraps the line
    )
    for head, width in zip(heads, widths, strict=True):
        made.add_column(head, no_wrap=True, overflow="ellipsis", width=width)
    for row in rows:
        made.add_row(*(Text(printable(cell.text), style=cell.style) for cell in row))
    return made


def _widths(heads: Sequence[str], rows: Sequence[Sequence[Cell]], columns: int) -> list[int]:
    """How many cells each column has. What may be cut gives way, the widest first."""
    from rich.cells import cell_len  # noqa: PLC0415  as above

    whole = [list(column) for column in zip(*rows, strict=True)]
    widths = [
        max(cell_len(head), *(cell_len(printable(cell.text)) for cell in column))
        for head, column in zip(heads, whole, strict=True)
    ]
    may_go = [number for number, column in enumerate(whole) if not column[0].keeps]
    spare = sum(widths) + _GAP * (len(heads) - 1) - columns
    while spare > 0 and may_go:
        widest = max(may_go, key=lambda number: widths[number])
        if widths[widest] <= _LEAST:
            break
        widths[widest] -= 1
        spare -= 1
    return widths
