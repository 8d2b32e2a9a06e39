"""How a record and a log stand in the table: as DynamoDB items."""

import gzip
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from handler.contract import (
    EXPIRY_ATTRIBUTE,
    MAX_RECORD_PAYLOAD_BYTES,
    PARTITION_KEY,
    SORT_KEY,
    Index,
    Status,
)
from handler.record.task_record import Json, TaskLog, TaskRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]
    Key = dict[str, AttributeValueTypeDef]

PAYLOADS: Final = ("input", "output")
# A payload from that size on is compressed, where that makes it smaller; below, it stays readable
# in the console.
_COMPRESSED_FROM_BYTES: Final = 4 * 1024

TASK_ROW: Final = "TASK"
LOG_ROWS: Final = "LOG#"
CHILD_ROWS: Final = "CHILD#"
OPEN: Final = "open"

# Kept as JSON text: DynamoDB's own numbers are no floats and its maps no deeper than 32 levels.
# Text reads well, too.
_JSON_ATTRIBUTES: Final = frozenset({"input", "output", "createdBy", "progress", "items"})
_KEYS: Final = frozenset({PARTITION_KEY, SORT_KEY})


def task_key(id: str) -> "Key":
    return {PARTITION_KEY: {"S": f"TASK#{id}"}, SORT_KEY: {"S": TASK_ROW}}


def task_item(record: TaskRecord, *, expires_at: int | None = None) -> "Item":
    """The record's item, with what conditions and indexes need of it."""
    return (
        task_key(record.id)
        # What is as it was at first isn't written: an item of less than a kilobyte costs half of
        # one that is larger.
        | encoded(
            record.model_dump(by_alias=True, mode="json", exclude={"id"}, exclude_defaults=True)
        )
        | encoded({"taskStatus": record.status} | _derived(record))
        | expiry(expires_at)
    )


def offload(item: "Item", task_id: str) -> "tuple[Item, dict[str, bytes]]":
    """The item with its largest payloads replaced by where they are kept, until the others fit; and
    those, by their keys.
    """
    blobs: dict[str, bytes] = {}
    sizes = {name: len(_content(item[name])) for name in PAYLOADS if name in item}
    for name in sorted(sizes, key=lambda name: sizes[name], reverse=True):
        if sum(sizes.values()) <= MAX_RECORD_PAYLOAD_BYTES:
            break
        content = _content(item[name])
        key = f"tasks/{task_id}/{hashlib.sha256(content).hexdigest()}"
        blobs[key] = content
        item = item | {name: {"M": {"key": {"S": key}, "kind": {"S": next(iter(item[name]))}}}}
        sizes[name] = len(key)
    return item, blobs


def blob_keys(item: "Item") -> set[str]:
    """Where the payloads are kept that are not in the item itself."""
    return {item[name]["M"]["key"]["S"] for name in PAYLOADS if "M" in item.get(name, {})}


def onload(item: "Item", read: Callable[[str], bytes]) -> "Item":
    """The item with the payloads that `offload` replaced."""
    for name in PAYLOADS:
        if pointer := item.get(name, {}).get("M"):
            content = read(pointer["key"]["S"])
            item = item | {
                name: {"B": content} if pointer["kind"]["S"] == "B" else {"S": content.decode()}
            }
    return item


def child_key(child: TaskRecord) -> "Key":
    """The key of the row that tells a parent of its child: in the parent's own partition, so that
    it is read consistently.
    """
    row = f"{CHILD_ROWS}{child.created_on}#{child.id}"
    return {PARTITION_KEY: {"S": f"TASK#{child.parent_id}"}, SORT_KEY: {"S": row}}


def task_id(item: Mapping[str, "AttributeValueTypeDef"]) -> str:
    """The id of the task that an item of the table or of an index, or a child's row, stands for."""
    row = item[SORT_KEY]["S"]
    return (
        row.rpartition("#")[2]
        if row.startswith(CHILD_ROWS)
        else item[PARTITION_KEY]["S"].removeprefix("TASK#")
    )


