"""The conditions of a write: who may claim a record, and who may write to one."""

import functools
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from handler.clock import to_iso
from handler.contract import (
    CREATED_ON,
    EXPIRY_ATTRIBUTE,
    OVER_STATUSES,
    PARTITION_KEY,
    Index,
    Status,
)
from handler.record import StoredTask
from handler.table import items, keys

if TYPE_CHECKING:
    from handler.table.keys import Item

CLAIM_UPDATE: Final = (
    "SET taskStatus = :running, executionName = :execution, visit = :visit,"
    " visitEnteredOn = :entered, writeToken = :token, claimToken = :token,"
    " savedOn = :now, startedOn = if_not_exists(startedOn, :now)"
    " REMOVE waitingUntil, problem"
    " ADD iterations :one, countedIterations :one, attempts :one, claimsSinceOutcome :one,"
    " executionVisits :one"
)
# One owner: checked and counted in one request.
CLAIM_CONDITION: Final = (
    # A task that is over never runs again; a record that is gone has no status.
    "taskStatus IN (:pending, :running)"
    # EventBridge delivers at least once: the second execution of one task must not run it.
    " AND (attribute_not_exists(executionName) OR executionName = :execution)"
    # It was woken for another execution to run it, and this one is about to be stopped.
    " AND (attribute_not_exists(releasedFrom) OR releasedFrom <> :execution)"
    # Nothing runs a paused task until it is resumed.
    " AND attribute_not_exists(pausedOn)"
    # One that needs a slot has one, and a moment that is reserved for its start has come.
    " AND (attribute_not_exists(limitId) OR attribute_exists(slot))"
    " AND (attribute_not_exists(startsOn) OR startsOn <= :now)"
    # An event may name another definition than the record: whose limit is it then?
    " AND definitionId IN (:definitions)"
    # Nor may it name another tenant: what is of one tenant is not there for the others.
    f" AND {Index.BY_TENANT.partition_key} = :tenant"
    # An iteration that a crash cut off runs again even if it was the last one allowed.
    " AND (attribute_not_exists(countedIterations) OR countedIterations < :max"
    " OR claimsSinceOutcome > :none)"
    # This very request, sent again because its response was lost, must not count twice.
    " AND (attribute_not_exists(claimToken) OR claimToken <> :token)"
    # This visit was answered and the answer was lost: repeat the answer, do not run again. A
    # foreign state machine sends no visit.
    " AND (:visit = :no_visit OR attribute_not_exists(answeredVisit) OR answeredVisit <> :visit)"
    # An invocation that Step Functions took for dead may come late, when its execution has gone on
    # to other visits: it would take the task from them, and nobody hears its answer.
    " AND (:entered = :no_visit OR attribute_not_exists(visitEnteredOn)"
    " OR visitEnteredOn <= :entered)"
)


class ClaimRequest(NamedTuple):
    """Who wants to run the next iteration of a task.

    Args:
        tenant: the tenant that the record must be of.
        definition_ids: the definition that the record must be of, by any of its ids.
        visit: the visit of `Run` that the iteration answers; empty when it is not known.
        visit_entered_on: when the execution entered it: ISO 8601, or empty.
        code_version: of the code that asks; empty when it is not known.
        max_iterations: how many counted iterations it may have had before.
    """

    task_id: str
    tenant: str
    definition_ids: tuple[str, ...]
    execution_name: str
    visit: str
    max_iterations: int
    visit_entered_on: str = ""
    code_version: str = ""

    def update(self) -> str:
        """`CLAIM_UPDATE`, with the version of the code that is about to run; none is none."""
        return _claim_update(has_version=bool(self.code_version))

    def condition(self) -> str:
        """`CLAIM_CONDITION`, with a value for each of the definition's ids."""
        return _claim_condition(CLAIM_CONDITION, tuple(self._definitions()))

    def _definitions(self) -> dict[str, str]:
        return {f":definition{number}": id for number, id in enumerate(self.definition_ids)}

    def values(self, now: datetime, write_token: str) -> "Item":
        """The values of the update and of the condition."""
        return items.encoded(
            {
                ":pending": Status.PENDING,
                ":running": Status.RUNNING,
                **self._definitions(),
                ":tenant": self.tenant,
                ":version": self.code_version or None,
                ":execution": self.execution_name,
                ":visit": self.visit,
                ":entered": self.visit_entered_on,
                ":token": write_token,
                ":now": to_iso(now),
                ":max": self.max_iterations,
                ":one": 1,
                ":none": 0,
                ":no_visit": "",
            }
        )


@functools.cache
def _claim_update(*, has_version: bool) -> str:
    if has_version:
        return CLAIM_UPDATE.replace("SET ", "SET codeVersion = :version, ", 1)
    return CLAIM_UPDATE.replace("REMOVE ", "REMOVE codeVersion, ", 1)


@functools.lru_cache(maxsize=32)
def _claim_condition(condition: str, definitions: tuple[str, ...]) -> str:
    return condition.replace(":definitions", ", ".join(definitions))


OPEN_VALUES: Final = items.encoded(
    {":guard_pending": Status.PENDING, ":guard_running": Status.RUNNING}
)
IS_OPEN: Final = "taskStatus IN (:guard_pending, :guard_running)"

# A person may end whatever is not over, a task of a status that only newer code knows as well.
_OVER_VALUES: Final = {f":{status}": status for status in sorted(OVER_STATUSES)}
_NOT_OVER: Final = (
    f"attribute_exists({PARTITION_KEY}) AND NOT taskStatus IN ({', '.join(_OVER_VALUES)})"
)


