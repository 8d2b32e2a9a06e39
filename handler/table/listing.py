"""Which tasks to list: filters that an index answers, and how far each page reads."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from handler.contract import DEFAULT_TENANT, Index, Status
from handler.errors import InvalidInput
from handler.record.task_record import TaskRecord
from handler.table.index_query import ANY_TIME, Selection
from handler.table.items import status_group
from handler.table.store import Store

# A page that has to look at more records than that ends early, with a cursor: a filter may let few
# of them through.
_MOST_READ: Final = 2_000
_PAGE: Final = 100  # what one BatchGetItem reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which tasks to list. What isn't given lets every task through.

    Args:
        tenant: whose tasks.
        ids: tasks of these ids.
        parent_id: children of that task.
        definition_id: tasks of that definition.
        statuses: tasks that stand so.
        created: the first and the last moment of creation, ISO 8601, both included.
    """

    tenant: str = DEFAULT_TENANT
    ids: tuple[str, ...] | None = None
    parent_id: str | None = None
    definition_id: str | None = None
    statuses: frozenset[Status] | None = None
    created: tuple[str, str] = ANY_TIME

    def selection(self) -> Selection:
        """The narrowest partition that holds them all."""
        groups = {status_group(status) for status in self.statuses or ()}
        if self.parent_id is not None:
            return Selection(None, self.parent_id, self.created)
        if groups == {"open"}:
            return Selection(Index.BY_STATUS, f"{self.tenant}#open", self.created)
        if self.definition_id is not None:
            return Selection(
                Index.BY_DEFINITION, f"{self.tenant}#{self.definition_id}", self.created
            )
        if len(groups) == 1:
            return Selection(Index.BY_STATUS, f"{self.tenant}#{groups.pop()}", self.created)
        return Selection(Index.BY_TENANT, self.tenant, self.created)

    def lets_through(self, record: TaskRecord) -> bool:
        return (
            record.tenant == self.tenant
            and (self.ids is None or record.id in self.ids)
            and (self.parent_id is None or record.parent_id == self.parent_id)
            and (self.definition_id is None or record.definition_id == self.definition_id)
            and (self.statuses is None or record.status in self.statuses)
            and self.created[0] <= record.created_on <= self.created[1]
        )

    @property
    def is_answered_by_index_alone(self) -> bool:
        """Whether every id of the partition passes, so that they can be counted without being
        read.
        """
        if self.parent_id is not None:
            return False  # a child may be of another tenant, or gone
        conditions = [self.definition_id is not None, self.statuses is not None]
        exact = self.statuses is None or (
            len(self.statuses) == 1 and not any(status.is_open for status in self.statuses)
        )
        whole_group = self.statuses == frozenset({Status.PENDING, Status.RUNNING})
        return self.ids is None and sum(conditions) <= 1 and (exact or whole_group)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """A page of tasks.

    Args:
        items: the tasks.
        cursor: what `after` takes for the next page; `None` on the last.
    """

    items: tuple[TaskRecord, ...]
    cursor: str | None


def list_tasks(
    store: Store, wanted: Filter, *, newest_first: bool, limit: int, after: str | None
) -> TaskPage:
    """One page of the tasks that `wanted` lets through, by the time of creation."""
    if wanted.ids is not None:
        found = sorted(
            store.records(wanted.ids), key=lambda record: record.created_on, reverse=newest_first
        )
        passing = tuple(filter(wanted.lets_through, found))
        if len(passing) > limit:
            raise InvalidInput(
                f"{len(passing)} of the ids are tasks; limit is {limit}. Raise it, or ask for fewer"
                " ids at a time."
            )
        return TaskPage(items=passing, cursor=None)
    selection = wanted.selection()
    cursor: Mapping[str, str] | None = _decoded(after, selection) if after else None
    taken: list[TaskRecord] = []
    for _ in range(_MOST_READ // _PAGE):
        page = store.page(selection, newest_first=newest_first, limit=_PAGE, cursor=cursor)
        for record in filter(wanted.lets_through, store.records(page.ids)):
            if len(taken) == limit:
                return TaskPage(items=tuple(taken), cursor=_encoded(selection.position(taken[-1])))
            taken.append(record)
        if (cursor := page.cursor) is None:
            break
    return TaskPage(items=tuple(taken), cursor=_encoded(cursor) if cursor else None)


def count_tasks(store: Store, wanted: Filter) -> int:
    """How many tasks `wanted` lets through. It reads the index, and the records too where the index
    alone can't tell.
    """
    if wanted.ids is not None:
        return len(
            list_tasks(store, wanted, newest_first=True, limit=len(wanted.ids), after=None).items
        )
    if wanted.is_answered_by_index_alone:
        return store.count(wanted.selection())
    return sum(map(wanted.lets_through, store.select(wanted.selection())))


def _encoded(cursor: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode()


def _decoded(after: str, selection: Selection) -> dict[str, str]:
    try:
        cursor = json.loads(base64.urlsafe_b64decode(after))
    except (binascii.Error, ValueError) as error:
        raise _not_ours(after) from error
    if not (
        isinstance(cursor, dict)
        and all(isinstance(value, str) for value in cursor.values())
        and selection.has(cursor)
    ):
        raise _not_ours(after)
    return cursor


def _not_ours(after: str) -> InvalidInput:
    return InvalidInput(
        f'The cursor "{after[:60]}" is not one of ours; pass on `meta.cursor` of the page before.'
    )
