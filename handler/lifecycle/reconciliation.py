"""Brings the records in line with what really runs: no task stays open that nothing runs."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import islice
from typing import Final

from handler.aws import (
    ABORTED,
    TIMED_OUT,
    WOKEN,
    Bus,
    DeadLetter,
    DeadLetters,
    Execution,
    Executions,
)
from handler.clock import Clock, RemainingSeconds
from handler.contract import (
    DEFAULT_TENANT,
    MAX_ID_BYTES,
    RUN_TIMEOUT_SECONDS,
    ErrorCode,
    Status,
    WireKey,
)
from handler.errors import DefinitionUnavailable
from handler.events import detail_of, event_of_text, is_by_hand, is_signal
from handler.lifecycle.by_hand import EventsByHand
from handler.lifecycle.calling import Calls
from handler.lifecycle.census import Census
from handler.lifecycle.closing import Closing
from handler.lifecycle.counts import Counts
from handler.lifecycle.ending import Ending
from handler.lifecycle.inquiries import Inquiries
from handler.lifecycle.log_ids import about
from handler.lifecycle.pausing import Pausing
from handler.lifecycle.post_mortem import event_of, explain, had_record
from handler.lifecycle.signal_events import SignalEvents
from handler.lifecycle.slots import Slots
from handler.lifecycle.trouble import NoTask, Trouble
from handler.lifecycle.waking import Waking
from handler.process_log import about_task
from handler.record import StoredTask, TaskFailure, cut, is_key, without_arns
from handler.table import NO_OWNER, Due, RecordMoved, Store, owned_by

log = logging.getLogger(__name__)

# How often an event is sent again before its task is given up.
MAX_RESENDS: Final = 3
# Each resend waits four times longer than the last: 2, 8, 32 and 128 minutes, almost three hours.
# The state machine itself tries for two hours to get a worker when Lambda has no capacity for one:
# such a task is late, not lost.
_RESEND_FACTOR: Final = 4
# How often the recovery starts a pending hook.
MAX_HOOK_ATTEMPTS: Final = 3
# So many records are read in one request (API reference, BatchGetItem).
_AT_A_TIME: Final = 100
_MAX_SHOWN_CHARACTERS: Final = 200
# Step Functions guide, "Handling errors in workflows".
DATA_LIMIT_EXCEEDED: Final = "States.DataLimitExceeded"


@dataclass(slots=True)
class Found:
    """What a sweep found: how many of each."""

    undelivered: int = 0  # dead letters
    ended: int = 0  # tasks whose execution was over
    sent: int = 0  # events that were sent again
    closed: int = 0  # tasks whose follow-ups were done
    freed: int = 0  # slots that nobody had any more
    left: int = 0  # tasks that are due, and left to the next sweep
    failed: int = 0  # letters, tasks and steps that could not be dealt with


class UnknownStatus(Exception):
    """A task has a status that only newer code knows."""


class UnknownOwner(Exception):
    """A record has something in the place of its execution's name."""


class UnknownDue(Exception):
    """A record does not say when its task is due."""


