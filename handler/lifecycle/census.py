"""For how long pending tasks wait, and how many dead letters there are, as a sweep has seen it."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from handler.contract import Status
from handler.definition import Registry
from handler.record import StoredTask

Values = dict[str, float]


class Census:
    """Counts what a sweep reads, by definition. It asks the table nothing.

    A pending task that could start is due, so the sweep reads it, an idle time later.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._oldest: dict[str, float] = {}
        self._letters: Counter[str] = Counter()
        self.has_all_tasks = False  # whether the sweep has read every task that is due

    def add_task(self, task: StoredTask, *, now: datetime) -> None:
        if task.status is Status.PENDING and "createdOn" not in task.unreadable:
            definition = self._registry.known_id(task.definition_id)
            late = max(self._oldest.get(definition, 0.0), task.seconds_late(now))
            self._oldest[definition] = late

    def add_letter(self, definition_id: object) -> None:
        self._letters[self._registry.known_id(definition_id)] += 1

    def total(self) -> Values:
        """How the whole stack stands, with the zeros."""
        letters: Values = {"DeadLetters": self._letters.total()}
        if not self._oldest and not self.has_all_tasks:
            return letters  # that it has seen none says nothing
        return letters | {"OldestPendingSeconds": max(self._oldest.values(), default=0.0)}

    def by_definition(self) -> Iterator[tuple[str, Values]]:
        """How each definition stands that has a pending task that is due, or a dead letter."""
        for definition in sorted({*self._oldest, *self._letters}):
            values: Values = {}
            if definition in self._oldest:
                values["OldestPendingSeconds"] = self._oldest[definition]
            if definition in self._letters:
                values["DeadLetters"] = self._letters[definition]
            yield definition, values