class Guard(NamedTuple):
    """What must still hold of an open task for a write to happen. A task that is over is closed.

    Args:
        execution_name: the execution that must own it; `""`: no execution may; `None`: any may.
        iterations: the iteration that must be its last; `None`: any.
        is_running: whether that iteration must still be without an outcome.
        is_paused: whether it must be paused; `None`: it may be.
        write_token: of the write that must be its last; `""`: any.
        calls: how much must have come that it may wait for; `None`: any number.
        queued_on: since when it must queue for a slot: ISO 8601; empty: it need not.
    """

    execution_name: str | None = None
    iterations: int | None = None
    is_running: bool = False
    is_paused: bool | None = None
    write_token: str = ""
    calls: int | None = None
    queued_on: str = ""

    def condition(self) -> "tuple[str, Item]":
        """The condition of a write, and its values."""
        if self == ANY_OWNER:
            return _NOT_OVER, items.encoded(_OVER_VALUES)
        condition, values = IS_OPEN, dict[str, object]()
        # A record has no attribute for what is empty, or zero.
        asked = {
            "executionName": self.execution_name,
            "iterations": self.iterations,
            "calls": self.calls,
        }
        for name, value in asked.items():
            if value:
                condition += f" AND {name} = :guard_{name}"
                values[f":guard_{name}"] = value
            elif value is not None:
                condition += f" AND attribute_not_exists({name})"
        if self.write_token:
            condition += f" AND {keys.WRITE_TOKEN} = :guard_token"
            values[":guard_token"] = self.write_token
        if self.queued_on:
            condition += " AND queuedOn = :guard_queued"
            values[":guard_queued"] = self.queued_on
        if self.is_paused is not None:
            exists = "attribute_exists" if self.is_paused else "attribute_not_exists"
            condition += f" AND {exists}(pausedOn)"
        if self.is_running:
            # The outcome removes it: whatever outlives its iteration writes nothing any more.
            condition += " AND attribute_exists(claimsSinceOutcome)"
        return condition, OPEN_VALUES | items.encoded(values)


# Whoever owns an open task, and whatever runs.
ANY_OWNER: Final = Guard()
# No execution has taken up the task yet.
NO_OWNER: Final = Guard(execution_name="")


def whoever_owns(task: StoredTask) -> Guard:
    """`ANY_OWNER`; of a task that needs slots, while nobody has written the record since: else it
    may have got one, or an iteration may have begun that keeps it.
    """
    if task.limit_id is None or not task.is_open:
        return ANY_OWNER
    return ANY_OWNER._replace(write_token=task.write_token or "")


def owned_by(task: StoredTask) -> Guard:
    """Holds while the iteration of `task` is its last, and its execution the owner."""
    return Guard(execution_name=task.execution_name or "", iterations=task.iterations)


def as_read(task: StoredTask) -> Guard:
    """The same, while nobody has written the record since: it may have been taken, and left."""
    return owned_by(task)._replace(write_token=task.write_token or "")


def paused_as(task: StoredTask) -> Guard:
    """The same, while it is paused if `task` is, and is not paused if `task` is not."""
    return owned_by(task)._replace(is_paused=task.is_paused)


def unheard(task: StoredTask, before: StoredTask) -> Guard:
    """`paused_as(before)`, and nothing has come meanwhile, if `task` is about to wait for it."""
    guard = paused_as(before)
    return guard if task.waiting_for is None else guard._replace(calls=before.calls)


def queued_as(task: StoredTask) -> Guard:
    """Holds while a task queues for a slot, since the same moment."""
    queued_on = to_iso(task.queued_on) if task.queued_on else ""
    return Guard(execution_name="", is_paused=False, queued_on=queued_on)


def running(task: StoredTask) -> Guard:
    """The same, while that iteration has no outcome."""
    return owned_by(task)._replace(is_running=True)


def still(task: StoredTask, condition: str, values: "Item") -> "tuple[str, Item]":
    """A condition, and that the record is still that of this task.

    A key is used again, and a visit's retry has a hand-sent event make its record anew: the one
    that was made since has another date. Nobody knows the date of a record that has none.
    """
    if not task.created_text:
        return condition, values
    created = items.encoded({":guard_created": task.created_text})
    return f"{condition} AND {CREATED_ON} = :guard_created", values | created


def is_finished(task: StoredTask) -> "tuple[str, Item]":
    """The condition that a record is still that of this finished task."""
    marked = f" AND attribute_exists({keys.DELETION})" if task.deletion_pending else ""
    return still(task, f"NOT {IS_OPEN}{marked}", OPEN_VALUES)


def takes_retry(task: StoredTask) -> "tuple[str, Item]":
    """The condition that a finished task is not deleted, has the date of its expiry, and no retry
    but the one that it had.
    """
    seen = {
        EXPIRY_ATTRIBUTE: task.expires_at,
        "retriedBy": task.retried_by,
        keys.DELETION: None,
    }
    is_same = (
        f"attribute_not_exists({name})" if value is None else f"{name} = :guard_{name}"
        for name, value in seen.items()
    )
    condition = " AND ".join([f"attribute_exists({PARTITION_KEY})", f"NOT {IS_OPEN}", *is_same])
    return condition, OPEN_VALUES | items.encoded(
        {f":guard_{name}": value for name, value in seen.items()}
    )
