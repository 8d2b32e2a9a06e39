"""A task, as its author, its hooks and the API see it."""

from collections.abc import Callable, Collection
from copy import deepcopy
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from pydantic import Field, PrivateAttr, model_serializer
from pydantic_core.core_schema import SerializationInfo, SerializerFunctionWrapHandler

from handler.contract import DEFAULT_LOCALE, DEFAULT_TENANT, MAX_IDENTITY_CHARACTERS, Status
from handler.record.model import Count, Json, Moment, StoredModel
from handler.record.texts import cut, to_text

PAYLOADS: Final = ("input", "output")
ReadPayload = Callable[[str, bool], Json | None]
"""Reads a payload, by its name, and whether a refusal raises: else it is a note, as a loss is."""
Record = TypeVar("Record", bound="TaskRecord")


class Identity(StoredModel):
    """Who triggered a task, or did something to one.

    Attributes:
        source: from where it is done, such as an address: for the line in the task's log. It is not
            stored with the identity.
    """

    id: str
    display_name: str
    type: str
    source: str | None = Field(default=None, exclude=True)

    def from_source(self, source: str) -> "Identity":
        """The same, who does something from there; a source that is known already stays."""
        return self if self.source else self.model_copy(update={"source": source})

    def fitting(self) -> "Identity":
        """The same, cut to what a record has room for; without the source."""
        return Identity(
            id=cut(to_text(self.id), MAX_IDENTITY_CHARACTERS),
            display_name=cut(to_text(self.display_name), MAX_IDENTITY_CHARACTERS),
            type=cut(to_text(self.type), MAX_IDENTITY_CHARACTERS),
        )


SYSTEM_IDENTITY = Identity(id="system", display_name="System", type="system")
EVENT_IDENTITY = Identity(id="event", display_name="An event sent by hand", type="event")
URL_IDENTITY = Identity(id="url", display_name="Whoever had the URL", type="url")


class Progress(StoredModel):
    """How far a task is, as it last said."""

    done: int
    total: int | None = None
    rate: float | None = None  # items a second
    remaining_seconds: float | None = None  # an estimate; it needs a total and a rate


class WaitingFor(StoredModel):
    """What a task waits for, beside the time.

    Attributes:
        signal: the name of a signal; `None` where it waits for its children.
        since: when the wait began.
        until: when it goes on without.
        heartbeat: after how many seconds without a heartbeat it does, too.
        failures: how many of its children may fail before it does; `None`: all may.
        definition_id: of the children that it waits for; `None`: it waits for all.
    """

    signal: str | None = None
    since: Moment
    until: Moment
    heartbeat: float | None = None
    failures: Count | None = None
    definition_id: str | None = None


class TaskRecord(StoredModel):
    """A task as it stood when it was read. It never changes; read it again to see what came since.

    Its input and its output may be large. One of more than 4 KiB is read when it is first asked
    for, as it then is. In the place of one that is gone stands a note.

    A new field goes here if an author or a client of the API uses it, and on `StoredTask` if only
    the engine does. `schema.graphql` says which of these the API shows.
    """

    id: str
    definition_id: str
    name: str
    tenant: str = DEFAULT_TENANT
    locale: str = DEFAULT_LOCALE
    parent_id: str | None = None
    status: Status = Field(default=Status.PENDING, alias="taskStatus")
    input: Json = Field(default={})  # pydantic copies it for each
    output: Json | None = None
    delay: Count = 0  # seconds from the trigger to the first iteration
    deadline: Moment | None = None  # it must be over by then: its `timeout`
    start_by: Moment | None = None  # it must have started by then: its `expires_after`
    created_on: Moment  # every moment is in UTC, to the millisecond
    created_by: Identity = SYSTEM_IDENTITY
    created_by_version: str | None = None  # of the code that triggered it
    code_version: str | None = None  # of the code that ran its last iteration
    aborted_by: Identity | None = None  # its children are aborted by the same
    saved_on: Moment | None = None
    started_on: Moment | None = None
    finished_on: Moment | None = None
    execution_name: str | None = None  # the execution that owns the task
    iterations: Count = 0  # how often it was claimed, crashed iterations included
    attempts: Count = 0  # iterations at the current step, since the last `Continue`; 1 at the first
    waiting_until: Moment | None = None  # the end of its delay or wait, while it is in one
    waiting_for: WaitingFor | None = None  # what its wait ends early for
    paused_on: Moment | None = None  # since when nothing may run it
    # What it is paused with: its "definition", or "all"; `None` where it was paused by itself.
    paused_with: str | None = None
    priority: Count = 0  # seconds of head start in the queue for a slot
    concurrency_key: str | None = None  # what it shares its slots by; empty: with all of its kind
    queued_on: Moment | None = None  # since when it queues for a slot
    starts_on: Moment | None = None  # the moment that is reserved for its start
    progress: Progress | None = None
    problem: str | None = None  # why it can't go on for the time being
    retry_of: str | None = None  # the task that this one is the retry of
    retried_by: str | None = None  # the task that is the retry of this one
    tags: dict[str, str] = Field(default={})  # what it was tagged with at its trigger
    error_code: str | None = None  # of the error that it has failed with
    _read: ReadPayload | None = PrivateAttr(default=None)
    _reads_strictly: ClassVar[bool] = False

    @property
    def is_open(self) -> bool:
        """Whether it is pending or running."""
        return self.status.is_open

    @property
    def is_over(self) -> bool:
        """Whether it is success, failed or aborted."""
        return not self.status.is_open

    @property
    def has_succeeded(self) -> bool:
        return self.status is Status.SUCCESS

    @property
    def has_failed(self) -> bool:
        return self.status is Status.FAILED

    @property
    def was_aborted(self) -> bool:
        return self.status is Status.ABORTED

    def __eq__(self, other: object) -> bool:
        fields = type(self).model_fields.items()
        return type(self) is type(other) and all(
            getattr(self, name) == getattr(other, name)
            for name, field in fields
            if not field.exclude
        )

    __hash__ = None  # type: ignore[assignment]  # it has dicts

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            if name not in PAYLOADS or self._read is None:
                return super().__getattr__(name)
            value = self.__dict__[name] = self._read(name, self._reads_strictly)
            return value

    @model_serializer(mode="wrap")
    def _whole(self, dump: SerializerFunctionWrapHandler, info: SerializationInfo) -> Json:
        for name in PAYLOADS:
            if name not in (info.exclude or ()) and name in (info.include or PAYLOADS):
                getattr(self, name)  # what is dumped is read first
        dumped: Json = dump(self)
        return dumped


def lazy(record: Record, read: ReadPayload, names: Collection[str]) -> Record:
    """A record without some payloads: `read` is called for each that is asked for."""
    if not names:
        return record
    copy = record.model_copy()
    for name in names:
        copy.__dict__.pop(name, None)
    copy._read = read
    return copy


def with_own_payloads(record: Record) -> Record:
    """The record with copies of its payloads: whoever changes them changes no other's."""
    read = [name for name in PAYLOADS if has_read(record, name)]
    return record.model_copy(update={name: deepcopy(getattr(record, name)) for name in read})


def whole(record: Record) -> Record:
    """The record with its payloads, for whoever keeps it longer than its table."""
    for name in PAYLOADS:
        getattr(record, name)
    return record


def has_read(record: TaskRecord, name: str) -> bool:
    """Whether a payload is here. It reads nothing."""
    return name in record.__dict__
