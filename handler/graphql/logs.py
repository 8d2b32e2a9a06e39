"""The resolvers of logs: of one task, and as a field of a task."""

import functools
import math
from collections.abc import Iterator, Mapping
from itertools import islice, takewhile
from typing import Any, Final

from graphql import GraphQLResolveInfo

from handler.errors import InvalidInput
from handler.graphql.arguments import Paging, descending
from handler.graphql.request import Request
from handler.graphql.types import (
    enveloped,
    shown_log,
    shown_meta,
    task_type,
    tasks_query,
)
from handler.record import Json, TaskLog, TaskRecord
from handler.table import TaskCount, invalid_cursor

# Webiny's own default for the logs of a task.
_MAX_LOGS: Final = 10_000
_BYTES_OF_AN_ENTRY: Final = 1_000
# A cursor is an iteration's number, of which a row's key has ten digits.
_MAX_CURSOR_CHARACTERS: Final = 10
_MAX_ITERATION: Final = 10**_MAX_CURSOR_CHARACTERS - 1


@tasks_query.field("listLogs")
@enveloped
def _list_logs(request: Request, **arguments: Any) -> Json:
    paging = Paging.of(**arguments)
    task_id = paging.where.get("task")
    if not isinstance(task_id, str):
        raise InvalidInput('listLogs lists the logs of one task: add where: { task: "<its id>" }.')
    record = request.task(task_id)
    found = _logs(
        request, record, paging.where, newest_first=paging.newest_first, after=paging.after
    )
    logs = list(islice(_counted(request, found), paging.limit + 1))
    has_more = len(logs) > paging.limit
    cursor = str(logs[paging.limit - 1]["iteration"]) if has_more else None
    page = logs[: paging.limit]
    count = functools.partial(_count, request, record, paging.where)
    return {"data": page, "meta": shown_meta(page, cursor, count, after=paging.after)}


@task_type.field("logs")
def _task_logs(
    task: Mapping[str, Any],
    info: GraphQLResolveInfo,
    *,
    where: Json | None = None,
    limit: float | None = None,
    sort: list[str] | None = None,
) -> list[Json]:
    request: Request = info.context
    request.budget.read_logs()
    limit = _MAX_LOGS if limit is None else limit
    if not isinstance(limit, int | float) or not 1 <= limit <= _MAX_LOGS:
        raise InvalidInput(f"limit is {limit!r}; it takes 1 to {_MAX_LOGS}.")
    newest_first = descending(sort, default=False)
    found = _logs(request, task["record"], where or {}, newest_first=newest_first)
    return list(islice(_counted(request, found), int(limit)))


def _counted(request: Request, logs: Iterator[Json]) -> Iterator[Json]:
    """The same logs, as long as the answer has room for them; without room, none is read."""
    request.budget.check_read()
    for log in logs:
        request.budget.read(log["items"])
        yield log


def _logs(
    request: Request,
    record: TaskRecord,
    where: Json,
    *,
    newest_first: bool = False,
    after: str | None = None,
) -> Iterator[Json]:
    found = _found(request, record, where, newest_first=newest_first, after=after)
    return (shown_log(log, record) for log in found)


def _found(
    request: Request,
    record: TaskRecord,
    where: Json,
    *,
    newest_first: bool = False,
    after: str | None = None,
) -> Iterator[TaskLog]:
    if after is not None and not (after.isdecimal() and len(after) <= _MAX_CURSOR_CHARACTERS):
        raise invalid_cursor(after)
    behind = int(after) if after is not None else None
    wanted = where.get("iteration")
    if wanted is not None:
        return _of_iteration(request, record, wanted) if behind is None else iter(())
    return request.tasks.logs(record.id, newest_first=newest_first, after_iteration=behind)


def _of_iteration(request: Request, record: TaskRecord, number: object) -> Iterator[TaskLog]:
    """The log of one iteration, if there is one, without those of the others."""
    if not isinstance(number, int | float) or not 0 <= number <= _MAX_ITERATION:
        return iter(())
    found = request.tasks.logs(record.id, after_iteration=math.ceil(number) - 1 if number else None)
    return takewhile(lambda log: log.iteration == number, found)


def _count(request: Request, record: TaskRecord, where: Json) -> TaskCount:
    """How many logs there are. A log is as much as an entry of an index for each 1,000 bytes."""
    budget = request.budget.counts
    if not budget.left:
        return TaskCount(0, is_capped=True)
    count = 0
    for log in _found(request, record, where):
        if not budget.left:
            return TaskCount(count, is_capped=True)
        budget.spend(1 + len(log.model_dump_json()) // _BYTES_OF_AN_ENTRY)
        count += 1
    return TaskCount(count)
