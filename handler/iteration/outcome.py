"""What an iteration makes of its task: the next state of the record. Nothing is stored."""

from datetime import datetime
from typing import Final, NamedTuple, assert_never

from handler.contract import ErrorCode
from handler.definition import (
    Aborted,
    Continue,
    Definition,
    Done,
    Failed,
    Input,
    Retry,
    Verdict,
    code_of,
    is_not_awaited,
    never_awaited,
    next_input,
    stored_output,
    whole_seconds,
)
from handler.errors import EngineSignal, InvalidInput, StoreUnavailable
from handler.iteration.checkpoints import Checkpoints, EndIteration
from handler.iteration.context import Context
from handler.iteration.waits import Waiting
from handler.record import Json, StoredTask, TaskFailure, class_name, cut, leaves_of, to_text

_VERDICTS: Final = (Done, Continue, Failed, Aborted)
_MAX_SHOWN_CHARACTERS: Final = 80
_MAX_LINE_CHARACTERS: Final = 4_000
_OUTDATED: Final = (
    "Next: give a field that is new a default, keep one that is gone as long as tasks have it, or "
    "trigger the task anew."
)


class Outcome(NamedTuple):
    """The task as an iteration leaves it.

    Args:
        task: the record that is to be stored.
        line: what the log says of it.
        failure: what the log's line has as its error.
        data: what the log's line has as its data.
        message: what the answer says.
        margin: how many seconds the author's code asked to be left.
    """

    task: StoredTask
    line: str
    failure: TaskFailure | None = None
    data: Json | None = None
    message: str = ""
    margin: float = 0


def verdict_of(
    definition: Definition, context: Context, checkpoints: Checkpoints
) -> Verdict | BaseException:
    """What the task's function returned, or what it raised.

    Whatever comes out of it is the task's own: also what is not an `Exception`, such as
    `asyncio.CancelledError`, `KeyboardInterrupt` and `SystemExit`. Only the engine's own signals
    are not. A loop that has ended the iteration has the last word, even if the function swallowed
    its `EndIteration` (a bare `except`, a `return` in `finally`): items are left to do.

    Raises:
        StoreUnavailable: the table can't be reached; the state machine runs the iteration again.
        EngineSignal: another signal than a loop's: a kill of the test kit.
    """
    try:
        input = _input(definition, checkpoints.stored)
        verdict = code_of(definition).run(context, input)
    except BaseException as error:
        return _verdict_of_raised(error)
    if checkpoints.ended_with:
        return checkpoints.ended_with
    if issubclass(type(verdict), _VERDICTS):
        return verdict
    return Failed(_no_verdict(definition, verdict), code=ErrorCode.NO_VERDICT)


def _no_verdict(definition: Definition, returned: object) -> str:
    if is_not_awaited(returned):
        return f'Task "{definition.id}" returned {never_awaited(returned)}.'
    shown = "nothing" if returned is None else _shown(returned)
    return f'Task "{definition.id}" returned {shown}; return Done, Continue, Failed or Aborted.'


def _input(definition: Definition, task: StoredTask) -> Input | None:
    """The input that is stored, as the function takes it. Other code may have stored it."""
    try:
        return code_of(definition).decode(task.input)
    except InvalidInput as error:
        if task.created_by_version and task.created_by_version == task.code_version:
            raise
        message = f"{error.message} {_versions(task)} {_OUTDATED}"
        raise InvalidInput(message, code=error.code, data=error.data) from error


def _versions(task: StoredTask) -> str:
    before, now = task.created_by_version, task.code_version
    if before and now:
        return f'Version "{before}" of the code triggered it, and version "{now}" runs it.'
    return "It was valid when it was stored, by another version of the code."


def _verdict_of_raised(error: BaseException) -> Verdict | BaseException:
    """The verdict of a loop's signal; else the author's exception. Other signals are raised.

    A task group puts what its tasks raise into a group: the engine's signals too.
    """
    leaves = tuple(leaves_of(error))
    signals = [leaf for leaf in leaves if issubclass(type(leaf), EngineSignal | StoreUnavailable)]
    for signal in signals:
        if not isinstance(signal, EndIteration):
            raise signal
    if len(signals) < len(leaves):
        return error
    return next(signal.verdict for signal in signals if isinstance(signal, EndIteration))


