"""Compresses the log files in a bucket: a task that splits its work among children."""

import gzip
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, Field

from handler import Context, Done, Failed, Retry, TaskRecord, Verdict, client, task

# The worker may use more than these: a name from the input opens what is listed here, no more.
Bucket: TypeAlias = Literal["shop", "shop-eu"]


class CompressLogsInput(BaseModel):
    """The files, and the progress in triggering a child for each."""

    bucket: Bucket
    prefix: str = Field(default="logs/", pattern="^logs/")

    cursor: str = Field(default="", description="the last file that has a child")


class CompressLogInput(BaseModel):
    """One file."""

    bucket: Bucket
    key: str = Field(pattern="^logs/")


class Compressed(BaseModel):
    """The output of a child."""

    key: str
    bytes_before: int
    bytes_after: int


@task(id="compressLogs")
def compress_logs(context: Context, input: CompressLogsInput) -> Verdict:
    """Compresses every log file under a prefix, each in a task of its own."""
    # Later iterations find no files after the cursor, and only wait.
    for key in context.each(keys_after(input), input):
        context.trigger(
            compress_log,
            input=CompressLogInput(bucket=input.bucket, key=key),
            name=key,
            idempotency_key=key,
        )
    return context.wait_for_children(total)


def total(children: list[TaskRecord]) -> Verdict:
    """The result when the last child is over. It counts the others if some have failed."""
    done = [
        Compressed.model_validate(child.output) for child in children if child.status == "success"
    ]
    failed = [child.name for child in children if child.status != "success"]
    if failed and not done:
        return Failed(
            f"None of {len(failed):,} files could be compressed.",
            code="NOTHING_COMPRESSED",
            data={"failed": failed},
        )
    saved = sum(file.bytes_before - file.bytes_after for file in done)
    return Done(
        f"{len(done):,} files compressed, {len(failed):,} not.",
        output={"compressed": len(done), "bytes_saved": saved, "failed": failed},
    )


@task(
    id="compressLog",
    private=True,
    retry=Retry(max_attempts=3, backoff=timedelta(seconds=5), exclude=("NO_SUCH_FILE",)),
)
def compress_log(context: Context, input: CompressLogInput) -> Verdict:
    """Compresses one log file. Safe to repeat: it writes the same object."""
    try:
        content: bytes = s3().get_object(Bucket=input.bucket, Key=input.key)["Body"].read()
    except s3().exceptions.NoSuchKey:
        return Failed(f"The file {input.key} does not exist any more.", code="NO_SUCH_FILE")
    packed = gzip.compress(content, mtime=0)
    s3().put_object(Bucket=input.bucket, Key=f"compressed/{input.key}.gz", Body=packed)
    context.log.info("Compressed.", bytes_before=len(content), bytes_after=len(packed))
    return Done(
        output=Compressed(key=input.key, bytes_before=len(content), bytes_after=len(packed))
    )


def keys_after(input: CompressLogsInput) -> Iterator[tuple[str, str]]:
    """The keys after the cursor, in order, each with itself as its cursor."""
    pages = (
        s3()
        .get_paginator("list_objects_v2")
        .paginate(Bucket=input.bucket, Prefix=input.prefix, StartAfter=input.cursor)
    )
    for page in pages:
        for found in page.get("Contents", []):
            yield found["Key"], found["Key"]


def s3() -> Any:
    return client("s3")
