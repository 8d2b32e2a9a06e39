"""`timeout` and `expires_after`: how long a task may take, and how long until it has started."""

import math
from typing import Final

from handler.clock import Seconds, to_seconds
from handler.contract import MAX_WAIT_SECONDS

NAMES: Final = ("timeout", "expires_after")
TAKES: Final = f"seconds or a timedelta, above 0 and at most {MAX_WAIT_SECONDS:,} s (355 days)"


def whole_limit(limit: Seconds) -> int | None:
    """A limit in whole seconds, rounded up; `None` where it is none: `TAKES` says what is one."""
    try:
        seconds = to_seconds(limit, name="limit")
    except (TypeError, ValueError, OverflowError):  # no number; NaN; one that no float holds
        return None
    return math.ceil(seconds) if 0 < seconds <= MAX_WAIT_SECONDS else None
