"""Which tasks are listed and counted, and how far each page reads."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from handler.clock import to_iso
from handler.contract import OPEN_STATUSES, OVER_STATUSES, Status
from handler.errors import InvalidInput
from handler.record import StoredTask, TaskRecord
from handler.table.cursors import at_place, decoded, encoded, invalid_cursor, place_of
from handler.table.dynamo import chunks
from handler.table.entries import Entries
from handler.table.filters import Filter, SortBy
from handler.table.index_query import Cursor, TaskIndex
from handler.table.keys import name_key
from handler.table.named import named
from handler.table.planning import (
    Plan,
    are_all_wanted,
    are_named,
    matches_nothing,
    plan_of,
    possible_ids,
)

# A page makes so many requests, unless it has more than 100 tasks: queries of indexes, and reads of
# 100 records each (API reference, BatchGetItem). What it has not found by then is on the next one.
_REQUESTS: Final = 3
_PAGE: Final = 100
# Partitions that a count reads: five statuses of some definitions.
_MOST_COUNTED: Final = 10
_ENTRIES_OF_A_RECORD: Final = 5


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
    index: TaskIndex,
    wanted: Filter,
    *,
    sort_by: SortBy | None = None,
    newest_first: bool | None,
    limit: int,
    after: str | None,
) -> TaskPage:
    """One page of the tasks that match, in the order of `sort_by`, or in that of the filter's own.

    It may have fewer than `limit` of them, or none, and a cursor all the same: of what it has read,
    not all has matched.
    """
    if matches_nothing(wanted):
        return _page([])
    if wanted.ids is not None:
        order = sort_by or SortBy.CREATED
        down = _goes_down(order, newest_first)
        return _by_ids(index, wanted, order, down=down, limit=limit, after=after)
    if are_named(wanted, sort_by):
        return _named(index, wanted, down=newest_first is not False, limit=limit, after=after)
    plan = plan_of(wanted, sort_by)
    if not plan.queries:
        return _page([])
    starts = decoded(after, plan.queries) if after else [None] * len(plan.queries)
    down = _goes_down(plan.sort_by, newest_first)
    return _of_plan(index, wanted, plan, starts, down=down, limit=limit)


def _named(
    index: TaskIndex, wanted: Filter, *, down: bool, limit: int, after: str | None
) -> TaskPage:
    """A page of tasks by how their names begin, as they were created."""
    passed, asked = place_of(after) if after else None, 0
    if passed or not after:
        reads = _reads(limit, 1, is_exact=are_all_wanted(wanted))
        found = named(index, wanted, passed, newest_first=down, limit=sum(reads))
        if found is not None:
            return _taken(index, wanted, found, reads, sort_by=SortBy.CREATED, limit=limit)
        asked = 1  # for nothing: a request less is left
    plan = plan_of(wanted, SortBy.CREATED, at_most=1)
    if not plan.queries:
        return _page([])
    starts: list[Cursor | None] = [None]
    if passed:
        starts = [query.cursor_at(*passed) for query in plan.queries]
    elif after:
        starts = decoded(after, plan.queries)
    return _of_plan(index, wanted, plan, starts, down=down, limit=limit, asked=asked)


def _of_plan(
    index: TaskIndex,
    wanted: Filter,
    plan: Plan,
    starts: Sequence[Cursor | None],
    *,
    down: bool,
    limit: int,
    asked: int = 0,
) -> TaskPage:
    """A page of what the queries of a plan find.

    Args:
        asked: how many requests were made before.
    """
    reads = _reads(limit, len(plan.queries) + asked, is_exact=plan.is_exact)
    found = Entries.of(index, plan.queries, starts, newest_first=down, limit=sum(reads))
    return _taken(index, wanted, found, reads, sort_by=plan.sort_by, limit=limit)


def _taken(
    index: TaskIndex,
    wanted: Filter,
    found: Entries,
    reads: Sequence[int],
    *,
    sort_by: SortBy,
    limit: int,
) -> TaskPage:
    """A page of those of the entries that match."""
    taken: list[StoredTask] = []
    for some in found.split(reads):
        tasks = {task.id: task for task in index.tasks(entry.id for entry in some)}
        for entry in some:
            task = tasks.pop(entry.id, None)  # an index that lags behind may have it twice
            is_own = task is not None and task.tenant == wanted.tenant
            # A parent may have children of other tenants: no cursor tells their ids and dates.
            found.pass_by(entry, is_told=is_own or wanted.parents is None)
            if task and wanted.matches(task) and _sorted_as(task, sort_by):
                taken.append(task)
            if len(taken) == limit:
                return _page(taken, found.cursors)
    if found.is_stuck and (parent := _own_parent(index, wanted)):
        raise _children_of_others(parent)
    return _page(taken, found.cursors)


def _own_parent(index: TaskIndex, wanted: Filter) -> StoredTask | None:
    """A parent that is of the tenant who asks. Of another's task nobody hears anything."""
    parents = index.tasks(possible_ids(wanted.parents or ()))
    return next((parent for parent in parents if parent.tenant == wanted.tenant), None)


