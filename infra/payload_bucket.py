"""The bucket for inputs and outputs that are too large for a task's record."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from handler.contract import EXPIRE_TAG


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadBucketArgs:
    """How long payloads are kept, and whether the bucket can be deleted."""

    protect: bool
    retention_days: int  # of finished tasks' payloads; 0 keeps them forever


class PayloadBucket(pulumi.ComponentResource):
    """A private, encrypted S3 bucket that deletes the payloads of finished tasks in time."""

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
        _keep_private(name, bucket, child)
        if args.retention_days:
            _expire(name, bucket, args.retention_days, child)
        self.arn = bucket.arn
        self.bucket_name = bucket.bucket
        self.register_outputs({"arn": self.arn, "bucket_name": self.bucket_name})


def _keep_private(name: str, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions) -> None:
    aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=opts,
    )
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


def _expire(name: str, bucket: aws.s3.Bucket, days: int, opts: pulumi.ResourceOptions) -> None:
    key, value = EXPIRE_TAG
    tag = aws.s3.BucketLifecycleConfigurationRuleFilterTagArgs(key=key, value=value)
    aws.s3.BucketLifecycleConfiguration(
        name,
        bucket=bucket.bucket,
        rules=[
            aws.s3.BucketLifecycleConfigurationRuleArgs(
                id="expire-payloads-of-finished-tasks",
                status="Enabled",
                filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(tag=tag),
                expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days),
            )
        ],
        opts=opts,
    )
