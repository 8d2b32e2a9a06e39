"""How a task begins: its request, its record, its event."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from itertools import chain
from typing import Final, NamedTuple, TypeVar

from pydantic import BaseModel

from handler.aws import Bus
from handler.clock import Clock, Seconds, to_seconds
from handler.contract import (
    DEFAULT_LOCALE,
    DEFAULT_TENANT,
    MAX_ID_BYTES,
    MAX_TENANT_BYTES,
    MAX_WAIT_SECONDS,
    ErrorCode,
    Status,
    WireKey,
)
from handler.definition import (
    LIMITS_TAKE,
    Debounce,
    Definition,
    Registry,
    TaskCode,
    TriggerRequest,
    changed_input,
    code_of,
    is_veto,
    stored_input,
    whole_limit,
)
from handler.errors import (
    BackgroundTaskError,
    DeliveryError,
    EngineSignal,
    InvalidInput,
    Refused,
    RequestError,
    StoreUnavailable,
)
from handler.lifecycle.conflicts import Conflicts
from handler.lifecycle.debouncing import Debouncing, checked_debounce
from handler.lifecycle.ending import Ending
from handler.lifecycle.flow_keys import limit_id, value_of_key
from handler.record import (
    SYSTEM_IDENTITY,
    Identity,
    Json,
    StoredTask,
    TaskFailure,
    TaskLog,
    TaskRecord,
    TriggerResult,
    checked_tags,
    cut,
    digest,
    is_key,
    short_repr,
    to_text,
)
from handler.table import NO_OWNER, Store

_UNDELIVERED: Final = "Could not trigger task via Event Bridge!"

_MAX_SHOWN_CHARACTERS: Final = 60
# What a request to EventBridge takes: so many tasks at most are stored and not sent yet.
_SENT_TOGETHER: Final = 10
# What a request to DynamoDB reads (DynamoDB quotas, "BatchGetItem").
_READ_TOGETHER: Final = 100
# The limits of a task's time, and their names on the wire.
_LIMITS: Final = {"timeout": WireKey.TIMEOUT.value, "expires_after": WireKey.EXPIRES_AFTER.value}

# A task whose key is used again may be gone, and still to be removed.
_ATTEMPTS: Final = 3

TaskInput = Mapping[str, object] | BaseModel
Value = TypeVar("Value")


class TriggerOptions(NamedTuple):
    """What is said of a task beside its definition and its input."""

    name: str | None = None
    delay: Seconds = 0
    timeout: Seconds | None = None
    expires_after: Seconds | None = None
    parent: TaskRecord | str | None = None
    tenant: str = DEFAULT_TENANT
    locale: str = DEFAULT_LOCALE
    created_by: Identity = SYSTEM_IDENTITY
    priority: Seconds = 0
    debounce: Debounce | None = None
    tags: Mapping[str, str] | None = None


class KeyedInput(NamedTuple):
    """One of many inputs that are triggered, each once: its key, and its place among them."""

    key: str
    input: TaskInput
    place: int  # counted from 0


class Triggering:
    """Makes tasks: validates, stores, sends."""

    def __init__(
        self,
        *,
        registry: Registry,
        store: Store,
        bus: Bus,
        ending: Ending,
        conflicts: Conflicts,
        debouncing: Debouncing,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._store = store
        self._bus = bus
        self._ending = ending
        self._conflicts = conflicts
        self._debouncing = debouncing
        self._clock = clock

    def trigger(
        self,
        definition: str | Definition,
        input: TaskInput | None,
        options: TriggerOptions,
        *,
        idempotency_key: str | None,
    ) -> StoredTask:
        """Stores a pending task and sends its event. Raises as `Tasks.trigger`."""
        key = checked_idempotency_key(idempotency_key)
        request = self.request(definition, input, options)
        debounce = checked_debounce(options.debounce, request)
        task, is_new = self._stored(request, key, debounce)
        if is_new or debounce is None:  # who pushes a task back sends no event: it waits already
            self.deliver(task, is_new=is_new)
        return task

    def trigger_many(
        self,
        definition: str | Definition,
        inputs: Iterable[TaskInput],
        options: TriggerOptions,
        *,
        idempotency_key: str | None = None,
        is_late: Callable[[], bool] = lambda: False,
    ) -> Sequence[TriggerResult]:
        """Triggers a task per input, ten events a request. They are sent as the tasks are stored.

        Where the table is out of reach, or it is late, the inputs that are left are not tried.

        Args:
            idempotency_key: of them all: each input has one of its own, by its place.
            is_late: whether to stop, asked before each input.
        """
        key, given = checked_idempotency_key(idempotency_key), list(inputs)
        outcomes: list[StoredTask | BackgroundTaskError] = []
        unsent: list[StoredTask] = []
        failures: dict[str, str] = {}
        try:
            for input, own, earlier in self._with_earlier(definition, given, key, options.tenant):
                if is_late():
                    outcomes += [_not_tried()] * (len(given) - len(outcomes))
                    break
                outcome = earlier or self._attempt(definition, input, options, own)
                outcomes.append(outcome)
                if isinstance(outcome, StoreUnavailable):
                    outcomes += [outcome] * (len(given) - len(outcomes))
                    break
                if isinstance(outcome, StoredTask) and may_be_undelivered(outcome):
                    unsent.append(outcome)
                if len(unsent) == _SENT_TOGETHER:
                    failures |= self.send(unsent)
                    unsent.clear()
        finally:
            failures |= self.send(unsent)
        return [_result(outcome, failures) for outcome in outcomes]

    def trigger_missing(
        self,
        definition: str | Definition,
        inputs: Sequence[KeyedInput],
        options: TriggerOptions,
    ) -> None:
        """Triggers a task for each key and input, ten events a request; the same key, once.

        A task whose event could not be sent is stored as failed.

        Raises:
            As `Tasks.trigger`, for the first input that is refused: those before it are triggered.
            One that does not validate is named by its place.
        """
        new: list[StoredTask] = []
        try:
            for key, input, place in inputs:
                try:
                    request = self.request(definition, input, options)
                except InvalidInput as error:
                    raise _with_place(error, place) from error
                task, _ = self._stored(request, key)
                if may_be_undelivered(task):
                    new.append(task)
        finally:
            self.send(new)

    def ids_by(self, definition: str | Definition, key: str, tenant: str) -> set[str]:
        """The ids that the task of a key may have: its definition may have been renamed since."""
        known = definition if isinstance(definition, str) else definition.id
        return {_id_of(tenant, name, key) for name in self._registry.names_of(known)}

    def request(
        self, definition: str | Definition, input: TaskInput | None, options: TriggerOptions
    ) -> TriggerRequest:
        """The request, validated, as the task's own hook leaves it. Raises as `Tasks.trigger`."""
        known = self._registry.get(definition if isinstance(definition, str) else definition.id)
        checked = _checked_input(known, input)
        stored = attempted(lambda: stored_input(code_of(known), checked))
        tags = {**known.tags, **checked_tags(options.tags)}
        return self.request_of(known, stored, options._replace(tags=tags))

    def request_of(self, known: Definition, input: Json, options: TriggerOptions) -> TriggerRequest:
        """The request of an input that is valid, as the task's own hook leaves it.

        Raises:
            As `Tasks.trigger`.
        """
        parent = options.parent
        request = TriggerRequest(
            definition_id=known.id,
            input=input,
            name=options.name or known.title,
            delay=options.delay,
            timeout=known.timeout if options.timeout is None else options.timeout,
            expires_after=(
                known.expires_after if options.expires_after is None else options.expires_after
            ),
            tenant=options.tenant,
            locale=options.locale,
            parent_id=parent.id if isinstance(parent, TaskRecord) else parent,
            created_by=options.created_by,
            priority=options.priority,
            tags=options.tags or {},
        )
        checked = _with_whole_times(request)
        return attempted(lambda: _before_trigger(code_of(known), checked))

    def record_of(
        self, request: TriggerRequest, *, id: str | None = None, **more: object
    ) -> StoredTask:
        """The record of a new task.

        Args:
            more: fields that no request has.
        """
        now, fields = self._clock.now(), asdict(request)
        limits = {"deadline": fields.pop("timeout"), "start_by": fields.pop("expires_after")}
        fields |= {
            name: now + timedelta(seconds=limit)
            for name, limit in limits.items()
            if limit is not None
        }
        fields["created_by"] = request.created_by
        fields["created_by_version"] = self._store.code_version or None
        fields |= self._limit_of(request)
        return StoredTask.new(now=now, id=id, **fields | more)

    def create(
        self,
        task: StoredTask,
        *,
        log: TaskLog | None = None,
        also: Sequence[dict[str, object]] = (),
    ) -> tuple[StoredTask, bool]:
        """Stores a task: with a slot or in the queue, where its definition has a limit.

        Args:
            also: what is written with it.

        Returns:
            The task of that id, and whether this call made it; or the one that runs in its place,
            where its definition says so.

        Raises:
            Refused: one that was deleted is still to be removed; or the slots of its key are taken,
                and its definition refuses it then.
        """
        for _ in range(_ATTEMPTS):
            if made := self._conflicts.create(task, log=log, also=also):
                return made, made.id == task.id
            if known := self._store.find(task.id):
                return known, False
            self._ending.remove_gone(task.id)
        raise Refused(
            f'Task "{task.id}", which has this key, was deleted, and is still to be removed. '
            "Next: trigger it again in some minutes, or with another key.",
            code=ErrorCode.TASK_DELETE_ERROR,
            data={"id": task.id},
        )

    def deliver(self, task: StoredTask, *, is_new: bool) -> None:
        """Sends the event of a stored task, if it is new or may not have arrived.

        Raises:
            DeliveryError: EventBridge did not take it, now or when somebody has sent it before.
        """
        if may_be_undelivered(task):
            self._raise_undelivered(task, self.send([task]))
        elif not is_new and _was_undelivered(task):  # whoever has sent it has heard the same
            self._raise_undelivered(task, {task.id: task.failure.message})

    def send(self, tasks: Sequence[StoredTask]) -> dict[str, str]:
        """Sends the events of tasks. A task whose event EventBridge did not take becomes failed.

        Returns:
            Why, by the ids of the tasks that are stored as failed.
        """
        failures = self._bus.send(tasks)
        return {
            task.id: failures[task.id]
            for task in tasks
            if task.id in failures and self._is_undelivered(task, failures[task.id])
        }

    def send_again(self, task: StoredTask) -> None:
        """Sends the event of a task without an execution. If it fails, the sweep sends it later."""
        self._bus.send([task])

    def _with_earlier(
        self,
        definition: str | Definition,
        inputs: Sequence[TaskInput],
        key: str | None,
        tenant: str,
    ) -> Iterator[tuple[TaskInput, str | None, StoredTask | None]]:
        """Each of many inputs with its own key, and the task that it has triggered before.

        A hundred are looked for at a time: so a call that is repeated comes to what is missing.
        """
        if key is None:
            yield from ((input, None, None) for input in inputs)
            return
        for start in range(0, len(inputs), _READ_TOGETHER):
            some = inputs[start : start + _READ_TOGETHER]
            keys = [f"{key}\nof many\n{start + place}" for place in range(len(some))]
            ids = [self.ids_by(definition, own, tenant) for own in keys]
            try:
                known = {task.id: task for task in self._store.index.tasks(chain(*ids))}
            except StoreUnavailable:  # so it is for what follows, which says so
                known = {}
            for input, own, each in zip(some, keys, ids, strict=True):
                yield input, own, next((known[id] for id in each if id in known), None)

    def _attempt(
        self,
        definition: str | Definition,
        input: TaskInput,
        options: TriggerOptions,
        key: str | None,
    ) -> StoredTask | BackgroundTaskError:
        try:
            return self._stored(self.request(definition, input, options), key)[0]
        except Exception as error:  # one refused input does not keep the others
            return as_request_error(error) if is_veto(error) else _alone(error)

    def _stored(
        self, request: TriggerRequest, key: str | None, debounce: Debounce | None = None
    ) -> tuple[StoredTask, bool]:
        """The task's record, and whether this call made it."""
        if key is not None and (earlier := self._by_an_alias(request, key)):
            return earlier, False
        id = None if key is None else _id_of_request(request, key)
        if debounce is None:
            return self.create(self.record_of(request, id=id))
        if id and (earlier := self._store.find(id)):
            return earlier, False  # the same trigger, said again
        return self._debouncing.task_of(
            debounce, lambda: self.record_of(request, id=id), self.create
        )

    def _limit_of(self, request: TriggerRequest) -> Json:
        """What the record of a task says of its limits, if its definition has any.

        Raises:
            InvalidInput: a key can't be told.
        """
        definition, said = self._registry.get(request.definition_id), Json()
        if concurrency := definition.concurrency:
            value = value_of_key(definition, concurrency.key, request)
            id = limit_id(definition.id, value)
            said |= {"limit_id": id, "concurrency_key": value.shown}
        if rate := definition.rate:
            value = value_of_key(definition, rate.key, request)
            said["rate_id"] = limit_id(definition.id, value, of="rate")
        return said

    def _by_an_alias(self, request: TriggerRequest, key: str) -> StoredTask | None:
        """The task of a key that was triggered before its definition was renamed."""
        names = self._registry.names_of(request.definition_id)
        ids = (_id_of(request.tenant, name, key) for name in names if name != request.definition_id)
        return next(filter(None, map(self._store.find, ids)), None)

    def _is_undelivered(self, task: StoredTask, reason: str) -> bool:
        """Stores a task as failed whose event was not sent. Returns whether it is stored so."""
        failure = TaskFailure(message=f"{_UNDELIVERED} {reason}", code=ErrorCode.TRIGGER_TASK_ERROR)
        if self._ending.end_failed(task, failure, guard=NO_OWNER):
            return True
        # It arrived all the same; or somebody else, with the same key, has failed to send it too.
        now = self._store.find(task.id)
        return now is not None and _was_undelivered(now)

    def _raise_undelivered(self, task: StoredTask, failures: Mapping[str, str]) -> None:
        if task.id in failures:
            reason = failures[task.id].removeprefix(_UNDELIVERED).strip()
            raise DeliveryError(
                f'{_UNDELIVERED} Task "{task.id}" is stored as failed: {reason}'
                " Next: retry that task.",
                data={"id": task.id},
            )


