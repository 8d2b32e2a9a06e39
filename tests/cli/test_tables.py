"""Tables of what others have written: in the width of the terminal, whole in a pipe."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cli import shown
from cli.terminal import Cell, Terminal
from handler.contract import Status
from handler.record import Progress, TaskRecord
from tests.cli.command_line import Tty

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
HARD = [
    "\x1b[31m",
    "日本語" * 30,
    "e\u0301" * 50,
    "👩‍👧",
    "a\nb",
    "\u202e",
    "[bold]x[/bold]",
    ":smile:",
]


def record(
    name: str, definition: str, iterations: int = 3, waiting_until: datetime | None = None
) -> TaskRecord:
    return TaskRecord(
        id="0123456789abcdef01234567",
        definition_id=definition,
        name=name,
        status=Status.RUNNING,
        created_on=NOW - timedelta(hours=2),
        iterations=iterations,
        waiting_until=waiting_until,
        progress=Progress(done=3, total=10, rate=1.5, remaining_seconds=5),
    )


def written(name: str, definition: str, *, columns: int | None) -> list[str]:
    """The lines of a table, without colours."""
    out = io.StringIO() if columns is None else Tty()
    environ = {} if columns is None else {"COLUMNS": str(columns)}
    terminal = Terminal.of(io.StringIO(), out, io.StringIO(), environ=environ, no_color=True)
    waiting = record(name, definition, 9_999, NOW)
    shown.show_list(terminal, "table", [waiting], NOW)
    return out.getvalue().removesuffix("\n").split("\n")


@given(TEXTS | st.sampled_from(HARD), TEXTS, st.integers(80, 300))
def test_any_name_is_a_row_that_fits_and_has_its_id(name: str, definition: str, width: int) -> None:
    lines = written(name, definition, columns=width)

    assert len(lines) == 2
    assert "0123456789abcdef01234567" in lines[1]
    assert not any(each < " " or each == "\x7f" for line in lines for each in line)
    assert all(cell_len(line) <= width for line in lines)


def test_the_widest_row_fits_80_columns() -> None:
    widest = record("x" * 100, "y" * 100, 9_999).model_copy(
        update={"problem": "It fails.", "created_on": NOW - timedelta(days=365)}
    )
    out = Tty()
    terminal = Terminal.of(out, out, out, environ={"COLUMNS": "80"}, no_color=True)

    shown.show_list(terminal, "table", [widest], NOW)

    assert "in trouble  365d ago  9,999" in out.getvalue()
    assert all(cell_len(line) <= 80 for line in out.getvalue().splitlines())


@given(TEXTS | st.sampled_from(HARD))
def test_a_pipe_gets_all_of_it_in_a_line(name: str) -> None:
    from cli.printable import printable

    heads, row = written(name, "reindex", columns=None)

    assert row.endswith(printable(name).rstrip())
    assert "\x1b" not in heads + row


@pytest.mark.parametrize("width", [10, 40, 80])
def test_a_narrow_terminal_gets_the_whole_id_all_the_same(width: int) -> None:
    assert "0123456789abcdef01234567" in written("x" * 100, "y" * 100, columns=width)[1]


def test_what_looks_like_markup_is_text() -> None:
    assert "[bold]x[/bold] :smile:" in written("[bold]x[/bold] :smile:", "a", columns=None)[1]


def test_a_table_without_cells_that_give_way_is_whole() -> None:
    out = Tty()
    terminal = Terminal.of(io.StringIO(), out, out, environ={"COLUMNS": "10"}, no_color=True)

    terminal.table(("A", "B"), [[Cell("a" * 20, keeps=True), Cell("b" * 20, keeps=True)]])

    assert "a" * 20 + "  " + "b" * 20 in out.getvalue()
