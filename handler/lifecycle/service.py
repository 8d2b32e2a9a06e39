"""`handler.tasks`: what authors and the API do with tasks.

It is not called tasks.py, since `handler.tasks` is the object.
"""

import itertools
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Final

from handler.clock import Clock, Seconds, to_iso
from handler.contract import (
    DEFAULT_LOCALE,
    DEFAULT_TENANT,
    MAX_ID_BYTES,
    MAX_RETENTION_DAYS,
    MAX_TENANT_BYTES,
    ErrorCode,
)
from handler.definition import Debounce, Definition, Registry
from handler.errors import InvalidInput, NotFound, Refused, StoreUnavailable
from handler.lifecycle.bulk import Bulk, BulkVerb, checked_filter, checked_rate
from handler.lifecycle.ending import Ending
from handler.lifecycle.limiting import Limiting
from handler.lifecycle.pausing import Pausing
from handler.lifecycle.retrying import Retrying
from handler.lifecycle.signalling import SignalData, Signalling
from handler.lifecycle.triggering import (
    KeyedInput,
    TaskInput,
    Triggering,
    TriggerOptions,
)
from handler.lifecycle.waking import Waking
from handler.process_log import task_at_hand
from handler.record import (
    SYSTEM_IDENTITY,
    BulkResult,
    Identity,
    Json,
    LimitPage,
    LimitState,
    Pause,
    Signal,
    TaskLog,
    TaskRecord,
    TaskSettings,
    TriggerResult,
    cut,
    is_key,
    short_repr,
    to_text,
)
from handler.table import (
    CountBudget,
    Filter,
    SortBy,
    Store,
    TaskCount,
    TaskPage,
    count_by_status,
    count_tasks,
    list_tasks,
)
from handler.waiting import Pauses, result_of, until_over

log = logging.getLogger(__name__)
# Whatever the level of the other lines: who has deleted a task is known from here alone.
log.setLevel(logging.INFO)
DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 1_000
_MAX_SHOWN_CHARACTERS: Final = 60
_TRIGGERED_AT_A_TIME: Final = 100
_A_DAY: Final = timedelta(days=1)
_PAUSES: Final = Pauses(first=0.2, longest=10.0)


LimitKey = object
"""The value of a limit's key: a text, a number, a bool or `None`; or a list or a tuple of these."""


