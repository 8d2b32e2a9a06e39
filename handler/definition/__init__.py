"""What an author declares: `@task`, verdicts, retries, schedules, the registry. It runs nothing."""

from handler.definition.async_code import is_not_awaited, never_awaited
from handler.definition.definition import Definition, code_of, task
from handler.definition.discovery import discover, discover_importable
from handler.definition.input_codec import Input
from handler.definition.modules import is_test
from handler.definition.names import objection_to_worker
from handler.definition.registry import Registry
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
    "LIMITS_TAKE",
    "Aborted",
    "Continue",
    "Definition",
    "Done",
    "Failed",
    "Hook",
    "Input",
    "OutcomeHook",
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
    "is_not_awaited",
    "is_test",
    "is_veto",
    "never_awaited",
    "next_input",
    "objection_to_worker",
    "stored_input",
    "stored_output",
    "task",
    "vetoed_by",
    "whole_limit",
    "whole_seconds",
]