def _shown(verdict: object) -> str:
    try:
        return cut(to_text(repr(verdict)), _MAX_SHOWN_CHARACTERS)
    except EngineSignal:
        raise
    except BaseException:  # its __repr__ is the author's
        return f"a {class_name(verdict)}"


def outcome_of(
    verdict: Verdict | BaseException, *, definition: Definition, task: StoredTask, now: datetime
) -> Outcome:
    """The outcome of a verdict.

    Args:
        task: the record, with what the iteration kept for its outcome.
        now: the end of the iteration.
    """
    try:
        outcome = _outcome_of(verdict, definition, task, now)
    except EngineSignal:
        raise
    except BaseException as error:  # what the verdict carries is not valid: a wait, an output
        failure = TaskFailure.from_exception(error)
        outcome = _failed(failure, definition, task, now, raised=error)
    return _in_time(outcome, task, now)


def failed(task: StoredTask, failure: TaskFailure, *, now: datetime) -> Outcome:
    """The outcome of a task that has failed, whatever its `Retry` says."""
    after = task.failed(now=now, failure=failure)
    return Outcome(task=after, line=failure.message, failure=failure)


def moved(task: StoredTask, worker: str, *, now: datetime) -> Outcome:
    """The outcome of a task that moves on to another worker, if its time isn't over."""
    after = task.moved(now=now, worker=worker)
    data: Json = {"worker": worker}
    outcome = Outcome(task=after, line=f'The task moves on to the worker "{worker}".', data=data)
    return _in_time(outcome, task, now)


def _in_time(outcome: Outcome, task: StoredTask, now: datetime) -> Outcome:
    """`outcome`, unless the task's time is over and it has neither done its work nor failed.

    An abort of its own is none then: `is_aborted` has told it that its time is over.
    """
    ends_anyway = outcome.task.has_succeeded or outcome.task.has_failed
    failure = None if ends_anyway else task.out_of_time(now)
    if failure is None:
        return outcome
    if last := outcome.failure:  # of an attempt that would be tried again
        data = (failure.data or {}) | {"lastError": last.to_wire()}
        failure = failure.model_copy(update={"data": data, "stack": last.stack})
    return failed(task, failure, now=now)


def _outcome_of(
    verdict: Verdict | BaseException, definition: Definition, task: StoredTask, now: datetime
) -> Outcome:
    match verdict:
        case Done(message, output):
            after = task.succeeded(now=now, output=stored_output(output))
            text = cut(to_text(message), _MAX_LINE_CHARACTERS)
            return Outcome(task=after, line=text or "Task done.", message=text)
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
    waiting_for = verdict.waiting_for if isinstance(verdict, Waiting) else None
    after = task.continued(
        now=now, input=input, wait=wait, counts=verdict.counts, waiting_for=waiting_for
    )
    data: Json = {"wait": after.delay_left(now)} if wait else {}
    return Outcome(task=after, line="Task continuing.", data=data)


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
    if retry is None or _is_invalid_input(raised) or not _allows(retry, attempt, failure, raised):
        return failed(task, failure, now=now)
    wait = whole_seconds(retry.wait_after(attempt), now=now)
    after = task.retried(now=now, wait=wait)
    is_cut = after.delay_left(now) < wait
    what_next = (
        "its timeout comes before the next one" if is_cut else f"the next one is in {wait} s"
    )
    line = f"Attempt {attempt} of {retry.max_attempts} failed, {what_next}: {failure.message}"
    return Outcome(task=after, line=line, failure=failure)


def _is_invalid_input(raised: BaseException | None) -> bool:
    """An input that is not valid never will be."""
    return issubclass(type(raised), InvalidInput)


def _allows(retry: Retry, attempt: int, failure: TaskFailure, raised: BaseException | None) -> bool:
    try:
        return retry.allows(attempt, code=failure.code, error=raised)
    except EngineSignal:
        raise
    except BaseException:  # the author's classes say what is an instance of them
        return False
