"""The engine's own task: it says a verb of many tasks, one after the other, at a rate."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Self

from pydantic import BaseModel, model_validator

from handler.clock import Clock
from handler.contract import BULK_DEFINITION, ErrorCode, Status
from handler.definition import Definition, Done, TaskCode
from handler.errors import BackgroundTaskError, NotFound, Refused, StoreUnavailable
from handler.iteration import Context, tools_of
from handler.lifecycle import (
    BulkVerb,
    Tasks,
    aborts_queued,
    as_request_error,
    limiting_of,
    pausing_of,
    retries_now,
)
from handler.record import Identity, TaskRecord, cut, without_arns
from handler.table import Filter

# So many reasons, in words of so many characters, the output has of tasks that have failed.
MAX_REASONS: Final = 20
_MAX_REASON_CHARACTERS: Final = 500
# So many tasks are listed at a time, in one request (API reference, BatchGetItem).
_PAGE: Final = 100
# A slower rate than one a second gives each task an iteration: no worker idles in between.
_SLOW: Final = 1.0
_REFUSALS: Final = frozenset(
    {ErrorCode.TASK_ABORT_ERROR, ErrorCode.TASK_RETRY_ERROR, ErrorCode.TASK_DELETE_ERROR}
)
_DONE: Final = {
    BulkVerb.ABORT: "aborted",
    BulkVerb.RETRY: "retried",
    BulkVerb.DELETE: "deleted",
    BulkVerb.RESUME: "resumed",
}


class Where(BaseModel):
    """Which tasks, as `Filter` says. The tenant is the task's own, whatever anybody sends."""

    ids: tuple[str, ...] | None = None
    parent_id: str | None = None
    parent_ids: tuple[str, ...] | None = None
    definition_id: str | None = None
    definition_ids: tuple[str, ...] | None = None
    statuses: tuple[Status, ...]
    created_after: datetime | None = None
    created_before: datetime
    started_after: datetime | None = None
    started_before: datetime | None = None
    finished_after: datetime | None = None
    finished_before: datetime | None = None
    created_by: str | Identity | None = None
    name: str | None = None
    name_prefix: str | None = None
    tags: dict[str, str] | None = None
    error_code: str | None = None
    error_codes: tuple[str, ...] | None = None
    except_ids: tuple[str, ...] = ()
    except_parent_ids: tuple[str, ...] = ()
    except_definition_ids: tuple[str, ...] = ()
    except_created: tuple[tuple[datetime, datetime], ...] = ()
    except_started: tuple[tuple[datetime, datetime], ...] = ()
    except_finished: tuple[tuple[datetime, datetime], ...] = ()

    def to_filter(self, tenant: str) -> Filter:
        """The filter of the tasks of a tenant."""
        given = {name: getattr(self, name) for name in Where.model_fields}
        return Filter(tenant=tenant, **given | {"statuses": frozenset(self.statuses)})


class Queue(BaseModel):
    """Those who queue for a slot of a limit: of a tenant, or of all, since `until` or before."""

    limit_id: str
    tenant: str | None = None
    until: datetime
    message: str | None = None


class Place(BaseModel):
    """Where to go on.

    Args:
        ids: what is left of the page in hand.
        after: where the next page begins: the cursor of the list, or a place among the ids that
            were asked for.
        is_last: whether no page is left.
    """

    ids: list[str] = []
    after: str | None = None
    is_last: bool = False


class Reason(BaseModel):
    """Why a task has failed to be what it was to be."""

    id: str
    code: str
    message: str


class BulkInput(BaseModel):
    """What to say, of which tasks, how fast; where it is, and what has come of it."""

    verb: BulkVerb
    where: Where | None = None  # of all verbs but "resume", unless a queue says it
    queue: Queue | None = None  # of "abort" alone
    rate: float
    total: int | None = None
    cursor: Place | None = None
    done: int = 0
    skipped: int = 0
    failed: int = 0
    reasons: list[Reason] = []

    @model_validator(mode="after")
    def _names_its_tasks(self) -> Self:
        is_of_a_queue = self.queue is not None and self.verb is BulkVerb.ABORT
        needs_where = self.verb is not BulkVerb.RESUME and not is_of_a_queue
        if (self.where is not None) is not needs_where or (self.queue and not is_of_a_queue):
            raise ValueError(
                '"where" says which tasks, of all verbs but "resume"; of "abort", "queue" may'
            )
        return self


