"""How a filter is answered: which partitions hold its tasks in the order that is wanted."""

import itertools
from collections.abc import Sequence
from typing import Final, NamedTuple

from handler.contract import (
    MAX_ERROR_CHARACTERS,
    MAX_ID_BYTES,
    MAX_NAME_CHARACTERS,
    MAX_TENANT_BYTES,
    OPEN_STATUSES,
    Index,
    Status,
)
from handler.errors import InvalidInput
from handler.record import is_key
from handler.table.filters import Filter, SortBy
from handler.table.index_query import IndexQuery
from handler.table.keys import (
    FIRST_OF_NAMES,
    LAST,
    LAST_OF_NAMES,
    TAGGED_ROWS,
    definition_and_status_partition,
    definition_partition,
    error_code_partition,
    has_all_of,
    name_start,
    status_group,
    status_partition,
    tag_partition,
)
from handler.table.spans import created_span, finished_span, span_of, started_span

# A page makes three requests: a query of each partition, and a read of the records is left.
MOST_PARTITIONS: Final = 2

_BY_DATE: Final = {
    SortBy.STARTED: (Index.BY_START, None, Index.BY_DEFINITION_AND_START),
    SortBy.FINISHED: (
        Index.BY_FINISH,
        Index.BY_STATUS_AND_FINISH,
        Index.BY_DEFINITION_AND_FINISH,
    ),
}


class Plan(NamedTuple):
    """What is to be read.

    Args:
        sort_by: the order in which each query finds tasks.
        queries: the partitions that together hold every task of the filter; none if no task can
            match.
        is_exact: whether all that they find matches, but for what is gone, and for tasks of the
            definitions that the filter leaves out.
    """

    sort_by: SortBy
    queries: Sequence[IndexQuery]
    is_exact: bool


def plan_of(
    wanted: Filter, sort_by: SortBy | None = None, *, at_most: int = MOST_PARTITIONS
) -> Plan:
    """How to find the tasks of a filter, which has no ids: those are read as they are.

    Args:
        sort_by: `None`: whatever fits the filter best.
        at_most: how many partitions may be read.

    Raises:
        InvalidInput: no partitions have these tasks in that order.
    """
    if (narrow := _narrow(wanted)) is not None:
        if sort_by not in (None, SortBy.CREATED):
            raise _not_in_this_order(wanted, sort_by)
        return narrow
    order = sort_by or _own_order(wanted)
    if order is SortBy.NAME:
        return by_name(wanted)
    if order is SortBy.CREATED:
        return _by_creation(wanted, at_most)
    return _by_date(wanted, order, at_most)


def are_named(wanted: Filter, sort_by: SortBy | None) -> bool:
    """Whether tasks are wanted by how their names begin, in the order of their creation."""
    is_prefix = bool(wanted.name_prefix) and wanted.ids is None and _narrow(wanted) is None
    return is_prefix and sort_by is SortBy.CREATED


def are_all_wanted(wanted: Filter) -> bool:
    """Whether a filter asks for nothing but how names begin, and when tasks were created."""
    others = _conditions(wanted) - {"name_prefix", "created"}
    return not others and has_all_of(wanted.name_prefix or "")


def matches_nothing(wanted: Filter) -> bool:
    """Whether no task can match: the table would refuse such a query, or read for nothing."""
    times = (
        (wanted.created_after, wanted.created_before),
        (wanted.started_after, wanted.started_before),
        (wanted.finished_after, wanted.finished_before),
    )
    return (
        any(first > last for first, last in (span_of(*time) for time in times))
        or wanted.statuses == frozenset()
        or not is_key(wanted.tenant, MAX_TENANT_BYTES)
        or any(
            values is not None and not _possible(values, limit)
            for values, limit in (
                (wanted.ids, MAX_ID_BYTES),
                (wanted.definitions, MAX_ID_BYTES),
                (wanted.parents, MAX_ID_BYTES),
                (wanted.codes, MAX_ERROR_CHARACTERS),
            )
        )
        # A name that is not Unicode is stored as another text.
        or not all(_is_unicode(text) for text in (wanted.name, wanted.name_prefix) if text)
    )


