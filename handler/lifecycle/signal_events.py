"""Signals that are sent as events: each becomes the signal of a task, or a line of the log."""

import logging
from collections.abc import Mapping

from handler.errors import NotFound, RequestError
from handler.events import SignalEvent
from handler.lifecycle.signalling import Signalling
from handler.record import EVENT_IDENTITY

log = logging.getLogger(__name__)


class SignalEvents:
    """Takes signals from the bus. One that can't be one is logged, without its data, and dropped.

    EventBridge delivers at least once, Lambda tries again, and so does the sweep: the event's id is
    the signal's key, where its sender gives it none.
    """

    def __init__(self, *, signalling: Signalling) -> None:
        self._signalling = signalling

    def receive(self, event: Mapping[str, object], *, is_last: bool = False) -> bool:
        """Hands the signal of an event to its task. Returns whether the task has it.

        Args:
            is_last: whether nobody will deliver the event again. A task that was sent by hand just
                before may have no record yet.

        Raises:
            NotFound: there is no such task, and the event is delivered again.
            StoreUnavailable, StoreError: the same.
        """
        try:
            sent = SignalEvent.from_event(event)
            self._signalling.signal(
                sent.task_id, sent.name, sent.data, key=sent.key, by=EVENT_IDENTITY
            )
        except RequestError as error:
            if isinstance(error, NotFound) and not is_last:
                raise
            details = {"action": "signal_dropped", "event_id": event.get("id"), "code": error.code}
            log.warning("A signal was dropped. %s", error.message, extra=details)
            return False
        return True
