"""What must hold after every step: each write of a record, a log row or a child's row is looked at.

A rule is about what the table says before and after a write, and about who has written. So the
rules know nothing of how the handler comes to a write. `audit` looks at what is left at the end.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from handler.aws import STOPPED
from handler.contract import BULK_DEFINITION, DEFAULT_WORKER, ErrorCode
from handler.definition.task_code import Hook
from handler.errors import EngineSignal
from handler.lifecycle import BulkVerb
from handler.table import items
from tests.simulation.faults import Fault, Kind
from tests.simulation.machine import Machine
from tests.simulation.pauses import KNOWN_FOR_SECONDS
from tests.simulation.scheduler import Promise, acting
from tests.simulation.slots import SlotRules
from tests.simulation.workers import arn_of

if TYPE_CHECKING:
    from tests.simulation.state_machine import Execution
    from tests.simulation.world import World

Item = Mapping[str, Any]
Change = tuple[tuple[str, str], Item | None, Item | None]

_RANK: Final = {"pending": 0, "running": 1, "success": 2, "failed": 2, "aborted": 2}
_OVER: Final = 2
# What only the iteration that runs may change, and what no iteration changes any more afterwards.
_PAYLOADS: Final = ("input", "inputContent", "output", "outputContent", "progress")
_PROGRESS: Final = (*_PAYLOADS, "taskStatus", "waitingUntil", "lastAnswer", "iterations")
_OUTCOME: Final = (
    "taskStatus",
    "finishedOn",
    "output",
    "outputContent",
    "iterations",
    "lastAnswer",
)
_HOOKS: Final = {
    "success": (Hook.ON_DONE,),
    "failed": (Hook.ON_ERROR,),
    "aborted": (Hook.ON_ABORT,),
}
_TASK: Final = "TASK#"
_STACK: Final = "SETTINGS#"  # of no tenant
_MAX_HOOK_ATTEMPTS: Final = 3
# How wrong a machine's clock may be, and a bit.
_SKEW_SECONDS: Final = 6.0


class Broken(EngineSignal):
    """A rule does not hold: the world ends here."""


@dataclass(slots=True)
class Violation:
    """A rule that does not hold.

    Args:
        rule: its name, one of a few.
        task_id: the task's id; empty: of no one task.
        what: what has happened.
    """

    rule: str
    task_id: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.task_id}: {self.what}"


@dataclass(frozen=True, slots=True)
class Request:
    """A request to the table, for the story of its tasks: in words when somebody reads it."""

    operation: str
    outcome: str
    changes: tuple[Change, ...]

    def of(self, task_id: str) -> str:
        """What it was to one task."""
        changed = [
            f"{sort}: {_difference(before, after)}"
            for (partition, sort), before, after in self.changes
            if partition == f"{_TASK}{task_id}"
        ]
        return " ".join(filter(None, (self.operation, self.outcome, "; ".join(changed))))


@dataclass(slots=True)
class Life:
    """A task, as the world has seen it.

    Args:
        number: of the planned task that it belongs to; -1: of none.
    """

    id: str
    number: int = -1
    record: Item | None = None
    ended_at: float | None = None
    ended_by: str = ""
    aborted_at: float | None = None  # somebody was told that it is aborted
    deleted_at: float | None = None
    signalled_at: float | None = None  # somebody was told that its signal is there
    hurried: int | None = None  # how often it was claimed when somebody heard that it runs now
    effects: Counter[str] = field(default_factory=Counter)
    hooks: Counter[str] = field(default_factory=Counter)  # of this record
    children: dict[str, str] = field(default_factory=dict)  # the sort key of each child's row
    had_children: set[str] = field(default_factory=set)  # also those whose rows are gone
    keys: dict[str, str] = field(default_factory=dict)  # the child of each key
    story: list[tuple[float, str, object]] = field(default_factory=list)
    overtaking: list[tuple[Machine, Promise]] = field(default_factory=list)
    parent: str = ""
    definition: str = ""
    log_rows: set[str] = field(default_factory=set)
    given_up: bool = False
    was_removed: bool = False
    was_deleted: bool = False  # the record that is there, or was last
    was_deleted_with_others: bool = False  # by a verb that was said of many
    is_orphan: bool = False  # a zombie has made it when its parent was gone
    was_deferred_again: bool = False  # by a late invocation of its delay's visit
    retry: str = ""  # the id of its retry, as somebody was told, or as a record says
    retry_of: str = ""
    begun_at: float | None = None  # its first claim
    deadline: float | None = None  # seconds of the world, by the clock of whoever triggered it
    start_by: float | None = None
    kept_for: frozenset[int] = frozenset()  # the retention that may have held when it ended
    told_ends: int = 0  # how often the bus was told that it has ended
    last_status: str = ""  # also of a record that is gone
    ends: set[str] = field(default_factory=set)  # also those of records that are gone
    made: int = 0  # how many records of its id there were
    made_at: float = 0.0  # the record that is there, or was last
    seen_late_at: float | None = None  # somebody saw it as it was before
    held_at: float | None = None  # it was paused with others, last
    ended_held: bool = False  # it ended while it was

    def heard_by(self) -> "Hearing":
        """What somebody is about to ask of the record that is there now."""
        return Hearing(self, self.made)

    def told(self) -> Iterator[str]:
        """What has happened to it, a line each."""
        for moment, who, what in self.story:
            text = what.of(self.id) if isinstance(what, Request) else str(what)
            yield f"{moment:10.3f}  {who:<28}  {text}"

    @property
    def status(self) -> str:
        return str(self.record["taskStatus"]["S"]) if self.record else ""

    @property
    def is_open(self) -> bool:
        return self.status in ("pending", "running")

    @property
    def is_held_with_others(self) -> bool:
        """Whether it is open, and waits for its definition, or all, to be resumed."""
        return self.is_open and "pausedWith" in (self.record or {})

    @property
    def is_in_bulk(self) -> bool:
        """Whether it is one of the engine's own, which does something to many others."""
        return self.definition == BULK_DEFINITION


