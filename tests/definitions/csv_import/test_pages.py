"""What is read of a CSV file is what Python's `csv` reads of it, wherever the reading resumes."""

import csv
import gzip
import io
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from definitions.csv_import.encoding import Encoding
from definitions.csv_import.pages import CsvFile, Page
from definitions.csv_import.position import Position
from definitions.csv_import.rows import MAX_ROW_BYTES, Format, Row
from tests.definitions.csv_import.conftest import MemoryS3

COMMAS = Format()
UNLIMITED = 10**9
AIRPORTS = Path(__file__).parents[3] / "local" / "data" / "airports.csv"

# Made of what a reader can stumble over: quotes of all kinds, separators, line breaks, NUL,
# characters of one to four bytes, a byte order mark, and U+0A0D, whose UTF-16 has the bytes of both
# line breaks.
PIECES = [
    *",;\t|\"'\n\r\0 ab1#",
    "\r\n",
    '""',
    '"a',
    'b"',
    ',"',
    '",',
    '",\n',
    '3/4" zinc,',
    '"two\nlines",',
    "\n\n",
    "é",
    "€",
    "😀",
    "\ufeff",
    "\u0a0d",
    "\u0d0a",
    "\u2028",
    "\x85",
    "x" * 30,
]
# Few characters make many quotes that stay open over many lines.
TEXTS = st.lists(st.sampled_from(PIECES), max_size=60).map("".join) | st.text(
    '"\n,a', min_size=20, max_size=120
)
FORMATS = st.builds(Format, st.sampled_from(",;\t|€"), st.sampled_from(['"', "'", ""]))
ENCODINGS = st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "iso8859-1", "cp1252", "gb18030"])


@dataclass(frozen=True)
class Read:
    """What was read of a file, and what it took."""

    rows: list[Row]
    pages: list[Page]
    s3: MemoryS3


def file_of(content: bytes, **options: Any) -> tuple[CsvFile, MemoryS3]:
    s3 = MemoryS3(content)
    known: dict[str, Any] = {
        "encoding": Encoding("utf-8"),
        "format": COMMAS,
        "is_gzip": False,
        "page_bytes": 64,
        "max_row_bytes": UNLIMITED,
    }
    return CsvFile(s3.stored(), **(known | options)), s3


def read(content: bytes, *, resume_every: int = 0, **options: Any) -> Read:
    """Reads a file from its beginning, and starts anew at each `resume_every`th page."""
    file, s3 = file_of(content, **options)
    pages: list[Page] = []
    position: Position | None = Position()
    while position is not None:
        position = _read_on(file, position, pages, resume_every)
    return Read([row for page in pages for row in page.rows], pages, s3)


def _read_on(
    file: CsvFile, position: Position, pages: list[Page], resume_every: int
) -> Position | None:
    for number, (end, page) in enumerate(file.pages(position), start=1):
        pages.append(page)
        if number == resume_every:
            return Position.model_validate_json(end.model_dump_json())
    return None


def lines_of(text: str) -> list[str]:
    return list(io.StringIO(text, newline=""))


def expected_rows(text: str, format: Format, *, encoding: str, max_row_bytes: int) -> list[Row]:
    """The rows by Python's reader; one that is too long, or never closed, loses its first line."""
    sizes = [len(line.encode(encoding)) for line in lines_of(text)]
    lines = lines_of(text.removeprefix("\ufeff"))
    rows = []
    at = 0
    while at < len(lines):
        values, count, is_open = first_row(lines[at:], format)
        if is_open or sum(sizes[at : at + count]) > max_row_bytes:
            rows.append(Row(at + 1, [], "rejected"))
            at += 1
        else:
            rows += [Row(at + 1, values)] if values else []
            at += count
    return rows


