"""Events that nobody could deliver: a queue.

EventBridge sends what its rules could not hand over, EventBridge Scheduler its schedules' ticks,
and Lambda what the worker could not do of what it took without an answer.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from handler.aws.ticks import SCHEDULE_ARN, event_of_tick
from handler.events import event_of_text
from handler.record import Json

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# ReceiveMessage gives ten at a time (API reference).
_BATCH: Final = 10
# A sweep takes at most 1,000; the next one continues.
_MAX_LETTERS: Final = 1_000


class DeadLetter(NamedTuple):
    """An event that was not delivered.

    Args:
        event: the event as it was; empty if the message is not a JSON object.
        reason: why it was not delivered (EventBridge guide, "Using dead-letter queues").
        receipt: what `remove` takes.
    """

    event: Json
    reason: str
    receipt: str


class DeadLetters:
    """The queue of the rules' targets, of the schedules, and of the worker's invocations.

    Args:
        client: an SQS client.
        queue_url: the queue.
    """

    def __init__(self, client: "SQSClient", *, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def receive(self) -> Iterator[DeadLetter]:
        """The events that wait in the queue; each stays there until it is removed."""
        for _ in range(_MAX_LETTERS // _BATCH):
            response = self._client.receive_message(
                QueueUrl=self._queue_url, MaxNumberOfMessages=_BATCH, MessageAttributeNames=["All"]
            )
            if not (messages := response.get("Messages")):
                return
            yield from map(_dead_letter, messages)

    def remove(self, letter: DeadLetter) -> None:
        self._client.delete_message(QueueUrl=self._queue_url, ReceiptHandle=letter.receipt)


def _dead_letter(message: "MessageTypeDef") -> DeadLetter:
    described = message.get("MessageAttributes", {}).items()
    attributes = {name: value.get("StringValue", "") for name, value in described}
    said = [attributes.get(name) for name in ("ERROR_CODE", "ERROR_MESSAGE")]
    event = event_of_text(message.get("Body", ""))
    if (invoked := _invoked_with(event)) is not None:
        event = invoked
    elif SCHEDULE_ARN in attributes:
        event = event_of_tick(event, attributes)
    return DeadLetter(
        event=event,
        reason=": ".join(filter(None, said)) or "EventBridge does not say why.",
        receipt=message.get("ReceiptHandle", ""),
    )


def _invoked_with(body: Json) -> Json | None:
    """What a function was invoked with, if the body is Lambda's record of such an invocation.

    Lambda guide, "Capturing records of Lambda asynchronous invocations".
    """
    if "requestContext" not in body or "requestPayload" not in body:
        return None
    sent = body["requestPayload"]
    return sent if isinstance(sent, dict) else {}
