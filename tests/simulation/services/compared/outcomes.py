"""What a request came to, in one form for a model and for moto."""

import io
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from botocore.exceptions import ClientError

_SETS: Final = {"SS": str, "NS": Decimal, "BS": bytes}
# Of the responses of DynamoDB and of S3. moto's have other things besides, which no code of ours
# reads: capacity, checksums, owners.
_COMPARED: Final = frozenset(
    {
        *("Attributes", "Count", "Item", "Items", "LastEvaluatedKey", "Responses", "ScannedCount"),
        *("UnprocessedItems", "UnprocessedKeys"),
        *("Body", "ContentLength", "Contents", "Deleted", "Errors", "ETag", "IsTruncated"),
        *("KeyCount", "LastModified", "MaxKeys", "Name", "Prefix"),
    }
)
_OF_A_LISTED_OBJECT: Final = ("Key", "LastModified", "ETag", "Size", "StorageClass")

Refusal = tuple[str, int, object, list[tuple[str, object]]]
"""An error: its code and its status, the item that a condition found, a transaction's reasons."""


def outcome(client: Any, operation: str, request: Mapping[str, Any]) -> object:
    """What the response of a request says; or its error."""
    try:
        return answer(getattr(client, operation)(**request))
    except ClientError as error:
        return refusal(error)


def answer(response: dict[str, Any]) -> object:
    """What is compared of a response. A body can be read once more afterwards."""
    told = {name: value for name, value in response.items() if name in _COMPARED}
    if "Body" in told:
        told["Body"] = told["Body"].read()
        response["Body"] = io.BytesIO(told["Body"])
    if "Contents" in told:
        told["Contents"] = [
            {name: each[name] for name in _OF_A_LISTED_OBJECT} for each in told["Contents"]
        ]
    return {name: _in_any_order(name, plain(value)) for name, value in told.items()}


def refusal(error: ClientError) -> Refusal:
    """What is compared of an error."""
    response: Mapping[str, Any] = error.response
    reasons = [
        (reason["Code"], plain(reason.get("Item")))
        for reason in response.get("CancellationReasons", [])
    ]
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    return response["Error"]["Code"], status, plain(response.get("Item")), reasons


def plain(value: Any) -> Any:
    """A value of a response, in one form for all that are equal."""
    if isinstance(value, Mapping):
        if len(value) == 1:
            [(kind, content)] = value.items()
            if kind in _SETS and isinstance(content, list):
                return {kind: sorted(map(_SETS[kind], content))}
            if kind == "N" and isinstance(content, str):
                return {"N": Decimal(content)}
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def _in_any_order(name: str, value: Any) -> Any:
    """`Responses` of a batch have no order."""
    if name != "Responses":
        return value
    return {table: sorted(items, key=repr) for table, items in value.items()}
