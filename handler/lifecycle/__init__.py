"""What happens to a task from outside an iteration, and how it ends. It runs hooks only."""

from handler.lifecycle.by_hand import EventsByHand
from handler.lifecycle.clean_up import CleanUp
from handler.lifecycle.closing import Closing
from handler.lifecycle.counts import Counts
from handler.lifecycle.ending import Ending
from handler.lifecycle.hooks import Hooks
from handler.lifecycle.log_ids import about
from handler.lifecycle.reconciliation import Reconciliation
from handler.lifecycle.retrying import Retrying, without_retried
from handler.lifecycle.service import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    Tasks,
    count_within,
    ids_of,
    is_private,
)
from handler.lifecycle.signal_events import SignalEvents
from handler.lifecycle.signal_urls import FoundUrl, SignalUrls
from handler.lifecycle.signalling import SignalData, Signalling, checked_signal_name
from handler.lifecycle.survey import Survey
from handler.lifecycle.triggering import Triggering, TriggerResult, delay_too_long
from handler.lifecycle.waking import Waking

__all__ = [
    "DEFAULT_LIMIT",
    "MAX_LIMIT",
    "CleanUp",
    "Closing",
    "Counts",
    "Ending",
    "EventsByHand",
    "FoundUrl",
    "Hooks",
    "Reconciliation",
    "Retrying",
    "SignalData",
    "SignalEvents",
    "SignalUrls",
    "Signalling",
    "Survey",
    "Tasks",
    "TriggerResult",
    "Triggering",
    "Waking",
    "about",
    "checked_signal_name",
    "count_within",
    "delay_too_long",
    "ids_of",
    "is_private",
    "without_retried",
]
