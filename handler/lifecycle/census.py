"""How the open tasks and the dead letters stand, as one sweep has read them."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from handler.contract import Status
from handler.definition import Registry
from handler.record import StoredTask

Values = dict[str, float]


class Census:
    """Counts what a sweep reads, by definition.

    It asks the table nothing. Of the tasks it tells only what a sweep has read to its end: what a
    sweep that was cut off has seen is less than there is.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._seen: set[str] = set()
        self._open: Counter[str] = Counter()
        self._oldest: dict[str, float] = {}
        self._letters: Counter[str] = Counter()
        self.has_all_tasks = False

    def add_task(self, task: StoredTask, *, now: datetime) -> None:
        if task.is_over or task.id in self._seen:
            return
        self._seen.add(task.id)  # a sweep that goes on where one was cut off may read it twice
        definition = self._registry.known_id(task.definition_id)
        self._open[definition] += 1
        if task.status is Status.PENDING and "createdOn" not in task.unreadable:
            late = max(self._oldest.get(definition, 0.0), task.seconds_late(now))
            self._oldest[definition] = late

    def add_letter(self, definition_id: object) -> None:
        self._letters[self._registry.known_id(definition_id)] += 1

    def total(self) -> Values:
        """How the whole stack stands, with the zeros."""
        letters: Values = {"DeadLetters": self._letters.total()}
        if not self.has_all_tasks:
            return letters
        oldest = max(self._oldest.values(), default=0.0)
        return letters | {"OpenTasks": self._open.total(), "OldestPendingSeconds": oldest}

    def by_definition(self) -> Iterator[tuple[str, Values]]:
        """How each definition stands that has an open task or a dead letter."""
        open_tasks = self._open if self.has_all_tasks else Counter[str]()
        for definition in sorted({*open_tasks, *self._letters}):
            values: Values = {}
            if definition in open_tasks:
                values["OpenTasks"] = open_tasks[definition]
                values["OldestPendingSeconds"] = self._oldest.get(definition, 0.0)
            if definition in self._letters:
                values["DeadLetters"] = self._letters[definition]
            yield definition, values