def _alone(error: Exception) -> BackgroundTaskError:
    """An error: where the input is at fault, without what it came of, which takes memory."""
    kept = as_request_error(error)
    if isinstance(error, RequestError):
        kept.__cause__ = kept.__context__ = kept.__traceback__ = None
    return kept


def _with_place(error: InvalidInput, place: int) -> InvalidInput:
    """The same error, which says of which of many inputs it is."""
    return InvalidInput(
        f"{error.message} It is at place {place:,} of the inputs, counted from 0.",
        code=error.code,
        data={**(error.data or {}), "place": place},
    )


def as_request_error(error: BaseException) -> BackgroundTaskError:
    """What refuses a request: our own error, or whatever a hook has vetoed it with."""
    if isinstance(error, BackgroundTaskError):
        return error
    failure = TaskFailure.from_exception(error)
    refused = Refused(failure.message, code=failure.code, data=failure.data)
    refused.__cause__ = error
    return refused


def attempted(run: Callable[[], Value]) -> Value:
    """What an author's code returns. What is not an `Exception` refuses the request.

    A hook that calls `sys.exit` must not end the process that triggers. `KeyboardInterrupt` comes
    through: outside of a Lambda, it is a person who stops the program.
    """
    try:
        return run()
    except (Exception, EngineSignal, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise as_request_error(error) from error


def _before_trigger(code: TaskCode, request: TriggerRequest) -> TriggerRequest:
    """The request as the task's own hook leaves it, checked again."""
    changed = code.before_trigger(request)
    if changed.input != request.input:
        changed = replace(changed, input=changed_input(code, request.input, changed.input))
    _check_key("tenant", changed.tenant, max_bytes=MAX_TENANT_BYTES)
    if changed.parent_id is not None:
        _check_key("parent", changed.parent_id, max_bytes=MAX_ID_BYTES)
    return _with_whole_times(changed)


def _with_whole_times(request: TriggerRequest) -> TriggerRequest:
    """The request with its delay and its limits in whole seconds, and its tags, checked."""
    delay = _whole_delay(request.delay)
    timeout = _whole_limit("timeout", request.timeout)
    expires_after = _whole_limit("expires_after", request.expires_after)
    for name, limit in (("timeout", timeout), ("expires_after", expires_after)):
        if limit is not None and delay >= limit:
            raise Refused(
                f"A delay of {delay} s, and {name} is {limit} s: the task would end before it"
                f" starts. Next: a shorter delay, or a longer {name}.",
                code=ErrorCode.MAX_DELAY_ERROR,
                data={"delay": delay, _LIMITS[name]: limit},
            )
    return replace(
        request,
        delay=delay,
        timeout=timeout,
        expires_after=expires_after,
        priority=_whole_priority(request.priority),
        tags=checked_tags(request.tags),
    )


def _checked_input(definition: Definition, input: object) -> TaskInput:
    if input is None:
        return {}
    if isinstance(input, Mapping | BaseModel):
        return input
    raise InvalidInput(
        f'Validation failed. The input of task "{definition.id}" is {short_repr(input)}; it takes'
        " an object, such as {}."
    )


def _check_key(name: str, value: object, *, max_bytes: int) -> None:
    if not is_key(value, max_bytes):
        shown = _shown(value)
        raise InvalidInput(
            f'{name} is "{shown}"; it takes Unicode text of 1 to {max_bytes} bytes.',
            data={name: shown},
        )


def checked_idempotency_key(key: object) -> str | None:
    """A key, if it can be one: an empty one is a number that somebody has forgotten."""
    if key is None or (isinstance(key, str) and key):
        return key
    raise InvalidInput(
        f"idempotency_key is {short_repr(key)}; it takes a text that is not empty, or None.",
        data={"idempotencyKey": short_repr(key)},
    )


def delay_too_long(delay: float) -> Refused:
    """Refuses a delay: the execution would not outlive it."""
    return Refused(
        "The maximum delay for a task is 355 days.",
        code=ErrorCode.MAX_DELAY_ERROR,
        data={"delay": delay if math.isfinite(delay) else str(delay)},
    )


def _id_of_request(request: TriggerRequest, idempotency_key: str) -> str:
    return _id_of(request.tenant, request.definition_id, idempotency_key)


def _id_of(tenant: str, definition_id: str, idempotency_key: str) -> str:
    text = f"{tenant}\n{definition_id}\n{idempotency_key}"
    return digest(text)[:24]


def _whole_delay(delay: Seconds) -> int:
    try:
        seconds = to_seconds(delay, name="delay")
    except (TypeError, ValueError):
        seconds = -1.0
    except OverflowError:  # a whole number that no float holds
        seconds = math.inf if delay > 0 else -1.0  # type: ignore[operator]
    if seconds < 0:
        raise InvalidInput(
            f"delay is {_quoted(delay)}; it takes seconds or a timedelta, 0 or more.",
            data={"delay": _shown(delay)},
        )
    if seconds > MAX_WAIT_SECONDS:
        raise delay_too_long(seconds)
    return math.ceil(seconds)


def _whole_priority(priority: Seconds) -> int:
    try:
        seconds = to_seconds(priority, name="priority")
    except (TypeError, ValueError, OverflowError):
        seconds = -1.0
    if not 0 <= seconds <= MAX_WAIT_SECONDS:
        raise InvalidInput(
            f"priority is {_quoted(priority)}; it takes seconds or a timedelta, 0 to "
            f"{MAX_WAIT_SECONDS:,} s (355 days): a head start in the queue.",
            data={"priority": _shown(priority)},
        )
    return math.ceil(seconds)


def _whole_limit(name: str, limit: Seconds | None) -> int | None:
    if limit is None:
        return None
    if (seconds := whole_limit(limit)) is None:
        message = f"{name} is {_quoted(limit)}; it takes {LIMITS_TAKE}."
        raise InvalidInput(message, data={_LIMITS[name]: _shown(limit)})
    return seconds


def _shown(value: object) -> str:
    return cut(to_text(value), _MAX_SHOWN_CHARACTERS)


def _quoted(value: object) -> str:
    """`value` for a message. A text is in quotes: without them, "5" would look like a number."""
    return f'"{_shown(value)}"' if isinstance(value, str) else _shown(value)


def may_be_undelivered(task: StoredTask) -> bool:
    """Whether the event may not have arrived. Resending is safe: a task has one owner.

    The event of one that queues, or is paused, is sent when it may go on.
    """
    is_waiting = task.is_queued or task.is_paused
    return task.status is Status.PENDING and task.execution_name is None and not is_waiting


def _was_undelivered(task: StoredTask) -> bool:
    return task.has_failed and task.failure.code == ErrorCode.TRIGGER_TASK_ERROR


def _result(
    outcome: StoredTask | BackgroundTaskError, failures: Mapping[str, str]
) -> TriggerResult:
    if isinstance(outcome, BackgroundTaskError):
        return TriggerResult(error=outcome)
    reason = failures.get(outcome.id)
    if reason is None and _was_undelivered(outcome):  # of an earlier call, with the same key
        reason = outcome.failure.message
    if reason is None:
        return TriggerResult(record=outcome.to_record())
    error = DeliveryError(reason, data={"id": outcome.id})
    return TriggerResult(record=outcome.to_record(), error=error)


def _not_tried() -> Refused:
    return Refused(
        "The time of the request was over before this input's turn. Next: send the request once"
        " more, with the same idempotencyKey: what it has triggered is not triggered again.",
        code=ErrorCode.NOT_TRIED,
    )
