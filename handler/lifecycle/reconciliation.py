"""Brings the records in line with what really runs: no task stays open that nothing runs any
more.
"""

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from handler.aws.bus import Bus
from handler.aws.dead_letters import DeadLetter, DeadLetters
from handler.aws.executions import ABORTED, RUNNING, SUCCEEDED, Execution, Executions
from handler.aws.metrics import Meter
from handler.aws.worker_failures import Crash
from handler.clock import Clock
from handler.contract import Status, WireKey
from handler.definition.definition import Hook
from handler.definition.registry import Registry
from handler.errors import InvalidInput, RequestError
from handler.events import WorkerEvent
from handler.lifecycle.hooks import Hooks
from handler.lifecycle.service import Tasks
from handler.record.task_record import ErrorRecord, LogLine, TaskRecord
from handler.table.conditions import Guard
from handler.table.store import Store, Superseded

log = logging.getLogger(__name__)

# How often an event is sent again before its task is given up.
MOST_DELIVERIES: Final = 3
# Each time it is given so many times as long to arrive: with two minutes of patience almost three
# hours in all. For two hours the state machine itself tries to have a worker, when Lambda has no
# capacity for one: such a task is late, not lost.
_PATIENCE_GROWTH: Final = 4
# How often the recovery starts a hook that is due.
MOST_HOOK_ATTEMPTS: Final = 3

NEVER_CLAIMED: Final = "NEVER_CLAIMED"
UNDELIVERED: Final = "UNDELIVERED"
EXECUTION_ENDED: Final = "EXECUTION_ENDED"


class Reconciliation:
    """What the recovery Lambda does: when an execution ends badly, and every few minutes.

    Args: registry: the definitions. store: the table. tasks: makes the records of events that were
        sent by hand. bus: sends events again. executions: the state machine's executions.
        dead_letters: events that were not delivered. hooks: runs the hooks of what has ended.
        clock: tells the time. meter: counts how tasks end, and how workers died. patience: for how
        long a record is left alone that nothing moves: an execution that has just started may not
        be listed
            yet, and an event needs its seconds.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        store: Store,
        tasks: Tasks,
        bus: Bus,
        executions: Executions,
        dead_letters: DeadLetters,
        hooks: Hooks,
        clock: Clock,
        meter: Meter,
        patience: timedelta,
    ) -> None:
        self._meter = meter
        self._patience = patience
        self._registry = registry
        self._store = store
        self._tasks = tasks
        self._bus = bus
        self._executions = executions
        self._dead_letters = dead_letters
        self._hooks = hooks
        self._clock = clock

    def execution_ended(self, name: str) -> None:
        """Ends the task of an execution that is over, if it is open still. Told twice, it does
        nothing the second time.
        """
        execution = self._executions.describe(name)
        record = self._record_of(_event_in(execution.input))
        if record is None or record.execution_name not in (None, name):
            return  # it ran no task, or another execution owns the task
        if not record.status.is_open:
            self._hooks.run_due(record)
        elif record.execution_name is None and record.status is Status.RUNNING:
            return  # the task has moved on to a new execution, which is on its way
        else:
            self._end(record, execution)

    def sweep(self) -> dict[str, int]:
        """Looks through the dead letters, and through every open task. Returns how many of what it
        found.
        """
        found = {"undelivered": 0, "ended": 0, "sent": 0, "closed": 0}
        for letter in self._dead_letters.receive():
            self._redeliver(letter)
            found["undelivered"] += 1
        running: set[str] | None = None
        for record in self._store.open_tasks():
            if not self._is_settled(record):
                continue
            if not record.status.is_open:
                self._close_down(record)
                found["closed"] += 1
            elif record.execution_name is None:
                found["sent"] += self._send_again(record, NEVER_CLAIMED, "nothing ever claimed it.")
            else:
                running = self._executions.running() if running is None else running
                found["ended"] += record.execution_name not in running and self._end_if_over(record)
        return found

    def _close_down(self, record: TaskRecord) -> None:
        """What the end of a task has left to be done: its hook, if whoever stored the outcome died,
        and its logs' expiry.
        """
        if record.hook and record.hook_attempts >= MOST_HOOK_ATTEMPTS:
            message = (
                f"The {record.hook} hook was started {record.hook_attempts} times and never ended;"
                " it is given up."
            )
            self._store.append(
                record.log([LogLine.at(self._clock.now(), message, ErrorRecord(message=message))]),
                closes=True,
            )
            self._store.settle(record.hook_ran(), before=record)
        elif record.hook:
            # Counted first: a hook that kills its Lambda would keep the recovery from everything
            # else, for ever.
            tried = record.hook_tried()
            self._store.settle(tried, before=record)
            self._hooks.run_due(tried)
        if record.closing:
            self._store.expire_logs(record.hook_ran())

    def _is_settled(self, record: TaskRecord) -> bool:
        """Whether nothing has moved a record for long enough. What was sent again is left alone for
        longer each time.
        """
        factor = _PATIENCE_GROWTH**record.deliveries if record.execution_name is None else 1
        return (
            self._clock.now() - datetime.fromisoformat(record.saved_on or record.created_on)
            >= self._patience * factor
        )

    def _end_if_over(self, record: TaskRecord) -> bool:
        execution = self._executions.describe(record.execution_name or "")
        if execution.status == RUNNING:
            return False
        return self._end(record, execution)

    def _end(self, record: TaskRecord, execution: Execution) -> bool:
        """Stores what became of the task's execution; returns whether that was news."""
        now = self._clock.now()
        if execution.status == ABORTED:
            message = f"The execution was stopped. {execution.cause}".strip()
            after, line = (
                record.aborted(
                    now=now, hook=self._registry.due_hook(record.definition_id, Hook.ON_ABORT)
                ),
                LogLine.at(now, message),
            )
        else:
            error, crash = _error_of(execution)
            if crash:
                self._meter.count("Crashes", definition=record.definition_id, crash=crash.value)
            after = record.failed(
                now=now,
                error=error,
                hook=self._registry.due_hook(record.definition_id, Hook.ON_ERROR),
            )
            line = LogLine.at(now, error.message, error)
        is_closed = self._close(record, after, line)
        if is_closed and after.status is Status.ABORTED:
            self._tasks.abort_children(after)
        return is_closed

    def _close(self, record: TaskRecord, after: TaskRecord, line: LogLine) -> bool:
        definition = self._registry.find(record.definition_id)
        lines = record.log([line]) if definition is None or definition.database_logs else None
        guard = Guard(execution_name=record.execution_name or "", iterations=record.iterations)
        try:
            self._store.save(after, before=record, guard=guard, log=lines)
        except Superseded:
            return False  # it has moved on meanwhile: somebody runs it after all
        self._meter.count(f"Tasks{after.status.capitalize()}", definition=record.definition_id)
        log.warning(
            "A task was ended by the recovery.",
            extra={"action": "recovered", "task": record.id, "status": after.status},
        )
        self._hooks.run_due(after)
        return True

    def _send_again(self, record: TaskRecord, code: str, reason: str) -> bool:
        """Sends a task's event again, a few times; then the task is given up. Returns whether it
        did either.
        """
        now = self._clock.now()
        if record.deliveries >= MOST_DELIVERIES:
            message = f"Its event was sent {record.deliveries + 1} times, and {reason}"
            error = ErrorRecord(message=message, code=code)
            failed = record.failed(
                now=now,
                error=error,
                hook=self._registry.due_hook(record.definition_id, Hook.ON_ERROR),
            )
            return self._close(record, failed, LogLine.at(now, message, error))
        after = record.redelivered(now=now)
        try:
            self._store.save(after, before=record, guard=Guard(execution_name=""))
        except Superseded:
            return False  # it has just arrived
        self._bus.send([after])
        return True

    def _redeliver(self, letter: DeadLetter) -> None:
        """Sends an undelivered event again. It leaves the queue when that, or giving it up, is
        stored.
        """
        record = self._record_of(letter.event)
        if record is None:
            log.warning(
                "A dead letter is of no task; it is dropped.",
                extra={"action": "dropped", "event": letter.event},
            )
        elif record.status.is_open and record.execution_name is None:
            if record.deliveries and not self._is_settled(record):
                # it has just been sent again, and came back: what is in its way may need a while
                return
            self._send_again(
                record, UNDELIVERED, f"EventBridge could not deliver it: {letter.reason}"
            )
        self._dead_letters.remove(letter)

    def _record_of(self, event: Mapping[str, object]) -> TaskRecord | None:
        """The record of an event; one that was sent by hand gets its own now, if no worker came so
        far as to make it.
        """
        detail = event.get("detail")
        if not isinstance(detail, dict):
            return None
        if WireKey.TASK_ID in detail:
            return (
                self._store.find(task_id)
                if isinstance(task_id := detail[WireKey.TASK_ID], str)
                else None
            )
        if not isinstance(id := event.get("id"), str) or not id:
            return None
        try:
            self._tasks.accept(WorkerEvent.from_event(event, detail))
        except InvalidInput as error:
            self._tasks.refuse(id, detail, error)
        except RequestError:
            pass  # it is stored as failed, with the reason
        return self._store.find(id)


