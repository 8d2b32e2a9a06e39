"""An AWS account with what importCsv uses: a bucket and a table."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from moto import mock_aws

from definitions import import_csv
from definitions.csv_import import allowed
from handler.testing.aws import aws_client
from tests.modelled import modelled

BUCKET = "uploads"
TABLE = "airports"
# What the stack's config lets importCsv use in the tests; not all of it is there.
BUCKETS = [BUCKET, "nobodys", "missing-bucket"]
TABLES = [TABLE, "orders", "photos", "customers", "gone", "missing"]


class Account:
    """A bucket with files, and the table to import them into."""

    def __init__(self) -> None:
        self.s3 = aws_client("s3")
        self.dynamodb = aws_client("dynamodb")
        self.s3.create_bucket(Bucket=BUCKET)
        self.create_table(TABLE, id="S")

    def create_table(self, name: str, *, index: str | None = None, **keys: str) -> None:
        """A table with a partition key, and maybe a sort key, and an index by one of its keys.

        Args:
            keys: the types of the partition key, the sort key and the index's key.
        """
        primary = [key for key in keys if key != index]
        indexes = {
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": f"by-{index}",
                    "KeySchema": [{"AttributeName": index, "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ]
        }
        self.dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": key, "KeyType": type}
                for key, type in zip(primary, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": type} for key, type in keys.items()
            ],
            **(indexes if index else {}),
        )

    def upload(self, content: str | bytes, key: str = "file.csv") -> None:
        self.s3.put_object(
            Bucket=BUCKET, Key=key, Body=content.encode() if isinstance(content, str) else content
        )

    def items(self, table: str = TABLE) -> list[dict[str, Any]]:
        """The items of a table."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=table)
        return [item for page in pages for item in page["Items"]]

    def rows(self) -> dict[str, dict[str, str]]:
        """The rows of the table `airports`, by key."""
        rows = [{name: value["S"] for name, value in item.items()} for item in self.items()]
        return {row["id"]: row for row in rows}


@contextmanager
def new_account() -> Iterator[Account]:
    """An account inside moto, for one run. The task uses its clients: making others is slow.

    The table of the tasks is the model's.
    """
    with pytest.MonkeyPatch.context() as patch, modelled("dynamodb", tables="tasks-"), mock_aws():
        account = Account()
        patch.setenv(allowed.BUCKETS, json.dumps(BUCKETS))
        patch.setenv(allowed.TABLES, json.dumps(TABLES))
        patch.setattr(import_csv, "s3", lambda: account.s3)
        patch.setattr(import_csv, "dynamodb", lambda: account.dynamodb)
        yield account


@pytest.fixture
def account() -> Iterator[Account]:
    with new_account() as account:
        yield account
