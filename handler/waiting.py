"""What somebody who waits for a task is told: its end, its result, or why there is none."""

from collections.abc import Callable
from typing import Final, NamedTuple

from pydantic import ValidationError

from handler.clock import Clock, Seconds, to_iso, to_seconds
from handler.contract import ErrorCode
from handler.errors import BackgroundTaskError, InvalidInput, StillOpen, TaskAborted, TaskFailed
from handler.record import Json, TaskFailure, TaskRecord, short_repr

_GROWTH: Final = 1.5


class Pauses(NamedTuple):
    """How long a wait pauses between two looks, in seconds: more and more."""

    first: float
    longest: float


def until_over(
    look: Callable[[], TaskRecord],
    *,
    timeout: Seconds,
    pauses: Pauses,
    clock: Clock,
    passing: tuple[type[BackgroundTaskError], ...],
) -> TaskRecord:
    """Looks at a task again and again until it is over. It looks once more when time is up.

    Args:
        look: reads the task.
        passing: what `look` may raise without an end of the wait.

    Raises:
        StillOpen: the timeout has passed.
        InvalidInput: the timeout is less than 0, or no duration.
    """
    seconds, begun_at, pause = _checked(timeout), clock.now(), pauses.first
    seen: TaskRecord | None = None
    while True:
        trouble = None
        try:
            seen = look()
        except passing as error:
            trouble = error
        if seen is not None and seen.is_over:
            return seen
        left = seconds - (clock.now() - begun_at).total_seconds()
        if left <= 0:
            if seen is None and trouble is not None:
                raise trouble
            raise still_open(seen, after=seconds) from trouble  # type: ignore[arg-type]
        clock.sleep(min(pause, left))
        pause = min(pause * _GROWTH, pauses.longest)


def result_of(task: TaskRecord) -> Json | None:
    """The output of a task that has succeeded; `None` where it has none.

    Raises:
        TaskFailed: it has failed.
        TaskAborted: it was aborted.
        StillOpen: it is not over.
    """
    if task.is_open:
        raise still_open(task)
    if task.has_failed:
        raise _failed(task)
    if task.was_aborted:
        raise _aborted(task)
    return task.output


def still_open(task: TaskRecord, *, after: float | None = None) -> StillOpen:
    """The error of a task that is not over.

    Args:
        after: for how many seconds somebody has waited for it.
    """
    waited = "" if after is None else f" after {after:g} s"
    progress = task.progress.model_dump(by_alias=True) if task.progress else None
    data = {"id": task.id, "status": task.status.value, "progress": progress}
    return StillOpen(
        f'Task "{task.id}" is still {task.status}{waited}{_details(task)}. Next: {_next(task)}.',
        data=data,
    )


def _next(task: TaskRecord) -> str:
    """What whoever waits for it may do."""
    if not task.paused_on:
        return "wait for it once more, or see its logs"
    if not task.paused_with:
        return "resume it, and wait for it once more"
    return f"resume {_held_with(task)}, and wait for the task once more"


def _held_with(task: TaskRecord) -> str:
    """What it is paused with, as it is called where one resumes it."""
    return "all" if task.paused_with == "all" else f'its definition "{task.definition_id}"'


def _details(task: TaskRecord) -> str:
    said = []
    if task.paused_on:
        held = f", with {_held_with(task)}" if task.paused_with else ""
        said.append(f"it is paused since {to_iso(task.paused_on)}{held}")
    if task.progress:
        of = "" if task.progress.total is None else f" of {task.progress.total:,}"
        said.append(f"it has done {task.progress.done:,}{of}")
    if task.waiting_until:
        said.append(f"it waits until {to_iso(task.waiting_until)}")
    if task.problem:
        said.append(f"its problem: {task.problem.rstrip('.')}")
    return f": {'; '.join(said)}" if said else ""


def _failed(task: TaskRecord) -> TaskFailed:
    try:
        failure = TaskFailure.model_validate((task.output or {}).get("error"))
    except ValidationError:  # the payload is gone, and a note stands in its place
        failure = TaskFailure(message="why is not on its record any more", data=task.output)
    message = f'Task "{task.id}" has failed: {failure.message}'
    return TaskFailed(message, code=failure.code or ErrorCode.TASK_ERROR, data=failure.data)


def _aborted(task: TaskRecord) -> TaskAborted:
    by = task.aborted_by
    whom = f' by "{by.display_name}"' if by else ""
    data = {"id": task.id, "abortedBy": by.id if by else None}
    return TaskAborted(f'Task "{task.id}" was aborted{whom}.', data=data)


def _checked(timeout: Seconds) -> float:
    try:
        seconds = to_seconds(timeout, name="timeout")
    except (TypeError, ValueError, OverflowError):
        seconds = -1.0
    if seconds < 0:
        shown = short_repr(timeout)
        raise InvalidInput(
            f"timeout is {shown}; it takes seconds or a timedelta, 0 or more.",
            data={"timeout": shown},
        )
    return seconds
