"""What is stored of a task, as values. Nothing here reads or writes."""

from handler.record.bulk_result import BulkResult, TriggerResult
from handler.record.exceptions import leaves_of, message_of
from handler.record.failures import TaskFailure
from handler.record.jsonable import (
    json_object,
    json_object_as_far,
    size_of,
    to_json,
    to_json_bytes,
)
from handler.record.limit_state import LimitPage, LimitState
from handler.record.model import Json, fields_of
from handler.record.natives import native
from handler.record.pauses import Pause
from handler.record.shown import to_shown_json
from handler.record.signals import Signal, SignalUrl
from handler.record.stored_task import StoredTask, id_of_retry, new_id
from handler.record.tags import checked_tags
from handler.record.task_log import LogLine, LogType, TaskLog, line_data, line_error
from handler.record.task_record import (
    EVENT_IDENTITY,
    PAYLOADS,
    SYSTEM_IDENTITY,
    URL_IDENTITY,
    Identity,
    Progress,
    ReadPayload,
    TaskRecord,
    WaitingFor,
    has_read,
    lazy,
    whole,
    with_own_payloads,
)
from handler.record.task_settings import StoredSettings, TaskSettings
from handler.record.texts import class_name, cut, cut_bytes, digest, is_key, to_text, without_arns
from handler.record.validation import NOT_UNICODE, invalid_fields, invalid_input, short_repr

__all__ = [
    "EVENT_IDENTITY",
    "NOT_UNICODE",
    "PAYLOADS",
    "SYSTEM_IDENTITY",
    "URL_IDENTITY",
    "BulkResult",
    "Identity",
    "Json",
    "LimitPage",
    "LimitState",
    "LogLine",
    "LogType",
    "Pause",
    "Progress",
    "ReadPayload",
    "Signal",
    "SignalUrl",
    "StoredSettings",
    "StoredTask",
    "TaskFailure",
    "TaskLog",
    "TaskRecord",
    "TaskSettings",
    "TriggerResult",
    "WaitingFor",
    "checked_tags",
    "class_name",
    "cut",
    "cut_bytes",
    "digest",
    "fields_of",
    "has_read",
    "id_of_retry",
    "invalid_fields",
    "invalid_input",
    "is_key",
    "json_object",
    "json_object_as_far",
    "lazy",
    "leaves_of",
    "line_data",
    "line_error",
    "message_of",
    "native",
    "new_id",
    "short_repr",
    "size_of",
    "to_json",
    "to_json_bytes",
    "to_shown_json",
    "to_text",
    "whole",
    "with_own_payloads",
    "without_arns",
]
