"""DynamoDB, with the methods of a boto3 client."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from tests.simulation.services.dynamodb import batches, queries, writes
from tests.simulation.services.dynamodb.decisions import Decisions, Key, never
from tests.simulation.services.dynamodb.keys import KeySchema
from tests.simulation.services.dynamodb.requests import Expressions, Request, check_known
from tests.simulation.services.dynamodb.table import Table
from tests.simulation.services.dynamodb.transactions import Transactions
from tests.simulation.services.dynamodb.values import Item
from tests.simulation.services.dynamodb.writes import Write
from tests.simulation.services.errors import Refused, metadata

Response = dict[str, Any]
Answer = TypeVar("Answer")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_GET: Final = frozenset(
    {
        "TableName",
        "Key",
        "ConsistentRead",
        "ProjectionExpression",
        "ExpressionAttributeNames",
    }
)


class DynamoDB:
    """The tables of an account, in memory: each request happens at once and alone.

    Its requests and responses are those of a boto3 client, without what is said of capacity.

    Args:
        decisions: what AWS leaves open, and a simulation decides.
        now: the time, for the life of a transaction's token.

    Raises (every operation):
        ClientError: with AWS's code.
        NotImplementedError: the model does not have a parameter.
    """

    def __init__(
        self, decisions: Decisions | None = None, *, now: Callable[[], datetime] = lambda: _EPOCH
    ) -> None:
        self.decisions = decisions or Decisions()
        self._tables: dict[str, Table] = {}
        self._transactions = Transactions(self._table, decisions=self.decisions, now=now)

    def create_table(self, **request: Any) -> Response:
        """Creates a table. Its indexes have to project keys alone."""
        types = {
            each["AttributeName"]: each["AttributeType"] for each in request["AttributeDefinitions"]
        }
        indexes = []
        for index in request.get("GlobalSecondaryIndexes", []):
            if index["Projection"] != {"ProjectionType": "KEYS_ONLY"}:
                raise NotImplementedError("The model's indexes project keys only.")
            indexes.append(_schema(index["KeySchema"], types, index["IndexName"]))
        name = request["TableName"]
        if name in self._tables:
            raise Refused(
                "ResourceInUseException", f"Table already exists: {name}"
            ).to_client_error("CreateTable")
        schema = _schema(request["KeySchema"], types)
        self._tables[name] = Table(name, schema, indexes, self.decisions)
        return _answered({"TableDescription": {"TableName": name, "TableStatus": "ACTIVE"}})

    def update_time_to_live(self, **request: Any) -> Response:
        """Names the attribute that has an item's time to live."""
        given = request["TimeToLiveSpecification"]
        table = self._answer("UpdateTimeToLive", lambda: self._table(request["TableName"]))
        table.expiry_attribute = given["AttributeName"] if given["Enabled"] else ""
        return _answered({"TimeToLiveSpecification": dict(given)})

    def get_item(self, **request: Any) -> Response:
        return self._answer("GetItem", lambda: self._get(request))

    def put_item(self, **request: Any) -> Response:
        return self._answer("PutItem", lambda: self._write("put_item", writes.put, request))

    def update_item(self, **request: Any) -> Response:
        return self._answer(
            "UpdateItem", lambda: self._write("update_item", writes.update, request)
        )

    def delete_item(self, **request: Any) -> Response:
        return self._answer(
            "DeleteItem", lambda: self._write("delete_item", writes.delete, request)
        )

    def query(self, **request: Any) -> Response:
        return self._answer(
            "Query", lambda: _answered(queries.query(self._table(request["TableName"]), request))
        )

    def batch_get_item(self, **request: Any) -> Response:
        return self._answer(
            "BatchGetItem",
            lambda: _answered(batches.get(self._known(request), request, self.decisions)),
        )

    def batch_write_item(self, **request: Any) -> Response:
        return self._answer(
            "BatchWriteItem",
            lambda: _answered(batches.write(self._known(request), request, self.decisions)),
        )

    def transact_write_items(self, **request: Any) -> Response:
        def answer() -> Response:
            self._transactions.write(request)
            return _answered({})

        return self._answer("TransactWriteItems", answer)

    def items(self, table: str) -> Iterator[tuple[Key, Item]]:
        """Every item of a table by its key: for who watches, not for who is watched."""
        return self._tables[table].items()

    def expire(
        self, table: str, now: datetime, chosen: Callable[[Key], bool] = lambda _: True
    ) -> list[Key]:
        """Removes items whose time to live is over, those that are `chosen`. Returns their keys."""
        return self._tables[table].expire(now, chosen)

    def settle(self) -> None:
        """Has every change reach the indexes."""
        for table in self._tables.values():
            for index in table.indexes.values():
                index.settle()

    def _get(self, request: Request) -> Response:
        check_known(request, _GET)
        table = self._table(request["TableName"])
        expressions = Expressions(request)
        projection = expressions.projection()
        expressions.finish()
        key = table.schema.key(request["Key"])
        item = table.get(key) if request.get("ConsistentRead") else table.get_eventually(key)
        if item is None:
            return _answered({})
        return _answered({"Item": projection.of(item) if projection else dict(item)})

    def _write(
        self, operation: str, kind: Callable[[Table, Request], Write], request: Request
    ) -> Response:
        write = kind(self._table(request["TableName"]), request)
        if self.decisions.conflict is not never and self.decisions.conflict(operation, write.key):
            raise Refused("TransactionConflictException", "Transaction is ongoing for the item")
        change = write.change()
        write.carry_out(change)
        returned = write.returned(change)
        return _answered({"Attributes": dict(returned)} if returned else {})

    def _table(self, name: str) -> Table:
        if name not in self._tables:
            raise Refused("ResourceNotFoundException", "Requested resource not found")
        return self._tables[name]

    def _known(self, request: Request) -> dict[str, Table]:
        """The tables of a batch. Raises `ResourceNotFoundException`."""
        check_known(request, frozenset({"RequestItems"}))
        return {name: self._table(name) for name in request["RequestItems"]}

    def _answer(self, operation: str, carry_out: Callable[[], Answer]) -> Answer:
        try:
            return carry_out()
        except Refused as refused:
            raise refused.to_client_error(operation) from None


def _schema(keys: list[dict[str, str]], types: dict[str, str], index: str = "") -> KeySchema:
    names = {key["KeyType"]: key["AttributeName"] for key in keys}
    partition, sort = names["HASH"], names.get("RANGE", "")
    own = {name: types[name] for name in (partition, sort) if name}
    return KeySchema(partition, sort, own, index)


def _answered(content: dict[str, object]) -> Response:
    content["ResponseMetadata"] = metadata()
    return content
