"""Which tasks a list, a count or a verb in bulk is about, and in which order a list has them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from handler.contract import DEFAULT_TENANT, Status
from handler.errors import InvalidInput
from handler.record import Identity, TaskRecord, checked_tags, short_repr

Between = tuple[datetime, datetime]
"""The first and the last moment of a time, both included."""

_MOMENTS: Final = tuple(
    f"{date}_{side}" for date in ("created", "started", "finished") for side in ("after", "before")
)
_TIMES: Final = ("except_created", "except_started", "except_finished")
_TEXTS: Final = ("parent_id", "definition_id", "name", "name_prefix", "error_code")
_MANY_TEXTS: Final = (
    "ids",
    "except_ids",
    "parent_ids",
    "except_parent_ids",
    "definition_ids",
    "except_definition_ids",
    "error_codes",
)


class SortBy(StrEnum):
    """What a list is sorted by. It has no task that lacks it: of those that have started, say."""

    CREATED = "createdOn"
    STARTED = "startedOn"
    FINISHED = "finishedOn"
    NAME = "name"  # those of one name by the time of creation


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which tasks to list. What is not given matches every task; what is given must all hold.

    Args:
        tenant: whose tasks.
        ids: tasks of these ids.
        parent_id: children of that task.
        parent_ids: children of these, two at most.
        definition_id: tasks of that definition.
        definition_ids: tasks of these definitions.
        statuses: tasks of these statuses.
        created_after: tasks created at that moment or later, with a time zone.
        created_before: tasks created at that moment or earlier, with a time zone.
        started_after: the same, of their start; a task that has not started is none of them.
        started_before: the same.
        finished_after: the same, of their end.
        finished_before: the same.
        created_by: tasks that were triggered by whoever has that id; by an `Identity`, its id and
            its type. No index knows it: a page looks at 200 tasks, and may be short.
        name: tasks of exactly that name.
        name_prefix: tasks whose name begins so.
        tags: tasks that have all of these tags.
        error_code: tasks that have failed with an error of that code.
        error_codes: the same, with one of these codes, two at most.
        except_ids, except_parent_ids, except_definition_ids: not those.
        except_created, except_started, except_finished: none of a time in one of these, each a
            first and a last moment. A task without that date is kept.

    A filter that no task can match, such as one whose first moment is behind its last, lists
    nothing, and asks the table nothing.

    Raises:
        InvalidInput: a moment has no time zone, a status is not one, `created_by` is neither a text
            nor an identity, or a value is of another type.
    """

    tenant: str = DEFAULT_TENANT
    ids: tuple[str, ...] | None = None
    parent_id: str | None = None
    parent_ids: tuple[str, ...] | None = None
    definition_id: str | None = None
    definition_ids: tuple[str, ...] | None = None
    statuses: frozenset[Status] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    started_after: datetime | None = None
    started_before: datetime | None = None
    finished_after: datetime | None = None
    finished_before: datetime | None = None
    created_by: str | Identity | None = None
    name: str | None = None
    name_prefix: str | None = None
    tags: Mapping[str, str] | None = field(default=None, hash=False)
    error_code: str | None = None
    error_codes: tuple[str, ...] | None = None
    except_ids: tuple[str, ...] = ()
    except_parent_ids: tuple[str, ...] = ()
    except_definition_ids: tuple[str, ...] = ()
    except_created: tuple[Between, ...] = ()
    except_started: tuple[Between, ...] = ()
    except_finished: tuple[Between, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.tenant, str):
            raise InvalidInput(
                f"tenant is {short_repr(self.tenant)}; it takes a text: a filter has the tasks of"
                " one tenant."
            )
        self._check_moments()
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
        if self.tags is not None:
            object.__setattr__(self, "tags", checked_tags(self.tags) or None)
        for name in _TEXTS:
            _check_text(name, getattr(self, name))
        for name in _MANY_TEXTS:
            _check_texts(name, getattr(self, name))

    def _check_moments(self) -> None:
        for name in _MOMENTS:
            _check_moment(name, getattr(self, name))
        for name in _TIMES:
            for moment in (moment for time in getattr(self, name) for moment in time):
                _check_moment(name, moment)

    @property
    def parents(self) -> tuple[str, ...] | None:
        """The parents whose children are meant; `None`: it does not matter whose child a task is.

        The same is said of what follows.
        """
        return _both(self.parent_id, self.parent_ids)

    @property
    def definitions(self) -> tuple[str, ...] | None:
        wanted = _both(self.definition_id, self.definition_ids)
        if wanted is None:
            return None
        return tuple(id for id in wanted if id not in self.except_definition_ids)

    @property
    def codes(self) -> tuple[str, ...] | None:
        return _both(self.error_code, self.error_codes)

    def matches(self, task: TaskRecord) -> bool:
        """Whether a task is one of those that are meant."""
        return (
            task.tenant == self.tenant
            and _is_in(task.id, self.ids)
            and _is_in(task.parent_id, self.parents)
            and _is_in(task.definition_id, self.definitions)
            and _is_in(task.status, self.statuses)
            and _is_between(task.created_on, self.created_after, self.created_before)
            and _is_between(task.started_on, self.started_after, self.started_before)
            and _is_between(task.finished_on, self.finished_after, self.finished_before)
            and is_by(self.created_by, task.created_by)
            and (self.name is None or task.name == self.name)
            and task.name.startswith(self.name_prefix or "")
            and (self.tags or {}).items() <= task.tags.items()
            and _is_in(task.error_code, self.codes)
            and not self._excepts(task)
        )

    def _excepts(self, task: TaskRecord) -> bool:
        return (
            task.id in self.except_ids
            or task.parent_id in self.except_parent_ids
            or task.definition_id in self.except_definition_ids
            or _is_in_one(task.created_on, self.except_created)
            or _is_in_one(task.started_on, self.except_started)
            or _is_in_one(task.finished_on, self.except_finished)
        )


