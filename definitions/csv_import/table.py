"""The table that rows are written to: its keys, and a row as its item."""

import base64
import binascii
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, TypeAlias, cast

from pydantic import BaseModel, ConfigDict

from definitions.csv_import.errors import table_errors

KeyType: TypeAlias = Literal["S", "N", "B"]
Item: TypeAlias = dict[str, dict[str, Any]]

# DynamoDB developer guide, "Quotas in Amazon DynamoDB", for tables and secondary indexes.
MAX_ITEM_BYTES: Final = 400 * 1024
MAX_PARTITION_KEY_BYTES: Final = 2_048
MAX_SORT_KEY_BYTES: Final = 1_024
MAX_DIGITS: Final = 38
EXPONENTS: Final = range(-130, 126)

_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,9})?")
_SHOWN_CHARACTERS: Final = 40


class RowRejected(Exception):
    """The row can't be written; the text says why."""


class Key(BaseModel):
    """An attribute that is a key of the table or of an index."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: KeyType
    max_bytes: int
    is_primary: bool


class Schema(BaseModel):
    """The keys of a table and of its indexes; the partition key is the first."""

    model_config = ConfigDict(frozen=True)

    keys: list[Key]

    @classmethod
    def from_table(cls, dynamodb: Any, table: str) -> "Schema":
        """Asks DynamoDB: one request.

        Raises:
            FileNotFoundError: there is no such table.
            PermissionError: the worker lacks `dynamodb:DescribeTable`.
        """
        with table_errors(dynamodb, table, "dynamodb:DescribeTable"):
            return cls.from_description(dynamodb.describe_table(TableName=table)["Table"])

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> "Schema":
        """From what DescribeTable returns."""
        types = {
            attribute["AttributeName"]: cast("KeyType", attribute["AttributeType"])
            for attribute in description["AttributeDefinitions"]
        }
        primary = sorted(description["KeySchema"], key=lambda key: str(key["KeyType"]))
        indexes = [
            *description.get("GlobalSecondaryIndexes", ()),
            *description.get("LocalSecondaryIndexes", ()),
        ]
        elements = [*primary, *(key for index in indexes for key in index["KeySchema"])]
        sorts = {key["AttributeName"] for key in elements if key["KeyType"] == "RANGE"}
        own = [key["AttributeName"] for key in primary]
        names = dict.fromkeys([*own, *types])
        return cls(
            keys=[
                Key(
                    name=name,
                    type=types[name],
                    max_bytes=MAX_SORT_KEY_BYTES if name in sorts else MAX_PARTITION_KEY_BYTES,
                    is_primary=name in own,
                )
                for name in names
            ]
        )

    @property
    def primary(self) -> list[Key]:
        """The partition key, and the sort key if there is one."""
        return [key for key in self.keys if key.is_primary]

    def item(self, values: Mapping[str, str]) -> Item:
        """The item of a row, by the names of its attributes.

        A key of an index that is empty is left out: the row is written, and is not in that index.

        Raises:
            RowRejected: DynamoDB would not take it.
        """
        item: Item = {name: {"S": value} for name, value in values.items()}
        for key in self.keys:
            value = values.get(key.name)
            if value or (key.is_primary and value is not None):
                item[key.name] = _key_value(key, value)
            else:
                item.pop(key.name, None)
        if (size := size_of(item)) > MAX_ITEM_BYTES:
            raise RowRejected(f"{size:,} bytes; an item takes {MAX_ITEM_BYTES:,}")
        return item

    def key_of(self, item: Item) -> tuple[object, ...]:
        """What two items of one key have in common."""
        return tuple(item[key.name][key.type] for key in self.primary)


def size_of(item: Item) -> int:
    """The bytes that DynamoDB counts (developer guide, "DynamoDB item sizes and formats")."""
    return sum(
        len(name.encode()) + _size_of_value(value)
        for name, typed in item.items()
        for value in typed.items()
    )


def _size_of_value(typed: tuple[str, Any]) -> int:
    type, value = typed
    if type == "N":
        return (len(Decimal(value).as_tuple().digits) + 1) // 2 + 1
    return len(value.encode()) if type == "S" else len(value)


def _key_value(key: Key, value: str) -> dict[str, Any]:
    if not value:
        raise RowRejected(f"no {key.name}")
    if key.type == "N":
        return {"N": _number(key, value)}
    data = _binary(key, value) if key.type == "B" else value.encode()
    if len(data) > key.max_bytes:
        raise RowRejected(f"{key.name} is longer than {key.max_bytes:,} bytes")
    return {"B": data} if key.type == "B" else {"S": value}


def _number(key: Key, value: str) -> str:
    """The number, as two equal ones are written: `1` for `01.0`."""
    try:
        return _canonical(value.strip())
    except (ValueError, InvalidOperation):
        raise RowRejected(
            f"{key.name} is {_shown(value)}, which is not a number that DynamoDB takes (at most"
            f" {MAX_DIGITS} digits, from 1E{EXPONENTS.start} to below 1E+{EXPONENTS.stop})"
        ) from None


def _canonical(value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise ValueError(value)
    sign, digits, exponent = Decimal(value).as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    if not text:
        return "0"
    stripped = text.rstrip("0")
    lowest = cast("int", exponent) + len(text) - len(stripped)
    if len(stripped) > MAX_DIGITS or lowest + len(stripped) - 1 not in EXPONENTS:
        raise ValueError(value)
    return str(Decimal((sign, tuple(map(int, stripped)), lowest)))


def _binary(key: Key, value: str) -> bytes:
    try:
        data = base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise RowRejected(
            f"{key.name} is {_shown(value)}, which is not base64: the table has bytes there"
        ) from None
    if not data:
        raise RowRejected(f"no {key.name}")
    return data


def _shown(value: str) -> str:
    shown = value[:_SHOWN_CHARACTERS]
    return f'"{shown}…"' if len(value) > len(shown) else f'"{shown}"'
