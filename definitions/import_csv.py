"""Imports a CSV file from S3 into a DynamoDB table, however large it is."""

import csv
import functools
import io
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, Field

from handler import Context, Done, Retry, task

BATCH = 25  # rows a BatchWriteItem takes
WRITE_ATTEMPTS = 8
REASONS_KEPT = 5
LONGEST_KEY = 2_048  # bytes of a partition key


class ImportCsvInput(BaseModel):
    """Where the rows come from and go to; the first line of the file names the columns. The rest is
    how far it is.
    """

    bucket: str = Field(min_length=3)
    key: str = Field(min_length=1)
    table: str = Field(min_length=3)
    key_field: str = Field(
        min_length=1,
        description="the column that is the table's partition key; rows without it are rejected",
    )
    page_bytes: int = Field(
        default=65_536, ge=1_024, le=8_388_608, description="how much of the file is read at a time"
    )
    pages_per_iteration: int | None = Field(
        default=None, ge=1, description="as many as its Lambda has time for, by default"
    )
    pause_seconds: int = Field(
        default=0, ge=0, description="how long to wait between two iterations"
    )

    cursor: int = Field(default=0, ge=0, description="the first byte that isn't imported yet")
    etag: str = ""
    columns: list[str] = []
    written: int = 0
    rejected: int = 0
    reasons: list[str] = Field(default=[], description="why the first few rows were rejected")


@dataclass(frozen=True, slots=True)
class Page:
    """Whole lines of the file, as far as one range of bytes has them."""

    start: int
    end: int
    size_of_file: int
    text: str


@task(
    id="importCsv",
    title="Import a CSV file",
    retry=Retry(max_attempts=5, backoff=timedelta(seconds=5)),
)
def import_csv(context: Context, input: ImportCsvInput) -> Done:
    """Writes every row of a CSV file in S3 to a DynamoDB table."""
    if (
        not input.etag
    ):  # remembered before the first row is written: an import never mixes two versions of a file
        context.save_input({"etag": head(input)["ETag"]})
        input.etag = str(context.task.input["etag"])
    for page in context.each(
        pages(input),
        input,
        total=int(head(input)["ContentLength"]),
        size=lambda page: page.end - page.start,
        per_iteration=input.pages_per_iteration,
        pause=timedelta(seconds=input.pause_seconds),
    ):
        write(rows(page, input), input)
    context.log.info(
        "Import ended.", written=input.written, rejected=input.rejected, reasons=input.reasons
    )
    output = {"written": input.written, "rejected": input.rejected, "reasons": input.reasons}
    return Done(f"{input.written:,} rows imported, {input.rejected:,} rejected.", output=output)


def head(input: ImportCsvInput) -> Mapping[str, Any]:
    """What S3 says of the file: its size in bytes, and its version."""
    answer: Mapping[str, Any] = s3().head_object(Bucket=input.bucket, Key=input.key)
    return answer


def pages(input: ImportCsvInput) -> Iterator[tuple[int, Page]]:
    """The file in pages of whole lines, from the cursor on; each with where the next one starts."""
    start, size_of_file = input.cursor, int(head(input)["ContentLength"])
    while start < size_of_file:
        page = read_page(input, start, size_of_file)
        yield page.end, page
        start = page.end


def read_page(input: ImportCsvInput, start: int, size_of_file: int) -> Page:
    """Reads one page; a line that is longer than a page makes it longer."""
    length = input.page_bytes
    while True:
        end = min(start + length, size_of_file)
        answer = s3().get_object(
            Bucket=input.bucket, Key=input.key, Range=f"bytes={start}-{end - 1}", IfMatch=input.etag
        )
        content: bytes = answer["Body"].read()
        whole = content if end == size_of_file else content[: end_of_lines(content)]
        if whole:
            # What isn't UTF-8 stays recognisable, and its row is rejected.
            return Page(
                start, start + len(whole), size_of_file, whole.decode(errors="surrogateescape")
            )
        length *= 2


def end_of_lines(content: bytes) -> int:
    """Where the last whole line ends. A line break inside quotes ends none; a page starts outside
    of quotes.
    """
    end = content.rfind(b"\n") + 1
    while end and content.count(b'"', 0, end) % 2:
        end = content.rfind(b"\n", 0, end - 1) + 1
    return end


def rows(page: Page, input: ImportCsvInput) -> list[dict[str, str]]:
    """The rows of a page; those that can't be imported are counted, the first few with the
    reason.
    """
    # A byte order mark is no part of the first column's name.
    lines = csv.reader(
        io.StringIO(page.text.removeprefix("\ufeff") if page.start == 0 else page.text, newline="")
    )
    if page.start == 0:
        input.columns = [column.strip() for column in next(lines, [])]
        if "" in input.columns:
            raise ValueError(
                f"Column {input.columns.index('') + 1} of the file has no name in its first line."
            )
        if input.key_field not in input.columns:
            raise ValueError(
                f'The file has no column "{input.key_field}"; its columns are:'
                f" {', '.join(input.columns)}."
            )
    accepted = []
    for values in lines:
        if reason := why_rejected(values, input):
            input.rejected += 1
            input.reasons = [*input.reasons, reason][:REASONS_KEPT]
        elif values:
            accepted.append(dict(zip(input.columns, values, strict=True)))
    return accepted


def why_rejected(values: list[str], input: ImportCsvInput) -> str:
    """Why a row can't be imported; empty if it can. An empty line is no row."""
    if not values:
        return ""
    shown = ",".join(values)[:80].encode(errors="replace").decode()
    if len(values) != len(input.columns):
        return f"{len(values)} values for {len(input.columns)} columns: {shown}"
    key = values[input.columns.index(input.key_field)]
    if not key:
        return f"no {input.key_field}: {shown}"
    if len(key.encode(errors="replace")) > LONGEST_KEY:
        return f"{input.key_field} is longer than {LONGEST_KEY:,} bytes: {shown}"
    if any("\udc80" <= character <= "\udcff" for value in values for character in value):
        return f"not UTF-8: {shown}"
    return ""


def write(accepted: list[dict[str, str]], input: ImportCsvInput) -> None:
    """Writes rows to the table, the last of those with the same key. Written twice, a row is still
    there once.
    """
    by_key = {row[input.key_field]: row for row in accepted}
    items = [{name: {"S": value} for name, value in row.items()} for row in by_key.values()]
    for start in range(0, len(items), BATCH):
        write_batch(input.table, items[start : start + BATCH])
    input.written += len(accepted)


def write_batch(table: str, items: list[dict[str, Any]]) -> None:
    """Writes at most 25 items; those that DynamoDB leaves unprocessed again, after a growing
    pause.
    """
    left = {table: [{"PutRequest": {"Item": item}} for item in items]}
    for attempt in range(WRITE_ATTEMPTS):
        left = dynamodb().batch_write_item(RequestItems=left)["UnprocessedItems"]
        if not left:
            return
        time.sleep(random.uniform(0, 0.05 * 2**attempt))
    raise TimeoutError(
        f'Table "{table}" left {len(left[table])} of {len(items)} rows unprocessed after'
        f" {WRITE_ATTEMPTS} attempts."
    )


# boto3 is imported when a file is: every worker loads this module, whatever it then runs.


@functools.cache
def s3() -> Any:
    import boto3

    return boto3.client("s3")


@functools.cache
def dynamodb() -> Any:
    import boto3

    return boto3.client("dynamodb")
