"""What must have come of the verbs that people have said: the rules of the audit, a verb each."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from handler.clock import to_iso
from handler.contract import ErrorCode
from handler.record.stored_task import StoredTask
from tests.chaos.bulk import BulkRun
from tests.chaos.evidence import Evidence
from tests.chaos.ledger import Write

# What is lost on the way is found by sweeps: an event that is lost twice, after half a minute.
# A timeout, or a wait, would last for hours.
SOON = timedelta(seconds=180)
# An iteration that runs when the time is over may come to its end, and what it does stands.
_MAY_RUN = timedelta(seconds=30)


def unheard(task: Evidence) -> Iterator[str]:
    """A signal that was accepted is heard, and its task ends well soon after."""
    if task.signalled_on is None or task.status is None or task.status.is_open:
        return  # an open one is stuck
    if task.status != "success":
        yield f"Its signal was accepted on {task.signalled_on}, and it is {task.status}."
        return
    if task.record and _heard(task.record) == 0:
        yield f"Its signal was accepted on {task.signalled_on}, and it has heard none."
    if "heard 1" not in task.effects:
        yield f"Its signal was accepted on {task.signalled_on}, and had no effect."
    if (late := _late(task, task.signalled_on)) > SOON:
        yield f"Its signal was accepted on {task.signalled_on}; it ended {late} later."


def heard_twice(task: Evidence) -> Iterator[str]:
    """All that is sent to a task has one key: it is one signal."""
    others = sorted(name for name in task.effects if name.startswith("heard ") and name[6:] != "1")
    if others or (task.record and _heard(task.record) > 1):
        heard = _heard(task.record) if task.record else "some"
        yield f"It was sent one signal, and has heard {heard}: {others}."


def not_retried(task: Evidence) -> Iterator[str]:
    """A task that was retried has a retry, and each of the two names the other."""
    missing = set(task.answered_retries) - set(task.found_retries)
    if missing:
        yield f"Its retry was answered as {sorted(missing)}, and names it not, or is not there."
    named = task.record.retried_by if task.record else None
    if task.record and task.found_retries and named not in task.found_retries:
        yield f"Its retry is {list(task.found_retries)}, and it names {named}."


def retried_twice(task: Evidence) -> Iterator[str]:
    """A task has one retry, whoever retries it, and only one that has ended badly has any."""
    retries = {*task.answered_retries, *task.found_retries}
    if len(retries) > 1:
        yield f"It has {len(retries)} retries: {sorted(retries)}."
    if task.found_retries and task.status not in ("failed", "aborted"):
        yield f"It is {task.status}, and has a retry: {list(task.found_retries)}."


def ran_while_paused(task: Evidence) -> Iterator[str]:
    for paused_on, resumed_on in task.paused:
        for claim in _begun(task):
            if paused_on < claim.saved_on < resumed_on:
                yield (
                    f"Its iteration {claim.iterations} began on {claim.saved_on}; it was paused"
                    f" from {paused_on} to {resumed_on}."
                )


def slept_on(task: Evidence) -> Iterator[str]:
    """A task that was told to run now begins an iteration soon, whatever was left of its wait."""
    if task.woken_on is None:
        return
    latest = to_iso(datetime.fromisoformat(task.woken_on) + SOON)
    begun = [claim.saved_on for claim in _begun(task) if claim.saved_on > task.woken_on]
    if not begun or begun[0] > latest:
        began = f"began on {begun[0]}" if begun else "began nothing"
        yield f"It was told to run now on {task.woken_on}, and {began}."


def ended_by_no_limit(task: Evidence) -> Iterator[str]:
    """A task fails by a limit when that has passed, and never before, or without one."""
    record = task.record
    if record is None or record.status != "failed":
        return
    limits = {
        ErrorCode.TASK_TIMEOUT.value: record.deadline,
        ErrorCode.TASK_EXPIRED.value: record.start_by,
    }
    error = (record.output or {}).get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if code not in limits:
        return
    limit = limits[code]
    if limit is None or record.finished_on is None or record.finished_on < limit:
        yield f"It failed with {code} on {record.finished_on}; its limit is {limit}."
    elif code == ErrorCode.TASK_EXPIRED and any(
        datetime.fromisoformat(claim.saved_on) < limit for claim in _begun(task)
    ):
        yield f"It failed with {code}, and had started before {limit}."


def beyond_its_limit(task: Evidence) -> Iterator[str]:
    """A task whose time is over ends in time, by that, unless an iteration of it was running."""
    record = task.record
    if record is None or record.finished_on is None:
        return
    limit = record.deadline
    if record.started_on is None:
        limit = min((each for each in (limit, record.start_by) if each), default=None)
    if limit and record.finished_on > limit + SOON:
        yield f"It had to be over by {limit}, and ended on {record.finished_on}."
    if limit and record.status == "success" and record.finished_on > limit + _MAY_RUN:
        yield f"It had to be over by {limit}, and succeeded on {record.finished_on}."


def of_bulk(run: BulkRun) -> Iterator[str]:
    """What is wrong with the counts of a verb in bulk."""
    if run.status != "success":
        yield f"{run.verb}: the task that does the work is {run.status}."
        return
    if run.dry != run.count:
        yield f"{run.verb}: the dry run counted {run.dry} tasks, and the real one {run.count}."
    told = run.done + run.skipped + run.failed
    if told != run.count:
        yield f"{run.verb}: {run.count} tasks were counted, and {told} are accounted for."
    if not run.done <= run.moved <= told:
        yield (
            f"{run.verb}: {run.done} were done, {run.skipped} skipped and {run.failed} have failed;"
            f" it has come to {run.moved}."
        )


def _begun(task: Evidence) -> list[Write]:
    """The claims of its iterations, each once."""
    claims = {
        (write.iterations, write.claims): write for write in reversed(task.history) if write.claims
    }
    return sorted(claims.values(), key=lambda write: write.saved_on)


def _heard(record: StoredTask) -> int:
    return int(str((record.output or {}).get("heard", 0)))


def _late(task: Evidence, since: str) -> timedelta:
    finished_on = task.record.finished_on if task.record else None
    if finished_on is None:
        return timedelta(0)
    return finished_on - datetime.fromisoformat(since)
