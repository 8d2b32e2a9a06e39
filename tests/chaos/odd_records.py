"""Odd records: what a person, or a newer version of the code, may have written into the table."""

import gzip
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from handler.clock import to_iso
from handler.contract import CREATED_ON, DUE_ON, PARTITION_KEY, SORT_KEY, Index
from handler.record.stored_task import StoredTask
from handler.table import items, keys

Item = dict[str, Any]

_PREFIX = "odd-"
# An item has 400 KB at most (DynamoDB quotas), its names included.
_ITEM_BYTES = 400 * 1024
_FILLER = "madeByHand"

# What is odd about each, and the attributes that it has instead. `None`: it lacks one.
_CHANGES: dict[str, Item] = {
    "a new status": {"taskStatus": {"S": "paused"}},
    "a status that is a number": {"taskStatus": {"N": "5"}},
    "no status": {"taskStatus": None},
    "a new answer": {"lastAnswer": {"S": "paused"}},
    "a new hook": {"pendingHook": {"S": "on_pause"}, "taskStatus": {"S": "success"}},
    "an attribute of true and false": {"visit": {"BOOL": True}, "isPaused": {"BOOL": True}},
    "bytes": {"input": {"B": b"\x00\x01"}, "newBytes": {"B": b"\x00"}},
    "bytes that are cut": {"input": {"B": gzip.compress(b"[1, 2, 3]" * 1_000)[:-4]}},
    "a map, a list, a set": {
        "progress": {"M": {"done": {"N": "1"}}},
        "createdBy": {"L": [{"S": "somebody"}]},
        "output": {"SS": ["a", "b"]},
    },
    "JSON that is none": {"input": {"S": "{"}, "createdBy": {"S": "{"}},
    "JSON that is no object": {"input": {"S": "[1]"}, "output": {"S": "nothing"}},
    "no input": {"input": None},
    "a payload that is not there": {
        "input": {"M": {"key": {"S": "tasks/nobody/nothing"}, "kind": {"S": "B"}}}
    },
    "half a pointer": {"input": {"M": {"key": {"S": "tasks/nobody/nothing"}}}},
    "missing fields": {"definitionId": None, "name": None, "savedOn": None},
    "no date of creation": {CREATED_ON: None},
    "dates that are none": {CREATED_ON: {"S": "yesterday"}, "savedOn": {"S": "tomorrow"}},
    "due at no time": {DUE_ON: {"S": "!"}},
    "absurd numbers": {
        "iterations": {"N": "-5"},
        "resends": {"N": "9" * 20},
        "delay": {"N": "1" + "0" * 30},
        "attempts": {"N": "1.5"},
    },
    "an execution that is none": {"executionName": {"S": "no such execution / ?"}},
    "an unknown definition": {"definitionId": {"S": "definitionOfTomorrow"}},
    "a record at the size limit": {_FILLER: {"S": ""}},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OddRecord:
    """A record that no code of this version has written, with the rows beside it."""

    id: str
    what: str
    rows: Sequence[Item]


def is_odd(task_id: str) -> bool:
    """Whether a task's id is that of an odd record."""
    return task_id.startswith(_PREFIX)


def odd_records(seed: int, like: StoredTask) -> Sequence[OddRecord]:
    """One of each, in a random order. What isn't odd about them is as in `like`."""
    chance = random.Random(f"{seed} odd records")
    records = [_odd(number, what, like) for number, what in enumerate(_CHANGES)]
    chance.shuffle(records)
    return records


def _odd(number: int, what: str, like: StoredTask) -> OddRecord:
    id = f"{_PREFIX}{number:02d}"
    good = items.task_item(like.model_copy(update={"id": id})) | {"input": {"S": "{}"}}
    whole = good | _CHANGES[what]
    item: Item = {name: value for name, value in whole.items() if value is not None}
    if CREATED_ON not in item:  # an index takes no text that isn't there, and no other type
        item = {name: value for name, value in item.items() if name not in set(Index)}
    if _FILLER in item:
        item[_FILLER] = {"S": "x" * (_ITEM_BYTES - size_of(item))}
    return OddRecord(id=id, what=what, rows=[item, *_rows_beside(id, like)])


def _rows_beside(id: str, like: StoredTask) -> list[Item]:
    """A part of a log that can't be read, and the row of a child that has no record."""
    partition, now = {"S": keys.task_partition(id)}, to_iso(like.created_on)
    return [
        {
            PARTITION_KEY: partition,
            SORT_KEY: {"S": f"{keys.LOG_ROWS}{keys.iteration_text(1)}#{now}#1"},
            "items": {"S": "{"},
        },
        {PARTITION_KEY: partition, SORT_KEY: {"S": f"{keys.CHILD_ROWS}{now}#nobody"}},
    ]


def size_of(item: Item) -> int:
    """The bytes that DynamoDB counts: names, texts and digits (guide, "Item sizes and formats")."""
    return sum(len(name) + len(_text_of(value)) for name, value in item.items())


def _text_of(value: Item) -> str:
    [content] = value.values()
    return content if isinstance(content, str) else json.dumps(content, default=str)
