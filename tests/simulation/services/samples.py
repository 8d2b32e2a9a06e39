"""What the tests of the models start from: a table with an index, and requests to it."""

from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from tests.simulation.services.compared.dynamodb_programs import INDEX, TABLE, create
from tests.simulation.services.dynamodb import Decisions, DynamoDB

KEY: Final = {"pk": {"S": "a"}, "sk": {"S": "1"}}
TO_ITEM: Final = {"TableName": TABLE, "Key": KEY}


def database(**decisions: Any) -> DynamoDB:
    """A DynamoDB with the table, which is empty."""
    made = DynamoDB(Decisions(**decisions))
    create(made)
    return made


def key(number: object, partition: str = "a") -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"S": str(number)}}


def put(made: DynamoDB, number: object = 1, **attributes: Any) -> None:
    """Puts an item of the partition `a`."""
    made.put_item(TableName=TABLE, Item={**key(number), **attributes})


def item(made: DynamoDB, number: object = 1) -> Any:
    """An item, read consistently; `None` if there is none."""
    return made.get_item(TableName=TABLE, Key=key(number), ConsistentRead=True).get("Item")


def indexed(made: DynamoDB, kind: str = "k") -> list[str]:
    """The sort keys of the items that the index has of a kind."""
    found = made.query(
        TableName=TABLE,
        IndexName=INDEX,
        KeyConditionExpression="kind = :kind",
        ExpressionAttributeValues={":kind": {"S": kind}},
    )
    return [each["sk"]["S"] for each in found["Items"]]


def refused(made: Any, operation: str, **request: Any) -> Any:
    """The response of a request that is refused."""
    with pytest.raises(ClientError) as error:
        getattr(made, operation)(**request)
    return error.value.response


def code(made: Any, operation: str, **request: Any) -> str:
    """The code of a request that is refused."""
    return str(refused(made, operation, **request)["Error"]["Code"])
