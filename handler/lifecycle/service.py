"""Trigger, abort, get, list, delete: what the API, other code and the tasks themselves share."""

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from pydantic import BaseModel

from handler.aws.bus import Bus
from handler.aws.executions import Executions
from handler.clock import Clock
from handler.contract import DEFAULT_LOCALE, DEFAULT_TENANT, MAX_WAIT_SECONDS, Status, WireKey
from handler.definition.definition import Definition, Hook, TriggerRequest
from handler.definition.registry import Registry
from handler.definition.values import stored_input
from handler.errors import BackgroundTaskError, DeliveryError, InvalidInput, NotFound, Refused
from handler.events import WorkerEvent
from handler.lifecycle.hooks import Hooks
from handler.record.failures import error_of
from handler.record.task_record import SYSTEM, ErrorRecord, Identity, LogLine, TaskLog, TaskRecord
from handler.table.conditions import Guard
from handler.table.listing import Filter, TaskPage, count_tasks, list_tasks
from handler.table.store import Store, Superseded

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 1_000
BY_HAND: Final = Identity(id="event", display_name="An event sent by hand", type="event")


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggered:
    """What became of one task of `trigger_many`: a record, or the error for which it was not
    triggered.
    """

    record: TaskRecord | None = None
    error: BackgroundTaskError | None = None


