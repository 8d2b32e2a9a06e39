"""The arguments of a query: filters, sorters and pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from handler.contract import Status
from handler.errors import InvalidInput
from handler.graphql.limits import too_large
from handler.lifecycle import DEFAULT_LIMIT, MAX_LIMIT
from handler.record import Json
from handler.table import Filter

# A batch of DynamoDB has 100: ten requests.
_MAX_VALUES: Final = 1_000
# A filter's DateTime is exact to the millisecond, as the records are.
_TICK: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Which page of a list a query asks for."""

    where: Json
    newest_first: bool
    limit: int
    after: str | None

    @classmethod
    def of(
        cls,
        *,
        where: Json | None = None,
        sort: list[str] | None = None,
        limit: int | None = None,
        after: str | None = None,
        search: str | None = None,
    ) -> "Paging":
        """The arguments of a list, checked. `null` is as good as nothing.

        Raises:
            InvalidInput: the limit is out of its range, more than one sorter is given, or a search.
        """
        if search:
            raise InvalidInput(
                f'search is "{search:.60}", but no index answers it; filter with `where`.'
            )
        limit = DEFAULT_LIMIT if limit is None else limit
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidInput(f"limit is {limit}; it takes 1 to {MAX_LIMIT}.")
        newest_first = descending(sort, default=True)
        return cls(where=where or {}, newest_first=newest_first, limit=limit, after=after)


def descending(sort: list[str] | None, *, default: bool) -> bool:
    """Whether the one sorter is a descending one."""
    if not sort:
        return default
    if len(sort) > 1:
        raise InvalidInput(f"sort has {len(sort)} fields; it takes one.")
    return sort[0].endswith("_DESC")


def task_filter(tenant: str, where: Mapping[str, Any]) -> Filter:
    """The filter of a list of tasks, for a tenant: all that `where` says must hold."""
    where = {name: value for name, value in where.items() if value is not None}
    ids, statuses = _any_of(where, "id"), _any_of(where, "taskStatus")
    exact = where.get("createdOn")
    first = (exact, where.get("createdOn_gte"), _moved(where.get("createdOn_gt"), _TICK))
    last = (exact, where.get("createdOn_lte"), _moved(where.get("createdOn_lt"), -_TICK))
    return Filter(
        tenant=tenant,
        ids=tuple(map(without_revision, ids)) if ids is not None else None,
        parent_id=where.get("parentId"),
        definition_id=where.get("definitionId"),
        statuses=frozenset(map(_status, statuses)) if statuses is not None else None,
        created_after=max(filter(None, first), default=None),
        created_before=min(filter(None, last), default=None),
    )


def _any_of(where: Mapping[str, Any], name: str) -> list[str] | None:
    """What `where` has for `name` and `name_in`; both must hold. `None`: neither is given."""
    one, many = where.get(name), where.get(f"{name}_in")
    if many is not None and len(many) > _MAX_VALUES:
        raise too_large(
            f"{name}_in has {len(many):,} values; it may have {_MAX_VALUES:,}."
            " Next: ask for fewer at a time."
        )
    if one is None:
        return many
    return [one] if many is None or one in many else []


def without_revision(id: str) -> str:
    """Webiny's ids may carry a revision, `#0001`."""
    return id.partition("#")[0]


def _status(text: str) -> Status:
    try:
        return Status(text)
    except ValueError as error:
        known = ", ".join(Status)
        raise InvalidInput(f'taskStatus is "{text:.60}"; it takes one of {known}.') from error


def _moved(moment: datetime | None, by: timedelta) -> datetime | None:
    if moment is None:
        return None
    # Tasks are dated in milliseconds: the next one behind 1.5 ms is 2 ms, the one before is 1 ms.
    exact = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    is_between = by < timedelta(0) and exact != moment
    try:
        return exact if is_between else exact + by
    except OverflowError:  # the first or the last moment there is: nothing is before or behind it
        return moment
