"""How many tasks of a key may run at a time, and who queues: shown, and changed by operators."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from handler.clock import Clock
from handler.definition import MAX_CONCURRENCY, Definition, Registry
from handler.errors import InvalidInput
from handler.lifecycle.ending import Ending
from handler.lifecycle.flow_keys import limit_id, limit_of, said_of_limit
from handler.lifecycle.slots import Slots
from handler.record import Identity, LimitPage, LimitState, StoredTask, short_repr
from handler.table import (
    Limit,
    LimitView,
    Queued,
    Store,
    TaskPage,
    changed_of,
    maximum_of,
    queue_row_of,
)

# How many limits a page has at most: each that is in use takes a request of its own.
MAX_LIMITS: Final = 100
# Whoever raises a limit sends off the queue for so long; those who start, and the sweep, go on.
_SENDS_FOR: Final = timedelta(seconds=6)
_NOBODY: Final = Queued(0, is_capped=False, oldest=None)


class Change(NamedTuple):
    """What somebody has made of a limit.

    Args:
        before: how many slots were set before; `None`: none were.
    """

    before: int | None
    state: LimitState


class Limiting:
    """Shows the limits and their queues, and changes how many slots there are.

    The number that an operator sets is an attribute of the limit's item, which every write that
    takes a slot asks (`table.limits`): it holds from then on, in each process, and for as long as
    nobody takes it away. Who has a slot keeps it.
    """

    def __init__(
        self, *, registry: Registry, store: Store, slots: Slots, ending: Ending, clock: Clock
    ) -> None:
        self._registry = registry
        self._store = store
        self._slots = slots
        self._ending = ending
        self._clock = clock

    def of(self, definition: str | Definition, key: object) -> Limit:
        """The limit of a definition's tasks that have a key.

        Raises:
            UnknownDefinition: there is no such definition.
            InvalidInput: it has no limit, or its key has no such value.
        """
        known = self._definition(definition)
        if key is None and limit_of(known).key is not None:
            raise InvalidInput(
                f'The limit of "{known.id}" has a key: say which, key="ann" for one'
                " (key=[None]: of the tasks that have none).",
                data={"definitionId": known.id},
            )
        value, tenant = said_of_limit(known, key)
        id = limit_id(known.id, value)
        return Limit(id, known.id, value.shown, limit_of(known).limit, tenant)

    def limits(
        self,
        definition: str | Definition,
        *,
        key: object,
        tenant: str | None,
        limit: int,
        after: str | None,
    ) -> LimitPage:
        """A page of the limits of a definition that are in use, or set. Raises as `Tasks.limits`.

        Args:
            tenant: whose limits; `None`: those of all tenants, and those that they share.
        """
        if key is not None:
            one = self.of(definition, key)
            view = self._store.limits.view(one.id)
            is_there = view.item is not None and tenant in (None, view.tenant)
            return LimitPage(items=(self._state(one, view),) if is_there else (), cursor=None)
        known = self._definition(definition)
        deployed = limit_of(known).limit
        if not 1 <= limit <= MAX_LIMITS:
            raise InvalidInput(f"limit is {limit}; it takes 1 to {MAX_LIMITS}.")
        views, cursor = self._store.limit_list.limits(
            known.id, tenant=tenant, limit=limit, after=after
        )
        states = (
            self._state(Limit(view.id, known.id, view.shown, deployed, view.tenant), view)
            for view in views
        )
        return LimitPage(items=tuple(states), cursor=cursor)

    def set(self, limit: Limit, slots: object, *, by: Identity) -> Change:
        """Sets how many tasks may run at a time, and sends off whoever may go."""
        checked = _checked_slots(slots)
        before = self._store.maximums.set(limit, checked, by=by.fitting())
        self._send(limit)
        return Change(maximum_of(before), self._state(limit, self._store.limits.view(limit.id)))

    def reset(self, limit: Limit) -> Change:
        """Takes away what was set, and sends off whoever may go."""
        before = self._store.maximums.remove(limit.id)
        if before is not None:
            self._send(limit)
        view = self._store.limits.view(limit.id)
        if view.item is not None and not view.holders and not view.waiting:
            self._store.limits.remove_idle(view)  # no sweep would look at it
        return Change(maximum_of(before), self._state(limit, view))

    def queue(self, limit: Limit, *, tenant: str | None, size: int, after: str | None) -> TaskPage:
        """A page of the tasks that queue, in the order in which they go.

        Args:
            tenant: whose tasks; `None`: those of all.
        """
        places, cursor = self._store.limit_list.places(
            limit.id, tenant=tenant, limit=size, after=after
        )
        tasks = {task.id: task for task in self._store.index.tasks(id for _, id in places)}
        found = [
            task.to_record()
            for row, id in places
            if (task := tasks.get(id)) and _queues_at(task, limit.id, row, tenant)
        ]
        return TaskPage(items=tuple(found), cursor=cursor)

    def queued_ids(
        self, limit_id: str, *, tenant: str | None, size: int, after: str | None
    ) -> tuple[Sequence[str], str | None]:
        """The ids of some of those that queue, and where to go on: for the engine's own task."""
        places, cursor = self._store.limit_list.places(
            limit_id, tenant=tenant, limit=size, after=after, is_patient=True
        )
        return [place.task_id for place in places], cursor

    def abort_queued(
        self,
        id: str,
        message: str,
        *,
        limit_id: str,
        tenant: str | None,
        until: datetime,
        by: Identity,
    ) -> StoredTask | None:
        """Aborts a task, if it queues for a slot of a limit since `until` or before.

        Returns:
            The task, as it was; `None` if it has got its slot meanwhile, or is over, or gone.
        """
        while True:
            task = self._store.find(id)
            if task is None or not _queues(task, limit_id, tenant):
                return None
            if task.queued_on is None or task.queued_on > until:
                return None
            if self._ending.abort_queued(task, message, by=by):
                return task

    def _state(self, limit: Limit, view: LimitView) -> LimitState:
        deployed = limit.slots or 0
        slots = view.slots(deployed)
        queued = self._store.limit_list.queued(view.id) if view.queue_token else _NOBODY
        changed_on, changed_by = changed_of(view.item)
        return LimitState(
            definition_id=limit.definition_id,
            key=limit.shown,
            tenant=limit.tenant,
            slots=min(max(slots or 0, 0), MAX_CONCURRENCY),
            deployed=deployed,
            used=len(view.holders),
            queued=queued.number,
            is_capped=queued.is_capped,
            oldest_queued_on=queued.oldest,
            changed_on=changed_on,
            changed_by=changed_by,
        )

    def _send(self, limit: Limit) -> None:
        """Sends off whoever may go: as many as there is time for."""
        until = self._clock.now() + _SENDS_FOR
        while self._slots.send_next(limit.id) and self._clock.now() < until:
            pass

    def _definition(self, definition: str | Definition) -> Definition:
        return self._registry.get(definition if isinstance(definition, str) else definition.id)


def _queues(task: StoredTask, limit_id: str, tenant: str | None) -> bool:
    is_own = tenant in (None, task.tenant)
    return task.is_queued and task.limit_id == limit_id and is_own


def _queues_at(task: StoredTask, limit_id: str, row: str, tenant: str | None) -> bool:
    """Whether a place in a queue is that of a task: a stale one is nobody's."""
    return _queues(task, limit_id, tenant) and queue_row_of(limit_id, task) == row


def _checked_slots(slots: object) -> int:
    if type(slots) is int and 0 <= slots <= MAX_CONCURRENCY:
        return slots
    raise InvalidInput(
        f"limit is {short_repr(slots)}; it takes a whole number from 0 to {MAX_CONCURRENCY:,}: 0"
        " lets no task start."
    )
