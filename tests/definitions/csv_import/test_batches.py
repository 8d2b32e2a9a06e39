"""Rows on their way to a table: how many go in a request, and what happens to a refused one."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from definitions.csv_import import batches
from definitions.csv_import.batches import Entry, TableWriter, Written
from definitions.csv_import.rows import Row
from definitions.csv_import.table import Item, Key, Schema

SCHEMA = Schema(keys=[Key(name="id", type="S", max_bytes=2_048, is_primary=True)])


class Table:
    """Takes what DynamoDB takes. It refuses a request in which a row has the name `refused`."""

    def __init__(self, code: str = "ValidationException") -> None:
        self.code = code
        self.requests: list[int] = []
        self.largest_request = 0
        self.names: dict[str, str] = {}

    def batch_write_item(self, *, RequestItems: dict[str, list[Any]]) -> Any:  # noqa: N803  boto3's own word
        items = [write["PutRequest"]["Item"] for write in RequestItems["rows"]]
        ids = [item["id"]["S"] for item in items]
        self.requests.append(len(items))
        self.largest_request = max(self.largest_request, len(json.dumps(RequestItems)))
        assert len(ids) == len(set(ids)) <= 25
        if any(item["name"]["S"] == "refused" for item in items):
            raise ClientError(
                {"Error": {"Code": self.code, "Message": "One or more values are invalid."}},
                "BatchWriteItem",
            )
        self.names |= {item["id"]["S"]: item["name"]["S"] for item in items}
        return {"UnprocessedItems": {}}


@pytest.fixture
def table() -> Table:
    return Table()


def write(table: Table, rows: list[tuple[str, str]]) -> Written:
    entries = [
        Entry(Row(line, [id, name]), {"id": {"S": id}, "name": {"S": name}})
        for line, (id, name) in enumerate(rows, start=2)
    ]
    return TableWriter(table, "rows", SCHEMA).write(entries)


def test_rows_that_dynamodb_refuses_are_found_and_all_others_are_written(table: Table) -> None:
    bad = {3, 4, 17, 59}
    rows = [(str(id), "refused" if id in bad else "fine") for id in range(60)]

    result = write(table, rows)

    assert (result.rows, result.replaced) == (56, 0)
    assert {int(refusal.entry.row.values[0]) for refusal in result.refused} == bad
    assert {refusal.reason for refusal in result.refused} == {"One or more values are invalid."}
    assert set(map(int, table.names)) == set(range(60)) - bad
    # Halves of halves: about ten requests for each refused row, never one for each row.
    assert len(table.requests) < 3 + 10 * len(bad)


def test_a_row_for_which_a_partition_of_an_index_has_no_room_is_refused_alone() -> None:
    table = Table("ItemCollectionSizeLimitExceededException")

    result = write(table, [("a", "fine"), ("b", "refused")])

    assert table.names == {"a": "fine"}
    assert (result.rows, len(result.refused)) == (1, 1)


def test_of_rows_with_one_key_the_last_one_that_is_taken_stays(table: Table) -> None:
    rows = [("a", "1"), ("b", "refused"), ("a", "2"), ("a", "refused"), ("b", "refused")]

    result = write(table, rows)

    assert table.names == {"a": "2"}
    assert (result.rows, result.replaced, len(result.refused)) == (1, 1, 3)


@pytest.mark.parametrize("character", ["\0", "é", "€", "😀", "x"])
def test_no_request_is_larger_than_16_mb(table: Table, character: str) -> None:
    name = character * (400_000 // len(character.encode()))

    result = write(table, [(str(id), name) for id in range(50)])

    assert result.rows == 50
    assert table.largest_request <= 16 * 1024 * 1024
    assert len(table.requests) < 10


def test_no_request_of_many_short_columns_is_larger_than_it_may_be(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MAX_REQUEST_BYTES", 20_000)
    values: Item = {chr(code): {"S": ""} for code in range(0x3000, 0x3064)}
    entries = [
        Entry(Row(line, []), {"id": {"S": str(line)}, "name": {"S": ""}, **values})
        for line in range(2, 27)
    ]

    TableWriter(table, "rows", SCHEMA).write(entries)

    assert table.largest_request <= 20_000


def test_an_error_of_the_table_is_no_fault_of_a_row() -> None:
    class NoTable:
        meta = SimpleNamespace(region_name="eu-central-1")

        def batch_write_item(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "BatchWriteItem")

    with pytest.raises(FileNotFoundError, match='no table "rows" in eu-central-1'):
        TableWriter(NoTable(), "rows", SCHEMA).write([Entry(Row(2, ["a"]), {"id": {"S": "a"}})])


def test_a_table_that_takes_nothing_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Busy:
        def batch_write_item(self, **request: Any) -> Any:
            return {"UnprocessedItems": request["RequestItems"]}

    monkeypatch.setattr("time.sleep", lambda _: None)

    with pytest.raises(TimeoutError, match=r'"rows" left 1 of 1 rows .* Next: give the table more'):
        TableWriter(Busy(), "rows", SCHEMA).write([Entry(Row(2, ["a"]), {"id": {"S": "a"}})])
