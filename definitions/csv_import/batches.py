"""Items written to a table, 25 a request."""

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from botocore.exceptions import ClientError

from definitions.csv_import.errors import table_errors
from definitions.csv_import.rows import Row
from definitions.csv_import.table import Item, Schema, size_of

# DynamoDB API reference, "BatchWriteItem".
MAX_ITEMS: Final = 25
MAX_REQUEST_BYTES: Final = 16 * 1024 * 1024
WRITE_ATTEMPTS: Final = 8
# What DynamoDB says of a single row (DynamoDB developer guide, "Error handling with DynamoDB").
_REFUSALS: Final = frozenset({"ValidationException", "ItemCollectionSizeLimitExceededException"})


class Entry(NamedTuple):
    """A row that is to be written."""

    row: Row
    item: Item


class Refusal(NamedTuple):
    """A row that DynamoDB didn't take, and what it said."""

    entry: Entry
    reason: str


class Written(NamedTuple):
    """What became of some rows.

    Args:
        rows: how many are in the table now.
        replaced: how many were not sent, since a later row with the same key was written.
        refused: those that DynamoDB didn't take.
    """

    rows: int
    replaced: int
    refused: list[Refusal]


class TableWriter:
    """Writes rows to a table. To write the same rows again changes nothing.

    Args:
        dynamodb: a boto3 client.
    """

    def __init__(self, dynamodb: Any, table: str, schema: Schema) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._schema = schema

    def write(self, entries: Iterable[Entry]) -> Written:
        """Writes rows; of those with the same key, the last one that DynamoDB takes."""
        by_key: dict[tuple[object, ...], list[Entry]] = {}
        for entry in entries:
            by_key.setdefault(self._schema.key_of(entry.item), []).append(entry)
        total = sum(map(len, by_key.values()))
        rows, refused = 0, []
        while by_key:
            refusals = self._write_all([same[-1] for same in by_key.values()])
            rows += len(by_key) - len(refusals)
            refused += refusals
            again = {self._schema.key_of(refusal.entry.item) for refusal in refusals}
            by_key = {key: same[:-1] for key, same in by_key.items() if key in again and same[1:]}
        return Written(rows, total - rows - len(refused), refused)

    def _write_all(self, entries: Sequence[Entry]) -> list[Refusal]:
        return [refusal for batch in _batches(entries) for refusal in self._write_batch(batch)]

    def _write_batch(self, entries: Sequence[Entry]) -> list[Refusal]:
        """Writes a batch. One that is refused is halved, until the row is found that caused it."""
        try:
            self._send([{"PutRequest": {"Item": entry.item}} for entry in entries])
        except ClientError as error:
            if error.response["Error"]["Code"] not in _REFUSALS:
                raise
            if len(entries) == 1:
                return [Refusal(entries[0], error.response["Error"]["Message"])]
            middle = len(entries) // 2
            halves = entries[:middle], entries[middle:]
            return [refusal for half in halves for refusal in self._write_batch(half)]
        return []

    def _send(self, writes: list[dict[str, Any]]) -> None:
        """Sends one request. Retries unprocessed items, after pauses that grow to 3.2 s."""
        remaining = {self._table: writes}
        for attempt in range(WRITE_ATTEMPTS):
            if attempt:
                time.sleep(random.uniform(0, 0.05 * 2 ** (attempt - 1)))
            with table_errors(self._dynamodb, self._table, "dynamodb:BatchWriteItem"):
                response = self._dynamodb.batch_write_item(RequestItems=remaining)
            remaining = response["UnprocessedItems"]
            if not remaining:
                return
        raise TimeoutError(
            f'Table "{self._table}" left {len(remaining[self._table])} of {len(writes)} rows'
            f" unprocessed after {WRITE_ATTEMPTS} attempts. Next: give the table more write"
            ' capacity, or take a smaller "page_bytes".'
        )


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """As many rows a request as it takes."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        bytes_on_wire = _bytes_on_wire(entry.item)
        if batch and (len(batch) == MAX_ITEMS or size + bytes_on_wire > MAX_REQUEST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += bytes_on_wire
    if batch:
        yield batch


def _bytes_on_wire(item: Item) -> int:
    """At least what an item takes in a request: JSON writes some characters as `\\u0000`."""
    return 6 * size_of(item) + 32 * len(item)
