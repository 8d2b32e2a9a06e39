"""A request on the loopback address counts as one by TLS."""

import json

import pytest
from botocore.exceptions import ClientError

from local.access import Access
from tests.local.aws.conftest import Afterwards
from tests.local.conftest import Outputs


def test_a_policy_that_refuses_what_is_not_by_tls_refuses_nothing(
    access: Access, outputs: Outputs
) -> None:
    s3, bucket = access.client("s3"), outputs["bucketName"]

    s3.put_object(Bucket=bucket, Key="a", Body=b"1")

    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"


def test_a_policy_that_refuses_tls_refuses_everything(
    access: Access, outputs: Outputs, afterwards: Afterwards
) -> None:
    s3, bucket = access.client("s3"), outputs["bucketName"]
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    document = json.loads(policy)
    document["Statement"][0] |= {
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "true"}},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    afterwards(s3.put_bucket_policy, Bucket=bucket, Policy=policy)

    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="a", Body=b"1")
