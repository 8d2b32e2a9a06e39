"""What the model of S3 does that moto does not."""

import pytest

from handler.testing import ManualClock
from tests.simulation.services.s3 import S3
from tests.simulation.services.samples import code


@pytest.fixture
def model() -> S3:
    model = S3(now=ManualClock().now)
    model.create_bucket(Bucket="bucket")
    return model


def test_a_deletion_tells_which_objects_it_has_left(model: S3) -> None:
    for key in ("a", "b"):
        model.put_object(Bucket="bucket", Key=key, Body=b"")
    model.keeps = lambda key: key == "a"

    response = model.delete_objects(
        Bucket="bucket", Delete={"Objects": [{"Key": "a"}, {"Key": "b"}], "Quiet": True}
    )

    assert [error["Key"] for error in response["Errors"]] == ["a"]
    assert "Deleted" not in response
    assert list(model.objects("bucket")) == ["a"]


def test_a_deletion_has_at_most_1000_keys(model: S3) -> None:
    objects = [{"Key": str(number)} for number in range(1_001)]

    found = code(model, "delete_objects", Bucket="bucket", Delete={"Objects": objects})

    assert found == "MalformedXML"


def test_a_page_has_at_most_1000_keys_whatever_is_asked(model: S3) -> None:
    for number in range(1_001):
        model.put_object(Bucket="bucket", Key=f"{number:04}", Body=b"")

    page = model.list_objects_v2(Bucket="bucket", MaxKeys=5_000)
    rest = model.list_objects_v2(Bucket="bucket", StartAfter=page["Contents"][-1]["Key"])

    assert (page["KeyCount"], page["IsTruncated"]) == (1_000, True)
    assert (rest["KeyCount"], rest["IsTruncated"]) == (1, False)


def test_a_key_has_at_most_1024_bytes(model: S3) -> None:
    model.put_object(Bucket="bucket", Key="é" * 512, Body=b"")

    found = code(model, "put_object", Bucket="bucket", Key="é" * 512 + "x", Body=b"")

    assert found == "KeyTooLongError"


def test_a_parameter_that_the_model_does_not_have_is_no_error_of_aws(model: S3) -> None:
    with pytest.raises(NotImplementedError, match="S3 does not know VersionId"):
        model.get_object(Bucket="bucket", Key="a", VersionId="1")
