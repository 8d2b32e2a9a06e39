"""The component, for any Pulumi program: `from infra import BackgroundTasks, BackgroundTasksArgs`.

The names are looked up when they are asked for: what locks packages needs no pulumi_aws, which
takes seconds to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.api_access import ApiPermissionArgs
    from infra.arguments import BackgroundTasksArgs, WorkerArgs
    from infra.background_tasks import BackgroundTasks
    from infra.errors import DeployError
    from infra.task_table import task_table_inputs

__all__ = [
    "ApiPermissionArgs",
    "BackgroundTasks",
    "BackgroundTasksArgs",
    "DeployError",
    "WorkerArgs",
    "task_table_inputs",
]

_HOMES = {
    "ApiPermissionArgs": "infra.api_access",
    "BackgroundTasks": "infra.background_tasks",
    "BackgroundTasksArgs": "infra.arguments",
    "DeployError": "infra.errors",
    "WorkerArgs": "infra.arguments",
    "task_table_inputs": "infra.task_table",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
