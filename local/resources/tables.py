"""DynamoDB tables."""

from collections.abc import Iterator
from typing import Any

from local.errors import DeploymentFailed
from local.resources.declaration import Account, Declaration, Existing, Values, to_api
from local.resources.resource_type import ResourceType

# The inputs that UpdateTable can change, and what each is if the program does not set it.
_SETTINGS: Values = {
    "billingMode": "PROVISIONED",
    "deletionProtectionEnabled": False,
    "serverSideEncryption": {"enabled": False},
    "tableClass": "STANDARD",
}


def _create(account: Account, declared: Declaration) -> Values:
    name = declared.physical_name()
    recovery, expiry = declared.take("pointInTimeRecovery"), declared.take("ttl")
    dynamodb = account.client("dynamodb")
    dynamodb.create_table(TableName=name, **_as_request(declared))
    dynamodb.get_waiter("table_exists").wait(
        TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    if recovery:
        _recover(account, name, recovery)
    if expiry:
        _expire(account, name, expiry)
    return _outputs(account, name)


def _outputs(account: Account, name: str) -> Values:
    return {"id": name, "name": name, "arn": account.arn("dynamodb", f"table/{name}")}


def _update(account: Account, before: Existing, declared: Declaration) -> Values:
    name = declared.require("name")
    declared.drop("hashKey", "rangeKey")
    for change in [*_settings(before, declared), *_indexes(before, declared)]:
        account.client("dynamodb").update_table(TableName=name, **change)
    recovery = declared.take("pointInTimeRecovery", {"enabled": False})
    if recovery != before.get("pointInTimeRecovery", {"enabled": False}):
        _recover(account, name, recovery)
    _update_expiry(account, before, declared.take("ttl"))
    return _outputs(account, name)


def _settings(before: Existing, declared: Declaration) -> Iterator[Values]:
    changed = {
        key: value
        for key, default in _SETTINGS.items()
        if (value := declared.take(key, default)) != before.get(key, default)
    }
    if changed:
        yield _with_encryption(to_api(changed))


def _indexes(before: Existing, declared: Declaration) -> Iterator[Values]:
    """The changes of indexes: UpdateTable takes one at a time. A changed index is made anew."""
    attributes = _attributes(declared.require("attributes"))
    there = _by_name(before.get("globalSecondaryIndexes", []))
    wanted = _by_name(declared.take("globalSecondaryIndexes", []))
    changed = [name for name in there.keys() | wanted.keys() if there.get(name) != wanted.get(name)]
    for name in sorted(there.keys() & changed):
        yield {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": name}}]}
    for name in sorted(wanted.keys() & changed):
        update = {"Create": wanted[name]}
        yield {"AttributeDefinitions": attributes, "GlobalSecondaryIndexUpdates": [update]}


def _by_name(indexes: list[Values]) -> dict[str, Values]:
    return {index["name"]: _as_index(index) for index in indexes}


def _recover(account: Account, name: str, recovery: Values) -> None:
    specification = {"PointInTimeRecoveryEnabled": recovery["enabled"]}
    if recovery.get("recoveryPeriodInDays"):
        specification["RecoveryPeriodInDays"] = recovery["recoveryPeriodInDays"]
    account.client("dynamodb").update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification=specification
    )


def _update_expiry(account: Account, before: Existing, expiry: Values | None) -> None:
    there = before.get("ttl")
    if expiry != there:
        _expire(account, before.id, expiry or {**there, "enabled": False})


def _expire(account: Account, name: str, expiry: Values) -> None:
    account.client("dynamodb").update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": False, **to_api(expiry)}
    )


def _delete(account: Account, before: Existing) -> None:
    table = _describe(account, before)
    if table["DeletionProtectionEnabled"]:
        raise DeploymentFailed(
            f"{before} is protected from deletion: deletionProtectionEnabled is true. Next: set it"
            " to false, deploy, and delete the table then."
        )
    account.client("dynamodb").delete_table(TableName=before.id)


def _describe(account: Account, before: Existing) -> Values:
    table: Values = account.client("dynamodb").describe_table(TableName=before.id)["Table"]
    return table


def _as_request(declared: Declaration) -> Values:
    indexes = [_as_index(index) for index in declared.take("globalSecondaryIndexes", [])]
    request = {
        "AttributeDefinitions": _attributes(declared.require("attributes")),
        "KeySchema": _key_schema(declared.require("hashKey"), declared.take("rangeKey")),
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    }
    return request | _with_encryption(declared.take_rest())


def _attributes(attributes: list[Values]) -> list[Values]:
    return [{"AttributeName": a["name"], "AttributeType": a["type"]} for a in attributes]


def _with_encryption(request: Values) -> Values:
    """The API has other names than the provider for a key of the account's own."""
    encryption = request.pop("ServerSideEncryption", None)
    if encryption is None:
        return request
    specification = {"Enabled": encryption["Enabled"]}
    if encryption["Enabled"]:
        specification["SSEType"] = "KMS"
    if encryption.get("KmsKeyArn"):
        specification["KMSMasterKeyId"] = encryption["KmsKeyArn"]
    return request | {"SSESpecification": specification}


def _as_index(index: Values) -> Values:
    hash_key, range_key = _keys_of(index)
    projection: Values = {"ProjectionType": index["projectionType"]}
    if index.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = sorted(index["nonKeyAttributes"])
    return {
        "IndexName": index["name"],
        "KeySchema": _key_schema(hash_key, range_key),
        "Projection": projection,
    }


def _keys_of(index: Values) -> tuple[str, str | None]:
    """Hash and range key of an index. Since version 7 the provider also takes them as a list."""
    if index.get("hashKey"):
        return index["hashKey"], index.get("rangeKey")
    keys: dict[Any, str] = {key["keyType"]: key["attributeName"] for key in index["keySchemas"]}
    return keys["HASH"], keys.get("RANGE")


def _key_schema(hash_key: str, range_key: str | None) -> list[Values]:
    keys = [("HASH", hash_key), ("RANGE", range_key)]
    return [{"AttributeName": name, "KeyType": kind} for kind, name in keys if name]


TABLE = ResourceType(
    create=_create,
    update=_update,
    delete=_delete,
    find=_describe,
    fixed=("name", "hashKey", "rangeKey"),
)
