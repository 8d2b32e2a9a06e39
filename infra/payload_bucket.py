"""The bucket for inputs and outputs that are too large for a task's record."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra import policies

# No upload of a payload takes longer than an invocation.
ABORT_UPLOADS_AFTER_DAYS: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadBucketArgs:
    """Whether the bucket can be deleted."""

    protect: bool


class PayloadBucket(pulumi.ComponentResource):
    """A private, encrypted S3 bucket, for requests by TLS alone.

    Nothing in it expires by itself: a payload lives as long as its record, and S3 counts days from
    the creation of an object. The recovery deletes what no record names.
    """

    arn: pulumi.Output[str]
    bucket_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: PayloadBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("background-tasks:infra:PayloadBucket", name, None, opts)
        bucket = aws.s3.Bucket(
            name,
            force_destroy=not args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        child = pulumi.ResourceOptions(parent=self)
        private = _keep_private(name, bucket, child)
        # S3 refuses two changes of a bucket at the same time (OperationAborted).
        _require_tls(name, bucket, pulumi.ResourceOptions(parent=self, depends_on=[private]))
        _abort_unfinished_uploads(name, bucket, child)
        self.arn = bucket.arn
        self.bucket_name = bucket.bucket
        self.register_outputs({"arn": self.arn, "bucket_name": self.bucket_name})


def _keep_private(
    name: str, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions
) -> aws.s3.BucketPublicAccessBlock:
    _encrypt(name, bucket, opts)
    return aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=opts,
    )


def _encrypt(name: str, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions) -> None:
    by_default = (
        aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="AES256"
        )
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.bucket,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=by_default
            ),
        ],
        opts=opts,
    )


def _require_tls(name: str, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions) -> None:
    policy = bucket.arn.apply(lambda arn: policies.payload_bucket(bucket=arn))
    aws.s3.BucketPolicy(
        name, bucket=bucket.bucket, policy=pulumi.Output.json_dumps(policy), opts=opts
    )


def _abort_unfinished_uploads(
    name: str, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions
) -> None:
    """Removes the parts of uploads that were never completed: no listing shows them."""
    abort = aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
        days_after_initiation=ABORT_UPLOADS_AFTER_DAYS
    )
    aws.s3.BucketLifecycleConfiguration(
        name,
        bucket=bucket.bucket,
        rules=[
            aws.s3.BucketLifecycleConfigurationRuleArgs(
                id="abort-unfinished-uploads",
                status="Enabled",
                filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(),  # the whole bucket
                abort_incomplete_multipart_upload=abort,
            )
        ],
        opts=opts,
    )
