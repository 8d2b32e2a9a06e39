"""What is left of a world at its end: is a task lost, stuck, or was something done twice?"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from handler.contract import PARTITION_KEY, SORT_KEY, Index
from handler.table import items, reading
from handler.table.keys import tag_keys
from handler.table.payloads import places_of
from tests.simulation.faults import Fault, Kind
from tests.simulation.plan import Way
from tests.simulation.watch import Life, Violation, code_of

if TYPE_CHECKING:
    from tests.simulation.world import World

LOST: Final = "no task is lost"
STUCK: Final = "no task is stuck"
LIMIT: Final = "a time limit holds"
RETRY: Final = "a task has one retry"
DOUBLE: Final = "nothing is done twice"
_HOOKS: Final = {
    "success": {"on_done"},
    "aborted": {"on_abort"},
    "failed": {"on_error", "on_max_iterations"},
}
_CRASHES: Final = frozenset(
    {
        Kind.KILLED,
        Kind.OUT_OF_MEMORY,
        Kind.TIMED_OUT,
        Kind.FROZEN,
        Kind.RAN_ON,
        Kind.LAMBDA_ANSWER_LOST,
        Kind.EXECUTION_REDRIVEN,
        Kind.DYNAMODB_OUT,
    }
)
_ABORTS: Final = frozenset(
    {
        Kind.ABORTED,
        Kind.DELETED,
        Kind.EXECUTION_STOPPED,
        Kind.EXECUTION_REDRIVEN,
        Kind.ABORTED_WITH_OTHERS,
    }
)
_ENDS: Final = _ABORTS | {Kind.EXECUTION_TIMED_OUT}
_UNDELIVERED: Final = frozenset({Kind.EVENT_LOST, Kind.EVENT_UNDELIVERED, Kind.TARGET_THROTTLED})
_REFUSED: Final = frozenset({Kind.EVENT_REFUSED, Kind.EVENTS_FAILED, Kind.EVENTS_ANSWER_LOST})


def audit_the_calm(world: "World") -> list[Violation]:
    """Every violation once the faults are over and all is done."""
    found = [
        Violation(rule, life.id, what)
        for life in list(world.watch.lives.values())
        for rule, what in _of_life(world, life)
    ]
    found += [
        Violation(LOST, id, "It was accepted, and there is nothing of it.")
        for id, number in world.people.accepted.items()
        if not _is_known(world, id) and not _ended_unreported(world, id)
    ]
    found += [Violation(LOST, "", f"The API did not answer. {what}") for what in world.unanswered]
    found += [Violation(*each) for each in world.in_bulk.audited()]
    found += list(_of_tags(world))
    found += list(_of_work(world))
    if world.letters():
        found.append(Violation(STUCK, "", "Dead letters are left."))
    calm = [
        f"{machine.name}: {type(error).__name__}: {error}"
        for moment, machine, error in world.watch.raised_errors
        if machine.started_at > world.calm_since + 900 and machine.function == "recovery"
    ]
    found += [Violation(STUCK, "", f"A recovery failed. {what}") for what in calm]
    return found


def audit(world: "World") -> list[Violation]:
    """Every violation once days have passed: what is left that nothing names?"""
    found: list[Violation] = []
    named: set[str] = set()
    for (partition, sort), item in world.dynamodb.items("tasks"):
        if partition.startswith("LIMIT#"):
            found.append(Violation(STUCK, "", f"Nothing runs, and {partition} has {sort}."))
        if partition.startswith("TAG#"):
            found += _of_a_tag(world, world.watch.life(sort.rpartition("#")[2]), partition)
        if not partition.startswith("TASK#"):
            continue
        id = partition.removeprefix("TASK#")
        if sort == "TASK":
            named |= {
                *places_of(cast("Any", item)).values(),
                item.get("keptObject", {}).get("S", ""),
                item.get("firstInputKey", {}).get("S", ""),
            }
        life = world.watch.life(id)
        # The row of a child that a zombie has made when its parent was gone is the child's.
        is_orphans = sort.startswith("CHILD#") and life.record is None
        owner = world.watch.life(sort.rpartition("#")[2]) if is_orphans else life
        if 0 not in _kept_for(world, owner):
            found.append(Violation(STUCK, id, f"Its days are over, and {sort} is left."))
        elif not sort.startswith("CHILD#") and _is_to_be_cleaned_up(world, life):
            found.append(Violation(STUCK, id, f"It was to be cleaned up, and {sort} is left."))
        elif life.record is None and not sort.startswith("CHILD#"):
            found.append(Violation(STUCK, id, f"It was deleted, and {sort} is left."))
        elif Index.UNFINISHED.partition_key in item:
            found.append(Violation(STUCK, id, "It is in the index of what is unfinished."))
    found += [
        Violation(STUCK, key.split("/")[1], f"The payload {key} is left, and nothing names it.")
        for key in world.s3.objects("payloads")
        if key not in named
    ]
    return found


def _of_tags(world: "World") -> Iterator[Violation]:
    """The tasks that no list by a tag of theirs has."""
    rows = {key for key, _ in world.dynamodb.items("tasks")}
    for (partition, sort), item in world.dynamodb.items("tasks"):
        if not partition.startswith("TASK#") or sort != "TASK" or "deletionPending" in item:
            continue
        task = reading.stored_task(cast("Any", item))
        for key in tag_keys(task):
            if (key[PARTITION_KEY]["S"], key[SORT_KEY]["S"]) not in rows:
                yield Violation(LOST, task.id, f"No row of {key[PARTITION_KEY]['S']} names it.")


def _of_a_tag(world: "World", life: Life, partition: str) -> Iterator[Violation]:
    """A row that names a task to those who look for its tag, when days have passed."""
    if 0 not in _kept_for(world, life):
        yield Violation(STUCK, life.id, f"Its days are over, and a row of {partition} is left.")
    elif life.record is None or _is_to_be_cleaned_up(world, life):
        yield Violation(STUCK, life.id, f"It is gone, and a row of {partition} is left.")


def _line(world: "World", life: Life) -> Iterator[Life]:
    """A task, its parent, the parent of that, as far as they were known."""
    yield life
    while life.parent:
        life = world.watch.life(life.parent)
        yield life


def _is_to_be_cleaned_up(world: "World", life: Life) -> bool:
    """Whether a task deletes itself at its end, or goes with one that does."""
    return not life.is_orphan and any(world.cleans_up(each) for each in _line(world, life))


def _kept_for(world: "World", life: Life) -> frozenset[int]:
    """For how many days a task is kept: as long as its parent. One whose parent was deleted has
    days of its own, by what held when the sweep came to it.
    """
    *_, root = _line(world, life)
    if root is life:
        return root.kept_for
    own = life.kept_for | world.retentions.between(life.ended_at or 0.0, float("inf"))
    if any(each.was_deleted for each in _line(world, life)):
        return own
    # An id that was used again may be that of a parent which is gone, or of one that is there.
    was_used_again = any(each.made > 1 for each in _line(world, life))
    return root.kept_for | own if was_used_again else root.kept_for


def _of_work(world: "World") -> Iterator[Violation]:
    """The tasks that do something to many: each ends well, but for what has hit it."""
    for life in world.watch.lives.values():
        if not life.is_in_bulk:
            continue
        kinds = [fault.kind for fault in world.faults.of(life.number)]
        code = code_of(life.record or {})
        if life.status == "aborted" and not _ABORTS & set(kinds):
            yield Violation(LOST, life.id, "It is aborted, and nobody did that.")
        if life.status == "failed" and code and not _follows(world, life, code, kinds):
            what = f"It is failed with {code}; that does not follow from {sorted(set(kinds))}."
            yield Violation(LOST, life.id, what)


def _is_known(world: "World", id: str) -> bool:
    life = world.watch.lives.get(id)
    return life is not None and (
        life.record is not None
        or life.deleted_at is not None
        or bool(life.effects["on_abort"] or life.effects["on_done"])
        or life.ended_at is not None
    )


def _ended_unreported(world: "World", id: str) -> bool:
    """Whether no worker could ever run an event by hand, and the end of its execution was lost.

    What leaves no trace in the table: docs/reliability.md says so.
    """
    was_lost = any(
        fault.kind is Kind.STATUS_LOST and fault.actor.startswith(f"x-{id}-")
        for fault in world.faults.come
    )
    executions = world.step_functions.executions.values()
    mine = [each.status for each in executions if each.name.startswith(f"x-{id}-")]
    return was_lost and set(mine) == {"FAILED"}


def _of_life(world: "World", life: Life) -> Iterator[tuple[str, str]]:
    planned = world.planned.get(life.number)
    record = life.record
    if record is None or planned is None:
        return
    faults = world.faults.of(life.number)
    status = life.status
    if life.is_open:
        yield STUCK, f"It is {status} still."
        return
    yield from _limits(world, life)
    left = [name for name in _FOLLOW_UPS if name in record]
    if set(left) <= _STAY_HIDDEN and _is_hidden(life):
        yield from _hooks(world, life, faults)
        return
    if left:
        yield STUCK, f"Its end has left {left}."
    if Index.UNFINISHED.partition_key in record and not left:
        yield STUCK, "It is in the index of what is unfinished."
    if life.aborted_at is not None and status != "aborted":
        yield LOST, f"Its abort was accepted, and it is {status}."
    if _waits_still(life, faults):
        yield LOST, "It was told to run now, and has not begun an iteration since."
    yield from _operators(world, life)
    yield from _hooks(world, life, faults)
    yield from _children(world, life)
    is_own = not life.parent and record["definitionId"]["S"] == planned.definition
    if is_own and record["name"]["S"] in (planned.name, _title(record)):
        yield from _outcome(world, life, faults)


_FOLLOW_UPS: Final = (
    "pendingHook",
    "childrenAbortPending",
    "parentPending",
    "expiryPending",
    "deletionPending",
    "endEventPending",
)
# The record of a deleted event by hand stays for a day, in which a copy may come.
_STAY_HIDDEN: Final = {"deletionPending", "expiryPending"}


def _is_hidden(life: Life) -> bool:
    record = life.record or {}
    return "deletionPending" in record and '"type":"event"' in _text(record, "createdBy")


def _waits_still(life: Life, faults: list[Fault]) -> bool:
    """Whether a task that was told to run now waited until somebody ended it in the calm."""
    if life.hurried is None or life.record is None or life.ended_by.startswith("sweep"):
        return False
    ends = [fault for fault in faults if fault.kind in _ENDS]
    was_ended = life.status == "aborted" and all("/end@" in fault.actor for fault in ends)
    if life.ended_held:
        return False  # what it was held with was resumed, and it was not let go yet
    iterations = life.record.get("iterations", {}).get("N", "0")
    return was_ended and int(iterations) <= life.hurried


def _title(record: object) -> str:
    return record["name"]["S"]  # type: ignore[index, no-any-return]


def _hooks(world: "World", life: Life, faults: list[Fault]) -> Iterator[tuple[str, str]]:
    due = {hook for hook in _HOOKS[life.status] if world.has_hook(life.definition, hook)}
    ran = sum(life.hooks[hook] for hook in due)
    if due and not ran and not life.given_up:
        yield LOST, f"It is {life.status}, and none of {sorted(due)} has run."
    # Whoever aborts a task that runs, and the worker that learns of it, may both run its hook. So
    # may the two executions of a task that was triggered twice.
    has_two = life.status == "aborted" or world.planned[life.number].way is Way.KEY
    if ran > 1 and not has_two and all(fault.kind in _HARMLESS for fault in faults):
        yield DOUBLE, f"{sorted(due)} ran {ran} times, and nothing was in its way."


# What gives nobody a reason to run a hook again. After any other fault two may run it: it is
# promised at least once.
_HARMLESS: Final = frozenset(
    {
        Kind.CLOCK_SKEW,
        Kind.INDEX_LAG,
        Kind.UNPROCESSED,
        Kind.S3_FAILED,
        Kind.S3_ANSWER_LOST,
        Kind.SQS_TWICE,
        Kind.SQS_RECEIVE_LOST,
        Kind.EVENT_LATE,
        Kind.EVENT_LOST,
        Kind.EVENT_UNDELIVERED,
        Kind.EVENT_REFUSED,
        Kind.EVENTS_FAILED,
        Kind.STATUS_LOST,
        Kind.STATUS_LATE,
        Kind.LAMBDA_THROTTLED,
        Kind.HELD_WITH_OTHERS,
        Kind.LET_GO_WITH_OTHERS,
    }
)


def _children(world: "World", life: Life) -> Iterator[tuple[str, str]]:
    if life.status != "aborted":
        return
    for id in life.children:
        child = world.watch.life(id)
        if child.is_open:
            yield LOST, f"It is aborted, and its child {id} is {child.status}."


def _operators(world: "World", life: Life) -> Iterator[tuple[str, str]]:
    """What operators have said of a task, and its definition."""
    if world.cleans_up(life):
        yield STUCK, "It has not cleaned up after itself."
    if world.settings.status_events and not life.told_ends and not life.was_removed:
        yield LOST, "The bus was not told of its end."
    yield from _retry(world, life)
    yield from _signal(world, life)


def _signal(world: "World", life: Life) -> Iterator[tuple[str, str]]:
    """A signal that was taken is given to its task, soon, unless that ends in the same moment."""
    came_at, ended_at = life.signalled_at, life.ended_at
    if came_at is None or ended_at is None or life.status != "success":
        return
    if life.effects["heard"] == 0 and ended_at > came_at + _SKEW_SECONDS:
        yield LOST, f"Its signal came at {came_at:.0f}, and it has never heard of it."
    # One that was missed when its pause was over goes on when it was held for as long again.
    pauses, definition = world.pauses, life.definition
    since = max(came_at, world.calm_since, pauses.last_end(definition))
    if ended_at > since + _LATEST_SECONDS + pauses.longest(definition):
        yield STUCK, f"Its signal came at {came_at:.0f}, and it has ended at {ended_at:.0f}."


def _limits(world: "World", life: Life) -> Iterator[tuple[str, str]]:
    """A limit has ended its task in its bound: in that of the calm, where it has passed before."""
    ended_at = life.ended_at
    if ended_at is None:
        return
    has_begun = life.start_by is None or (
        life.begun_at is not None and life.begun_at < life.start_by + _SKEW_SECONDS
    )
    for limit in (life.deadline, None if has_begun else life.start_by):
        if limit is not None and ended_at > max(limit, world.calm_since) + _LATEST_SECONDS:
            yield LIMIT, f"Its time was over at {limit:.0f}, and it has ended at {ended_at:.0f}."
    code, finished = code_of(life.record or {}), _moment(life, "finishedOn")
    for failure, name in (("TASK_TIMEOUT", "deadline"), ("TASK_EXPIRED", "startBy")):
        if code == failure and not (moment := _moment(life, name)) <= finished:
            yield (
                LIMIT,
                f"It is failed with {code} on {finished}, and had until {moment or 'ever'}.",
            )


def _moment(life: Life, name: str) -> str:
    return _text(life.record or {}, name)


def _text(record: Mapping[str, Any], name: str) -> str:
    return str(record.get(name, {}).get("S", ""))


# A sweep, or two that are killed, an idle time, and an iteration that runs.
_LATEST_SECONDS: Final = 2_400.0
_SKEW_SECONDS: Final = 6.0


def _retry(world: "World", life: Life) -> Iterator[tuple[str, str]]:
    """A retry that somebody was told of is there, once, and each of the two names the other."""
    if not life.retry:
        return
    retry = world.watch.life(life.retry)
    if not retry.made:
        yield RETRY, f"Its retry is {life.retry}, and there was never one."
    elif retry.record is not None and _moment(retry, "retryOf") != life.id:
        yield RETRY, f"Its retry {life.retry} is that of {_moment(retry, 'retryOf') or 'none'}."
    elif retry.record is not None and retry.parent not in ("", life.parent):
        yield RETRY, f"Its parent is {life.parent}, and that of its retry {retry.parent}."


def _outcome(world: "World", life: Life, faults: list[Fault]) -> Iterator[tuple[str, str]]:
    planned, record = world.planned[life.number], life.record or {}
    kinds = [fault.kind for fault in faults]
    status = life.status
    if status == "aborted" and planned.status != "aborted" and not _ABORTS & set(kinds):
        yield LOST, "It is aborted, and nobody did that."
    if status == "success":
        yield from _success(world, life)
    if status == "failed":
        code = code_of(record)
        if code and code != planned.code and not _follows(world, life, code, kinds):
            yield LOST, f"It is failed with {code}; that does not follow from {sorted(set(kinds))}."


def _success(world: "World", life: Life) -> Iterator[tuple[str, str]]:
    planned = world.planned[life.number]
    expected, counted = planned.status, planned.counted
    if expected != "success":
        yield LOST, f"It succeeded, and its definition ends it as {expected or 'nothing'}."
        return
    try:
        output: Any = items.decoded({"output": (life.record or {})["output"]})["output"]
        found = output.get("counted")
    except (KeyError, AttributeError, ValueError):
        return  # it stands in the bucket
    if life.deadline is not None and life.effects["told"]:
        return  # it was told that its time is over
    if found is None or counted is None:
        return
    # Deleted before they are counted; or before they are triggered again, by the keys that they
    # had: beside the retry of one, say.
    gone = _deleted_children(world, life)
    if counted - gone <= found <= counted + gone:
        return
    rule = DOUBLE if found > counted else LOST
    yield rule, f"It counted {found}, of {counted}."


def _deleted_children(world: "World", life: Life) -> int:
    """How many children of a task were deleted with others: perhaps before it counted them."""
    children = [world.watch.life(id) for id in life.had_children]
    return sum(child.was_deleted_with_others for child in children)


def _follows(world: "World", life: Life, code: str, kinds: list[Kind]) -> bool:
    """Whether a task may fail with that code after these faults."""
    if code.startswith("WORKER_") or code == "STORE_UNAVAILABLE":
        return any(kind in _CRASHES or kind in _SERVICE for kind in kinds)
    if code in ("UNDELIVERED", "NEVER_CLAIMED"):
        return sum(kind in _UNDELIVERED for kind in kinds) >= 2
    if code == "TRIGGER_TASK_ERROR":
        return any(kind in _REFUSED for kind in kinds)
    if code in ("TASK_TIMEOUT", "TASK_EXPIRED"):
        return Kind.TIME_LIMIT in kinds
    if code == "CHILDREN":
        children = [world.watch.life(id) for id in life.had_children]
        # One that is gone, since somebody has deleted it, is failed to its parent.
        return any(child.ends - {"success"} or child.was_deleted_with_others for child in children)
    if code == "EXECUTION_ENDED":
        # Of two invocations of a visit, the one that Step Functions waits for may be overtaken.
        return Kind.EXECUTION_TIMED_OUT in kinds or any(kind in _CRASHES for kind in kinds)
    if code == "States.Timeout" or code == "WORKER_TIMEOUT":
        return Kind.EXECUTION_TIMED_OUT in kinds
    return False


_SERVICE: Final = frozenset({Kind.LAMBDA_THROTTLED, Kind.LAMBDA_FAILED, Kind.EXECUTION_TIMED_OUT})
