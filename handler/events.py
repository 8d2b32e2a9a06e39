"""What the worker is sent, checked."""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Final, Self, TypeGuard

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictStr,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from handler.clock import to_iso
from handler.contract import (
    DEFAULT_LOCALE,
    DEFAULT_TENANT,
    ENDPOINT,
    MAX_EXECUTION_NAME_BYTES,
    MAX_ID_BYTES,
    NO_DELAY,
    SIGNAL_DETAIL_TYPE,
    WireKey,
)
from handler.errors import InvalidInput
from handler.record import (
    Json,
    cut,
    invalid_fields,
    invalid_input,
    is_key,
    json_object_as_far,
    to_text,
)

# The keys that the detail of an event sent by hand may have.
DETAIL_KEYS: Final = (
    WireKey.DEFINITION_ID,
    WireKey.TENANT,
    WireKey.LOCALE,
    WireKey.DELAY,
    WireKey.INPUT,
    WireKey.NAME,
    WireKey.TIMEOUT,
    WireKey.EXPIRES_AFTER,
    WireKey.TAGS,
)
_DEFAULTS: Final[Json] = {
    WireKey.TENANT: DEFAULT_TENANT,
    WireKey.LOCALE: DEFAULT_LOCALE,
    WireKey.DELAY: 0,
    WireKey.INPUT: {},
}
_MAX_HINTS: Final = 3
_MAX_SHOWN_CHARACTERS: Final = 60


def _checked_id(id: str) -> str:
    if not is_key(id, MAX_ID_BYTES):
        raise ValueError(f"an id is Unicode text of at most {MAX_ID_BYTES} bytes")
    return id


def _checked_name(name: str) -> str:
    # Step Functions' own have 80 characters (API reference, StartExecution); "" is of an event that
    # no execution has seen.
    if name and not is_key(name, MAX_EXECUTION_NAME_BYTES):
        raise ValueError(f"it is Unicode text of at most {MAX_EXECUTION_NAME_BYTES} bytes")
    return name


class WorkerEvent(BaseModel):
    """The payload that `Run` sends: Webiny's, and what an event sent by hand has beside it.

    It is strict: a number is not a string. It ignores unknown keys, which newer and foreign state
    machines may send.
    """

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore"
    )

    task_id: Annotated[StrictStr, Field(min_length=1), AfterValidator(_checked_id)] = Field(
        alias=WireKey.TASK_ID
    )
    definition_id: StrictStr = Field(alias=WireKey.DEFINITION_ID, min_length=1)
    endpoint: StrictStr
    tenant: StrictStr = Field(min_length=1)
    locale: StrictStr
    execution_name: Annotated[StrictStr, AfterValidator(_checked_name)]
    state_machine_id: StrictStr
    delay: StrictFloat = NO_DELAY
    visit: StrictStr = ""  # empty when a state machine of Webiny's own sends the event
    execution_started_on: StrictStr = ""
    # Of an event sent by hand, which has no task id of its own:
    by_hand: StrictBool = False
    input: dict[str, object] | None = None
    name: StrictStr | None = None
    timeout: StrictFloat | None = None
    expires_after: StrictFloat | None = None
    tags: dict[StrictStr, StrictStr] | None = None
    unused_keys: list[str] = []  # what else its detail has

    def to_payload(self) -> Json:
        """What an event sent by hand says, by `WireKey`."""
        return {
            WireKey.DEFINITION_ID: self.definition_id,
            WireKey.TENANT: self.tenant,
            WireKey.LOCALE: self.locale,
            WireKey.INPUT: self.input,
            WireKey.NAME: self.name,
            WireKey.UNUSED_KEYS: self.unused_keys,
        }

    @property
    def visit_key(self) -> str:
        """What identifies this visit of `Run` among those of all executions.

        It is short, since the record keeps it; empty if the event has no visit.
        """
        if not self.visit:
            return ""
        text = to_text(f"{self.execution_name}@{self.visit}")
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def visit_entered_on(self) -> str:
        """When the execution entered this visit: ISO 8601, which sorts; empty if it is no moment.

        Step Functions may leave out a fraction of zero.
        """
        try:
            entered = datetime.fromisoformat(self.visit)
        except ValueError:
            return ""
        return to_iso(entered) if entered.tzinfo else ""

    def seconds_running(self, now: datetime) -> float:
        """How long the execution has been running; 0 if the event does not say."""
        try:
            return (now - datetime.fromisoformat(self.execution_started_on)).total_seconds()
        except (ValueError, TypeError):  # empty, or without a time zone
            return 0.0

    @classmethod
    def from_lambda(cls, event: object) -> Self:
        """The event of an invocation, `{"name": "background-task", "payload": {...}}`.

        `null` in an event sent by hand is as good as nothing.

        Raises:
            InvalidInput: a key is missing or has the wrong type; `data.invalidFields` names each.
        """
        payload = payload_of(event)
        is_by_hand = payload.get(WireKey.BY_HAND) is True
        try:
            known = cls.model_validate(_without_nulls(payload) if is_by_hand else payload)
        except ValidationError as error:
            if is_by_hand:
                raise invalid_input("The event", error) from error
            raise InvalidInput(
                "Validation failed.", data={"invalidFields": invalid_fields(error)}
            ) from error
        if is_by_hand and WireKey.TASK_ID in known.unused_keys:
            raise _invalid_task_id()
        return known


