"""S3 buckets and their settings, each a resource of its own."""

from local.errors import DeploymentFailed
from local.resources.declaration import Account, Declaration, Existing, Values, to_api
from local.resources.resource_type import ResourceType, putting

_US_EAST_1 = "us-east-1"  # CreateBucket refuses this region by name


def _create_bucket(account: Account, declared: Declaration) -> Values:
    name = declared.physical_name("bucket")
    declared.drop("forceDestroy")
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": account.region}}
    account.client("s3").create_bucket(
        Bucket=name, **({} if account.region == _US_EAST_1 else elsewhere)
    )
    return _bucket(name)


def _update_bucket(_account: Account, before: Existing, declared: Declaration) -> Values:
    """What can change of a bucket alone is known to Pulumi only: whether it is emptied."""
    declared.drop("bucket", "forceDestroy")
    return _bucket(before.id)


def _bucket(name: str) -> Values:
    return {"id": name, "bucket": name, "arn": f"arn:aws:s3:::{name}"}


def _delete_bucket(account: Account, before: Existing) -> None:
    versions = _versions(account, before.id)
    if versions and not before.get("forceDestroy", False):
        raise DeploymentFailed(
            f"{before} has {len(versions)} objects, and its forceDestroy is not true. Next: delete"
            " them; or set forceDestroy to true, deploy, and delete the bucket then."
        )
    for version in versions:
        account.client("s3").delete_object(Bucket=before.id, **version)
    account.client("s3").delete_bucket(Bucket=before.id)


def _versions(account: Account, bucket: str) -> list[Values]:
    """Every object, every version before it, and every mark that one is deleted."""
    pages = account.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket)
    return [
        {"Key": version["Key"], "VersionId": version["VersionId"]}
        for page in pages
        for kind in ("Versions", "DeleteMarkers")
        for version in page.get(kind, [])
    ]


def _block_public_access(account: Account, declared: Declaration) -> Values:
    bucket = declared.require("bucket")
    declared.drop("skipDestroy")
    account.client("s3").put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration=declared.take_rest()
    )
    return {"id": bucket}


def _delete_access_block(account: Account, before: Existing) -> None:
    if not before.get("skipDestroy", False):
        account.client("s3").delete_public_access_block(Bucket=before.id)


def _put_policy(account: Account, declared: Declaration) -> Values:
    bucket = declared.require("bucket")
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=declared.require("policy"))
    return {"id": bucket}


def _encrypt(account: Account, declared: Declaration) -> Values:
    """Sets the encryption of new objects."""
    bucket = declared.require("bucket")
    rules = [_as_encryption_rule(rule) for rule in declared.require("rules")]
    account.client("s3").put_bucket_encryption(
        Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules}
    )
    return {"id": bucket}


def _as_encryption_rule(rule: Values) -> Values:
    request: Values = to_api(rule)
    if default := request.get("ApplyServerSideEncryptionByDefault"):
        names = {"SseAlgorithm": "SSEAlgorithm", "KmsMasterKeyId": "KMSMasterKeyID"}
        request["ApplyServerSideEncryptionByDefault"] = {
            names.get(key, key): value for key, value in default.items()
        }
    if blocked := request.get("BlockedEncryptionTypes"):
        request["BlockedEncryptionTypes"] = {"EncryptionType": blocked}
    return request


def _expire(account: Account, declared: Declaration) -> Values:
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


def _version(account: Account, declared: Declaration) -> Values:
    bucket = declared.require("bucket")
    _set_versioning(account, bucket, declared.require("versioningConfiguration"))
    return {"id": bucket}


def _set_versioning(account: Account, bucket: str, configuration: Values) -> None:
    names = {"mfaDelete": "MFADelete", "status": "Status"}
    account.client("s3").put_bucket_versioning(
        Bucket=bucket,
        VersioningConfiguration={names[key]: value for key, value in configuration.items()},
    )


def _is_versioned(account: Account, before: Existing) -> bool:
    """S3 can't go back to no versions: what is left of a deleted one is a suspended one."""
    status = account.client("s3").get_bucket_versioning(Bucket=before.id).get("Status")
    return bool(status == before.get("versioningConfiguration")["status"])


BUCKET = ResourceType(
    create=_create_bucket,
    update=_update_bucket,
    delete=_delete_bucket,
    find=lambda account, before: account.client("s3").head_bucket(Bucket=before.id),
    fixed=("bucket",),
)
ACCESS_BLOCK = ResourceType(
    create=_block_public_access,
    update=putting(_block_public_access),
    delete=_delete_access_block,
    find=lambda account, before: account.client("s3").get_public_access_block(Bucket=before.id),
    fixed=("bucket",),
)
POLICY = ResourceType(
    create=_put_policy,
    update=putting(_put_policy),
    delete=lambda account, before: account.client("s3").delete_bucket_policy(Bucket=before.id),
    find=lambda account, before: account.client("s3").get_bucket_policy(Bucket=before.id),
    fixed=("bucket",),
)
ENCRYPTION = ResourceType(
    create=_encrypt,
    update=putting(_encrypt),
    delete=lambda account, before: account.client("s3").delete_bucket_encryption(Bucket=before.id),
    # A bucket without one has S3's own: it is there as long as the bucket is.
    find=lambda account, before: account.client("s3").get_bucket_encryption(Bucket=before.id),
    fixed=("bucket",),
)
LIFECYCLE = ResourceType(
    create=_expire,
    update=putting(_expire),
    delete=lambda account, before: account.client("s3").delete_bucket_lifecycle(Bucket=before.id),
    find=lambda account, before: account.client("s3").get_bucket_lifecycle_configuration(
        Bucket=before.id
    ),
    fixed=("bucket",),
)
VERSIONING = ResourceType(
    create=_version,
    update=putting(_version),
    delete=lambda account, before: _set_versioning(account, before.id, {"status": "Suspended"}),
    find=_is_versioned,
    fixed=("bucket",),
)
