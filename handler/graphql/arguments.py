"""The arguments of a query: filters, sorters and pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from handler.contract import Status
from handler.errors import InvalidInput
from handler.lifecycle import DEFAULT_LIMIT, MAX_LIMIT
from handler.record import Json
from handler.table import Filter

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
                f'search is "{search}", but no index answers it; filter with `where`.'
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
    """The filter of a list of tasks: what `where` says, for a tenant."""
    where = {name: value for name, value in where.items() if value is not None}
    ids = [where["id"]] if "id" in where else where.get("id_in")
    statuses = [where["taskStatus"]] if "taskStatus" in where else where.get("taskStatus_in")
    exact = where.get("createdOn")
    return Filter(
        tenant=tenant,
        ids=tuple(map(without_revision, ids)) if ids is not None else None,
        parent_id=where.get("parentId"),
        definition_id=where.get("definitionId"),
        statuses=frozenset(map(_status, statuses)) if statuses is not None else None,
        created_after=(
            exact or where.get("createdOn_gte") or _moved(where.get("createdOn_gt"), _TICK)
        ),
        created_before=(
            exact or where.get("createdOn_lte") or _moved(where.get("createdOn_lt"), -_TICK)
        ),
    )


def without_revision(id: str) -> str:
    """Webiny's ids may carry a revision, `#0001`."""
    return id.partition("#")[0]


def _status(text: str) -> Status:
    try:
        return Status(text)
    except ValueError as error:
        known = ", ".join(Status)
        raise InvalidInput(f'taskStatus is "{text}"; it takes one of {known}.') from error


def _moved(moment: datetime | None, by: timedelta) -> datetime | None:
    return moment + by if moment else None