def is_by(wanted: str | Identity | None, identity: Identity) -> bool:
    """Whether it is this identity that a filter's `created_by` means."""
    if isinstance(wanted, Identity):
        return (wanted.id, wanted.type) == (identity.id, identity.type)
    return wanted is None or wanted == identity.id


def _both(one: str | None, many: Sequence[str] | None) -> tuple[str, ...] | None:
    """What `one` and `many` say together: both must hold."""
    if one is None:
        return None if many is None else tuple(dict.fromkeys(many))
    return (one,) if many is None or one in many else ()


def _is_in(value: object, wanted: Iterable[object] | None) -> bool:
    return wanted is None or value in wanted


def _is_between(moment: datetime | None, first: datetime | None, last: datetime | None) -> bool:
    if first is None and last is None:
        return True
    return (
        moment is not None
        and (first is None or moment >= first)
        and (last is None or moment <= last)
    )


def _is_in_one(moment: datetime | None, times: Iterable[Between]) -> bool:
    return moment is not None and any(first <= moment <= last for first, last in times)


def _check_moment(name: str, moment: object) -> None:
    if moment is None or (isinstance(moment, datetime) and moment.tzinfo is not None):
        return
    shown = moment.isoformat() if isinstance(moment, datetime) else repr(moment)
    raise InvalidInput(
        f"{name} is {shown:.60}; it takes a datetime with a time zone, such as datetime.now(UTC)."
    )


def _check_text(name: str, value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise InvalidInput(f"{name} is {short_repr(value)}; it takes a text.")


def _check_texts(name: str, values: object) -> None:
    if values is None:
        return
    is_many = isinstance(values, tuple | list | set | frozenset)
    if not is_many or not all(isinstance(value, str) for value in values):  # type: ignore[attr-defined]
        raise InvalidInput(f"{name} is {short_repr(values)}; it takes a tuple of texts.")
