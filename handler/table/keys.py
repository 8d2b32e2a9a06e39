"""The keys of the table and its indexes: which rows there are, and what they are partitioned by."""

import hashlib
import os
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from handler.clock import to_iso
from handler.contract import MAX_NAME_KEY_BYTES, PARTITION_KEY, SORT_KEY, Status
from handler.record import StoredTask, TaskLog

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]
    Key = dict[str, AttributeValueTypeDef]

# What marks a task that was deleted, and is still to be removed.
DELETION: Final = "deletionPending"
# The mark of the last write, an attribute of a record.
WRITE_TOKEN: Final = "writeToken"  # noqa: S105  its name
# The mark of the last claim: what is written while its iteration runs leaves it there.
CLAIM_TOKEN: Final = "claimToken"  # noqa: S105  its name
# The mark of the last look of a sweep: a write of a record must not lose its own by it.
LOOK_TOKEN: Final = "lookToken"  # noqa: S105  its name

# The rows of a task's partition.
TASK_ROW: Final = "TASK"
LOG_ROWS: Final = "LOG#"
CHILD_ROWS: Final = "CHILD#"
OPEN_CHILD_ROWS: Final = "OPEN#"
FAILED_CHILD_ROWS: Final = "FAILED#"
SIGNAL_ROWS: Final = "SIGNAL#"
SIGNAL_KEY_ROWS: Final = "SIGNALKEY#"
SIGNAL_URL_ROWS: Final = "SIGNALURL#"
PULSE_ROWS: Final = "PULSE#"

# The rows of a tag's partition: the tasks that have it.
TAGGED_ROWS: Final = "TAGGED#"

# The rows of a limit's partition: who holds its slots, and who queues for one. They sort so that a
# page of them begins with the holders.
HOLDERS_ROW: Final = "HOLDERS"
QUEUE_ROWS: Final = "QUEUE#"

# The row of a rate, and that of a debounce, each alone in its partition.
RATE_ROW: Final = "RATE"
DEBOUNCE_ROW: Final = "DEBOUNCE"

# The row of a tenant's settings, alone in its partition.
SETTINGS_ROW: Final = "SETTINGS"

# Behind every digit and letter: the end of a range of sort keys.
LAST: Final = "~"
# Behind every character, and before each: the ends of a range of names.
LAST_OF_NAMES: Final = "\U0010ffff" * 2
FIRST_OF_NAMES: Final = "\0"
# All of them but the record: they sort before it.
FIRST_ROW: Final = "A"
LAST_ROW: Final = f"S{LAST}"

# The partitions of the sweep's index. Each takes 1,000 write units a second (DynamoDB guide, "Best
# practices for designing and using partition keys effectively in DynamoDB"). A short task takes
# four: one at its trigger, two at its end, which moves its entry, and one when its follow-ups are
# done. So four partitions have room for 1,000 tasks a second: more than Step Functions starts by
# default, 300 (its quotas, "Quotas related to API action throttling"), and than one tenant's
# partition of the open tasks takes, 500. A sweep makes a query for each. There may be more one day,
# since what is in one of these stays there; fewer would lose sight of some.
WATCHED_PARTITIONS: Final = tuple(f"unfinished#{number}" for number in range(4))
OPEN: Final = "open"


def new_token() -> str:
    """A mark that no other write has: 12 hexadecimal digits, since a record keeps it."""
    return os.urandom(6).hex()


def task_partition(id: str) -> str:
    return f"TASK#{id}"


def task_key(id: str) -> "Key":
    return {PARTITION_KEY: {"S": task_partition(id)}, SORT_KEY: {"S": TASK_ROW}}


def settings_key(tenant: str) -> "Key":
    """The key of the settings of a tenant's tasks."""
    return {PARTITION_KEY: {"S": f"SETTINGS#{tenant}"}, SORT_KEY: {"S": SETTINGS_ROW}}


