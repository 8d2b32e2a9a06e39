"""What every resolver is given: who asks, what they may do, and the service that answers."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from handler.clock import RemainingSeconds
from handler.contract import (
    DEFAULT_LOCALE,
    DEFAULT_TENANT,
    MAX_IDENTITY_CHARACTERS,
    OWN,
    ErrorCode,
    Permission,
)
from handler.definition import names_of
from handler.errors import BackgroundTaskError, NotFound, Refused, UnknownDefinition
from handler.graphql.arguments import task_filter, without_revision
from handler.graphql.budget import Budget
from handler.graphql.caller import ANONYMOUS
from handler.graphql.cursors import opened, sealed
from handler.graphql.limits import Limits
from handler.graphql.permissions import Access, Reach, need_of
from handler.lifecycle import Tasks, cursor_key, private_ids
from handler.record import Identity, TaskRecord, digest
from handler.table import Filter, is_by


@dataclass(frozen=True, kw_only=True)
class Request:
    """Who asks, for which tenant, and the service that answers: the context of every resolver.

    Args:
        access: what the caller may do with the tasks of the tenant.
        reach: how far the operation in hand may go: `for_operation` says it.
        id: what a caller finds the request by in the log.
        limits: what is left of what it may ask for.
        user_agent: of the program that has sent it, as it says.
        budget: what is left of its answer.
        remaining: how many seconds are left for it.
    """

    tasks: Tasks
    identity: Identity
    access: Access
    tenant: str = DEFAULT_TENANT
    reach: Reach = Reach.NOBODY
    locale: str = DEFAULT_LOCALE
    id: str = ""
    limits: Limits = field(default_factory=Limits)
    user_agent: str = ""
    budget: Budget = field(default_factory=Budget)
    remaining: RemainingSeconds = lambda: math.inf
    _told: dict[str, bool] = field(default_factory=dict)

    def for_operation(self, operation: str, *, like: str | None = None) -> "Request":
        """The same, as far as an operation may go. It asks the table nothing.

        Args:
            like: the operation whose permission it needs, if it is another form of one.

        Raises:
            Refused: the caller lacks a permission that the operation needs; or may see their own
                tasks alone, and can't be told from others.
        """
        reach = self.access.check(operation, need_of(like or operation))
        if reach is Reach.OWN and not self._is_known:
            raise Refused(
                f'Not authorized! {operation} is for your own tasks (the permission "{OWN}"), and'
                " nothing says which are yours: your token has no subject, or one of more than"
                f" {MAX_IDENTITY_CHARACTERS} characters. Next: use another token.",
                code=ErrorCode.SECURITY_NOT_AUTHORIZED,
            )
        return replace(self, reach=reach)

    def whose(self, *, every_tenant: bool | None) -> str | None:
        """Whose tasks are meant: the caller's tenant's, unless the caller may speak for all.

        Returns:
            The tenant; `None`: those of every tenant.

        Raises:
            Refused: the caller may not.
        """
        if not every_tenant:
            return self.tenant
        if not self.is_for_every_tenant:
            raise Refused(
                f"Not authorized! everyTenant is about the tasks of every tenant, and yours are of"
                f' tenant "{self.tenant}". Next: leave out everyTenant, or have "*" in the config'
                ' key "apiTenants", or in the tenants of your principal (apiPermissions).',
                code=ErrorCode.SECURITY_NOT_AUTHORIZED,
            )
        return None

    def check_definition(self, name: object) -> None:
        """Raises `UnknownDefinition`, unless a name is that of a definition that is served."""
        if not isinstance(name, str):
            return
        served = self.tasks.definitions()
        if not any(name in names_of(definition) for definition in served):
            raise UnknownDefinition(
                "Task definition was not found!",
                data={"id": name, "known": sorted(definition.id for definition in served)},
            )

    @property
    def is_for_every_tenant(self) -> bool:
        """Whether the operation in hand may be about the tasks of every tenant."""
        return self.reach is Reach.EVERY_TENANT

    @property
    def is_own(self) -> bool:
        """Whether the operation in hand may be about the caller's own tasks, and no others."""
        return self.reach is Reach.OWN

    @property
    def own_identity(self) -> Identity | None:
        """The caller, as a record has it, where they may see their own tasks alone."""
        return self.identity.fitting() if self.access.widest is Reach.OWN else None

    def reach_of(self, permission: Permission) -> Reach:
        """How far the caller may go with a permission: nowhere if nothing says which are their own
        tasks, and it is for these alone."""
        reach = self.access.reach([permission])
        return Reach.NOBODY if reach is Reach.OWN and not self._is_known else reach

    @property
    def may_do_anything(self) -> bool:
        """Whether the caller has every permission, for every tenant."""
        return self.access.reach(Permission) is Reach.EVERY_TENANT

    def task(self, id: str) -> TaskRecord:
        """A task that the operation may be about. Any other is not found."""
        record = self.tasks.get(without_revision(id))
        if not self.sees(record):
            raise NotFound(f'Task "{id}" was not found!', data={"id": id})
        return record

    def sees(self, record: TaskRecord) -> bool:
        """Whether a task is the caller's to know of: of their tenant, and of no private definition.

        With the permission for own tasks, it must be one that the caller has triggered.
        """
        return (
            record.tenant == self.tenant
            and record.definition_id not in self._private
            and (not self.is_own or self.has_triggered(record))
        )

    def has_triggered(self, record: TaskRecord) -> bool:
        """Whether it was this caller who has triggered a task, or its parent."""
        return is_by(self.identity.fitting(), record.created_by)

    def may_tell(self, id: str) -> bool:
        """Whether the caller may hear of a task that another one names.

        It is read if the caller may see their own tasks alone, once in a request. Who may see those
        of others hears of any: an id alone tells nothing of a task.
        """
        if self.access.widest is not Reach.OWN:
            return True
        if id not in self._told:
            self.budget.read_link()
            try:
                record = self.tasks.get(id)
                self._told[id] = record.tenant == self.tenant and self.has_triggered(record)
            except NotFound:
                self._told[id] = False
        return self._told[id]

    def filter(self, where: Mapping[str, Any], *, search: str = "") -> Filter:
        """The tasks that `where` says, of those that the operation may be about."""
        wanted = self.without_private(task_filter(self.tenant, where, search=search))
        if not self.is_own:
            return wanted
        own = self.identity.fitting()
        is_asked = wanted.created_by is None or is_by(wanted.created_by, own)
        return replace(wanted, created_by=own, ids=wanted.ids if is_asked else ())

    def without_private(self, wanted: Filter) -> Filter:
        """The same tasks, but for those of private definitions."""
        hidden = (*wanted.except_definition_ids, *sorted(self._private))
        return replace(wanted, except_definition_ids=hidden)

    def opened(self, after: str | None) -> str | None:
        """The cursor of a list, as `sealed` has given it out."""
        if not after or not self.is_own:
            return after
        return opened(after, cursor_key(self.tasks), whose=self._caller)

    def sealed(self, cursor: str | None) -> str | None:
        """A cursor that may name a task of somebody else: only this API reads it."""
        if cursor is None or not self.is_own:
            return cursor
        return sealed(cursor, cursor_key(self.tasks), whose=self._caller)

    def own_key(self, key: str | None) -> str | None:
        """A key that the caller has chosen, such as an idempotency key.

        With the permission for own tasks it is the caller's own: the same key of somebody else
        leads to another task.
        """
        if not key or not self.is_own:
            return key
        return digest(f"{self._caller}\n{key}")

    def check_own(self, record: TaskRecord, *, otherwise: str, code: ErrorCode) -> None:
        """Refuses to tell of a task that takes the place of what was asked for.

        Raises:
            Refused: it is somebody else's, and the caller may see their own alone.
        """
        if self.is_own and not self.has_triggered(record):
            raise Refused(f'{otherwise} Yours is the permission "{OWN}".', code=code)

    def check_shown(self, records: Iterable[TaskRecord]) -> None:
        """The last look at an answer: it has no task of somebody else, with own tasks alone.

        Raises:
            Refused: it has one, whatever the operation has thought of.
        """
        if self.is_own and not all(map(self.has_triggered, records)):
            raise Refused(
                "Not authorized! The answer has tasks of others, and yours is the permission"
                f' "{OWN}". Next: ask for your own tasks.',
                code=ErrorCode.SECURITY_NOT_AUTHORIZED,
            )

    def without_others(self, error: BaseException) -> BaseException:
        """An error that names no task of somebody else, where the caller may not hear of those."""
        if not isinstance(error, Refused) or self.access.widest is not Reach.OWN:
            return error
        data = error.data or {}
        if error.code == ErrorCode.TASK_CONFLICT and not self._may_tell_all(data, "id"):
            return Refused(
                "No slot is free. Next: try again later.", code=error.code, data=_kept(data, "id")
            )
        if not self._may_tell_all(data, "retriedBy"):
            message = error.message.partition(" Next:")[0]
            return Refused(message, code=error.code, data=_kept(data, "retriedBy"))
        return error

    def _may_tell_all(self, data: Mapping[str, object], name: str) -> bool:
        id = data.get(name)
        try:
            return not isinstance(id, str) or self.may_tell(id)
        except BackgroundTaskError:  # nobody can say whose it is just now
            return False

    @cached_property
    def _private(self) -> frozenset[str]:
        return private_ids(self.tasks)

    @property
    def _is_known(self) -> bool:
        """Whether nobody else has the caller's identity, as a record has it.

        Nobody knows of two anonymous callers whether they are one, or of two ids that were cut.
        """
        return self.identity.type != ANONYMOUS and self.identity.fitting().id == self.identity.id

    @property
    def _caller(self) -> str:
        return json.dumps([self.tenant, self.identity.type, self.identity.id])


def _kept(data: Mapping[str, object], but: str) -> dict[str, object]:
    return {name: value for name, value in data.items() if name != but}
