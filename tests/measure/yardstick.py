"""How fast this machine is at the moment: machines differ, and have other guests."""

import json
import statistics
import time
from collections.abc import Iterator
from typing import Any, Final

import boto3
from botocore.awsrequest import AWSResponse

# What boto3 takes for a small update when nothing else runs, without the network: Python 3.11 on a
# virtual processor of 2.45 GHz (AMD EPYC 7003).
BOTO3_MILLISECONDS: Final = 0.54
_UPDATES: Final = 100
_KEY: Final = {"pk": {"S": "TASK#1"}, "sk": {"S": "TASK"}}
_UPDATE: Final[dict[str, Any]] = {
    "TableName": "tasks",
    "Key": _KEY,
    "UpdateExpression": "SET #name = :value",
    "ExpressionAttributeNames": {"#name": "iterations"},
    "ExpressionAttributeValues": {":value": {"N": "7"}},
    "ReturnValues": "ALL_NEW",
}
_ANSWER: Final = json.dumps({"Attributes": {**_KEY, "iterations": {"N": "7"}}}).encode()


def boto3_milliseconds() -> float:
    """The median time of the processor that boto3 itself takes for an update."""
    client: Any = boto3.client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
    )
    client.meta.events.register("before-send.dynamodb", _answered)
    return statistics.median(_each_update(client)) * 1000


def _each_update(client: Any) -> Iterator[float]:
    for _ in range(_UPDATES):
        before = time.thread_time()
        client.update_item(**_UPDATE)
        yield time.thread_time() - before


def _answered(request: Any, **_: object) -> AWSResponse:
    headers: Any = {"x-amzn-requestid": "1"}
    return AWSResponse(request.url, 200, headers, _Body())


class _Body:
    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield _ANSWER
