"""How a record and a log stand in the table: as DynamoDB items."""

import functools
import gzip
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel

from handler.clock import to_iso
from handler.contract import EXPIRY_ATTRIBUTE, NAME_KEY, PARTITION_KEY, SORT_KEY, Index
from handler.record import PAYLOADS, Json, StoredTask, TaskLog, to_shown_json, to_text
from handler.table import keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from handler.table.keys import Item

# Kept as JSON text: DynamoDB's numbers are not floats, and its maps end at 32 levels. Text reads
# well, too.
_JSON_ATTRIBUTES: Final = frozenset(
    {
        "input",
        "output",
        "firstInput",
        "createdBy",
        "abortedBy",
        "changedBy",
        "pauses",
        "progress",
        "waitingFor",
        "taken",
        "tags",
        "data",
        "items",
    }
)
_FOLLOW_UPS: Final = (
    "pendingHook",
    "childrenAbortPending",
    "parentPending",
    "expiryPending",
    keys.DELETION,
    "cleanupPending",
    "endEventPending",
)
_KEYS: Final = frozenset({PARTITION_KEY, SORT_KEY})
# `due_on` is a key of the sweep's index: a record that is not in it has none. The status is always
# written, its default too.
_NO_ATTRIBUTE: Final = {"id", "due_on", "status", *PAYLOADS}
_STATUS: Final = "taskStatus"
# The name of a field, that of its attribute, and its default.
_FIELDS: Final = tuple(
    (name, str(field.alias), field.default)
    for name, field in StoredTask.model_fields.items()
    if name not in _NO_ATTRIBUTE and not field.exclude
)
_JSON: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def task_item(task: StoredTask) -> "Item":
    """The record's item without its payloads, with what conditions and indexes need of it."""
    return keys.task_key(task.id) | encoded(_attributes(task))


def stored_task(item: Mapping[str, "AttributeValueTypeDef"]) -> StoredTask:
    own = {"id": keys.task_id(item), "created_text": created_text(item)}
    return StoredTask.model_validate(decoded(item) | own)


def created_text(item: Mapping[str, "AttributeValueTypeDef"]) -> str:
    """When a task was created, as its item has it; empty where it is no text."""
    return item.get("createdOn", {}).get("S", "")


def log_item(log: TaskLog, *, expires_at: int | None = None) -> "Item":
    fields = log.model_dump(by_alias=True, mode="json", exclude_none=True)
    return keys.log_key(log) | encoded(fields) | expiry(expires_at)


def task_log(item: Mapping[str, "AttributeValueTypeDef"]) -> TaskLog:
    return TaskLog.model_validate(decoded(item))


def changes(
    before: StoredTask, after: StoredTask, *, surely: Collection[str] = ()
) -> "tuple[Item, set[str]]":
    """What to set and what to remove to turn the item of `before` into that of `after`.

    Attributes that are in neither item are left alone: newer code may have written them.

    Args:
        surely: the attributes that are set even if they are the same.
    """
    old, new = before.__dict__, after.__dict__
    changed, removed = Json(), set[str]()
    for name, attribute, default in _FIELDS:
        was, value = old[name], new[name]
        if value is was and attribute not in surely:
            continue
        if value is not None and value != default:
            if was != value or attribute in surely:
                changed[attribute] = value
        elif was is not None and was != default:
            removed.add(attribute)
    if before.status is not after.status or _STATUS in surely:
        changed[_STATUS] = after.status
    was_indexed, indexed = _index_keys(before), _index_keys(after)
    changed |= {
        name: key for name, key in indexed.items() if name in surely or was_indexed.get(name) != key
    }
    return encoded(changed), removed | (was_indexed.keys() - indexed.keys())


def update(
    changed: "Item",
    removed: Collection[str],
    values: "Item",
    *,
    if_absent: "Item | None" = None,
) -> Json:
    """The part of an `update_item` that sets and removes attributes.

    Args:
        values: those of its condition.
        if_absent: what it sets where the item has no attribute of that name.
    """
    given = {**changed, **(if_absent or {})}
    sets = [f"#{name} = :{name}" for name in sorted(changed)]
    sets += [f"#{name} = if_not_exists(#{name}, :{name})" for name in sorted(if_absent or {})]
    clauses = (("REMOVE", [f"#{name}" for name in sorted(removed)]), ("SET", sets))
    return {
        "UpdateExpression": " ".join(f"{verb} {', '.join(all)}" for verb, all in clauses if all),
        "ExpressionAttributeNames": {f"#{name}": name for name in {*given, *removed}},
        "ExpressionAttributeValues": {f":{name}": given[name] for name in given} | values,
    }


