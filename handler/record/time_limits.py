"""The failure of a task whose time is over: which limit it was, and when it passed."""

from datetime import datetime, timedelta

from handler.clock import to_iso
from handler.contract import ErrorCode
from handler.record.failures import TaskFailure


def timed_out(id: str, *, created_on: datetime, deadline: datetime) -> TaskFailure:
    """A task that was not over by its deadline."""
    limit = deadline - created_on
    what = f'Task "{id}" was not over when its timeout of {_shown(limit)} had passed'
    return _failure(what, ErrorCode.TASK_TIMEOUT, limit, deadline)


def expired(id: str, *, created_on: datetime, start_by: datetime) -> TaskFailure:
    """A task that had not started in time."""
    limit = start_by - created_on
    what = f'Task "{id}" had not started when its expires_after of {_shown(limit)} had passed'
    return _failure(what, ErrorCode.TASK_EXPIRED, limit, start_by)


def _failure(what: str, code: ErrorCode, limit: timedelta, passed: datetime) -> TaskFailure:
    on = to_iso(passed)
    data = {"seconds": limit.total_seconds(), "passedOn": on}
    return TaskFailure(message=f"{what}, on {on}.", code=code, data=data)


def _shown(limit: timedelta) -> str:
    return f"{limit.total_seconds():,.0f} s"
