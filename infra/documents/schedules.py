"""What EventBridge Scheduler is told of a task's schedule."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from handler.contract import WireKey
from handler.definition import Definition, Schedule

# EventBridge Scheduler API reference, "CreateSchedule".
MAX_NAME_CHARACTERS: Final = 64
MAX_DESCRIPTION_CHARACTERS: Final = 512
_HASH_CHARACTERS: Final = 8


def schedule_name(definition: Definition) -> str:
    """The schedule's name: the task's id, which has at most as many characters as a name.

    A schedule that keeps its start (`keeps_start`) ends in a hash of what is deployed of it: one
    that changes is another schedule.
    """
    id, schedule = definition.id, definition.schedule
    if schedule is None or not keeps_start(schedule):
        return id
    deployed = f"{id} {schedule} {event(definition)}"
    hashed = hashlib.sha256(deployed.encode()).hexdigest()[:_HASH_CHARACTERS]
    return f"{id[: MAX_NAME_CHARACTERS - _HASH_CHARACTERS - 1]}-{hashed}"


def keeps_start(schedule: Schedule) -> bool:
    """Whether the schedule keeps the start that it was deployed with, whatever `dates` says later.

    A rate counts from its start, and when that has passed, each deploy would have another one for
    it: the next of its times. EventBridge Scheduler takes no start that has passed in a change
    either, so such a schedule is never changed, but replaced.
    """
    return schedule.is_rate and schedule.start is not None


def description(definition_id: str) -> str:
    text = f'Triggers the background task "{definition_id}" by the clock.'
    return text[:MAX_DESCRIPTION_CHARACTERS]


def event(definition: Definition) -> str:
    """The event of a tick, like one sent by hand. EventBridge Scheduler puts the time in.

    The time that a tick is for stays the same over all its deliveries, so the id does too, and a
    tick that is delivered twice is one task. Scheduler's own id of an execution does not: it is a
    new one for each attempt (guide, "Adding context attributes in EventBridge Scheduler").
    """
    detail: dict[str, object] = {WireKey.DEFINITION_ID.value: definition.id}
    if definition.schedule_input is not None:
        detail[WireKey.INPUT.value] = definition.schedule_input
    return json.dumps({"id": f"{definition.id}-{Schedule.TIME}", "detail": detail})


def is_over(schedule: Schedule, now: datetime) -> bool:
    """Whether none of its times is still to come. EventBridge Scheduler refuses such a schedule."""
    return schedule.next_after(now) is None


def dates(schedule: Schedule, now: datetime) -> Mapping[str, str]:
    """`start_date` and `end_date`, as far as they are to be given.

    EventBridge Scheduler refuses a start that has passed ("The StartDate you specify cannot be
    earlier than 5 minutes ago"). A cron doesn't need it any more. A rate counts from it, so it
    starts at the next of its times.
    """
    start = schedule.start
    if start and start <= now:
        start = schedule.next_after(now) if schedule.is_rate else None
    moments = {"start_date": start, "end_date": schedule.end}
    return {
        name: moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for name, moment in moments.items()
        if moment
    }
