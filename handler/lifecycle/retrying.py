"""How a task that has failed, or was aborted, is retried: by a new task that takes its place."""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from pydantic import BaseModel

from handler.contract import ErrorCode
from handler.definition import Registry, TaskCode, code_of, next_input, stored_input
from handler.errors import InvalidInput, Refused
from handler.lifecycle.closing import Closing
from handler.lifecycle.ending import Ending
from handler.lifecycle.triggering import (
    TaskInput,
    Triggering,
    TriggerOptions,
    attempted,
    may_be_undelivered,
)
from handler.record import Identity, Json, StoredTask, TaskRecord, id_of_retry, without_arns
from handler.table import PayloadLost, RecordMoved, Store

# What of a record a retry is made of: one that has something else in its place can't have one.
_NEEDED: Final = {"taskStatus", "definitionId", "name", "tenant", "locale", "createdOn"}
# A record that gets its date, or a follow-up, in the same moment is written to once more.
_ATTEMPTS: Final = 3

Record = TypeVar("Record", bound=TaskRecord)


class Retrying:
    """Makes a task's retry, once, and completes one that was cut off.

    The id of a retry follows from the task. So a second call finds what the first one has made, and
    two at once make one. The new record comes first. Then the old one is told of it, for people to
    see: nothing else depends on that. Then the event is sent.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        store: Store,
        triggering: Triggering,
        ending: Ending,
        closing: Closing,
    ) -> None:
        self._registry = registry
        self._store = store
        self._triggering = triggering
        self._ending = ending
        self._closing = closing

    def retry(
        self, id: str, *, input: TaskInput | None, from_start: bool, by: Identity
    ) -> tuple[StoredTask, bool]:
        """The retry of a task, and whether this call made it. Raises as `Tasks.retry`."""
        old = self._store.get(id)
        _check_may_be_retried(old)
        retry, is_new = self._store.find(id_of_retry(old)), False
        if retry is None:
            retry, is_new = self._made(old, input, from_start=from_start, by=by)
        self._mark(old, retry, by)
        if (is_new or may_be_undelivered(retry)) and (aborted := self._aborted(retry)):
            return aborted, is_new
        self._triggering.deliver(retry, is_new=is_new)
        return retry, is_new

    def _made(
        self, old: StoredTask, input: TaskInput | None, *, from_start: bool, by: Identity
    ) -> tuple[StoredTask, bool]:
        """The stored retry, and whether this call made it."""
        known = self._registry.get(old.definition_id)
        if not from_start and not old.is_at_its_start and self._store.has_children(old):
            raise _has_children(old)
        before = self._input_of(old, from_start=from_start)
        code = code_of(known)
        options = TriggerOptions(
            name=old.name,
            parent=self._open_parent_of(old),
            tenant=old.tenant,
            locale=old.locale,
            created_by=by,
            tags=old.tags,
        )
        stored = attempted(lambda: _merged(code, before, input))
        request = self._triggering.request_of(known, stored, options)
        saved = {} if from_start else self._saved_by(old)
        retry = self._triggering.record_of(request, id=id_of_retry(old), retry_of=old.id, **saved)
        where = "its start" if from_start else "its last checkpoint"
        line = f'This is the retry of task "{old.id}", from {where}.'
        made, is_new = self._triggering.create(retry, log=self._ending.log_of(retry, line, by=by))
        if made.id != retry.id:
            raise _another_runs(old, made)
        return made, is_new

    def _input_of(self, old: StoredTask, *, from_start: bool) -> Json:
        try:
            return self._store.input_of(old, first=from_start)
        except PayloadLost as lost:
            which = "what it was triggered with" if from_start else "its input"
            other = "retry it from its last checkpoint, or " if from_start else ""
            raise Refused(
                f"Task \"{old.id}\" can't be retried: {which} can't be read."
                f" {without_arns(lost.message)} Next: {other}trigger a new task.",
                code=ErrorCode.INPUT_UNREADABLE,
                data={"id": old.id},
            ) from lost

    def _saved_by(self, old: StoredTask) -> Json:
        """What a task has saved beside its input. An output that is gone is no reason to fail."""
        try:
            output = self._store.saved_output_of(old)
        except PayloadLost:
            output = None
        return {"progress": old.progress, "output": output, **self._start_of(old)}

    def _start_of(self, old: StoredTask) -> Json:
        """What the first of the tasks was triggered with: a retry of the retry may begin there."""
        if old.is_at_its_start:
            return {}
        try:
            return {"first_input": self._store.input_of(old, first=True)}
        except PayloadLost:
            return {"first_input_key": ""}  # it is not kept

    def _open_parent_of(self, old: StoredTask) -> str | None:
        """The parent that the retry is a child of, in the place of `old`."""
        parent = self._closing.parent_of(old)
        return parent.id if parent and parent.is_open else None

    def _mark(self, old: StoredTask, retry: StoredTask, by: Identity) -> None:
        """Tells a task of its retry, with a line in its log, unless it knows, or is gone."""
        line = f'It was retried: task "{retry.id}" takes its place.'
        now: StoredTask | None = old
        for _ in range(_ATTEMPTS):
            is_it = now is not None and id_of_retry(now) == retry.id
            if now is None or not is_it or now.deletion_pending or now.retried_by == retry.id:
                return
            log = self._ending.log_of(now, line, by=by)
            try:
                self._store.name_retry(now.retried_as(retry.id), before=now, log=log)
            except RecordMoved as moved:
                now = moved.task
            else:
                return

    def _aborted(self, retry: StoredTask) -> StoredTask | None:
        """The retry, aborted, if its parent was aborted while it was made.

        Whoever aborted the parent may have looked for its children before this one was there.
        """
        parent = self._store.find(retry.parent_id) if retry.parent_id else None
        if parent is None or not parent.was_aborted:
            return None
        message = f'Its parent task "{parent.id}" was aborted.'
        try:
            return self._ending.abort(retry.id, message, by=parent.aborted_by or parent.created_by)
        except Refused:  # it was among those that were found
            return self._store.get(retry.id)


def without_retried(tasks: Iterable[Record]) -> Sequence[Record]:
    """Those of `tasks` that no other of them is the retry of: each stands for those before it.

    It looks at nothing but the ids, so it is the same whatever became of the records.
    """
    found = list(tasks)
    ids = {task.id for task in found}
    return [task for task in found if task.has_succeeded or id_of_retry(task) not in ids]


def _check_may_be_retried(task: StoredTask) -> None:
    if task.has_failed or task.was_aborted:
        odd = _NEEDED.intersection(task.unreadable)
        if not odd:
            return
        what = f"can't be retried: its record has something else in its {', '.join(sorted(odd))}"
    else:
        what = f"is {task.status}; only a task that is failed or aborted can be retried"
    next_step = "Abort it first." if task.is_open else "Trigger a new task."
    raise Refused(
        f'Task "{task.id}" {what}. Next: {next_step}',
        code=ErrorCode.TASK_RETRY_ERROR,
        data={"id": task.id, "status": task.status.value},
    )


def _another_runs(old: StoredTask, running: StoredTask) -> Refused:
    return Refused(
        f'Task "{old.id}" can\'t be retried just now: task "{running.id}" runs, and all slots of'
        f' "{old.definition_id}" are taken. Next: retry it when that is over.',
        code=ErrorCode.TASK_CONFLICT,
        data={"id": running.id},
    )


def _has_children(task: StoredTask) -> Refused:
    return Refused(
        f'Task "{task.id}" has children. A retry from its last checkpoint would have none of them,'
        " and would wait for none. Next: retry it from its start (from_start=True, fromStart:"
        " true); what it need not do again, hand over as the input.",
        code=ErrorCode.TASK_RETRY_ERROR,
        data={"id": task.id, "status": task.status.value},
    )


def _merged(code: TaskCode, before: Json, input: TaskInput | None) -> Json:
    """The retry's input: a mapping is merged over the one before, a model replaces it."""
    if isinstance(input, BaseModel):
        return stored_input(code, input)
    try:
        code.decode(before)
        return next_input(code, before, input or {})
    except InvalidInput as error:
        if input:  # what does not fit any more may be what it mends
            return stored_input(code, {**before, **input})
        message = (
            f"{error.message} It was valid when it was stored. Next: hand over the fields that need"
            " another value as the retry's input."
        )
        raise InvalidInput(message, code=error.code, data=error.data) from error
