"""What a task waits for, and what is handed to it: as values."""

from pydantic import Field

from handler.record.model import Count, Json, Moment, StoredModel
from handler.record.task_record import SYSTEM_IDENTITY, Identity


class Signal(StoredModel):
    """Something that was handed to a task, by `tasks.signal`, the API, an event or a URL.

    Attributes:
        name: what the task waits for it by.
        data: what was handed over; `None` where there was nothing.
        key: of two signals of one name and one key there is only the first.
        number: which one of its name it is: 1 is the first.
    """

    name: str
    data: Json | None = None
    key: str | None = None
    number: Count = 1
    created_on: Moment
    created_by: Identity = Field(default_factory=lambda: SYSTEM_IDENTITY)


class SignalUrl(StoredModel):
    """A URL by which whoever has it can send one signal, once.

    Attributes:
        name: the signal's.
        expires_on: when it is too late.
    """

    name: str
    created_on: Moment
    expires_on: Moment
