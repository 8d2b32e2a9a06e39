"""Copies the orders of a month from a DynamoDB table to S3: a loop that resumes at its cursor.

The table's keys are `month` and `orderId`. The archive has one object per page, one order per line,
in the format that DynamoDB imports from S3 (`DYNAMODB_JSON`).
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, Field

from handler import Context, Done, Retry, client, task

Page = list[dict[str, Any]]


class ArchiveOrdersInput(BaseModel):
    """The orders, the bucket and the progress."""

    # The worker may use more than these: a name from the input opens what is listed here, no more.
    table: Literal["orders", "orders-eu"]
    bucket: Literal["archive"]
    month: str = Field(pattern=r"^\d{4}-\d{2}$")
    page_size: int = Field(default=500, ge=1, le=1_000)

    cursor: str | None = Field(default=None, description="the last archived order")
    pages: int = 0
    orders: int = 0


@task(id="archiveOrders", retry=Retry(max_attempts=5, backoff=timedelta(seconds=10)))
def archive_orders(context: Context, input: ArchiveOrdersInput) -> Done:
    """Copies the orders of a month from a table to S3, page by page."""
    for page in context.each(pages_of(input), input, weight=len):
        write(page, input)
    return Done(
        f"{input.orders:,} orders archived.", output={"orders": input.orders, "pages": input.pages}
    )


def pages_of(input: ArchiveOrdersInput) -> Iterator[tuple[str, Page]]:
    """The pages after the cursor, each with its last order: the next cursor."""
    last = input.cursor
    while page := read(input, last):
        last = page[-1]["orderId"]["S"]
        yield last, page


def read(input: ArchiveOrdersInput, last: str | None) -> Page:
    """The page of orders after `last`; empty at the end."""
    key = {"month": {"S": input.month}, "orderId": {"S": last}}
    response = dynamodb().query(
        TableName=input.table,
        KeyConditionExpression="#month = :month",
        ExpressionAttributeNames={"#month": "month"},
        ExpressionAttributeValues={":month": {"S": input.month}},
        Limit=input.page_size,
        **({"ExclusiveStartKey": key} if last else {}),
    )
    page: Page = response["Items"]
    return page


def write(page: Page, input: ArchiveOrdersInput) -> None:
    """Writes a page, and counts it.

    The key of the object comes from the input: a page that is written again after a crash replaces
    itself. The counts are saved with the cursor in one write, so a crash can't make them wrong.
    """
    lines = "".join(json.dumps({"Item": order}) + "\n" for order in page)
    s3().put_object(
        Bucket=input.bucket, Key=f"orders/{input.month}/{input.pages:06d}.json", Body=lines.encode()
    )
    input.pages += 1
    input.orders += len(page)


def dynamodb() -> Any:
    return client("dynamodb")


def s3() -> Any:
    return client("s3")
