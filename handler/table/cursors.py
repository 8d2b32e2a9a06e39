"""The cursors of lists: where the next page begins."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Final

from handler.errors import InvalidInput
from handler.table.index_query import Cursor, IndexQuery

# What a cursor has that is no key of an index: of the last task that a page has passed.
_PLACE: Final = "place"
_ID: Final = "id"


def at_place(place: str, id: str) -> Cursor:
    """The cursor behind a task, by what it is sorted by."""
    return {_PLACE: place, _ID: id}


def encoded(cursors: Sequence[Cursor | None]) -> str:
    """The cursor of a page: a cursor for each partition that it reads."""
    known = [dict(cursor) if cursor else None for cursor in cursors]
    return base64.urlsafe_b64encode(json.dumps(known).encode()).decode()


def decoded(after: str, queries: Sequence[IndexQuery]) -> list[Cursor | None]:
    """Where each query goes on. Raises `InvalidInput` for a cursor that is not of these."""
    cursors = _read(after)
    if len(cursors) != len(queries) or not any(cursors):
        raise invalid_cursor(after)
    for query, cursor in zip(queries, cursors, strict=True):
        if cursor is not None and not _is_of(query, cursor):
            raise invalid_cursor(after)
    return cursors


def place_of(after: str) -> tuple[str, str] | None:
    """The place and the id of the last task of the page before; `None` for another cursor.

    Raises:
        InvalidInput: it is no cursor at all.
    """
    cursors = _read(after)
    known = cursors[0] if len(cursors) == 1 else None
    if not isinstance(known, dict) or known.keys() != {_PLACE, _ID}:
        return None
    return str(known[_PLACE]), str(known[_ID])


def invalid_cursor(after: str) -> InvalidInput:
    """The error for a cursor that no page has given out."""
    return InvalidInput(
        f'The cursor "{after[:60]}" is not valid; pass on `meta.cursor` of the page before.'
    )


def _read(after: str) -> list[Cursor | None]:
    try:
        cursors = json.loads(base64.urlsafe_b64decode(after))
    except (binascii.Error, ValueError) as error:
        raise invalid_cursor(after) from error
    if not isinstance(cursors, list):
        raise invalid_cursor(after)
    return cursors


def _is_of(query: IndexQuery, cursor: object) -> bool:
    is_text = isinstance(cursor, dict) and all(isinstance(value, str) for value in cursor.values())
    return is_text and query.accepts_cursor(cursor)  # type: ignore[arg-type]
