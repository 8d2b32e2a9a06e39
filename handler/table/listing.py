"""Which tasks to list: filters that an index answers, and how far each page reads."""

import base64
import binascii
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import MINYEAR, datetime, timedelta
from typing import Final, NamedTuple

from handler.clock import to_iso
from handler.contract import (
    DEFAULT_TENANT,
    MAX_ID_BYTES,
    MAX_TENANT_BYTES,
    OPEN_STATUSES,
    Index,
    Status,
)
from handler.errors import InvalidInput
from handler.record import Identity, StoredTask, TaskRecord, is_key, short_repr
from handler.table.dynamo import chunks
from handler.table.entries import Entries
from handler.table.index_query import ANY_TIME, Cursor, IndexQuery, TaskIndex
from handler.table.keys import (
    definition_and_status_partition,
    definition_partition,
    status_group,
    status_partition,
)

# A page makes so many requests, unless it has more than 100 tasks: queries of indexes, and reads of
# 100 records each (API reference, BatchGetItem). What it has not found by then is on the next one.
_REQUESTS: Final = 3
_MOST_PARTITIONS: Final = 2  # a query each, and a read is left
_PAGE: Final = 100
_ENTRIES_OF_A_RECORD: Final = 5
_BEFORE_ANY_DATE: Final = "0"
_ALMOST_A_MILLISECOND: Final = timedelta(microseconds=999)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which tasks to list. What is not given matches every task.

    Args:
        tenant: whose tasks.
        ids: tasks of these ids.
        parent_id: children of that task.
        definition_id: tasks of that definition.
        statuses: tasks of these statuses.
        created_after: tasks created at that moment or later, with a time zone.
        created_before: tasks created at that moment or earlier, with a time zone.
        created_by: tasks that were triggered by whoever has that id; by an `Identity`, its id and
            its type. No index knows it: a page looks at 200 tasks, and may be short.
        without_definitions: no tasks of these definitions; pages may be short by as many.

    A filter that no task can match, such as one whose first moment is behind its last, lists
    nothing, and asks the table nothing.

    Raises:
        InvalidInput: a moment has no time zone, a status is not one, or `created_by` is neither a
            text nor an identity.
    """

    tenant: str = DEFAULT_TENANT
    ids: tuple[str, ...] | None = None
    parent_id: str | None = None
    definition_id: str | None = None
    statuses: frozenset[Status] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    created_by: str | Identity | None = None
    without_definitions: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not isinstance(self.tenant, str):
            raise InvalidInput(
                f"tenant is {short_repr(self.tenant)}; it takes a text: a filter has the tasks of"
                " one tenant."
            )
        for name in ("created_after", "created_before"):
            _check_moment(name, getattr(self, name))
        if not isinstance(self.created_by, str | Identity | None):
            raise InvalidInput(
                f"created_by is {short_repr(self.created_by)}; it takes the id of an identity, such"
                ' as "anne", or an Identity.'
            )
        unknown = set(self.statuses or ()) - set(Status)
        if unknown or isinstance(self.statuses, str):
            known = ", ".join(Status)
            raise InvalidInput(f"statuses is {self.statuses!r:.60}; it takes a set of {known}.")
        if self.statuses is not None:  # a text that equals a status is one
            object.__setattr__(self, "statuses", frozenset(map(Status, self.statuses)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """A page of tasks.

    Args:
        items: the tasks.
        cursor: what `after` takes for the next page; `None` on the last.
    """

    items: tuple[TaskRecord, ...]
    cursor: str | None


class TaskCount(NamedTuple):
    """How many tasks, or logs, there are; at least so many if the count is capped."""

    number: int
    is_capped: bool = False


@dataclass(slots=True, kw_only=True)
class CountBudget:
    """What is left of what counts may read: entries of an index. A record is as much as five."""

    left: int

    def spend(self, entries: int) -> None:
        """Takes off what was read; the last batch may have more than was left."""
        self.left = max(0, self.left - entries)


def list_tasks(
    index: TaskIndex, wanted: Filter, *, newest_first: bool, limit: int, after: str | None
) -> TaskPage:
    """One page of the tasks that match, by the time of creation.

    It may have fewer than `limit` of them, or none, and a cursor all the same: of what it has read,
    not all has matched.
    """
    if _matches_nothing(wanted):
        return _page([])
    if wanted.ids is not None:
        return _page(_by_ids(index, wanted, newest_first=newest_first, limit=limit))
    queries = _queries_of(wanted)
    starts = _decoded(after, queries) if after else [None] * len(queries)
    reads = _reads(limit, len(queries), is_exact=_is_exact(wanted))
    found = Entries.of(index, queries, starts, newest_first=newest_first, limit=sum(reads))
    taken: list[StoredTask] = []
    for some in found.split(reads):
        tasks = {task.id: task for task in index.tasks(entry.id for entry in some)}
        for entry in some:
            task = tasks.pop(entry.id, None)  # an index that lags behind may have it twice
            is_own = task is not None and task.tenant == wanted.tenant
            # A parent may have children of other tenants: no cursor tells their ids and dates.
            found.pass_by(entry, is_told=is_own or wanted.parent_id is None)
            if task and is_own and _matches(wanted, task):
                taken.append(task)
            if len(taken) == limit:
                return _page(taken, found.cursors)
    if found.is_stuck and _is_own_parent(index, wanted):
        raise _children_of_others(wanted)
    return _page(taken, found.cursors)


def _is_own_parent(index: TaskIndex, wanted: Filter) -> bool:
    """Whether the parent is of the tenant who asks. Of another's task nobody hears anything."""
    return any(parent.tenant == wanted.tenant for parent in index.tasks([str(wanted.parent_id)]))


