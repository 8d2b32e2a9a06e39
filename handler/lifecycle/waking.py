"""How a task is told to run now, and how one is paused and resumed."""

from collections.abc import Callable, Mapping
from typing import Final

from handler.aws import Bus
from handler.clock import Clock, to_iso
from handler.contract import ErrorCode
from handler.errors import Refused
from handler.lifecycle.calling import Calls
from handler.lifecycle.ending import Ending
from handler.record import Identity, StoredTask
from handler.table import RecordMoved, Store, paused_as

# How a task that is paused with others is, and what ends that; by `paused_with`.
_PAUSED: Final[Mapping[str | None, tuple[str, str]]] = {
    "definition": (" with its definition", "that"),
    "all": (" with all others", "all"),
}


class Waking:
    """Has tasks run now, pauses and resumes them, as people say. `Calls` has how one is woken."""

    def __init__(
        self, *, store: Store, ending: Ending, calls: Calls, bus: Bus, clock: Clock
    ) -> None:
        self._store = store
        self._ending = ending
        self._calls = calls
        self._bus = bus
        self._clock = clock

    def run_now(self, id: str, *, by: Identity) -> StoredTask:
        """Ends the delay or the wait of a task, whatever is left of it.

        Args:
            by: who does it: the task's log says so.

        Returns:
            The task as it now stands. One that does not wait is left alone.

        Raises:
            NotFound: there is no such task.
            Refused: it is over.
        """

        def end_its_wait(task: StoredTask) -> StoredTask:
            if task.paused_on:
                how, what = _PAUSED.get(task.paused_with, ("", "it"))
                raise Refused(
                    f'Task "{id}" is paused{how}; only one that is not can run now.'
                    f" Next: resume {what}.",
                    code=ErrorCode.TASK_RUN_NOW_ERROR,
                    data={"id": id, "pausedOn": to_iso(task.paused_on)},
                )
            if task.is_queued:
                raise Refused(
                    f'Task "{id}" queues for a slot of "{task.definition_id}". Next: wait for one,'
                    " raise its limit, or abort a task that has one.",
                    code=ErrorCode.TASK_RUN_NOW_ERROR,
                    data={"id": id},
                )
            if not task.delay_left(self._clock.now()):
                return task
            line = self._ending.log_of(task, "Its wait was ended: it runs now.", by=by)
            self._calls.wake(task, why="it was told to run now", log=line)
            return self._store.get(id)

        return self._change(id, end_its_wait, can="run now", code=ErrorCode.TASK_RUN_NOW_ERROR)

    def pause(self, id: str, *, by: Identity) -> StoredTask:
        """Has nothing run an open task until it is resumed. The iteration in hand goes on.

        Args:
            by: who does it: the task's log says so.

        Raises:
            NotFound: there is no such task.
            Refused: it is over.
        """

        def pause(task: StoredTask) -> StoredTask:
            if task.is_paused and not task.paused_with:
                return task
            paused = task.paused(now=self._clock.now())
            line = self._ending.log_of(task, "The task was paused.", by=by)
            self._store.save(paused, before=task, guard=paused_as(task), log=line)
            if not paused.execution_name:
                self._calls.stop(task.execution_name, f'Task "{id}" was paused.')
            return paused

        return self._change(id, pause, can="be paused", code=ErrorCode.TASK_PAUSE_ERROR)

    def resume(self, id: str, *, by: Identity) -> StoredTask:
        """Has a paused task go on: at once, or when what is left of its wait has passed.

        Args:
            by: who does it: the task's log says so.

        Raises:
            NotFound: there is no such task.
            Refused: it is over.
        """

        def resume(task: StoredTask) -> StoredTask:
            if not task.is_paused:
                return task
            resumed = task.resumed(now=self._clock.now())
            line = self._ending.log_of(task, "The task was resumed.", by=by)
            self._store.save(resumed, before=task, guard=paused_as(task), log=line)
            if not resumed.execution_name:
                self._bus.send([resumed])
            return resumed

        return self._change(id, resume, can="be resumed", code=ErrorCode.TASK_RESUME_ERROR)

    def wake(self, task: StoredTask, *, why: str) -> bool:
        """Wakes a task, unless it has moved.

        Args:
            why: for whoever looks at the execution that is stopped.

        Returns:
            Whether it was woken. If not, somebody has moved it: nothing was changed.
        """
        try:
            self._calls.wake(task, why=why)
        except RecordMoved:
            return False
        return True

    def _change(
        self,
        id: str,
        change: Callable[[StoredTask], StoredTask],
        *,
        can: str,
        code: ErrorCode,
    ) -> StoredTask:
        """Changes an open task as it stands, and anew where somebody has just moved it."""
        while True:
            task = self._store.get(id)
            if task.is_over:
                raise Refused(
                    f'Task "{id}" is {task.status}; only a pending or a running task can {can}. '
                    "Next: trigger a new one.",
                    code=code,
                    data={"id": id, "status": task.status.value},
                )
            try:
                return change(task)
            except RecordMoved:
                continue
