"""Background tasks: what a task, and whoever triggers one, imports.

Importing it makes no client and reads no environment.
"""

from handler.contract import Status
from handler.definition.definition import Definition, TriggerRequest, task
from handler.definition.retry import Retry
from handler.definition.verdicts import Aborted, Continue, Done, Failed, Verdict
from handler.errors import BackgroundTaskError, DeliveryError, InvalidInput, NotFound, Refused
from handler.iteration.context import Context
from handler.record.task_record import TaskRecord
from handler.table.listing import Filter
from handler.wiring import tasks

__all__ = [
    "Aborted",
    "BackgroundTaskError",
    "Context",
    "Continue",
    "Definition",
    "DeliveryError",
    "Done",
    "Failed",
    "Filter",
    "InvalidInput",
    "NotFound",
    "Refused",
    "Retry",
    "Status",
    "TaskRecord",
    "TriggerRequest",
    "Verdict",
    "task",
    "tasks",
]
