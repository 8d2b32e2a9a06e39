"""What an author declares: `@task`, verdicts, retries, schedules, the registry. It runs nothing."""

from handler.definition.async_code import is_not_awaited, never_awaited
from handler.definition.definition import Definition, code_of, task
from handler.definition.discovery import discover, discover_importable
from handler.definition.flow import (
    BY_TENANT,
    MAX_CONCURRENCY,
    Concurrency,
    Debounce,
    FlowKey,
    KeyValue,
    OnConflict,
    Rate,
    is_by_tenant,
    key_value,
    tenant_said,
    value_said,
)
from handler.definition.input_codec import Input
from handler.definition.modules import is_test
from handler.definition.names import objection_to_worker
from handler.definition.registry import Registry, names_of
from handler.definition.retry import Retry
from handler.definition.schedule import Schedule
from handler.definition.task_code import (
    Hook,
    OutcomeHook,
    TaskCode,
    TriggerRequest,
    checked_result,
    is_veto,
    vetoed_by,
)
from handler.definition.time_limits import TAKES as LIMITS_TAKE
from handler.definition.time_limits import whole_limit
from handler.definition.values import changed_input, next_input, stored_input, stored_output
from handler.definition.verdicts import Aborted, Continue, Done, Failed, Verdict, whole_seconds

__all__ = [
    "BY_TENANT",
    "LIMITS_TAKE",
    "MAX_CONCURRENCY",
    "Aborted",
    "Concurrency",
    "Continue",
    "Debounce",
    "Definition",
    "Done",
    "Failed",
    "FlowKey",
    "Hook",
    "Input",
    "KeyValue",
    "OnConflict",
    "OutcomeHook",
    "Rate",
    "Registry",
    "Retry",
    "Schedule",
    "TaskCode",
    "TriggerRequest",
    "Verdict",
    "changed_input",
    "checked_result",
    "code_of",
    "discover",
    "discover_importable",
    "is_by_tenant",
    "is_not_awaited",
    "is_test",
    "is_veto",
    "key_value",
    "names_of",
    "never_awaited",
    "next_input",
    "objection_to_worker",
    "stored_input",
    "stored_output",
    "task",
    "tenant_said",
    "value_said",
    "vetoed_by",
    "whole_limit",
    "whole_seconds",
]
