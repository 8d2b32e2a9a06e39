"""EventBridge: send, entry by entry. The only module that knows the bus."""

import itertools
import json
import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from handler.clock import Clock
from handler.contract import DETAIL_TYPE, EVENT_SOURCE, WireKey
from handler.record.task_record import Json, TaskRecord

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

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

    def send(self, records: Sequence[TaskRecord]) -> dict[str, str]:
        """Puts the event of each task on the bus, and returns why it failed for those that it did
        not take: id -> reason.

        Each entry's own result is read; what failed is tried again, with backoff and jitter, five
        times in all. An event may so arrive twice: a task that is owned already is not run again.
        """
        failed: dict[str, str] = {}
        for start in range(0, len(records), _BATCH):
            failed |= self._send_batch(records[start : start + _BATCH])
        return failed

    def _send_batch(self, records: Sequence[TaskRecord]) -> dict[str, str]:
        left = {record.id: record for record in records}
        for attempt in itertools.count(1):
            failed = dict(self._failures(list(left.values())))
            if not failed or attempt == _ATTEMPTS:
                return failed
            left = {id: left[id] for id in failed}
            self._clock.sleep(random.uniform(0, _FIRST_BACKOFF_SECONDS * 2**attempt))
        raise AssertionError("unreachable")

    def _failures(self, records: Sequence[TaskRecord]) -> Iterator[tuple[str, str]]:
        try:
            answer = self._client.put_events(Entries=[self._entry(record) for record in records])
        except (ClientError, BotoCoreError) as error:
            yield from ((record.id, str(error)) for record in records)
            return
        for record, entry in zip(records, answer["Entries"], strict=True):
            if "ErrorCode" in entry:
                yield record.id, f"{entry['ErrorCode']}: {entry.get('ErrorMessage', '')}"

    def _entry(self, record: TaskRecord) -> "PutEventsRequestEntryTypeDef":
        return {
            "EventBusName": self._name,
            "Source": EVENT_SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": json.dumps(self._detail(record)),
        }

    def _detail(self, record: TaskRecord) -> Json:
        return {
            WireKey.TASK_ID.value: record.id,
            WireKey.DEFINITION_ID.value: record.definition_id,
            WireKey.TENANT.value: record.tenant,
            WireKey.LOCALE.value: record.locale,
            WireKey.DELAY.value: record.delay_left(self._clock.now()),
        }