def possible_ids(ids: Sequence[str]) -> tuple[str, ...]:
    """Those that can be an id: the table refuses the others."""
    return _possible(ids, MAX_ID_BYTES)


def _narrow(wanted: Filter) -> Plan | None:
    """The plan of a filter that has partitions of its own, sorted by creation alone."""
    created, conditions = created_span(wanted), _conditions(wanted)
    if wanted.parents is not None:
        _check_few("parent_ids", wanted.parents)
        parents = _possible(wanted.parents, MAX_ID_BYTES)
        queries = [IndexQuery(None, parent, created) for parent in parents]
        return _plan(queries, conditions - {"parents", "created"})
    if wanted.tags:
        first, *others = wanted.tags.items()
        query = IndexQuery(None, tag_partition(wanted.tenant, *first), created, TAGGED_ROWS)
        return _plan([query], conditions - {"created"} - (set() if others else {"tags"}))
    if wanted.codes is not None:
        _check_few("error_codes", wanted.codes)
        codes = _possible(wanted.codes, MAX_ERROR_CHARACTERS)
        partitions = [error_code_partition(wanted.tenant, code) for code in codes]
        queries = [IndexQuery(Index.BY_ERROR_CODE, each, created) for each in partitions]
        return _plan(queries, conditions - {"codes", "created"})
    if wanted.name is not None:
        start = name_start(wanted.name)
        from_then, until = (f"{start}{FIRST_OF_NAMES}{moment}" for moment in created)
        query = IndexQuery(Index.BY_NAME, wanted.tenant, (from_then, f"{until}{LAST}"))
        answered = {"created"} | ({"name"} if has_all_of(wanted.name) else set())
        return _plan([query], conditions - answered)
    return None


def _by_creation(wanted: Filter, at_most: int) -> Plan:
    tenant, definitions, groups = wanted.tenant, _definitions(wanted), _groups(wanted)
    answered = {"created"}
    if definitions and groups and len(definitions) * len(groups) <= at_most:
        index = Index.BY_DEFINITION_AND_STATUS
        partitions = [
            definition_and_status_partition(tenant, definition, group)
            for definition, group in itertools.product(definitions, groups)
        ]
        answered |= {"definitions", *_whole_groups(wanted)}
    elif definitions and len(definitions) <= at_most:
        index = Index.BY_DEFINITION
        partitions = [definition_partition(tenant, definition) for definition in definitions]
        answered |= {"definitions"}
    elif groups and len(groups) <= at_most:
        index = Index.BY_STATUS
        partitions = [status_partition(tenant, group) for group in groups]
        answered |= _whole_groups(wanted)
    else:
        index, partitions = Index.BY_TENANT, [tenant]
    queries = [IndexQuery(index, partition, created_span(wanted)) for partition in partitions]
    return _plan(queries, _conditions(wanted) - answered)


def _by_date(wanted: Filter, sort_by: SortBy, at_most: int) -> Plan:
    tenant, definitions, groups = wanted.tenant, _definitions(wanted), _groups(wanted)
    by_tenant, by_status, by_definition = _BY_DATE[sort_by]
    answered = {"finished" if sort_by is SortBy.FINISHED else "started"}
    if definitions and len(definitions) <= at_most:
        index = by_definition
        partitions = [definition_partition(tenant, definition) for definition in definitions]
        answered |= {"definitions"}
    elif by_status and groups and len(groups) <= at_most:
        index = by_status
        partitions = [status_partition(tenant, group) for group in groups]
        answered |= _whole_groups(wanted)
    else:
        index, partitions = by_tenant, [tenant]
    span = finished_span(wanted) if sort_by is SortBy.FINISHED else started_span(wanted)
    queries = [IndexQuery(index, partition, span) for partition in partitions]
    return _plan(queries, _conditions(wanted) - answered, sort_by=sort_by)


