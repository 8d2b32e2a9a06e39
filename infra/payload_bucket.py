"""The bucket for inputs and outputs that are too large for a task's record."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.documents import policies

# No upload of a payload takes longer than an invocation.
ABORT_UPLOADS_AFTER_DAYS: Final = 1
# What S3 blocks in a new bucket since April 2026 (S3 guide, "Blocking or unblocking SSE-C for a
# general purpose bucket"): the keys of SSE-C come with each request, and nobody here has any.
BLOCKED_ENCRYPTION_TYPES: Final = ("SSE-C",)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadBucketArgs:
    """The bucket's name, the key that it is encrypted with, and whether it can be deleted."""

    physical_name: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str] | None
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
            bucket=args.physical_name,
            force_destroy=not args.protect,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                ignore_changes=["bucket"],  # another name would be another, empty bucket
            ),
        )
        child = pulumi.ResourceOptions(parent=self)
        _encrypt(name, bucket, args.kms_key_arn, child)
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
    return aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=opts,
    )


def _encrypt(
    name: str,
    bucket: aws.s3.Bucket,
    kms_key_arn: pulumi.Input[str] | None,
    opts: pulumi.ResourceOptions,
) -> None:
    by_default = (
        aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="AES256" if kms_key_arn is None else "aws:kms",
            kms_master_key_id=kms_key_arn,
        )
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.bucket,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=by_default,
                # S3 fills in both by itself: what is left out would differ in every preview.
                blocked_encryption_types=list(BLOCKED_ENCRYPTION_TYPES),
                bucket_key_enabled=kms_key_arn is not None,
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
