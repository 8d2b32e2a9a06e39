"""The model of S3 answers as moto does, whatever is asked of both."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import moto.s3.models
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from moto import mock_aws

from handler.testing import ManualClock
from handler.testing.aws import aws_client
from tests.simulation.services.compared.differences import are_same
from tests.simulation.services.compared.outcomes import refusal
from tests.simulation.services.compared.s3_programs import Call, programs
from tests.simulation.services.s3 import S3

MANY = settings(max_examples=5 * settings().max_examples, suppress_health_check=list(HealthCheck))
_COMPARED = (
    "Body",
    "ContentLength",
    "Contents",
    "Deleted",
    "Errors",
    "ETag",
    "IsTruncated",
    "KeyCount",
    "LastModified",
    "MaxKeys",
    "Name",
    "Prefix",
)
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with mock_aws():
        yield aws_client("s3")


@pytest.mark.property
@MANY
@given(program=programs())
def test_a_program_of_requests_has_the_same_outcomes_and_leaves_the_same_objects(
    client: Any, program: list[Call]
) -> None:
    bucket, clock = f"bucket-{next(_numbers)}", ManualClock()
    model = S3(now=clock.now)
    for each in (client, model):
        each.create_bucket(Bucket=bucket)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moto.s3.models, "utcnow", lambda: clock.now().replace(tzinfo=None))
        for operation, request in [*program, ("list_objects_v2", {})]:
            clock.advance(timedelta(seconds=0.4))
            expected = _outcome(client, operation, {"Bucket": bucket, **request})
            found = _outcome(model, operation, {"Bucket": bucket, **request})
            assert are_same(operation, request, found, expected), (found, expected)


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("get_object", {"Key": "a"}),
        ("put_object", {"Key": "a", "Body": b""}),
        ("list_objects_v2", {}),
        ("delete_objects", {"Delete": {"Objects": [{"Key": "a"}]}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bucket_that_is_not_there_is_refused_alike(
    client: Any, operation: str, request_: dict[str, Any]
) -> None:
    request = {"Bucket": "nowhere", **request_}

    expected = _outcome(client, operation, request)
    found = _outcome(S3(now=ManualClock().now), operation, request)

    assert found == expected == ("NoSuchBucket", 404)


def _outcome(client: Any, operation: str, request: dict[str, Any]) -> Any:
    """What a request came to: what the model answers, or the code of its error."""
    try:
        response = getattr(client, operation)(**request)
    except ClientError as error:
        return refusal(error)[0], error.response["ResponseMetadata"]["HTTPStatusCode"]
    answer = {name: response[name] for name in _COMPARED if name in response}
    if "Body" in answer:
        answer["Body"] = answer["Body"].read()
    for name in ("Contents", "Deleted"):
        for each in answer.get(name, ()):
            for uncompared in ("Owner", "ChecksumAlgorithm", "ChecksumType", "VersionId"):
                each.pop(uncompared, None)
    return answer
