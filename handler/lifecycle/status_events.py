"""What the bus is told of a task: that it has started, waits, or has ended."""

from datetime import timedelta
from typing import Final

from handler.aws import Bus
from handler.clock import Clock, to_iso
from handler.contract import StatusChange, WireKey
from handler.record import Json, StoredTask, cut

_MAX_MESSAGE_CHARACTERS: Final = 1_000
# For so long EventBridge itself tries to deliver an event (EventBridge guide, "How EventBridge
# retries delivering events": 24 hours).
_TRIED_FOR: Final = timedelta(days=1)


class StatusEvents:
    """Tells the bus of tasks, if the stack is configured to; else it does nothing.

    **What is told has been stored.** A start and a wait are told once, or not at all: whoever has
    stored it may die before. An end is told at least once: it is a follow-up of the record's until
    EventBridge has taken the event (`Ending.finish`).

    Nothing of it harms a task: what can't be sent is logged.

    Args:
        are_on: whether the stack's config says so.
    """

    def __init__(self, bus: Bus, *, clock: Clock, are_on: bool) -> None:
        self._bus = bus
        self._clock = clock
        self.are_on = are_on

    def started(self, task: StoredTask) -> None:
        """Its first iteration was claimed."""
        if self.are_on:
            self._bus.tell(_detail(StatusChange.STARTED, task))

    def stored(self, task: StoredTask) -> None:
        """An open task was stored: if it waits, the bus is told until when."""
        if self.are_on and task.waiting_until:
            waits = {"waitSeconds": task.delay_left(self._clock.now())}
            self._bus.tell(_detail(StatusChange.WAITING, task) | waits)

    def ended(self, task: StoredTask) -> bool:
        """Its outcome was stored.

        Returns:
            Whether nothing is left to be told. It is given up a day after the task's end.
        """
        if not self.are_on or self._bus.tell(_detail(StatusChange.ENDED, task) | _error_of(task)):
            return True
        return self._clock.now() - (task.finished_on or task.created_on) > _TRIED_FOR


def _detail(change: StatusChange, task: StoredTask) -> Json:
    """What an event says. It has no input and no output, so it is small, whatever the task has.

    With the longest of everything it has under 64 KiB, which EventBridge bills as one event
    (pricing page); it takes 1 MB (EventBridge guide, "Calculating PutEvents event entry size"; 256
    KB until January 2026). What is not there is left out, as EventBridge's patterns have it.
    """
    moments = {
        "createdOn": task.created_on,
        "startedOn": task.started_on,
        "waitingUntil": task.waiting_until,
        "finishedOn": task.finished_on,
    }
    found: Json = {
        WireKey.TASK_ID.value: task.id,
        WireKey.DEFINITION_ID.value: task.definition_id,
        WireKey.TENANT.value: task.tenant,
        WireKey.NAME.value: task.name,
        WireKey.STATUS.value: change.value,
        "taskStatus": task.status.value,
        "iteration": task.iterations,
        "parentId": task.parent_id,
        "retryOf": task.retry_of,
        **{name: to_iso(moment) for name, moment in moments.items() if moment},
    }
    return {name: value for name, value in found.items() if value is not None}


def _error_of(task: StoredTask) -> Json:
    """Why a task has failed, as far as it can be read: it stands beside an output of any size."""
    if not task.has_failed:
        return {}
    try:
        failure = task.failure
    except Exception:  # a payload that is gone, or is odd, keeps nobody from hearing of the end
        return {}
    error = {"code": failure.code, "message": cut(failure.message, _MAX_MESSAGE_CHARACTERS)}
    return {"error": {name: text for name, text in error.items() if text is not None}}
