"""How a burst of triggers becomes one task, with the input of the last one."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

from handler.clock import Clock, to_seconds
from handler.contract import DAY_SECONDS, ErrorCode, Status
from handler.definition import Debounce, TriggerRequest
from handler.errors import InvalidInput, Refused, StoreUnavailable
from handler.record import StoredTask, digest, short_repr
from handler.table import Debounced, NotAdmitted, RecordMoved, Store, as_read

# So often a task is looked for, while others push it back, or it starts.
_ATTEMPTS: Final = 20


class Create(Protocol):
    """Stores a new task, with what is written beside it, as `Triggering.create`."""

    def __call__(
        self, task: StoredTask, *, also: Sequence[dict[str, object]]
    ) -> tuple[StoredTask, bool]: ...


class Debouncing:
    """Finds the task of a burst, and pushes it back; or stores it, for the first trigger of one.

    A task can be pushed back until its start: a claim asks for the moment that the record has, so
    whoever comes in the same moment either pushes it back, or triggers another one.
    """

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def task_of(
        self, debounce: Debounce, make: Callable[[], StoredTask], create: Create
    ) -> tuple[StoredTask, bool]:
        """The task of a burst, and whether this call made it.

        Args:
            make: the record of a new task, with the input of this trigger.
            create: stores it.
        """
        delay, longest = debounce.times()
        for _ in range(_ATTEMPTS):
            new, now = make(), self._clock.now()
            id = _id_of(new, debounce.key)
            known = self._store.debounces.find(id)
            waiting = self._waiting(known, now, limit_id=new.limit_id)
            if waiting is None:
                task = new.starting(now + delay, now=now)
                expires_at = int(now.timestamp() + longest.total_seconds()) + DAY_SECONDS
                put = self._store.debounces.put(id, task, seen=known, expires_at=expires_at)
                try:
                    return create(task, also=[put])
                except NotAdmitted:
                    continue  # somebody else was the first
            until = max(min(now + delay, waiting.created_on + longest), now)
            if pushed := self._pushed_back(waiting, new, now, until):
                return pushed, False
        raise StoreUnavailable(
            f"The trigger was overtaken by others {_ATTEMPTS} times. Next: try again."
        )

    def _waiting(
        self, known: Debounced, now: datetime, *, limit_id: str | None
    ) -> StoredTask | None:
        """The task that a key stands for, if it waits for its start, or queues for such a slot."""
        task = self._store.find(known.task_id) if known.task_id else None
        if task is None or task.created_text != known.created_text:
            return None
        is_before_its_start = task.status is Status.PENDING and not task.iterations
        is_delayed = task.starts_on is not None and task.starts_on > now
        queues = task.is_queued and task.limit_id == limit_id
        return task if is_before_its_start and (is_delayed or queues) else None

    def _pushed_back(
        self, task: StoredTask, new: StoredTask, now: datetime, until: datetime
    ) -> StoredTask | None:
        """The task, pushed back with the input of `new`; `None` if it has moved meanwhile."""
        # One that queues for a slot is ready, and keeps its place.
        then = None if task.is_queued else until
        after = task.pushed_back(now=now, until=then, like=new)
        try:
            return self._store.save(after, before=task, guard=as_read(task))
        except RecordMoved:
            return None


def checked_debounce(debounce: object, request: TriggerRequest) -> Debounce | None:
    """A debounce, if it is one, and fits the request."""
    if debounce is None:
        return None
    if not isinstance(debounce, Debounce):
        raise InvalidInput(
            f"debounce is {short_repr(debounce)}; it takes a Debounce, such as"
            ' Debounce("customer-17", delay=5).'
        )
    delay, _ = debounce.times()
    for name, limit in (("timeout", request.timeout), ("expires_after", request.expires_after)):
        if limit is not None and delay.total_seconds() >= to_seconds(limit, name=name):
            raise Refused(
                f"A debounce of {delay.total_seconds():.0f} s, and {name} is {limit} s: the task"
                f" would end before it starts. Next: a shorter delay, or a longer {name}.",
                code=ErrorCode.MAX_DELAY_ERROR,
            )
    if request.delay:
        raise InvalidInput(
            f"A trigger has delay={request.delay} and a debounce, which has a delay of its own."
            " Next: leave out one of them."
        )
    return debounce


def _id_of(task: StoredTask, key: str) -> str:
    text = f"{task.tenant}\n{task.definition_id}\n{key}"
    return digest(text)[:32]