@dataclass(frozen=True, slots=True)
class Hearing:
    """What somebody hears of a task: of one that was made since, with its id, it says nothing."""

    life: Life
    made: int

    def note(self, **what: Any) -> None:
        """Notes it on the life, while the record is the one that was asked about."""
        if self.life.made == self.made:
            for name, value in what.items():
                setattr(self.life, name, value)

    def note_retry(self, id: str, watch: "Watch") -> None:
        """Somebody was told the id of its retry."""
        if self.life.made == self.made:
            watch.one_retry(self.life, id)


class Watch:
    """Looks at each step of a world."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.lives: dict[str, Life] = {}
        self.violations: list[Violation] = []
        self.task_at_hand = -1
        self.raised_errors: list[tuple[float, Machine, Exception]] = []
        self._changes: list[Change] = []
        self._started: Counter[str] = Counter()
        self.slots = SlotRules(self)

    # What the world tells of.

    def wrote(self, key: tuple[str, str], before: Item | None, after: Item | None) -> None:
        """The table tells of a change."""
        self._changes.append((key, before, after))

    def write(
        self, machine: Machine, operation: str, method: Callable[..., Any], request: dict[str, Any]
    ) -> Any:
        """Has a request to the table carried out, and looks at what it changed."""
        touched = [self.life(id) for id in task_ids(operation, request)]
        if touched:
            self.task_at_hand = touched[-1].number
        self._changes.clear()
        outcome = "refused"
        try:
            response = method(**request)
            outcome = ""
        finally:
            changes, self._changes = self._changes, []
            self._tell(touched, machine, operation, outcome, changes)
        self._look(machine, changes)
        return response

    def other(self, machine: Machine, service: str, operation: str, request: Any) -> None:
        """A request to another service."""
        if machine.task >= 0:
            now = self._world.scheduler.now
            for life in self.of_number(machine.task):
                life.story.append((now, machine.name, f"{service}.{operation} {_shown(request)}"))

    def expired(self, changes: list[Change]) -> None:
        """The table has removed rows by itself."""
        for (partition, sort), old, _ in changes:
            life, before = self.life(partition.removeprefix(_TASK)), old or {}
            if sort == "TASK":
                life.record = None
                if before and _RANK[before["taskStatus"]["S"]] < _OVER:
                    self.fail("a task that is open is kept", life.id, "An open record has expired.")
                if not life.parent and life.kept_for == {0} and "deletionPending" not in before:
                    what = "The settings said that it stays."
                    self.fail("a task is kept until it is deleted", life.id, what)
            elif sort.startswith("CHILD#"):
                life.children.pop(sort.rpartition("#")[2], None)

    def take_changes(self) -> list[Change]:
        changes, self._changes = self._changes, []
        return changes

    def counted(self, machine: Machine, values: Mapping[str, float], definition: str) -> None:
        """A machine has counted something."""
        self._world.metrics.update({name: int(value) for name, value in values.items()})
        for status in ("success", "failed", "aborted"):
            if f"Tasks{status.capitalize()}" in values:
                machine.uncounted[("ended", status)] -= 1
                if machine.uncounted[("ended", status)] < 0:
                    self.fail(
                        "each end is counted once",
                        "",
                        f"{machine.name} counts a task as {status} that it has not ended.",
                    )
        if "TasksStarted" in values:
            machine.uncounted[("started", "")] -= 1
            if machine.uncounted[("started", "")] < 0:
                what = f"{machine.name} counts a start that it has not stored."
                self.fail("each end is counted once", "", what)

    def machine_ended(self, machine: Machine) -> None:
        """A machine has come to its end."""
        if machine.may_start_nothing:
            machine.uncounted.pop(("started", ""), None)
        missed = {what: number for what, number in machine.uncounted.items() if number}
        if missed and not machine.is_dead and not machine.has_failed_requests:
            what = f"{machine.name} has not counted {missed}."
            self.fail("each end is counted once", "", what)
        if machine.to_send and not machine.is_dead and not machine.has_failed_requests:
            what = f"{machine.name} has let it go on, and has not sent its event."
            self.fail("a task that goes on is sent", min(machine.to_send), what)

    def raised(self, machine: Machine, error: Exception) -> None:
        """A Lambda has failed with an exception."""
        self.raised_errors.append((self._world.scheduler.now, machine, error))

    def execution_ended(self, execution: "Execution") -> None:
        for life in self.of_number(execution.task):
            line = f"is {execution.status} {execution.error} {execution.cause[:80]}"
            life.story.append((execution.ended_at, execution.name, line))

    def invoked(self, execution: "Execution", function: str) -> None:
        """`Run` invokes a worker: its definition's, or the one that its task has moved to."""
        detail = execution.input.get("detail") or {}
        known = self._world.good_registry.find(str(detail.get("webinyTaskDefinitionId")))
        worker = known.worker if known else DEFAULT_WORKER
        if detail.get("webinyTaskId"):
            worker = detail.get("worker", worker)
        if function != arn_of(worker):
            what = f"{execution.name} invokes {function}."
            self.fail("a task runs on its worker", str(detail.get("webinyTaskId")), what)

    def overtaking(self, machine: Machine) -> Promise:
        """Kept when another machine claims an iteration of what this one has claimed."""
        promise = Promise()
        for id in machine.claimed or [machine.task_id]:
            self.life(id).overtaking.append((machine, promise))
        return promise

    def acted(self, machine: Machine | None, task_id: str, effect: str) -> None:
        """A task, or a hook of one, has done something."""
        life = self.life(task_id)
        life.effects[effect] += 1
        now = self._world.scheduler.now
        life.story.append((now, machine.name if machine else "", f"effect: {effect}"))
        if effect in set(Hook):
            life.hooks[effect] += 1
            self._check_hook(life, effect)
        elif machine is not None:
            self.slots.acted(life, machine)
            self._check_time(life, machine.claimed_at.get(task_id, 0.0))

    def told_child(self, parent_id: str, key: str, child_id: str) -> None:
        """A task has triggered a child with a key."""
        keys = self.life(parent_id).keys
        if keys.setdefault(key, child_id) != child_id:
            what = f"The key {key} is {keys[key]} and {child_id}."
            self.fail("one key is one child", parent_id, what)

    def life(self, id: str) -> Life:
        known = self.lives.get(id)
        if known is None:
            known = self.lives[id] = Life(id)
        return known

    def number_of_event(self, event: Any) -> int:
        detail = event.get("detail") or {}
        known = self.lives.get(str(detail.get("webinyTaskId")))
        if known is not None and known.number >= 0:
            return known.number
        return number_of(str(detail.get("name", "")))

    def fail(self, rule: str, task_id: str, what: str) -> None:
        """A rule does not hold."""
        self.violations.append(Violation(rule, task_id, what))
        self._world.is_over = True
        if acting() is not None:
            raise Broken

    def told(self, detail: Mapping[str, Any]) -> None:
        """The bus was told of a task."""
        life = self.life(detail["webinyTaskId"])
        record, status = life.record, detail["taskStatus"]
        now, change = self._world.scheduler.now, detail["status"]
        life.story.append((now, "the bus", f"is told: {change}, {status}"))
        if detail["status"] == "ended":
            life.told_ends += 1
        if record is None or life.was_removed:
            return  # it may be another one since
        if _RANK[status] > _RANK[life.status] or (change == "ended" and status != life.status):
            what = f"The bus is told that it is {status}, and it is {life.status}."
            self.fail("an outcome is stored before it is told", life.id, what)

    def one_retry(self, life: Life, id: str) -> None:
        """A task has a retry of that id."""
        if life.retry and life.retry != id:
            self.fail("a task has one retry", life.id, f"It is {life.retry}, and {id}.")
        life.retry = id

    # The rules.

    def _look(self, machine: Machine, changes: list[Change]) -> None:
        for (partition, sort), before, after in changes:
            if partition == _STACK:
                self._world.pauses.changed(after, self._world.scheduler.now)
            if not partition.startswith(_TASK):
                continue
            life = self.life(partition.removeprefix(_TASK))
            if sort == "TASK":
                self._record(life, machine, before, after, changes)
            elif sort.startswith("LOG#"):
                self._log(life, sort, before, after)
            elif sort.startswith("CHILD#"):
                self._child(life, sort, after)
        self.slots.look(machine, changes)

    def _record(
        self,
        life: Life,
        machine: Machine,
        before: Item | None,
        after: Item | None,
        changes: list[Change],
    ) -> None:
        life.record = after
        if after is not None:
            life.last_status = after["taskStatus"]["S"]
            life.was_deleted = "deletionPending" in after
            if life.was_deleted and "deletionPending" not in (before or {}):
                self._world.in_bulk.did(BulkVerb.DELETE, life, machine)
        if after is None:
            self._removed(life, before)
            return
        if before is None:
            self._created(life, machine, after)
        status, old = after["taskStatus"]["S"], before["taskStatus"]["S"] if before else "pending"
        if _RANK[status] < _RANK[old] or (_RANK[old] == _OVER and status != old):
            self.fail("a status only moves forward", life.id, f"From {old} to {status}.")
        if before is not None:
            self._owner(life, machine, before, after)
            if _RANK[old] == _OVER:
                self._over(life, before, after)
            else:
                self._open(life, machine, before, after)
        if _RANK[status] == _OVER and (before is None or _RANK[old] < _OVER):
            self._ended(life, machine, before, after, changes)
        self._world.moved(life, before, after)

    def _created(self, life: Life, machine: Machine, after: Item) -> None:
        life.number = number_of(after["name"]["S"])
        life.parent = after.get("parentId", {}).get("S", "")
        life.definition = after["definitionId"]["S"]
        life.made, life.made_at = life.made + 1, self._world.scheduler.now
        life.held_at, life.ended_held = None, False
        life.ended_at = life.aborted_at = life.deleted_at = life.hurried = None
        life.signalled_at = None
        life.hooks.clear()
        life.keys.clear()
        life.retry, life.told_ends, life.begun_at = "", 0, None
        parent = self.life(life.parent) if life.parent else life
        life.is_orphan = parent is not life and (parent.record is None or parent.is_orphan)
        life.deadline = self._seconds_of(after, "deadline")
        life.start_by = self._seconds_of(after, "startBy")
        life.kept_for = frozenset()
        self._retried(life, _text(after, "retryOf"))
        if life.number < 0 and life.retry_of:
            life.number = self.life(life.retry_of).number
        if life.number < 0 and life.parent:
            life.number = self.life(life.parent).number
        if life.number < 0:
            life.number = machine.task
        if life.is_in_bulk:
            self._world.in_bulk.begun(life, after)
        if life.retry_of:
            self._world.in_bulk.did(BulkVerb.RETRY, self.life(life.retry_of), machine)
        if "iterations" in after:
            self.fail("an iteration is claimed", life.id, "It was made with iterations.")

        execution = self._world.step_functions.executions.get(machine.name.partition("+")[0])
        if not life.was_removed or machine.function != "recovery" or execution is None:
            return
        # The worker has answered, or it was stopped for its task. (A person who stops it leaves
        # open whether there was a record.)
        if execution.error == STOPPED or execution.cause.startswith("{"):
            what = f"{machine.name} makes it anew."
            self.fail("what was deleted stays deleted", life.id, what)

    def _retried(self, life: Life, old_id: str) -> None:
        """A record was made that is the retry of another."""
        life.retry_of = old_id
        if not old_id:
            return
        old = self.life(old_id)
        ended_badly = bool(old.ends & {"failed", "aborted"})  # it may have been made anew since
        if old.status not in ("failed", "aborted", "") and not (old.made > 1 and ended_badly):
            what = f"{life.id} is its retry, and it is {old.status}."
            self.fail("only what has ended badly is retried", old_id, what)
        if old.record is not None and not old.was_removed:
            self.one_retry(old, life.id)

    def _seconds_of(self, item: Item, name: str) -> float | None:
        """A moment of a record, in seconds of the world."""
        text = _text(item, name)
        start = self._world.moment().timestamp() - self._world.scheduler.now
        return datetime.fromisoformat(text).timestamp() - start if text else None

    def _removed(self, life: Life, before: Item | None) -> None:
        if before is None:
            return
        life.was_removed = True
        if _RANK[before["taskStatus"]["S"]] < _OVER:
            self.fail("a task that is open is kept", life.id, "An open record was removed.")
        if before.get("pendingHook"):
            self.fail("a follow-up is done", life.id, "Removed before its hook has run.")
        if "deletionPending" not in before and not self._is_expired(before):
            self.fail("a task is kept until it is deleted", life.id, "Nobody has deleted it.")

    def _owner(self, life: Life, machine: Machine, before: Item, after: Item) -> None:
        owner, now = _text(before, "executionName"), _text(after, "executionName")
        if owner and now and owner != now:
            self.fail("one owner", life.id, f"From {owner} to {now}, by {machine.name}.")
        # The retry of a dead worker's visit gives up what is paused; who has no slot queues.
        is_held = "pausedOn" in after or "queuedOn" in after
        is_free = _text(after, "lastAnswer") == "continue" or is_held or _is_woken(before, after)
        if owner and not now and not is_free:
            self.fail("one owner", life.id, f"{owner} gave it up without an outcome.")
        if now and now == _text(before, "releasedFrom") and owner != now:
            self.fail("an execution that was left stays so", life.id, f"{now} has it again.")
        old, new = _number(before, "iterations"), _number(after, "iterations")
        if new not in (old, old + 1):
            self.fail("iterations grow by one", life.id, f"From {old} to {new}.")
        entered = _text(before, "visitEnteredOn")
        if owner == now and entered > _text(after, "visitEnteredOn"):
            what = f"From the visit of {entered} back to an older one, by {machine.name}."
            self.fail("an execution goes forward", life.id, what)
        if new == old + 1:
            self._claimed(life, machine, before, after)
            if "pausedOn" in before:
                self.fail("nothing runs a paused task", life.id, f"{machine.name} claims it.")

    def _claimed(self, life: Life, machine: Machine, before: Item, after: Item) -> None:
        new = _number(after, "iterations")
        if machine.function != "worker" or _text(after, "executionName") != machine.execution:
            what = f"{machine.name} claims iteration {new} for {_text(after, 'executionName')}."
            self.fail("one owner", life.id, what)
        has_more = any(before.get(name) != after.get(name) for name in _PAYLOADS)
        if has_more and machine.claimed.get(life.id) != new - 1 and not life.was_removed:
            what = f"{machine.name}, at iteration {machine.claimed.get(life.id)}, writes {new}."
            self.fail("an overtaken iteration writes nothing", life.id, what)
        visit = _text(after, "visit")
        if visit and visit == _text(before, "answeredVisit") == _text(after, "answeredVisit"):
            self.fail("an answered visit runs once", life.id, f"{machine.name} claims it again.")
        is_own = machine.claimed.get(life.id) == new - 1
        claims = "claimsSinceOutcome"
        is_again = is_own and _number(after, claims) > _number(before, claims) > 0
        # The late write of a delay's end has taken the place of the claim's token.
        if is_again and not life.was_deferred_again and not life.was_removed:
            self.fail("a claim is counted once", life.id, f"{machine.name} has claimed {new - 1}.")
        machine.claimed[life.id] = new
        self._check_pauses(life, machine, after)
        now = self._world.scheduler.now
        life.begun_at = now if life.begun_at is None else life.begun_at
        # An iteration in place is claimed by the write of an outcome, which may come late.
        machine.claimed_at[life.id] = 0.0 if is_own and has_more else now
        # What has come too late is no start: its machine says so by a clock of its own.
        limits = [each for each in (life.start_by, life.deadline) if each is not None]
        is_late = any(now > limit - _SKEW_SECONDS for limit in limits)
        machine.may_start_nothing |= is_late
        if new == 1:
            machine.uncounted[("started", "")] += 1
        waiting, life.overtaking = life.overtaking, []
        for other, promise in waiting:
            if other is machine:
                life.overtaking.append((other, promise))
            else:
                promise.keep()

    def _over(self, life: Life, before: Item, after: Item) -> None:
        """A task that is over: its outcome stays, and a follow-up goes when it is done."""
        for name in _OUTCOME:
            if before.get(name) != after.get(name) and name in before:
                self.fail("an outcome is final", life.id, f"Its {name} changed after its end.")
        if "pendingHook" in before and "pendingHook" not in after:
            hook = before["pendingHook"]["S"]
            has_run = life.hooks[hook] > 0 or not self._world.has_hook(life.definition, hook)
            tried = _number(before, "pendingHookAttempts")
            if not has_run and tried < _MAX_HOOK_ATTEMPTS:
                self.fail("a follow-up is done", life.id, f"Its {hook} is cleared and has not run.")
            life.given_up |= not has_run
        if "parentPending" in before and "parentPending" not in after:
            self._parent_told(life)
        is_forgotten = "endEventPending" in before and "endEventPending" not in after
        if is_forgotten and not life.told_ends and not life.was_removed:
            self.fail("a follow-up is done", life.id, "The bus was not told of its end.")
        if "deletionPending" in before and "deletionPending" not in after:
            self.fail("a follow-up is done", life.id, "Its deletion was forgotten.")

    def _parent_told(self, child: Life) -> None:
        """A parent that waits for its children has been called, if this was the last of them."""
        parent = self.life(child.parent)
        record = parent.record or {}
        waits = parent.is_open and "waitingUntil" in record and "executionName" in record
        if not waits or '"signal"' in _text(record, "waitingFor") or "waitingFor" not in record:
            return
        others = [self.life(id) for id in parent.children if id != child.id]
        if any(other.is_open or "parentPending" in (other.record or {}) for other in others):
            return
        if _number(record, "calls") <= _number(record, "heard"):
            self.fail("a follow-up is done", child.id, "Its parent waits on, and was not called.")

    def _open(self, life: Life, machine: Machine, before: Item, after: Item) -> None:
        """A task that was open: who may change it?"""
        self._holds(life, machine, before, after)
        begins = "waitingUntil" not in before and {"waitingUntil", "waitingFor"} <= after.keys()
        is_due = _text(after, "waitingUntil") <= _text(after, "savedOn")  # it has got its slot
        if begins and not is_due and _number(after, "calls") > _number(after, "heard"):
            self.fail("what has come is heard", life.id, "It waits for what has come.")
        changed = [name for name in _PROGRESS if before.get(name) != after.get(name)]
        if not changed or _number(after, "iterations") > _number(before, "iterations"):
            return
        is_resumed = "pausedOn" in before and "pausedOn" not in after
        was_called = _number(before, "calls") > _number(before, "heard")
        is_sent_off = "queuedOn" in before and "slot" in after
        if changed == ["waitingUntil"] and (
            _is_woken(before, after) or is_sent_off or (is_resumed and was_called)
        ):
            return
        if machine.function == "worker" and machine.task_id == life.id:
            self._by_worker(life, machine, before, after, changed)
        elif _RANK[after["taskStatus"]["S"]] < _OVER:
            what = f"{machine.name} changes {changed} of an open task."
            self.fail("only its iteration changes a task", life.id, what)
        elif machine.function == "recovery":
            self._by_recovery(life, machine, before, after)

    def _holds(self, life: Life, machine: Machine, before: Item, after: Item) -> None:
        """A task that was open is held with others, or goes on, or ends."""
        if "pausedWith" in after and "pausedWith" not in before:
            life.held_at = self._world.scheduler.now
            if life.is_in_bulk:
                what = f"{machine.name} holds it."
                self.fail("the engine's own tasks are never held", life.id, what)
            fault = Fault(Kind.HELD_WITH_OTHERS, machine.name, machine.step, life.number)
            self._world.faults.note(fault)
        is_over = _RANK[after["taskStatus"]["S"]] == _OVER
        life.ended_held = is_over and "pausedWith" in before
        if is_over or "pausedOn" not in before or "pausedOn" in after:
            return
        if "pausedWith" in before:
            self._world.in_bulk.did(BulkVerb.RESUME, life, machine)
        if "executionName" not in after:
            machine.to_send.add(life.id)

    def _by_worker(
        self, life: Life, machine: Machine, before: Item, after: Item, changed: list[str]
    ) -> None:
        if life.was_removed:
            return  # an event by hand has made it anew, and its execution knows no difference
        claimed = machine.claimed.get(life.id)
        is_running = "claimsSinceOutcome" in before
        if claimed is not None and claimed == _number(before, "iterations") and is_running:
            if before.get("executionName") != {"S": machine.execution}:
                what = f"{machine.name} writes to a task of another execution."
                self.fail("one owner", life.id, what)
            return
        code = code_of(after)
        is_refusal = after["taskStatus"]["S"] == "failed" and code in _WITHOUT_A_CLAIM
        is_deferral = changed == ["waitingUntil"] and "executionName" not in before
        is_abort = after["taskStatus"]["S"] == "aborted"  # by an ancestor of its own definition
        # A late invocation of a delay's visit writes its end again; the next claim removes it.
        is_deferral_again = changed == ["waitingUntil"] and not machine.claimed
        life.was_deferred_again |= is_deferral_again
        if self._is_out_of_time(life, after):
            return  # whoever runs it still has had its time, too
        if not is_deferral_again and (is_running or not (is_deferral or is_refusal or is_abort)):
            what = (
                f"{machine.name}, at iteration {claimed}, changes {changed} of iteration"
                f" {_number(before, 'iterations')}."
            )
            self.fail("an overtaken iteration writes nothing", life.id, what)

    def _by_recovery(self, life: Life, machine: Machine, before: Item, after: Item) -> None:
        """It ends tasks that nothing runs."""
        if after["taskStatus"]["S"] == "aborted" and life.parent:
            return  # with its parent
        if self._is_out_of_time(life, after):
            return  # its execution waits, or its worker has had its time
        name = _text(before, "executionName")
        execution = self._world.step_functions.executions.get(name)
        if execution is None or not execution.is_running:
            return
        if execution.ended_at < machine.started_at:
            what = f"{machine.name} ends it, and {name} is running."
            self.fail("an execution that runs has no task ended", life.id, what)

    def _ended(
        self,
        life: Life,
        machine: Machine,
        before: Item | None,
        after: Item,
        changes: list[Change],
    ) -> None:
        status = after["taskStatus"]["S"]
        if life.ended_at is not None:
            self.fail("an outcome is final", life.id, f"It ended twice, now as {status}.")
        life.ended_at, life.ended_by = self._world.scheduler.now, machine.name
        life.ends.add(status)
        machine.uncounted[("ended", status)] += 1
        registry = self._world.good_registry
        if registry.keeps_logs(life.definition) and not any(
            sort.startswith("LOG#") and partition == f"{_TASK}{life.id}"
            for (partition, sort), _, _ in changes
        ):
            self.fail("outcome and log are one write", life.id, f"It is {status}, without a line.")
        if registry.first_hook(life.definition, *_HOOKS[status]) and "pendingHook" not in after:
            self.fail("a follow-up is kept", life.id, f"It is {status}, and no hook is due.")
        if status == "aborted":
            self._world.in_bulk.did(BulkVerb.ABORT, life, machine)
        if life.is_in_bulk:
            self._world.in_bulk.ended(life, after)
        if status == "aborted" and before and "childrenAbortPending" not in after:
            self.fail("a follow-up is kept", life.id, "Its children are not to be aborted.")
        if "parentId" in after and "parentPending" not in after:
            self.fail("a follow-up is kept", life.id, "Its parent is not to be told.")
        asked_at = min(machine.started_at, life.ended_at)
        life.kept_for = self._world.retentions.between(asked_at, life.ended_at)
        if self._world.settings.status_events and "endEventPending" not in after:
            self.fail("a follow-up is kept", life.id, "The bus is not to be told of its end.")
        if 0 not in life.kept_for and "expiryPending" not in after:
            self.fail("a follow-up is kept", life.id, "Its rows are not to be dated.")

    def _log(self, life: Life, sort: str, before: Item | None, after: Item | None) -> None:
        is_there = before is not None and after is not None
        if is_there and _without_date(before or {}) != _without_date(after or {}):
            self.fail("a log line is never rewritten", life.id, f"{sort} was written over.")
        if after is not None:
            life.log_rows.add(sort)
            return
        life.log_rows.discard(sort)
        record = life.record
        is_kept = record is not None and "deletionPending" not in record
        # The record of an event by hand may be one that came after a deletion.
        if record and is_kept and not life.was_removed and not self._is_expired(record):
            self.fail("a log line is never lost", life.id, f"{sort} is gone, and its task is not.")

    def _child(self, life: Life, sort: str, after: Item | None) -> None:
        id = sort.rpartition("#")[2]
        life.had_children.add(id)
        if after is None:
            life.children.pop(id, None)
        elif life.children.setdefault(id, sort) != sort and not self.life(id).was_removed:
            self.fail("one key is one child", life.id, f"{life.children[id]} and {sort}.")

    def _check_hook(self, life: Life, hook: str) -> None:
        names = {name for hooks in _HOOKS.values() for name in hooks}
        if life.record is None or hook not in names:
            return
        # The record of an event by hand may be one that came after a deletion.
        if hook not in _HOOKS.get(life.status, ()) and not life.was_removed:
            what = f"{hook} runs, and the record says {life.status}."
            self.fail("an outcome is stored before it is told", life.id, what)

    def _check_time(self, life: Life, claimed_at: float) -> None:
        """An iteration does something: was its task's time over when it was claimed?"""
        limits = [life.deadline]
        if life.begun_at == claimed_at:  # its first iteration
            limits.append(life.start_by)
        if any(limit is not None and claimed_at > limit + _SKEW_SECONDS for limit in limits):
            what = f"Its iteration of {claimed_at:.0f} runs, and its time was over."
            self.fail("a time limit holds", life.id, what)

    def _check_pauses(self, life: Life, machine: Machine, after: Item) -> None:
        """An iteration was claimed: had its task been held for longer than anybody may not know?

        What counts is when it was asked for, by the machine's own clock: the table may be slow.
        """
        if machine.is_zombie:
            return  # frozen behind its question, it goes by an answer of long ago
        pauses = self._world.pauses
        asked_at = (self._seconds_of(after, "savedOn") or 0.0) - machine.skew_seconds
        since = pauses.held_since(life.definition, asked_at)
        if since is None or life.is_in_bulk or asked_at - since < KNOWN_FOR_SECONDS:
            return
        limits = [each for each in (life.deadline, life.start_by) if each is not None]
        if any(limit < asked_at + _SKEW_SECONDS for limit in limits):
            return  # it is claimed for its end
        what = f"It is claimed at {asked_at:.0f}, and its definition is paused since {since:.0f}."
        self.fail("nothing runs a paused task", life.id, what)

    def _is_out_of_time(self, life: Life, after: Item) -> bool:
        """Whether a task was ended since its time is over, as far as that can be read."""
        limits = [limit for limit in (life.deadline, life.start_by) if limit is not None]
        is_over = any(limit < self._world.scheduler.now + _SKEW_SECONDS for limit in limits)
        return after["taskStatus"]["S"] == "failed" and is_over and code_of(after) in _OUT_OF_TIME

    def _is_expired(self, item: Item) -> bool:
        at = _number(item, "expiresAt")
        return bool(at) and at <= self._world.moment().timestamp() + 10

    # The story.

    def _tell(
        self,
        touched: list[Life],
        machine: Machine,
        operation: str,
        outcome: str,
        changes: list[Change],
    ) -> None:
        now, name, kept = self._world.scheduler.now, machine.name, tuple(changes)
        for life in touched:
            life.story.append((now, name, Request(operation, outcome, kept)))

    def of_number(self, number: int) -> Iterator[Life]:
        """The tasks that belong to a planned one."""
        if number < 0:
            return
        yield from [life for life in self.lives.values() if life.number == number]


