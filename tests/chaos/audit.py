"""The verdict on what a campaign has left: is a task lost, stuck, or was a step of it committed
twice?

- Lost: it was accepted and has no record, or an outcome that doesn't follow from what was done to
  it, or a hook that was due and has not run, though it was deleted since; its parent was aborted
  and it ran on; its trigger was answered with success although its event was never sent; its signal
  was accepted and not heard; its retry is not there; a limit ended it that had not passed; it ran
  while it was paused; the counts of a verb in bulk don't fit; or the API did not answer.
- Stuck: it is open, or its end has left something to be done, after the last sweep; it slept on
  although it was told to run now; it ended long after its time was over; it was deleted,
  and something of it is there; its retention has passed, and something of it is there; an odd
  record can't be aborted or deleted; a sweep fails although nothing is odd any more; or what
  watches over it reads its payloads, of which a few dozen large ones would stop it.
- Double: a step was committed twice, two executions owned it, a status, a cursor or a number moved
  back, a child or a retry is there twice, one signal was heard twice, more tasks of a limit held
  slots than it has, or an invocation that was overtaken worked on to its end. That an iteration's
  effects happened twice is no finding when it was interrupted: only its commit is exactly once.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from handler.contract import ErrorCode
from handler.record.stored_task import StoredTask
from tests.chaos import verb_rules
from tests.chaos.aws.tables import AMONG_MANY
from tests.chaos.evidence import Evidence, Surroundings
from tests.chaos.ledger import Write
from tests.chaos.plan import ENDINGS, Meddling

_FOLLOW_UPS = {
    "pending_hook",
    "children_abort_pending",
    "expiry_pending",
    "deletion_pending",
    "end_event_pending",
}
# A child begins one every second, and a sweep comes every few.
_MAX_ITERATIONS_AFTER_ABORT = 15
_MAX_READS = 5
# What an invocation can't be told from that has died: another one runs beside it.
_CRASHES = frozenset(
    {
        "The worker was killed",
        "Step Functions lost Lambda's answer",
        Meddling.REDRIVE,
        Meddling.STOP_AND_REDRIVE,
    }
)
_OVERTAKEN = "Step Functions lost Lambda's answer"
_OUTAGES = frozenset({"DynamoDB was out"})
_LIMITS = frozenset({ErrorCode.TASK_TIMEOUT, ErrorCode.TASK_EXPIRED})
_RANK = {"pending": 0, "running": 1, "success": 2, "failed": 2, "aborted": 2}
_HOOKS = {
    "success": {"on_done"},
    "aborted": {"on_abort"},
    "failed": {"on_error", "on_max_iterations"},
}
# Those of `chaosWalk`.
SLOTS = 3
_NOTHING = Surroundings()


class Verdict(StrEnum):
    LOST = "lost"
    STUCK = "stuck"
    DOUBLE = "double effects"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that must not be."""

    verdict: Verdict
    task_id: str
    what: str

    def __str__(self) -> str:
        return f"{self.verdict}: {self.task_id}: {self.what}"


def audit(tasks: Iterable[Evidence], surroundings: Surroundings = _NOTHING) -> list[Finding]:
    """Every finding, of every task, and of what is beside them."""
    found = [
        Finding(verdict=verdict, task_id=task.id, what=what)
        for task in tasks
        for verdict, rules in _RULES.items()
        for rule in rules
        for what in rule(task)
    ]
    return [*found, *_beside(surroundings)]


def _beside(found: Surroundings) -> Iterator[Finding]:
    for odd, reason in found.odd:
        what = f"An odd record ({odd.what}) can't be aborted and deleted. {reason}"
        yield Finding(verdict=Verdict.STUCK, task_id=odd.id, what=what)
    for task_id, left in found.left.items():
        what = f"Its retention has passed, and {_some(left)} is there."
        yield Finding(verdict=Verdict.STUCK, task_id=task_id, what=what)
    for reason in found.unanswered:
        what = f"The API answered nobody. {reason}"
        yield Finding(verdict=Verdict.LOST, task_id="(the API)", what=what)
    for run in found.bulk:
        for what in verb_rules.of_bulk(run):
            yield Finding(verdict=Verdict.LOST, task_id=run.task_id, what=what)
    if found.most_at_once > SLOTS:
        what = f"{found.most_at_once} held the {SLOTS} slots of a limit at a time."
        yield Finding(verdict=Verdict.DOUBLE, task_id="(a limit)", what=what)
    if found.failed_sweeps:
        what = f"{found.failed_sweeps} sweeps failed, and nothing was odd any more."
        yield Finding(verdict=Verdict.STUCK, task_id="(the recovery)", what=what)


def _some(things: Sequence[str]) -> str:
    more = f", and {len(things) - 1} more" if len(things) > 1 else ""
    return f"{things[0]}{more}"


def _no_record(task: Evidence) -> Iterator[str]:
    if task.record is None and task.is_deleted is False:
        yield "It was accepted, and there is no record of it."


