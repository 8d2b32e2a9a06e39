"""A model of SQS: standard queues in memory, with the methods of a boto3 client.

It has what a handler asks for: send, receive by a short poll, delete; and for a test, how many
messages there are. It has no batches, no delays, no long polls and no FIFO queues, and says so when
it is asked.
"""

import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tests.simulation.services.errors import Refused, metadata
from tests.simulation.services.parameters import check_known

Response = dict[str, Any]
# ReceiveMessage, API reference: 1 to 10 messages.
_MAX_MESSAGES: Final = 10
# CreateQueue, API reference: the defaults of VisibilityTimeout and MessageRetentionPeriod.
_VISIBILITY: Final = timedelta(seconds=30)
_RETENTION: Final = timedelta(days=4)
_NO_QUEUE: Final = "AWS.SimpleQueueService.NonExistentQueue"
_URL: Final = "https://sqs.us-east-1.amazonaws.com/123456789012/"
_ARN: Final = "arn:aws:sqs:us-east-1:123456789012:"
_ALL: Final = ("All", ".*")


def _no(_: str) -> bool:
    return False


def _as_sent(ids: Sequence[str]) -> Sequence[str]:
    return ids


@dataclass(slots=True)
class Decisions:
    """What SQS may do either way, of messages by their ids. By default it does the better.

    Attributes:
        ordered: the order in which it offers messages: standard queues keep none ("Amazon SQS
            standard queues").
        hides: whether a receive misses a message: a short poll asks some of the servers only
            ("Amazon SQS short and long polling").
        repeats: whether a receive gives a message that somebody else has received just before
            ("Amazon SQS at-least-once delivery").
        revives: whether a server has missed a deletion, and the message will come again (the same).
    """

    ordered: Callable[[Sequence[str]], Sequence[str]] = _as_sent
    hides: Callable[[str], bool] = _no
    repeats: Callable[[str], bool] = _no
    revives: Callable[[str], bool] = _no


@dataclass(slots=True)
class Message:
    """A message that waits, and when it is visible."""

    id: str
    body: str
    attributes: Mapping[str, Mapping[str, str]]
    sent_on: datetime
    visible_on: datetime
    receipts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Queue:
    """The messages of a queue by their ids, in the order in which they were sent."""

    visibility: timedelta
    retention: timedelta
    messages: dict[str, Message] = field(default_factory=dict)


