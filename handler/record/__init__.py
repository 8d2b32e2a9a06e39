"""What is stored of a task, as values. Nothing here reads or writes."""

from handler.record.failures import TaskFailure, to_json_or_text, to_text
from handler.record.jsonable import json_object, size_of, to_json, to_json_bytes
from handler.record.model import Json
from handler.record.natives import native
from handler.record.stored_task import StoredTask
from handler.record.task_log import LogLine, LogType, TaskLog
from handler.record.task_record import SYSTEM_IDENTITY, Identity, Progress, TaskRecord
from handler.record.validation import invalid_fields, invalid_input, shown

__all__ = [
    "SYSTEM_IDENTITY",
    "Identity",
    "Json",
    "LogLine",
    "LogType",
    "Progress",
    "StoredTask",
    "TaskFailure",
    "TaskLog",
    "TaskRecord",
    "invalid_fields",
    "invalid_input",
    "json_object",
    "native",
    "shown",
    "size_of",
    "to_json",
    "to_json_bytes",
    "to_json_or_text",
    "to_text",
]