def first_row(lines: list[str], format: Format) -> tuple[list[str], int, bool]:
    """The first row, the number of its lines, and whether it would go on behind the last one."""
    reader: Any = format.reader([*lines, "another line"])
    values = next(reader)
    is_open = reader.line_num > len(lines)
    return values, len(lines) if is_open else reader.line_num, is_open


def told(rows: list[Row]) -> list[Row]:
    """The rows, where those with a problem only say their line."""
    return [Row(row.line, [], "rejected") if row.problem else row for row in rows]


def packed(content: bytes, cuts: list[float]) -> bytes:
    """The content as gzip, in as many members as the cuts make, and some zeros behind it."""
    ends = [int(cut * len(content)) for cut in sorted(cuts)]
    parts = [content[start:end] for start, end in pairwise([0, *ends, len(content)])]
    return b"".join(gzip.compress(part, mtime=0) for part in parts) + b"\0" * len(cuts)


def as_dicts(header: list[str], rows: list[Row]) -> list[dict[Any, Any]]:
    """The rows as `csv.DictReader` hands them out."""
    reader: Any = csv.DictReader(io.StringIO(), fieldnames=header)
    reader.reader = CountedLines(row.values for row in rows)
    return list(reader)


class CountedLines:
    """An iterator that counts, in place of a `csv.reader`, or around the lines for one."""

    def __init__(self, lines: Iterable[Any]) -> None:
        self._lines = iter(lines)
        self.line_num = 0
        self.characters = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self.line_num += 1
        line = next(self._lines)
        self.characters += len(line)
        return line


class CountingFormat(Format):
    """A format that counts the lines that `csv.reader` gets."""

    def __init__(self, *_: object, **__: object) -> None:
        self.counted: list[CountedLines] = []

    def reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        self.counted.append(CountedLines(lines))
        return super().reader(self.counted[-1])


# Quotes that stay open: over few lines, over too many, to the end of the file; and one that a line
# closes that was not read ahead.
OPEN_QUOTES = [
    '1,"a\n2\n3\n4,b\n',
    '1,"a\n2,b\n3,c\n4,d\n5,e\n',
    '1,"a\n2,"b\n3,c\n4,d\n5,e\n6,"f\n',
    'a"b,"c\na"b,"c\na"b,"c\na"b,"c\n',
    '1,"a\n2\n3\nb"c,"d\ne\nf\ng"\nh\n',
]


def opened(text: str, max_row_bytes: int) -> Any:
    """An example for the property below."""
    return example(
        text=text,
        format=COMMAS,
        encoding="utf-8",
        page_bytes=7,
        max_row_bytes=max_row_bytes,
        resume_every=0,
        cuts=None,
    )


def with_open_quotes(test: Any) -> Any:
    """Adds examples with quotes that stay open."""
    for text in OPEN_QUOTES:
        for max_row_bytes in (8, 12, 16, UNLIMITED):
            test = opened(text, max_row_bytes)(test)
    return test


PACKINGS = st.none() | st.lists(st.floats(0, 1), max_size=3)
BYTES = st.lists(
    st.binary(max_size=4)
    | st.sampled_from([b'"', b",", b"\n", b"\r", b"\xf0\x9f", b"\xd8", b"\n\0", b"\0\n"]),
    max_size=40,
).map(b"".join)


