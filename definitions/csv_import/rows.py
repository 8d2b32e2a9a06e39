"""The rows of a CSV file, as Python's `csv` reads them."""

import csv
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from definitions.csv_import.lines import Line
from definitions.csv_import.position import Position

# What an item of 400 KB takes at most in a file (UTF-16, every character a doubled quote: 1.6 MB),
# with room for columns that are skipped.
MAX_ROW_BYTES: Final = 2 * 1024 * 1024

_NEVER_CLOSED: Final = "a quote that opens in the row is never closed"

_FIELD_SIZE_LIMIT: Final = threading.RLock()


class Format(NamedTuple):
    """How fields are separated and quoted. Without a `quotechar`, quotes are plain characters."""

    delimiter: str = ","
    quotechar: str = '"'

    @property
    def quoting(self) -> dict[str, Any]:
        """The arguments of `csv` that say how fields are quoted."""
        if self.quotechar:
            return {"quotechar": self.quotechar}
        return {"quotechar": None, "quoting": csv.QUOTE_NONE}

    def reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Python's own reader of `lines`."""
        return csv.reader(lines, delimiter=self.delimiter, **self.quoting)


class Row(NamedTuple):
    """The values of a row; none, for a blank line."""

    line: int  # the number of its first line in the file, from 1
    values: list[str]
    problem: str = ""  # why it can't be imported


class RowReader:
    """Reads row after row, and knows where the next one begins.

    The rows are those of `csv.reader` for the whole text: it takes the lines of a row from here one
    by one, so a row ends where it says. One kind of row differs. A row that has not ended within
    `max_bytes`, or whose quote is still open at the end of the text, is rejected, and the reader
    goes on with the line after the first one of that row. It keeps the lines that it has read
    ahead, `max_bytes` at most, and looks at each once: a text of open quotes takes linear time too.

    Args:
        start: where the first line begins.
    """

    def __init__(
        self,
        lines: Iterable[Line],
        format: Format,
        start: Position,
        *,
        max_bytes: int = MAX_ROW_BYTES,
    ) -> None:
        self.byte = start.byte
        self.line = start.line
        self.in_long_line = start.in_long_line
        self._max_bytes = max_bytes
        self._format = format
        self._lookahead = _Lookahead(lines, format, max_bytes)
        self._csv = format.reader(self._lookahead)

    def read(self) -> Row | None:
        """The next row, or blank line; `None` at the end."""
        with _fields_of(self._max_bytes):
            return self._read()

    def read_page(self, min_bytes: int) -> list[Row]:
        """Rows that take `min_bytes` or a bit more; less at the end. Blank lines are passed."""
        end = self.byte + min_bytes
        rows = []
        with _fields_of(self._max_bytes):
            while self.byte < end and (row := self._read()) is not None:
                if row.values or row.problem:
                    rows.append(row)
        return rows

    def _read(self) -> Row | None:
        number, lines = self.line, self._lookahead
        lines.start()
        try:
            values = next(self._csv)
        except StopIteration:
            return None
        except (_RowTooLong, csv.Error) as error:
            return self._reject(number, _NEVER_CLOSED if lines.is_open else str(error))
        if lines.is_open:
            return self._reject(number, _NEVER_CLOSED)
        problem = next((line.problem for line in lines.row if line.problem), "")
        self._pass(lines.row)
        return Row(number, values, problem)

    def _reject(self, number: int, problem: str) -> Row:
        """Gives up the row: only its first line is passed."""
        first = self._lookahead.give_up()
        goes_on = self.in_long_line  # a line that is rejected already
        self._pass([first])
        if goes_on:
            return Row(number, [])
        values = [] if first.text is None else next(self._format.reader([first.text]), [])
        return Row(number, values, problem)

    def _pass(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self.byte += line.size
            self.line += line.is_whole
            self.in_long_line = not line.is_whole


class _RowTooLong(Exception):
    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the row is longer than {max_bytes:,} bytes; is a quote never closed?")


class _Lookahead:
    """Hands the lines of a row to `csv.reader`, and has those of a row that was given up again."""

    def __init__(self, lines: Iterable[Line], format: Format, max_bytes: int) -> None:
        self._format = format
        self.row: list[Line] = []
        self.is_open = False  # whether the text has ended inside the row
        self._lines = iter(lines)
        self._max_bytes = max_bytes
        self._size = 0  # of the row
        # Lines of which is known that they don't close a quote that is open before them, ...
        self._quiet: deque[Line] = deque()
        self._quiet_size = 0
        # ... and after them, lines that have been read but not been looked at.
        self._ahead: deque[Line] = deque()

    def start(self) -> None:
        """Starts a row."""
        self.row, self._size, self.is_open = [], 0, False

    def give_up(self) -> Line:
        """The first line of the row; the others will come again."""
        first, *others = self.row
        # `csv.reader` has asked for more after each of them.
        self._quiet.extendleft(reversed(others))
        self._quiet_size += sum(line.size for line in others)
        return first

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.row and self._quiet and not self._will_close():
            raise _RowTooLong(self._max_bytes)
        line = self._next_line()
        if line is None:
            self.is_open = bool(self.row)
            raise StopIteration
        if self.row and self._size + line.size > self._max_bytes:
            self._ahead.appendleft(line)
            raise _RowTooLong(self._max_bytes)
        self.row.append(line)
        self._size += line.size
        if line.text is None:
            raise _RowTooLong(self._max_bytes)
        return line.text

    def _next_line(self) -> Line | None:
        if self._quiet:
            line = self._quiet.popleft()
            self._quiet_size -= line.size
            return line
        return self._ahead.popleft() if self._ahead else next(self._lines, None)

    def _will_close(self) -> bool:
        """Whether a line closes the open quote of the row while the row is still short enough."""
        if len(self.row) > 1:
            return True  # asked and answered at the row's first line
        size = self._size + self._quiet_size
        while (line := self._next_unknown()) is not None:
            size += line.size
            if size > self._max_bytes or line.text is None or self._closes(line.text):
                self._ahead.appendleft(line)
                return size <= self._max_bytes and line.text is not None
            self._quiet.append(line)
            self._quiet_size += line.size
        self.is_open = True
        return False

    def _next_unknown(self) -> Line | None:
        return self._ahead.popleft() if self._ahead else next(self._lines, None)

    def _closes(self, text: str) -> bool:
        """Whether `csv.reader` ends a row with this line, if a quote is open before it."""
        lines = iter((self._format.quotechar + "\n", text, ""))
        next(self._format.reader(lines))
        return next(lines, None) is not None


@contextmanager
def _fields_of(characters: int) -> Iterator[None]:
    """Lets `csv` read fields of so many characters, in place of 131,072.

    The limit is the process's: other code gets its own back. Threads that import take turns.
    """
    with _FIELD_SIZE_LIMIT:
        before = csv.field_size_limit(characters)
        try:
            yield
        finally:
            csv.field_size_limit(before)
