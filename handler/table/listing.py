"""Which tasks to list: filters that an index answers, and how far each page reads."""

import base64
import binascii
import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MINYEAR, datetime, timedelta
from typing import Final

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
from handler.record import StoredTask, TaskRecord, is_key
from handler.table.dynamo import chunks
from handler.table.index_query import ANY_TIME, IndexQuery, TaskIndex
from handler.table.keys import OPEN, definition_partition, status_group, status_partition

# A page that has to look at more tasks ends early, with a cursor: a filter may match few of them.
_MAX_READ: Final = 2_000
_PAGE: Final = 100  # what one BatchGetItem reads
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

    A filter that no task can match, such as one whose first moment is behind its last, lists
    nothing, and asks the table nothing.

    Raises:
        InvalidInput: a moment has no time zone, or a status is not one.
    """

    tenant: str = DEFAULT_TENANT
    ids: tuple[str, ...] | None = None
    parent_id: str | None = None
    definition_id: str | None = None
    statuses: frozenset[Status] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("created_after", "created_before"):
            _check_moment(name, getattr(self, name))
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


@dataclass(frozen=True, slots=True)
class TaskCount:
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
    """One page of the tasks that match, by the time of creation."""
    if _matches_nothing(wanted):
        return _page([])
    if wanted.ids is not None:
        return _page(_by_ids(index, wanted, newest_first=newest_first, limit=limit))
    query = _query_of(wanted)
    cursor: Mapping[str, str] | None = _decoded(after, query) if after else None
    matches = functools.partial(_matches, wanted)
    taken: list[StoredTask] = []
    cursors: dict[str, Mapping[str, str]] = {}
    last_own: StoredTask | None = None
    for _ in range(_MAX_READ // _PAGE):
        page = index.page(query, newest_first=newest_first, limit=_PAGE, cursor=cursor)
        cursors |= page.cursors
        own = [task for task in index.tasks(page.ids) if task.tenant == wanted.tenant]
        for task in filter(matches, own):
            if len(taken) == limit:
                return _page(taken, cursors[taken[-1].id])
            taken.append(task)
        last_own = own[-1] if own else last_own
        if (cursor := page.cursor) is None:
            return _page(taken)
    if query.index:
        return _page(taken, cursor)
    # A parent may have children of other tenants: a cursor must not tell their ids and dates.
    return _page(taken, cursors[last_own.id] if last_own else None)


def count_tasks(index: TaskIndex, wanted: Filter, budget: CountBudget) -> TaskCount:
    """How many tasks match. It reads the index, and the tasks where the index can't tell."""
    if _matches_nothing(wanted):
        return TaskCount(0)
    if not budget.left:
        return TaskCount(0, is_capped=True)
    if _can_count_by_index(wanted):
        found, most = index.count(_query_of(wanted), at_most=budget.left), budget.left
        budget.spend(found)
        return TaskCount(min(found, most), is_capped=found > most)
    matches = functools.partial(_matches, wanted)
    count = 0
    for ids in _id_pages(index, wanted):
        if ids and not budget.left:
            return TaskCount(count, is_capped=True)
        budget.spend(len(ids) * _ENTRIES_OF_A_RECORD)
        count += sum(map(matches, index.tasks(ids)))
    return TaskCount(count)


def _id_pages(index: TaskIndex, wanted: Filter) -> Iterator[Sequence[str]]:
    """The ids among which those of the filter are, a batch at a time, newest first."""
    if wanted.ids is not None:
        yield from chunks(_possible(wanted.ids), _PAGE)
        return
    query = _query_of(wanted)
    page = index.page(query, limit=_PAGE)
    yield page.ids
    while page.cursor is not None:
        page = index.page(query, limit=_PAGE, cursor=page.cursor)
        yield page.ids


