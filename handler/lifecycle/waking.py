"""How a task that waits is woken, and how one is paused and resumed."""

from collections.abc import Callable

from handler.aws import WOKEN, Bus, Executions
from handler.clock import Clock, to_iso
from handler.contract import ErrorCode
from handler.errors import Refused
from handler.lifecycle.ending import Ending
from handler.record import Identity, StoredTask, TaskLog
from handler.table import RecordMoved, Store, owned_by, paused_as


class Waking:
    """Wakes tasks, pauses and resumes them.

    One conditional write takes the task from its execution, which never claims it again. An event
    sends it to a new one, and the old one is stopped. What is lost behind the write, the sweep
    finds: the task is due, and has no execution. Whoever wakes a task that has just been woken, or
    has just woken by itself, changes nothing.
    """

    def __init__(
        self, *, store: Store, ending: Ending, bus: Bus, executions: Executions, clock: Clock
    ) -> None:
        self._store = store
        self._ending = ending
        self._bus = bus
        self._executions = executions
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
            if not task.delay_left(self._clock.now()):
                return task
            if task.paused_on:
                raise Refused(
                    f'Task "{id}" is paused; only one that is not can run now. Next: resume it.',
                    code=ErrorCode.TASK_RUN_NOW_ERROR,
                    data={"id": id, "pausedOn": to_iso(task.paused_on)},
                )
            line = self._ending.log_of(task, "Its wait was ended: it runs now.", by=by)
            self._wake(task, why="it was told to run now", log=line)
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
                self._stop(task, f'Task "{id}" was paused.')
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
            self._wake(task, why=why)
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

    def _wake(self, task: StoredTask, *, why: str, log: TaskLog | None = None) -> None:
        woken = task.woken(now=self._clock.now())
        self._store.save(woken, before=task, guard=owned_by(task), log=log)
        self._bus.send([woken])
        self._stop(task, f'Task "{task.id}" runs in another execution: {why}.')

    def _stop(self, task: StoredTask, cause: str) -> None:
        """Stops the execution that has just lost the task, if it had one."""
        if task.execution_name:
            self._executions.stop(task.execution_name, cause=cause, error=WOKEN)
