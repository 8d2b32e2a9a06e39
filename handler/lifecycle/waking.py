"""How a task that waits is woken: its next iteration runs at once, in another execution."""

from handler.aws import WOKEN, Bus, Executions
from handler.clock import Clock
from handler.contract import ErrorCode
from handler.errors import Refused
from handler.lifecycle.ending import Ending
from handler.record import Identity, StoredTask, TaskLog
from handler.table import RecordMoved, Store, owned_by


class Waking:
    """Wakes tasks.

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
        while True:
            task, now = self._store.get(id), self._clock.now()
            if task.is_over:
                raise Refused(
                    f'Task "{id}" is {task.status}; only a pending or a running task can run now. '
                    "Next: trigger a new one.",
                    code=ErrorCode.TASK_RUN_NOW_ERROR,
                    data={"id": id, "status": task.status.value},
                )
            if not task.delay_left(now):
                return task
            line = self._ending.log_of(task, "Its wait was ended: it runs now.", by=by)
            if self.wake(task, why="it was told to run now", log=line):
                return self._store.get(id)

    def wake(self, task: StoredTask, *, why: str, log: TaskLog | None = None) -> bool:
        """Wakes a task, unless it has moved.

        Args:
            why: for whoever looks at the execution that is stopped.
            log: lines that are stored with it.

        Returns:
            Whether it was woken. If not, somebody has moved it: nothing was changed.
        """
        woken = task.woken(now=self._clock.now())
        try:
            self._store.save(woken, before=task, guard=owned_by(task), log=log)
        except RecordMoved:
            return False
        self._bus.send([woken])
        if task.execution_name:
            cause = f'Task "{task.id}" runs in another execution: {why}.'
            self._executions.stop(task.execution_name, cause=cause, error=WOKEN)
        return True
