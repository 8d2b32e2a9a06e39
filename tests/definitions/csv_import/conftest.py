"""A file in memory, in place of one in S3, that knows what is read of it."""

import io
from typing import Any

from definitions.csv_import.source import StoredFile


class MemoryS3:
    """Has one file. It counts the bytes that are read, and keeps the size of the largest read."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.bytes_read = 0
        self.largest_read = 0

    def get_object(self, *, Range: str, **_: object) -> dict[str, Any]:  # noqa: N803  boto3's own word
        first, last = map(int, Range.removeprefix("bytes=").split("-"))
        part = self.content[first : last + 1]
        self.bytes_read += len(part)
        self.largest_read = max(self.largest_read, len(part))
        return {"Body": io.BytesIO(part)}

    def stored(self) -> StoredFile:
        return StoredFile(self, "bucket", "key", "etag", len(self.content))
