"""The limit of Python's `csv` for a field is the process's: other code relies on it."""

import csv
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from definitions.csv_import.lines import Line
from definitions.csv_import.position import Position
from definitions.csv_import.rows import Format, Row, RowReader

LIMIT = 131_072
LONG = Line(140_003, "1," + "x" * 140_000 + "\n")


def rows_of(lines: Iterator[Line]) -> list[Row]:
    return RowReader(lines, Format(), Position()).read_page(1)


def test_the_limit_is_put_back_when_reading_fails() -> None:
    def lines() -> Iterator[Line]:
        yield from ()
        raise OSError("S3 is gone")

    with pytest.raises(OSError, match="S3 is gone"):
        rows_of(lines())

    assert csv.field_size_limit() == LIMIT


def test_threads_that_read_at_a_time_take_turns_with_the_limit() -> None:
    first_reads, both_read, first_is_done = (threading.Event() for _ in range(3))

    def first() -> Iterator[Line]:
        first_reads.set()
        both_read.wait(0.2)  # in vain, if they take turns
        yield LONG

    def second() -> Iterator[Line]:
        both_read.set()
        first_is_done.wait(5)
        yield LONG

    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(rows_of, first())
        one.add_done_callback(lambda _: first_is_done.set())
        first_reads.wait(5)
        other = threads.submit(rows_of, second())

    assert [len(row.values[1]) for row in [*one.result(), *other.result()]] == [140_000] * 2
    assert csv.field_size_limit() == LIMIT
