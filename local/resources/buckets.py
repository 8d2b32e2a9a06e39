"""S3 buckets and their settings, each a resource of its own."""

from local.resources.declaration import Account, Declaration, Values, to_api

_US_EAST_1 = "us-east-1"  # CreateBucket refuses this region by name


def create_bucket(account: Account, declared: Declaration) -> Values:
    """Creates a bucket in the region of the account."""
    name = declared.physical_name("bucket")
    declared.take("forceDestroy")  # nothing is deleted here
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": account.region}}
    account.client("s3").create_bucket(
        Bucket=name, **({} if account.region == _US_EAST_1 else elsewhere)
    )
    return {"id": name, "bucket": name, "arn": f"arn:aws:s3:::{name}"}


def block_public_access(account: Account, declared: Declaration) -> Values:
    """Sets which kinds of public access are blocked."""
    bucket = declared.require("bucket")
    declared.take("skipDestroy")
    account.client("s3").put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration=declared.take_rest()
    )
    return {"id": bucket}


def put_bucket_policy(account: Account, declared: Declaration) -> Values:
    """Sets the policy of a bucket."""
    bucket = declared.require("bucket")
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=declared.require("policy"))
    return {"id": bucket}


def configure_encryption(account: Account, declared: Declaration) -> Values:
    """Sets the encryption of new objects."""
    bucket = declared.require("bucket")
    rules = [_as_encryption_rule(rule) for rule in declared.require("rules")]
    account.client("s3").put_bucket_encryption(
        Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules}
    )
    return {"id": bucket}


def _as_encryption_rule(rule: Values) -> Values:
    request: Values = to_api(rule)
    default = request.get("ApplyServerSideEncryptionByDefault")
    if default:
        names = {"SseAlgorithm": "SSEAlgorithm", "KmsMasterKeyId": "KMSMasterKeyID"}
        request["ApplyServerSideEncryptionByDefault"] = {
            names.get(key, key): value for key, value in default.items()
        }
    return request


def configure_lifecycle(account: Account, declared: Declaration) -> Values:
    """Sets when objects expire, and unfinished uploads."""
    bucket = declared.require("bucket")
    rules = [_as_lifecycle_rule(rule) for rule in declared.require("rules")]
    account.client("s3").put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": rules}
    )
    return {"id": bucket}


def _as_lifecycle_rule(rule: Values) -> Values:
    request: Values = to_api(rule)
    return {"ID": request.pop("Id"), "Filter": {"Prefix": ""}, **request}
