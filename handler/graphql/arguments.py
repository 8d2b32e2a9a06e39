"""The arguments of a list of tasks: its filter, its order and its page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from handler.contract import Status
from handler.errors import InvalidInput
from handler.graphql.conditions import Conditions
from handler.lifecycle import DEFAULT_LIMIT, MAX_LIMIT
from handler.record import Json, checked_tags
from handler.table import MOST_PARTITIONS, Filter, SortBy

_PARTS: Final = ("contains", "not_contains", "startsWith", "not_startsWith")
_TEXT: Final = ("", "not", "in", "not_in", *_PARTS)
_DATE: Final = ("", "gt", "gte", "lt", "lte", "between", "not_between")
_NUMBER: Final = ("", "not", "in", "not_in", "lt", "lte", "gt", "gte", "between", "not_between")
# What nothing answers: a field, how it compares, and what to ask instead.
_REFUSED: Final = (
    ("savedOn", _DATE, "filter by createdOn, startedOn or finishedOn"),
    (
        "createdBy",
        ("", "not", "in", "not_in"),
        "tag tasks with who triggers them, and filter by tags",
    ),
    (
        "executionName",
        _TEXT,
        "look for the task's id in the input of that execution in Step Functions, and filter by id",
    ),
    (
        "iterations",
        _NUMBER,
        "filter by taskStatus or definitionId, and look at the iterations of those tasks",
    ),
    (
        "name",
        ("not", "not_in", "contains", "not_contains", "not_startsWith"),
        "filter by name, or by name_startsWith",
    ),
    ("definitionId", _PARTS, "filter by definitionId_in, with ids of listDefinitions"),
    ("parentId", _PARTS, "filter by parentId"),
)
_SORTED: Final = {
    "createdOn": SortBy.CREATED,
    "startedOn": SortBy.STARTED,
    "finishedOn": SortBy.FINISHED,
    "name": SortBy.NAME,
}
_UNSORTED: Final = {
    "id": "sort by createdOn",
    "savedOn": "sort by finishedOn or startedOn",
    "definitionId": "filter by definitionId",
    "parentId": "filter by parentId",
    "executionName": "sort by startedOn",
    "iterations": "sort by startedOn",
    "taskStatus": "filter by taskStatus",
}
# Newer documents of Webiny's have it in front of a task's own fields.
_VALUES: Final = "values_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Which page of a list a query asks for.

    Args:
        where: the filters, as they are given.
        field: what to sort by, as Webiny calls it; `None`: it is not said.
        descending: `None`: it is not said.
    """

    where: Json
    field: str | None
    descending: bool | None
    limit: int
    after: str | None
    search: str

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
        """The arguments of a list. `null` is as good as nothing.

        Raises:
            InvalidInput: more than one sorter is given.
        """
        field, descending = sorter(sort)
        return cls(
            where=where or {},
            field=field,
            descending=descending,
            limit=page_size(limit),
            after=after,
            search=search or "",
        )

    @property
    def sort_by(self) -> SortBy | None:
        """The order of a list of tasks.

        Raises:
            InvalidInput: nothing answers it.
        """
        if self.field is None or self.field in _SORTED:
            return _SORTED.get(self.field or "")
        raise unsorted(self.field, _UNSORTED[self.field])


def page_size(limit: int | None, *, most: int = MAX_LIMIT, default: int = DEFAULT_LIMIT) -> int:
    """How many a page has at most: more than there may be is as many as that, as in Webiny."""
    return min(limit, most) if limit is not None and limit > 0 else default


def sorter(sort: list[str] | None) -> tuple[str | None, bool | None]:
    """The field of the one sorter, and whether it is a descending one; `None` without one.

    Raises:
        InvalidInput: there are several.
    """
    if not sort:
        return None, None
    if len(sort) > 1:
        raise InvalidInput(
            f"sort has {len(sort)} fields; it takes one. Next: leave the others out."
        )
    field, _, direction = sort[0].removeprefix(_VALUES).rpartition("_")
    return field, direction == "DESC"


def unsorted(field: str, instead: str) -> InvalidInput:
    """The error of an order that nothing answers."""
    return InvalidInput(
        f"The list is to be sorted by {field}; nothing answers that. Next: {instead}.",
        data={"sort": field},
    )


def task_filter(tenant: str, where: Mapping[str, Any], *, search: str = "") -> Filter:
    """The filter of a list of tasks, for a tenant: all that `where` and `search` say must hold.

    Raises:
        InvalidInput: nothing answers a filter, or a value of it is none.
    """
    given = Conditions(where)
    for field, compares, instead in _REFUSED:
        given.refuse(field, compares, instead)
    names, starts = _few(given, "name", most=1), _starts(given, search)
    ids = [] if names == () or starts is None else given.any_of("id")
    created, started, finished = map(given.time, ("createdOn", "startedOn", "finishedOn"))
    tags = given.get("tags")
    return Filter(
        tenant=tenant,
        ids=tuple(map(without_revision, ids)) if ids is not None else None,
        parent_ids=_few(given, "parentId"),
        definition_ids=_texts(given.any_of("definitionId")),
        statuses=_statuses(given),
        created_after=created[0],
        created_before=created[1],
        started_after=started[0],
        started_before=started[1],
        finished_after=finished[0],
        finished_before=finished[1],
        name=names[0] if names else None,
        name_prefix=starts or None,
        tags=None if tags is None else checked_tags(tags),
        error_codes=_few(given, "errorCode"),
        except_ids=tuple(map(without_revision, given.none_of("id"))),
        except_parent_ids=tuple(given.none_of("parentId")),
        except_definition_ids=tuple(given.none_of("definitionId")),
        except_created=given.other_times("createdOn"),
        except_started=given.other_times("startedOn"),
        except_finished=given.other_times("finishedOn"),
    )


def without_revision(id: str) -> str:
    """Webiny's ids may carry a revision, `#0001`."""
    return id.partition("#")[0]


def _texts(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


def _few(given: Conditions, field: str, *, most: int = MOST_PARTITIONS) -> tuple[str, ...] | None:
    """The values of a field of which a page reads so many."""
    values = given.any_of(field)
    if values is not None and len(set(values)) > most:
        raise InvalidInput(
            f"The filter {field}_in has {len(set(values)):,} values; it takes {most}."
            f" Next: ask for {most} at a time.",
            data={"filter": f"{field}_in"},
        )
    return _texts(values)


def _starts(given: Conditions, search: str) -> str | None:
    """How a name begins; `None`: it can't begin so. Two beginnings are the longer one."""
    shorter, longer = sorted((given.get("name_startsWith") or "", search), key=len)
    return longer if longer.startswith(shorter) else None


def _statuses(given: Conditions) -> frozenset[Status] | None:
    names = ("", "_not", "_in", "_not_in", *(f"_{part}" for part in _PARTS))
    if all(given.get(f"taskStatus{name}") is None for name in names):
        return None
    for text in (*(given.any_of("taskStatus") or ()), *given.none_of("taskStatus")):
        if text not in set(Status):
            known = ", ".join(Status)
            raise InvalidInput(f'taskStatus is "{text:.60}"; it takes one of {known}.')
    return frozenset(status for status in Status if given.has_text("taskStatus", status.value))
