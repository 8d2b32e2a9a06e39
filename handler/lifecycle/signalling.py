"""How something is handed to a task, and what it is called by."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from pydantic import BaseModel

from handler.clock import Clock, Seconds, to_iso, to_seconds
from handler.contract import (
    MAX_SIGNAL_BYTES,
    MAX_SIGNAL_KEY_BYTES,
    MAX_SIGNAL_NAME_CHARACTERS,
    MAX_WAIT_SECONDS,
    ErrorCode,
)
from handler.errors import InvalidInput, Refused
from handler.lifecycle.calling import Calls
from handler.lifecycle.ending import Ending
from handler.record import (
    Identity,
    Json,
    Signal,
    StoredTask,
    is_key,
    short_repr,
    size_of,
    to_json,
)
from handler.table import Moved, Store

SignalData = Mapping[str, object] | BaseModel

_NAME: Final = re.compile(rf"[A-Za-z0-9_.-]{{1,{MAX_SIGNAL_NAME_CHARACTERS}}}", re.ASCII)


class Signalling:
    """Hands signals to tasks, and wakes those that wait for them.

    The signal is stored first, with the task's log, in one transaction that also has the sweep look
    at the task soon. Then the task is woken, if it waits. What is lost behind the transaction, the
    sweep finds.
    """

    def __init__(self, *, store: Store, ending: Ending, calls: Calls, clock: Clock) -> None:
        self._store = store
        self._ending = ending
        self._calls = calls
        self._clock = clock

    def signal(
        self, id: str, name: str, data: SignalData | None, *, key: str | None, by: Identity
    ) -> Signal:
        """Hands something to an open task. Raises as `Tasks.signal`."""
        checked_signal_name(name)
        known = _checked_key(key)
        stored = _checked_data(data)
        while True:
            task = self._store.get(id)
            if known is not None and (found := self._store.signals.known(id, name, known)):
                self._calls.call(task)  # whoever has sent it may have died before
                return found
            if task.is_over:
                raise self._refused(task, name, by)
            signal = Signal(
                name=name,
                data=stored,
                key=known,
                created_on=self._clock.now(),
                created_by=by.fitting(),
            )
            line = self._ending.log_of(task, f'The signal "{name}" has come.', by=by)
            log = self._store.logs.put(line, expires_at=None) if line else None
            try:
                signal = self._store.signals.add(task, signal, log=log)
            except Moved:
                continue
            self._calls.call(self._store.find(id))
            return signal

    def heartbeat(self, id: str, name: str) -> None:
        """Whoever the task waits for is still at it. Raises as `Tasks.heartbeat`."""
        checked_signal_name(name)
        while True:
            task = self._store.get(id)
            if task.is_over:
                raise _is_over(task, f"a heartbeat of {name}")
            with suppress(Moved):
                return self._store.signals.beat(task, name)

    def _refused(self, task: StoredTask, name: str, by: Identity) -> Refused:
        message = f'The signal "{name}" came when it was over.'
        if line := self._ending.log_of(task, message, by=by):
            self._store.logs.append(line)
        return _is_over(task, f'the signal "{name}"')


def checked_signal_name(name: object) -> None:
    """Raises `InvalidInput` for what no signal can be called."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidInput(
            f"The signal's name is {short_repr(name)}; it takes 1 to "
            f"{MAX_SIGNAL_NAME_CHARACTERS} letters of ASCII, digits, `_`, `-` and `.`, such as "
            '"approved".'
        )


def checked_span(method: str, **given: Seconds) -> float:
    """The seconds of an argument of `context.<method>`: for how long it may wait.

    Raises:
        ValueError: it is not more than 0, or is above 355 days.
        TypeError: it is no duration.
    """
    [(name, duration)] = given.items()
    seconds = to_seconds(duration, name=name)
    if not 0 < seconds <= MAX_WAIT_SECONDS:
        raise ValueError(
            f"context.{method}({name}={short_repr(duration)}): it takes more than 0, and at most "
            f"{MAX_WAIT_SECONDS:,} seconds (355 days)."
        )
    return seconds


def _checked_key(key: str | None) -> str | None:
    if key is not None and not is_key(key, MAX_SIGNAL_KEY_BYTES):
        raise InvalidInput(
            f"The signal's key is {short_repr(key)}; it takes text of 1 to "
            f"{MAX_SIGNAL_KEY_BYTES} bytes."
        )
    return key


def _checked_data(data: SignalData | None) -> Json | None:
    if data is None:
        return None
    if not isinstance(data, Mapping | BaseModel):
        raise InvalidInput(
            f"The signal's data {short_repr(data)} is neither a mapping nor a model. Next: put it "
            'into one, such as {"value": ...}.'
        )
    try:
        stored = to_json(data)
    except ValueError as error:
        raise InvalidInput(f"The signal's data is no JSON: {error}.") from error
    if (size := size_of(stored)) > MAX_SIGNAL_BYTES:
        raise InvalidInput(
            f"The signal's data has {size:,} bytes as JSON; it may have {MAX_SIGNAL_BYTES:,}. "
            "Next: store it elsewhere, and send where it is.",
            code=ErrorCode.INPUT_TOO_LARGE,
        )
    return stored


def _is_over(task: StoredTask, what: str) -> Refused:
    finished = to_iso(task.finished_on) if task.finished_on else None
    data = {"id": task.id, "status": task.status.value, "finishedOn": finished}
    instead = ""
    if task.retried_by:
        instead = f' Next: send it to its retry, task "{task.retried_by}".'
        data["retriedBy"] = task.retried_by
    return Refused(
        f'Task "{task.id}" is {task.status}; it does not take {what} any more.{instead}',
        code=ErrorCode.TASK_SIGNAL_ERROR,
        data=data,
    )
