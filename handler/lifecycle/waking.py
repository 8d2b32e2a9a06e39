"""How a task that waits is woken, and how one is paused and resumed."""

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
        while True:
            task, now = self._store.get(id), self._clock.now()
            if task.is_over:
                raise _over(task, "run now", ErrorCode.TASK_RUN_NOW_ERROR)
            if not task.delay_left(now):
                return task
            if task.is_paused:
                raise Refused(
                    f'Task "{id}" is paused; only one that is not can run now. Next: resume it.',
                    code=ErrorCode.TASK_RUN_NOW_ERROR,
                    data={"id": id, "pausedOn": task.paused_on and to_iso(task.paused_on)},
                )
            line = self._ending.log_of(task, "Its wait was ended: it runs now.", by=by)
            if self.wake(task, why="it was told to run now", log=line):
                return self._store.get(id)

    def pause(self, id: str, *, by: Identity) -> StoredTask:
        """Has nothing run an open task until it is resumed. The iteration in hand goes on.

        Args:
            by: who does it: the task's log says so.

        Raises:
            NotFound: there is no such task.
            Refused: it is over.
        """
        while True:
            task = self._store.get(id)
            if task.is_over:
                raise _over(task, "be paused", ErrorCode.TASK_PAUSE_ERROR)
            if task.is_paused:
                return task
            paused = task.paused(now=self._clock.now())
            line = self._ending.log_of(task, "The task was paused.", by=by)
            try:
                self._store.save(paused, before=task, guard=paused_as(task), log=line)
            except RecordMoved:
                continue
            if task.execution_name and not paused.execution_name:
                cause = f'Task "{id}" was paused.'
                self._executions.stop(task.execution_name, cause=cause, error=WOKEN)
            return paused

    def resume(self, id: str, *, by: Identity) -> StoredTask:
        """Has a paused task go on: at once, or when what is left of its wait has passed.

        Args:
            by: who does it: the task's log says so.

        Raises:
            NotFound: there is no such task.
            Refused: it is over.
        """
        while True:
            task = self._store.get(id)
            if task.is_over:
                raise _over(task, "be resumed", ErrorCode.TASK_RESUME_ERROR)
            if not task.is_paused:
                return task
            resumed = task.resumed(now=self._clock.now())
            line = self._ending.log_of(task, "The task was resumed.", by=by)
            try:
                self._store.save(resumed, before=task, guard=paused_as(task), log=line)
            except RecordMoved:
                continue
            if not resumed.execution_name:
                self._bus.send([resumed])
            return resumed

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


def _over(task: StoredTask, what: str, code: ErrorCode) -> Refused:
    return Refused(
        f'Task "{task.id}" is {task.status}; only a pending or a running task can {what}. '
        "Next: trigger a new one.",
        code=code,
        data={"id": task.id, "status": task.status.value},
    )