def limit_key(id: str, *, part: int = 0) -> "Key":
    """The key of the holders of a limit's slots: of a large limit, of some of them.

    Args:
        part: counted from 0; the first stands for the limit.
    """
    row = f"{HOLDERS_ROW}#{part:02d}" if part else HOLDERS_ROW
    return {PARTITION_KEY: {"S": limit_partition(id)}, SORT_KEY: {"S": row}}


def limit_partition(id: str) -> str:
    return f"LIMIT#{id}"


def limit_of(partition: str) -> str:
    """The id of the limit of a partition."""
    return partition.removeprefix(limit_partition(""))


def queue_key(limit_id: str, task_id: str, position: datetime) -> "Key":
    """The key of a task's place in the queue for a slot: who comes first goes first."""
    row = f"{QUEUE_ROWS}{to_iso(position)}#{task_id}"
    return {PARTITION_KEY: {"S": limit_partition(limit_id)}, SORT_KEY: {"S": row}}


def rate_key(id: str) -> "Key":
    """The key of what says when the next start of a rate is free."""
    return {PARTITION_KEY: {"S": f"RATE#{id}"}, SORT_KEY: {"S": RATE_ROW}}


def debounce_key(id: str) -> "Key":
    """The key of what says which task a burst of triggers runs."""
    return {PARTITION_KEY: {"S": f"DEBOUNCE#{id}"}, SORT_KEY: {"S": DEBOUNCE_ROW}}


def limits_partition(definition_id: str) -> str:
    """Of the limits of a definition, in the index by definition. That of no task has no `#`."""
    return f"LIMITS {definition_id}"


def child_key(child: StoredTask) -> "Key":
    """The key of the row that names a child to its parent.

    It stands in the parent's own partition, since an index cannot be read consistently.
    """
    row = f"{CHILD_ROWS}{to_iso(child.created_on)}#{child.id}"
    return {PARTITION_KEY: {"S": task_partition(child.parent_id or "")}, SORT_KEY: {"S": row}}


def child_row(child: StoredTask) -> "Item":
    """The row itself. It says what the join needs of a child whose record is gone."""
    return child_key(child) | {"definitionId": {"S": child.definition_id}}


def open_child_rows(definition_id: str) -> str:
    """What the rows of the open children of a definition begin with: whatever its length."""
    return f"{OPEN_CHILD_ROWS}{hashlib.sha256(definition_id.encode()).hexdigest()[:16]}#"


def open_child_key(child: StoredTask) -> "Key":
    """The key of a child's place among the open children of its parent."""
    row = f"{open_child_rows(child.definition_id)}{child.id}"
    return {PARTITION_KEY: {"S": task_partition(child.parent_id or "")}, SORT_KEY: {"S": row}}


def failed_child_key(child: StoredTask) -> "Key":
    """The key of a child's place among those that have not succeeded."""
    row = f"{FAILED_CHILD_ROWS}{child.id}"
    return {PARTITION_KEY: {"S": task_partition(child.parent_id or "")}, SORT_KEY: {"S": row}}


def log_key(log: TaskLog) -> "Key":
    """A key of the part's own: what an iteration logs later stands beside it, never over it."""
    row = f"{LOG_ROWS}{iteration_text(log.iteration)}#{to_iso(log.created_on)}#{log.part}"
    return {PARTITION_KEY: {"S": task_partition(log.task)}, SORT_KEY: {"S": row}}


def signal_key(task_id: str, name: str, number: int) -> "Key":
    """The key of a signal: those of one name stand in the order in which they came."""
    row = f"{SIGNAL_ROWS}{name}#{iteration_text(number)}"
    return {PARTITION_KEY: {"S": task_partition(task_id)}, SORT_KEY: {"S": row}}


def signal_key_key(task_id: str, name: str, key: str) -> "Key":
    """The key of the row that keeps a second signal of a name and a key away."""
    row = f"{SIGNAL_KEY_ROWS}{name}#{hashlib.sha256(key.encode()).hexdigest()}"
    return {PARTITION_KEY: {"S": task_partition(task_id)}, SORT_KEY: {"S": row}}


