"""What is said of many tasks at once, as whoever said it hears of it."""

from dataclasses import dataclass

from handler.errors import BackgroundTaskError
from handler.record.task_record import TaskRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkResult:
    """What a verb has begun that is said of many tasks at once.

    Args:
        count: how many tasks it was about when it was said.
        task: the task that does the work; `None` of a dry run.
        is_capped: whether the count ended early, so that there may be more: the API's does, when it
            has read 10,000 entries of an index.
    """

    count: int
    task: TaskRecord | None = None
    is_capped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerResult:
    """What became of one task of `trigger_many`.

    Args:
        record: the task; `None` if it was refused.
        error: why it was refused, or could not be sent.
    """

    record: TaskRecord | None = None
    error: BackgroundTaskError | None = None
