"""Whose lines the process logs: those of a task that is at hand."""

from contextlib import AbstractContextManager

from handler.process_log import about_task
from handler.record import StoredTask


def about(task: StoredTask) -> AbstractContextManager[None]:
    """Each line that is logged or printed in the block has the ids of `task`."""
    return about_task(
        task_id=task.id,
        definition_id=task.definition_id,
        tenant=task.tenant,
        execution_name=task.execution_name,
        iteration=task.iterations,
    )
