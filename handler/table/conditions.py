"""Under which conditions the table lets a record be claimed, or written to."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from handler.clock import to_iso
from handler.contract import Status
from handler.table import items

if TYPE_CHECKING:
    from handler.table.items import Item

CLAIM: Final = (
    "SET taskStatus = :running, executionName = :execution, visit = :visit, invocation ="
    " :invocation, savedOn = :now, startedOn = if_not_exists(startedOn, :now) REMOVE waitingUntil"
    " ADD iterations :one, spent :one, attempts :one, claims :one, executionIterations :one"
)
CLAIMABLE: Final = (
    "taskStatus IN (:pending, :running)"
    " AND (attribute_not_exists(executionName) OR executionName = :execution)"
    # An iteration that a crash cut off runs again even if it was the last one allowed.
    " AND (attribute_not_exists(spent) OR spent < :max OR claims > :none)"
    # This very request, tried again because its answer was lost:
    " AND (attribute_not_exists(invocation) OR invocation <> :invocation)"
    # A visit that was answered, and whose answer was lost. A foreign state machine doesn't tell the
    # visit.
    " AND (:visit = :untold OR attribute_not_exists(answeredVisit) OR answeredVisit <> :visit)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who wants to run which iteration of a task."""

    task_id: str
    execution_name: str
    visit: str
    invocation: str
    max_iterations: int

    def values(self, now: datetime) -> "Item":
        """What `CLAIM` and `CLAIMABLE` stand for."""
        return items.encoded(
            {
                ":pending": Status.PENDING,
                ":running": Status.RUNNING,
                ":execution": self.execution_name,
                ":visit": self.visit,
                ":invocation": self.invocation,
                ":now": to_iso(now),
                ":max": self.max_iterations,
                ":one": 1,
                ":none": 0,
                ":untold": "",
            }
        )


@dataclass(frozen=True, slots=True)
class Guard:
    """What must still hold of an open task for a write to happen; a closed task is never written
    to.

    Args:
        execution_name: the execution that must own it; `""`: none may; `None`: whoever does.
        iterations: the iteration that must be its last.
    """

    execution_name: str | None = None
    iterations: int | None = None

    def condition(self) -> "tuple[str, Item]":
        """The condition of a write, and the values that it names."""
        condition = "taskStatus IN (:guard_pending, :guard_running)"
        values: dict[str, object] = {
            ":guard_pending": Status.PENDING,
            ":guard_running": Status.RUNNING,
        }
        if self.execution_name == "":
            condition += " AND attribute_not_exists(executionName)"
        elif self.execution_name is not None:
            condition += " AND executionName = :guard_execution"
            values[":guard_execution"] = self.execution_name
        if self.iterations == 0:
            condition += " AND attribute_not_exists(iterations)"
        elif self.iterations is not None:
            condition += " AND iterations = :guard_iterations"
            values[":guard_iterations"] = self.iterations
        return condition, items.encoded(values)
