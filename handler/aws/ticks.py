"""The event of a schedule's tick that EventBridge Scheduler could not deliver."""

import json
from collections.abc import Mapping
from typing import Final

from handler.contract import SCHEDULED_TIME
from handler.events import event_of_text
from handler.record import Json, json_object

# Attributes of a dead letter (EventBridge Scheduler guide, "Configuring a schedule's dead-letter
# queue in EventBridge Scheduler"). A letter of a rule has `RULE_ARN` in their place.
SCHEDULE_ARN: Final = "SCHEDULE_ARN"
_SCHEDULED_TIME: Final = "SCHEDULED_TIME"
_REQUEST_INPUT: Final = ("Input", "input")


def event_of_tick(body: Json, attributes: Mapping[str, str]) -> Json:
    """The event that the schedule would have sent.

    The guide says that a letter has "invocation details", and shows the target's input. The input
    may also stand in the request that failed (StartExecution's), and the time of the tick may not
    be filled in yet: this reads each of these.
    """
    wrapped = next((body[key] for key in _REQUEST_INPUT if key in body and "id" not in body), body)
    event = event_of_text(wrapped) if isinstance(wrapped, str) else wrapped
    if not isinstance(event, dict):
        return {}
    time = attributes.get(_SCHEDULED_TIME)
    return json_object(json.dumps(event).replace(SCHEDULED_TIME, time)) if time else event