class Tasks:
    """The tasks of a stack: `from handler import tasks`.

    Raises (every method):
        StoreUnavailable: the table stayed unreachable for as long as there was time.
        StoreError: the table refused a request.
        SettingsError: an environment variable is missing.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        store: Store,
        triggering: Triggering,
        ending: Ending,
        waking: Waking,
        clock: Clock,
        retrying: Retrying,
        signalling: Signalling,
        bulk: Bulk,
        pausing: Pausing,
        limiting: Limiting,
    ) -> None:
        self._registry = registry
        self._store = store
        self._triggering = triggering
        self._ending = ending
        self._waking = waking
        self._clock = clock
        self._retrying = retrying
        self._signalling = signalling
        self._bulk = bulk
        self._pausing = pausing
        self._limiting = limiting

    def trigger(
        self,
        definition: str | Definition,
        *,
        input: TaskInput | None = None,
        name: str | None = None,
        delay: Seconds = 0,
        timeout: Seconds | None = None,
        expires_after: Seconds | None = None,
        priority: Seconds = 0,
        debounce: Debounce | None = None,
        tags: Mapping[str, str] | None = None,
        parent: TaskRecord | str | None = None,
        idempotency_key: str | None = None,
        tenant: str = DEFAULT_TENANT,
        locale: str = DEFAULT_LOCALE,
        created_by: Identity = SYSTEM_IDENTITY,
    ) -> TaskRecord:
        """Stores a pending task and sends its event.

        Args:
            definition: the definition, or its id.
            input: what the definition's input model takes.
            name: for people, cut to 1,000 characters; the definition's title by default.
            delay: how long to wait before the first iteration: seconds, rounded up, or a
                `timedelta`; at most 355 days.
            timeout: it fails (`TASK_TIMEOUT`) if it is not over so long after this call: seconds,
                rounded up, or a `timedelta`; above 0, at most 355 days. The definition's by
                default.
            expires_after: the same (`TASK_EXPIRED`), if it has not started by then.
            priority: where its definition has a `Concurrency`, its head start in the queue of its
                key: seconds, rounded up, or a `timedelta`; at most 355 days.
            debounce: has a burst of triggers run one task, with the input of the last one: the
                record is that of the burst. An `idempotency_key` that is known wins over it.
            tags: what it is found by (`Filter(tags=...)`), beside its definition's tags, which they
                win over: up to ten in all, texts of 1 to 128 bytes with texts of 1 to 256 bytes. A
                task keeps those of its first trigger.
            parent: the task that this one is a child of.
            idempotency_key: the same key triggers one task of a definition and tenant, however
                often it is called: later calls return the task of the first, as it stands. A key is
                known for as long as its task is: until it is deleted, or its days of retention have
                passed; a child's until its parent's have.
            tenant: whose task it is: a text of 1 to 256 bytes.
            locale: handed to the task, cut to 100 characters.
            created_by: who triggers it.

        Returns:
            The record, pending.

        Raises:
            UnknownDefinition: there is no such definition.
            InvalidInput: the input does not validate, or is larger than 10 MiB; or the tenant or
                the parent can't be a key of the table; or a limit of its time is none, or its
                priority, its tags, or the key of its definition's limit.
            Refused: the delay is too long, or not shorter than `timeout` or `expires_after`; or all
                slots of its key are taken (`TASK_CONFLICT`), and its definition refuses it then.
            DeliveryError: EventBridge did not take the event; the task is stored as failed, with
                the reason.
        """
        options = TriggerOptions(
            name=name,
            delay=delay,
            timeout=timeout,
            expires_after=expires_after,
            priority=priority,
            debounce=debounce,
            tags=tags,
            parent=parent,
            tenant=tenant,
            locale=locale,
            created_by=_whose(created_by, name="created_by"),
        )
        key = idempotency_key
        return self._triggering.trigger(definition, input, options, idempotency_key=key).to_record()

    def trigger_many(
        self,
        definition: str | Definition,
        inputs: Iterable[TaskInput],
        *,
        name: str | None = None,
        delay: Seconds = 0,
        timeout: Seconds | None = None,
        expires_after: Seconds | None = None,
        priority: Seconds = 0,
        tags: Mapping[str, str] | None = None,
        parent: TaskRecord | str | None = None,
        idempotency_key: str | None = None,
        tenant: str = DEFAULT_TENANT,
        locale: str = DEFAULT_LOCALE,
        created_by: Identity = SYSTEM_IDENTITY,
    ) -> Sequence[TriggerResult]:
        """Triggers a task per input, ten events a request. Arguments are as `trigger`'s.

        While the table is out of reach, the inputs that are left are not tried: each has the error.

        Args:
            idempotency_key: of the whole call: each input has a key of its own, by its place. To
                repeat the call, with all of its inputs in their order, triggers those that are
                missing.

        Returns:
            What became of each input, in order. One that is refused does not keep the others.
        """
        return trigger_in_time(
            self,
            definition,
            inputs,
            TriggerOptions(
                name=name,
                delay=delay,
                timeout=timeout,
                expires_after=expires_after,
                priority=priority,
                tags=tags,
                parent=parent,
                tenant=tenant,
                locale=locale,
                created_by=created_by,
            ),
            idempotency_key=idempotency_key,
        )

    def abort(
        self, id: str, message: str | None = None, *, by: Identity = SYSTEM_IDENTITY
    ) -> TaskRecord:
        """Ends an open task and its open children.

        A running iteration sees it at its next `context.is_aborted()`, or at its end.

        Args:
            message: for the task's log, which keeps 4,000 characters of it.
            by: who aborts it: the log of the task, and of its children, says so.

        Raises:
            NotFound: there is no such task.
            Refused: it is over already.
        """
        who = _acting(by)
        aborted = self._ending.abort(_checked(id), message or "Task aborted.", by=who).to_record()
        _log_action("task_aborted", aborted, who)
        return aborted

    def run_now(self, id: str, *, by: Identity = SYSTEM_IDENTITY) -> TaskRecord:
        """Ends the delay or the wait of a task: its next iteration runs at once.

        A task that does not wait is left alone, so that to say it twice is as good as once.

        Args:
            by: who does it: the log of the task says so.

        Returns:
            The task as it now stands. Its next iteration is on its way.

        Raises:
            NotFound: there is no such task.
            Refused: it is over.
        """
        who = _acting(by)
        record = self._waking.run_now(_checked(id), by=who).to_record()
        _log_action("task_run_now", record, who)
        return record

    def pause(self, id: str, *, by: Identity = SYSTEM_IDENTITY) -> TaskRecord:
        """Has nothing run a task until it is resumed, or aborted.

        It stays pending or running, with `paused_on`. The iteration in hand goes on to its end; the
        next one waits. A wait, a deadline and the days of retention go on meanwhile. To say it
        twice is as good as once.

        Args:
            by: who does it: the log of the task says so.

        Raises:
            NotFound: there is no such task.
            Refused: it is over.
        """
        who = _acting(by)
        record = self._waking.pause(_checked(id), by=who).to_record()
        _log_action("task_paused", record, who)
        return record

    def resume(self, id: str, *, by: Identity = SYSTEM_IDENTITY) -> TaskRecord:
        """Has a paused task go on: at once, or when what is left of its wait has passed.

        A task that is not paused is left alone, so that to say it twice is as good as once.

        Args:
            by: who does it: the log of the task says so.

        Raises:
            NotFound: there is no such task.
            Refused: it is over; or its definition is paused, or all are: resume that.
        """
        self._pausing.check_may_resume(self._store.get(_checked(id)))
        who = _acting(by)
        record = self._waking.resume(id, by=who).to_record()
        _log_action("task_resumed", record, who)
        return record

    def pause_definition(
        self,
        definition: str | Definition,
        *,
        tenant: str | None = None,
        by: Identity = SYSTEM_IDENTITY,
    ) -> Pause:
        """Has nothing run the tasks of a definition until it is resumed, the coming ones too.

        Each process knows of it within 30 seconds. The iterations in hand go on to their end; each
        task is held before its next one, and leaves its execution. It stays pending or running,
        with `paused_on`, and `paused_with` is "definition". One that waits is held when it wakes.
        It can be aborted; a deadline and the days of retention go on. To say it twice is as good as
        once.

        Args:
            definition: the definition, or its id.
            tenant: whose tasks; `None`: those of every tenant.
            by: who does it: the log of the process says so, and `pauses`.

        Raises:
            UnknownDefinition: there is no such definition.
            Refused: it is the engine's own; or there are 100 pauses.
            InvalidInput: the tenant can't be a key of the table.
        """
        id = definition if isinstance(definition, str) else definition.id
        return self._pause(id, tenant, by)

    def resume_definition(
        self,
        definition: str | Definition,
        *,
        tenant: str | None = None,
        rate: float | None = None,
        by: Identity = SYSTEM_IDENTITY,
    ) -> TaskRecord:
        """Has the tasks of a paused definition go on: a task of the engine's own does it.

        Each goes on at once, or when what is left of its wait has passed. One that somebody has
        paused by itself stays paused, and so does one that another pause holds: `pauses` says. To
        say it twice, or of a definition that is not paused, is as good as once.

        Args:
            definition: the definition, or its id.
            tenant: as of the pause.
            rate: how many tasks a second at most: 0.001 to 1,000; 25 by default.
            by: who does it: the log of the process says so.

        Returns:
            The task that does the work. Its output has how many were `done`, as of `abort_many`.

        Raises:
            UnknownDefinition: there is no such definition, and no pause of one.
            Refused: it is not paused for these, but for every tenant, or for another one alone.
            InvalidInput: the rate is out of its range, or the tenant can't be a key of the table.
            DeliveryError: EventBridge did not take the event. Say it again; else the sweep lets the
                tasks go on, within a day.
        """
        id = definition if isinstance(definition, str) else definition.id
        return resume_with_others(self, id, tenant=tenant, rate=rate, by=by)

    def pause_all(self, *, tenant: str | None = None, by: Identity = SYSTEM_IDENTITY) -> Pause:
        """Has nothing run any task until all are resumed. All else is as of `pause_definition`.

        `paused_with` is "all". The engine's own tasks go on: they carry out what is said meanwhile.

        Args:
            tenant: whose tasks; `None`: those of the whole stack.
            by: who does it.
        """
        return self._pause(None, tenant, by)

    def resume_all(
        self,
        *,
        tenant: str | None = None,
        rate: float | None = None,
        by: Identity = SYSTEM_IDENTITY,
    ) -> TaskRecord:
        """Ends `pause_all`. A definition that is paused stays so. As `resume_definition`."""
        return resume_with_others(self, None, tenant=tenant, rate=rate, by=by)

    def pauses(self) -> tuple[Pause, ...]:
        """What is paused, of definitions and of all, as it now stands; the oldest first."""
        return self._pausing.pauses()

    def _pause(self, definition_id: str | None, tenant: str | None, by: Identity) -> Pause:
        checked = None if tenant is None else _checked_tenant(tenant)
        pause = self._pausing.pause(definition_id, tenant=checked, by=_whose(by))
        _log_pause("paused", pause, by)
        return pause

    def limits(
        self,
        definition: str | Definition,
        *,
        key: LimitKey = None,
        limit: int = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> LimitPage:
        """The limits of a definition's tasks that are in use, or set: a page, by their first use.

        A page may have few limits, or none, and a cursor all the same. It costs two requests, and
        one more for each limit that has a queue, or more than 50 slots.

        Args:
            definition: the definition, or its id.
            key: asks for one limit, by the value of its key: what the field has, or the function
                returns; for a key that is a tuple, a list or a tuple of these. `None`: all limits.
            limit: how many at most, 1 to 100.
            after: the cursor of the page before.

        Raises:
            UnknownDefinition: there is no such definition.
            InvalidInput: it has no `Concurrency`, or its key has no such value; the limit is out
                of its range, or the cursor is not valid.
        """
        return self._limiting.limits(definition, key=key, tenant=None, limit=limit, after=after)

    def set_limit(
        self,
        definition: str | Definition,
        limit: int,
        *,
        key: LimitKey = None,
        by: Identity = SYSTEM_IDENTITY,
    ) -> LimitState:
        """Sets how many tasks of a key run at a time, without a deploy, until `reset_limit`.

        It holds for those that start from then on: who has a slot keeps it. A raised limit sends
        the queue off, for six seconds; those who start, and the sweep, go on. Later deploys change
        nothing of it.

        Args:
            definition: the definition, or its id.
            limit: how many; 0 to 1,000; 0 lets none start.
            key: the value of its key, as of `limits`; `None`: the one limit of a definition whose
                `Concurrency` has no key; `[None]`: the limit of the tasks without a value.
            by: who does it: the limit says so, and the log of the process.

        Returns:
            The limit, as it then stands.

        Raises:
            UnknownDefinition: there is no such definition.
            InvalidInput: it has no `Concurrency`, or its key has no such value; or the number is
                out of its range.
        """
        whose, one = _whose(by), self._limiting.of(definition, key)
        change = self._limiting.set(one, limit, by=whose)
        _log_limit("limit_set", change.before, change.state.slots, change.state, whose)
        return change.state

    def reset_limit(
        self,
        definition: str | Definition,
        *,
        key: LimitKey = None,
        by: Identity = SYSTEM_IDENTITY,
    ) -> LimitState:
        """Takes away what `set_limit` has set: the limit is as deployed. Twice is as good as once.

        Args:
            definition: the definition, or its id.
            key: as of `set_limit`.
            by: who does it: the log of the process says so.

        Returns:
            The limit, as it then stands.

        Raises:
            UnknownDefinition: there is no such definition.
            InvalidInput: it has no `Concurrency`, or its key has no such value.
        """
        whose, one = _whose(by), self._limiting.of(definition, key)
        change = self._limiting.reset(one)
        _log_limit("limit_reset", change.before, None, change.state, whose)
        return change.state

    def queue(
        self,
        definition: str | Definition,
        *,
        key: LimitKey = None,
        tenant: str | None = None,
        limit: int = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> TaskPage:
        """A page of the tasks that queue for a slot, in the order in which they go.

        A page may have few tasks, or none, and a cursor all the same: some have just left.

        Args:
            definition: the definition, or its id.
            key: the value of its key, as of `set_limit`.
            tenant: whose tasks; `None`: those of every tenant.
            limit: how many at most, 1 to 1,000.
            after: the cursor of the page before.

        Raises:
            UnknownDefinition: there is no such definition.
            InvalidInput: it has no `Concurrency`, or its key has no such value; the limit is out
                of its range, or the cursor is not valid; or all that a page looks at is of other
                tenants.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidInput(f"limit is {limit}; it takes 1 to {MAX_LIMIT}.")
        one = self._limiting.of(definition, key)
        checked = None if tenant is None else _checked_tenant(tenant)
        return self._limiting.queue(one, tenant=checked, size=limit, after=after)

    def drain_queue(
        self,
        definition: str | Definition,
        *,
        key: LimitKey = None,
        tenant: str | None = None,
        message: str | None = None,
        dry_run: bool = False,
        rate: float | None = None,
        idempotency_key: str | None = None,
        by: Identity = SYSTEM_IDENTITY,
    ) -> BulkResult:
        """Aborts the tasks that queue for a slot now: a task of the engine's own does it.

        Those that have a slot are left alone, and so is whoever gets one before its turn, or comes
        later. All else is as of `abort_many`.

        Args:
            definition: the definition, or its id.
            key: the value of its key, as of `set_limit`.
            tenant: whose tasks; `None`: those of every tenant.
            message: for the log of each task, which keeps 4,000 characters of it.
            dry_run: only counts them.
            rate: how many tasks a second at most: 0.001 to 1,000; 25 by default.
            idempotency_key: the same key begins one task, however often it is called.
            by: who does it: the log of each task says so.

        Returns:
            How many queue, and the task that does the work.

        Raises:
            UnknownDefinition: there is no such definition.
            InvalidInput: it has no `Concurrency`, or its key has no such value; or the rate is out
                of its range.
            DeliveryError: EventBridge did not take the event; as `trigger`.
        """
        checked = None if tenant is None else _checked_tenant(tenant)
        return begin_draining(
            self,
            definition,
            key=key,
            tenant=checked,
            own_tenant=checked or DEFAULT_TENANT,
            message=message,
            dry_run=dry_run,
            rate=rate,
            idempotency_key=idempotency_key,
            by=by,
        )

    def retry(
        self,
        id: str,
        input: TaskInput | None = None,
        *,
        from_start: bool = False,
        by: Identity = SYSTEM_IDENTITY,
    ) -> TaskRecord:
        """Triggers a new task that takes the place of a failed or aborted one: its retry.

        The two name each other: `retry_of` on the new one, `retried_by` on the old one, which stays
        as it ended. A task has one retry: a later call, and another at the same time, return that
        one as it stands, whatever they hand over. If it has failed in turn, retry *it*.

        The retry has the name, the tenant and the locale of the old one, and no delay. From the
        last checkpoint it also has the progress and the output that the old one saved. It is a
        child of the same parent if that is open, where it takes the place of the old one.

        Args:
            input: what is merged over the old one's input: as in `Continue`, a model replaces it.
            from_start: whether it starts with what the old one was triggered with, and not from its
                last checkpoint. Where that is a retry from a checkpoint, too, it is what the first
                of them was triggered with.
            by: who retries it: the retry is created by them, and the logs of both say so.

        Returns:
            The retry: pending, if this call made it.

        Raises:
            NotFound: there is no such task: it was deleted, or has expired.
            Refused: it is open, or has succeeded (`TASK_RETRY_ERROR`); it has children, and would
                be retried from its last checkpoint (`TASK_RETRY_ERROR`); its input, or its first
                one, can't be read (`INPUT_UNREADABLE`); or `on_before_trigger` vetoes.
            UnknownDefinition: its definition is gone.
            InvalidInput: the input does not validate.
            DeliveryError: EventBridge did not take the retry's event; the retry is stored as
                failed, with the reason, and can be retried in turn.
        """
        retry, _ = self._retrying.retry(
            _checked(id), input=input, from_start=from_start, by=_acting(by)
        )
        return retry.to_record()

    def get(self, id: str) -> TaskRecord:
        """Reads a task, consistently. Raises `NotFound`."""
        return self._store.get(_checked(id)).to_record()

    def signal(
        self,
        id: str,
        name: str,
        data: SignalData | None = None,
        key: str | None = None,
        *,
        by: Identity = SYSTEM_IDENTITY,
    ) -> Signal:
        """Hands something to an open task, which gets it by `context.wait_for_signal(name, ...)`.

        It is kept with the task, in order, also before the task waits for it and while it runs. A
        task that waits for it is woken.

        Args:
            name: what it waits by: up to 64 letters, digits, `_`, `-`, `.`.
            data: a mapping or a model: 64 KiB as JSON at most.
            key: the same name and key is the same signal, however often it is sent: the number of
                a payment, or of a delivery. Without one, each call is another signal.
            by: who sends it: the task's log says so.

        Returns:
            The signal, with its number; of a key that was sent before, that one.

        Raises:
            NotFound: there is no such task.
            Refused: it is over: its log says that the signal came.
            InvalidInput: the name, the data or the key is none.
        """
        return self._signalling.signal(_checked(id), name, data, key=key, by=_acting(by))

    def heartbeat(self, id: str, name: str) -> None:
        """Tells a task that waits with a `heartbeat` that whoever it waits for is still at it.

        Raises:
            NotFound: there is no such task.
            Refused: it is over.
            InvalidInput: no signal has such a name.
        """
        self._signalling.heartbeat(_checked(id), name)

    def wait(self, id: str, timeout: Seconds) -> TaskRecord:
        """Waits until a task is over, and reads it: for a program outside of any task.

        It looks at the record after 0.2 s, and then in pauses that grow to 10 s. A look is half a
        read unit for each 4 KB of the record, and reads no long payload.

        Args:
            timeout: for how long: seconds, or a `timedelta`. 0 looks once. While the table is out
                of reach the wait goes on; the last request may be tried for a minute more.

        Returns:
            The record: success, failed or aborted. `result` has what came of it.

        Raises:
            StillOpen: the task was not over in that time; the message has its progress.
            NotFound: there is no such task, or it is gone.
            Refused: a task waits, or a hook: its Lambda would run, and cost, for nothing. Trigger
                a child, and `return context.wait_for_children(...)`.
            InvalidInput: the timeout is less than 0.
        """
        if (own := task_at_hand()) is not None:
            raise Refused(
                f'Task "{own}" calls tasks.wait for task "{cut(to_text(id), 60)}": its Lambda would'
                " run for nothing. Next: trigger that one with context.trigger(), and return"
                " context.wait_for_children(...)."
            )
        known = _checked(id)
        looks = itertools.count()

        def look() -> TaskRecord:
            found = self._store.find(known, consistent=next(looks) == 0)
            return (found or self._store.get(known)).to_record()

        return until_over(
            look, timeout=timeout, pauses=_PAUSES, clock=self._clock, passing=(StoreUnavailable,)
        )

    def result(self, id: str) -> Json | None:
        """The output of a task that has succeeded; `None` where it has none.

        Raises:
            TaskFailed: it has failed; the error has the code and the data of its failure.
            TaskAborted: it was aborted.
            StillOpen: it is pending or running.
            NotFound: there is no such task.
        """
        return result_of(self.get(id))

    def list(
        self,
        wanted: Filter | None = None,
        *,
        sort_by: SortBy | None = None,
        newest_first: bool | None = None,
        limit: int = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> TaskPage:
        """One page of tasks.

        It makes three requests to the table, or one per 100 tasks of `limit` and a query more. Of
        some filters it looks at 100 or 200 tasks (docs/api.md, "Lists"): the page may have
        few of them, or none, and a cursor all the same.

        Args:
            sort_by: by default the time of creation; with a filter by start, end or the beginning
                of a name, that.
            newest_first: the last of the order first, of names those at the end of the alphabet.
                By default the newest are first, and names go from A to Z.
            limit: how many at most, 1 to 1,000.
            after: the cursor of the page before, of the same filter and order.

        Raises:
            InvalidInput: the limit is out of its range, the cursor is not valid, there are more
                ids than a page takes (300, or `limit`), or nothing answers the filter in this
                order.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidInput(f"limit is {limit}; it takes 1 to {MAX_LIMIT}.")
        return list_tasks(
            self._store.index,
            _filter_of(wanted),
            sort_by=_sort_of(sort_by),
            newest_first=newest_first,
            limit=limit,
            after=after,
        )

    def count(self, wanted: Filter | None = None) -> int:
        """How many tasks there are. It reads as many index entries."""
        return count_within(self, _filter_of(wanted), CountBudget(left=sys.maxsize)).number

    def logs(
        self, id: str, *, newest_first: bool = False, after_iteration: int | None = None
    ) -> Iterator[TaskLog]:
        """A task's logs, one per iteration, by iteration.

        Args:
            after_iteration: starts behind this iteration, in the same direction.
        """
        _check_no_record(id)
        if not is_key(id, MAX_ID_BYTES):
            return iter(())
        return self._store.logs.read(id, newest_first=newest_first, after_iteration=after_iteration)

    def delete(self, id: str, *, by: Identity = SYSTEM_IDENTITY) -> None:
        """Deletes a task that is over, with its logs and payloads.

        Args:
            by: who deletes it: the log of the process says so.

        Raises:
            NotFound: there is no such task.
            Refused: it is open; abort it first.
        """
        task = self._store.get(_checked(id))
        if task.is_open:
            raise Refused(
                f'Task "{id}" is {task.status}; only a task that is over can be deleted. '
                "Abort it first.",
                code=ErrorCode.TASK_DELETE_ERROR,
                data={"id": id, "status": task.status.value},
            )
        who = _acting(by)
        self._ending.delete(task)
        _log_action("task_deleted", task, who)

    def abort_many(
        self,
        wanted: Filter,
        *,
        dry_run: bool = False,
        rate: float | None = None,
        idempotency_key: str | None = None,
        by: Identity = SYSTEM_IDENTITY,
    ) -> BulkResult:
        """Ends the open tasks of a filter, each as `abort` does: a task of the engine's does it.

        That task goes through those that are there now: what is triggered later it leaves alone,
        and itself. It takes a page of them at a time, oldest first, and goes on where it was if it
        is cut off. One that has ended meanwhile, or is gone, is skipped. Of the engine's own tasks
        it takes those that the filter asks for by their definition, or by their ids.

        Its progress has how many of `count` are behind it. Its output has how many were `done`,
        `skipped` and `failed`, and the `reasons` of the first 20 that have failed, each with `id`,
        `code` and `message`. It ends well whatever has failed; aborted, it stops.

        Args:
            wanted: which tasks. Those of other statuses than open are not looked at.
            dry_run: only counts them.
            rate: how many tasks a second at most: 0.001 to 1,000; 25 by default.
            idempotency_key: the same key begins one task, however often it is called.
            by: who does it: the log of each task says so.

        Returns:
            How many tasks it is about, and the task that does the work.

        Raises:
            InvalidInput: the rate is out of its range, or there are more than 1,000 ids.
            DeliveryError: EventBridge did not take the event; as `trigger`.
        """
        return begin_in_bulk(
            self,
            BulkVerb.ABORT,
            wanted,
            dry_run=dry_run,
            rate=rate,
            idempotency_key=idempotency_key,
            by=by,
        )

    def retry_many(
        self,
        wanted: Filter,
        *,
        dry_run: bool = False,
        rate: float | None = None,
        idempotency_key: str | None = None,
        by: Identity = SYSTEM_IDENTITY,
    ) -> BulkResult:
        """Retries the failed and aborted tasks of a filter, each as `retry` does.

        All else is as of `abort_many`. Each is retried from its last checkpoint, with the input
        that it has. One that was retried before is skipped, and so is every other that `retry`
        refuses for its status; what refuses it else is among the `reasons`.
        """
        return begin_in_bulk(
            self,
            BulkVerb.RETRY,
            wanted,
            dry_run=dry_run,
            rate=rate,
            idempotency_key=idempotency_key,
            by=by,
        )

    def delete_many(
        self,
        wanted: Filter,
        *,
        dry_run: bool = False,
        rate: float | None = None,
        idempotency_key: str | None = None,
        by: Identity = SYSTEM_IDENTITY,
    ) -> BulkResult:
        """Deletes the tasks of a filter that are over, each as `delete` does.

        All else is as of `abort_many`. Open tasks are left alone: abort them first.
        """
        return begin_in_bulk(
            self,
            BulkVerb.DELETE,
            wanted,
            dry_run=dry_run,
            rate=rate,
            idempotency_key=idempotency_key,
            by=by,
        )

    def settings(self, *, tenant: str = DEFAULT_TENANT) -> TaskSettings:
        """The settings of a tenant's tasks that can be changed while the stack runs.

        Where nobody has changed one, it is as deployed.

        Raises:
            InvalidInput: the tenant can't be a key of the table.
        """
        return self._store.settings.read(_checked_tenant(tenant))

    def update_settings(
        self,
        *,
        retention_days: int | None = None,
        tenant: str = DEFAULT_TENANT,
        by: Identity = SYSTEM_IDENTITY,
    ) -> TaskSettings:
        """Changes settings of a tenant's tasks. Each process knows of it within 30 seconds.

        The log of the process says who has changed what.

        Args:
            retention_days: how long a task is kept that ends from then on, with its log: 0 to
                3,650 days, 0 is for ever. What it was deployed with goes back to that, also
                where the next deploy has another. `None` leaves it as it is.
            tenant: whose tasks.
            by: who changes them.

        Returns:
            The settings that hold from then on.

        Raises:
            InvalidInput: a value is out of its range, with the code
                `BackgroundTasks/ValidationError`; or the tenant can't be a key of the table.
        """
        _check_retention(retention_days)
        given = {"retention_days": retention_days}
        wanted: Json = {name: value for name, value in given.items() if value is not None}
        checked = _checked_tenant(tenant)
        if not wanted:
            return self._store.settings.read(checked)
        before, after = self._store.settings.change(checked, lambda _: wanted, by=_whose(by))
        for name in wanted:
            _log_setting(name, before, after, checked, by)
        return after

    def definitions(self, *, private: bool = False) -> tuple[Definition, ...]:
        """The definitions, without the private ones unless `private` asks for them."""
        return tuple(
            definition for definition in self._registry if private or not definition.private
        )


def begin_in_bulk(
    tasks: Tasks,
    verb: BulkVerb,
    wanted: Filter,
    *,
    dry_run: bool = False,
    rate: float | None = None,
    idempotency_key: str | None = None,
    by: Identity,
    budget: CountBudget | None = None,
) -> BulkResult:
    """What `tasks.abort_many` and its like do.

    Args:
        budget: what the count may read: the API's is bounded.
    """
    result = tasks._bulk.begin(
        verb,
        wanted,
        dry_run=dry_run,
        rate=rate,
        idempotency_key=idempotency_key,
        by=_whose(by),
        budget=budget or CountBudget(left=sys.maxsize),
    )
    if result.task is not None:
        _log_action(f"tasks_{verb}_in_bulk", result.task, by)
    return result


def begin_draining(
    tasks: Tasks,
    definition: str | Definition,
    *,
    key: LimitKey,
    tenant: str | None,
    own_tenant: str,
    message: str | None = None,
    dry_run: bool = False,
    rate: float | None = None,
    idempotency_key: str | None = None,
    by: Identity,
    budget: CountBudget | None = None,
) -> BulkResult:
    """What `tasks.drain_queue` does.

    Args:
        own_tenant: whose is the task that does the work.
        budget: as of `begin_in_bulk`.
    """
    result = tasks._bulk.drain(
        tasks._limiting.of(definition, key),
        tenant=tenant,
        own_tenant=own_tenant,
        message=message,
        dry_run=dry_run,
        rate=rate,
        idempotency_key=idempotency_key,
        by=_whose(by),
        budget=budget or CountBudget(left=sys.maxsize),
    )
    if result.task is not None:
        _log_action("queue_drained_in_bulk", result.task, by)
    return result


def limits_of(
    tasks: Tasks,
    definition: str | Definition,
    *,
    key: LimitKey,
    tenant: str | None,
    limit: int,
    after: str | None,
) -> LimitPage:
    """What `tasks.limits` returns: for the API, of one tenant, or (`None`) of all."""
    return tasks._limiting.limits(definition, key=key, tenant=tenant, limit=limit, after=after)


def tenant_of_limit(tasks: Tasks, definition: str | Definition, key: LimitKey) -> str | None:
    """Whose tasks alone a limit is for; `None`: those of every tenant. Raises as `set_limit`."""
    return tasks._limiting.of(definition, key).tenant


def count_queue(
    tasks: Tasks,
    definition: str | Definition,
    *,
    key: LimitKey,
    tenant: str | None,
    budget: CountBudget,
) -> TaskCount:
    """How many tasks queue, as far as `budget` goes."""
    one = tasks._limiting.of(definition, key)
    return tasks._store.limit_list.count(one.id, tenant=tenant, budget=budget)


def aborts_queued(
    tasks: Tasks,
    id: str,
    message: str,
    *,
    limit_id: str,
    tenant: str | None,
    until: datetime,
    by: Identity,
) -> bool:
    """Aborts a task, if it queues for a slot of a limit. Returns whether this call did."""
    aborted = tasks._limiting.abort_queued(
        id, message, limit_id=limit_id, tenant=tenant, until=until, by=_acting(by)
    )
    if aborted is not None:
        _log_action("task_aborted", aborted, by)
    return aborted is not None


def _log_action(action: str, task: TaskRecord, by: Identity) -> None:
    """What has no other trace once the task is gone. A task's code has its own ids on the line."""
    details = {
        "action": action,
        "about_task_id": task.id,
        "about_definition_id": task.definition_id,
        "tenant": task.tenant,
        "identity_id": by.id,
        "identity_type": by.type,
        **({"source": by.source} if by.source else {}),
    }
    log.info('%s: "%s" by "%s"', action, task.id, by.id, extra=details)


def resume_with_others(
    tasks: Tasks,
    definition_id: str | None,
    *,
    tenant: str | None,
    rate: float | None,
    by: Identity,
    own_tenant: str | None = None,
) -> TaskRecord:
    """What `tasks.resume_definition` and `tasks.resume_all` do.

    Args:
        own_tenant: whose is the task that does the work; by default that of `tenant`, or `root`.
    """
    checked, pace = None if tenant is None else _checked_tenant(tenant), checked_rate(rate)
    pause = tasks._pausing.resume(definition_id, tenant=checked, by=_whose(by))
    _log_pause("resumed", pause, by)
    whose = own_tenant or checked or DEFAULT_TENANT
    return tasks._bulk.let_go(rate=pace, tenant=whose, by=by).to_record()


def _log_pause(what: str, pause: Pause, by: Identity) -> None:
    """Who has paused, or resumed, many tasks at once: the logs of those say nothing of it."""
    whose = {"about_definition_id": pause.definition_id, "tenant": pause.tenant}
    action = f"{'definition' if pause.definition_id else 'all'}_{what}"
    details = {
        "action": action,
        **{name: value for name, value in whose.items() if value is not None},
        "identity_id": by.id,
        "identity_type": by.type,
    }
    log.info(
        '%s: %s, of %s, by "%s"',
        action,
        f'"{pause.definition_id}"' if pause.definition_id else "all definitions",
        f'tenant "{pause.tenant}"' if pause.tenant else "every tenant",
        by.id,
        extra=details,
    )


def _log_limit(
    action: str, before: int | None, after: int | None, state: LimitState, by: Identity
) -> None:
    """Who has set how many tasks run at a time, or taken that away."""
    details = {
        "action": action,
        "about_definition_id": state.definition_id,
        "limit_key": state.key,
        "before": before,
        "after": after,
        "identity_id": by.id,
        "identity_type": by.type,
    }
    log.info(
        '%s: "%s", of "%s", from %s to %s by "%s"',
        *(action, state.key, state.definition_id, before, after, by.id),
        extra=details,
    )


def _log_setting(
    name: str, before: TaskSettings, after: TaskSettings, tenant: str, by: Identity
) -> None:
    """Who has changed a setting: it has no other trace."""
    was, is_now = getattr(before, name), getattr(after, name)
    details = {
        "action": "settings_changed",
        "setting": name,
        "before": was,
        "after": is_now,
        "tenant": tenant,
        "identity_id": by.id,
        "identity_type": by.type,
    }
    log.info(
        'settings_changed: %s of "%s" from %s to %s by "%s"',
        *(name, tenant, was, is_now, by.id),
        extra=details,
    )


def _check_retention(days: object) -> None:
    is_whole = isinstance(days, int) and not isinstance(days, bool)
    if days is None or (is_whole and 0 <= days <= MAX_RETENTION_DAYS):  # type: ignore[operator]
        return
    message = (
        f"retention_days is {short_repr(days)}; it takes a whole number of days, 0 to "
        f"{MAX_RETENTION_DAYS:,}, and 0 is for ever."
    )
    raise InvalidInput(
        f"Validation failed. {message}",
        code=ErrorCode.INVALID_SETTINGS,
        data={"issues": [{"path": ["retentionDays"], "message": message}]},
    )


def _checked_tenant(tenant: object) -> str:
    if is_key(tenant, MAX_TENANT_BYTES):
        return str(tenant)
    shown = cut(to_text(tenant), _MAX_SHOWN_CHARACTERS)
    raise InvalidInput(
        f'tenant is "{shown}"; it takes Unicode text of 1 to {MAX_TENANT_BYTES} bytes.',
        data={"tenant": shown},
    )


def count_recent(
    tasks: Tasks,
    definition: Definition,
    *,
    tenant: str,
    created_by: Identity | None,
    budget: CountBudget,
) -> Json:
    """How many tasks of a definition were created in the last 24 hours, by status: for the API.

    Args:
        created_by: who must have triggered them; `None`: anybody.

    Returns:
        A number for each status; `isCapped`: whether there may be more; `since`: the moment.
    """
    since = tasks._clock.now() - _A_DAY
    wanted = Filter(
        tenant=tenant,
        definition_ids=ids_of(tasks, definition),
        created_after=since,
        created_by=created_by,
    )
    counts, is_capped = count_by_status(tasks._store.index, wanted, budget)
    numbers = {status.value: number for status, number in counts.items()}
    return {**numbers, "isCapped": is_capped, "since": to_iso(since)}


def count_within(tasks: Tasks, wanted: Filter, budget: CountBudget) -> TaskCount:
    """How many tasks there are, as far as `budget` goes: for the API, and not for authors."""
    return count_tasks(tasks._store.index, wanted, budget)


def trigger_in_time(
    tasks: Tasks,
    definition: str | Definition,
    inputs: Iterable[TaskInput],
    options: TriggerOptions,
    *,
    idempotency_key: str | None = None,
    is_late: Callable[[], bool] = lambda: False,
) -> Sequence[TriggerResult]:
    """What `Tasks.trigger_many` does, as long as there is time.

    Args:
        is_late: whether to stop, asked before each input: those that are left are `NOT_TRIED`.
    """
    _whose(options.created_by, name="created_by")
    return tasks._triggering.trigger_many(
        definition, inputs, options, idempotency_key=idempotency_key, is_late=is_late
    )


def trigger_missing(
    tasks: Tasks,
    definition: str | Definition,
    inputs: Iterable[KeyedInput],
    *,
    known: AbstractSet[str],
    parent: TaskRecord,
    is_late: Callable[[], bool],
) -> bool:
    """Triggers a child for each key and input whose child is not among those that are known.

    Args:
        known: the ids of the children that are there.
        is_late: whether to stop, asked after every hundred of them.

    Returns:
        Whether all are there.

    Raises:
        As `Tasks.trigger`, for the first input that is refused: those before it are triggered.
    """
    triggering = tasks._triggering
    options = TriggerOptions(
        parent=parent, tenant=parent.tenant, locale=parent.locale, created_by=parent.created_by
    )
    missing = (
        each
        for each in inputs
        if not triggering.ids_by(definition, each.key, parent.tenant) & known
    )
    while some := list(itertools.islice(missing, _TRIGGERED_AT_A_TIME)):
        triggering.trigger_missing(definition, some, options)
        if len(some) == _TRIGGERED_AT_A_TIME and is_late():
            return False
    return True


def ids_of(tasks: Tasks, definition: str | Definition) -> tuple[str, ...]:
    """The ids that tasks of a definition may have: its own, and its aliases."""
    return tasks._registry.names_of(definition if isinstance(definition, str) else definition.id)


def is_private(tasks: Tasks, definition_id: str) -> bool:
    """Whether tasks of a definition are triggered by code and events alone."""
    definition = tasks._registry.find(definition_id)
    return definition is not None and definition.private


def private_ids(tasks: Tasks) -> frozenset[str]:
    """The ids that tasks of private definitions may have; those of the engine's own not."""
    private = [each.id for each in tasks.definitions(private=True) if each.private]
    return frozenset(id for each in private for id in ids_of(tasks, each))


def cursor_key(tasks: Tasks) -> bytes:
    """What the API seals cursors with."""
    return tasks._store.settings.cursor_key()


def retries_now(tasks: Tasks, id: str, *, by: Identity) -> bool:
    """Retries a task. Returns whether this call made its retry. Raises as `Tasks.retry`."""
    _, is_new = tasks._retrying.retry(id, input=None, from_start=False, by=_acting(by))
    return is_new


def limiting_of(tasks: Tasks) -> Limiting:
    """What knows the queues: for the engine's own task."""
    return tasks._limiting


def pausing_of(tasks: Tasks) -> Pausing:
    """What lets tasks go on that were paused with others: for the engine's own task."""
    return tasks._pausing


def _checked(id: str) -> str:
    """`id`, if it can be one. Raises `NotFound`: the table refuses what can't be its key."""
    if is_key(id, MAX_ID_BYTES):
        return id
    _check_no_record(id)
    shown = cut(to_text(id), _MAX_SHOWN_CHARACTERS)
    raise NotFound(f'Task "{shown}" was not found!', data={"id": shown})


def _filter_of(wanted: Filter | None) -> Filter:
    """What a list or a count is about: all of the tenant, where nothing is said."""
    return Filter() if wanted is None else checked_filter(wanted)


def _sort_of(sort_by: object) -> SortBy | None:
    if sort_by is None or sort_by in tuple(SortBy):
        return None if sort_by is None else SortBy(str(sort_by))
    known = ", ".join(SortBy)
    raise InvalidInput(f"sort_by is {short_repr(sort_by)}; it takes one of {known}.")


def _whose(by: object, *, name: str = "by") -> Identity:
    """Who does something, if it can be anybody. Raises `InvalidInput`."""
    if isinstance(by, Identity):
        return by
    raise InvalidInput(
        f"{name} is {short_repr(by)}; it takes an Identity, such as"
        ' Identity(id="anne", display_name="Anne", type="person").'
    )


def _acting(by: object) -> Identity:
    """Who does something, and from where: a task of whose code it is, unless `by` says it."""
    own = task_at_hand()
    return _whose(by).from_source(f'task "{own}"' if own else "code")


def _check_no_record(id: object) -> None:
    """Raises `InvalidInput` for a record in the place of an id. It reads nothing of it."""
    if isinstance(id, TaskRecord):
        raise InvalidInput(
            f'The id is the record of task "{id.id}"; it takes an id, such as record.id.',
            data={"id": id.id},
        )