def _unexplained(task: Evidence) -> Iterator[str]:
    """An ending that follows neither from the definition nor from what was done."""
    status = task.status
    if status is None or status.is_open:
        return
    if task.abort_accepted and status != "aborted":
        yield f"Its abort was accepted, and it is {status}."
    if status == task.expected.status == "success":
        return
    if status == "success":
        yield f"It can't have succeeded; its definition ends it as {task.expected.status}."
    if status == "aborted" and not ENDINGS & set(task.faults) and not task.parent_aborted_on:
        yield "It is aborted, and nobody did that."
    if task.record and status == "failed":
        yield from _unexplained_failure(task, task.record)


def _unexplained_failure(task: Evidence, record: StoredTask) -> Iterator[str]:
    error = (record.output or {}).get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if not isinstance(error, dict) or not error.get("message"):
        yield "It is failed, and nothing says why."
    elif code == "CHILDREN":
        if not task.unsuccessful_children:
            yield f"It is failed with {error}, and each of its children succeeded."
    elif code in _LIMITS:
        return  # `ended_by_no_limit` says whether it may
    elif task.expected.code != code and not _follows(str(code), task.faults):
        yield f"It is failed with {error}; that doesn't follow from {list(task.faults)}."


def _follows(code: str, faults: Iterable[str]) -> bool:
    """Whether a task may fail with that code after these faults. An outage is no excuse."""
    faults = list(faults)
    if code in ("WORKER_OUT_OF_MEMORY", "WORKER_KILLED", "WORKER_LAMBDA_FAILED"):
        return sum(fault in _CRASHES for fault in faults) >= 2
    if code == ErrorCode.INPUT_UNREADABLE:
        return Meddling.LOSE in faults
    if code in ("UNDELIVERED", "NEVER_CLAIMED"):
        return (
            sum(
                fault in ("An event was lost", "An event could not be delivered")
                for fault in faults
            )
            >= 4
        )
    return code == "TRIGGER_TASK_ERROR" and faults.count("EventBridge refused an entry") >= 5


def _hook_missing(task: Evidence) -> Iterator[str]:
    """A hook runs though its task was deleted since."""
    if task.status and not task.status.is_open and task.expected.counts_hooks:
        due = _HOOKS[task.status]
        if not due & task.effects.keys() and not _is_given_up(task):
            yield f"It is {task.status}, and none of its hooks {sorted(due)} has run."


def _is_given_up(task: Evidence) -> bool:
    return any("it is given up" in line for line in task.log)


def _rows_missing(task: Evidence) -> Iterator[str]:
    record = task.record
    if record is None or record.status != "success":
        return
    rows = [effect for effect in task.effects if effect.startswith("row ")]
    if task.expected.rows is not None and len(rows) != task.expected.rows:
        yield f"It succeeded with {len(rows)} of {task.expected.rows} rows."
    has_lost = {Meddling.LOSE, Meddling.LOSE_LATER} & set(task.faults)
    is_lost = bool(has_lost) and "note" in (record.output or {})
    if not is_lost and _counted(record) < (task.expected.counted or 0):
        yield f"It succeeded having counted {_counted(record)} of {task.expected.counted} steps."
    if task.found_children < task.expected.children:
        yield f"It succeeded with {task.found_children} of {task.expected.children} children."


def _open(task: Evidence) -> Iterator[str]:
    record = task.record
    if record and record.status.is_open:
        yield f"It is {record.status} still."
    elif record and record.has_follow_ups:
        follow_ups = record.model_dump(include=_FOLLOW_UPS, exclude_defaults=True)
        yield f"Its end has left something to do: {follow_ups}."


def _not_given_up(task: Evidence) -> Iterator[str]:
    """A hook that never ends is given up, and the log says so."""
    is_due = task.record and task.record.status == "success" and not task.expected.hook_ends
    if is_due and not _is_given_up(task):
        yield "Its hook never ends, and nothing says that it is given up."


def _deleted_in_part(task: Evidence) -> Iterator[str]:
    # Of one that was sent by hand the record stays for a day, lest a copy of its event makes it
    # anew: what is left of it then, `Surroundings.left` has.
    awaits_copies = bool(task.history) and task.history[-1].awaits_copies
    if task.is_deleted and task.rows and not awaits_copies:
        yield f"It was deleted, and {_some(task.rows)} is there."


def _read_in_vain(task: Evidence) -> Iterator[str]:
    """A sweep and a list read no payloads; the recovery may read the output of what it fails."""
    among_many = [what for what in task.unasked if what.startswith(AMONG_MANY)]
    if among_many or len(task.unasked) > _MAX_READS:
        yield f"Nobody asked for its payloads, and {_some(task.unasked)}."


def _ran_on(task: Evidence) -> Iterator[str]:
    """The children of an aborted task are aborted with it, by the next sweep at the latest."""
    if task.parent_aborted_on is None:
        return
    aborted_on = task.parent_aborted_on
    begun = {
        write.iterations for write in task.history if write.claims and write.saved_on > aborted_on
    }
    if len(begun) > _MAX_ITERATIONS_AFTER_ABORT:
        yield f"It began {len(begun)} iterations after its parent was aborted, on {aborted_on}."


