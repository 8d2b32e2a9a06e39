"""Room in a record at DynamoDB's limit, so that its end can be written.

Ours stay below it. Code of another version, or a person, may have written one that does not.
"""

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Final

from handler.clock import Clock
from handler.contract import INDEX_KEYS, PARTITION_KEY, SORT_KEY
from handler.record import PAYLOADS, StoredTask, cut_bytes
from handler.table.dynamo import ConditionFailed, Dynamo
from handler.table.items import created_text, decoded, json_text
from handler.table.keys import WRITE_TOKEN, task_key
from handler.table.payloads import CONTENT, Owner, PayloadBucket, PayloadError, placed, places_of
from handler.table.reading import note

if TYPE_CHECKING:
    from handler.table.keys import Item

log = logging.getLogger(__name__)

# What an end writes, a failure's message and trace included, and as much again.
_ROOM_BYTES: Final = 64 * 1024
# What is no larger gives no room.
_SMALL_BYTES: Final = 1_024
_KEPT_BYTES: Final = 256
_KEYS: Final = {PARTITION_KEY, SORT_KEY, *INDEX_KEYS}
_KNOWN: Final = {str(field.alias) for field in StoredTask.model_fields.values()}


class Relief:
    """Makes records smaller."""

    def __init__(self, dynamo: Dynamo, *, bucket: PayloadBucket, clock: Clock) -> None:
        self._dynamo = dynamo
        self._bucket = bucket
        self._clock = clock

    def make_room(self, id: str) -> None:
        """Makes room in a record at the limit, unless somebody writes to it meanwhile."""
        item = self._dynamo.item(task_key(id)) or {}
        smaller, objects = relieved(item, task_id=id, now=self._clock.now())
        try:
            self._bucket.put_all(objects)
        except PayloadError as refused:
            smaller, objects = _with_notes(smaller, refused), {}
        try:
            put = {"TableName": self._dynamo.table, "Item": smaller, **_unchanged(item)}
            self._dynamo.call("put_item", **put)
        except ConditionFailed:
            self._bucket.discard(list(objects))


def _unchanged(item: "Item") -> dict[str, object]:
    """The condition that nobody has written to a record since it was read."""
    if WRITE_TOKEN not in item:
        return {"ConditionExpression": f"attribute_not_exists({WRITE_TOKEN})"}
    return {
        "ConditionExpression": f"{WRITE_TOKEN} = :seen",
        "ExpressionAttributeValues": {":seen": item[WRITE_TOKEN]},
    }


def _with_notes(item: "Item", refused: PayloadError) -> "Item":
    """An item whose payloads the bucket does not take: a note is in the place of each."""
    moved = [name for name, key in places_of(item).items() if key]
    return item | {name: {"S": json_text(note(name, refused))} for name in moved}


def relieved(item: "Item", *, task_id: str, now: datetime) -> "tuple[Item, dict[str, bytes]]":
    """An item with 64 KiB of room, and what goes into the bucket for it.

    The largest attributes become smaller first: a payload goes into the bucket, of a text its
    beginning stays, and what this version does not know is left out.
    """
    owner = Owner(task_id, created_text(item))
    objects: dict[str, bytes] = {}
    sizes = {name: _size(value) for name, value in item.items() if name not in _KEYS}
    room = 0
    for name in sorted(sizes, key=lambda name: sizes[name], reverse=True):
        if room >= _ROOM_BYTES:
            break
        if name in _KNOWN and sizes[name] <= _SMALL_BYTES:
            continue
        attributes, contents = _smaller(item, name, owner, now)
        item = {known: value for known, value in item.items() if known != name} | attributes
        objects |= contents
        room += sizes[name]
    details = {"action": "record_relieved", "task_id": task_id}
    log.warning("A record at DynamoDB's limit was made smaller for its end.", extra=details)
    return item, objects


def _smaller(
    item: "Item", name: str, owner: Owner, now: datetime
) -> "tuple[Item, dict[str, bytes]]":
    payload = next((each for each in PAYLOADS if name in (each, CONTENT[each])), None)
    if payload and (payload not in places_of(item) or name == CONTENT[payload]):
        try:
            text = json_text(decoded({payload: item[name]})[payload])
        except Exception:  # it is no JSON
            return {}, {}
        return placed(payload, text, of=owner, now=now, has_room=False)
    if name in _KNOWN and "S" in item[name]:
        return {name: {"S": cut_bytes(item[name]["S"], _KEPT_BYTES)}}, {}
    return {}, {}


def _size(value: object) -> int:
    """About how many bytes an attribute's value has."""
    return len(value) if isinstance(value, bytes) else len(str(value).encode(errors="replace"))
