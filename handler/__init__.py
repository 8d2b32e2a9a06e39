"""Background tasks: what a task, and whoever triggers one, imports.

Importing it makes no client and reads no environment.
"""

from handler.context import Context
from handler.definition import Definition, TriggerRequest, task
from handler.records import TaskRecord
from handler.retry import Retry
from handler.verdicts import Aborted, Continue, Done, Failed, Verdict
from handler.wiring import tasks

__all__ = [
    "Aborted",
    "Context",
    "Continue",
    "Definition",
    "Done",
    "Failed",
    "Retry",
    "TaskRecord",
    "TriggerRequest",
    "Verdict",
    "task",
    "tasks",
]