class SignalEvent(BaseModel):
    """An event that is a signal for a task. It is as strict as `WorkerEvent`.

    Attributes:
        key: of the signal; the event's id where its detail has none, since EventBridge may deliver
            it twice.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore", defer_build=True)

    task_id: Annotated[StrictStr, Field(min_length=1), AfterValidator(_checked_id)] = Field(
        alias=WireKey.TASK_ID
    )
    name: StrictStr
    data: dict[str, object] | None = None
    key: StrictStr

    @classmethod
    def from_event(cls, event: Mapping[str, object]) -> Self:
        """The signal of an event of the bus.

        Raises:
            InvalidInput: a key is missing or has the wrong type; `data.invalidFields` names each.
        """
        detail = detail_of(event)
        key = event.get("id") if detail.get("key") is None else detail["key"]
        try:
            return cls.model_validate({**detail, "key": key})
        except ValidationError as error:
            raise _invalid_signal(error) from None  # pydantic's error quotes what was sent


def is_signal(event: object) -> TypeGuard[Mapping[str, object]]:
    """Whether an event of the bus is a signal."""
    return isinstance(event, dict) and event.get("detail-type") == SIGNAL_DETAIL_TYPE


def payload_of(event: object) -> dict[str, object]:
    """The payload inside `event`; empty where there is none."""
    payload = event.get("payload") if isinstance(event, dict) else None
    return payload if isinstance(payload, dict) else {}


def payload_by_hand(event: Mapping[str, object]) -> Json:
    """The payload of an event sent by hand that no state machine has seen.

    It is what `TransformEvent` (infra/documents/jsonata.py) would make of it.
    """
    detail = detail_of(event)
    sent: Json = {key.value: detail[key] for key in DETAIL_KEYS if key in detail}
    return sent | {
        WireKey.BY_HAND.value: True,
        WireKey.TASK_ID.value: event.get("id"),
        WireKey.ENDPOINT.value: ENDPOINT,
        WireKey.EXECUTION_NAME.value: "",
        WireKey.STATE_MACHINE_ID.value: "",
        WireKey.UNUSED_KEYS.value: list(_unused(detail)),
    }


def event_of_text(text: str) -> Json:
    """An event, as JSON. One that Python reads in part alone has no input that could run.

    Nor has it the data of a signal.
    """
    event, is_whole = json_object_as_far(text)
    return event if is_whole else _in_part(event)


def _in_part(event: Json) -> Json:
    """The same; also where it is in Lambda's record of an invocation."""
    if isinstance(sent := event.get("requestPayload"), dict):
        return event | {"requestPayload": _in_part(sent)}
    odd = "It is nested too deeply, or has a number of too many digits."
    detail = detail_of(event)
    lost = {key: odd for key in (WireKey.INPUT.value, "data") if key in detail}
    return event | {"detail": {**detail, **lost}} if lost else event


def detail_of(event: Mapping[str, object]) -> Mapping[str, object]:
    """The detail of an event; empty where it has none, or one that is not an object."""
    detail = event.get("detail")
    return detail if isinstance(detail, dict) else {}


def is_by_hand(event: Mapping[str, object]) -> bool:
    """Whether an event names no task: `webinyTaskId` is missing, null, empty or not a text."""
    id = detail_of(event).get(WireKey.TASK_ID)
    return not isinstance(id, str) or not id


def hint(unused_keys: object) -> str:
    """A sentence for each key of an event that looks like a misspelt one, with a space before."""
    keys = unused_keys if isinstance(unused_keys, list) else []
    return "".join(itertools.islice(_hints(keys), _MAX_HINTS))


def _hints(keys: Iterable[object]) -> Iterator[str]:
    known = {key.lower(): key.value for key in DETAIL_KEYS}
    # Without the prefix that people leave out.
    known |= {
        "definition": WireKey.DEFINITION_ID.value,
        "definitionid": WireKey.DEFINITION_ID.value,
    }
    import difflib  # noqa: PLC0415  an iteration needs none of it

    for key in keys:
        if key == WireKey.TASK_ID:  # it has an error of its own
            continue
        shown = cut(to_text(key), _MAX_SHOWN_CHARACTERS)
        for close in difflib.get_close_matches(shown.lower(), known, n=1, cutoff=0.7):
            yield f' The event has "{shown}", which means nothing; did you mean "{known[close]}"?'


def _unused(detail: Mapping[str, object]) -> Iterator[str]:
    for key, value in detail.items():
        is_empty_id = key == WireKey.TASK_ID and value in (None, "")
        if key not in DETAIL_KEYS and not is_empty_id:
            yield key


def _without_nulls(payload: Mapping[str, object]) -> Json:
    return _DEFAULTS | {key: value for key, value in payload.items() if value is not None}


def _invalid_signal(error: ValidationError) -> InvalidInput:
    """Which fields are wrong, and not what is in them: it is for the log."""
    wrong = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    return InvalidInput(
        f"Validation failed. The signal: {'; '.join(wrong)}.",
        data={"invalidFields": invalid_fields(error)},
    )


def _invalid_task_id() -> InvalidInput:
    key = WireKey.TASK_ID.value
    message = "An id is a text"
    return InvalidInput(
        f"Validation failed. The event: {key} is not a text. Leave it out, or send the id of a "
        "task.",
        data={
            "invalidFields": {
                key: {"code": "invalid_type", "message": message, "data": {"path": [key]}}
            }
        },
    )
