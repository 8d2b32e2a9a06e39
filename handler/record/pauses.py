"""What holds many tasks at once: the pause of a definition, or of all."""

from collections.abc import Collection

from handler.record.model import Moment, StoredModel
from handler.record.task_record import Identity


class Pause(StoredModel):
    """Holds the tasks of a definition, or of all, until they are resumed: those to come, too."""

    definition_id: str | None = None  # `None`: the tasks of every definition
    tenant: str | None = None  # `None`: of every tenant
    paused_on: Moment
    paused_by: Identity

    def is_of(self, definition_ids: Collection[str | None], tenant: str | None) -> bool:
        """Whether it is the pause of a definition, by any of its ids, or of all: `None`."""
        return self.definition_id in definition_ids and self.tenant == tenant

    def holds(self, definition_ids: Collection[str], tenant: str) -> bool:
        """Whether it holds a task of a tenant.

        Args:
            definition_ids: all that the task's definition goes by.
        """
        return (self.definition_id is None or self.definition_id in definition_ids) and (
            self.tenant is None or self.tenant == tenant
        )

    @property
    def kind(self) -> str:
        """What its tasks are paused with: their `paused_with`."""
        return "all" if self.definition_id is None else "definition"
