"""All that knows DynamoDB and the payload bucket. No rule about tasks but a write's condition."""

from handler.table.conditions import (
    ANY_OWNER,
    NO_OWNER,
    ClaimRequest,
    Guard,
    as_read,
    owned_by,
    paused_as,
    running,
    unheard,
)
from handler.table.dynamo import Dynamo
from handler.table.listing import (
    CountBudget,
    Filter,
    TaskCount,
    TaskPage,
    count_tasks,
    invalid_cursor,
    list_tasks,
)
from handler.table.logs import Logs
from handler.table.payloads import PayloadBucket, PayloadError, PayloadLost
from handler.table.settings_table import KNOWN_FOR, STACK, KnownSettings, SettingsTable
from handler.table.signals import Moved, Signals
from handler.table.store import RecordMoved, Standing, Store
from handler.table.watch import Due

__all__ = [
    "ANY_OWNER",
    "KNOWN_FOR",
    "NO_OWNER",
    "STACK",
    "ClaimRequest",
    "CountBudget",
    "Due",
    "Dynamo",
    "Filter",
    "Guard",
    "KnownSettings",
    "Logs",
    "Moved",
    "PayloadBucket",
    "PayloadError",
    "PayloadLost",
    "RecordMoved",
    "SettingsTable",
    "Signals",
    "Standing",
    "Store",
    "TaskCount",
    "TaskPage",
    "as_read",
    "count_tasks",
    "invalid_cursor",
    "list_tasks",
    "owned_by",
    "paused_as",
    "running",
    "unheard",
]
