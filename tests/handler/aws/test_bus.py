"""Sending events, entry by entry."""

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from handler.aws.bus import Bus
from tests.handler.stack import BUS, BusQueue, Stack, event_file, refusal


class StubbornClient:
    """Refuses the entries of some tasks, for a number of requests or for ever; takes the others."""

    def __init__(self, refused: dict[str, int]) -> None:
        self.refused = refused
        self.requests: list[list[str]] = []

    def put_events(self, *, Entries: list[dict[str, str]]) -> Any:  # noqa: N803  boto3's own word
        ids = [json.loads(entry["Detail"])["webinyTaskId"] for entry in Entries]
        self.requests.append(ids)
        results = [self._result(id) for id in ids]
        return {
            "FailedEntryCount": sum("ErrorCode" in result for result in results),
            "Entries": results,
        }

    def _result(self, id: str) -> dict[str, str]:
        if self.refused.get(id, 0) <= 0:
            return {"EventId": f"event of {id}"}
        self.refused[id] -= 1
        return {"ErrorCode": "InternalFailure", "ErrorMessage": "Try again."}


def bus(stack: Stack, client: object) -> Bus:
    return Bus(client, name=BUS, clock=stack.clock)  # type: ignore[arg-type]


def test_the_event_is_webinys(stack: Stack, bus_queue: BusQueue) -> None:
    record = stack.create(id="6957329503d1f0a7c8b9e214", definition_id="countUp")

    assert stack.system.bus.send([record]) == {}

    (event,) = bus_queue.take()
    expected = event_file("eventbridge_task")
    for key in ("detail-type", "source", "detail"):
        assert event[key] == expected[key]


def test_the_event_of_a_delayed_task_asks_for_what_is_left_of_its_delay(
    stack: Stack, bus_queue: BusQueue
) -> None:
    record = stack.create(delay=60)

    stack.system.bus.send([record])
    stack.clock.advance(20)
    stack.system.bus.send([record])
    stack.clock.advance(60)
    stack.system.bus.send([record])

    assert [event["detail"]["delay"] for event in bus_queue.take()] == [60, 40, 0]


def test_ten_events_go_in_one_request(stack: Stack, bus_queue: BusQueue) -> None:
    records = [stack.create() for _ in range(12)]

    stack.system.bus.send(records)

    assert [len(request["Entries"]) for _, request in stack.events.requests] == [10, 2]
    assert [event["detail"]["webinyTaskId"] for event in bus_queue.take()] == [
        record.id for record in records
    ]


def test_nothing_to_send_costs_no_request(stack: Stack) -> None:
    assert stack.system.bus.send([]) == {}
    assert stack.events.calls == []


def test_only_the_entries_that_failed_are_sent_again(stack: Stack) -> None:
    records = [stack.create(id=id) for id in ("a", "b", "c")]
    client = StubbornClient({"b": 2})

    assert bus(stack, client).send(records) == {}

    assert client.requests == [["a", "b", "c"], ["b"], ["b"]]


def test_an_entry_that_fails_five_times_is_told_with_its_reason(stack: Stack) -> None:
    records = [stack.create(id=id) for id in ("a", "b")]
    client = StubbornClient({"b": 100})

    assert bus(stack, client).send(records) == {"b": "InternalFailure: Try again."}

    assert client.requests == [["a", "b"], *[["b"]] * 4]


def test_tries_are_apart_and_end_within_seconds(stack: Stack) -> None:
    start = stack.clock.now()

    bus(stack, StubbornClient({"a": 100})).send([stack.create(id="a")])

    assert 0 < (stack.clock.now() - start).total_seconds() < 10


@pytest.mark.parametrize(
    "error",
    [refusal("ThrottlingException"), EndpointConnectionError(endpoint_url="https://events")],
    ids=str,
)
def test_a_request_that_fails_fails_every_entry_of_it(stack: Stack, error: Exception) -> None:
    records = [stack.create(id=id) for id in ("a", "b")]
    stack.events.fail(error, times=5)

    failures = stack.system.bus.send(records)

    assert set(failures) == {"a", "b"}
    assert str(error) in failures["a"]


def test_a_request_that_passes_at_last_is_no_failure(stack: Stack, bus_queue: BusQueue) -> None:
    stack.events.fail(refusal("ThrottlingException"), times=4)

    assert stack.system.bus.send([stack.create()]) == {}
    assert len(bus_queue.take()) == 1


def test_one_batch_that_fails_does_not_stop_the_next(stack: Stack, bus_queue: BusQueue) -> None:
    records = [stack.create() for _ in range(11)]
    stack.events.fail(refusal("ThrottlingException"), times=5)

    failures = stack.system.bus.send(records)

    assert set(failures) == {record.id for record in records[:10]}
    assert [event["detail"]["webinyTaskId"] for event in bus_queue.take()] == [records[10].id]
