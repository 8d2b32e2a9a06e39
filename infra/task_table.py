"""The DynamoDB table of tasks and their logs."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from handler.contract import EXPIRY_ATTRIBUTE, INDEX_KEYS, PARTITION_KEY, SORT_KEY, Index


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTableArgs:
    """The table's name, the key that it is encrypted with, and whether it can be deleted."""

    physical_name: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str] | None
    protect: bool


class TaskTable(pulumi.ComponentResource):
    """A table with the indexes of handler/contract.py.

    It is billed by request, and can be restored to any second of the last 35 days.
    """

    arn: pulumi.Output[str]
    table_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: TaskTableArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:TaskTable", name, None, opts)
        table = aws.dynamodb.Table(
            name,
            name=args.physical_name,
            billing_mode="PAY_PER_REQUEST",
            **task_table_inputs(),
            point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=True),
            server_side_encryption=_encryption(args.kms_key_arn),
            deletion_protection_enabled=args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.arn = table.arn
        self.table_name = table.name
        self.register_outputs({"arn": self.arn, "table_name": self.table_name})


def task_table_inputs() -> dict[str, Any]:
    """What a table of tasks has to have: arguments of `aws.dynamodb.Table`, for one of your own."""
    return {
        "hash_key": PARTITION_KEY,
        "range_key": SORT_KEY,
        "attributes": [
            aws.dynamodb.TableAttributeArgs(name=attribute, type="S")
            for attribute in (PARTITION_KEY, SORT_KEY, *INDEX_KEYS)
        ],
        "global_secondary_indexes": [_index(index) for index in Index],
        "ttl": aws.dynamodb.TableTtlArgs(attribute_name=EXPIRY_ATTRIBUTE, enabled=True),
    }


def _encryption(
    kms_key_arn: pulumi.Input[str] | None,
) -> aws.dynamodb.TableServerSideEncryptionArgs | None:
    if kms_key_arn is None:
        return None  # a key that AWS owns
    return aws.dynamodb.TableServerSideEncryptionArgs(enabled=True, kms_key_arn=kms_key_arn)


def _index(index: Index) -> aws.dynamodb.TableGlobalSecondaryIndexArgs:
    return aws.dynamodb.TableGlobalSecondaryIndexArgs(
        name=index.value,
        projection_type="KEYS_ONLY",
        key_schemas=[
            aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(
                attribute_name=index.partition_key, key_type="HASH"
            ),
            aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(
                attribute_name=index.sort_key, key_type="RANGE"
            ),
        ],
    )
