"""What a task was triggered with, once its input is another: a retry from the start needs it."""

import json
import logging
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from handler.clock import Clock
from handler.errors import StoreError, StoreUnavailable
from handler.record import Json, StoredTask, has_read
from handler.table import items, keys
from handler.table.payloads import (
    SHORT_BYTES,
    PayloadBucket,
    PayloadLost,
    object_of,
    owner_of,
    text_of,
)

if TYPE_CHECKING:
    from handler.table.keys import Item

log = logging.getLogger(__name__)

_NOT_KEPT: Final = ""
# A write takes a unit for each started kilobyte of the item (DynamoDB guide, "DynamoDB read and
# write operations").
_UNIT_BYTES: Final = 1_024
# What the end of a task adds to its record, but for its output.
_END_BYTES: Final = 64
# The attribute of an object's key. An input that is no longer needs no object.
_KEY_BYTES: Final = 135


class FirstInputs:
    """Keeps the first input of a task when another takes its place, and reads it again.

    It costs an iteration nothing at the table: a short one stays in the record where that takes the
    same write units as before. Else it is an object in the bucket, as a large one is already. Where
    the bucket takes none, a short one is in the record all the same, and a long one is not kept:
    no iteration fails for it.
    """

    def __init__(self, bucket: PayloadBucket, *, clock: Clock) -> None:
        self._bucket = bucket
        self._clock = clock

    def kept(
        self, after: StoredTask, before: StoredTask, changed: "Item"
    ) -> tuple[StoredTask, dict[str, bytes]]:
        """`after`, whose input is another than that of `before`, with the first input.

        Args:
            changed: what its write changes of its payloads.

        Returns:
            The task, and the object that was put into the bucket for it, by its key.
        """
        if not before.is_at_its_start or not before.iterations:
            return after, {}  # before its first iteration it is triggered with another
        if key := before.places.get("input"):
            return after.model_copy(update={"first_input_key": key}), {}  # the object stays
        if not has_read(before, "input") or "input" in before.unreadable:
            return after.model_copy(update={"first_input_key": _NOT_KEPT}), {}
        text = items.json_text(before.input)
        inside = after.model_copy(update={"first_input": before.input})
        is_short = len(text.encode()) <= SHORT_BYTES
        if is_short and (len(text) <= _KEY_BYTES or _takes_no_unit_more(inside, after, changed)):
            return inside, {}
        key, objects = self._put(text, after)
        if is_short and not key:
            return inside, {}
        return after.model_copy(update={"first_input_key": key}), objects

    def placed(self, task: StoredTask) -> tuple[StoredTask, dict[str, bytes]]:
        """A new task whose first input is where it has room, and what was put into the bucket."""
        if task.first_input is None:
            return task, {}
        text = items.json_text(task.first_input)
        if len(text.encode()) <= SHORT_BYTES:
            return task, {}
        key, objects = self._put(text, task)
        return task.model_copy(update={"first_input": None, "first_input_key": key}), objects

    def read(self, task: StoredTask) -> Json | None:
        """The first input; `None` where it is the one that the record has.

        Raises:
            PayloadLost: it was not kept, or its object is gone.
        """
        if task.is_at_its_start:
            return None
        if task.first_input is not None:
            return task.first_input
        if not task.first_input_key:
            raise PayloadLost("It could not be kept when the task's input became another.")
        content = self._bucket.get(task.first_input_key)
        try:
            value = json.loads(text_of(content))
        except (ValueError, OSError, EOFError) as error:
            raise PayloadLost("Its object has something else in its place.") from error
        if not isinstance(value, dict):
            raise PayloadLost("Its object has something else in its place.")
        return value

    def _put(self, text: str, task: StoredTask) -> tuple[str, dict[str, bytes]]:
        """The key of the object that was put for a text, and the object; no key if it was not."""
        key, content = object_of(text, of=owner_of(task), now=self._clock.now())
        try:
            self._bucket.put(key, content)
        except (StoreError, StoreUnavailable) as error:
            details = {"action": "first_input_not_kept", "task_id": task.id}
            log.warning("The bucket does not take a first input. %s", error, extra=details)
            return _NOT_KEPT, {}
        return key, {key: content}


def _takes_no_unit_more(inside: StoredTask, after: StoredTask, changed: "Item") -> bool:
    """Whether the record takes as many write units with the first input as without it."""
    payloads = changed
    if "output" not in changed and "output" not in after.places and after.output is not None:
        payloads = {**changed, "output": {"S": items.json_text(after.output)}}
    tokens = {keys.WRITE_TOKEN: keys.new_token(), keys.CLAIM_TOKEN: keys.new_token()}
    payloads = payloads | items.encoded(tokens)
    with_it, without = (items.task_item(task) | payloads for task in (inside, after))
    return _units(with_it) == _units(without)


def _units(item: "Item") -> int:
    sizes = (len(name) + _size(value) for name, value in item.items())
    return math.ceil((sum(sizes) + _END_BYTES) / _UNIT_BYTES)


def _size(value: Mapping[str, object]) -> int:
    [content] = value.values()
    if isinstance(content, dict):
        return sum(len(name) + _size(part) for name, part in content.items())
    return len(content if isinstance(content, bytes) else str(content).encode())
