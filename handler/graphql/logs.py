"""The resolvers of logs: of one task, and as a field of a task."""

import functools
import math
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from graphql import GraphQLResolveInfo

from handler.errors import InvalidInput
from handler.graphql.arguments import Paging, page_size, sorter
from handler.graphql.budget import size_of
from handler.graphql.log_filter import LAST_ITERATION, LogFilter, check_order, task_of
from handler.graphql.request import Request
from handler.graphql.types import (
    enveloped,
    shown_log,
    shown_meta,
    task_type,
    tasks_query,
)
from handler.record import Json, TaskLog, TaskRecord, short_repr
from handler.table import TaskCount, invalid_cursor

# Webiny's own default for the logs of a task.
_MAX_LOGS: Final = 10_000
_BYTES_OF_AN_ENTRY: Final = 1_000
# A page goes past so much that does not match. With the task, that is three requests: a query reads
# 1 MB at most (API reference, Query), and a row of 400 KB may be the last that fits.
_MAX_PASSED_BYTES: Final = 700_000
# A cursor is an iteration's number, of which a row's key has ten digits.
_MAX_CURSOR_CHARACTERS: Final = 10


@tasks_query.field("listLogs")
@enveloped
def _list_logs(request: Request, **arguments: Any) -> Json:
    paging = Paging.of(**arguments)
    if paging.search:
        raise InvalidInput(
            f"search is {short_repr(paging.search)}; nothing searches logs."
            " Next: leave it out, and filter with `where`."
        )
    check_order(paging.field)
    wanted, task_id = LogFilter.of(paging.where), task_of(paging.where)
    newest_first = paging.descending is not False
    record = request.task(task_id)
    found = _found(request, record, wanted, newest_first=newest_first, after=paging.after)
    page, cursor = _page(request, record, wanted, found, limit=paging.limit)
    count = functools.partial(_count, request, record, wanted)
    return {"data": page, "meta": shown_meta(page, cursor, count, after=paging.after)}


@task_type.field("logs")
def _task_logs(
    task: Mapping[str, Any],
    info: GraphQLResolveInfo,
    *,
    where: Json | None = None,
    limit: object = None,
    sort: list[str] | None = None,
) -> list[Json]:
    request: Request = info.context
    request.budget.read_logs()
    field, is_descending = sorter(sort)
    check_order(field)
    size = page_size(_whole(limit), most=_MAX_LOGS, default=_MAX_LOGS)
    record, wanted = task["record"], LogFilter.of(where or {})
    found = _found(request, record, wanted, newest_first=bool(is_descending))
    logs = (shown for log, shown in _counted(request, record, found) if wanted.matches(log))
    return list(islice(logs, size))


def _whole(limit: object) -> int | None:
    """A limit, which may be any number."""
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, int | float) or math.isnan(limit):
        raise InvalidInput(f"limit is {short_repr(limit)}; it takes a number.")
    return int(max(0, min(limit, _MAX_LOGS)))


def _page(
    request: Request,
    record: TaskRecord,
    wanted: LogFilter,
    found: Iterator[TaskLog],
    *,
    limit: int,
) -> tuple[list[Json], str | None]:
    """A page of the logs that match, and where the next one begins, if there may be one.

    It is short where much does not match.
    """
    page: list[Json] = []
    passed, last = 0, 0
    for log, shown in _counted(request, record, found):
        if len(page) == limit or passed > _MAX_PASSED_BYTES:
            return page, str(last)
        if wanted.matches(log):
            page.append(shown)
        else:
            passed += size_of(shown["items"])
        last = log.iteration
    return page, None


def _counted(
    request: Request, record: TaskRecord, logs: Iterator[TaskLog]
) -> Iterator[tuple[TaskLog, Json]]:
    """The same logs, and as they are shown, as long as the answer has room for them.

    Without room, none is read.
    """
    request.budget.check_read()
    for log in logs:
        shown = shown_log(log, record)
        request.budget.read(shown["items"])
        yield log, shown


def _found(
    request: Request,
    record: TaskRecord,
    wanted: LogFilter,
    *,
    newest_first: bool = False,
    after: str | None = None,
) -> Iterator[TaskLog]:
    """The logs of the iterations that a filter asks for, from behind a cursor on."""
    if after is not None and not (after.isdecimal() and len(after) <= _MAX_CURSOR_CHARACTERS):
        raise invalid_cursor(after)
    first, last = wanted.first, wanted.last
    if after is not None and newest_first:
        last = min(last, int(after) - 1)
    elif after is not None:
        first = max(first, int(after) + 1)
    if first > last:
        return
    start = last + 1 if newest_first else first - 1
    behind = start if 0 <= start <= LAST_ITERATION else None
    for log in request.tasks.logs(record.id, newest_first=newest_first, after_iteration=behind):
        if not first <= log.iteration <= last:
            return
        yield log


def _count(request: Request, record: TaskRecord, wanted: LogFilter) -> TaskCount:
    """How many logs match. Each that is read is an entry of an index for each 1,000 bytes."""
    budget = request.budget.counts
    if not budget.left:
        return TaskCount(0, is_capped=True)
    count = 0
    for log in _found(request, record, wanted):
        if not budget.left:
            return TaskCount(count, is_capped=True)
        budget.spend(1 + len(log.model_dump_json()) // _BYTES_OF_AN_ENTRY)
        count += wanted.matches(log)
    return TaskCount(count)
