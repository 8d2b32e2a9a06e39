"""What is set for a tenant's tasks while the stack runs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, ValidationError

from handler.contract import MAX_RETENTION_DAYS
from handler.record.model import Json, Moment, StoredModel
from handler.record.pauses import Pause
from handler.record.task_record import Identity


class TaskSettings(StoredModel):
    """The settings that hold for a tenant's tasks: those that were changed, and else as deployed.

    A new setting is a field here, and one of `StoredSettings` that may be `None`.
    """

    retention_days: int  # how long a task is kept from its end; 0 is for ever


class StoredSettings(StoredModel):
    """What the table has of them. `None`: it was not changed, or can't be read; it is as deployed.

    A field of another type than a text or a whole number is JSON: name its attribute in
    `table.items`.
    """

    retention_days: Annotated[int, Field(ge=0, le=MAX_RETENTION_DAYS)] | None = None
    pauses: tuple[Pause, ...] | None = None  # of the stack alone
    cursor_key: str | None = None  # of the stack alone: what cursors are sealed with
    changed_on: Moment | None = None
    changed_by: Identity | None = None
    # The attributes that could not be read: newer code, or a person, has written them.
    unreadable: tuple[str, ...] = Field(default=(), exclude=True)

    @classmethod
    def of(cls, values: Mapping[str, object], *, unreadable: tuple[str, ...] = ()) -> Self:
        """What can be read of the attributes of an item, each for itself."""
        odd, known = {*unreadable}, dict(values)
        while True:
            try:
                read = cls.model_validate(known)
            except ValidationError as error:
                wrong = {str(problem["loc"][0]) for problem in error.errors()}
                odd |= wrong
                known = {name: value for name, value in known.items() if name not in wrong}
            else:
                return read.model_copy(update={"unreadable": tuple(sorted(odd))})

    def over(self, deployed: TaskSettings) -> TaskSettings:
        """The settings that hold."""
        changed = {
            name: value
            for name in TaskSettings.model_fields
            if (value := getattr(self, name)) is not None
        }
        return deployed.model_copy(update=changed)

    def changed(self, *, now: datetime, by: Identity, **changes: object) -> Self:
        """Somebody has changed some of them. `None`: it is as deployed again."""
        who: Json = {"changed_on": now, "changed_by": by.fitting()}
        return self.model_copy(update=who | changes)
