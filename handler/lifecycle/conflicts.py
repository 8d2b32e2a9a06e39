"""What becomes of a trigger when all slots of its key are taken."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from handler.contract import ErrorCode
from handler.definition import OnConflict, Registry
from handler.errors import NotFound, Refused
from handler.lifecycle.ending import Ending
from handler.lifecycle.slots import Also, Full, Slots
from handler.record import StoredTask, TaskLog
from handler.table import Store

# Slots that nobody has any more are given back, and taken.
_ATTEMPTS: Final = 3


class Conflicts:
    """Stores tasks, and does what their definitions say where a slot is needed and none is free.

    Whoever triggers is told of a task of the own tenant alone: that of another one is nobody's
    business, and is never aborted.
    """

    def __init__(self, *, registry: Registry, store: Store, slots: Slots, ending: Ending) -> None:
        self._registry = registry
        self._store = store
        self._slots = slots
        self._ending = ending

    def create(
        self, task: StoredTask, *, log: TaskLog | None, also: Also = ()
    ) -> StoredTask | None:
        """Stores a new task.

        Args:
            also: what is written with it.

        Returns:
            The task, as it is stored; or the one that runs in its place. `None` if there is one of
            that id.

        Raises:
            Refused: all slots are taken, and its definition refuses it then.
        """
        how = self._how(task)
        if how is OnConflict.QUEUE:
            return self._slots.create(task, log=log, also=also)
        for _ in range(_ATTEMPTS):
            try:
                return self._slots.create(task, log=log, also=also, queues=False)
            except Full as full:
                holders = self._open(full.holders)
                if not holders and how is not OnConflict.ABORT_RUNNING:
                    self._slots.look(full.limit.id)  # nobody has them any more
                    continue
                return self._settled(task, how, holders, full, log, also)
        raise _refused(task, "none may run for the time being")

    def _settled(
        self,
        task: StoredTask,
        how: OnConflict,
        holders: Sequence[StoredTask],
        full: Full,
        log: TaskLog | None,
        also: Also,
    ) -> StoredTask | None:
        own = [each for each in holders if each.tenant == task.tenant]
        if how is OnConflict.RETURN_EXISTING and own:
            return own[0]
        if how is not OnConflict.ABORT_RUNNING or (holders and not own):
            raise _refused(task, own[0] if own else "as many run as may, of another tenant")
        made = self._slots.create(task, log=log, also=also)
        if made:
            self._abort_others(made, full)
        return made

    def _abort_others(self, task: StoredTask, full: Full) -> None:
        """Aborts the oldest of those who have a slot, or queue for one, until there is room."""
        view = self._store.limits.view(full.limit.id)
        queue = {each.task.id for each in view.waiting if each.task}
        ids = {*full.holders, *queue} - {task.id}
        # Of those who come at once, the youngest stays: none aborts one that came after it.
        others = [
            each
            for each in self._open(ids)
            if each.tenant == task.tenant and _age(each) < _age(task)
        ]
        too_many = len(others) + 1 - (view.slots(full.limit.slots) or 1)
        for other in others[: max(too_many, 0)]:
            with suppress(Refused, NotFound):  # it has just ended by itself
                message = f'Task "{task.id}" takes its place.'
                self._ending.abort(other.id, message, by=task.created_by)

    def _open(self, ids: frozenset[str] | set[str]) -> Sequence[StoredTask]:
        """Those tasks that are open, the oldest first."""
        tasks = self._store.index.tasks(sorted(ids))
        return sorted((each for each in tasks if each.is_open), key=lambda each: each.created_on)

    def _how(self, task: StoredTask) -> OnConflict:
        definition = self._registry.find(task.definition_id)
        concurrency = definition.concurrency if definition else None
        return OnConflict(concurrency.on_conflict) if concurrency else OnConflict.QUEUE


def _age(task: StoredTask) -> tuple[datetime, str]:
    return task.created_on, task.id


def _refused(task: StoredTask, running: StoredTask | str) -> Refused:
    """The refusal, by the task that runs, or by words where none of the tenant does."""
    of_key = f' for "{task.concurrency_key}"' if task.concurrency_key else ""
    which = running if isinstance(running, str) else f'task "{running.id}" runs'
    id = {} if isinstance(running, str) else {"id": running.id}
    then = "trigger it again when that is over, or abort that"
    if isinstance(running, str):
        then = "trigger it again later, or raise the limit (tasks.limits says how many may run)"
    return Refused(
        f'No slot of "{task.definition_id}"{of_key} is free: {which}. Next: {then}.',
        code=ErrorCode.TASK_CONFLICT,
        data={"definitionId": task.definition_id} | id,
    )
