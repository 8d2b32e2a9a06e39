"""Events that were sent by hand: each makes a record of its own, whatever it says."""

import json
from collections.abc import Mapping

from handler.clock import Clock
from handler.contract import (
    DEFAULT_LOCALE,
    DEFAULT_TENANT,
    MAX_ID_BYTES,
    MAX_TENANT_BYTES,
    ErrorCode,
    WireKey,
)
from handler.definition import Registry
from handler.errors import (
    BackgroundTaskError,
    DefinitionUnavailable,
    EngineSignal,
    InvalidInput,
    Refused,
    StoreError,
    StoreUnavailable,
)
from handler.events import WorkerEvent, hint, payload_by_hand
from handler.lifecycle.conflicts import Conflicts
from handler.lifecycle.ending import Ending
from handler.lifecycle.triggering import Triggering, TriggerOptions, as_request_error
from handler.record import (
    EVENT_IDENTITY,
    Json,
    StoredTask,
    TaskFailure,
    cut_bytes,
    is_key,
    to_shown_json,
    to_text,
)
from handler.table import Store


class EventsByHand:
    """Takes events without a task's id: the event's own id becomes the task's."""

    def __init__(
        self,
        *,
        registry: Registry,
        store: Store,
        triggering: Triggering,
        conflicts: Conflicts,
        ending: Ending,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._store = store
        self._triggering = triggering
        self._conflicts = conflicts
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
                validate, or a hook vetoes. The record is stored as failed.
        """
        if self._store.exists(sent.task_id):
            return  # the event was delivered before
        if waits and self._registry.may_lack(sent.definition_id):
            raise self._registry.unavailable(sent.definition_id)
        options = TriggerOptions(
            name=sent.name,
            delay=max(sent.delay, 0),
            timeout=sent.timeout,
            expires_after=sent.expires_after,
            tenant=sent.tenant,
            locale=sent.locale,
            created_by=EVENT_IDENTITY,
            tags=sent.tags,
        )
        try:
            request = self._triggering.request(sent.definition_id, sent.input, options)
            self._create(self._triggering.record_of(request, id=sent.task_id))
        except (EngineSignal, StoreUnavailable):
            raise
        except BaseException as error:  # a hook may veto with whatever it likes
            failure = self.refuse(sent.task_id, sent.to_payload(), as_request_error(error))
            refusal = Refused(failure.message, code=failure.code, data=failure.data)
            raise refusal from error

    def _create(self, task: StoredTask) -> None:
        """Stores the task. Its event is this one: nothing is sent.

        Raises:
            Refused: another runs in its place, as its definition says.
        """
        made = self._conflicts.create(task, log=None)
        if made and made.id != task.id:
            raise Refused(
                f'Task "{made.id}" runs in its place: all slots of "{task.definition_id}" are'
                " taken, and its definition has a trigger return the one that runs.",
                code=ErrorCode.TASK_CONFLICT,
                data={"id": made.id, "definitionId": task.definition_id},
            )

    def refuse(
        self, id: str, sent: Mapping[str, object], error: BackgroundTaskError
    ) -> TaskFailure:
        """Stores an event that can't be run as a failed task: its sender finds it, and why.

        What of the event can't be stored is cut or replaced, and the failure says so.

        Args:
            id: the event's.
            sent: its payload, by `WireKey`: values of any type.

        Returns:
            What is stored as the reason.
        """
        fields = _Fields(sent)
        failure = TaskFailure.from_exception(error)
        message = "".join((failure.message, hint(sent.get(WireKey.UNUSED_KEYS)), *fields.notes))
        failure = TaskFailure.of(message, code=failure.code, data=failure.data).model_copy(
            update={"stack": failure.stack}
        )
        known = self._registry.find(fields.definition_id)
        task = StoredTask.new(
            now=self._clock.now(),
            id=id,
            definition_id=known.id if known else fields.definition_id,
            name=fields.name or (known.title if known else fields.definition_id),
            input=fields.input,
            tenant=fields.tenant,
            locale=fields.locale,
            created_by=EVENT_IDENTITY,
            created_by_version=self._store.code_version or None,
        )
        try:
            self._ending.create_failed(task, failure)
        except StoreError:  # the bucket may not take its input
            self._ending.create_failed(task.model_copy(update={"input": {}}), failure)
        return failure

    def receive(self, event: Mapping[str, object], *, waits: bool) -> None:
        """Makes the record of an event that no worker has seen: from the dead-letter queue.

        Args:
            waits: as of `accept`.

        Raises:
            DefinitionUnavailable: as `accept`.
        """
        payload = payload_by_hand(event)
        try:
            self.accept(WorkerEvent.from_lambda({"payload": payload}), waits=waits)
        except InvalidInput as error:
            self.refuse(str(payload[WireKey.TASK_ID]), payload, error)
        except (DefinitionUnavailable, StoreUnavailable, StoreError):
            raise
        except BackgroundTaskError:
            return  # it is stored as failed, with the reason


class _Fields:
    """The fields of an event that can't be run, as far as they can be stored."""

    def __init__(self, sent: Mapping[str, object]) -> None:
        self._sent = sent
        self.notes: list[str] = []
        self.definition_id = cut_bytes(self._text(WireKey.DEFINITION_ID, "unknown"), MAX_ID_BYTES)
        self.name = self._text(WireKey.NAME, "")
        self.tenant = self._tenant()
        self.locale = self._text(WireKey.LOCALE, DEFAULT_LOCALE)
        self.input = self._input()

    def _text(self, key: WireKey, default: str) -> str:
        value = self._sent.get(key)
        return to_text(value) if isinstance(value, str) and value else default

    def _tenant(self) -> str:
        tenant = self._sent.get(WireKey.TENANT)
        if tenant is None or is_key(tenant, MAX_TENANT_BYTES):
            return str(tenant or DEFAULT_TENANT)
        self.notes.append(f' Its tenant can\'t be stored; it is listed under "{DEFAULT_TENANT}".')
        return DEFAULT_TENANT

    def _input(self) -> Json:
        sent = self._sent.get(WireKey.INPUT)
        if not isinstance(sent, Mapping):
            return {}
        shown = to_shown_json(sent)
        if not _is_same(shown, sent):
            self.notes.append(" The record has its input as far as it can be stored.")
        return shown


def _is_same(shown: Json, sent: Mapping[str, object]) -> bool:
    try:
        return json.dumps(shown) == json.dumps(sent)
    except (TypeError, ValueError, RecursionError):
        return False