def task_record(item: Mapping[str, "AttributeValueTypeDef"]) -> TaskRecord:
    return TaskRecord.model_validate({"id": task_id(item), **decoded(item)})


def log_item(log: TaskLog, *, expires_at: int | None = None) -> "Item":
    """A log's item. Its key is its own, so that what an iteration adds later stands beside it,
    never over it.
    """
    row = f"{LOG_ROWS}{log.iteration:010d}#{log.created_on}#{log.part}"
    key: Key = {PARTITION_KEY: {"S": f"TASK#{log.task}"}, SORT_KEY: {"S": row}}
    return (
        key
        | encoded(log.model_dump(by_alias=True, mode="json", exclude_none=True))
        | expiry(expires_at)
    )


def task_log(item: Mapping[str, "AttributeValueTypeDef"]) -> TaskLog:
    return TaskLog.model_validate(decoded(item))


def texts(key: Mapping[str, "AttributeValueTypeDef"]) -> dict[str, str]:
    """A key, as a cursor has it."""
    return {name: str(value["S"]) for name, value in key.items()}


def status_group(status: Status) -> str:
    """Pending and running are one partition of the index: that a task starts costs no write
    there.
    """
    return OPEN if status.is_open else status.value


def changes(before: "Item", after: "Item") -> "tuple[Item, set[str]]":
    """What to set and what to remove to make `after` of `before`; the key is in neither."""
    changed = {
        name: value
        for name, value in after.items()
        if name not in _KEYS and before.get(name) != value
    }
    return changed, set(before) - set(after)


def encoded(fields: Mapping[str, object]) -> "Item":
    """`fields` as attribute values; `None` is left out."""
    return {name: _encoded(name, value) for name, value in fields.items() if value is not None}


def decoded(item: Mapping[str, "AttributeValueTypeDef"]) -> Json:
    return {name: _decoded(name, value) for name, value in item.items() if name not in _KEYS}


def _encoded(name: str, value: object) -> "AttributeValueTypeDef":
    if name in PAYLOADS:
        return _packed(json.dumps(value, separators=(",", ":"), ensure_ascii=False))
    if name in _JSON_ATTRIBUTES:
        return {"S": json.dumps(value, separators=(",", ":"), ensure_ascii=False)}
    return {"N": str(int(value))} if isinstance(value, int) else {"S": str(value)}


def _decoded(name: str, value: "AttributeValueTypeDef") -> object:
    if "N" in value:
        return int(value["N"])
    if "B" in value:
        return json.loads(gzip.decompress(value["B"]))
    return json.loads(value["S"]) if name in _JSON_ATTRIBUTES else value["S"]


def _packed(text: str) -> "AttributeValueTypeDef":
    content = text.encode()
    if len(content) < _COMPRESSED_FROM_BYTES:
        return {"S": text}
    # Without a time, the same text is the same bytes.
    compressed = gzip.compress(content, mtime=0)
    return {"B": compressed} if len(compressed) < len(content) else {"S": text}


def _content(value: "AttributeValueTypeDef") -> bytes:
    return value["B"] if "B" in value else value["S"].encode()


def _derived(record: TaskRecord) -> Json:
    return {
        Index.BY_TENANT.partition_key: record.tenant,
        Index.BY_DEFINITION.partition_key: f"{record.tenant}#{record.definition_id}",
        Index.BY_STATUS.partition_key: f"{record.tenant}#{status_group(record.status)}",
        # The sweep's index: tasks that are open, or whose end has left something to be done.
        Index.OPEN.partition_key: (
            OPEN if record.status.is_open or record.hook or record.closing else None
        ),
    }


def expiry(expires_at: int | None) -> "Item":
    """When DynamoDB removes an item, in seconds since 1970; nothing for one that stays."""
    return {EXPIRY_ATTRIBUTE: {"N": str(expires_at)}} if expires_at else {}