# An error that stands in the bucket has no code here.
_OUT_OF_TIME: Final = (ErrorCode.TASK_TIMEOUT.value, ErrorCode.TASK_EXPIRED.value, "")
_WITHOUT_A_CLAIM: Final = (ErrorCode.MAX_ITERATIONS.value,)


def number_of(name: str) -> int:
    """The number of the planned task that a name belongs to: 17 of `t17` and of `t17/child`."""
    first = name.partition("/")[0]
    return int(first[1:]) if first[:1] == "t" and first[1:].isdecimal() else -1


def task_ids(operation: str, request: dict[str, Any]) -> list[str]:
    """The tasks whose partitions a request names."""
    found = (key["pk"]["S"] for key in keys_of(operation, request))
    return list(dict.fromkeys(id[len(_TASK) :] for id in found if id.startswith(_TASK)))


def keys_of(operation: str, request: dict[str, Any]) -> list[Any]:
    """The keys that a request names; of a query, the partition and the first sort key."""
    match operation:
        case "get_item" | "update_item" | "delete_item":
            return [request["Key"]]
        case "put_item":
            return [request["Item"]]
        case "transact_write_items":
            inner = [each for write in request["TransactItems"] for each in write.values()]
            return [each.get("Key") or each["Item"] for each in inner]
        case "batch_get_item":
            return [key for each in request["RequestItems"].values() for key in each["Keys"]]
        case "batch_write_item":
            writes = [each for some in request["RequestItems"].values() for each in some]
            return [
                each["PutRequest"]["Item"] if "PutRequest" in each else each["DeleteRequest"]["Key"]
                for each in writes
            ]
    values = request.get("ExpressionAttributeValues", {})
    return [{"pk": values.get(":partition", {"S": ""}), "sk": values.get(":first", {"S": ""})}]


