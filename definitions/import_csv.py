"""Imports a CSV file from S3 into a DynamoDB table, however large it is."""

import csv
import io
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, Field

from handler import Context, Done, Retry, client, task

BATCH_ROWS = 25  # the limit of BatchWriteItem (DynamoDB API reference)
WRITE_ATTEMPTS = 8
MAX_REASONS = 5
MAX_KEY_BYTES = 2_048  # of a partition key (DynamoDB developer guide, "Quotas")


class ImportCsvInput(BaseModel):
    """The file, the table and the progress. The first line of the file names the columns."""

    bucket: str = Field(min_length=3)
    key: str = Field(min_length=1)
    table: str = Field(min_length=3)
    key_field: str = Field(
        min_length=1,
        description="the column that is the table's partition key; rows without it are rejected",
    )
    page_bytes: int = Field(
        default=65_536, ge=1_024, le=8_388_608, description="bytes of the file to read at a time"
    )
    pages_per_iteration: int | None = Field(
        default=None, ge=1, description="by default, as many as the Lambda has time for"
    )
    pause_seconds: int = Field(default=0, ge=0, description="wait between two iterations")

    cursor: int = Field(default=0, ge=0, description="the first byte that is not imported yet")
    etag: str = ""
    columns: list[str] = []
    written: int = 0
    rejected: int = 0
    reasons: list[str] = Field(default=[], description="why the first few rows were rejected")


@dataclass(frozen=True, slots=True)
class Page:
    """The whole lines in one range of bytes of the file."""

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
    if not input.etag:
        # Saved before the first row is written: an import never mixes two versions of a file.
        context.save_input({"etag": head(input)["ETag"]})
        input.etag = str(context.task.input["etag"])
    for page in context.each(
        pages(input),
        input,
        total=int(head(input)["ContentLength"]),
        weight=lambda page: page.end - page.start,
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
    """The size of the file in bytes, and its version, as S3 returns them."""
    response: Mapping[str, Any] = s3().head_object(Bucket=input.bucket, Key=input.key)
    return response


def pages(input: ImportCsvInput) -> Iterator[tuple[int, Page]]:
    """Pages of whole lines from the cursor on, each with the position of the next page."""
    start, size_of_file = input.cursor, int(head(input)["ContentLength"])
    while start < size_of_file:
        page = read_page(input, start, size_of_file)
        yield page.end, page
        start = page.end


def read_page(input: ImportCsvInput, start: int, size_of_file: int) -> Page:
    """Reads one page. A line that is longer than `page_bytes` makes the page longer."""
    length = input.page_bytes
    while True:
        end = min(start + length, size_of_file)
        response = s3().get_object(
            Bucket=input.bucket, Key=input.key, Range=f"bytes={start}-{end - 1}", IfMatch=input.etag
        )
        content: bytes = response["Body"].read()
        whole = content if end == size_of_file else content[: end_of_lines(content)]
        if whole:
            # Bytes that are not UTF-8 become surrogates, by which their row is rejected.
            text = whole.decode(errors="surrogateescape")
            # A byte order mark is not part of the name of the first column.
            return Page(
                start=start,
                end=start + len(whole),
                size_of_file=size_of_file,
                text=text if start else text.removeprefix("\ufeff"),
            )
        length *= 2


def end_of_lines(content: bytes) -> int:
    """The end of the last whole line. A line break inside quotes does not end a line."""
    # A page starts outside of quotes: an even number of them means outside again.
    end = content.rfind(b"\n") + 1
    while end and content.count(b'"', 0, end) % 2:
        end = content.rfind(b"\n", 0, end - 1) + 1
    return end


def rows(page: Page, input: ImportCsvInput) -> list[dict[str, str]]:
    """The valid rows of a page. Counts the others, and keeps the first few reasons."""
    lines = csv.reader(io.StringIO(page.text, newline=""))
    if page.start == 0:
        input.columns = columns_of(next(lines, []), input.key_field)
    accepted = []
    for values in lines:
        if reason := why_rejected(values, input):
            input.rejected += 1
            input.reasons = [*input.reasons, reason][:MAX_REASONS]
        elif values:
            accepted.append(dict(zip(input.columns, values, strict=True)))
    return accepted


def columns_of(header: list[str], key_field: str) -> list[str]:
    """The names of the columns, from the first line of the file."""
    columns = [column.strip() for column in header]
    if "" in columns:
        raise ValueError(
            f"Column {columns.index('') + 1} of the file has no name in its first line."
        )
    if key_field not in columns:
        raise ValueError(
            f'The file has no column "{key_field}"; its columns are: {", ".join(columns)}.'
        )
    return columns


def why_rejected(values: list[str], input: ImportCsvInput) -> str:
    """The reason to reject a row; empty for a valid row and for an empty line."""
    if not values:
        return ""
    shown = ",".join(values)[:80].encode(errors="replace").decode()
    if len(values) != len(input.columns):
        return f"{len(values)} values for {len(input.columns)} columns: {shown}"
    key = values[input.columns.index(input.key_field)]
    if not key:
        return f"no {input.key_field}: {shown}"
    if len(key.encode(errors="replace")) > MAX_KEY_BYTES:
        return f"{input.key_field} is longer than {MAX_KEY_BYTES:,} bytes: {shown}"
    if any("\udc80" <= character <= "\udcff" for value in values for character in value):
        return f"not UTF-8: {shown}"
    return ""


def write(accepted: list[dict[str, str]], input: ImportCsvInput) -> None:
    """Writes rows to the table; of rows with the same key, the last. Safe to repeat."""
    by_key = {row[input.key_field]: row for row in accepted}
    items = [{name: {"S": value} for name, value in row.items()} for row in by_key.values()]
    for start in range(0, len(items), BATCH_ROWS):
        write_batch(input.table, items[start : start + BATCH_ROWS])
    input.written += len(accepted)


def write_batch(table: str, items: list[dict[str, Any]]) -> None:
    """Writes at most 25 items. Retries unprocessed ones, after pauses that grow to 6.4 s."""
    remaining = {table: [{"PutRequest": {"Item": item}} for item in items]}
    for attempt in range(WRITE_ATTEMPTS):
        remaining = dynamodb().batch_write_item(RequestItems=remaining)["UnprocessedItems"]
        if not remaining:
            return
        time.sleep(random.uniform(0, 0.05 * 2**attempt))
    raise TimeoutError(
        f'Table "{table}" left {len(remaining[table])} of {len(items)} rows unprocessed after'
        f" {WRITE_ATTEMPTS} attempts."
    )


def s3() -> Any:
    return client("s3")


def dynamodb() -> Any:
    return client("dynamodb")
