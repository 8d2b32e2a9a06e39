"""What is counted of tasks, by their definitions: for CloudWatch's graphs and alarms."""

from datetime import datetime
from typing import Final

from handler.aws import Metrics, WorkerFailure
from handler.definition import Registry
from handler.lifecycle.census import Census
from handler.record import StoredTask

_CRASHES: Final = {
    WorkerFailure.TIMEOUT: "CrashesTimeout",
    WorkerFailure.OUT_OF_MEMORY: "CrashesOutOfMemory",
}


class Counts:
    """Counts what happens to tasks, each thing by whoever has made it news.

    A metric's definition is one that is deployed, under the id that it has now; of any other, it is
    `unknown`. So nobody can make metrics by sending events.
    """

    def __init__(self, metrics: Metrics, *, registry: Registry) -> None:
        self._metrics = metrics
        self._registry = registry

    def started(self, task: StoredTask) -> None:
        """Its first iteration was claimed."""
        self._count({"TasksStarted": 1}, task.definition_id)

    def ended(self, task: StoredTask) -> None:
        """Its outcome was stored."""
        values = {f"Tasks{task.status.capitalize()}": 1.0, "Iterations": float(task.iterations)}
        if task.finished_on:
            values["TaskSeconds"] = _seconds(task.created_on, task.finished_on)
        if task.finished_on and task.started_on:
            values["RunSeconds"] = _seconds(task.started_on, task.finished_on)
        self._count(values, task.definition_id)

    def crashed(self, task: StoredTask, failure: WorkerFailure) -> None:
        """An iteration of it did not end."""
        kind = _CRASHES.get(failure, "CrashesOther")
        self._count({"Crashes": 1, kind: 1}, task.definition_id)

    def recovery_failed(self, definition_id: object = None) -> None:
        """The recovery could not deal with something: of tasks of a definition, where it is one."""
        self._count({"RecoveryErrors": 1}, definition_id)

    def census(self) -> Census:
        """What a sweep is about to read."""
        return Census(self._registry)

    def surveyed(self, unfinished: int) -> None:
        """How many tasks are open, or over with follow-ups."""
        self._metrics.measure({"OpenTasks": unfinished})

    def swept(self, census: Census) -> None:
        """A sweep has come to its end."""
        for definition, values in census.by_definition():
            self._metrics.measure(values, definition=definition)
        self._metrics.measure(census.total())

    def _count(self, values: dict[str, float], definition_id: object) -> None:
        known = None if definition_id is None else self._registry.known_id(definition_id)
        self._metrics.count(values, definition=known)


def _seconds(start: datetime, end: datetime) -> float:
    """How long something took. Two processes have two clocks."""
    return max(0.0, (end - start).total_seconds())