class TestRows:
    @pytest.mark.property
    @given(
        text=TEXTS,
        format=FORMATS,
        encoding=ENCODINGS,
        page_bytes=st.integers(1, 80),
        max_row_bytes=st.sampled_from([8, 12, 20, 40, UNLIMITED]),
        resume_every=st.integers(0, 3),
        cuts=PACKINGS,
    )
    @with_open_quotes
    def test_they_are_those_of_pythons_reader_with_every_page_size_and_resumption(
        self,
        text: str,
        format: Format,
        encoding: str,
        page_bytes: int,
        max_row_bytes: int,
        resume_every: int,
        cuts: list[float] | None,
    ) -> None:
        text = text.encode(encoding, "ignore").decode(encoding)
        content = text.encode(encoding)
        stored = content if cuts is None else packed(content, cuts)

        found = read(
            stored,
            resume_every=resume_every,
            encoding=Encoding(encoding),
            format=format,
            is_gzip=cuts is not None,
            page_bytes=page_bytes,
            max_row_bytes=max_row_bytes,
        )

        assert told(found.rows) == expected_rows(
            text, format, encoding=encoding, max_row_bytes=max_row_bytes
        )
        assert sum(page.weight for page in found.pages) == len(stored)
        assert all(page.weight >= 0 for page in found.pages)

    @pytest.mark.property
    @given(
        text=TEXTS, format=FORMATS, page_bytes=st.integers(1, 80), resume_every=st.integers(0, 3)
    )
    def test_they_are_those_of_dictreader_if_every_quote_is_closed(
        self, text: str, format: Format, page_bytes: int, resume_every: int
    ) -> None:
        rows = expected_rows(text, format, encoding="utf-8", max_row_bytes=UNLIMITED)
        assume(rows and rows[0].line == 1 and not any(row.problem for row in rows))
        file = io.StringIO(text.removeprefix("\ufeff"), newline="")
        expected = list(csv.DictReader(file, delimiter=format.delimiter, **format.quoting))

        found = read(text.encode(), format=format, page_bytes=page_bytes, resume_every=resume_every)

        header, *rows = found.rows
        assert as_dicts(header.values, rows) == expected

    @pytest.mark.property
    @given(content=BYTES, page_bytes=st.integers(1, 40), resume_every=st.integers(0, 2))
    def test_bytes_that_are_not_utf_8_spoil_their_own_row_alone(
        self, content: bytes, page_bytes: int, resume_every: int
    ) -> None:
        text = content.decode(errors="replace").replace("\ufeff", "")
        content = content.replace("\ufeff".encode(), b"")
        rows = expected_rows(text, COMMAS, encoding="utf-8", max_row_bytes=UNLIMITED)

        found = read(content, page_bytes=page_bytes, resume_every=resume_every)

        assert [row.line for row in found.rows] == [row.line for row in rows]
        for row, wanted in zip(found.rows, rows, strict=True):
            is_spoilt = "\ufffd" in "".join(wanted.values) or bool(wanted.problem)
            assert bool(row.problem) == is_spoilt
            assert is_spoilt or row == wanted

    @pytest.mark.property
    @given(
        content=BYTES,
        encoding=ENCODINGS,
        page_bytes=st.integers(1, 40),
        max_row_bytes=st.sampled_from([8, UNLIMITED]),
        resume_every=st.integers(0, 2),
    )
    def test_any_bytes_are_read_to_their_end_in_any_encoding(
        self,
        content: bytes,
        encoding: str,
        page_bytes: int,
        max_row_bytes: int,
        resume_every: int,
    ) -> None:
        options: dict[str, Any] = {
            "encoding": Encoding(encoding),
            "max_row_bytes": max_row_bytes,
        }

        found = read(content, page_bytes=page_bytes, resume_every=resume_every, **options)

        assert sum(page.weight for page in found.pages) == len(content)
        assert found.rows == read(content, page_bytes=UNLIMITED, **options).rows

    @pytest.mark.parametrize("page_bytes", [1_024, 5_000, 65_536, 8_388_608])
    @pytest.mark.parametrize("is_gzip", [False, True], ids=["plain", "gzip"])
    def test_of_a_real_file_they_are_those_of_dictreader(
        self, page_bytes: int, is_gzip: bool
    ) -> None:
        content = AIRPORTS.read_bytes()
        with AIRPORTS.open(newline="") as file:
            expected = list(csv.DictReader(file))

        found = read(
            gzip.compress(content) if is_gzip else content,
            is_gzip=is_gzip,
            page_bytes=page_bytes,
            resume_every=5,
        )

        header, *rows = found.rows
        assert as_dicts(header.values, rows) == expected

    def test_a_byte_order_mark_belongs_to_a_value_if_it_is_not_the_files_first_character(
        self,
    ) -> None:
        found = read("\ufeffid\n\ufeffa\n".encode(), page_bytes=1, resume_every=1)

        assert [row.values for row in found.rows] == [["id"], ["\ufeffa"]]

    def test_bytes_that_are_not_text_spoil_their_row_from_any_line_of_it(self) -> None:
        found = read(b'id,name\n1,"a\n\xff\n"\n2,b\n')

        assert [(row.line, bool(row.problem)) for row in found.rows] == [
            (1, False),
            (2, True),
            (5, False),
        ]

    def test_half_a_character_at_the_end_of_the_file_spoils_the_last_row(self) -> None:
        content = "1,a\n2,b".encode("utf-16-le") + b"c"

        found = read(content, encoding=Encoding("utf-16-le"))

        assert ["not UTF-16-LE" in row.problem for row in found.rows] == [False, True]


