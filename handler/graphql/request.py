"""What every resolver is given: who asks, and the service that answers."""

from dataclasses import dataclass, field

from handler.contract import DEFAULT_LOCALE, DEFAULT_TENANT, ErrorCode
from handler.definition import names_of
from handler.errors import NotFound, Refused, UnknownDefinition
from handler.graphql.arguments import without_revision
from handler.graphql.budget import Budget
from handler.graphql.limits import Limits
from handler.lifecycle import Tasks
from handler.record import Identity, TaskRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks, for which tenant, and the service that answers: the context of every resolver.

    Args:
        id: what a caller finds the request by in the log.
        is_bound: whether the caller's token is of the tenant, and of no other.
        limits: what is left of what it may ask for.
        budget: what is left of its answer.
    """

    tasks: Tasks
    identity: Identity
    tenant: str = DEFAULT_TENANT
    locale: str = DEFAULT_LOCALE
    id: str = ""
    is_bound: bool = False
    limits: Limits = field(default_factory=Limits)
    budget: Budget = field(default_factory=Budget)

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

    def task(self, id: str) -> TaskRecord:
        """A task of the caller's tenant. A task of another tenant is not found."""
        record = self.tasks.get(without_revision(id))
        if record.tenant != self.tenant:
            raise NotFound(f'Task "{id}" was not found!', data={"id": id})
        return record
