"""What becomes of a task whose definition has it deleted at its end (`self_cleanup`)."""

import logging
from collections.abc import Callable

from handler.clock import Clock
from handler.lifecycle.attempts import each_on_its_own
from handler.lifecycle.closing import Closing
from handler.record import StoredTask
from handler.table import Store

log = logging.getLogger(__name__)
# Whatever the level of the other lines: that a task was there is known from here alone.
log.setLevel(logging.INFO)

AbortChild = Callable[[str, str], None]
"""Aborts a task, by its id and with a message; a no-op if it is over."""


class CleanUp:
    """Deletes tasks that have ended as their definition says, with their descendants.

    **Whoever waits for a task sees how it ended.** A child stays until its parent is over, and the
    parent's hook has run. Then the task is hidden: nobody reads it any more.

    **A task that is hidden is still known to the engine**, until the sweep comes, minutes later. A
    worker that died before it could answer is asked again meanwhile, and answers as it would have;
    a second copy of the event runs nothing. The record of an event by hand is kept for longer: see
    `Closing.delete`.

    Each step can be cut off, and is done again by the next sweep.
    """

    def __init__(self, *, store: Store, closing: Closing, clock: Clock) -> None:
        self._store = store
        self._closing = closing
        self._clock = clock

    def begin(self, task: StoredTask) -> StoredTask:
        """Hides a task whose hook has run, unless its parent may still look at it.

        Returns:
            The task as it now stands.
        """
        if task.deletion_pending or self._is_waited_for(task):
            return task
        hidden = task.deleted(now=self._clock.now())
        return hidden if self._store.add_follow_up(hidden, before=task) else task

    def complete(self, task: StoredTask, *, abort: AbortChild) -> None:
        """Has the children of a hidden task follow it, and removes it.

        Children that are open are aborted. Theirs follow them when the sweep comes to them.

        Raises:
            As the first child that could not be hidden; the task stays for the next sweep.
        """
        with each_on_its_own() as attempt:
            for child in self._store.index.children(task.id, deleted=True):
                attempt(self._hide, child, task, abort)
        parent = self._closing.parent_of(task)
        if task.parent_id and (parent is None or parent.is_over):
            self._store.forget_child(task)
        if self._closing.delete(task):
            _report(task)

    def _is_waited_for(self, task: StoredTask) -> bool:
        parent = self._closing.parent_of(task)
        return parent is not None and (parent.is_open or parent.pending_hook is not None)

    def _hide(self, child: StoredTask, parent: StoredTask, abort: AbortChild) -> None:
        if child.deletion_pending and child.cleanup_pending:
            return  # it follows already
        if child.is_open:
            abort(child.id, f'Its parent task "{parent.id}" is over, and is deleted.')
            found = self._store.find(child.id)
            if found is None:
                return  # it has cleaned itself up
            child = found
        hidden = child.to_clean_up().deleted(now=self._clock.now())
        self._store.add_follow_up(hidden, before=child)


def _report(task: StoredTask) -> None:
    details = {
        "action": "task_cleaned_up",
        "about_task_id": task.id,
        "about_definition_id": task.definition_id,
        "tenant": task.tenant,
        "status": task.status.value,
    }
    log.info('task_cleaned_up: "%s", which was %s', task.id, task.status, extra=details)
