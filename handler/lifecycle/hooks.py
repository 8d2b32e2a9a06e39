"""Runs the hook that an outcome has made due."""

import logging

from handler.clock import Clock
from handler.definition.definition import Hook
from handler.definition.registry import Registry
from handler.record.failures import error_of
from handler.record.task_record import LogLine, TaskRecord
from handler.table.store import Store

log = logging.getLogger(__name__)


class Hooks:
    """The hooks of the tasks: at least once each, since the record says that one is due until it
    has run.
    """

    def __init__(self, *, registry: Registry, store: Store, clock: Clock) -> None:
        self._registry = registry
        self._store = store
        self._clock = clock

    def run_due(self, record: TaskRecord) -> None:
        """Runs the hook that is due on `record`, if one is. One that raises is logged on the task
        and changes nothing.
        """
        if record.hook is None:
            return
        definition = self._registry.find(record.definition_id)
        hook = definition.hook(Hook(record.hook)) if definition else None
        try:
            if hook:
                hook(record)
        except (Exception, SystemExit) as error:
            log.exception(
                "A hook raised.",
                extra={"action": "hook_raised", "task": record.id, "hook": record.hook},
            )
            if definition and definition.database_logs:
                message = f'Error executing {record.hook} hook for task "{record.id}".'
                line = LogLine.at(self._clock.now(), message, error_of(error))
                self._store.append(record.log([line]), closes=True)
        self._store.settle(record.hook_ran(), before=record)
