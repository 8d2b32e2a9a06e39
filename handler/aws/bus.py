"""EventBridge: sends the events of tasks, and reads the result of each."""

import itertools
import json
import logging
import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from handler.clock import Clock
from handler.contract import DETAIL_TYPE, EVENT_SOURCE, STATUS_DETAIL_TYPE, WireKey
from handler.record import Json, StoredTask, without_arns

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

log = logging.getLogger(__name__)

# PutEvents takes ten entries a request (API reference, PutEvents).
_BATCH: Final = 10
_ATTEMPTS: Final = 5
_FIRST_BACKOFF_SECONDS: Final = 0.1


class Bus:
    """The stack's event bus.

    Args:
        client: an EventBridge client.
        name: the bus's name or ARN.
        clock: sleeps between tries.
    """

    def __init__(self, client: "EventBridgeClient", *, name: str, clock: Clock) -> None:
        self._client = client
        self._name = name
        self._clock = clock

    def send(self, tasks: Sequence[StoredTask]) -> dict[str, str]:
        """Puts the event of each task on the bus, which starts an execution for it.

        Each entry's own result is read. A failed entry is sent again with backoff and jitter, five
        times in all, so an event may arrive twice. A task has one owner: it still runs once.

        Returns:
            Why EventBridge did not take a task's event, by the task's id. Empty: it took all.
        """
        failed: dict[str, str] = {}
        for start in range(0, len(tasks), _BATCH):
            failed |= self._send_batch(tasks[start : start + _BATCH])
        return failed

    def tell(self, detail: Json) -> bool:
        """Puts an event on the bus that tells of a task. It starts nothing.

        It is tried once, so that whoever tells does not wait. It never raises.

        Returns:
            Whether EventBridge has taken it. One that it took may still be told of as not taken.
        """
        entry: PutEventsRequestEntryTypeDef = {
            "EventBusName": self._name,
            "Source": EVENT_SOURCE,
            "DetailType": STATUS_DETAIL_TYPE,
            "Detail": json.dumps(detail),
        }
        try:
            [result] = self._client.put_events(Entries=[entry])["Entries"]
        except (ClientError, BotoCoreError) as error:
            reason = str(error)
        else:
            if "ErrorCode" not in result:
                return True
            reason = f"{result['ErrorCode']}: {result.get('ErrorMessage', '')}"
        log.warning("An event was not taken. %s", reason, extra={"action": "not_told"})
        return False

    def _send_batch(self, tasks: Sequence[StoredTask]) -> dict[str, str]:
        left = {task.id: task for task in tasks}
        for attempt in itertools.count(1):
            failed = dict(self._failures(list(left.values())))
            if not failed or attempt == _ATTEMPTS:
                return failed
            left = {id: left[id] for id in failed}
            self._clock.sleep(random.uniform(0, _FIRST_BACKOFF_SECONDS * 2**attempt))
        raise AssertionError("unreachable")

    def _failures(self, tasks: Sequence[StoredTask]) -> Iterator[tuple[str, str]]:
        try:
            response = self._client.put_events(Entries=[self._entry(task) for task in tasks])
        except (ClientError, BotoCoreError) as error:
            log.warning("EventBridge refused a request. %s", error, extra={"action": "send_failed"})
            yield from ((task.id, without_arns(str(error))) for task in tasks)
            return
        for task, entry in zip(tasks, response["Entries"], strict=True):
            if "ErrorCode" in entry:
                reason = f"{entry['ErrorCode']}: {entry.get('ErrorMessage', '')}"
                yield task.id, without_arns(reason)

    def _entry(self, task: StoredTask) -> "PutEventsRequestEntryTypeDef":
        return {
            "EventBusName": self._name,
            "Source": EVENT_SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": json.dumps(self._detail(task)),
        }

    def _detail(self, task: StoredTask) -> Json:
        moved = {WireKey.WORKER.value: task.worker} if task.worker else {}
        return {
            WireKey.TASK_ID.value: task.id,
            WireKey.DEFINITION_ID.value: task.definition_id,
            WireKey.TENANT.value: task.tenant,
            WireKey.LOCALE.value: task.locale,
            WireKey.DELAY.value: task.delay_left(self._clock.now()),
            **moved,
        }
