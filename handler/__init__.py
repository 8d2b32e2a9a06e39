"""Background tasks: what a task, and whoever triggers one, imports.

Importing it makes no client, reads no environment and imports nothing else: what a name stands for
is imported when it is first asked for. So the Lambdas' entries, which are inside, say what a start
imports, and how.
"""

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from handler.aws import client
    from handler.clock import Seconds
    from handler.contract import Status
    from handler.definition import (
        Aborted,
        Continue,
        Definition,
        Done,
        Failed,
        Retry,
        Schedule,
        TriggerRequest,
        Verdict,
        task,
    )
    from handler.errors import (
        BackgroundTaskError,
        DefinitionError,
        DeliveryError,
        InvalidInput,
        NotFound,
        Refused,
        RequestError,
        SettingsError,
        StoreError,
        StoreUnavailable,
        UnknownDefinition,
    )
    from handler.iteration import Context, Loop, TaskLogger
    from handler.lifecycle import Tasks, TriggerResult
    from handler.record import (
        Identity,
        LogLine,
        LogType,
        Progress,
        TaskFailure,
        TaskLog,
        TaskRecord,
    )
    from handler.runtime import tasks
    from handler.table import Filter, TaskPage

__all__ = [
    "Aborted",
    "BackgroundTaskError",
    "Context",
    "Continue",
    "Definition",
    "DefinitionError",
    "DeliveryError",
    "Done",
    "Failed",
    "Filter",
    "Identity",
    "InvalidInput",
    "LogLine",
    "LogType",
    "Loop",
    "NotFound",
    "Progress",
    "Refused",
    "RequestError",
    "Retry",
    "Schedule",
    "Seconds",
    "SettingsError",
    "Status",
    "StoreError",
    "StoreUnavailable",
    "TaskFailure",
    "TaskLog",
    "TaskLogger",
    "TaskPage",
    "TaskRecord",
    "Tasks",
    "TriggerRequest",
    "TriggerResult",
    "UnknownDefinition",
    "Verdict",
    "client",
    "task",
    "tasks",
]

_NAMES: Final = {
    "aws": ("client",),
    "clock": ("Seconds",),
    "contract": ("Status",),
    "definition": (
        "Aborted",
        "Continue",
        "Definition",
        "Done",
        "Failed",
        "Retry",
        "Schedule",
        "TriggerRequest",
        "Verdict",
        "task",
    ),
    "errors": (
        "BackgroundTaskError",
        "DefinitionError",
        "DeliveryError",
        "InvalidInput",
        "NotFound",
        "Refused",
        "RequestError",
        "SettingsError",
        "StoreError",
        "StoreUnavailable",
        "UnknownDefinition",
    ),
    "iteration": (
        "Context",
        "Loop",
        "TaskLogger",
    ),
    "lifecycle": (
        "Tasks",
        "TriggerResult",
    ),
    "record": (
        "Identity",
        "LogLine",
        "LogType",
        "Progress",
        "TaskFailure",
        "TaskLog",
        "TaskRecord",
    ),
    "runtime": ("tasks",),
    "table": (
        "Filter",
        "TaskPage",
    ),
}
_WINGS: Final = {name: wing for wing, names in _NAMES.items() for name in names}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _WINGS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{__name__}.{_WINGS[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return __all__
