"""The bytes of a file from a position on, and how many of them are read at a time."""

import gzip
import random

from definitions.csv_import.position import Position
from definitions.csv_import.source import Place, open_source
from tests.definitions.csv_import.conftest import MemoryS3

MIB = 1024 * 1024


def test_what_is_unpacked_again_is_read_in_large_steps_and_the_rest_in_chunks() -> None:
    content = random.Random(0).randbytes(4_000_000)
    s3 = MemoryS3(gzip.compress(content))
    start = Position(byte=2_500_000)

    chunks = open_source(s3.stored(), start, chunk_bytes=1_024, is_gzip=True).chunks()
    first = next(chunks)
    largest_before, s3.largest_read = s3.largest_read, 0
    rest = b"".join(chunks)

    assert first + rest == content[2_500_000:]
    assert (largest_before, s3.largest_read) == (MIB, 1_024)


def test_a_byte_is_in_the_member_that_begins_at_it_or_before_it() -> None:
    first, second = gzip.compress(b"12345"), gzip.compress(b"678")
    s3 = MemoryS3(first + second)
    source = open_source(s3.stored(), Position(), chunk_bytes=1_024, is_gzip=True)

    assert b"".join(source.chunks()) == b"12345678"

    end = len(first + second)
    assert source.place(4) == Place(end, member_at=0, member_byte=0)
    assert source.place(5) == Place(end, member_at=len(first), member_byte=5)
