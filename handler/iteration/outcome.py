"""What an iteration makes of its task: the next state of the record. Nothing is stored."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, assert_never

from handler.contract import ErrorCode
from handler.definition import (
    Aborted,
    Continue,
    Definition,
    Done,
    Failed,
    Verdict,
    code_of,
    next_input,
    stored_output,
    whole_seconds,
)
from handler.errors import InvalidInput, StoreUnavailable
from handler.iteration.checkpoints import Checkpoints, EndIteration
from handler.iteration.context import Context
from handler.record import Json, StoredTask, TaskFailure

_VERDICTS: Final = (Done, Continue, Failed, Aborted)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The task as an iteration leaves it.

    Args:
        task: the record that is to be stored.
        line: what the log says of it.
        failure: what the log's line has as its error.
        data: what the log's line has as its data.
        message: what the answer says.
    """

    task: StoredTask
    line: str
    failure: TaskFailure | None = None
    data: Json = field(default_factory=dict)
    message: str = ""


def verdict_of(
    definition: Definition, context: Context, checkpoints: Checkpoints
) -> Verdict | BaseException:
    """What the task's function returned, or what it raised.

    A loop that has ended the iteration has the last word, even if the function swallowed its
    `EndIteration` (a bare `except`, a `return` in `finally`): items are left to do.

    Raises:
        StoreUnavailable: the table can't be reached; the state machine runs the iteration again.
    """
    code = code_of(definition)
    try:
        verdict = code.run(context, code.decode(checkpoints.stored.input))
    except EndIteration as end:
        return end.verdict
    except StoreUnavailable:
        raise
    except (Exception, SystemExit) as error:
        return error
    if checkpoints.ended_with:
        return checkpoints.ended_with
    if isinstance(verdict, _VERDICTS):
        return verdict
    shown = "nothing" if verdict is None else f"{verdict!r:.80}"
    message = f'Task "{definition.id}" returned {shown}; return Done, Continue, Failed or Aborted.'
    return Failed(message, code=ErrorCode.NO_VERDICT)


def outcome_of(
    verdict: Verdict | BaseException, *, definition: Definition, task: StoredTask, now: datetime
) -> Outcome:
    """The outcome of a verdict.

    Args:
        task: the record, with what the iteration kept for its outcome.
        now: the end of the iteration.
    """
    try:
        return _outcome_of(verdict, definition, task, now)
    except Exception as error:  # what the verdict carries is not valid: a wait, an input, an output
        return _failed(TaskFailure.from_exception(error), definition, task, now, raised=error)


def failed(task: StoredTask, failure: TaskFailure, *, now: datetime) -> Outcome:
    """The outcome of a task that has failed, whatever its `Retry` says."""
    after = task.failed(now=now, failure=failure)
    return Outcome(task=after, line=failure.message, failure=failure)


def _outcome_of(
    verdict: Verdict | BaseException, definition: Definition, task: StoredTask, now: datetime
) -> Outcome:
    match verdict:
        case Done(message, output):
            after = task.succeeded(now=now, output=stored_output(output))
            return Outcome(task=after, line=message or "Task done.", message=message)
        case Continue():
            return _continued(verdict, definition, task, now)
        case Failed(message, code, data):
            failure = TaskFailure.of(message, code=code, data=data)
            return _failed(failure, definition, task, now)
        case Aborted():
            return Outcome(task=task.aborted(now=now), line="Task aborted.")
        case BaseException():
            failure = TaskFailure.from_exception(verdict)
            return _failed(failure, definition, task, now, raised=verdict)
        case _:
            assert_never(verdict)


def _continued(
    verdict: Continue, definition: Definition, task: StoredTask, now: datetime
) -> Outcome:
    input = next_input(code_of(definition), task.input, verdict.input)
    wait = whole_seconds(verdict.wait, now=now)
    after = task.continued(now=now, input=input, wait=wait, counts=verdict.counts)
    return Outcome(task=after, line="Task continuing.", data={"wait": wait} if wait else {})


def _failed(
    failure: TaskFailure,
    definition: Definition,
    task: StoredTask,
    now: datetime,
    *,
    raised: BaseException | None = None,
) -> Outcome:
    """Another attempt if the task's `Retry` allows one, else its end."""
    retry, attempt = definition.retry, task.attempts
    # An input that is not valid never will be.
    is_final = retry is None or isinstance(raised, InvalidInput)
    if retry is None or is_final or not retry.allows(attempt, code=failure.code, error=raised):
        return failed(task, failure, now=now)
    wait = whole_seconds(retry.wait_after(attempt), now=now)
    line = (
        f"Attempt {attempt} of {retry.max_attempts} failed, the next one is in {wait} s: "
        f"{failure.message}"
    )
    return Outcome(task=task.retried(now=now, wait=wait), line=line, failure=failure)