class Reconciliation:
    """What the recovery Lambda does: when an execution ends badly, and every few minutes.

    Args:
        remaining: how many seconds the invocation has left.
        idle_after: how long a record is left alone that nothing moves: an event takes its seconds,
            and so does whoever is about to do what is due.
    """

    def __init__(
        self,
        *,
        store: Store,
        by_hand: EventsByHand,
        ending: Ending,
        closing: Closing,
        bus: Bus,
        executions: Executions,
        dead_letters: DeadLetters,
        waking: Waking,
        calls: Calls,
        pausing: Pausing,
        signal_events: SignalEvents,
        slots: Slots,
        counts: Counts,
        clock: Clock,
        remaining: RemainingSeconds,
        idle_after: timedelta,
    ) -> None:
        self._store = store
        self._by_hand = by_hand
        self._ending = ending
        self._closing = closing
        self._bus = bus
        self._executions = executions
        self._dead_letters = dead_letters
        self._waking = waking
        self._calls = calls
        self._pausing = pausing
        self._signal_events = signal_events
        self._slots = slots
        self._counts = counts
        self._clock = clock
        self._remaining = remaining
        self._idle_after = idle_after

    def execution_ended(self, name: str, *, started_by: str = "") -> None:
        """Ends the task of an execution that is over. A second call does nothing.

        The report may be late, or come twice: an execution that runs, since somebody has redriven
        it, has no task ended.

        Args:
            started_by: the event that has started it, as JSON, where the report has it.

        Raises:
            Exception: it can't be dealt with just now. A task that sleeps is looked at by the next
                sweep, and not when it should wake.
        """
        try:
            self._execution_ended(name)
        except Exception:
            with suppress(Exception):  # what is in the way of the one may be in the other's, too
                self._ask_later(name, started_by)
            raise

    def _ask_later(self, name: str, started_by: str) -> None:
        """Has the next sweep look at the task of an execution, though it sleeps."""
        task = self._task_of(event_of_text(started_by), waits=False, is_new=False)
        if task and task.execution_name == name and task.is_asleep(self._clock.now()):
            after = task.asked_for(now=self._clock.now())
            self._store.save(after, before=task, guard=owned_by(task))

    def _execution_ended(self, name: str) -> None:
        execution = self._executions.describe(name)
        if execution.is_alive:
            return
        is_new = not had_record(execution)
        task = self._task_of(event_of(execution), waits=False, is_new=is_new)
        if task is None or task.execution_name not in (None, name):
            return  # it ran no task, or another execution owns the task
        with about(task):
            self._end_with(execution, task)

    def _end_with(self, execution: Execution, task: StoredTask) -> None:
        """Ends the task of an execution that is over."""
        if task.is_over:
            self._ending.finish(task)
        elif task.execution_name is None and task.status is Status.RUNNING:
            # The task has been handed over to a new execution: this one, or one on its way.
            if _was_started_for(task, execution):
                self._end(task, execution)
        elif task.execution_name is None and task.released_from == execution.name:
            return  # the task was woken before it had begun: the same
        elif task.execution_name is None and execution.error == ErrorCode.TASK_NOT_FOUND:
            return  # its task was deleted; this one was made since, with the same key
        elif task.execution_name is None and execution.error == DATA_LIMIT_EXCEEDED:
            self._send_without_its_input(task)
        else:
            self._end(task, execution)

    def sweep(self) -> dict[str, int]:
        """Goes through the dead letters and the tasks that are due, and counts what it did.

        Each letter and each task stands for itself: what fails is logged, counted (`failed`, and
        the metric `RecoveryErrors`), and gone past.
        """
        found, census, trouble = Found(), self._counts.census(), Trouble(self._counts)
        with trouble.past("receive dead letters"):
            for letter in self._dead_letters.receive():
                found.undelivered += 1
                with _about(letter.event):
                    self._deliver(letter, census, trouble)
        with trouble.past("read the tasks that are due"):
            self._look_at_tasks(found, census, trouble)
            census.has_all_tasks = True
        with trouble.past("delete payloads that no record names"):
            if orphans := self._store.orphans.collect():
                details = {"action": "payloads_deleted", "payloads": orphans}
                log.info("Payloads that no record names were deleted.", extra=details)
        self._counts.swept(census)
        found.failed = trouble.met
        return asdict(found)

    def _deliver(self, letter: DeadLetter, census: Census, trouble: Trouble) -> None:
        definition_id = detail_of(letter.event).get(WireKey.DEFINITION_ID, "")
        census.add_letter(definition_id)
        said = _said_of(letter.event)
        with trouble.past("deliver a dead letter", definition_id, event=said):
            self._redeliver(letter)

    def _look_at_tasks(self, found: Found, census: Census, trouble: Trouble) -> None:
        """Looks at every task that is due, and at no other."""
        inquiries = Inquiries(self._executions, clock=self._clock, remaining=self._remaining)
        all_due = self._store.watch.due_by(self._clock.now() - self._idle_after)
        while some := list(islice(all_due, _AT_A_TIME)):
            tasks = {task.id: task for task in self._tasks_of(some, trouble)}
            for due in some:
                if due.limit_id:
                    with trouble.past("look at a limit"):
                        self._look_at_limit(due, inquiries, found)
                elif task := tasks.get(due.task_id):  # else the index lags behind: it is gone
                    with about(task), trouble.past("look at a task", task.definition_id):
                        self._look(due, task, inquiries, found, census)
        if found.left:
            details = {"action": "tasks_left", "tasks": found.left}
            log.warning("Tasks that are due are left to the next sweep.", extra=details)

    def _tasks_of(self, some: Sequence[Due], trouble: Trouble) -> Sequence[StoredTask]:
        """The tasks of entries, without those that are gone. An entry of none is reported."""
        for due in some:
            if not due.task_id and not due.limit_id:
                with trouble.past("find the task of a row"):
                    raise NoTask(due)
        ids = [due.task_id for due in some if due.task_id]
        return self._store.index.tasks(ids, deleted=True)

    def _look_at_limit(self, due: Due, inquiries: Inquiries, found: Found) -> None:
        """Looks at a limit that is in use; so does the next sweep."""
        if inquiries.is_last_minute:
            found.left += 1
        elif self._store.watch.put_off(due, self._clock.now() - self._idle_after):
            found.freed += self._slots.look(due.limit_id)

    def _look(
        self, due: Due, task: StoredTask, inquiries: Inquiries, found: Found, census: Census
    ) -> None:
        """Looks at a task that is due, unless it has just moved, or another sweep looks at it.

        It is put off first: whatever the task does to this sweep, the next one has all others
        before it.
        """
        now = self._clock.now()
        census.add_task(task, now=now)
        is_in_question = task.is_in_question(now)
        is_asleep = task.is_asleep(now) and not is_in_question
        is_overdue = self._is_overdue(task)
        if not is_asleep and not is_overdue and not self._is_idle(task):
            return  # it stays due: to read it again costs less than to put it off
        is_unclear = not is_asleep and not is_overdue
        is_asked_for = task.is_open and task.execution_name is not None and is_unclear
        if inquiries.is_last_minute or (is_asked_for and inquiries.are_over):
            found.left += 1
            return
        seen = task.looked_at(now=now)
        if is_in_question:
            is_asleep = inquiries.describe(task.execution_name or "").is_alive
            seen = seen if is_asleep else task.asked_for(now=now)  # until it has been ended
        if not self._store.watch.put_off(due, seen.due_on or seen.created_on):
            return
        if "dueOn" in task.unreadable:
            raise UnknownDue(
                f'Task "{task.id}" was due on "{due.on:.60}", which is no date.'
                " Next: nothing, it is due now."
            )
        if not is_asleep:
            self._deal_with(seen, inquiries, found)

    def _deal_with(self, task: StoredTask, inquiries: Inquiries, found: Found) -> None:
        """Does what is due of a task that nothing has moved for long enough."""
        if "taskStatus" in task.unreadable:
            raise UnknownStatus(f'Task "{task.id}" has a status that this version does not know.')
        if task.is_open and ("executionName" in task.unreadable or task.execution_name == ""):
            raise UnknownOwner(
                f'Task "{task.id}" has an executionName that is none: nobody can say what runs it.'
                " Next: correct it, or abort the task."
            )
        if task.is_over:
            self._finish_follow_ups(task)
            found.closed += 1
        elif self._is_overdue(task):
            found.ended += self._end_overdue(task)
        elif task.was_called and task.execution_name:
            self._calls.call(task)
        elif task.execution_name:
            found.ended += self._end_if_over(task, inquiries.describe(task.execution_name))
        elif task.is_queued:
            found.sent += self._slots.queue_again(task)
        elif task.is_held:
            # Until somebody resumes it, or aborts it; or its definition, if it missed that.
            found.sent += self._pausing.let_go(task.id)
        elif self._ending.may_lack_definition(task):
            return  # its execution waits for the definition, too; it would not claim it
        else:
            reason = "nothing ever claimed it."
            found.sent += self._send_again(task, ErrorCode.NEVER_CLAIMED, reason)

    def _finish_follow_ups(self, task: StoredTask) -> None:
        """Runs the pending hook of a finished task; then it is dated for expiry, or removed."""
        if task.pending_hook and self._ending.may_lack_definition(task):
            self._ending.finish(task)  # its children; the hook stays until its definition is there
            return
        if task.pending_hook and task.pending_hook_attempts >= MAX_HOOK_ATTEMPTS:
            task = self._without_hook(task)
        elif task.pending_hook:
            # Counted first: a hook that kills its Lambda would keep the recovery from everything
            # else, for ever.
            started = task.hook_started()
            self._store.clear_follow_up(started, before=task)
            task = started
        if task.children_abort_pending and task.execution_name:
            # Whoever aborted it died before its execution was stopped: it may wait for a year.
            self._executions.stop(task.execution_name, cause=f'Task "{task.id}" was aborted.')
        task = self._ending.finish(task)
        if task.deletion_pending:
            self._ending.clean_up(task)
            return  # it is removed, or its hook is still to run
        if task.expiry_pending:
            self._closing.date(task)
        elif not task.has_follow_ups:
            self._store.clear_follow_up(task, before=task)  # only its place in the index was left

    def _without_hook(self, task: StoredTask) -> StoredTask:
        """Gives up a hook that never ends."""
        message = (
            f"The {task.pending_hook} hook was started {task.pending_hook_attempts} times "
            "and never ended; it is given up."
        )
        log.error(message, extra={"action": "hook_given_up", "task_id": task.id})
        if lines := self._ending.log_of(task, message, TaskFailure(message=message)):
            self._store.logs.append(lines)
        self._store.clear_follow_up(task.hook_ran(), before=task)
        return task.hook_ran()

    def _send_without_its_input(self, task: StoredTask) -> None:
        """Sends the event of a task that was too large for its execution once more, small.

        An event by hand may fit StartExecution, and not what the worker is sent for it. The
        record has its input now, and the event that is sent again names the record.
        """
        if not task.resends:
            self._send_again(task, ErrorCode.UNDELIVERED, "it was too large for an execution.")

    def _is_idle(self, task: StoredTask) -> bool:
        """Whether nothing has moved a record for long enough; for longer after each resend."""
        waits = task.is_open and task.execution_name is None
        factor = _RESEND_FACTOR ** min(task.resends, MAX_RESENDS) if waits else 1
        moved_on, now = task.saved_on or task.created_on, self._clock.now()
        # A date that is far ahead is nobody's: the clocks of machines differ by less.
        return abs(now - moved_on) >= self._idle_after * factor

    def _is_overdue(self, task: StoredTask) -> bool:
        """Whether a task's time is over, and nothing of it runs any more.

        An iteration that was running then is let come to its end, as long as its Lambda may live.
        """
        may_run = timedelta(seconds=RUN_TIMEOUT_SECONDS if task.claims_since_outcome else 0)
        return task.out_of_time(self._clock.now() - may_run) is not None

    def _end_overdue(self, task: StoredTask) -> bool:
        """Ends a task whose time is over. Returns whether that was news."""
        failure = task.out_of_time(self._clock.now())
        if failure is None or not self._ending.end_failed(task, failure, guard=owned_by(task)):
            return False
        # Whoever has woken it may have died before its execution was stopped.
        execution = task.execution_name or task.released_from
        if execution and task.waiting_until:
            self._executions.stop(execution, cause=failure.message)
        return self._report(task, is_news=True)

    def _end_if_over(self, task: StoredTask, execution: Execution) -> bool:
        return not execution.is_alive and self._end(task, execution)

    def _end(self, task: StoredTask, execution: Execution) -> bool:
        """Stores what became of the task's execution. Returns whether that was news."""
        guard = owned_by(task)
        if execution.was_stopped_for_another:
            return self._waking.wake(task, why="its execution was stopped late")
        if execution.status == ABORTED:
            message = f"The execution was stopped. {execution.cause}".strip()
            is_news = self._ending.end_aborted(task, message, guard=guard)
        else:
            failure, died = explain(execution)
            may_run = execution.status == TIMED_OUT
            is_news = self._ending.end_failed(task, failure, guard=guard, may_run=may_run)
            if died and is_news:
                self._counts.crashed(task, died)
        return self._report(task, is_news=is_news)

    def _report(self, task: StoredTask, *, is_news: bool) -> bool:
        if is_news:
            details = {"action": "recovered", "task_id": task.id}
            log.warning("A task was ended by the recovery.", extra=details)
        return is_news

    def _send_again(self, task: StoredTask, code: ErrorCode, reason: str) -> bool:
        """Sends a task's event again, up to three times; then gives the task up.

        Returns:
            Whether it did either.
        """
        if task.resends >= MAX_RESENDS:
            message = f"Its event was sent {task.resends + 1} times, and {reason}"
            failure = TaskFailure(message=message, code=code)
            is_news = self._ending.end_failed(task, failure, guard=owned_by(task))
            return self._report(task, is_news=is_news)
        after = task.resent(now=self._clock.now())
        if task.released_from and not task.resends:
            # Whoever has woken it died before its execution was stopped: it may wait for a year.
            cause = f'Task "{task.id}" runs in another execution.'
            self._executions.stop(task.released_from, cause=cause, error=WOKEN)
        try:
            self._store.save(after, before=task, guard=NO_OWNER)
        except RecordMoved:
            return False  # it has just arrived
        self._bus.send([after])
        return True

    def _redeliver(self, letter: DeadLetter) -> None:
        """Sends an undelivered event again. It leaves the queue once that is stored."""
        if is_signal(letter.event):
            self._signal_events.receive(letter.event, is_last=True)
            self._dead_letters.remove(letter)
            return
        try:
            task = self._task_of(letter.event, waits=True)
        except DefinitionUnavailable as error:
            details = {"action": "kept", "event": _said_of(letter.event)}
            log.warning("A dead letter waits for its definition. %s", error, extra=details)
            return  # it stays in the queue
        if task is None:
            details = {"action": "dropped", "event": _said_of(letter.event)}
            log.warning("A dead letter names no task; it is dropped.", extra=details)
        elif task.is_open and task.execution_name is None and not task.is_queued:
            if task.resends and not self._is_idle(task):
                return  # it was just sent again, and came back: what is in its way needs a while
            reason = f"EventBridge could not deliver it: {without_arns(letter.reason)}"
            self._send_again(task, ErrorCode.UNDELIVERED, reason)
        self._dead_letters.remove(letter)

    def _task_of(
        self, event: Mapping[str, object], *, waits: bool, is_new: bool = True
    ) -> StoredTask | None:
        """The task of an event. An event by hand gets its record now, if no worker has made it.

        An event that names a task of another tenant than its own has none.

        Args:
            is_new: whether no worker may have made it.
        """
        if not is_by_hand(event):
            detail = detail_of(event)
            task = self._store.find(str(detail[WireKey.TASK_ID]))
            tenant = detail.get(WireKey.TENANT) or DEFAULT_TENANT
            return task if task and task.tenant == tenant else None
        id = event.get("id")
        if not is_key(id, MAX_ID_BYTES):
            return None
        if is_new:
            self._by_hand.receive(event, waits=waits)
        return self._store.find(str(id))


def _was_started_for(task: StoredTask, execution: Execution) -> bool:
    """Whether an execution was started since a task has left its last one.

    It has ended before it could claim the task: it was stopped, or found no worker. One that was
    started before may have had the task.
    """
    left_on, started_on = task.saved_on, execution.started_on
    is_later = left_on is not None and started_on is not None and started_on > left_on
    return is_later and task.released_from != execution.name


def _about(event: Mapping[str, object]) -> AbstractContextManager[None]:
    """Each line that is logged in the block has the ids that an event names."""
    detail = detail_of(event)
    makes_task = is_by_hand(event) and not is_signal(event)
    return about_task(
        task_id=event.get("id") if makes_task else detail.get(WireKey.TASK_ID),
        definition_id=detail.get(WireKey.DEFINITION_ID),
        tenant=detail.get(WireKey.TENANT),
        execution_name=None,
    )


def _said_of(event: Mapping[str, object]) -> dict[str, object]:
    """What tells an event from others. The log has nothing of what somebody sent with it."""
    said = ((name, event.get(name)) for name in ("id", "source", "detail-type", "time"))
    return {
        name: cut(value, _MAX_SHOWN_CHARACTERS) for name, value in said if isinstance(value, str)
    }
