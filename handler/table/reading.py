"""Records and logs out of the table, as far as they can be read.

A row may be odd: code of a newer version wrote it, or a person did. What can't be read of it costs
nothing but itself.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from handler.contract import PARTITION_KEY, SORT_KEY, ErrorCode, Index, Status
from handler.record import (
    SYSTEM_IDENTITY,
    Json,
    LogLine,
    LogType,
    StoredTask,
    TaskFailure,
    TaskLog,
    without_arns,
)
from handler.table import items, keys
from handler.table.payloads import PayloadLost

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Row = Mapping[str, "AttributeValueTypeDef"]

_STATUS: Final = "taskStatus"
_KNOWN: Final = frozenset(str(field.alias) for field in StoredTask.model_fields.values())
# What stands for a required attribute that is odd or missing.
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REQUIRED: Final[Json] = {"definitionId": "?", "name": "?", "createdOn": _NEVER}
_UNREADABLE: Final = "This part of the log can't be read."


def only(names: Iterable[str]) -> dict[str, object]:
    """A request's part that reads these attributes alone."""
    attributes = {f"#{name}": name for name in sorted(names)}
    return {
        "ProjectionExpression": ", ".join(attributes),
        "ExpressionAttributeNames": attributes,
    }


# What has a read give a record without its long payloads, which may have megabytes.
WITHOUT_LONG_PAYLOADS: Final = only(
    {*_KNOWN - {"id"}, PARTITION_KEY, SORT_KEY, Index.UNFINISHED.partition_key}
)


def stored_task(item: "Row") -> StoredTask:
    """The task of a record; `unreadable` names what could not be read of it."""
    try:
        return items.stored_task(item)
    except Exception:  # whatever the row has, it is one row
        return _readable_task(item)


def task_log(item: "Row") -> TaskLog:
    """A part of a log; a line says so if it can't be read."""
    try:
        return items.task_log(item)
    except Exception:
        return _unreadable_log(item)


def payload_of(name: str, attribute: "AttributeValueTypeDef") -> Json:
    """A payload. Raises `PayloadLost` where something else stands in its place."""
    try:
        value = items.decoded({name: attribute})[name]
    except Exception:
        value = None
    if isinstance(value, dict):
        return value
    raise PayloadLost("The record has something else in its place.")


def note(name: str, why: object) -> Json:
    """What stands in the place of a payload that can't be read."""
    return {"note": f"This {name} can't be read. {without_arns(str(why))}"}


def child_task(row: "Row") -> StoredTask:
    """A child whose record is gone, by the row that names it to its parent."""
    id = keys.task_id(row)
    message = (
        f'The record of the child "{id}" is gone: it was deleted. How the child ended is not known.'
    )
    failure = TaskFailure(message=message, code=ErrorCode.CHILD_GONE)
    created_on = row[SORT_KEY]["S"].removeprefix(keys.CHILD_ROWS).partition("#")[0]
    definition_id = row.get("definitionId", {}).get("S") or _REQUIRED["definitionId"]
    fields = {"id": id, "createdOn": created_on, "definitionId": definition_id, "name": id}
    try:
        task = StoredTask.model_validate(_REQUIRED | fields)
    except ValidationError:  # a row that somebody else has written
        task = StoredTask.model_validate(fields | _REQUIRED)
    output = {"error": failure.to_wire()}
    return task.model_copy(update={"status": Status.FAILED, "output": output})


def status_of(item: "Row") -> Status:
    """The status in a record. A task of one that this code doesn't know is taken to run."""
    try:
        return Status(item[_STATUS]["S"])
    except (KeyError, ValueError):
        return Status.RUNNING


def _readable_task(item: "Row") -> StoredTask:
    values: Json = {}
    odd: set[str] = set()
    for name in _KNOWN & item.keys():
        try:
            values[name] = items.decoded({name: item[name]})[name]
        except Exception:  # another type of attribute, JSON that is none, bytes that are no gzip
            odd.add(name)
    while True:
        own = {"id": keys.task_id(item), "created_text": items.created_text(item)}
        known = {**_REQUIRED, **values, **own}
        try:
            task = StoredTask.model_validate(known)
        except ValidationError as error:
            wrong = {str(problem["loc"][0]) for problem in error.errors()} & values.keys()
            if not wrong:
                raise
            odd |= wrong
            values = {name: value for name, value in values.items() if name not in wrong}
        else:
            break
    odd |= _REQUIRED.keys() - values.keys()
    if _STATUS not in values:
        is_unfinished = Index.UNFINISHED.partition_key in item
        status = Status.RUNNING if is_unfinished else Status.FAILED
        task = task.model_copy(update={"status": status})
        odd.add(_STATUS)
    if "pausedOn" in odd:  # it is paused, whatever stands there
        task = task.model_copy(update={"paused_on": task.created_on})
    return task.model_copy(update={"unreadable": tuple(sorted(odd))})


def _unreadable_log(item: "Row") -> TaskLog:
    row = item[SORT_KEY]["S"].removeprefix(keys.LOG_ROWS)
    iteration, _, rest = row.partition("#")
    created_on, _, part = rest.partition("#")
    try:
        moment = datetime.fromisoformat(created_on)
    except ValueError:
        moment = _NEVER
    line = LogLine(message=_UNREADABLE, created_on=moment, type=LogType.ERROR)
    return TaskLog(
        task=item[PARTITION_KEY]["S"].removeprefix(keys.task_partition("")),
        iteration=int(iteration) if iteration.isdecimal() else 0,
        created_on=moment,
        created_by=SYSTEM_IDENTITY,
        part=part,
        lines=(line,),
    )
