"""The data of the demo: a file of airports in a bucket, and an empty table."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.access import Access
from local.emulator import ACCOUNT_ID

AIRPORTS = Path(__file__).parent / "data" / "airports.csv"
KEY_FIELD = "iata"
_BUCKET = "demo-files"
_TABLE = "demo-airports"


@dataclass(frozen=True)
class Sample:
    """A bucket with the file, and a table. They are not the project's: tasks need permissions."""

    access: Access
    bucket: str = _BUCKET
    key: str = AIRPORTS.name
    table: str = _TABLE

    def create(self) -> None:
        """Creates the bucket with the file, and the empty table."""
        s3, dynamodb = self.access.client("s3"), self.access.client("dynamodb")
        s3.create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": self.access.region}
        )
        s3.upload_file(str(AIRPORTS), self.bucket, self.key)
        dynamodb.create_table(
            TableName=self.table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": KEY_FIELD, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": KEY_FIELD, "KeyType": "HASH"}],
        )

    def config(self) -> dict[str, object]:
        """What the import needs of the stack's config."""
        return {
            "workerPolicyStatements": self.policy(),
            "importCsvBuckets": [f"{self.bucket}/{self.key}"],
            "importCsvTables": [self.table],
        }

    def policy(self) -> list[dict[str, Any]]:
        """What the import needs: the stack's config key `workerPolicyStatements`."""
        table = f"arn:aws:dynamodb:{self.access.region}:{ACCOUNT_ID}:table/{self.table}"
        return [
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Resource": [f"arn:aws:s3:::{self.bucket}/{self.key}"],
            },
            {
                "Effect": "Allow",
                "Action": ["dynamodb:DescribeTable", "dynamodb:BatchWriteItem"],
                "Resource": [table],
            },
        ]

    def rows_in_file(self) -> int:
        """The number of airports in the file."""
        with AIRPORTS.open(newline="") as file:
            return sum(1 for _ in csv.DictReader(file))

    def rows_in_table(self) -> int:
        """The number of airports imported so far."""
        paginator = self.access.client("dynamodb").get_paginator("scan")
        return sum(
            page["Count"] for page in paginator.paginate(TableName=self.table, Select="COUNT")
        )
