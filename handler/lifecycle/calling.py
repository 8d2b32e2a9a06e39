"""How a task that waits is woken: one conditional write, an event, and the end of its execution."""

from typing import Final

from handler.aws import WOKEN, Bus, Executions
from handler.clock import Clock
from handler.record import StoredTask, TaskLog
from handler.table import RecordMoved, Store, paused_as

_CAME: Final = "what it has waited for has come"


class Calls:
    """Wakes tasks.

    One conditional write takes the task from its execution, which never claims it again. An event
    sends it to a new one, and the old one is stopped. What is lost behind the write, the sweep
    finds: the task is due, and has no execution. Whoever wakes a task that has just been woken, or
    has just woken by itself, changes nothing.
    """

    def __init__(self, *, store: Store, bus: Bus, executions: Executions, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._executions = executions
        self._clock = clock

    def call(self, task: StoredTask | None) -> None:
        """Wakes a task that waits for what has come: a signal, or the end of its last child.

        One that is paused goes on when it is resumed; one that runs finds it by itself. The event
        of one that was woken is sent again: whoever has woken it may have died before.
        """
        while task and task.was_called and not task.is_paused:
            if task.execution_name is None:
                self._send(task, task.released_from, _CAME)
                return
            try:
                self.wake(task, why=_CAME)
            except RecordMoved as moved:
                task = moved.task
            else:
                return

    def child_ended(self, child: StoredTask) -> None:
        """Tells the parent, if it may wait for this: for its last open child, or for a failure.

        It makes three requests, whatever the number of children, and one or two more if it calls.
        Twice is as good as once, and nobody is missed: a child leaves the open ones first, and then
        looks whether others are left. The last of two that look at once sees none.
        """
        if child.parent_id and self._is_news(child, child.parent_id):
            self.call(self._store.call(child.parent_id))

    def _is_news(self, child: StoredTask, parent_id: str) -> bool:
        children = self._store.children
        children.close(child)
        if not children.are_open(child) and self._is_last(parent_id):
            return True
        if child.has_succeeded:
            return False
        parent = self._store.find(parent_id)
        if parent is None or parent.is_over:
            return False
        if not children.add_failed(child):
            return False  # somebody else has told it
        if parent.is_in_hand:
            return True  # it may be about to wait for no more failures than there were
        most = parent.waiting_for.failures if parent.waiting_for else None
        return most is not None and children.failed(parent_id, at_most=most + 1) > most

    def _is_last(self, parent_id: str) -> bool:
        """Whether the last open child of a definition is the last one that its parent waits for.

        Where others are open, it is, unless the parent waits for all of them.
        """
        if not self._store.children.are_any_open(parent_id):
            return True
        parent = self._store.find(parent_id)
        join = parent.waiting_for if parent and not parent.is_in_hand else None
        return join is None or join.signal is not None or join.definition_id is not None

    def wake(self, task: StoredTask, *, why: str, log: TaskLog | None = None) -> None:
        """Wakes a task.

        Args:
            why: for whoever looks at the execution that is stopped.
            log: what is stored with it.

        Raises:
            RecordMoved: somebody has moved it, or paused it: nothing was changed.
        """
        woken = task.woken(now=self._clock.now())
        self._store.save(woken, before=task, guard=paused_as(task), log=log)
        self._send(woken, task.execution_name, why)

    def _send(self, woken: StoredTask, left: str | None, why: str) -> None:
        """Sends a task that was woken to a new execution, and stops the one that it has left."""
        self._bus.send([woken])
        self.stop(left, f'Task "{woken.id}" runs in another execution: {why}.')

    def stop(self, execution: str | None, cause: str) -> None:
        """Stops the execution that a task has left, if it had one."""
        if execution:
            self._executions.stop(execution, cause=cause, error=WOKEN)
