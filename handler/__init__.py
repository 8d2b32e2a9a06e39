"""Background tasks: what a task, and whoever triggers one, imports.

Importing it makes no client and reads no environment.
"""

from handler.context import Context
from handler.contract import Status
from handler.definition import Definition, TriggerRequest, task
from handler.errors import BackgroundTaskError, DeliveryError, InvalidInput, NotFound, Refused
from handler.listing import Filter
from handler.records import TaskRecord
from handler.retry import Retry
from handler.verdicts import Aborted, Continue, Done, Failed, Verdict
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
