"""What the worker is sent, checked."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictStr,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from handler.contract import DEFAULT_LOCALE, DEFAULT_TENANT, ENDPOINT, NO_DELAY, WireKey
from handler.errors import InvalidInput
from handler.record import invalid_fields

_BY_HAND: Final = (
    WireKey.DEFINITION_ID,
    WireKey.TENANT,
    WireKey.LOCALE,
    WireKey.DELAY,
    WireKey.INPUT,
    WireKey.NAME,
)


class WorkerEvent(BaseModel):
    """The payload that `Run` sends: Webiny's, and what an event sent by hand has beside it.

    It is strict: a number is not a string. It ignores unknown keys, which newer and foreign state
    machines may send.
    """

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore"
    )

    task_id: StrictStr = Field(alias=WireKey.TASK_ID, min_length=1)
    definition_id: StrictStr = Field(alias=WireKey.DEFINITION_ID, min_length=1)
    endpoint: StrictStr
    tenant: StrictStr = Field(min_length=1)
    locale: StrictStr
    execution_name: StrictStr
    state_machine_id: StrictStr
    delay: StrictFloat = NO_DELAY
    visit: StrictStr = ""  # empty when a state machine of Webiny's own sends the event
    execution_started_on: StrictStr = ""
    # Of an event sent by hand, which has no task id of its own:
    by_hand: StrictBool = False
    input: dict[str, object] | None = None
    name: StrictStr | None = None

    @property
    def visit_key(self) -> str:
        """What identifies this visit of `Run` among those of all executions.

        It is short, since the record keeps it; empty if the event has no visit.
        """
        if not self.visit:
            return ""
        return hashlib.sha256(f"{self.execution_name}@{self.visit}".encode()).hexdigest()[:16]

    def seconds_running(self, now: datetime) -> float:
        """How long the execution has been running; 0 if the event does not say."""
        try:
            return (now - datetime.fromisoformat(self.execution_started_on)).total_seconds()
        except (ValueError, TypeError):  # empty, or without a time zone
            return 0.0

    @classmethod
    def from_lambda(cls, event: object) -> Self:
        """The event of an invocation, `{"name": "background-task", "payload": {...}}`.

        Raises:
            InvalidInput: a key is missing or has the wrong type; `data.invalidFields` names each.
        """
        try:
            return cls.model_validate(payload_of(event))
        except ValidationError as error:
            raise InvalidInput(
                "Validation failed.", data={"invalidFields": invalid_fields(error)}
            ) from error

    @classmethod
    def from_event(cls, event: Mapping[str, object], detail: Mapping[str, object]) -> Self:
        """An event sent by hand, as `TransformEvent` would hand it on.

        Raises:
            InvalidInput: as `from_lambda`.
        """
        defaults = {
            WireKey.TENANT: DEFAULT_TENANT,
            WireKey.LOCALE: DEFAULT_LOCALE,
            WireKey.DELAY: 0,
            WireKey.INPUT: {},
        }
        payload = defaults | {key: detail[key] for key in _BY_HAND if key in detail}
        payload |= {
            WireKey.BY_HAND: True,
            WireKey.ENDPOINT: ENDPOINT,
            WireKey.EXECUTION_NAME: "",
            WireKey.STATE_MACHINE_ID: "",
        }
        return cls.from_lambda({"payload": payload | {WireKey.TASK_ID: event.get("id")}})


def payload_of(event: object) -> dict[str, object]:
    """The payload inside `event`; empty where there is none."""
    payload = event.get("payload") if isinstance(event, dict) else None
    return payload if isinstance(payload, dict) else {}
