"""Tasks that the clock triggers: the event that a schedule's rule hands to the state machine."""

import json
from typing import Final

from handler.contract import WireKey
from handler.definition.definition import Definition

# The names that EventBridge's template takes values from (EventBridge guide, "Transforming
# events").
EVENT_ID: Final = "event_id"
INPUT_PATHS: Final = {EVENT_ID: "$.id"}


def event_template(definition: Definition) -> str:
    """An event as if it had been sent by hand, under the id of the schedule's own: delivered twice,
    it is one task.
    """
    detail = json.dumps({WireKey.DEFINITION_ID.value: definition.id})
    return f'{{"id": <{EVENT_ID}>, "detail": {detail}}}'
