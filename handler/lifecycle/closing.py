"""What becomes of a task that is over: it expires with all its rows, or is removed with them."""

from handler.clock import Clock
from handler.record import StoredTask
from handler.table import Store


class Closing:
    """Dates finished tasks for expiry, and removes deleted ones. Each can be cut off and run again.

    **A child expires after its parent.** Whoever reads a parent finds its children: a join, a key
    that a child was triggered with. So a child whose parent has no date yet gets none; its parent
    asks it again when it has its own.
    """

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def date(self, task: StoredTask) -> None:
        """Dates a task that was asked to, and its rows."""
        dated = task if task.expires_at else self._with_date(task)
        if dated.expires_at:
            self._ask_children(dated)
            self._store.date_rows(dated)
        self._store.clear_follow_up(dated.dated(), before=dated)

    def remove(self, task: StoredTask) -> None:
        """Removes a deleted task, and all that there is of it."""
        self._ask_children(task)
        if task.parent_id and self._store.find(task.parent_id) is None:
            self._store.forget_child(task)
        self._store.delete(task)

    def _with_date(self, task: StoredTask) -> StoredTask:
        """Dates the record, before its rows: a child looks at it."""
        if self._parent_has_no_date(task):
            return task
        dated = task.expires(self._store.expiry())
        if dated.expires_at:
            self._store.add_follow_up(dated, before=task)
        return dated

    def _parent_has_no_date(self, task: StoredTask) -> bool:
        parent = self._store.find(task.parent_id) if task.parent_id else None
        return parent is not None and parent.expires_at is None

    def _ask_children(self, task: StoredTask) -> None:
        for child in self._store.index.children(task.id):
            if child.is_over and child.expires_at is None:
                asked = child.asked_for_expiry(now=self._clock.now())
                self._store.add_follow_up(asked, before=child)
