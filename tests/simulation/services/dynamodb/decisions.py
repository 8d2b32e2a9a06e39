"""What DynamoDB may do either way: a simulation decides it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.simulation.services.dynamodb.values import Item

Key = tuple[Any, Any]
"""The partition key and the sort key of an item, bare: `("TASK#1", "TASK")`."""


def never(*_: object) -> bool:
    """No lag, no conflict, nothing left over."""
    return False


def unwatched(*_: object) -> None:
    """Nobody looks at writes."""


@dataclass(slots=True)
class Decisions:
    """Each is asked where AWS leaves it open, and by default says no.

    Attributes:
        lag: of an index and the key of an item: whether a query does not see that item's next
            change yet, nor those after it. Global secondary indexes are eventually consistent
            ("Using Global Secondary Indexes in DynamoDB", Data synchronization).
        stale: of a key: whether a read that asks for no consistency finds what the item was before
            its last write ("DynamoDB read consistency").
        conflict: of an operation (`put_item`) and a key: whether a transaction holds that item
            right now ("Amazon DynamoDB Transactions: How it works", Transaction conflict handling).
        unprocessed: of an operation and a key: whether a batch leaves it undone (the API reference
            of BatchGetItem and BatchWriteItem).
        wrote: told of every change of an item: its key, what it was, and what it is; `None` is no
            item. It may not change either.
    """

    lag: Callable[[str, Key], bool] = never
    stale: Callable[[Key], bool] = never
    conflict: Callable[[str, Key], bool] = never
    unprocessed: Callable[[str, Key], bool] = never
    wrote: Callable[[Key, Item | None, Item | None], None] = unwatched