def _run(context: Context, input: BulkInput) -> Done:
    """Goes through the tasks of a filter, a page at a time."""
    work, is_slow = _Work(context, input), input.rate < _SLOW
    pages = context.each(
        work.steps(),
        input,
        total=input.total,
        weight=len,
        per_iteration=1 if is_slow else None,
        pause=1 / input.rate if is_slow else None,
    )
    for ids in pages:
        for id in ids:
            work.do(id)
    return Done(
        f"{input.done:,} tasks were {_DONE[input.verb]}, {input.skipped:,} skipped, and"
        f" {input.failed:,} have failed.",
        output=input.model_dump(mode="json", include={"done", "skipped", "failed", "reasons"}),
    )


BULK: Final = Definition(
    TaskCode(_run, id=BULK_DEFINITION),
    title="Many tasks in bulk",
    description=(
        "Aborts, retries or deletes the tasks of a filter; resumes those of a pause; drains a"
        " queue."
    ),
    max_iterations=10**9,
    private=True,
    database_logs=True,
    retry=None,
    schedule=None,
    schedule_input=None,
    crash_retries=10,  # a hook of one of the tasks may kill the worker, and another one's again
)


class _OfAFilter:
    """The tasks of a filter, of the tenant of the task that does the work."""

    def __init__(self, context: Context, tasks: Tasks, verb: BulkVerb, where: Where) -> None:
        self._own = context.task
        self._tasks = tasks
        self._verb = verb
        self._where = where
        self._filter = where.to_filter(context.tenant)

    def page(self, after: str | None) -> tuple[list[str], str | None]:
        """The ids of a page, and where the next one begins."""
        ids = self._where.ids
        if ids is None:
            page = self._tasks.list(self._filter, newest_first=False, limit=_PAGE, after=after)
            return [task.id for task in page.items], page.cursor
        first = int(after or 0)
        end = first + _PAGE
        some = replace(self._filter, ids=ids[first:end])
        page = self._tasks.list(some, newest_first=False, limit=_PAGE)
        return [task.id for task in page.items], str(end) if end < len(ids) else None

    def say(self, id: str) -> bool:
        """Says the verb of a task as it stands; False if there was nothing to say it of."""
        task, by = self._tasks.get(id), self._own.created_by
        if not self._is_wanted(task):
            return False
        if self._verb is BulkVerb.ABORT:
            self._tasks.abort(id, f'Aborted with others, by task "{self._own.id}".', by=by)
        elif self._verb is BulkVerb.RETRY:
            return retries_now(self._tasks, id, by=by)
        else:
            self._tasks.delete(id, by=by)
        return True

    def _is_wanted(self, task: TaskRecord) -> bool:
        """Whether a task, which may be a later one of the same id, is still of the filter."""
        where = self._where
        is_named = where.ids is not None or BULK_DEFINITION in (self._filter.definitions or ())
        return (
            self._filter.matches(task)
            and task.id != self._own.id
            and (is_named or task.definition_id != BULK_DEFINITION)
        )


class _Held:
    """The tasks of every tenant that are paused with others. Those go on that nothing pauses.

    It reads the pauses anew: what its process knew may be older than the change that it follows,
    also where it goes on in the middle of a page.
    """

    def __init__(self, tasks: Tasks) -> None:
        self._pausing = pausing_of(tasks)
        self._pausing.pauses()

    def page(self, after: str | None) -> tuple[list[str], str | None]:
        """The ids of a page, and where the next one begins."""
        found, further = self._pausing.held(after)
        return [task.id for task in found], further

    def say(self, id: str) -> bool:
        """Lets a task go on; False if it does already, or is still paused."""
        return self._pausing.let_go(id)