class SQS:
    """The standard queues of an account, in memory. A request happens at once and alone.

    Args:
        now: the time, which the visibility timeout and the retention are measured by.

    Raises (every operation):
        ClientError: with AWS's code.
        NotImplementedError: the model does not have a parameter.
    """

    def __init__(self, decisions: Decisions | None = None, *, now: Callable[[], datetime]) -> None:
        self.decisions = decisions or Decisions()
        self._now = now
        self._queues: dict[str, Queue] = {}
        self._numbers = itertools.count(1)

    def create_queue(self, **request: Any) -> Response:
        check_known("SQS", request, frozenset({"QueueName", "Attributes"}))
        given = request.get("Attributes", {})
        check_known("SQS", given, frozenset({"VisibilityTimeout", "MessageRetentionPeriod"}))
        url = f"{_URL}{request['QueueName']}"
        visibility = _seconds(given, "VisibilityTimeout", _VISIBILITY)
        retention = _seconds(given, "MessageRetentionPeriod", _RETENTION)
        self._queues.setdefault(url, Queue(visibility, retention))
        return _answered({"QueueUrl": url})

    def send_message(self, **request: Any) -> Response:
        check_known("SQS", request, frozenset({"QueueUrl", "MessageBody", "MessageAttributes"}))
        queue, now = self._queue("SendMessage", request), self._now()
        id, body = f"message-{next(self._numbers)}", request["MessageBody"]
        attributes = request.get("MessageAttributes", {})
        queue.messages[id] = Message(id, body, attributes, sent_on=now, visible_on=now)
        return _answered({"MessageId": id, "MD5OfMessageBody": _digest(body)})

    def receive_message(self, **request: Any) -> Response:
        """Some of the messages that are visible, for the visibility timeout.

        A response without any has no `Messages`.
        """
        known = {"QueueUrl", "MaxNumberOfMessages", "MessageAttributeNames"}
        check_known("SQS", request, frozenset(known))
        queue, now = self._queue("ReceiveMessage", request), self._now()
        limit = request.get("MaxNumberOfMessages", 1)
        if not 1 <= limit <= _MAX_MESSAGES:
            message = f"Value {limit} for parameter MaxNumberOfMessages is invalid."
            raise Refused("InvalidParameterValue", message).to_client_error("ReceiveMessage")
        found = self._found(queue, now)[:limit]
        for each in found:
            each.receipts.append(f"{each.id}/receipt-{next(self._numbers)}")
            each.visible_on = now + queue.visibility
        names = request.get("MessageAttributeNames", ())
        messages = [_received(each, names) for each in found]
        return _answered({"Messages": messages} if messages else {})

    def delete_message(self, **request: Any) -> Response:
        """Deletes a message by the receipt of its last receive.

        With an older one the request succeeds, and the message may stay (DeleteMessage, API
        reference): here it stays.
        """
        check_known("SQS", request, frozenset({"QueueUrl", "ReceiptHandle"}))
        queue, receipt = self._queue("DeleteMessage", request), request["ReceiptHandle"]
        id, separator, _ = receipt.partition("/receipt-")
        if not separator:
            message = "The input receipt handle is invalid."
            error = Refused("ReceiptHandleIsInvalid", message, status=404)
            raise error.to_client_error("DeleteMessage")
        found = queue.messages.get(id)
        if found and found.receipts[-1] == receipt and not self.decisions.revives(id):
            del queue.messages[id]
        return _answered({})

    def get_queue_attributes(self, **request: Any) -> Response:
        check_known("SQS", request, frozenset({"QueueUrl", "AttributeNames"}))
        queue, now = self._queue("GetQueueAttributes", request), self._now()
        self._expire(queue, now)
        visible = sum(each.visible_on <= now for each in queue.messages.values())
        known = {
            "QueueArn": f"{_ARN}{request['QueueUrl'].rpartition('/')[2]}",
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(len(queue.messages) - visible),
        }
        asked = frozenset(request["AttributeNames"])
        check_known("SQS", dict.fromkeys(asked), frozenset(known))
        attributes = {name: value for name, value in known.items() if name in asked}
        return _answered({"Attributes": attributes})

    def set_queue_attributes(self, **request: Any) -> Response:
        check_known("SQS", request, frozenset({"QueueUrl", "Attributes"}))
        given = request["Attributes"]
        check_known("SQS", given, frozenset({"VisibilityTimeout"}))
        queue = self._queue("SetQueueAttributes", request)
        queue.visibility = _seconds(given, "VisibilityTimeout", queue.visibility)
        return _answered({})

    def url_of(self, arn: str) -> str:
        """The URL of a queue: for what sends to it by its ARN."""
        return f"{_URL}{arn.removeprefix(_ARN)}"

    def messages(self, url: str) -> list[Message]:
        """Every message of a queue, visible or not: for who watches, not for who is watched."""
        return list(self._queues[url].messages.values())

    def _found(self, queue: Queue, now: datetime) -> list[Message]:
        """The messages that a receive finds, in the order in which it finds them."""
        self._expire(queue, now)
        decisions = self.decisions
        offered = [queue.messages[id] for id in decisions.ordered(list(queue.messages))]
        return [
            message
            for message in offered
            if (message.visible_on <= now or decisions.repeats(message.id))
            and not decisions.hides(message.id)
        ]

    def _expire(self, queue: Queue, now: datetime) -> None:
        for message in list(queue.messages.values()):
            if now - message.sent_on >= queue.retention:
                del queue.messages[message.id]

    def _queue(self, operation: str, request: Mapping[str, Any]) -> Queue:
        if (found := self._queues.get(request["QueueUrl"])) is None:
            message = "The specified queue does not exist."
            raise Refused(_NO_QUEUE, message).to_client_error(operation)
        return found


def _received(message: Message, names: Sequence[str]) -> Response:
    received: Response = {
        "MessageId": message.id,
        "ReceiptHandle": message.receipts[-1],
        "MD5OfBody": _digest(message.body),
        "Body": message.body,
    }
    asked = {
        name: dict(value)
        for name, value in message.attributes.items()
        if name in names or any(each in names for each in _ALL)
    }
    return received | ({"MessageAttributes": asked} if asked else {})


def _seconds(given: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    return timedelta(seconds=int(given[name])) if name in given else default


def _digest(body: str) -> str:
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def _answered(content: Response) -> Response:
    return {**content, "ResponseMetadata": metadata()}
