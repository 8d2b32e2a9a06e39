"""What people do to the tasks of a campaign: they abort, delete, stop and redrive them, send them
signals, retry them, pause them, and tell them to run now.
"""

import random
import threading
from dataclasses import dataclass, field

from tests.chaos.errors import CampaignError
from tests.chaos.ledger import Fault, Write
from tests.chaos.plan import VERBS, Meddling, Planned
from tests.chaos.stack import Failure, Stack
from tests.chaos.verbs import Said, Verbs

_ATTEMPTS = 20
_REDRIVEN_AFTER_SECONDS = 1.0
# Whoever deletes a task, and gets no answer, leaves it at that so often.
_LEAVES_IT_AT_THAT = 0.5


@dataclass
class Accepted:
    """A task of the plan that was accepted, and what has been done to it since."""

    id: str
    planned: Planned
    meddled: bool = False
    abort_accepted: bool = False
    is_deleted: bool | None = False  # `None`: perhaps
    said: Said = field(default_factory=Said)


class People:
    """Everybody who meddles with tasks."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.verbs = Verbs(stack)

    def meddle(self, task: Accepted, last: Write | None) -> None:
        """Does what the plan has for a task, if the time has come."""
        if not _is_time(task.planned, last):
            return
        meddling = task.planned.meddling
        if meddling is None or not (
            self._says(meddling, task, last)
            if meddling in VERBS
            else self._does(meddling, task, last)
        ):
            return  # it is over, or has moved on: perhaps at the next look
        task.meddled = True
        self._stack.ledger.add(Fault(kind=str(meddling), task_id=task.id))

    def abort(self, id: str) -> bool:
        """Aborts a task. Returns whether the API did: it refuses a task that is over."""
        for _ in range(_ATTEMPTS):
            try:
                self._stack.abort(id, "Aborted by the campaign.")
            except Failure as error:
                failure = error
                if "Cannot abort" in str(error):
                    return False
                continue
            return True
        raise CampaignError(f'Task "{id}" could not be aborted in {_ATTEMPTS} attempts. {failure}')

    def delete(self, id: str, *, may_give_up: bool = False) -> bool | None:
        """Deletes a task that is over. Returns whether it is gone.

        Args:
            may_give_up: who gets no answer may leave it at that: `None`, for perhaps.
        """
        for _ in range(_ATTEMPTS):
            try:
                self._stack.delete(id)
            except Failure as error:
                failure = error
                if "was not found" in str(error):
                    return True  # an attempt before was not answered
                if may_give_up and random.Random(id).random() < _LEAVES_IT_AT_THAT:
                    return None
                continue
            return True
        raise CampaignError(f'Task "{id}" could not be deleted in {_ATTEMPTS} attempts. {failure}')

    def _says(self, verb: Meddling, task: Accepted, last: Write | None) -> bool:
        """Begins to say a verb, which goes on in another thread."""
        match verb:
            case Meddling.PAUSE:
                self.verbs.pause(task.id, task.said)
            case Meddling.RUN_NOW:
                self.verbs.run_now(task.id, task.said)
            case Meddling.ABORT_AND_RETRY if last and last.is_open:
                task.abort_accepted = self.abort(task.id) or task.abort_accepted
                return False  # it is retried at a later look, when it is over
            case Meddling.RETRY_TWICE:
                self.verbs.retry(task.id, task.said, callers=2)
            case Meddling.RETRY | Meddling.ABORT_AND_RETRY:
                self.verbs.retry(task.id, task.said, callers=1)
            case _:
                self.verbs.signal(task.id, task.said, verb)
        return True

    def _does(self, meddling: Meddling, task: Accepted, last: Write | None) -> bool:
        match meddling:
            case Meddling.ABORT:
                task.abort_accepted = self.abort(task.id)
                return True
            case Meddling.DELETE:
                task.abort_accepted = self.abort(task.id)
                task.is_deleted = self.delete(task.id, may_give_up=True)
                return True
            case Meddling.LOSE | Meddling.LOSE_LATER:
                return self._stack.lose_payloads(task.id)
        if last is None or not last.is_open:
            return False
        if meddling is Meddling.REDRIVE:
            return self._stack.redrive(last.execution)
        is_stopped = self._stack.stop(last.execution)
        if is_stopped and meddling is Meddling.STOP_AND_REDRIVE:
            redrive = threading.Timer(
                _REDRIVEN_AFTER_SECONDS, self._stack.redrive, [last.execution]
            )
            redrive.start()
        return is_stopped


def _is_time(planned: Planned, last: Write | None) -> bool:
    if last is None or last.iterations < planned.after_iterations:
        return False
    match planned.meddling:
        case Meddling.ABORT | Meddling.DELETE:
            return True
        case Meddling.SIGNAL_BY_URL | Meddling.ABORT_AND_RETRY:
            return _waits(last) or not last.is_open
        case Meddling.SIGNAL | Meddling.SIGNAL_TWICE | Meddling.SIGNAL_BY_EVENT | Meddling.PAUSE:
            return last.is_open
        case Meddling.RETRY | Meddling.RETRY_TWICE:
            return last.status in ("failed", "aborted")
        case Meddling.RUN_NOW:
            return _waits(last)
        case Meddling.LOSE:
            return last.is_open
        case Meddling.LOSE_LATER:
            return not last.is_open and not last.has_follow_ups
        case _:
            return bool(last.execution)


def _waits(last: Write) -> bool:
    """Whether an execution has the task, and sleeps: in its delay, or behind an iteration."""
    has_begun = last.iterations > 0
    return (
        last.is_open
        and bool(last.execution)
        and not last.claims
        and (last.answer == "continue" if has_begun else True)
    )
