"""The model of S3 answers as moto does, whatever is asked of both."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import moto.s3.models
import pytest
from hypothesis import HealthCheck, given, settings
from moto import mock_aws

from handler.testing import ManualClock
from handler.testing.aws import aws_client
from tests.simulation.services.compared.differences import are_same
from tests.simulation.services.compared.outcomes import outcome
from tests.simulation.services.compared.s3_programs import Call, programs
from tests.simulation.services.s3 import S3

pytestmark = pytest.mark.slow

MANY = settings(max_examples=5 * settings().max_examples, suppress_health_check=list(HealthCheck))
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
            expected = outcome(client, operation, {"Bucket": bucket, **request})
            found = outcome(model, operation, {"Bucket": bucket, **request})
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

    expected = outcome(client, operation, request)
    found = outcome(S3(now=ManualClock().now), operation, request)

    assert found == expected == ("NoSuchBucket", 404, None, [])