def _is_woken(before: Item, after: Item) -> bool:
    """Whether a task that waited was taken from its execution, for another to run it at once."""
    is_free = not _text(after, "executionName")
    was_waiting = "claimsSinceOutcome" not in before or not _number(before, "claimsSinceOutcome")
    was_left = _text(after, "releasedFrom") == (
        _text(before, "executionName") or _text(before, "releasedFrom")
    )
    return is_free and was_waiting and was_left and "waitingUntil" in after


def _text(item: Item, name: str) -> str:
    value = item.get(name)
    return str(value["S"]) if value else ""


def _number(item: Item, name: str) -> int:
    value = item.get(name)
    return int(value["N"]) if value else 0


def _without_date(item: Item) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "expiresAt"}


def code_of(item: Item) -> str:
    """The code of a failed task, where its output stands in the record."""
    try:
        output: Any = items.decoded({"output": item["output"]})["output"]
        return str(output["error"]["code"])
    except (KeyError, TypeError, ValueError):
        return ""


_DULL: Final = frozenset(
    {
        "writeToken",
        "claimToken",
        "lookToken",
        "savedOn",
        "codeVersion",
        "pk",
        "sk",
        "visitEnteredOn",
    }
)


def _difference(before: Item | None, after: Item | None) -> str:
    if after is None:
        return "removed"
    old = before or {}
    changed = [
        f"{name}={_short(after[name])}"
        for name in after
        if name not in _DULL and old.get(name) != after[name]
    ]
    gone = [f"-{name}" for name in old if name not in after]
    return " ".join([*changed, *gone])


def _short(value: Mapping[str, object]) -> str:
    return str(next(iter(value.values())))[:60]


def _shown(request: Any) -> str:
    return str(request)[:100]