def _children_of_others(wanted: Filter) -> InvalidInput:
    """The error of a page that would have to tell where other tenants' tasks stand."""
    return InvalidInput(
        f'Here task "{wanted.parent_id}" has more children of other tenants than a page looks at.'
        " Next: ask for a time in which yours were created, or for the tasks of their definition."
    )


def count_tasks(index: TaskIndex, wanted: Filter, budget: CountBudget) -> TaskCount:
    """How many tasks match. It reads the index, and the tasks where the index can't tell."""
    if _matches_nothing(wanted):
        return TaskCount(0)
    if not budget.left:
        return TaskCount(0, is_capped=True)
    if wanted.parent_id is None and wanted.ids is None and _is_told_by_index(wanted):
        return _counted_by_index(index, wanted, budget)
    count = 0
    for ids in _id_pages(index, wanted):
        if ids and not budget.left:
            return TaskCount(count, is_capped=True)
        budget.spend(len(ids) * _ENTRIES_OF_A_RECORD)
        count += sum(_matches(wanted, task) for task in index.tasks(ids))
    return TaskCount(count)


def _counted_by_index(index: TaskIndex, wanted: Filter, budget: CountBudget) -> TaskCount:
    """Counts the ids of whole partitions: the tasks themselves need not be read.

    Those of definitions that the filter leaves out are counted first, and taken off.
    """
    left_out = [
        _counted(index, replace(wanted, definition_id=id, without_definitions=frozenset()), budget)
        for id in (sorted(wanted.without_definitions) if wanted.definition_id is None else ())
    ]
    found = _counted(index, wanted, budget)
    number = max(0, found.number - sum(count.number for count in left_out))
    return TaskCount(number, is_capped=any(count.is_capped for count in (found, *left_out)))


def _counted(index: TaskIndex, wanted: Filter, budget: CountBudget) -> TaskCount:
    most, count = budget.left, 0
    if not most:
        return TaskCount(0, is_capped=True)
    for query in _queries_of(wanted, at_most=len(Status)):
        count += index.count(query, at_most=most - count)
        if count > most:
            break
    budget.spend(count)
    return TaskCount(min(count, most), is_capped=count > most)