class TestPages:
    def test_a_page_ends_with_the_row_that_reaches_its_size(self) -> None:
        found = read(b"1,a\n2,b\n3,c\n4,d\n5,e\n", page_bytes=8)

        assert [len(page.rows) for page in found.pages] == [2, 2, 1]

    def test_what_is_unpacked_again_after_a_resumption_does_not_count_again(self) -> None:
        # The open quote makes the first page read ahead, further than the second one gets to.
        text = '0,"open\n' + "".join(f"{number},name\n" for number in range(3_000))
        stored = gzip.compress(text.encode())

        found = read(stored, is_gzip=True, page_bytes=64, max_row_bytes=8_192, resume_every=1)

        assert all(page.weight >= 0 for page in found.pages)
        assert sum(page.weight for page in found.pages) == len(stored)


class TestOpenQuotes:
    def test_an_open_quote_loses_its_own_line_and_names_it(self) -> None:
        text = 'id,name\n1,a\n2,"open\n' + "".join(f"{number},x\n" for number in range(3, 500))

        found = read(text.encode(), max_row_bytes=1_000)

        rejected = [row for row in found.rows if row.problem]
        assert [(row.line, row.values) for row in rejected] == [(3, ["2", "open\n"])]
        assert "is a quote never closed?" in rejected[0].problem
        assert [row.line for row in found.rows] == list(range(1, 501))

    def test_a_quote_that_the_end_of_the_file_leaves_open_loses_its_own_line(self) -> None:
        found = read(b'id,name\n1,a\n2,"open\n3,b\n4,c\n')

        assert [row.line for row in found.rows if row.problem] == [3]
        assert found.rows[2].problem == "a quote that opens in the row is never closed"
        assert [row.values for row in found.rows[3:]] == [["3", "b"], ["4", "c"]]

    def test_each_of_many_quotes_that_the_end_of_the_file_leaves_open_is_told_as_such(self) -> None:
        found = read(b'a"b,"c\n' * 4)

        assert {row.problem for row in found.rows} == {
            "a quote that opens in the row is never closed"
        }

    def test_a_line_that_is_too_long_loses_itself_alone(self) -> None:
        text = "id,name\n1,a\n2," + "x" * 5_000 + "\r\n3,b\n"

        found = read(text.encode(), max_row_bytes=1_000, resume_every=1)

        assert [row.line for row in found.rows] == [1, 2, 3, 4]
        assert [row.line for row in found.rows if row.problem] == [3]
        assert "longer than 1,000 bytes" in found.rows[2].problem

    @pytest.mark.parametrize(
        "value", ["x" * 94, "x" * 93 + "\n", "x\n" * 47], ids=["one line", "two lines", "many"]
    )
    def test_a_row_of_exactly_the_limit_is_read(self, value: str) -> None:
        row = f'1,"{value}"\n\n'.encode()

        assert [row.problem for row in read(row, max_row_bytes=99).rows] == [""]
        assert read(row, max_row_bytes=98).rows[0].problem

    def test_the_limit_has_room_for_the_largest_item_of_doubled_quotes_in_utf_16(self) -> None:
        row = ('1,"' + '""' * 400_000 + '"\n').encode("utf-16-le")

        found = read(row, encoding=Encoding("utf-16-le"), max_row_bytes=MAX_ROW_BYTES)

        assert [row.values for row in found.rows] == [["1", '"' * 400_000]]