def _query_of(wanted: Filter) -> IndexQuery:
    """The narrowest partition that holds every task of the filter."""
    created = _created(wanted)
    groups = {status_group(status) for status in wanted.statuses or ()}
    if wanted.parent_id is not None:
        return IndexQuery(None, wanted.parent_id, created)
    if groups == {OPEN}:
        return IndexQuery(Index.BY_STATUS, status_partition(wanted.tenant, OPEN), created)
    if wanted.definition_id is not None:
        partition = definition_partition(wanted.tenant, wanted.definition_id)
        return IndexQuery(Index.BY_DEFINITION, partition, created)
    if len(groups) == 1:
        partition = status_partition(wanted.tenant, groups.pop())
        return IndexQuery(Index.BY_STATUS, partition, created)
    return IndexQuery(Index.BY_TENANT, wanted.tenant, created)


def _matches(wanted: Filter, task: TaskRecord) -> bool:
    return (
        task.tenant == wanted.tenant
        and (wanted.ids is None or task.id in wanted.ids)
        and (wanted.parent_id is None or task.parent_id == wanted.parent_id)
        and (wanted.definition_id is None or task.definition_id == wanted.definition_id)
        and (wanted.statuses is None or task.status in wanted.statuses)
        and (wanted.created_after is None or task.created_on >= wanted.created_after)
        and (wanted.created_before is None or task.created_on <= wanted.created_before)
    )


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
        or (wanted.ids is not None and not _possible(wanted.ids))
        or not all(value is None or is_key(value, limit) for value, limit in limits)
    )


def _possible(ids: Iterable[str]) -> tuple[str, ...]:
    """Those of `ids` that can be an id: the table refuses the others."""
    return tuple(id for id in ids if is_key(id, MAX_ID_BYTES))


def _can_count_by_index(wanted: Filter) -> bool:
    """Whether every id of the partition matches: the tasks themselves need not be read.

    Not so for children (one may be of another tenant, or gone), ids, two conditions at once,
    and pending or running alone, which are one partition.
    """
    if wanted.parent_id is not None or wanted.ids is not None:
        return False
    if wanted.definition_id is not None and wanted.statuses is not None:
        return False
    if wanted.statuses is None or wanted.statuses == OPEN_STATUSES:
        return True
    return len(wanted.statuses) == 1 and not wanted.statuses & OPEN_STATUSES


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
    matches = functools.partial(_matches, wanted)
    matching = list(filter(matches, index.tasks(_possible(wanted.ids or ()))))
    if len(matching) > limit:
        raise InvalidInput(
            f"{len(matching)} of the ids are tasks; limit is {limit}. "
            "Raise it, or ask for fewer ids at a time."
        )
    return sorted(matching, key=lambda task: task.created_on, reverse=newest_first)


def _page(tasks: list[StoredTask], cursor: Mapping[str, str] | None = None) -> TaskPage:
    records = tuple(task.to_record() for task in tasks)
    return TaskPage(items=records, cursor=_encoded(cursor) if cursor else None)


def _check_moment(name: str, moment: object) -> None:
    if moment is None or (isinstance(moment, datetime) and moment.tzinfo is not None):
        return
    shown = moment.isoformat() if isinstance(moment, datetime) else repr(moment)
    raise InvalidInput(
        f"{name} is {shown:.60}; it takes a datetime with a time zone, such as datetime.now(UTC)."
    )


def _encoded(cursor: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode()


def _decoded(after: str, query: IndexQuery) -> dict[str, str]:
    try:
        cursor = json.loads(base64.urlsafe_b64decode(after))
    except (binascii.Error, ValueError) as error:
        raise invalid_cursor(after) from error
    is_text = isinstance(cursor, dict) and all(isinstance(value, str) for value in cursor.values())
    if not is_text or not query.accepts_cursor(cursor):
        raise invalid_cursor(after)
    return dict(cursor)


def invalid_cursor(after: str) -> InvalidInput:
    """The error for a cursor that no page has given out."""
    return InvalidInput(
        f'The cursor "{after[:60]}" is not valid; pass on `meta.cursor` of the page before.'
    )
