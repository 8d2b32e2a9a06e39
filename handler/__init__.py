"""Background tasks: what a task, and whoever triggers one, imports.

Importing it makes no client and reads no environment.
"""

from importlib import import_module as _import_module
from types import ModuleType as _ModuleType

from handler.garbage import made_to_stay as _made_to_stay

with _made_to_stay():  # of all that a door imports, nothing is garbage
    from handler.aws import client
    from handler.clock import Seconds
    from handler.contract import Status
    from handler.definition import (
        BY_TENANT,
        Aborted,
        Concurrency,
        Continue,
        Debounce,
        Definition,
        Done,
        Failed,
        Rate,
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
        NoResult,
        NotFound,
        Refused,
        RequestError,
        SettingsError,
        StillOpen,
        StoreError,
        StoreUnavailable,
        TaskAborted,
        TaskFailed,
        UnknownDefinition,
    )
    from handler.iteration import Context, Loop, TaskLogger
    from handler.lifecycle import Tasks
    from handler.record import (
        BulkResult,
        Identity,
        LimitPage,
        LimitState,
        LogLine,
        LogType,
        Pause,
        Progress,
        Signal,
        TaskFailure,
        TaskLog,
        TaskRecord,
        TaskSettings,
        TriggerResult,
        WaitingFor,
    )
    from handler.runtime import tasks
    from handler.table import Filter, SortBy, TaskPage

__all__ = [
    "BY_TENANT",
    "Aborted",
    "BackgroundTaskError",
    "BulkResult",
    "Concurrency",
    "Context",
    "Continue",
    "Debounce",
    "Definition",
    "DefinitionError",
    "DeliveryError",
    "Done",
    "Failed",
    "Filter",
    "Identity",
    "InvalidInput",
    "LimitPage",
    "LimitState",
    "LogLine",
    "LogType",
    "Loop",
    "NoResult",
    "NotFound",
    "Pause",
    "Progress",
    "Rate",
    "Refused",
    "RequestError",
    "Retry",
    "Schedule",
    "Seconds",
    "SettingsError",
    "Signal",
    "SortBy",
    "Status",
    "StillOpen",
    "StoreError",
    "StoreUnavailable",
    "TaskAborted",
    "TaskFailed",
    "TaskFailure",
    "TaskLog",
    "TaskLogger",
    "TaskPage",
    "TaskRecord",
    "TaskSettings",
    "Tasks",
    "TriggerRequest",
    "TriggerResult",
    "UnknownDefinition",
    "Verdict",
    "WaitingFor",
    "client",
    "task",
    "tasks",
]


def __dir__() -> list[str]:
    return __all__


class _Door(_ModuleType):
    """Keeps `client` what tasks make their clients with, whoever imports `handler.client`.

    Python makes an imported package an attribute of the one that it is in.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name != "client" or not isinstance(value, _ModuleType):
            super().__setattr__(name, value)


_import_module(__name__).__class__ = _Door
