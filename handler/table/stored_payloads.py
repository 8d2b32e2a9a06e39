"""The payloads of the records: which a write changes, and how each is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from handler.clock import Clock
from handler.record import PAYLOADS, Json, StoredTask, has_read, lazy
from handler.table import items, keys
from handler.table.dynamo import Dynamo
from handler.table.first_inputs import FirstInputs
from handler.table.payloads import (
    BESIDE,
    CONTENT,
    PayloadBucket,
    PayloadError,
    PayloadLost,
    content_of,
    owner_of,
    placed,
    places_of,
)
from handler.table.reading import note, only, payload_of, stored_task

if TYPE_CHECKING:
    from handler.table.keys import Item

# A payload that stands in the record, but was not written by this version, may be long.
_LONG: Final = 16 * 1024
# What a record without a payload has; it is not stored.
_NOTHING: Final[Mapping[str, Json | None]] = {"input": {}, "output": None}


@dataclass(slots=True)
class PayloadChanges:
    """What a write does to the payloads of a record.

    Args:
        names: the payloads that it changes.
        changed: the attributes to set.
        removed: the attributes to remove.
        objects: what goes into the bucket first, by its keys.
    """

    names: set[str] = field(default_factory=set)
    changed: "Item" = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    objects: dict[str, bytes] = field(default_factory=dict)


class StoredPayloads:
    """Reads payloads, and brings their objects in line with what was written."""

    def __init__(self, dynamo: Dynamo, *, bucket: PayloadBucket, clock: Clock) -> None:
        self._dynamo = dynamo
        self._bucket = bucket
        self._clock = clock
        self._first_inputs = FirstInputs(bucket, clock=clock)

    def task(self, item: "Item") -> StoredTask:
        """The task of an item. Each long payload is read by whoever asks for it."""
        places = places_of(item)
        unread = places.keys() | {name for name in PAYLOADS if _is_long(item.get(name, {}))}
        if not unread:
            return stored_task(item)
        task = stored_task({name: value for name, value in item.items() if name not in unread})
        task = task.model_copy(update={"places": places})
        return lazy(task, partial(self._read, task.id), unread)

    def task_with_input(self, item: "Item") -> StoredTask:
        """The task of a whole item, with its input; a note, where the object is lost."""
        task = self.task(item)
        if has_read(task, "input"):
            return task
        try:
            input = payload_of("input", content_of(item, "input", self._bucket))
        except PayloadLost as error:
            lost = {"input": note("input", error), "unreadable": (*task.unreadable, "input")}
            return task.model_copy(update=lost)
        return task.model_copy(update={"input": input})

    def input_of(self, task: StoredTask, *, first: bool) -> Json:
        """The input of a task: as it now is, or the first one.

        Raises:
            PayloadLost: it is not there any more, or was never kept.
        """
        if first and (found := self._first_inputs.read(task)) is not None:
            return found
        return self._found(task, "input") or {}

    def saved_output_of(self, task: StoredTask) -> Json | None:
        """What a task has saved as its output, without the error that it ended with.

        Raises:
            PayloadLost: it is not there any more.
        """
        found = self._found(task, "output") or {}
        return {name: value for name, value in found.items() if name != "error"} or None

    def with_placed_first_input(self, task: StoredTask, changes: PayloadChanges) -> StoredTask:
        """A new task whose first input, if it has one already, is where it has room."""
        placed, objects = self._first_inputs.placed(task)
        changes.objects |= objects
        return placed

    def with_first_input(
        self, after: StoredTask, before: StoredTask, changes: PayloadChanges
    ) -> StoredTask:
        """`after`, with what its task was triggered with, if this write changes its input."""
        if "input" not in changes.names:
            return after
        kept, objects = self._first_inputs.kept(after, before, changes.changed)
        changes.objects |= objects
        return kept

    def changes(self, after: StoredTask, before: StoredTask | None = None) -> PayloadChanges:
        """What the write of `after` does to the payloads; the objects are in the bucket then."""
        found = PayloadChanges()
        for name in PAYLOADS:
            if has_read(after, name) and (text := _changed_text(name, after, before)) is not None:
                self._change(found, name, text, after, before)
        found.removed -= found.changed.keys()
        self._bucket.put_all(found.objects)
        return found

    def written(self, changes: PayloadChanges, after: StoredTask, before: StoredTask) -> StoredTask:
        """`after`, as it is stored. The objects that it no longer names are deleted."""
        kept_keys = {after.kept_object, after.first_input_key}
        replaced = {before.places.get(name) for name in changes.names} - kept_keys
        self._bucket.discard([key for key in replaced if key])
        kept = {name: key for name, key in before.places.items() if name not in changes.names}
        places = kept | places_of(changes.changed)
        return after if after.places == places else after.model_copy(update={"places": places})

    def refused(self, changes: PayloadChanges, now: StoredTask | None) -> None:
        """Deletes the objects of a write that was refused, unless the record names them all the
        same: it may have been carried out, and another write after it."""
        named = {*now.places.values(), now.first_input_key} if now else set()
        self._bucket.discard([key for key in changes.objects if key not in named])

    def _change(
        self,
        found: PayloadChanges,
        name: str,
        text: str,
        after: StoredTask,
        before: StoredTask | None,
    ) -> None:
        found.names.add(name)
        if getattr(after, name) == _NOTHING[name]:
            found.removed.add(name)
        else:
            attributes, objects = placed(name, text, of=owner_of(after), now=self._clock.now())
            found.changed |= attributes
            found.objects |= objects
        if before and before.places.get(name) == BESIDE:
            found.removed.add(CONTENT[name])

    def _found(self, task: StoredTask, name: str) -> Json | None:
        """A payload as it stands in the table. Raises `PayloadLost`, where `_read` makes a note."""
        if has_read(task, name):
            if name in task.unreadable:
                raise PayloadLost("The record has something else in its place.")
            found: Json | None = getattr(task, name)
            return found
        item = self._dynamo.item(keys.task_key(task.id), **only((name, CONTENT[name])))
        if not item or name not in item:
            raise PayloadLost("Its task is gone.")
        return payload_of(name, content_of(item, name, self._bucket))

    def _read(self, id: str, name: str, is_strict: bool) -> Json | None:
        """Reads one payload of a record; a note, where it is gone, or refused to a person."""
        attributes = only((name, CONTENT[name]))
        found: Item | None = None
        while True:
            before, found = found, self._dynamo.item(keys.task_key(id), **attributes)
            if found is None:
                return note(name, "Its task is gone.")
            if name not in found:
                return _NOTHING[name]
            try:
                return payload_of(name, content_of(found, name, self._bucket))
            except PayloadError as error:
                is_lost = isinstance(error, PayloadLost)
                if is_strict and not is_lost:
                    raise
                # A writer may have replaced it, and removed the one that the record had named.
                if found == before or not is_lost:
                    return note(name, error)


def _is_long(attribute: Mapping[str, object]) -> bool:
    return "B" in attribute or len(str(attribute.get("S", ""))) > _LONG


def _changed_text(name: str, after: StoredTask, before: StoredTask | None) -> str | None:
    """A payload as JSON, if the write changes it."""
    new = getattr(after, name)
    if before is None:
        return None if new == _NOTHING[name] else items.json_text(new)
    if not has_read(before, name):
        return items.json_text(new)
    if (old := getattr(before, name)) is new:
        return None
    text = items.json_text(new)
    return None if items.json_text(old) == text else text
