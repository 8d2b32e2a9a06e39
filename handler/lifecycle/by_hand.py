"""Events that were sent by hand: each makes a record of its own, whatever it says."""

from collections.abc import Mapping
from typing import Final

from handler.clock import Clock
from handler.contract import DEFAULT_LOCALE, DEFAULT_TENANT, WireKey
from handler.definition import Registry
from handler.errors import BackgroundTaskError
from handler.events import WorkerEvent
from handler.lifecycle.ending import Ending
from handler.lifecycle.triggering import Triggering, TriggerOptions, as_request_error
from handler.record import Identity, StoredTask, TaskFailure
from handler.table import Store

EVENT_IDENTITY: Final = Identity(id="event", display_name="An event sent by hand", type="event")


class EventsByHand:
    """Takes events without a task's id: the event's own id becomes the task's."""

    def __init__(
        self,
        *,
        registry: Registry,
        store: Store,
        triggering: Triggering,
        ending: Ending,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._store = store
        self._triggering = triggering
        self._ending = ending
        self._clock = clock

    def accept(self, sent: WorkerEvent, *, waits: bool = True) -> None:
        """Makes the record of an event, once. An event that can't run becomes a failed task.

        Args:
            waits: whether the event will come again, so that it can wait for its definition.

        Raises:
            DefinitionUnavailable: a file that may have its definition can't be imported; nothing is
                stored.
            BackgroundTaskError: the definition is unknown, the input or the delay does not
                validate, or a hook vetoes.
        """
        if self._store.status(sent.task_id) is not None:
            return  # the event was delivered before
        if waits and self._registry.may_lack(sent.definition_id):
            raise self._registry.unavailable(sent.definition_id)
        options = TriggerOptions(
            name=sent.name,
            delay=max(sent.delay, 0),
            tenant=sent.tenant,
            locale=sent.locale,
            created_by=EVENT_IDENTITY,
        )
        try:
            request = self._triggering.request(sent.definition_id, sent.input, options)
        except Exception as error:  # a hook may veto with whatever it likes
            refusal = as_request_error(error)
            self.refuse(sent.task_id, sent.model_dump(by_alias=True), refusal)
            raise refusal from error
        self._store.create(self._triggering.record_of(request, id=sent.task_id))

    def refuse(self, id: str, sent: Mapping[str, object], error: BackgroundTaskError) -> None:
        """Stores an event that can't be run as a failed task: its sender finds it, and why.

        Args:
            id: the event's.
            sent: its fields, by `WireKey`. What can't be read of them is left out.
        """
        definition_id = _text(sent.get(WireKey.DEFINITION_ID), "unknown")
        known, input = self._registry.find(definition_id), sent.get(WireKey.INPUT)
        task = StoredTask.new(
            now=self._clock.now(),
            id=id,
            definition_id=definition_id,
            name=_text(sent.get(WireKey.NAME), known.title if known else definition_id),
            input=dict(input) if isinstance(input, Mapping) else {},
            tenant=_text(sent.get(WireKey.TENANT), DEFAULT_TENANT),
            locale=_text(sent.get(WireKey.LOCALE), DEFAULT_LOCALE),
            created_by=EVENT_IDENTITY,
        )
        self._ending.create_failed(task, TaskFailure.from_exception(error))


def _text(value: object, default: str) -> str:
    return value if isinstance(value, str) and value else default
