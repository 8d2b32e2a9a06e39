"""The event that a schedule's rule passes to the state machine."""

import json
from typing import Final

from handler.contract import WireKey
from handler.definition import Definition

# The values that the template may name (EventBridge guide, "Transforming events").
EVENT_ID: Final = "event_id"
INPUT_PATHS: Final = {EVENT_ID: "$.id"}


def event_template(definition: Definition) -> str:
    """EventBridge's template for an event like one sent by hand.

    It keeps the id of the schedule's event: delivered twice, it is the same task.
    """
    detail = json.dumps({WireKey.DEFINITION_ID.value: definition.id})
    return f'{{"id": <{EVENT_ID}>, "detail": {detail}}}'
