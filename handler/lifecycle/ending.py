"""How a task ends. Nothing else ends one."""

from datetime import datetime
from typing import Final

from handler.aws import Executions
from handler.clock import Clock
from handler.contract import ErrorCode, Status
from handler.definition import Hook, Registry
from handler.errors import NotFound, Refused
from handler.lifecycle.attempts import each_on_its_own
from handler.lifecycle.calling import Calls
from handler.lifecycle.clean_up import CleanUp
from handler.lifecycle.closing import Closing
from handler.lifecycle.counts import Counts
from handler.lifecycle.hooks import Hooks
from handler.lifecycle.status_events import StatusEvents
from handler.record import (
    SYSTEM_IDENTITY,
    Identity,
    LogLine,
    StoredTask,
    TaskFailure,
    TaskLog,
    line_data,
    without_arns,
)
from handler.table import Guard, PayloadError, RecordMoved, Store, queued_as, whoever_owns

_HOOKS: Final = {
    Status.SUCCESS: (Hook.ON_DONE,),
    Status.FAILED: (Hook.ON_ERROR,),
    Status.ABORTED: (Hook.ON_ABORT,),
}


class Ending:
    """Ends tasks, each once.

    The outcome is stored with its log, under a guard. Then, if this call stored it, the end is
    counted, the children of an aborted task are aborted, and the hook runs. What is cut off after
    the outcome is stored stays on the record as a follow-up, which the sweep takes up.

    Args:
        closing: removes what was deleted.
        clean_up: removes what its definition has deleted.
        hooks: runs hooks here. Without it they are left on the record: the API's Lambda may not do
            what a task may.
        calls: wakes a parent that waits.
        executions: stops the execution of an aborted task that waits.
        events: tell the bus of the end.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        store: Store,
        closing: Closing,
        clean_up: CleanUp,
        hooks: Hooks | None,
        calls: Calls,
        executions: Executions,
        counts: Counts,
        events: StatusEvents,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._store = store
        self._closing = closing
        self._clean_up = clean_up
        self._hooks = hooks
        self._calls = calls
        self._executions = executions
        self._counts = counts
        self._events = events
        self._clock = clock

    def end(
        self,
        before: StoredTask,
        after: StoredTask,
        *,
        guard: Guard,
        log: TaskLog | None,
        hooks: tuple[Hook, ...] | None = None,
    ) -> None:
        """Stores an outcome, and does what follows from it. Returning means that it was news.

        Args:
            after: `before`, as it ends.
            guard: what must still hold of the record.
            log: the lines that are stored with the outcome.
            hooks: the first of these that the task has runs; by default the outcome's own.

        Raises:
            RecordMoved: the guard does not hold: nothing was stored, nothing follows.
        """
        ended = self._with_hook(after, hooks)
        self._store.save(ended, before=before, guard=guard, log=log)
        self._counts.ended(ended)
        self.finish(ended)

    def end_failed(
        self, before: StoredTask, failure: TaskFailure, *, guard: Guard, may_run: bool = False
    ) -> bool:
        """Ends a task from outside of an iteration. Returns whether that was news.

        A bucket that takes no payload keeps no task from its end: a note is in the output's place.

        Args:
            may_run: whether the iteration in hand may run on.
        """
        kept = before.slot if may_run and before.is_in_hand else None
        try:
            return self._is_failed(before, before, failure, guard=guard, slot=kept)
        except PayloadError as refused:
            why = without_arns(refused.message)
            note = {"note": f"The output that it had saved could not be kept. {why}"}
            output = before.places.get("output") or None  # the refusal may pass
            bare = before.model_copy(update={"output": note, "kept_object": output})
            short = failure.model_copy(update={"data": line_data(failure.data)})
            return self._is_failed(before, bare, short, guard=guard, slot=kept)

    def abort(self, id: str, message: str, *, by: Identity) -> StoredTask:
        """Ends an open task, whoever runs it. Its execution is stopped if it only waits.

        Args:
            by: who aborts it, and so its children.

        Returns:
            The task as it now stands, with what its iteration saved meanwhile.

        Raises:
            NotFound: there is no such task.
            Refused: it is over already.
        """
        while True:
            before = self._store.get(id)
            if before.is_over:
                raise Refused(
                    "Cannot abort a task that is not pending or running!",
                    code=ErrorCode.TASK_ABORT_ERROR,
                    data={"id": id, "status": before.status.value},
                )
            after = self._with_hook(_aborted(before, now=self._clock.now(), by=by))
            log = self.log_of(after, message, by=by)
            try:
                self._store.save(after, before=before, guard=whoever_owns(before), log=log)
            except RecordMoved:
                continue  # it has just ended, or begun: the next round says how
            return self._aborted(before, after)

    def abort_queued(self, task: StoredTask, message: str, *, by: Identity) -> bool:
        """Aborts a task that queues for a slot, as `abort`, if it still does, since that moment.

        Returns:
            Whether it did: else the task has moved on.
        """
        after = self._with_hook(_aborted(task, now=self._clock.now(), by=by))
        log = self.log_of(after, message, by=by)
        try:
            self._store.save(after, before=task, guard=queued_as(task), log=log)
        except RecordMoved:
            return False
        self._aborted(task, after)
        return True

    def delete(self, task: StoredTask) -> StoredTask:
        """Deletes a finished task. It is gone at once for whoever reads; removed after its hook.

        Returns:
            The task with what is still left to do.
        """
        deleted = task.deleted(now=self._clock.now())
        return self.finish(deleted) if self._store.add_follow_up(deleted, before=task) else task

    def end_aborted(self, before: StoredTask, message: str, *, guard: Guard) -> bool:
        """Ends a task as aborted whose execution was stopped. Returns whether that was news."""
        after = _aborted(before, now=self._clock.now(), by=SYSTEM_IDENTITY)
        return self._is_news(before, after, guard=guard, log=self.log_of(after, message))

    def create_failed(self, task: StoredTask, failure: TaskFailure) -> None:
        """Creates the record of a task that has failed before it could start, once."""
        failed = self._with_hook(task.failed(now=self._clock.now(), failure=failure))
        log = self.log_of(failed, failure.message, failure)
        if self._store.create(failed, log=log):
            self._counts.ended(failed)
            self.finish(failed)

    def finish(self, task: StoredTask) -> StoredTask:
        """Does what the end of a task has left to do, but for its expiry; twice is as good as once.

        The hook comes last: it may take long, or end the process. What was deleted is removed after
        its hook, what is to be cleaned up only hidden: see `clean_up`.

        Returns:
            The task with what is still left to do.
        """
        task = self._told(task)
        with each_on_its_own() as attempt:
            if task.parent_pending:
                attempt(self._calls.child_ended, task)
            if task.was_aborted:
                attempt(self.abort_children, task)
            if self._hooks:
                task = self._hooks.run_pending(task)
        if task.children_abort_pending or task.parent_pending:
            told = task.family_told()
            self._store.clear_follow_up(told, before=task)
            task = told
        if task.pending_hook in set(Hook):
            return task
        if task.cleanup_pending:
            return self._clean_up.begin(task)
        if task.deletion_pending:
            self._closing.remove(task)
        return task

    def clean_up(self, task: StoredTask) -> None:
        """Removes a finished task that is hidden, if its definition has it cleaned up.

        Not before whoever may still ask for it has: the sweep calls it.
        """
        is_hidden = task.cleanup_pending and task.deletion_pending
        if is_hidden and task.pending_hook not in set(Hook):

            def abort(id: str, message: str) -> None:
                self._abort_child(id, message, SYSTEM_IDENTITY)

            self._clean_up.complete(task, abort=abort)

    def remove_gone(self, id: str) -> None:
        """Removes what is left of a task that was deleted, or whose days are over."""
        task = self._store.find_gone(id)
        if task is None:
            return
        self.clean_up(self.finish(task) if task.deletion_pending else self.delete(task))

    def may_lack_definition(self, task: StoredTask) -> bool:
        """Whether a file that may have the task's definition was not imported here."""
        return self._registry.may_lack(task.definition_id)

    def abort_children(self, parent: StoredTask) -> None:
        """Aborts the open children of an aborted task, and theirs.

        Raises:
            As the first that could not be aborted; all others were.
        """
        message = f'Its parent task "{parent.id}" was aborted.'
        by = parent.aborted_by or parent.created_by
        with each_on_its_own() as attempt:
            for child in self._store.index.children(parent.id):
                if child.is_open:
                    attempt(self._abort_child, child.id, message, by)

    def log_of(
        self,
        task: StoredTask,
        message: str,
        failure: TaskFailure | None = None,
        *,
        by: Identity = SYSTEM_IDENTITY,
    ) -> TaskLog | None:
        """A line for the task's log, if its definition keeps logs: who it was, and from where."""
        if not self._registry.keeps_logs(task.definition_id):
            return None
        line = LogLine.at(self._clock.now(), message, failure, source=by.source)
        return TaskLog.of(task, [line], by=by)

    def _is_failed(
        self,
        before: StoredTask,
        bare: StoredTask,
        failure: TaskFailure,
        *,
        guard: Guard,
        slot: str | None,
    ) -> bool:
        after = bare.failed(now=self._clock.now(), failure=failure).keeping_slot(slot)
        log = self.log_of(after, failure.message, failure)
        return self._is_news(before, after, guard=guard, log=log)

    def _is_news(
        self, before: StoredTask, after: StoredTask, *, guard: Guard, log: TaskLog | None
    ) -> bool:
        try:
            self.end(before, after, guard=guard, log=log)
        except RecordMoved:
            return False
        return True

    def _aborted(self, before: StoredTask, after: StoredTask) -> StoredTask:
        self._counts.ended(after)
        # Before its execution is stopped: the recovery hears of that, and tells what is not told.
        after = self._told(after)
        # A running iteration ends by itself. An execution that waits would do so for up to a year.
        if before.execution_name and before.waiting_until:
            self._executions.stop(before.execution_name, cause=f'Task "{before.id}" was aborted.')
        stored = self._store.find(before.id) or after
        self.finish(stored)
        return stored

    def _told(self, task: StoredTask) -> StoredTask:
        """The task, once the bus was told of its end. If it was not, the next sweep tells it."""
        if not task.end_event_pending or not self._events.ended(task):
            return task
        told = task.told()
        self._store.clear_follow_up(told, before=task)
        return told

    def _abort_child(self, id: str, message: str, by: Identity) -> None:
        try:
            self.abort(id, message, by=by)
        except (Refused, NotFound):
            return  # it has just ended by itself

    def _with_hook(self, task: StoredTask, hooks: tuple[Hook, ...] | None = None) -> StoredTask:
        names = hooks or _HOOKS[task.status]
        ended = task.to_call().due(self._registry.first_hook(task.definition_id, *names))
        if self._registry.cleans_up(task.definition_id, task.status):
            ended = ended.to_clean_up()
        if self._events.are_on:
            ended = ended.to_tell()
        return self._store.expiring(ended)


def _aborted(before: StoredTask, *, now: datetime, by: Identity) -> StoredTask:
    """A task that somebody ends. Its iteration may run on, and has its slot until it knows."""
    after = before.aborted(now=now, by=by)
    return after.keeping_slot(before.slot) if before.is_in_hand else after