class Tasks:
    """The tasks of a stack. `from handler import tasks` is one of these, made from the environment
    at its first use.

    Args: registry: the definitions. store: the table. bus: the event bus. executions: the state
        machine's executions; without them, `abort` can't end one that waits. hooks: runs hooks
        here; without them they are left to the worker, which may do what a task may. clock: tells
        the time.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        store: Store,
        bus: Bus,
        executions: Executions | None,
        hooks: Hooks | None,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._store = store
        self._bus = bus
        self._executions = executions
        self._hooks = hooks
        self._clock = clock

    def trigger(
        self,
        definition: str | Definition,
        *,
        input: Mapping[str, object] | BaseModel | None = None,
        name: str | None = None,
        delay: float = 0,
        parent: TaskRecord | str | None = None,
        idempotency_key: str | None = None,
        tenant: str = DEFAULT_TENANT,
        locale: str = DEFAULT_LOCALE,
        created_by: Identity = SYSTEM,
    ) -> TaskRecord:
        """Stores a pending task and sends its event.

        Args: definition: the definition, or its id. input: what the definition's input model takes.
            name: for people; the definition's title by default. delay: seconds to wait before the
            first iteration, rounded up, at most 30,672,000 (355 days). parent: the task that this
            one is a child of. idempotency_key: the same key triggers one task of a definition and
            tenant, however often it is called: the
                later calls return the task of the first.
            tenant: whose task it is.
            locale: handed to the task.
            created_by: who triggers it.

        Returns:
            The record, pending.

        Raises: UnknownDefinition: there is no such definition. InvalidInput: the input doesn't
            validate, or is larger than 10 MiB. Refused: the delay is too long. DeliveryError:
            EventBridge did not take the event; the task is stored as failed, with the reason.
        """
        request = self._request(definition, input, name, delay, parent, tenant, locale, created_by)
        record, is_new = self._stored(request, idempotency_key)
        if (is_new or _was_never_delivered(record)) and (failures := self._send([record])):
            reason = failures[record.id]
            raise DeliveryError(
                f'Could not trigger task via Event Bridge! Task "{record.id}" is stored as failed:'
                f" {reason}",
                data={"id": record.id},
            )
        return record

    def trigger_many(
        self,
        definition: str | Definition,
        inputs: Iterable[Mapping[str, object] | BaseModel],
        *,
        delay: float = 0,
        parent: TaskRecord | str | None = None,
        tenant: str = DEFAULT_TENANT,
        locale: str = DEFAULT_LOCALE,
        created_by: Identity = SYSTEM,
    ) -> Sequence[Triggered]:
        """Triggers a task per input, ten events a request; returns what became of each. The rest is
        as `trigger`'s.
        """
        outcomes: list[Triggered] = []
        for input in inputs:
            try:
                request = self._request(
                    definition, input, None, delay, parent, tenant, locale, created_by
                )
                outcomes.append(Triggered(record=self._stored(request, None)[0]))
            # one that is refused doesn't keep the others; a hook may veto with whatever it likes
            except Exception as error:
                outcomes.append(Triggered(error=_as_request_error(error)))
        failures = self._send([outcome.record for outcome in outcomes if outcome.record])
        return [_with_failure(outcome, failures) for outcome in outcomes]

    def accept(self, sent: WorkerEvent) -> None:
        """Makes the record of an event that was sent by hand, once; what can't be run is stored as
        failed, with the reason.

        Raises: BackgroundTaskError: there is no such definition, the input or the delay doesn't
            validate, or a hook vetoes.
        """
        if self._store.status(sent.task_id) is not None:
            return  # the event was delivered before
        try:
            delay = max(sent.delay, 0)
            input, tenant, locale = sent.input or {}, sent.tenant, sent.locale
            request = self._request(
                sent.definition_id, input, sent.name, delay, None, tenant, locale, BY_HAND
            )
        except Exception as error:  # a hook may veto with whatever it likes
            refusal = _as_request_error(error)
            self.refuse(sent.task_id, sent.model_dump(by_alias=True), refusal)
            raise refusal from error
        self._store.create(self._record(request, sent.task_id))

    def refuse(self, id: str, sent: Mapping[str, object], error: BackgroundTaskError) -> None:
        """Stores an event that was sent by hand, and can't be run, as a failed task: whoever sent
        it finds it, and why.

        Args:
            id: the event's.
            sent: what can be read of it, by the contract's keys; what can't is left out.
            error: why it can't be run.
        """
        definition_id = _text(sent.get(WireKey.DEFINITION_ID), "unknown")
        known, input = self._registry.find(definition_id), sent.get(WireKey.INPUT)
        record = TaskRecord.new(
            now=self._clock.now(),
            id=id,
            definition_id=definition_id,
            name=_text(sent.get(WireKey.NAME), known.title if known else definition_id),
            input=dict(input) if isinstance(input, Mapping) else {},
            tenant=_text(sent.get(WireKey.TENANT), DEFAULT_TENANT),
            locale=_text(sent.get(WireKey.LOCALE), DEFAULT_LOCALE),
            created_by=BY_HAND,
        )
        failed = record.failed(now=self._clock.now(), error=error_of(error))
        self._store.create(failed, log=self._log(failed, error.message, error_of(error)))

    def send_again(self, record: TaskRecord) -> None:
        """Sends the event of a task that waits for an execution. If it can't be sent now, the sweep
        sends it later.
        """
        self._bus.send([record])

    def abort(self, id: str, message: str | None = None) -> TaskRecord:
        """Ends an open task, and its open children. A running iteration sees it at its next
        `is_aborted()`, or at its end.

        Raises:
            NotFound: there is no such task.
            Refused: it is over already.
        """
        while True:
            before = self._store.get(id)
            if not before.status.is_open:
                raise Refused(
                    "Cannot abort a task that is not pending or running!",
                    code="TASK_ABORT_ERROR",
                    data={"id": id, "status": before.status.value},
                )
            after = before.aborted(
                now=self._clock.now(),
                hook=self._registry.due_hook(before.definition_id, Hook.ON_ABORT),
            )
            try:
                self._store.save(
                    after,
                    before=before,
                    guard=Guard(),
                    log=self._log(after, message or "Task aborted."),
                )
            except Superseded as superseded:
                now = superseded.record
                if now is None or (now.status, now.saved_on) != (after.status, after.saved_on):
                    continue  # it has just ended: the next round says how
                # else it is this very write, tried again after its answer was lost
            return self._after_abort(before, after)

    def get(self, id: str) -> TaskRecord:
        """Reads a task, consistently. Raises `NotFound`."""
        return self._store.get(id)

    def list(
        self,
        wanted: Filter | None = None,
        *,
        newest_first: bool = True,
        limit: int = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> TaskPage:
        """One page of tasks, at most 1,000; `after` is the cursor of the page before."""
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidInput(f"limit is {limit}; it takes 1 to {MAX_LIMIT}.")
        return list_tasks(
            self._store, wanted or Filter(), newest_first=newest_first, limit=limit, after=after
        )

    def count(self, wanted: Filter | None = None) -> int:
        """How many tasks there are; it reads as many index entries."""
        return count_tasks(self._store, wanted or Filter())

    def logs(
        self, id: str, *, newest_first: bool = False, beyond: int | None = None
    ) -> Iterator[TaskLog]:
        """A task's logs, one per iteration, by iteration; from behind the iteration `beyond` on."""
        return self._store.logs(id, newest_first=newest_first, beyond=beyond)

    def delete(self, id: str) -> None:
        """Deletes a task that is over, with its logs.

        Raises:
            NotFound: there is no such task.
            Refused: it is open; abort it first.
        """
        record = self._store.get(id)
        if record.status.is_open:
            raise Refused(
                f'Task "{id}" is {record.status}; only a task that is over can be deleted. Abort it'
                " first.",
                code="TASK_DELETE_ERROR",
                data={"id": id, "status": record.status.value},
            )
        try:
            self._store.delete(record)
        except Superseded as superseded:
            raise NotFound(f'Task "{id}" was not found!', data={"id": id}) from superseded

    def definitions(self, *, private: bool = False) -> tuple[Definition, ...]:
        """The definitions; the private ones too where that is asked for."""
        return tuple(
            definition for definition in self._registry if private or not definition.private
        )

    def _request(
        self,
        definition: str | Definition,
        input: Mapping[str, object] | BaseModel | None,
        name: str | None,
        delay: float,
        parent: TaskRecord | str | None,
        tenant: str,
        locale: str,
        created_by: Identity,
    ) -> TriggerRequest:
        """The request as it was made, checked, and as the task's own hook leaves it."""
        known = self._registry.get(definition if isinstance(definition, str) else definition.id)
        request = TriggerRequest(
            definition_id=known.id,
            input=stored_input(known, input or {}),
            name=name or known.title,
            delay=_whole_delay(delay),
            tenant=tenant,
            locale=locale,
            parent_id=parent.id if isinstance(parent, TaskRecord) else parent,
            created_by=created_by,
        )
        changed = known.before_trigger(request)
        return replace(
            changed, input=stored_input(known, changed.input), delay=_whole_delay(changed.delay)
        )

    def _stored(
        self, request: TriggerRequest, idempotency_key: str | None
    ) -> tuple[TaskRecord, bool]:
        """The task's record, and whether this call made it."""
        id = None
        if idempotency_key is not None:
            text = f"{request.tenant}\n{request.definition_id}\n{idempotency_key}"
            id = hashlib.sha256(text.encode()).hexdigest()[:24]
        record = self._record(request, id)
        if self._store.create(record):
            return record, True
        return self._store.get(record.id), False

    def _record(self, request: TriggerRequest, id: str | None) -> TaskRecord:
        return TaskRecord.new(
            now=self._clock.now(), id=id, **asdict(request) | {"created_by": request.created_by}
        )

    def _send(self, records: Sequence[TaskRecord]) -> dict[str, str]:
        """Sends the events; the tasks of those that EventBridge didn't take become failed. Returns
        their reasons by id.
        """
        failures = self._bus.send(records)
        failed = [
            record
            for record in records
            if record.id in failures and self._undeliverable(record, failures[record.id])
        ]
        return {record.id: failures[record.id] for record in failed}

    def _undeliverable(self, record: TaskRecord, reason: str) -> bool:
        """Stores a task as failed whose event could not be sent; returns whether that is so."""
        error = ErrorRecord(
            message=f"Could not trigger task via Event Bridge! {reason}", code=DeliveryError.code
        )
        failed = record.failed(
            now=self._clock.now(),
            error=error,
            hook=self._registry.due_hook(record.definition_id, Hook.ON_ERROR),
        )
        try:
            self._store.save(
                failed,
                before=record,
                guard=Guard(execution_name=""),
                log=self._log(failed, error.message, error),
            )
        except Superseded:
            return False  # it arrived all the same
        if self._hooks:
            self._hooks.run_due(failed)
        return True

    def _after_abort(self, before: TaskRecord, after: TaskRecord) -> TaskRecord:
        # A running iteration ends by itself; an execution that only waits would go on waiting, for
        # a year if need be.
        if self._executions and before.execution_name and before.waiting_until:
            self._executions.stop(before.execution_name, cause=f'Task "{before.id}" was aborted.')
        stored = self._store.find(before.id) or after  # with what its iteration saved meanwhile
        if self._hooks:
            self._hooks.run_due(stored)
        self.abort_children(stored)
        return stored

    def abort_children(self, parent: TaskRecord) -> None:
        """Aborts the open children of a task that was aborted."""
        for child in self._store.children(parent.id):
            if child.status.is_open:
                self._abort_child(child, parent)

    def _abort_child(self, child: TaskRecord, parent: TaskRecord) -> None:
        try:
            self.abort(child.id, f'Its parent task "{parent.id}" was aborted.')
        except (Refused, NotFound):
            return  # it has just ended by itself

    def _log(
        self, record: TaskRecord, message: str, error: ErrorRecord | None = None
    ) -> TaskLog | None:
        definition = self._registry.find(record.definition_id)
        if definition and not definition.database_logs:
            return None
        return record.log([LogLine.at(self._clock.now(), message, error)])


