"""KMS keys and their aliases. Nothing in the local AWS is encrypted with them."""

import json

from local.resources.declaration import Account, Declaration, Existing, Values
from local.resources.resource_type import ResourceType

_LONGEST_DAYS = 30  # what a key waits that is deleted, unless it says how long
_ALIAS = "alias/"


def _create_key(account: Account, declared: Declaration) -> Values:
    settings, enabled = _rotation(declared), declared.take("isEnabled", True)
    declared.drop("deletionWindowInDays")
    request = declared.take_rest()
    spec = request.pop("CustomerMasterKeySpec", "SYMMETRIC_DEFAULT")
    key = account.client("kms").create_key(KeySpec=spec, **request)["KeyMetadata"]
    if settings["EnableKeyRotation"]:
        _rotate(account, key["KeyId"], settings)
    if not enabled:
        account.client("kms").disable_key(KeyId=key["KeyId"])
    return _key(account, key["KeyId"])


def _update_key(account: Account, before: Existing, declared: Declaration) -> Values:
    kms, id = account.client("kms"), before.id
    declared.drop(*KEY.fixed, "deletionWindowInDays", "bypassPolicyLockoutSafetyCheck")
    kms.update_key_description(KeyId=id, Description=declared.take("description", ""))
    policy = declared.take("policy")
    if policy != before.get("policy"):
        kms.put_key_policy(
            KeyId=id, PolicyName="default", Policy=policy or _default_policy(account)
        )
    if declared.take("isEnabled", True):
        kms.enable_key(KeyId=id)
    else:
        kms.disable_key(KeyId=id)
    _rotate(account, id, _rotation(declared))
    return _key(account, id)


def _rotation(declared: Declaration) -> Values:
    days = declared.take("rotationPeriodInDays")
    return {
        "EnableKeyRotation": declared.take("enableKeyRotation", False),
        **({"RotationPeriodInDays": days} if days else {}),
    }


def _rotate(account: Account, id: str, rotation: Values) -> None:
    if rotation.pop("EnableKeyRotation"):
        account.client("kms").enable_key_rotation(KeyId=id, **rotation)
    else:
        account.client("kms").disable_key_rotation(KeyId=id)


def _default_policy(account: Account) -> str:
    """The policy of a key that was given none: IAM decides in its account."""
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account.id}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]})


def _key(account: Account, id: str) -> Values:
    return {"id": id, "keyId": id, "arn": account.arn("kms", f"key/{id}")}


def _delete_key(account: Account, before: Existing) -> None:
    """A deleted key waits until its time is over, and nobody can use it meanwhile."""
    if _find_key(account, before):
        account.client("kms").schedule_key_deletion(
            KeyId=before.id, PendingWindowInDays=before.get("deletionWindowInDays", _LONGEST_DAYS)
        )


def _find_key(account: Account, before: Existing) -> bool:
    key = account.client("kms").describe_key(KeyId=before.id)["KeyMetadata"]
    return bool(key["KeyState"] != "PendingDeletion")


def _create_alias(account: Account, declared: Declaration) -> Values:
    name = declared.take("name") or f"{_ALIAS}{declared.physical_name()}"
    target = declared.require("targetKeyId")
    account.client("kms").create_alias(AliasName=name, TargetKeyId=target)
    return _alias(account, name, target)


def _update_alias(account: Account, before: Existing, declared: Declaration) -> Values:
    name, target = declared.require("name"), declared.require("targetKeyId")
    account.client("kms").update_alias(AliasName=name, TargetKeyId=target)
    return _alias(account, before.id, target)


def _alias(account: Account, name: str, target: str) -> Values:
    key = account.client("kms").describe_key(KeyId=target)["KeyMetadata"]["Arn"]
    return {"id": name, "name": name, "arn": account.arn("kms", name), "targetKeyArn": key}


def _find_alias(account: Account, before: Existing) -> bool:
    pages = account.client("kms").get_paginator("list_aliases").paginate()
    return before.id in [alias["AliasName"] for page in pages for alias in page["Aliases"]]


KEY = ResourceType(
    create=_create_key,
    update=_update_key,
    delete=_delete_key,
    find=_find_key,
    fixed=("customerMasterKeySpec", "keyUsage", "multiRegion"),
)
ALIAS = ResourceType(
    create=_create_alias,
    update=_update_alias,
    delete=lambda account, before: account.client("kms").delete_alias(AliasName=before.id),
    find=_find_alias,
)