def _answered_in_vain(task: Evidence) -> Iterator[str]:
    """Whoever triggers a task hears that its event was not taken."""
    record = task.record
    if record is None or not record.has_failed or not task.was_answered:
        return
    if record.failure.code == ErrorCode.TRIGGER_TASK_ERROR:
        yield "Its trigger was answered with success, and its event was never sent."


def _counted_twice(task: Evidence) -> Iterator[str]:
    record = task.record
    if (
        record
        and record.status == "success"
        and task.expected.counted is not None
        and _counted(record) > task.expected.counted
    ):
        yield f"It counted {_counted(record)} steps, and has {task.expected.counted}."
    if task.found_children > task.expected.children:
        yield f"It has {task.found_children} children, of {task.expected.children}."


def _two_owners(task: Evidence) -> Iterator[str]:
    owners = [
        execution for execution, _ in itertools.groupby(write.execution for write in task.history)
    ]
    taken = [owner for owner in owners if owner]
    # One that is woken leaves its execution for another, and never comes back.
    left = [before for before, after in itertools.pairwise(owners) if before and not after]
    if len(taken) > len(set(taken)) or len(set(taken) - set(left)) > 1:
        yield f"More than one execution owned it: {owners}."


def _moved_back(task: Evidence) -> Iterator[str]:
    for before, after in itertools.pairwise(task.history):
        ended_otherwise = _RANK[before.status] == 2 and (after.status, after.saved_on) != (
            before.status,
            before.saved_on,
        )
        if _RANK[after.status] < _RANK[before.status] or ended_otherwise:
            yield (
                f"Its status moved from {before.status} ({before.saved_on}) to {after.status}"
                f" ({after.saved_on})."
            )
        if after.iterations not in (before.iterations, before.iterations + 1):
            yield f"Its iterations went from {before.iterations} to {after.iterations}."
        if before.cursor and after.cursor is not None and after.cursor < before.cursor:
            yield f"Its cursor went from {before.cursor} to {after.cursor}."


def _overtaken_in_vain(task: Evidence) -> Iterator[str]:
    """Of two invocations of an iteration, the one that was overtaken is told so."""
    # Each of these may have an iteration run again that had come to its end.
    others = [fault for fault in task.faults if fault in (_CRASHES - {_OVERTAKEN}) | _OUTAGES]
    finished = task.effects.get("finished", 0)
    if _OVERTAKEN in task.faults and finished > 1 + len(others):
        yield f"{finished} invocations of it worked on to their end."


def _committed_twice(task: Evidence) -> Iterator[str]:
    """Each iteration has one outcome. A write that was sent again is the same one."""
    own: dict[int, set[tuple[int, str, str, str]]] = {}
    others = _taken_up(task.history) | _paused_between(task.history)
    for write in task.history:
        is_its_owners = write.execution or write.status not in ("pending", "running")
        is_commit = is_its_owners and write.outcome not in others
        if write.outcome and is_commit and write.answer in ("continue", "done"):
            own.setdefault(write.iterations, set()).add(write.outcome)
    for iteration, outcomes in own.items():
        if len(outcomes) > 1:
            yield f"Iteration {iteration} was committed {len(outcomes)} times: {sorted(outcomes)}."


def _taken_up(history: Sequence[Write]) -> set[tuple[int, str, str, str] | None]:
    """What a new execution has stored that waits for the rest of a wait, and commits nothing."""
    return {
        after.outcome
        for before, after in itertools.pairwise(history)
        if before.is_open and after.is_open and after.execution and not before.execution
    }


def _paused_between(history: Sequence[Write]) -> set[tuple[int, str, str, str] | None]:
    """What somebody has stored who paused or resumed a task between two iterations."""
    return {
        after.outcome
        for before, after in itertools.pairwise(history)
        if before.outcome and before.is_paused is not after.is_paused
    }


def _counted(record: StoredTask) -> int:
    return int(str((record.output or {}).get("counted", 0)))


_Rule = Callable[[Evidence], Iterator[str]]
_RULES: dict[Verdict, tuple[_Rule, ...]] = {
    Verdict.LOST: (
        _no_record,
        _unexplained,
        _hook_missing,
        _rows_missing,
        _ran_on,
        _answered_in_vain,
        verb_rules.unheard,
        verb_rules.not_retried,
        verb_rules.ended_by_no_limit,
        verb_rules.ran_while_paused,
    ),
    Verdict.STUCK: (
        _open,
        _not_given_up,
        _deleted_in_part,
        _read_in_vain,
        verb_rules.slept_on,
        verb_rules.beyond_its_limit,
    ),
    Verdict.DOUBLE: (
        _counted_twice,
        _two_owners,
        _moved_back,
        _committed_twice,
        _overtaken_in_vain,
        verb_rules.heard_twice,
        verb_rules.retried_twice,
    ),
}