def _children_of_others(parent: StoredTask) -> InvalidInput:
    """The error of a page that would have to tell where other tenants' tasks stand."""
    return InvalidInput(
        f'Here task "{parent.id}" has more children of other tenants than a page looks at.'
        " Next: ask for a time in which yours were created, or for the tasks of their definition."
    )


def count_tasks(index: TaskIndex, wanted: Filter, budget: CountBudget) -> TaskCount:
    """How many tasks match. It reads the index, and the tasks where the index can't tell."""
    if matches_nothing(wanted):
        return TaskCount(0)
    if not budget.left:
        return TaskCount(0, is_capped=True)
    if wanted.ids is None:
        plan = plan_of(wanted, at_most=_MOST_COUNTED)
        left_out = _left_out(wanted)
        if all(map(_is_told_by_index, (plan, *left_out))):
            return _counted_without(index, plan, left_out, budget)
    count = 0
    for ids in _id_pages(index, wanted):
        if ids and not budget.left:
            return TaskCount(count, is_capped=True)
        budget.spend(len(ids) * _ENTRIES_OF_A_RECORD)
        count += sum(wanted.matches(task) for task in index.tasks(ids))
    return TaskCount(count)


def count_by_status(
    index: TaskIndex, wanted: Filter, budget: CountBudget
) -> tuple[Mapping[Status, int], bool]:
    """How many tasks of a filter have each status, and whether a count ended early.

    Those that are over are counted by the index; of the open ones each is read.
    """
    counts = dict.fromkeys(Status, 0)
    is_capped = False
    for status in OVER_STATUSES:
        found = count_tasks(index, replace(wanted, statuses=frozenset({status})), budget)
        counts[status] = found.number
        is_capped = is_capped or found.is_capped
    of_open = replace(wanted, statuses=OPEN_STATUSES)
    for ids in _id_pages(index, of_open):
        if ids and not budget.left:
            return counts, True
        budget.spend(len(ids) * _ENTRIES_OF_A_RECORD)
        for task in index.tasks(ids):
            counts[task.status] += of_open.matches(task)
    return counts, is_capped


def _left_out(wanted: Filter) -> list[Plan]:
    """Where the tasks are that a filter leaves out for their definition, if an index has them."""
    if wanted.definitions is not None:
        return []
    return [
        plan_of(replace(wanted, definition_id=id, except_definition_ids=()), at_most=_MOST_COUNTED)
        for id in possible_ids(tuple(dict.fromkeys(wanted.except_definition_ids)))
    ]


def _is_told_by_index(plan: Plan) -> bool:
    """Whether entries of an index alone tell how many tasks there are."""
    return plan.is_exact and all(query.index for query in plan.queries)


