"""DynamoDB tables."""

from typing import Any

from local.resources.declaration import Account, Declaration, Values, to_api


def create_table(account: Account, declared: Declaration) -> Values:
    """Creates a table with its indexes, recovery and expiry, and waits until it is active."""
    name = declared.physical_name()
    recovery, expiry = declared.take("pointInTimeRecovery"), declared.take("ttl")
    dynamodb = account.client("dynamodb")
    table = dynamodb.create_table(TableName=name, **_as_request(declared))["TableDescription"]
    dynamodb.get_waiter("table_exists").wait(
        TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    if recovery and recovery.get("enabled"):
        specification = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification=specification
        )
    if expiry and expiry.get("enabled"):
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=to_api(expiry))
    return {"id": name, "name": name, "arn": table["TableArn"]}


def _as_request(declared: Declaration) -> Values:
    indexes = [_as_index(index) for index in declared.take("globalSecondaryIndexes", [])]
    attributes = [
        {"AttributeName": a["name"], "AttributeType": a["type"]}
        for a in declared.require("attributes")
    ]
    encryption = declared.take("serverSideEncryption")
    request = {
        "AttributeDefinitions": attributes,
        "KeySchema": _key_schema(declared.require("hashKey"), declared.take("rangeKey")),
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        **({"SSESpecification": to_api(encryption)} if encryption else {}),
    }
    return request | declared.take_rest()


def _as_index(index: Values) -> Values:
    hash_key, range_key = _keys_of(index)
    projection: Values = {"ProjectionType": index["projectionType"]}
    if index.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = index["nonKeyAttributes"]
    return {
        "IndexName": index["name"],
        "KeySchema": _key_schema(hash_key, range_key),
        "Projection": projection,
    }


def _keys_of(index: Values) -> tuple[str, str | None]:
    """Hash and range key of an index. Since version 7 the provider also takes them as a list."""
    if "hashKey" in index:
        return index["hashKey"], index.get("rangeKey")
    keys: dict[Any, str] = {key["keyType"]: key["attributeName"] for key in index["keySchemas"]}
    return keys["HASH"], keys.get("RANGE")


def _key_schema(hash_key: str, range_key: str | None) -> list[Values]:
    keys = [("HASH", hash_key), ("RANGE", range_key)]
    return [{"AttributeName": name, "KeyType": kind} for kind, name in keys if name]