def _id_pages(index: TaskIndex, wanted: Filter) -> Iterator[Sequence[str]]:
    """The ids among which those of the filter are, each once, a batch at a time."""
    if wanted.ids is not None:
        yield from chunks(_possible(wanted.ids), _PAGE)
        return
    seen: set[str] = set()
    for query in _queries_of(wanted):
        cursor: Cursor | None = None
        while True:
            page = index.page(query, limit=_PAGE, cursor=cursor)
            yield [id for id in page.ids if id not in seen]
            seen.update(page.ids)
            if (cursor := page.cursor) is None:
                break


def _queries_of(wanted: Filter, *, at_most: int = _MOST_PARTITIONS) -> list[IndexQuery]:
    """The narrowest partitions, one or some, that together hold every task of the filter."""
    created = _created(wanted)
    if wanted.parent_id is not None:
        return [IndexQuery(None, wanted.parent_id, created)]
    tenant, definition_id = wanted.tenant, wanted.definition_id
    groups = _groups(wanted)
    if groups is not None and len(groups) <= at_most:
        if definition_id is None:
            index = Index.BY_STATUS
            partitions = [status_partition(tenant, group) for group in groups]
        else:
            index = Index.BY_DEFINITION_AND_STATUS
            partitions = [
                definition_and_status_partition(tenant, definition_id, group) for group in groups
            ]
        return [IndexQuery(index, partition, created) for partition in partitions]
    if definition_id is not None:
        partition = definition_partition(tenant, definition_id)
        return [IndexQuery(Index.BY_DEFINITION, partition, created)]
    return [IndexQuery(Index.BY_TENANT, tenant, created)]


def _groups(wanted: Filter) -> list[str] | None:
    """The groups of statuses that the filter is about; `None`: all of them."""
    if wanted.statuses is None or wanted.statuses == frozenset(Status):
        return None
    return sorted({status_group(status) for status in wanted.statuses})


def _is_told_by_index(wanted: Filter) -> bool:
    """Whether entries of an index alone tell how many tasks match."""
    return _has_whole_groups(wanted) and wanted.created_by is None


def _has_whole_groups(wanted: Filter) -> bool:
    """Whether the statuses are whole groups: pending alone, or running alone, is half of one."""
    statuses = wanted.statuses or frozenset()
    return not statuses & OPEN_STATUSES or statuses >= OPEN_STATUSES


def _is_exact(wanted: Filter) -> bool:
    """Whether all that the queries find matches, but for what is gone."""
    groups = _groups(wanted)
    if wanted.created_by is not None:
        return False
    if wanted.parent_id is not None:
        return groups is None and wanted.definition_id is None
    return _has_whole_groups(wanted) and len(groups or ()) <= _MOST_PARTITIONS


def _reads(limit: int, queries: int, *, is_exact: bool) -> list[int]:
    """How many records a page reads at a time, until it is full.

    Where all that it finds matches, the first read has all of the page.
    """
    first = limit if is_exact else _PAGE
    requests = max(_REQUESTS - queries, math.ceil(limit / _PAGE))
    return [first, *[_PAGE] * (requests - math.ceil(first / _PAGE))]


def _matches(wanted: Filter, task: TaskRecord) -> bool:
    return (
        task.tenant == wanted.tenant
        and (wanted.ids is None or task.id in wanted.ids)
        and (wanted.parent_id is None or task.parent_id == wanted.parent_id)
        and (wanted.definition_id is None or task.definition_id == wanted.definition_id)
        and (wanted.statuses is None or task.status in wanted.statuses)
        and (wanted.created_after is None or task.created_on >= wanted.created_after)
        and (wanted.created_before is None or task.created_on <= wanted.created_before)
        and task.definition_id not in wanted.without_definitions
        and is_by(wanted.created_by, task.created_by)
    )


def is_by(wanted: str | Identity | None, identity: Identity) -> bool:
    """Whether it is this identity that a filter's `created_by` means."""
    if isinstance(wanted, Identity):
        return (wanted.id, wanted.type) == (identity.id, identity.type)
    return wanted is None or wanted == identity.id


