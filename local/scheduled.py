"""The schedules of a deployed project, and when each triggers next."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from local.access import Access
from local.aws.schedules import schedule_of


def scheduled(access: Access, now: datetime) -> list[str]:
    """A line for each schedule: its task, its expression, and its next time in its zone."""
    client = access.client("scheduler")
    pages = client.get_paginator("list_schedules").paginate()
    found = [
        client.get_schedule(GroupName=each["GroupName"], Name=each["Name"])
        for page in pages
        for each in page["Schedules"]
    ]
    return [_line(each, now) for each in sorted(found, key=lambda each: each["Name"])]


def _line(schedule: Mapping[str, Any], now: datetime) -> str:
    zone = schedule["ScheduleExpressionTimezone"]
    following = schedule_of(schedule).next_after(now)
    local = following.astimezone(UTC if zone == "UTC" else ZoneInfo(zone)) if following else None
    when = f"next {local:%Y-%m-%d %H:%M} {zone}" if local else "over"
    return f"{schedule['Name']}  {schedule['ScheduleExpression']}  {when}"
