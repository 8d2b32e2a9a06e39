"""All that knows DynamoDB and the payload bucket. No rule about tasks but a write's condition."""

from handler.table.conditions import (
    ANY_OWNER,
    NO_OWNER,
    ClaimRequest,
    Guard,
    as_read,
    owned_by,
    paused_as,
    queued_as,
    running,
    unheard,
    whoever_owns,
)
from handler.table.cursors import invalid_cursor
from handler.table.debounces import Debounced
from handler.table.dynamo import Dynamo
from handler.table.filters import Filter, SortBy, is_by
from handler.table.limit_list import LimitList, Queued
from handler.table.limits import (
    Limit,
    Limits,
    LimitView,
    holder_of,
    holders_of,
    is_large,
    maximum_of,
    new_slot,
    part_of,
    queue_key_of,
    queue_row_of,
    task_of_holder,
)
from handler.table.listing import (
    CountBudget,
    TaskCount,
    TaskPage,
    count_by_status,
    count_tasks,
    list_tasks,
)
from handler.table.logs import Logs
from handler.table.maximums import changed_of
from handler.table.payloads import PayloadBucket, PayloadError, PayloadLost
from handler.table.planning import MOST_PARTITIONS
from handler.table.rates import RateOf
from handler.table.settings_table import KNOWN_FOR, STACK, KnownSettings, SettingsTable
from handler.table.signals import Moved, Signals
from handler.table.store import NotAdmitted, RecordMoved, Standing, Store
from handler.table.watch import Due

__all__ = [
    "ANY_OWNER",
    "KNOWN_FOR",
    "MOST_PARTITIONS",
    "NO_OWNER",
    "STACK",
    "ClaimRequest",
    "CountBudget",
    "Debounced",
    "Due",
    "Dynamo",
    "Filter",
    "Guard",
    "KnownSettings",
    "Limit",
    "LimitList",
    "LimitView",
    "Limits",
    "Logs",
    "Moved",
    "NotAdmitted",
    "PayloadBucket",
    "PayloadError",
    "PayloadLost",
    "Queued",
    "RateOf",
    "RecordMoved",
    "SettingsTable",
    "Signals",
    "SortBy",
    "Standing",
    "Store",
    "TaskCount",
    "TaskPage",
    "as_read",
    "changed_of",
    "count_by_status",
    "count_tasks",
    "holder_of",
    "holders_of",
    "invalid_cursor",
    "is_by",
    "is_large",
    "list_tasks",
    "maximum_of",
    "new_slot",
    "owned_by",
    "part_of",
    "paused_as",
    "queue_key_of",
    "queue_row_of",
    "queued_as",
    "running",
    "task_of_holder",
    "unheard",
    "whoever_owns",
]