def _error_of(execution: Execution) -> tuple[ErrorRecord, Crash | None]:
    """What the record says of an execution that ended before its task did, and how its worker died,
    if it did.
    """
    data = {
        "execution": execution.name,
        "status": execution.status,
        "error": execution.error,
        "cause": execution.cause,
    }
    known = {name: value for name, value in data.items() if value}
    if execution.status in (SUCCEEDED, "GONE") or not execution.error:
        message = (
            f'The execution "{execution.name}" is over ({execution.status}), but the task is not.'
        )
        return ErrorRecord(message=message, code=EXECUTION_ENDED, data=known), None
    if told := _error_told(execution.cause):
        return told, None  # the worker itself has said what is wrong; it could not store it
    if execution.error.startswith("States.") and execution.error != "States.Timeout":
        message = f"The execution failed with {execution.error}. {execution.cause}"
        return ErrorRecord(message=message[:2_000], code=execution.error, data=known), None
    crash = Crash.of(execution.error, execution.cause)
    message = f"The execution failed with {execution.error}: {crash.in_words}. {execution.cause}"
    return (
        ErrorRecord(
            message=message[:2_000], code=crash.error_code, data={**known, "crash": crash.value}
        ),
        crash,
    )


def _error_told(cause: str) -> ErrorRecord | None:
    """The error that the worker answered: `Error` has it as JSON for its cause."""
    try:
        told = json.loads(cause)
    except json.JSONDecodeError:
        return None
    return (
        ErrorRecord.model_validate(told)
        if isinstance(told, dict) and isinstance(told.get("message"), str)
        else None
    )


def _event_in(execution_input: str) -> Mapping[str, object]:
    """The event that started an execution; nothing where its input is none."""
    try:
        event = json.loads(execution_input)
    except json.JSONDecodeError:
        return {}
    return event if isinstance(event, dict) else {}
