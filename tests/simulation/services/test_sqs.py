"""What SQS may do either way, when a simulation decides that it does."""

from typing import Any

import pytest

from handler.testing import ManualClock
from tests.simulation.services.samples import code
from tests.simulation.services.sqs import SQS, Decisions


class Letters:
    """A queue with the messages `a`, `b` and `c`."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.decisions = Decisions()
        self.model = SQS(self.decisions, now=self.clock.now)
        self.url = self.model.create_queue(QueueName="letters")["QueueUrl"]
        self.names = {self.send(body): body for body in "abc"}

    def send(self, body: str) -> str:
        response = self.model.send_message(QueueUrl=self.url, MessageBody=body)
        return str(response["MessageId"])

    def receive(self) -> list[Any]:
        response = self.model.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        return list(response.get("Messages", []))

    def bodies(self) -> str:
        return "".join(message["Body"] for message in self.receive())

    def delete(self, message: Any) -> None:
        self.model.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])


@pytest.fixture
def letters() -> Letters:
    return Letters()


def test_a_short_poll_may_miss_messages_and_the_next_one_finds_them(letters: Letters) -> None:
    letters.decisions.hides = lambda message: letters.names[message] == "b"
    first = letters.bodies()
    letters.decisions.hides = lambda message: False

    assert (first, letters.bodies()) == ("ac", "b")


def test_messages_come_in_any_order(letters: Letters) -> None:
    letters.decisions.ordered = lambda ids: ids[::-1]

    assert letters.bodies() == "cba"


def test_a_message_may_come_twice_at_once(letters: Letters) -> None:
    letters.decisions.repeats = lambda message: letters.names[message] == "a"

    assert (letters.bodies(), letters.bodies()) == ("abc", "a")


def test_a_message_may_come_again_after_it_was_deleted(letters: Letters) -> None:
    letters.decisions.revives = lambda message: letters.names[message] == "a"
    for message in letters.receive():
        letters.delete(message)
    letters.clock.advance(30)

    assert letters.bodies() == "a"


def test_an_old_receipt_deletes_nothing_and_the_last_one_does(letters: Letters) -> None:
    [old, *_] = letters.receive()
    letters.clock.advance(30)
    [new, *_] = letters.receive()

    letters.delete(old)
    after_old = len(letters.model.messages(letters.url))
    letters.delete(new)
    letters.delete(new)

    assert (after_old, len(letters.model.messages(letters.url))) == (3, 2)


def test_a_receipt_that_is_none_is_refused(letters: Letters) -> None:
    found = code(letters.model, "delete_message", QueueUrl=letters.url, ReceiptHandle="nonsense")

    assert found == "ReceiptHandleIsInvalid"


def test_a_queue_may_have_a_visibility_timeout_and_a_retention_of_its_own() -> None:
    clock = ManualClock()
    model = SQS(now=clock.now)
    attributes = {"VisibilityTimeout": "5", "MessageRetentionPeriod": "60"}
    url = model.create_queue(QueueName="short", Attributes=attributes)["QueueUrl"]
    model.send_message(QueueUrl=url, MessageBody="a")

    counts = []
    for seconds in (0, 4, 1, 55):
        clock.advance(seconds)
        counts.append(len(model.receive_message(QueueUrl=url).get("Messages", [])))

    assert counts == [1, 0, 1, 0]