def by_name(wanted: Filter) -> Plan:
    """The plan of tasks in the order of their names."""
    prefix = wanted.name_prefix or ""
    start = name_start(prefix)
    span = (start or FIRST_OF_NAMES, f"{start}{LAST_OF_NAMES}")
    query = IndexQuery(Index.BY_NAME, wanted.tenant, span)
    answered = {"name_prefix"} if has_all_of(prefix) else set()
    return _plan([query], _conditions(wanted) - answered, sort_by=SortBy.NAME)


def _plan(
    queries: Sequence[IndexQuery], left: set[str], *, sort_by: SortBy = SortBy.CREATED
) -> Plan:
    # Two dates may leave nothing between them: the table would refuse to look for it.
    possible = [query for query in queries if query.span[0] <= query.span[1]]
    return Plan(sort_by=sort_by, queries=possible, is_exact=not left)


def _own_order(wanted: Filter) -> SortBy:
    """The order of a list that says none."""
    conditions = _conditions(wanted)
    if "name_prefix" in conditions:
        return SortBy.NAME
    if "finished" in conditions:
        return SortBy.FINISHED
    return SortBy.STARTED if "started" in conditions else SortBy.CREATED


def _conditions(wanted: Filter) -> set[str]:
    """What a filter asks for beside its tenant."""
    given = {
        "parents": wanted.parents is not None,
        "definitions": wanted.definitions is not None,
        "statuses": wanted.statuses not in (None, frozenset(Status)),
        "created": (wanted.created_after or wanted.created_before) is not None,
        "started": (wanted.started_after or wanted.started_before) is not None,
        "finished": (wanted.finished_after or wanted.finished_before) is not None,
        "name": wanted.name is not None,
        "name_prefix": bool(wanted.name_prefix),
        "tags": bool(wanted.tags),
        "created_by": wanted.created_by is not None,
        "codes": wanted.codes is not None,
        "exceptions": bool(
            wanted.except_ids
            or wanted.except_parent_ids
            or wanted.except_created
            or wanted.except_started
            or wanted.except_finished
        ),
    }
    return {name for name, is_given in given.items() if is_given}


def _definitions(wanted: Filter) -> tuple[str, ...] | None:
    return None if wanted.definitions is None else _possible(wanted.definitions, MAX_ID_BYTES)


def _groups(wanted: Filter) -> list[str] | None:
    """The groups of statuses that the filter is about; `None`: all of them."""
    if wanted.statuses is None or wanted.statuses == frozenset(Status):
        return None
    return sorted({status_group(status) for status in wanted.statuses})


def _whole_groups(wanted: Filter) -> set[str]:
    """That the statuses are answered, if they are whole groups: pending alone is half of one."""
    statuses = wanted.statuses or frozenset()
    is_whole = not statuses & OPEN_STATUSES or statuses >= OPEN_STATUSES
    return {"statuses"} if is_whole else set()


def _possible(values: Sequence[str], limit: int) -> tuple[str, ...]:
    return tuple(value for value in values if is_key(value, limit))


def _is_unicode(text: str) -> bool:
    return is_key(text, MAX_NAME_CHARACTERS * 4)


def _check_few(name: str, values: Sequence[str]) -> None:
    if len(values) > MOST_PARTITIONS:
        raise InvalidInput(
            f"{name} has {len(values):,} values; a list takes {MOST_PARTITIONS} of them."
            f" Next: ask for {MOST_PARTITIONS} at a time."
        )


def _not_in_this_order(wanted: Filter, sort_by: object) -> InvalidInput:
    names = {"parents": "a parent", "tags": "tags", "codes": "an error's code", "name": "a name"}
    what = next(names[each] for each in names if each in _conditions(wanted))
    return InvalidInput(
        f"The list is to be sorted by {sort_by}; tasks of {what} are sorted by createdOn alone."
        f" Next: sort by createdOn, or leave {what} out of the filter."
    )
