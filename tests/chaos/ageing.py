"""Time passes: what AWS removes by itself, and what is left of table and bucket afterwards."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from handler.contract import EXPIRY_ATTRIBUTE, PARTITION_KEY, SORT_KEY
from handler.table import keys
from tests.chaos.odd_records import is_odd

# Rows of the stack itself, which it keeps for as long as it is there: where its sweep is, and its
# settings, with the pauses.
OF_THE_STACK = ("SWEEP", "SETTINGS#")


class Ageing:
    """The table and the bucket of a stack, as they grow old.

    Args:
        client: the administrator's clients, by boto3's names.
    """

    def __init__(self, *, dynamodb: Any, s3: Any, table: str, bucket: str) -> None:
        self._dynamodb = dynamodb
        self._s3 = s3
        self._table = table
        self._bucket = bucket

    def remove_what_expires(self, now: datetime) -> None:
        """Does what DynamoDB's time to live, and the bucket's lifecycle, have done by then."""
        for row in self._rows():
            expires_at = row.get(EXPIRY_ATTRIBUTE, {}).get("N")
            if expires_at and int(expires_at) <= now.timestamp():
                key = {name: row[name] for name in (PARTITION_KEY, SORT_KEY)}
                self._dynamodb.delete_item(TableName=self._table, Key=key)
        rules = [rule for rule in self._lifecycle() if "Expiration" in rule]
        for found in self._objects():
            age = now - found["LastModified"]
            if any(self._is_over(found["Key"], age, rule) for rule in rules):
                self._s3.delete_object(Bucket=self._bucket, Key=found["Key"])

    def left(self) -> Mapping[str, list[str]]:
        """What table and bucket have, by the task that it belongs to. Odd records are not in it."""
        left: dict[str, list[str]] = {}
        for row in self._rows():
            partition = row[PARTITION_KEY]["S"]
            if not partition.startswith(OF_THE_STACK):
                task_id = partition.removeprefix(keys.task_partition(""))
                left.setdefault(task_id, []).append(f"the row {row[SORT_KEY]['S']}")
        for found in self._objects():
            task_id = found["Key"].split("/")[1] if "/" in found["Key"] else found["Key"]
            left.setdefault(task_id, []).append(f"the object {found['Key']}")
        return {task_id: what for task_id, what in left.items() if not is_odd(task_id)}

    def _rows(self) -> Iterator[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table)
        for page in pages:
            yield from page["Items"]

    def _objects(self) -> list[dict[str, Any]]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
        return [found for page in pages for found in page.get("Contents", [])]

    def _lifecycle(self) -> list[dict[str, Any]]:
        try:
            found = self._s3.get_bucket_lifecycle_configuration(Bucket=self._bucket)
        except self._s3.exceptions.ClientError:
            return []  # it has none
        rules: list[dict[str, Any]] = found["Rules"]
        return rules

    def _is_over(self, key: str, age: timedelta, rule: dict[str, Any]) -> bool:
        """S3 counts the days from the creation of an object (S3 guide, "Expiring objects")."""
        if age < timedelta(days=rule["Expiration"]["Days"]):
            return False
        tag = rule.get("Filter", {}).get("Tag")
        tags = self._s3.get_object_tagging(Bucket=self._bucket, Key=key)["TagSet"] if tag else []
        return key.startswith(rule.get("Filter", {}).get("Prefix", "")) and (not tag or tag in tags)
