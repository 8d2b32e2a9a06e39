"""What happens to a task from outside an iteration, and how it ends. It runs hooks only."""

from handler.lifecycle.bulk import VERBS_OF_A_FILTER, Bulk, BulkVerb
from handler.lifecycle.by_hand import EventsByHand
from handler.lifecycle.calling import Calls
from handler.lifecycle.clean_up import CleanUp
from handler.lifecycle.closing import Closing
from handler.lifecycle.conflicts import Conflicts
from handler.lifecycle.counts import Counts
from handler.lifecycle.debouncing import Debouncing
from handler.lifecycle.ending import Ending
from handler.lifecycle.hooks import Hooks
from handler.lifecycle.limiting import MAX_LIMITS, Limiting
from handler.lifecycle.log_ids import about
from handler.lifecycle.pausing import Pausing
from handler.lifecycle.reconciliation import Reconciliation
from handler.lifecycle.retrying import Retrying, without_retried
from handler.lifecycle.service import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    Tasks,
    aborts_queued,
    begin_draining,
    begin_in_bulk,
    count_queue,
    count_recent,
    count_within,
    cursor_key,
    ids_of,
    is_private,
    limiting_of,
    limits_of,
    pausing_of,
    private_ids,
    resume_with_others,
    retries_now,
    tenant_of_limit,
    trigger_in_time,
    trigger_missing,
)
from handler.lifecycle.signal_events import SignalEvents
from handler.lifecycle.signal_urls import FoundUrl, SignalUrls
from handler.lifecycle.signalling import SignalData, Signalling, checked_signal_name, checked_span
from handler.lifecycle.slots import Slots
from handler.lifecycle.status_events import StatusEvents
from handler.lifecycle.survey import Survey
from handler.lifecycle.triggering import (
    KeyedInput,
    TaskInput,
    Triggering,
    TriggerOptions,
    as_request_error,
    checked_idempotency_key,
    delay_too_long,
)
from handler.lifecycle.waking import Waking

__all__ = [
    "DEFAULT_LIMIT",
    "MAX_LIMIT",
    "MAX_LIMITS",
    "VERBS_OF_A_FILTER",
    "Bulk",
    "BulkVerb",
    "Calls",
    "CleanUp",
    "Closing",
    "Conflicts",
    "Counts",
    "Debouncing",
    "Ending",
    "EventsByHand",
    "FoundUrl",
    "Hooks",
    "KeyedInput",
    "Limiting",
    "Pausing",
    "Reconciliation",
    "Retrying",
    "SignalData",
    "SignalEvents",
    "SignalUrls",
    "Signalling",
    "Slots",
    "StatusEvents",
    "Survey",
    "TaskInput",
    "Tasks",
    "TriggerOptions",
    "Triggering",
    "Waking",
    "aborts_queued",
    "about",
    "as_request_error",
    "begin_draining",
    "begin_in_bulk",
    "checked_idempotency_key",
    "checked_signal_name",
    "checked_span",
    "count_queue",
    "count_recent",
    "count_within",
    "cursor_key",
    "delay_too_long",
    "ids_of",
    "is_private",
    "limiting_of",
    "limits_of",
    "pausing_of",
    "private_ids",
    "resume_with_others",
    "retries_now",
    "tenant_of_limit",
    "trigger_in_time",
    "trigger_missing",
    "without_retried",
]
