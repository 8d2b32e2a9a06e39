"""What the worker may answer: small, and always with a status."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final, assert_never

from handler.contract import MAX_ANSWER_BYTES, NO_DELAY, AnswerStatus, Status, WireKey
from handler.errors import StoreError
from handler.record import Json, StoredTask, TaskFailure, cut, cut_bytes, to_text

_ECHOED: Final = (WireKey.TASK_ID, WireKey.DEFINITION_ID, WireKey.TENANT, WireKey.LOCALE)
# A longer message is cut: each character may take 12 bytes escaped, and the whole must fit.
_MAX_MESSAGE_CHARACTERS: Final = 1_500
_MAX_CODE_CHARACTERS: Final = 256


class AnswerBuilder:
    """Makes the answers to one event. Each echoes the event's ids, as far as it has them."""

    def __init__(self, payload: Mapping[str, object]) -> None:
        self._echo: Json = {
            key.value: value
            for key in _ECHOED
            if isinstance(value := payload.get(key), str)
            and len(value) <= _MAX_CODE_CHARACTERS
            and to_text(value) == value
        }

    def done(self, message: str = "", output: Mapping[str, object] | None = None) -> Json:
        answer = self._answer(AnswerStatus.DONE)
        if message:
            answer[WireKey.MESSAGE.value] = cut(message, _MAX_MESSAGE_CHARACTERS)
        return _with(answer, WireKey.OUTPUT, dict(output)) if output else answer

    def continued(self, *, wait: int = 0) -> Json:
        """`continue`. Its delay is spent, so that the next `Run` does not wait for it again."""
        waiting = {WireKey.WAIT.value: wait} if wait else {}
        return self._answer(AnswerStatus.CONTINUE) | {WireKey.DELAY.value: NO_DELAY} | waiting

    def error(self, failure: TaskFailure) -> Json:
        wire: Json = {"message": cut(failure.message, _MAX_MESSAGE_CHARACTERS)}
        if failure.code:
            wire["code"] = cut_bytes(failure.code, _MAX_CODE_CHARACTERS)
        answer = _with(self._answer(AnswerStatus.ERROR), WireKey.ERROR, wire)
        return (
            _with(answer, WireKey.ERROR, wire | {"data": failure.data}) if failure.data else answer
        )

    def aborted(self) -> Json:
        return self._answer(AnswerStatus.ABORTED)

    def of_outcome(self, task: StoredTask, *, now: datetime, message: str = "") -> Json:
        """The answer that the task's last outcome makes."""
        match task.last_answer:
            case AnswerStatus.CONTINUE if task.execution_name is None:
                return self.done(f'Task "{task.id}" has moved on to a new execution.')
            case AnswerStatus.CONTINUE | None:
                return self.continued(wait=task.delay_left(now))
            case AnswerStatus.DONE:
                return self.done(message, _output_of(task))
            case AnswerStatus.ERROR:
                return self.error(task.failure)
            case AnswerStatus.ABORTED:
                return self.aborted()
            case _:
                assert_never(task.last_answer)

    def missing(self, task_id: str, *, code: str) -> Json:
        """The event names a task that does not exist."""
        message = f'Task "{task_id}" cannot be executed because it does not exist.'
        return self.error(TaskFailure(message=message, code=code))

    def closed(self, task: StoredTask) -> Json:
        """The execution that owned the task comes back after its end: Webiny's answers."""
        if task.was_aborted:
            return self.aborted()
        is_done = task.status is Status.SUCCESS
        message = "Task is already done" if is_done else "Task has failed"
        return self.error(TaskFailure(message=f"{message}, cannot run it again."))

    def not_mine(self, task: StoredTask) -> Json:
        """A duplicate ends as a quiet success: EventBridge delivers an event at least once."""
        name = task.execution_name
        owner = f'the execution "{name}"' if name else "another execution"
        return self.done(
            f'Task "{task.id}" ({task.status}) belongs to {owner}; this one changed nothing.'
        )

    def held(self, task: StoredTask) -> Json:
        """The task is paused: its execution ends, and the next one begins when it is resumed."""
        return self.done(f'Task "{task.id}" is paused; it goes on when it is resumed.')

    def queued(self, task: StoredTask) -> Json:
        """The task queues for a slot: its execution ends, and the next one begins with one."""
        return self.done(f'Task "{task.id}" queues for a slot; it goes on when it gets one.')

    def too_late(self, task: StoredTask) -> Json:
        """An invocation of a visit that its execution has left behind: nobody hears its answer."""
        return self.done(
            f'Task "{task.id}" ({task.status}) is at a later visit of its execution; '
            "this one changed nothing."
        )

    def _answer(self, status: AnswerStatus) -> Json:
        return {WireKey.STATUS.value: status.value, **self._echo}


def _output_of(task: StoredTask) -> Json | None:
    """The output, if it can be read: the task has succeeded, whatever the bucket says."""
    try:
        return task.output
    except StoreError:
        return None


def _with(answer: Json, key: WireKey, value: Json) -> Json:
    """`answer` with a field more, if it still fits."""
    larger = answer | {key.value: value}
    # Measured as Lambda sends it: json.dumps escapes what is not ASCII, the longer of two forms.
    return larger if len(json.dumps(larger)) <= MAX_ANSWER_BYTES else answer