class _OfAQueue:
    """Those who queue for a slot of a limit. Who has got one meanwhile is left alone."""

    def __init__(self, context: Context, tasks: Tasks, queue: Queue) -> None:
        self._own = context.task
        self._tasks = tasks
        self._queue = queue

    def page(self, after: str | None) -> tuple[list[str], str | None]:
        """The ids of a page, and where the next one begins."""
        ids, cursor = limiting_of(self._tasks).queued_ids(
            self._queue.limit_id, tenant=self._queue.tenant, size=_PAGE, after=after
        )
        return list(ids), cursor

    def say(self, id: str) -> bool:
        """Aborts a task, if it queues; False if it does not."""
        queue, own = self._queue, self._own
        return aborts_queued(
            self._tasks,
            id,
            queue.message or f'Its queue was drained, by task "{own.id}".',
            limit_id=queue.limit_id,
            tenant=queue.tenant,
            until=queue.until,
            by=own.created_by,
        )


class _Work:
    """Says the verb of one task after the other, and counts what comes of it in the input."""

    def __init__(self, context: Context, input: BulkInput) -> None:
        tasks, clock = tools_of(context)
        self._context = context
        self._input = input
        self._pace = _Pace(clock, input.rate)
        where, queue = input.where, input.queue
        self._chosen: _OfAFilter | _OfAQueue | _Held = _Held(tasks)
        if where is not None:
            self._chosen = _OfAFilter(context, tasks, input.verb, where)
        elif queue is not None:
            self._chosen = _OfAQueue(context, tasks, queue)

    def steps(self) -> Iterator[tuple[Place, list[str]]]:
        """One id at a time, and none where a page is empty: the loop looks at its time then.

        A page is saved before the first task of it is touched. So after a crash each task is
        counted, also those that no list of the same filter has any more.
        """
        place = self._input.cursor or Place()
        while True:
            while place.ids:
                id, *left = place.ids
                place = place.model_copy(update={"ids": left})
                yield place, [id]
            if place.is_last:
                return
            ids, after = self._chosen.page(place.after)
            place = Place(ids=ids, after=after, is_last=after is None)
            if place.ids:
                self._input.cursor = place
                self._context.save_input(self._input)
            else:
                yield place, []

    def do(self, id: str) -> None:
        """Says the verb of a task. Whatever is wrong with one keeps no other from it."""
        self._pace.wait()
        try:
            is_done = self._chosen.say(id)
        except NotFound:
            is_done = False
        except StoreUnavailable:
            raise  # the iteration runs again, from its last checkpoint
        except Exception as error:  # a hook of the task's own may raise anything
            told = as_request_error(error)
            if not self._has_moved(told):
                self._has_failed(id, told)
                return
            is_done = False
        if is_done:
            self._input.done += 1
        else:
            self._input.skipped += 1

    def _has_moved(self, error: BackgroundTaskError) -> bool:
        """Whether a task was refused since it has another status by now."""
        status = (error.data or {}).get("status")
        return (
            isinstance(error, Refused)
            and error.code in _REFUSALS
            and status in set(Status)
            and status not in self._input.verb.statuses
        )

    def _has_failed(self, id: str, error: BackgroundTaskError) -> None:
        self._input.failed += 1
        if len(self._input.reasons) < MAX_REASONS:
            message = cut(without_arns(error.message), _MAX_REASON_CHARACTERS)
            self._input.reasons.append(Reason(id=id, code=error.code, message=message))


class _Pace:
    """Lets so many a second pass."""

    def __init__(self, clock: Clock, rate: float) -> None:
        self._clock = clock
        self._gap = timedelta(seconds=min(1 / rate, _SLOW))
        self._next = clock.now()

    def wait(self) -> None:
        early = (self._next - self._clock.now()).total_seconds()
        if early > 0:
            self._clock.sleep(early)
        self._next = max(self._next, self._clock.now()) + self._gap