def _matches_nothing(wanted: Filter) -> bool:
    """Whether no task can match: the table would refuse such a query, or read for nothing."""
    first, last = _created(wanted)
    limits = (
        (wanted.tenant, MAX_TENANT_BYTES),
        (wanted.definition_id, MAX_ID_BYTES),
        (wanted.parent_id, MAX_ID_BYTES),
    )
    return (
        first > last
        or wanted.statuses == frozenset()
        or wanted.definition_id in wanted.without_definitions
        or (wanted.ids is not None and not _possible(wanted.ids))
        or not all(value is None or is_key(value, limit) for value, limit in limits)
    )


def _possible(ids: Iterable[str]) -> tuple[str, ...]:
    """Those of `ids` that can be an id: the table refuses the others."""
    return tuple(id for id in ids if is_key(id, MAX_ID_BYTES))


def _created(wanted: Filter) -> tuple[str, str]:
    """The first and the last moment of the range; the first is behind the last if it is empty."""
    first, last = wanted.created_after, wanted.created_before
    # Tasks are dated in milliseconds: a first moment between two of them starts at the later.
    return (
        _iso(first, _ALMOST_A_MILLISECOND) if first else ANY_TIME[0],
        _iso(last) if last else ANY_TIME[1],
    )


def _iso(moment: datetime, later: timedelta = timedelta(0)) -> str:
    """A moment as the records have it; before or behind every date if UTC can't express it."""
    try:
        return to_iso(moment + later)
    except OverflowError:
        return _BEFORE_ANY_DATE if moment.year == MINYEAR else ANY_TIME[1]


def _by_ids(
    index: TaskIndex, wanted: Filter, *, newest_first: bool, limit: int
) -> list[StoredTask]:
    ids, most = _possible(wanted.ids or ()), max(limit, _REQUESTS * _PAGE)
    if len(ids) > most:
        raise InvalidInput(
            f"ids has {len(ids):,} ids; a page of {limit} tasks takes {most}."
            " Next: ask for fewer ids at a time."
        )
    matching = [task for task in index.tasks(ids) if _matches(wanted, task)]
    if len(matching) > limit:
        raise InvalidInput(
            f"{len(matching)} of the ids are tasks; limit is {limit}. "
            "Raise it, or ask for fewer ids at a time."
        )
    return sorted(matching, key=lambda task: task.created_on, reverse=newest_first)


def _page(tasks: list[StoredTask], cursors: Sequence[Cursor | None] = ()) -> TaskPage:
    records = tuple(task.to_record() for task in tasks)
    return TaskPage(items=records, cursor=_encoded(cursors) if any(cursors) else None)


def _check_moment(name: str, moment: object) -> None:
    if moment is None or (isinstance(moment, datetime) and moment.tzinfo is not None):
        return
    shown = moment.isoformat() if isinstance(moment, datetime) else repr(moment)
    raise InvalidInput(
        f"{name} is {shown:.60}; it takes a datetime with a time zone, such as datetime.now(UTC)."
    )


def _encoded(cursors: Sequence[Cursor | None]) -> str:
    """The cursor of a page: a cursor for each partition that it reads."""
    known = [dict(cursor) if cursor else None for cursor in cursors]
    return base64.urlsafe_b64encode(json.dumps(known).encode()).decode()


def _decoded(after: str, queries: Sequence[IndexQuery]) -> list[Cursor | None]:
    try:
        cursors = json.loads(base64.urlsafe_b64decode(after))
    except (binascii.Error, ValueError) as error:
        raise invalid_cursor(after) from error
    if not isinstance(cursors, list) or len(cursors) != len(queries) or not any(cursors):
        raise invalid_cursor(after)
    for query, cursor in zip(queries, cursors, strict=True):
        if cursor is not None and not _is_of(query, cursor):
            raise invalid_cursor(after)
    return cursors


def _is_of(query: IndexQuery, cursor: object) -> bool:
    is_text = isinstance(cursor, dict) and all(isinstance(value, str) for value in cursor.values())
    return is_text and query.accepts_cursor(cursor)  # type: ignore[arg-type]


def invalid_cursor(after: str) -> InvalidInput:
    """The error for a cursor that no page has given out."""
    return InvalidInput(
        f'The cursor "{after[:60]}" is not valid; pass on `meta.cursor` of the page before.'
    )
