"""The physical lines of a text, read from chunks of bytes."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from definitions.csv_import.encoding import BYTE_ORDER_MARK, Encoding
from definitions.csv_import.position import Position


class Line(NamedTuple):
    """A line, with its line break.

    A line of more than `max_bytes` comes in pieces without text, of which the last one is whole.
    """

    size: int  # in bytes
    text: str | None
    problem: str = ""  # why it can't be read, with the byte
    is_whole: bool = True


class LineReader:
    """Cuts chunks of bytes into lines. It holds one chunk and `max_bytes` of a line at most.

    Args:
        start: where the first chunk begins.
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        encoding: Encoding,
        start: Position,
        *,
        max_bytes: int,
    ) -> None:
        self._chunks = chunks
        self._encoding = encoding
        self._max_bytes = max_bytes
        self._byte = start.byte
        self._in_long_line = start.in_long_line
        self._parts: list[bytes] = []  # of a line whose end has not come yet
        self._size = 0

    def __iter__(self) -> Iterator[Line]:
        for data in self._cut():
            for part in self._encoding.split(data):
                self._parts.append(part)
                self._size += len(part)
                if self._encoding.ends_line(part):
                    yield self._take(is_whole=True)
            if self._size > self._max_bytes:
                yield self._take(is_whole=False)
        if self._size and (last := self._take(is_whole=True)).text != "":
            yield last  # a byte order mark alone is no line

    def _cut(self) -> Iterator[bytes]:
        """The chunks, cut where neither a character unit nor a line break goes on."""
        rest = b""
        for chunk in self._chunks:
            data = rest + chunk
            size = len(data) - self._encoding.unfinished(data)
            rest = data[size:]
            if size:
                yield data[:size]
        if rest:
            yield rest

    def _take(self, *, is_whole: bool) -> Line:
        parts, size, start = self._parts, self._size, self._byte
        self._parts, self._size, self._byte = [], 0, start + size
        is_long = self._in_long_line or size > self._max_bytes or not is_whole
        self._in_long_line = is_long and not is_whole
        if is_long:
            return Line(size, None, is_whole=is_whole)
        data = b"".join(parts)
        text, error = self._encoding.decode(data)
        if start == 0:
            text = text.removeprefix(BYTE_ORDER_MARK)
        if error is None:
            return Line(size, text)
        return Line(size, text, self._problem(data[error.start], start + error.start))

    def _problem(self, value: int, at: int) -> str:
        encoding = self._encoding.name.upper()
        return (
            f"not {encoding} (byte 0x{value:02x} at byte {at:,} of the file; see the option"
            ' "encoding")'
        )
