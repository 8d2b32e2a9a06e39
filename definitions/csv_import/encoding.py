"""How the bytes of a file become lines of text."""

import codecs
import functools
import io
import re
from typing import Final, NamedTuple

from definitions.csv_import.errors import ImportRefused

UTF_8: Final = "utf-8"
UTF_16: Final = "utf-16"
BYTE_ORDER_MARK: Final = "\ufeff"
REPLACEMENT: Final = "\ufffd"  # what `decode` puts in place of bytes that are not text
LONGEST_MARK: Final = 4

# Encodings that keep ASCII as it is, by the names that Python's `codecs.lookup` gives them
# (Python library reference, "Standard Encodings"). No byte of their longer characters is a line
# break. The others of these families are refused: cp037 and its likes are EBCDIC.
_FAMILIES: Final = re.compile(
    r"utf-8|ascii|iso8859-\d+|cp\d+|koi8-[rtu]|mac-\w+|tis-620|gb\w+|big5\w*|euc_\w+|shift_\w+"
)
_ASCII: Final = bytes(range(128))
_WIDE: Final = ("utf-16-le", "utf-16-be")
_MARKS: Final = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Encoding(NamedTuple):
    """An encoding whose line breaks can be found in the bytes.

    Args:
        name: Python's name of it, such as `utf-8`, `cp1252` or `utf-16-le`.
    """

    name: str

    @property
    def unit(self) -> int:
        """The bytes of the smallest character."""
        return 2 if self.name in _WIDE else 1

    def unfinished(self, data: bytes) -> int:
        """How many bytes at the end of `data` may go on in what comes after it.

        Those of an incomplete character, and a CR, which a LF may follow. Characters of several
        units count as complete: they end no line.
        """
        rest = len(data) % self.unit
        last = data[len(data) - rest - self.unit : len(data) - rest]
        return rest + (self.unit if last == _line_breaks(self.name)[1] else 0)

    def split(self, data: bytes) -> list[bytes]:
        """The lines of `data`, each with its line break: CR, LF or both. The last may have none."""
        if self.unit == 1:
            return data.splitlines(keepends=True)
        size = len(data) - len(data) % self.unit
        # Lone surrogates pass here; `decode` finds them.
        text = io.StringIO(data[:size].decode(self.name, "surrogatepass"), newline="")
        lines = [line.encode(self.name, "surrogatepass") for line in text]
        return [*lines, data[size:]] if data[size:] else lines

    def ends_line(self, data: bytes) -> bool:
        """Whether `data`, a part of `split`, ends with its line break."""
        return data.endswith(_line_breaks(self.name))

    def decode(self, data: bytes) -> tuple[str, UnicodeDecodeError | None]:
        """The text of a line. With an error, signs of replacement stand for what is not text."""
        try:
            return data.decode(self.name), None
        except UnicodeDecodeError as error:
            return data.decode(self.name, "replace"), error


@functools.cache
def _line_breaks(name: str) -> tuple[bytes, bytes]:
    """LF and CR."""
    return "\n".encode(name), "\r".encode(name)


def canonical(name: str) -> str:
    """Python's own name of an encoding: `utf-8` for `UTF8`, `iso8859-1` for `latin-1`.

    Raises:
        ValueError: Python has no such encoding, or importCsv can't find its line breaks.
    """
    try:
        found = codecs.lookup(name).name.removesuffix("-sig")
    except (LookupError, ValueError):
        raise ValueError(
            f'"{name}" is not an encoding of Python. Next: use "utf-8", "utf-16", "latin-1",'
            ' "cp1252" or another of its standard encodings.'
        ) from None
    if found in (UTF_16, *_WIDE):
        return found
    if not _FAMILIES.fullmatch(found) or _ASCII.decode(found, "replace") != _ASCII.decode("ascii"):
        raise ValueError(
            f'"{name}" is an encoding that importCsv does not read. Next: store the file as UTF-8.'
        )
    return found


def detect(start: bytes, name: str | None) -> Encoding:
    """The encoding of a file that begins with `start`.

    Args:
        start: at least four bytes, unless the file is shorter.
        name: the canonical name that the input has; `None` for what the byte order mark says, and
            for UTF-8 in a file without one. A file in `utf-16` without a mark is little-endian, as
            for Python.

    Raises:
        ImportRefused: the file is UTF-32.
    """
    marked = next((marked for mark, marked in _MARKS if start.startswith(mark)), None)
    if name is None and marked == "utf-32":
        raise ImportRefused(
            "The file begins with the byte order mark of UTF-32, which importCsv does not read."
            " Next: store it as UTF-8."
        )
    if name == UTF_16:
        return Encoding(marked if marked in _WIDE else _WIDE[0])
    return Encoding(name or marked or UTF_8)
