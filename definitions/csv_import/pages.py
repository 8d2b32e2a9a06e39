"""A CSV file, page by page."""

from collections.abc import Iterator
from typing import NamedTuple

from definitions.csv_import.encoding import Encoding
from definitions.csv_import.lines import LineReader
from definitions.csv_import.position import Position
from definitions.csv_import.rows import MAX_ROW_BYTES, Format, Row, RowReader
from definitions.csv_import.source import Place, Source, StoredFile, open_source


class Page(NamedTuple):
    """Whole rows that lie one after the other in the file.

    Args:
        end: where the next page begins.
        weight: the bytes of the stored file that it stands for.
    """

    rows: list[Row]
    end: Position
    weight: int


class CsvFile(NamedTuple):
    """A CSV file in S3, and how to read it.

    Args:
        page_bytes: how many bytes to read at a time, and the size of a page: it ends with the row
            that reaches it.
    """

    stored: StoredFile
    encoding: Encoding
    format: Format
    is_gzip: bool
    page_bytes: int
    max_row_bytes: int = MAX_ROW_BYTES

    def header(self) -> tuple[Row | None, Position]:
        """The first row, and the position behind it. Its bytes count with the first page."""
        source = self._open(Position())
        reader = self._reader(source, Position())
        row = reader.read()
        return row, _position(reader, source.place(reader.byte), counted=0)

    def pages(self, start: Position) -> Iterator[tuple[Position, Page]]:
        """Each page from `start` on, with the position of the next one."""
        source = self._open(start)
        reader = self._reader(source, start)
        at = start
        while (rows := reader.read_page(self.page_bytes)) or reader.byte > at.byte:
            place = source.place(reader.byte)
            # What is unpacked again after a resumption has been counted before.
            end = _position(reader, place, counted=max(at.counted, place.counted))
            yield end, Page(rows, end, end.counted - at.counted)
            at = end
        if at.counted < self.stored.size:  # the end of a gzip file, behind its text
            end = at.model_copy(update={"counted": self.stored.size})
            yield end, Page([], end, end.counted - at.counted)

    def _open(self, start: Position) -> Source:
        return open_source(self.stored, start, chunk_bytes=self.page_bytes, is_gzip=self.is_gzip)

    def _reader(self, source: Source, start: Position) -> RowReader:
        lines = LineReader(source.chunks(), self.encoding, start, max_bytes=self.max_row_bytes)
        return RowReader(lines, self.format, start, max_bytes=self.max_row_bytes)


def _position(reader: RowReader, place: Place, *, counted: int) -> Position:
    return Position(
        byte=reader.byte,
        line=reader.line,
        in_long_line=reader.in_long_line,
        counted=counted,
        member_at=place.member_at,
        member_byte=place.member_byte,
    )