def has_no_other_follow_up(item: "Item") -> str:
    """The condition that a record has no follow-up but those of `item`."""
    others = [f"attribute_not_exists({name})" for name in _FOLLOW_UPS if name not in item]
    return " AND ".join([f"attribute_exists({PARTITION_KEY})", *others])


def encoded(fields: Mapping[str, object]) -> "Item":
    """`fields` as attribute values; `None` is left out."""
    return {name: _encoded(name, value) for name, value in fields.items() if value is not None}


def decoded(item: Mapping[str, "AttributeValueTypeDef"]) -> Json:
    return {name: _decoded(name, value) for name, value in item.items() if name not in _KEYS}


def expiry(expires_at: int | None) -> "Item":
    """When DynamoDB removes an item, in seconds since 1970; nothing for an item that stays."""
    return {EXPIRY_ATTRIBUTE: {"N": str(expires_at)}} if expires_at else {}


def _attributes(task: StoredTask) -> Json:
    """The attributes of a task's item but its key and its payloads, not yet encoded."""
    values = task.__dict__
    # Defaults are omitted to keep the item under 1 KB, one write unit.
    found: Json = {
        attribute: value
        for name, attribute, default in _FIELDS
        if (value := values[name]) is not None and value != default
    }
    found[_STATUS] = task.status
    # Nobody changes a name: no other write has to look at this key.
    found[NAME_KEY] = keys.name_key(task.name, task.created_on)
    return found | _index_keys(task)


def _encoded(name: str, value: object) -> "AttributeValueTypeDef":
    if name in _JSON_ATTRIBUTES:
        return {"S": json_text(value)}
    if isinstance(value, int):
        return {"N": str(int(value))}
    return {"S": to_iso(value) if isinstance(value, datetime) else to_text(value)}


def _decoded(name: str, value: "AttributeValueTypeDef") -> object:
    if "N" in value:
        return int(value["N"])
    if "B" in value:
        return json.loads(gzip.decompress(value["B"]))
    return json.loads(value["S"]) if name in _JSON_ATTRIBUTES else value["S"]


def json_text(value: object) -> str:
    """`value` as strict JSON. What is not JSON is checked elsewhere; if any comes, it is shown."""
    if isinstance(value, BaseModel):
        value = value.model_dump(by_alias=True, mode="json", exclude_defaults=True)
    try:
        text = _JSON.encode(value)
        text.encode()
    except (TypeError, ValueError, RecursionError):
        shown = to_shown_json({"": value})
        return json.dumps(shown.get("", shown), separators=(",", ":"))  # the whole has a note
    return text


def packed(text: str) -> "AttributeValueTypeDef":
    """A payload's text as an attribute: compressed, where that makes it smaller."""
    content = text.encode()
    # Without a time, the same text is the same bytes.
    compressed = gzip.compress(content, mtime=0)
    return {"B": compressed} if len(compressed) < len(content) else {"S": text}


def _index_keys(task: StoredTask) -> Json:
    if task.deletion_pending and task.is_over:  # no list and no count has it any more
        return _watched_keys(task)
    listed = _listed_keys(task.tenant, task.definition_id, keys.status_group(task.status))
    if task.error_code:
        partition = keys.error_code_partition(task.tenant, task.error_code)
        listed = listed | {Index.BY_ERROR_CODE.partition_key: partition}
    is_unfinished = task.is_open or task.has_follow_ups
    return listed | _watched_keys(task) if is_unfinished else listed


@functools.lru_cache(maxsize=1_000)
def _listed_keys(tenant: str, definition_id: str, group: str) -> Json:
    """Those of the indexes that lists are answered from. Many tasks share them: do not change."""
    return {
        Index.BY_TENANT.partition_key: tenant,
        Index.BY_DEFINITION.partition_key: keys.definition_partition(tenant, definition_id),
        Index.BY_STATUS.partition_key: keys.status_partition(tenant, group),
        Index.BY_DEFINITION_AND_STATUS.partition_key: keys.definition_and_status_partition(
            tenant, definition_id, group
        ),
    }


def _watched_keys(task: StoredTask) -> Json:
    return {
        Index.UNFINISHED.partition_key: keys.watched_partition(task.id),
        Index.UNFINISHED.sort_key: to_iso(task.due_on or task.created_on),
    }
