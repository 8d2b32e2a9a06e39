"""Runs the hooks of tasks that are over."""

import logging
from typing import Final

from handler.clock import Clock
from handler.definition import Hook, OutcomeHook, Registry, checked_result, code_of
from handler.errors import EngineSignal
from handler.lifecycle.log_ids import about
from handler.record import SYSTEM_IDENTITY, LogLine, StoredTask, TaskFailure, TaskLog
from handler.table import Store

log = logging.getLogger(__name__)
# The tasks whose hooks run in this process.
_running: Final[set[str]] = set()


class Hooks:
    """Runs pending hooks, at least once: a hook stays on the record until it has run."""

    def __init__(self, *, registry: Registry, store: Store, clock: Clock) -> None:
        self._registry = registry
        self._store = store
        self._clock = clock

    def run_pending(self, task: StoredTask) -> StoredTask:
        """Runs the pending hook, if there is one. One that raises is logged on the task.

        Returns:
            The task without the hook that ran.
        """
        if task.pending_hook not in set(Hook):
            return task  # none, or one that only newer code knows: it stays for that
        if self._registry.may_lack(task.definition_id):
            return task  # it stays for a deploy that has the definition
        if task.id in _running:
            return task  # it has deleted its own task: who runs it finishes that
        definition = self._registry.find(task.definition_id)
        hook = code_of(definition).hook(Hook(task.pending_hook)) if definition else None
        _running.add(task.id)
        try:
            if hook:
                with about(task):
                    self._run(hook, task)
        finally:
            _running.discard(task.id)
        self._store.clear_follow_up(task.hook_ran(), before=task)
        return task.hook_ran()

    def _run(self, hook: OutcomeHook, task: StoredTask) -> None:
        try:
            checked_result(str(task.pending_hook), hook(task.to_record()))
        except EngineSignal:
            raise
        except BaseException as error:  # whatever the hook raises is the author's
            self._report(task, error)

    def _report(self, task: StoredTask, error: BaseException) -> None:
        failure = TaskFailure.from_exception(error)
        details = {"action": "hook_raised", "task_id": task.id, "hook": task.pending_hook}
        # Not `exception`: logging would run the code of the author's exception once more.
        log.error("A hook raised.\n%s", failure.stack, extra=details)
        if self._registry.keeps_logs(task.definition_id):
            message = f'Error executing {task.pending_hook} hook for task "{task.id}".'
            line = LogLine.at(self._clock.now(), message, failure)
            self._store.logs.append(TaskLog.of(task, [line], by=SYSTEM_IDENTITY))
