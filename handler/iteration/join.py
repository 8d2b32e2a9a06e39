"""How a task waits for its children, and how it triggers many: it is woken, and does not poll."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Final, Protocol

from pydantic import BaseModel

from handler.clock import Clock
from handler.definition import Continue, Definition, Verdict
from handler.errors import NotFound, Refused
from handler.iteration.checkpoints import Checkpoints
from handler.iteration.child_key import child_key
from handler.iteration.waits import Waiting, check_then
from handler.lifecycle import KeyedInput, Tasks, trigger_missing
from handler.record import TaskRecord, WaitingFor, short_repr

Then = Callable[[list[TaskRecord]], Verdict]
Inputs = Iterable[Mapping[str, object] | BaseModel]

# It is woken. A child whose record somebody has removed from the table wakes nobody, though: so it
# looks by itself, too, seldom enough to cost nothing.
_LOOKS_AFTER: Final = timedelta(hours=1)


class Parent(Protocol):
    """What a join asks of the iteration that waits: its `Context` answers."""

    @property
    def task(self) -> TaskRecord: ...

    def children(self, definition: str | Definition | None) -> list[TaskRecord]: ...

    def is_aborted(self) -> bool: ...

    def is_close_to_timeout(self) -> bool: ...


class Join:
    """The children of a running iteration: whether they are over, and what is left to trigger."""

    def __init__(
        self,
        parent: Parent,
        checkpoints: Checkpoints,
        *,
        tasks: Tasks,
        child_ids: Callable[[str], set[str]],
        clock: Clock,
    ) -> None:
        self._parent = parent
        self._checkpoints = checkpoints
        self._tasks = tasks
        self._child_ids = child_ids
        self._clock = clock

    def verdict(
        self,
        then: Then,
        *,
        definition: str | Definition | None,
        failures: int | None,
        abort_rest: bool,
    ) -> Verdict:
        """What `then` makes of the children; or the verdict that waits for them."""
        check_then("wait_for_children", then)
        _check_failures(failures)
        children = self._parent.children(definition)
        still_open = [child for child in children if child.is_open]
        if not still_open:
            return then(children)
        ended_badly = sum(child.is_over and not child.has_succeeded for child in children)
        if failures is None or ended_badly <= failures:
            return self._waiting(failures, definition)
        if not abort_rest:
            return then(children)
        if not self._abort(still_open, f"{ended_badly} others have not succeeded."):
            return Continue(counts=False)
        return then(self._parent.children(definition))

    def map(
        self,
        definition: str | Definition,
        inputs: Inputs,
        then: Then,
        *,
        failures: int | None,
        abort_rest: bool,
    ) -> Verdict:
        """Triggers those that are not there yet; then as `verdict`."""
        check_then("map", then)
        _check_failures(failures)
        if not self._trigger(definition, inputs):
            return Continue(counts=False)
        return self.verdict(then, definition=definition, failures=failures, abort_rest=abort_rest)

    def _trigger(self, definition: str | Definition, inputs: Inputs) -> bool:
        """Triggers the children that are not there yet. Returns whether all are, in time."""
        self._checkpoints.check_may_trigger()
        task = self._parent.task
        keyed = (
            KeyedInput(child_key(task, f"map\n{place}"), input, place)
            for place, input in enumerate(inputs)
        )
        return trigger_missing(
            self._tasks,
            definition,
            keyed,
            known=self._child_ids(task.id),
            parent=task,
            is_late=self._is_late,
        )

    def _is_late(self) -> bool:
        self._checkpoints.check_may_trigger()
        return self._parent.is_aborted() or self._parent.is_close_to_timeout()

    def _abort(self, children: Iterable[TaskRecord], why: str) -> bool:
        """Aborts children. Returns whether all are, in time."""
        by = self._parent.task.created_by
        for number, child in enumerate(children):
            if number and self._is_late():
                return False
            with suppress(Refused, NotFound):  # it has just ended by itself
                self._tasks.abort(child.id, why, by=by)
        return True

    def _waiting(self, failures: int | None, definition: str | Definition | None) -> Waiting:
        now = self._clock.now()
        until = now + _LOOKS_AFTER
        id = definition.id if isinstance(definition, Definition) else definition
        waiting_for = WaitingFor(since=now, until=until, failures=failures, definition_id=id)
        return Waiting(wait=until, counts=False, waiting_for=waiting_for)


def _check_failures(failures: object) -> None:
    is_count = isinstance(failures, int) and not isinstance(failures, bool) and failures >= 0
    if failures is not None and not is_count:
        raise ValueError(f"failures={short_repr(failures)}: it takes a whole number from 0 on.")
