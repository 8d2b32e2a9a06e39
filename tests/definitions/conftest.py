"""An AWS account with what importCsv uses: a bucket and a table."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from moto import mock_aws

from definitions import import_csv
from handler.testing.aws import aws_client

BUCKET = "uploads"
TABLE = "airports"


class Account:
    """A bucket with files, and the table to import them into."""

    def __init__(self) -> None:
        self.s3 = aws_client("s3")
        self.dynamodb = aws_client("dynamodb")
        self.s3.create_bucket(Bucket=BUCKET)
        self.dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )

    def upload(self, content: str | bytes, key: str = "file.csv") -> None:
        self.s3.put_object(
            Bucket=BUCKET, Key=key, Body=content.encode() if isinstance(content, str) else content
        )

    def rows(self) -> dict[str, dict[str, str]]:
        """The rows of the table, by key."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=TABLE)
        rows = [
            {name: value["S"] for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        ]
        return {row["id"]: row for row in rows}


@contextmanager
def new_account() -> Iterator[Account]:
    """An account inside moto, for one run. The task uses its clients: making others is slow."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        account = Account()
        patch.setattr(import_csv, "s3", lambda: account.s3)
        patch.setattr(import_csv, "dynamodb", lambda: account.dynamodb)
        yield account


@pytest.fixture
def account() -> Iterator[Account]:
    with new_account() as account:
        yield account
