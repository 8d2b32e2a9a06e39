"""How a task gets a slot of its limit, how it gives it back, and who gets it then."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, TypeVar

from handler.aws import Bus
from handler.clock import Clock
from handler.contract import MAX_WAIT_SECONDS, RUN_TIMEOUT_SECONDS, ErrorCode
from handler.definition import Registry, is_by_tenant
from handler.errors import BackgroundTaskError, Refused, StoreUnavailable
from handler.lifecycle.pausing import EVERY_TENANT, Pausing
from handler.record import StoredTask, TaskLog
from handler.table import (
    Limit,
    LimitView,
    NotAdmitted,
    RateOf,
    RecordMoved,
    Store,
    as_read,
    holder_of,
    holders_of,
    is_large,
    new_slot,
    part_of,
    queue_key_of,
    queued_as,
    task_of_holder,
)

log = logging.getLogger(__name__)

# Whoever gives a slot back sends off so many at most: more, where a limit was raised or taken away,
# are sent off by those, and by the sweep.
_MOST_AT_ONCE: Final = 100
# Who gives a slot back has something else to do: the sweep has time.
_PATIENCE: Final = timedelta(seconds=5)
# And no longer than that: an invocation of the API has 30 seconds.
_SENDS_FOR: Final = timedelta(seconds=3)
# So often a task is tried to be stored, while others take the slots that it sees.
_ATTEMPTS: Final = 20

_LEFT: Final = {"action": "slot_left_to_sweep"}

Stored = TypeVar("Stored")
Also = Sequence[dict[str, object]]


class Full(Exception):
    """All slots of a limit are taken, and its definition does not have tasks queue.

    Attributes:
        holders: the ids of the tasks that have them.
    """

    def __init__(self, limit: Limit, holders: frozenset[str]) -> None:
        super().__init__("All slots are taken.")
        self.limit = limit
        self.holders = frozenset(map(task_of_holder, holders))


class Slots:
    """Admits tasks: so many of a key at a time, and the others one after the other.

    A task that needs a slot is stored with one, or in the queue: a claim asks the record alone, so
    an iteration costs no more than without a limit. Whoever's write takes the slot from a record
    gives it back, and sends off the next. That is done as far as it can be just now, and is in
    nobody's way: the sweep looks at each limit that is in use, takes the slots of those who are
    gone, and sends off whoever waits beside a free one.
    """

    def __init__(
        self, *, registry: Registry, store: Store, bus: Bus, pausing: Pausing, clock: Clock
    ) -> None:
        self._registry = registry
        self._store = store
        self._pausing = pausing
        self._limits = store.limits
        self._bus = bus
        self._clock = clock

    def create(
        self, task: StoredTask, *, log: TaskLog | None, also: Also = (), queues: bool = True
    ) -> StoredTask | None:
        """Stores a new task: with a slot, or in the queue, if its definition has a limit.

        One with a delay, or whose start is reserved for later, gets its slot when that is over. All
        that is free is taken in the request that stores the task.

        Args:
            also: what is written with it.
            queues: whether it may queue.

        Returns:
            The task, as it is stored; `None` if there is one of that id.

        Raises:
            Full: all slots are taken, and it may not queue.
            NotAdmitted: what is `also` written was refused.
            Refused: its rate has no start in the next 355 days.
        """
        rate, now = self._rate_of(task), self._clock.now()
        if rate is None:
            return self._created(task, log, also, queues=queues)
        at_once = self._store.rates.now(rate, at=now)
        try:
            return self._created(task, log, (*also, at_once), queues=queues)
        except NotAdmitted as refused:
            if refused.has(also):
                raise
        later = task.starting(self._store.rates.reserve(rate, at=now), now=now)
        if later.delay_left(now) > MAX_WAIT_SECONDS:
            raise Refused(
                f'The next start of "{task.definition_id}" that its rate has is'
                f" {later.delay_left(now):,} s ahead; the longest wait is {MAX_WAIT_SECONDS:,} s"
                " (355 days). Next: raise its rate.",
                code=ErrorCode.MAX_DELAY_ERROR,
            )
        return self._created(later, log, also, queues=queues)

    def admit(self, task: StoredTask) -> StoredTask:
        """Gives an open task a slot, or puts it into the queue, which takes it from its execution.

        Returns:
            The task, as it then stands.

        Raises:
            RecordMoved: somebody has just moved it.
        """
        limit = self._limit_of(task)

        def write(after: StoredTask, also: Also) -> StoredTask:
            return self._store.save(after, before=task, guard=as_read(task), also=also)

        if limit is None:
            return write(task.unlimited(now=self._clock.now()), ())
        return self._placed(task, limit, write)

    def queue_again(self, task: StoredTask) -> bool:
        """Puts a task into the queue that says that it queues: somebody may have taken it out."""
        if self._registry.may_lack(task.definition_id):
            return False  # nobody here knows its limit
        limit = self._limit_of(task)
        also = self._limits.queue(limit, task, if_full=False) if limit else ()
        after = task if limit else task.unlimited(now=self._clock.now())
        try:
            self._store.save(after, before=task, guard=queued_as(task), also=also)
        except RecordMoved:
            return False
        if limit is None:
            return not self._bus.send([after])
        self.send_next(limit.id)
        return True

    def left(self, before: StoredTask) -> None:
        """Gives back the slot that a task had, or its place in the queue; it was just left.

        It never raises: what can't be done now, the sweep does.
        """
        if before.limit_id is not None:
            with self._as_far_as_it_goes():
                self._leave(before, before.limit_id)

    def send_next(self, limit_id: str) -> int:
        """Gives the free slots to those who queue, and sends them off. It never raises.

        Returns:
            How many were sent off: 100 at most.
        """
        with self._as_far_as_it_goes():
            return self._send_next(limit_id)
        return 0

    def look(self, limit_id: str) -> int:
        """What the sweep does to a limit that is in use.

        Returns:
            How many slots were nobody's.
        """
        view = self._limits.view(limit_id)
        freed = 0
        for holder in self._limits.held(view):
            if holder.is_gone or holder.is_over > timedelta(seconds=RUN_TIMEOUT_SECONDS):
                self._limits.give_back(limit_id, holder.name, holder.part)
                freed += 1
        if freed:
            details = {"action": "slots_freed", "slots": freed, "definition_id": view.definition_id}
            log.warning("Slots were given back that nobody had any more.", extra=details)
        self._send_next(limit_id)
        if not view.holders and not view.waiting:
            self._limits.remove_idle(view)
        return freed

    @contextmanager
    def _as_far_as_it_goes(self) -> Iterator[None]:
        """What can't be done in a few seconds is left to the sweep."""
        try:
            with self._store.hurried(_PATIENCE):
                yield
        except BackgroundTaskError as error:
            log.warning("A slot is left to the next sweep. %s", error, extra=_LEFT)

    def _leave(self, before: StoredTask, limit_id: str) -> None:
        if before.slot is None:
            self._limits.leave_queue(queue_key_of(limit_id, before))
        elif not self._limits.give_back(limit_id, holder_of(before), part_of(before)):
            return  # nobody queues
        self._send_next(limit_id)

    def _created(
        self, task: StoredTask, log: TaskLog | None, also: Also, *, queues: bool
    ) -> StoredTask | None:
        """Stores a new task whose start is reserved. Raises as `create`."""
        limit = self._limit_of(task)

        def write(after: StoredTask, slot: Also) -> StoredTask | None:
            return after if self._store.create(after, log=log, also=(*also, *slot)) else None

        if limit is None or task.delay_left(self._clock.now()):
            return write(task, ())
        return self._placed(task, limit, write, also=also, queues=queues)

    def _placed(
        self,
        task: StoredTask,
        limit: Limit,
        write: Callable[[StoredTask, Also], Stored],
        *,
        also: Also = (),
        queues: bool = True,
    ) -> Stored:
        """Writes a task with a slot; in the queue, if all are taken or others queue.

        Args:
            also: what is written with it: `NotAdmitted`, if that is refused.
        """
        large, is_odd = is_large(limit.slots), False
        for _ in range(_ATTEMPTS):
            # Those of a small limit stand in one item, whose condition says what there is.
            view = self._limits.view(limit.id) if large else None
            taken = self._with_slot(task, limit, view)
            try:
                if taken is not None:
                    return write(taken, self._limits.take(limit, taken, view))
            except NotAdmitted as refused:
                if refused.has(also):
                    raise
                large = large or self._limits.are_wide(refused.items)
                if large or self._took_back(task, limit.id, refused):
                    continue
                # Others queue beside a free slot: they were paused, or a deploy has made more.
                slots = limit.slots or 0
                is_odd = any(len(holders_of(item or {})) < slots for item in refused.items)
            if not queues:
                raise Full(limit, self._limits.view(limit.id).holders)
            try:
                return self._queued(task, limit, write, view, is_odd=is_odd)
            except NotAdmitted as refused:
                if refused.has(also):
                    raise  # else a slot is free again
        raise StoreUnavailable(
            f'Task "{task.id}" was overtaken by others {_ATTEMPTS} times. Next: try again.'
        )

    def _with_slot(
        self, task: StoredTask, limit: Limit, view: LimitView | None
    ) -> StoredTask | None:
        """A task with a slot, as far as is known; `None` if all are taken, or others queue."""
        part = 0 if view is None else view.free_part(limit.slots)
        if part is None or (view and view.queue_token):
            return None
        return task.with_slot(new_slot(part), now=self._clock.now())

    def _queued(
        self,
        task: StoredTask,
        limit: Limit,
        write: Callable[[StoredTask, Also], Stored],
        view: LimitView | None,
        *,
        is_odd: bool,
    ) -> Stored:
        """Writes a task in the queue. Raises `NotAdmitted` where a slot is free again.

        Args:
            is_odd: whether slots are free though others queue.
        """
        queued = task.queued(now=self._clock.now())
        stored = write(queued, self._limits.queue(limit, queued, if_full=view is None))
        if view is not None or is_odd:
            self.send_next(limit.id)  # one may be free since it was looked at
        return stored

    def _took_back(self, task: StoredTask, limit_id: str, refused: NotAdmitted) -> bool:
        """Whether a task that asks for a slot still stood among the holders.

        Whoever has taken its last one from the record died before it was given back.
        """
        names = [name for item in refused.items for name in holders_of(item or {})]
        old = [name for name in names if task_of_holder(name) == task.id]
        for name in old:
            self._limits.give_back(limit_id, name, part=0)
        return bool(old)

    def _send_next(self, limit_id: str) -> int:
        given: list[StoredTask] = []
        try:
            self._give(limit_id, given)
        finally:
            if given:
                self._bus.send(given)
        return len(given)

    def _give(self, limit_id: str, given: list[StoredTask]) -> None:
        """Gives slots until all are taken, or nobody queues."""
        view: LimitView | None = None
        until = self._clock.now() + _SENDS_FOR
        for _ in range(_MOST_AT_ONCE):
            if self._clock.now() > until:
                return  # the events of those that have one are to be sent
            view = view or self._limits.view(limit_id)
            if not view.waiting:
                if not view.queue_token or self._limits.unmark(view):
                    return
                view = None  # somebody has just come
                continue
            deployed = self._deployed(view)
            part = view.free_part(deployed)
            if part is None or self._pausing.of(view.definition_id, EVERY_TENANT):
                return  # what is paused queues on: the sweep sends it off afterwards
            view = self._given_to_first(view, part, deployed, given)
            if view and not view.waiting and not view.is_cut:
                return
            view = view if view and view.waiting else None

    def _given_to_first(
        self, view: LimitView, part: int, deployed: int | None, given: list[StoredTask]
    ) -> LimitView | None:
        """Gives a slot to the first who queues. Returns the limit as it then stands, if it did."""
        first = view.waiting[0]
        if first.task is None:
            log.error("A place in a queue can't be read: it is removed.", extra=_of(view))
            self._limits.leave_queue(first.row)
            return None
        now = self._clock.now()
        after = first.task.sent_off(new_slot(part), now=now)
        also = self._limits.give(view, deployed, after)
        try:
            self._store.save(after, before=first.task, guard=queued_as(first.task), also=also)
        except RecordMoved:
            self._limits.leave_queue(first.row)  # it is over, or paused, or was sent off
            return None
        except NotAdmitted:
            return None  # somebody else was faster
        # It goes at once, whatever the clock says of whoever put it into the queue.
        given.append(after.model_copy(update={"created_on": now}))
        return view.given(part, holder_of(after))

    def _limit_of(self, task: StoredTask) -> Limit | None:
        """The limit that a task needs a slot of; `None` if its definition has none (any more)."""
        definition = self._registry.find(task.definition_id)
        if task.limit_id is None or definition is None or definition.concurrency is None:
            return None
        concurrency = definition.concurrency
        return Limit(
            task.limit_id,
            definition.id,
            task.concurrency_key or "",
            concurrency.limit,
            task.tenant if is_by_tenant(concurrency.key) else None,
        )

    def _rate_of(self, task: StoredTask) -> RateOf | None:
        """The rate that a task's start is reserved by, if its definition has one."""
        definition = self._registry.find(task.definition_id)
        rate = definition.rate if definition else None
        if task.rate_id is None or rate is None:
            return None
        return RateOf(task.rate_id, rate.milliseconds_apart, rate.burst)

    def _deployed(self, view: LimitView) -> int | None:
        """How many slots the definition of a limit says; `None`: it has no limit any more.

        A definition that may be in a file that was not imported here says what it last did.
        """
        definition = self._registry.find(view.definition_id)
        if definition is None and self._registry.may_lack(view.definition_id):
            return view.seen_slots
        concurrency = definition.concurrency if definition else None
        return concurrency.limit if concurrency else None


def _of(view: LimitView) -> dict[str, object]:
    return {"action": "place_removed", "definition_id": view.definition_id}