def _text(value: object, default: str) -> str:
    return value if isinstance(value, str) and value else default


def _as_request_error(error: Exception) -> BackgroundTaskError:
    """What refuses a request: our own error, or whatever a hook has vetoed it with."""
    return (
        error
        if isinstance(error, BackgroundTaskError)
        else Refused(str(error), code=type(error).__name__)
    )


def _whole_delay(delay: float) -> int:
    if isinstance(delay, bool) or not isinstance(delay, (int, float)) or not delay >= 0:
        raise InvalidInput(
            f"delay is {delay!r}; it takes a number of seconds, 0 or more.",
            data={"delay": repr(delay)},
        )
    if delay > MAX_WAIT_SECONDS:
        raise too_long(delay)
    return math.ceil(delay)


def too_long(delay: float) -> Refused:
    """Refuses a delay: the execution would not outlive it."""
    return Refused(
        "The maximum delay for a task is 355 days.", code="MAX_DELAY_ERROR", data={"delay": delay}
    )


def _was_never_delivered(record: TaskRecord) -> bool:
    """Whether nothing says yet that its event arrived: to send it again is safe, for a task has one
    owner.
    """
    return record.status is Status.PENDING and record.execution_name is None


def _with_failure(outcome: Triggered, failures: Mapping[str, str]) -> Triggered:
    if outcome.record is None or outcome.record.id not in failures:
        return outcome
    return replace(
        outcome, error=DeliveryError(failures[outcome.record.id], data={"id": outcome.record.id})
    )
