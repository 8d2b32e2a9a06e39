"""The schedules of a stack in EventBridge Scheduler: when each triggers, and whether it is paused.

Its API is AWS's own: whoever may pause one has leave from IAM, not from the stack's API.
"""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from handler.contract import SCHEDULED_TIME, WireKey
from handler.definition import Schedule

# What UpdateSchedule takes: what it is not told becomes the default (EventBridge Scheduler API
# reference, "UpdateSchedule"; guide, "Changing the schedule state in EventBridge Scheduler").
_KEPT: Final = (
    "ActionAfterCompletion",
    "Description",
    "EndDate",
    "FlexibleTimeWindow",
    "GroupName",
    "KmsKeyArn",
    "Name",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "Target",
)
_ENABLED: Final = "ENABLED"
_DISABLED: Final = "DISABLED"
_AT_A_TIME: Final = 8
# How far back the last tick is looked for, in steps: few ticks are then between it and now.
_BACK: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 360, 1_440, 10_080, 44_640, 527_040)
)


def prefix_of(outputs: Mapping[str, Any]) -> str:
    """What the names of a stack's resources begin with: a stack that was renamed keeps it."""
    queue = str(outputs.get("deadLetterQueueUrl", ""))
    return queue.rpartition("/")[2].removesuffix("-undelivered")


class Schedules:
    """The schedules of a stack.

    Args:
        client: boto3's, of EventBridge Scheduler.
        prefix: what the names of the stack's resources begin with.
    """

    def __init__(self, client: Any, *, prefix: str) -> None:
        self._client = client
        self._group = f"{prefix}-schedules"

    def all(self, now: datetime) -> list[Mapping[str, Any]]:
        """All of them, by their names; none where the stack has no group, since no task has one."""
        try:
            pages = list(
                self._client.get_paginator("list_schedules").paginate(GroupName=self._group)
            )
        except self._client.exceptions.ResourceNotFoundException:
            return []
        names = sorted(each["Name"] for page in pages for each in page["Schedules"])
        with ThreadPoolExecutor(_AT_A_TIME) as threads:
            found = list(threads.map(self._get, names))
        return [shown(each, now) for each in found]

    def pause(self, name: str, now: datetime) -> Mapping[str, Any]:
        """Has a schedule trigger nothing until it is resumed. Returns it as `all` does."""
        return self._change(name, _DISABLED, now)

    def resume(self, name: str, now: datetime) -> Mapping[str, Any]:
        """Has a paused schedule trigger again. Returns it as `all` does."""
        return self._change(name, _ENABLED, now)

    def _get(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._client.get_schedule(GroupName=self._group, Name=name)
        return found

    def _change(self, name: str, state: str, now: datetime) -> Mapping[str, Any]:
        before = self._get(name)
        if before.get("State", _ENABLED) != state:
            self._client.update_schedule(**changed(before, state, now))
        return shown(self._get(name), now)


def changed(found: Mapping[str, Any], state: str, now: datetime) -> Mapping[str, Any]:
    """What UpdateSchedule is told: the schedule as it is, in another state.

    It refuses a start that has passed ("The StartDate you specify cannot be earlier than 5 minutes
    ago"). A cron doesn't need it any more; a rate, which counts from it, starts at the next of its
    times, as with a deploy.
    """
    said = {name: found[name] for name in _KEPT if found.get(name) is not None}
    start = said.get("StartDate")
    if start is not None and start <= now:
        schedule = schedule_of(found)
        following = schedule.next_after(now) if schedule.is_rate else None
        said.pop("StartDate")
        if following is not None:
            said["StartDate"] = following
    return {**said, "State": state}


def shown(found: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """A schedule as the page shows it.

    Returns:
        `problem`, in the place of the two times, says why they can't be told.
    """
    event = _event_of(found)
    detail = event.get("detail")
    detail = detail if isinstance(detail, Mapping) else {}
    state = found.get("State", _ENABLED)
    return {
        "name": found["Name"],
        "definitionId": detail.get(WireKey.DEFINITION_ID.value),
        "input": detail.get(WireKey.INPUT.value),
        "timeMark": SCHEDULED_TIME,
        "expression": found["ScheduleExpression"],
        "timeZone": found.get("ScheduleExpressionTimezone") or "UTC",
        "windowMinutes": found.get("FlexibleTimeWindow", {}).get("MaximumWindowInMinutes") or 0,
        "isEnabled": state == _ENABLED,
        "start": _text(found.get("StartDate")),
        "end": _text(found.get("EndDate")),
        **_times(found, event, now),
    }


def schedule_of(found: Mapping[str, Any]) -> Schedule:
    """The schedule that EventBridge Scheduler has. A rate without a start counts from its creation.

    Raises:
        ValueError: it is none of the project's: it has another form, or its time is over.
    """
    expression, start = found["ScheduleExpression"], found.get("StartDate")
    if start is None and Schedule(expression).is_rate:
        start = found.get("CreationDate")
    zone = found.get("ScheduleExpressionTimezone") or "UTC"
    return Schedule(expression, time_zone=zone, start=start, end=found.get("EndDate"))


def last_before(schedule: Schedule, now: datetime) -> datetime | None:
    """The last time up to `now`; `None`: there was none in a year."""
    for back in _BACK:
        times = list(_times_between(schedule, now - back, now))
        if times:
            return times[-1]
    return None


def _times_between(schedule: Schedule, after: datetime, until: datetime) -> Iterator[datetime]:
    moment = schedule.next_after(after)
    while moment is not None and moment <= until:
        yield moment
        moment = schedule.next_after(moment)


def _times(
    found: Mapping[str, Any], event: Mapping[str, Any], now: datetime
) -> Mapping[str, str | None]:
    try:
        schedule = schedule_of(found)
        following, last = schedule.next_after(now), last_before(schedule, now)
    except (ValueError, TypeError) as error:
        return {"problem": str(error), "nextOn": None, "lastOn": None, "lastTask": None}
    # Before it was deployed, there was no tick.
    created = found.get("CreationDate")
    if last is not None and created is not None and last < created - timedelta(seconds=1):
        last = None
    mark = str(event.get("id") or "")
    task = mark.replace(SCHEDULED_TIME, _text(last) or "") if last and mark else None
    return {
        "problem": None,
        "nextOn": _text(following),
        "lastOn": _text(last),
        "lastTask": task,
    }


def _event_of(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event of its ticks; empty where somebody else's schedule sends none."""
    try:
        event = json.loads(found.get("Target", {}).get("Input") or "{}")
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _text(moment: datetime | None) -> str | None:
    """A moment as EventBridge Scheduler puts it into the event of a tick."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