def signal_url_key(task_id: str, digest: str) -> "Key":
    """The key of a URL that sends a signal, by the digest of its secret."""
    row = f"{SIGNAL_URL_ROWS}{digest}"
    return {PARTITION_KEY: {"S": task_partition(task_id)}, SORT_KEY: {"S": row}}


def pulse_key(task_id: str, name: str) -> "Key":
    """The key of the last heartbeat of whoever a task waits for."""
    row = f"{PULSE_ROWS}{name}"
    return {PARTITION_KEY: {"S": task_partition(task_id)}, SORT_KEY: {"S": row}}


def iteration_text(iteration: int) -> str:
    """Ten digits, which sort as the numbers do."""
    return f"{iteration:010d}"


def task_id(item: Mapping[str, "AttributeValueTypeDef"]) -> str:
    """The id of the task that a row of the table or of an index, or a child's row, stands for."""
    row = item[SORT_KEY]["S"]
    if row.startswith((CHILD_ROWS, TAGGED_ROWS)):
        return row.rpartition("#")[2]
    return item[PARTITION_KEY]["S"].removeprefix(task_partition(""))


def tag_partition(tenant: str, key: str, value: str) -> str:
    """Of these three alone: neither a key nor a value has a `#` or an `=` here."""
    return f"TAG#{tenant}#{_quoted(key)}={_quoted(value)}"


def tag_keys(task: StoredTask) -> "list[Key]":
    """The keys of the rows that name a task to those who look for its tags."""
    row = f"{TAGGED_ROWS}{to_iso(task.created_on)}#{task.id}"
    return [
        {PARTITION_KEY: {"S": tag_partition(task.tenant, key, value)}, SORT_KEY: {"S": row}}
        for key, value in task.tags.items()
    ]


def texts(key: Mapping[str, "AttributeValueTypeDef"]) -> dict[str, str]:
    """A key, as a cursor has it."""
    return {name: str(value["S"]) for name, value in key.items()}


def definition_partition(tenant: str, definition_id: str) -> str:
    """Of these two alone: a tenant may have a `#`, so what stands behind the last one has none."""
    return f"{tenant}#{_quoted(definition_id)}"


def error_code_partition(tenant: str, code: str) -> str:
    """Of these two alone, as of a definition."""
    return f"{tenant}#{_quoted(code)}"


def name_key(name: str, created_on: datetime) -> str:
    """Sorts by the beginning of a name, and those of one name by the time of creation."""
    return f"{name_start(name)}{FIRST_OF_NAMES}{to_iso(created_on)}"


def name_start(name: str) -> str:
    """As much of a name, or of how it begins, as its key has."""
    text = _without_nul(name)
    if len(text) * 4 <= MAX_NAME_KEY_BYTES:  # no character takes more bytes
        return text
    return text.encode()[:MAX_NAME_KEY_BYTES].decode(errors="ignore")


def has_all_of(name: str) -> bool:
    """Whether a key has the whole of a name, or of how it begins."""
    return name_start(name) == _without_nul(name)


def _without_nul(name: str) -> str:
    """The same, such that it ends where a NUL is, and sorts as before."""
    return name.replace("\1", "\1\2").replace(FIRST_OF_NAMES, "\1\1")


def _quoted(text: str) -> str:
    return text.replace("%", "%25").replace("#", "%23").replace("=", "%3D")


def status_partition(tenant: str, group: str) -> str:
    """Of these two alone: no group of `status_group` has a `#`."""
    return f"{tenant}#{group}"


def definition_and_status_partition(tenant: str, definition_id: str, group: str) -> str:
    """Of these three alone: neither the definition nor the group has a `#` here."""
    return f"{definition_partition(tenant, definition_id)}#{group}"


def watched_partition(id: str) -> str:
    """The partition of a task, or of a limit, in the sweep's index: the same in every process."""
    return WATCHED_PARTITIONS[zlib.crc32(id.encode()) % len(WATCHED_PARTITIONS)]


def status_group(status: Status) -> str:
    """Pending and running are one group: a task that starts writes nothing to the index."""
    return OPEN if status.is_open else status.value
