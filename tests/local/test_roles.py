"""What the deployed roles are for: what they reach, and what they can't."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.function import LIVE
from local.access import Access
from tests.local.roles import Role
from tests.running import Running


@pytest.fixture
def failures(aws: Running) -> Callable[[], list[dict[str, Any]]]:
    """Takes the records of the recovery's failed invocations out of their queue."""
    sqs = aws.client("sqs")
    url = str(aws.deployed.outputs["deadLetterQueueUrl"]).replace(
        "-undelivered", "-recovery-failures"
    )

    def taken() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]

    return taken


def test_a_sweep_that_fails_leaves_one_record_in_the_queue_of_the_recoverys_failures(
    aws: Running, failures: Callable[[], list[dict[str, Any]]]
) -> None:
    recovery = Role(aws, "recovery")

    with recovery.without("sqs:ReceiveMessage"):
        aws.client("lambda").invoke(
            FunctionName=f"{recovery.stem}:{LIVE}",
            InvocationType="Event",
            Payload=b'{"test": "sweep"}',
        )
        records = aws.until(failures)

    assert [record["requestPayload"] for record in records] == [{"test": "sweep"}]
    assert records[0]["responsePayload"]["errorType"] == "RecoveryFailed"
    assert failures() == []  # it is not repeated


@pytest.fixture(params=["worker", "api", "recovery"])
def as_a_function(aws: Running, request: pytest.FixtureRequest) -> Iterator[Access]:
    """Somebody who may do what a function of the stack may."""
    with Role(aws, request.param).access() as access:
        yield access


def test_a_function_reaches_payloads_and_nothing_else_in_the_bucket(
    aws: Running, as_a_function: Access
) -> None:
    s3, bucket = as_a_function.client("s3"), str(aws.deployed.outputs["payloadBucketName"])
    theirs = {"Bucket": bucket, "Key": "tasks/a/1"}

    s3.put_object(**theirs, Body=b"1")
    assert s3.get_object(**theirs)["Body"].read() == b"1"
    for prefix in ("tasks/", "tasks/a/"):
        found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
        assert "tasks/a/1" in [each["Key"] for each in found]
    s3.delete_object(**theirs)
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(**theirs)

    requests: tuple[Callable[[], object], ...] = (
        lambda: s3.list_objects_v2(Bucket=bucket),
        lambda: s3.list_objects_v2(Bucket=bucket, Prefix="other/"),
        lambda: s3.put_object(Bucket=bucket, Key="other/1", Body=b"1"),
        lambda: s3.put_object_tagging(**theirs, Tagging={"TagSet": []}),
        lambda: s3.delete_bucket_policy(Bucket=bucket),
    )
    for request in requests:
        with pytest.raises(ClientError, match="AccessDenied"):
            request()