class TestCost:
    """An amount of work that grows with the file, and memory that does not."""

    @pytest.mark.parametrize("quotechar", ['"', "'"])
    @pytest.mark.parametrize(
        "line",
        [
            '{},Bolt 3/4" zinc\n',
            '{},"open\n',
            '{},ab"cd,"ef\n',
            '{},"two\nlines"\n',
            '{},"' + "open" * 450 + '\nab"cd,"ef\n' + "g\n" * 300 + "h" * 900 + '"\n',
        ],
        ids=[
            "inch marks",
            "open quotes",
            "quotes that close and open",
            "closed quotes",
            "an open quote before a long row",
        ],
    )
    def test_each_line_is_read_a_few_times_at_most(self, line: str, quotechar: str) -> None:
        text = "".join(line.format(number) for number in range(75_000 // len(line)))
        text = text.replace('"', quotechar)
        format = CountingFormat(quotechar=quotechar)

        found = read(text.encode(), format=format, page_bytes=1_024, max_row_bytes=2_000)

        # As a first line, as one that may close a quote (three lines), as a part of a row, to show
        # it; and the end of each of these readers.
        assert sum(lines.line_num for lines in format.counted) <= 10 * len(lines_of(text))
        assert sum(lines.characters for lines in format.counted) <= 10 * len(text)
        assert found.s3.bytes_read == len(text.encode())

    @pytest.mark.parametrize("first", ["", '0,"never closed\n'], ids=["closed", "open"])
    def test_a_resumption_reads_a_page_again_at_most(self, first: str) -> None:
        text = first + "".join(f"{number},name\n" for number in range(5_000))

        found = read(text.encode(), page_bytes=1_024, max_row_bytes=4_096, resume_every=1)

        assert len(found.pages) > 40
        assert found.s3.bytes_read <= len(found.pages) * 4 * 1_024 + 4 * 4_096

    def test_a_gzip_file_resumes_at_its_last_member(self) -> None:
        text = "".join(f"{number},name\n" for number in range(20_000))
        parts = [text[start : start + 5_000].encode() for start in range(0, len(text), 5_000)]
        stored = b"".join(map(gzip.compress, parts))

        found = read(stored, is_gzip=True, page_bytes=1_024, resume_every=1)

        assert len(found.rows) == 20_000
        assert found.s3.bytes_read < 12 * 1_024 * len(found.pages)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "content",
        [
            b'1,"' + (b"never closed".ljust(200) + b"\n") * 20_000,
            (b'1,"never closed\n' + (b"2,b".ljust(1_000) + b"\n") * 70) * 40
            + (b'ab"cd,"ef'.ljust(1_000) + b"\n") * 4_000,
            b"x" * 4_000_000,
            b"\n" * 100_000,
            gzip.compress(b"\0" * 4_000_000),
            gzip.compress(b"") * 50_000,
        ],
        ids=[
            "an open quote",
            "open quotes",
            "one line",
            "blank lines",
            "a gzip bomb",
            "empty gzip members",
        ],
    )
    def test_memory_does_not_grow_with_the_file(self, content: bytes) -> None:
        file, _ = file_of(
            content,
            is_gzip=content.startswith(b"\x1f\x8b"),
            page_bytes=8_192,
            max_row_bytes=65_536,
        )

        tracemalloc.start()
        for _ in file.pages(Position()):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert peak < 1_000_000
