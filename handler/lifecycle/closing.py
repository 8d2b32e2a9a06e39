"""What becomes of a task that is over: it expires with all its rows, or is removed with them."""

from handler.clock import Clock
from handler.lifecycle.attempts import each_on_its_own
from handler.record import StoredTask
from handler.table import Store


class Closing:
    """Dates finished tasks for expiry, and removes deleted ones. Each can be cut off and run again.

    **A child expires after its parent.** Whoever reads a parent finds its children: a join, a key
    that a child was triggered with. So a child whose parent has no date yet gets none; its parent
    asks it again when it has its own. A child of a task with a date has one, whatever the settings
    say by then.
    """

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def date(self, task: StoredTask) -> None:
        """Dates a task that was asked to, and its rows."""
        dated = task if task.expires_at else self._with_date(task)
        if dated.expires_at:
            with each_on_its_own() as attempt:
                attempt(self._ask_children, dated)  # first: by their rows they are found
                self._store.date_rows(dated)
        self._store.clear_follow_up(dated.dated(), before=dated)

    def remove(self, task: StoredTask) -> None:
        """Removes a deleted task, and all that there is of it."""
        self._ask_children(task)
        parent = self.parent_of(task)
        if parent and parent.expires_at:  # it has dated its rows already
            self._store.date_child(task.expires(parent.expires_at))
        elif task.parent_id and parent is None:
            self._store.forget_child(task)
        self.delete(task)

    def delete(self, task: StoredTask) -> bool:
        """Deletes all that there is of a task that is hidden. Returns whether its record is gone.

        Of an event by hand the record is all that tells a copy from a new event: it stays, hidden,
        while a copy may come, and a worker that died ask for the task again.
        """
        if task.may_come_again(self._clock.now()):
            self._store.empty(task)
            return False
        self._store.delete(task)
        return True

    def parent_of(self, task: StoredTask) -> StoredTask | None:
        """The parent, if it is there still, and not a later task of the same id."""
        parent = self._store.find(task.parent_id) if task.parent_id else None
        # Of a later task, its row is gone as well: its date alone does not say so.
        is_it = parent and task.may_be_of(parent) and self._store.is_named_by_its_parent(task)
        return parent if is_it else None

    def _with_date(self, task: StoredTask) -> StoredTask:
        """Dates the record, before its rows: a child looks at it."""
        parent = self.parent_of(task)
        if parent is not None and parent.expires_at is None:
            return task
        own = self._store.expiry(task.tenant)
        # Its parent may have ended under other settings. It goes after it all the same.
        dated = task.expires(max(own or 0, parent.expires_at or 0) if parent else own)
        if dated.expires_at:
            self._store.add_follow_up(dated, before=task)
        return dated

    def _ask_children(self, task: StoredTask) -> None:
        """Asks the children that have no date. One that can't be asked keeps no other from it.

        Raises:
            As the first that could not be asked.
        """
        with each_on_its_own() as attempt:
            for child in self._store.index.children(task.id):
                if child.is_over and child.expires_at is None:
                    attempt(self._ask, child)

    def _ask(self, child: StoredTask) -> None:
        asked = child.asked_for_expiry(now=self._clock.now())
        self._store.add_follow_up(asked, before=child)