def _counted_without(
    index: TaskIndex, plan: Plan, left_out: Sequence[Plan], budget: CountBudget
) -> TaskCount:
    """Counts what is left out first, and takes it off."""
    others = [_counted_by_index(index, each, budget) for each in left_out]
    found = _counted_by_index(index, plan, budget)
    number = max(0, found.number - sum(count.number for count in others))
    return TaskCount(number, is_capped=any(count.is_capped for count in (found, *others)))


def _counted_by_index(index: TaskIndex, plan: Plan, budget: CountBudget) -> TaskCount:
    """Counts the ids of whole partitions: the tasks themselves need not be read."""
    most, count = budget.left, 0
    if not most:
        return TaskCount(0, is_capped=True)
    for query in plan.queries:
        count += index.count(query, at_most=most - count)
        if count > most:
            break
    budget.spend(count)
    return TaskCount(min(count, most), is_capped=count > most)


def _id_pages(index: TaskIndex, wanted: Filter) -> Iterator[Sequence[str]]:
    """The ids among which those of the filter are, each once, a batch at a time."""
    if wanted.ids is not None:
        yield from chunks(tuple(dict.fromkeys(possible_ids(wanted.ids))), _PAGE)
        return
    seen: set[str] = set()
    for query in plan_of(wanted).queries:
        cursor: Cursor | None = None
        while True:
            page = index.page(query, limit=_PAGE, cursor=cursor)
            yield [id for id in page.ids if id not in seen]
            seen.update(page.ids)
            if (cursor := page.cursor) is None:
                break


def _reads(limit: int, queries: int, *, is_exact: bool) -> list[int]:
    """How many records a page reads at a time, until it is full.

    Where all that it finds matches, the first read has all of the page.
    """
    first = limit if is_exact else _PAGE
    requests = max(_REQUESTS - queries, math.ceil(limit / _PAGE))
    return [first, *[_PAGE] * (requests - math.ceil(first / _PAGE))]


def _sorted_as(task: TaskRecord, sort_by: SortBy) -> str | None:
    """What a list has a task in the place of; `None` if it has none."""
    if sort_by is SortBy.NAME:
        return name_key(task.name, task.created_on)
    dates = {
        SortBy.CREATED: task.created_on,
        SortBy.STARTED: task.started_on,
        SortBy.FINISHED: task.finished_on,
    }
    moment = dates[sort_by]
    return to_iso(moment) if moment else None


def _by_ids(
    index: TaskIndex, wanted: Filter, sort_by: SortBy, *, down: bool, limit: int, after: str | None
) -> TaskPage:
    """A page of the tasks of given ids: all of them are read, for each page."""
    ids, most = possible_ids(wanted.ids or ()), max(limit, _REQUESTS * _PAGE)
    if len(ids) > most:
        raise InvalidInput(
            f"ids has {len(ids):,} ids; a page of {limit} tasks takes {most}."
            " Next: ask for fewer ids at a time."
        )
    passed = place_of(after) if after else None
    if after and passed is None:
        raise invalid_cursor(after)
    placed = [
        ((place, task.id), task)
        for task in index.tasks(ids)
        if wanted.matches(task) and (place := _sorted_as(task, sort_by))
    ]
    placed.sort(key=lambda each: each[0], reverse=down)
    if passed is not None:
        placed = [each for each in placed if (each[0] < passed if down else each[0] > passed)]
    page = [task for _, task in placed[:limit]]
    if len(placed) <= limit:
        return _page(page)
    place, id = placed[limit - 1][0]
    return _page(page, [at_place(place, id)])


def _goes_down(sort_by: SortBy, newest_first: bool | None) -> bool:
    """Whether a list begins with the last of its order; names are read from A to Z."""
    return sort_by is not SortBy.NAME if newest_first is None else newest_first


def _page(tasks: list[StoredTask], cursors: Sequence[Cursor | None] = ()) -> TaskPage:
    records = tuple(task.to_record() for task in tasks)
    return TaskPage(items=records, cursor=encoded(cursors) if any(cursors) else None)
