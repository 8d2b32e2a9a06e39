"""What every resolver is given: who asks, and the service that answers."""

import math
from dataclasses import dataclass, field

from handler.clock import RemainingSeconds
from handler.contract import DEFAULT_LOCALE, DEFAULT_TENANT, ErrorCode
from handler.errors import NotFound, Refused
from handler.graphql.arguments import without_revision
from handler.graphql.budget import Budget
from handler.lifecycle import Tasks
from handler.record import Identity, TaskRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks, for which tenant, and the service that answers: the context of every resolver.

    Args:
        id: what a caller finds the request by in the log.
        is_bound: whether the caller's token is of the tenant, and of no other.
        budget: what is left of its answer.
        remaining: how many seconds are left for it.
    """

    tasks: Tasks
    identity: Identity
    tenant: str = DEFAULT_TENANT
    locale: str = DEFAULT_LOCALE
    id: str = ""
    is_bound: bool = False
    budget: Budget = field(default_factory=Budget)
    remaining: RemainingSeconds = lambda: math.inf

    def whose(self, *, every_tenant: bool | None) -> str | None:
        """Whose tasks are meant: the caller's tenant's, unless the caller may speak for all.

        Returns:
            The tenant; `None`: those of every tenant.

        Raises:
            Refused: the caller's token is of one tenant.
        """
        if not every_tenant:
            return self.tenant
        if self.is_bound:
            raise Refused(
                "Not authorized! The token is of one tenant. Next: leave out everyTenant.",
                code=ErrorCode.SECURITY_NOT_AUTHORIZED,
            )
        return None

    def task(self, id: str) -> TaskRecord:
        """A task of the caller's tenant. A task of another tenant is not found."""
        record = self.tasks.get(without_revision(id))
        if record.tenant != self.tenant:
            raise NotFound(f'Task "{id}" was not found!', data={"id": id})
        return record
