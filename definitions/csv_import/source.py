"""The bytes of a file in S3, from a position on: as they are stored, or unpacked by gzip."""

import zlib
from collections import deque
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Protocol

from botocore.exceptions import ClientError

from definitions.csv_import.errors import ImportRefused, file_errors
from definitions.csv_import.position import Position

GZIP_MAGIC: Final = b"\x1f\x8b"  # RFC 1952, "Member header and trailer"
ZIP_MAGIC: Final = b"PK\x03\x04"  # APPNOTE.TXT of PKWARE, "Local file header"
# At 40 ms a request, a gigabyte of text is passed in about ten seconds.
_MAX_SKIP_BYTES: Final = 1024 * 1024
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS  # Python library reference, `zlib.decompressobj`


class StoredFile(NamedTuple):
    """One version of a file in S3.

    Args:
        s3: a boto3 client.
        size: in bytes.
    """

    s3: Any
    bucket: str
    key: str
    etag: str
    size: int

    @property
    def name(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def read(self, start: int, length: int) -> bytes:
        """At most `length` bytes from `start` on; none behind the end.

        Raises:
            ImportRefused: the file has changed since the import began.
        """
        end = min(start + length, self.size)
        if start >= end:
            return b""
        try:
            with file_errors(self.bucket, self.key):
                response = self.s3.get_object(
                    Bucket=self.bucket,
                    Key=self.key,
                    Range=f"bytes={start}-{end - 1}",
                    IfMatch=self.etag,
                )
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            raise ImportRefused(
                f"The file {self.name} has changed since the import began. Next: trigger another"
                " import, of the new file."
            ) from error
        content: bytes = response["Body"].read()
        return content


class Place(NamedTuple):
    """Where a byte of the text is in the stored file."""

    counted: int  # bytes of the stored file that are done when the text is, up to that byte
    member_at: int = 0  # where to read the stored file from, to get to that byte
    member_byte: int = 0  # the byte of the text that is there


class Source(Protocol):
    """The bytes of the text, from a position on."""

    def chunks(self) -> Iterator[bytes]:
        """One chunk after the other, each of a limited size."""
        ...

    def place(self, byte: int) -> Place:
        """Where `byte` of the text is. It never goes back."""
        ...


class PlainSource:
    """A file whose bytes are the text."""

    def __init__(self, file: StoredFile, position: Position, *, chunk_bytes: int) -> None:
        self._file = file
        self._start = position.byte
        self._chunk_bytes = chunk_bytes

    def chunks(self) -> Iterator[bytes]:
        start = self._start
        while chunk := self._file.read(start, self._chunk_bytes):
            start += len(chunk)
            yield chunk

    def place(self, byte: int) -> Place:
        return Place(byte)


class GzipSource:
    """A gzip file, of one member or of many. Its text is unpacked a chunk at a time.

    gzip can't be read from the middle of a member: what lies between the beginning of the member
    and the position is unpacked again, and dropped. There, the chunks grow to 1 MiB.
    """

    def __init__(self, file: StoredFile, position: Position, *, chunk_bytes: int) -> None:
        self._file = file
        self._start = position.byte
        self._chunk_bytes = self._step = chunk_bytes
        self._read_to = position.member_at  # in the stored file
        self._byte = position.member_byte  # in the text
        self._members = deque([(position.member_at, position.member_byte)])

    def chunks(self) -> Iterator[bytes]:
        for text in self._texts():
            skipped = min(max(self._start - self._byte, 0), len(text))
            self._byte += len(text)
            if len(text) > skipped:
                yield text[skipped:]

    def place(self, byte: int) -> Place:
        while len(self._members) > 1 and self._members[1][1] <= byte:
            self._members.popleft()
        return Place(self._read_to, *self._members[0])

    def _texts(self) -> Iterator[bytes]:
        """The text from the beginning of the member on."""
        stored = b""
        while stored := stored or self._next_stored():
            unpacker = zlib.decompressobj(_GZIP_WINDOW)
            while not unpacker.eof:
                stored = stored or self._next_stored()
                text = self._unpack(unpacker, stored)
                stored = unpacker.unconsumed_tail
                yield text
            # Zeros may follow a member (gzip's manual, "Using gzip on tapes").
            stored = unpacker.unused_data.lstrip(b"\0")
            while not stored and (more := self._next_stored()):
                stored = more.lstrip(b"\0")
            if self._members[-1][1] == self._byte:
                self._members.pop()  # a member without text
            self._members.append((self._read_to - len(stored), self._byte))

    def _next_stored(self) -> bytes:
        is_skipping = self._byte < self._start
        self._step = min(2 * self._step, _MAX_SKIP_BYTES) if is_skipping else self._chunk_bytes
        stored = self._file.read(self._read_to, self._step)
        self._read_to += len(stored)
        return stored

    def _unpack(self, unpacker: Any, stored: bytes) -> bytes:
        """The next chunk of text.

        Raises:
            ImportRefused: the stored bytes are not gzip, or end too early.
        """
        if not stored:
            raise ImportRefused(
                f"The gzip file {self._file.name} ends in the middle, after {self._read_to:,}"
                " bytes. Next: upload it again."
            )
        try:
            text: bytes = unpacker.decompress(stored, self._step)
        except zlib.error as error:
            raise ImportRefused(
                f"The gzip file {self._file.name} is damaged before byte {self._read_to:,}:"
                f" {error}. Next: upload it again."
            ) from error
        return text


def open_source(file: StoredFile, position: Position, *, chunk_bytes: int, is_gzip: bool) -> Source:
    """The text of a file, from a position on."""
    kind = GzipSource if is_gzip else PlainSource
    return kind(file, position, chunk_bytes=chunk_bytes)
